"""Báo cáo: the list of reports, one report with its notes, its files to hand in.

Figures are for every role, citizens' own questions only for those who may read them; writing and making final
is for those who edit. A draft whose period has ended meanwhile is counted once more when it is opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.outreach.report_counting import Bureau
from bot.outreach.report_drafts import ReportDesk, subject_of
from bot.outreach.report_periods import period_of
from bot.outreach.reports import Report, report_from, without_questions
from bot.report_drawing import CLOSING, FORMS, MEDIA_TYPES, Letterhead, drawn
from bot.staff.access import EDITING, EVERY_ROLE, READING_QUESTIONS, Route, Visit, not_found, see
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.reports import shown
from bot.staff.words import at_start, moment
from bot.store import audit, reports
from bot.store.audit import Action
from bot.store.reports import LETTERHEAD, Kept, Overtaken, State
from connectors.message import clean_text

log = structlog.get_logger(__name__)

REPORTS = "/staff/bao-cao"
LISTED = 200
NOTE_LIMIT = 4000
LINE_LIMIT = 120
_Change = Callable[[AsyncConnection, str, int], Awaitable[None]]
_LABELS = {"docx": "Word", "pdf": "PDF", "xlsx": "Excel"}
_OVERTAKEN = "Có người vừa sửa báo cáo này. Chữ của bạn còn nguyên ở dưới; bạn xem bản mới rồi lưu lại nhé."
_FINAL = "Báo cáo này đã chốt. Muốn sửa, bạn bấm Mở lại báo cáo ở cuối trang."


class Reports:
    """The list, one report, its forms and files."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages
        bureau = Bureau(parts.database, parts.zone, parts.criteria.sets, parts.base)
        self._desk = ReportDesk(bureau, parts.clock)
        self._drawing = asyncio.Lock()

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        one = f"{REPORTS}/{{period}}"
        return (
            Route("GET", REPORTS, EVERY_ROLE, self.overview),
            Route("POST", REPORTS, EDITING, self.prepare),
            Route("GET", one, EVERY_ROLE, self.show),
            Route("GET", f"{one}/tai/{{form}}", EVERY_ROLE, self.export),
            Route("POST", f"{one}/ghi-chu", EDITING, self.write),
            Route("POST", f"{one}/dau-trang", EDITING, self.head),
            Route("POST", f"{one}/dem-lai", EDITING, self.renew),
            Route("POST", f"{one}/chot", EDITING, self.make_final),
            Route("POST", f"{one}/mo-lai", EDITING, self.reopen),
        )

    # --- looking -----------------------------------------------------------------------------------

    async def overview(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/bao-cao"""
        return await self._list(visit)

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET …/{period}"""
        return await self._draw(visit, await self._asked_for(visit))

    async def export(self, visit: Visit) -> web.StreamResponse:
        """GET …/{period}/tai/{form}: the file, noted before it leaves."""
        kept, form = await self._asked_for(visit), visit.request.match_info["form"]
        if form not in FORMS:
            raise not_found()
        report, head = self._seen_by(visit, kept), self._letterhead(kept)
        async with self._drawing:  # the fonts of one drawing are not for two threads at once
            written = await asyncio.to_thread(drawn, form, report, kept.notes, head)
        by, now = visit.session.officer, self._parts.clock()
        subject, detail = subject_of(kept.period), {"form": form, "status": kept.state.value}
        await self._parts.database.write(
            lambda c: audit.note(c, by, Action.REPORT_EXPORTED, subject, now, detail)
        )
        log.info("staff_exported_report", staff_id=by.id, period=kept.period, form=form)
        name = f"bao-cao-{kept.period}.{form}"
        return web.Response(
            body=written,
            content_type=MEDIA_TYPES[form],
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    # --- changing ----------------------------------------------------------------------------------

    async def prepare(self, visit: Visit) -> web.StreamResponse:
        """POST /staff/bao-cao: a draft of `ky`; where there is one already, it is shown."""
        key = visit.form.get("ky", "")
        if key not in {one for one, _ in shown.offered(self._parts.clock(), self._parts.zone, set())}:
            return await self._list(visit, "Bạn chọn một kỳ trong danh sách giúp nhé.", 422)
        await self._desk.prepare(period_of(key), visit.session.officer)
        return see(f"{REPORTS}/{key}")

    async def write(self, visit: Visit) -> web.StreamResponse:
        """POST …/ghi-chu: what staff write into one section."""
        kept = await self._asked_for(visit)
        section, typed = visit.form.get("phan", ""), visit.form.get("noi-dung", "").replace("\r\n", "\n")
        known = {one.id for one in report_from(kept.figures).sections} | {CLOSING}
        if section not in known:
            raise not_found()
        if len(typed) > NOTE_LIMIT:
            problem = f"Dài quá {NOTE_LIMIT} ký tự. Bạn rút gọn giúp nhé."
            return await self._draw(visit, kept, typed={section: typed}, warning=problem, status=422)
        return await self._save(visit, kept, {section: clean_text(typed).strip()}, "noted", f"phan-{section}")

    async def head(self, visit: Visit) -> web.StreamResponse:
        """POST …/dau-trang: what stands in the heading of the files."""
        kept = await self._asked_for(visit)
        typed = {
            name: " ".join(clean_text(visit.form.get(name, "")).split())[:LINE_LIMIT] for name in LETTERHEAD
        }
        return await self._save(visit, kept, typed, "headed", "dau-trang")

    async def renew(self, visit: Visit) -> web.StreamResponse:
        """POST …/dem-lai: a draft's figures as of now."""
        kept = await self._asked_for(visit)
        if kept.state is State.FINAL:
            return await self._draw(visit, kept, warning=_FINAL, status=409)
        await self._desk.renew(kept, visit.session.officer)
        return see(f"{REPORTS}/{kept.period}", "da-dem-lai")

    async def make_final(self, visit: Visit) -> web.StreamResponse:
        """POST …/chot: the figures stay as they are from now on."""
        kept = await self._asked_for(visit)
        if visit.form.get("chac") != "1":
            problem = "Bạn đánh dấu vào ô xác nhận rồi bấm Chốt báo cáo nhé."
            return await self._draw(visit, kept, warning=problem, status=422)
        return await self._turn(visit, kept, reports.make_final, "final", "da-chot")

    async def reopen(self, visit: Visit) -> web.StreamResponse:
        """POST …/mo-lai: a final report is a draft again. One made final before its period was over is
        counted once more when it is next shown, as every draft is."""
        kept = await self._asked_for(visit)
        if visit.form.get("chac") != "1":
            problem = "Bạn đánh dấu vào ô xác nhận rồi bấm Mở lại báo cáo nhé."
            return await self._draw(visit, kept, warning=problem, status=422)
        return await self._turn(visit, kept, reports.reopen, "reopened", "da-mo-lai")

    # --- how it is done ----------------------------------------------------------------------------

    async def _turn(
        self, visit: Visit, kept: Kept, change: _Change, did: str, notice: str
    ) -> web.StreamResponse:
        """Final, or a draft again: with a line in the log, unless somebody was faster."""
        by, now = visit.session.officer, self._parts.clock()
        revision = _number(visit.form.get("phien-ban", ""))

        async def job(connection: AsyncConnection) -> None:
            await change(connection, kept.period, revision)
            await audit.note(
                connection, by, Action.REPORT_CHANGED, subject_of(kept.period), now, {"did": did}
            )

        try:
            await self._parts.database.write(job)
        except Overtaken:
            return await self._draw(visit, await self._asked_for(visit), warning=_OVERTAKEN, status=409)
        log.info("staff_turned_report", staff_id=by.id, period=kept.period, did=did)
        return see(f"{REPORTS}/{kept.period}", notice)

    async def _save(
        self, visit: Visit, kept: Kept, values: dict[str, str], did: str, place: str
    ) -> web.StreamResponse:
        by, now, revision = (
            visit.session.officer,
            self._parts.clock(),
            _number(visit.form.get("phien-ban", "")),
        )
        notes = {**kept.notes, **values}

        async def job(connection: AsyncConnection) -> None:
            await reports.write_notes(connection, kept.period, revision, notes)
            await audit.note(
                connection, by, Action.REPORT_CHANGED, subject_of(kept.period), now, {"did": did}
            )

        if kept.revision != revision or kept.state is State.FINAL:
            said = _FINAL if kept.state is State.FINAL else _OVERTAKEN
            return await self._draw(visit, kept, typed=values, warning=said, status=409)
        try:
            await self._parts.database.write(job)
        except Overtaken:
            latest = await self._asked_for(visit)
            return await self._draw(visit, latest, typed=values, warning=_OVERTAKEN, status=409)
        target = see(f"{REPORTS}/{kept.period}", "da-luu-bao-cao")
        target.headers["Location"] += f"#{place}"
        return target

    async def _asked_for(self, visit: Visit) -> Kept:
        try:
            key = period_of(visit.request.match_info["period"]).key
        except ValueError:
            raise not_found() from None
        kept = await self._desk.up_to_date(key)
        if kept is None:
            raise not_found()
        return kept

    def _seen_by(self, visit: Visit, kept: Kept) -> Report:
        report = report_from(kept.figures)
        return report if visit.session.officer.role in READING_QUESTIONS else without_questions(report)

    def _letterhead(self, kept: Kept) -> Letterhead:
        superior, place = (kept.notes.get(name, "") for name in LETTERHEAD)
        return Letterhead(self._parts.association_name, superior, place)

    async def _list(self, visit: Visit, warning: str = "", status: int = 200) -> web.StreamResponse:
        now, zone = self._parts.clock(), self._parts.zone
        async with self._parts.database.read() as connection:
            found = await reports.every(connection, LISTED)
        found.sort(key=lambda one: period_of(one.period).last, reverse=True)
        values: dict[str, Any] = {
            "path": REPORTS,
            "cards": [shown.card(one, f"{REPORTS}/{one.period}", zone) for one in found],
            "offered": shown.offered(now, zone, {one.period for one in found}),
            "may_edit": visit.session.officer.role in EDITING,
        }
        if warning:
            values["warning"] = warning
        return self._pages.draw(Drawing("reports/list.html", values, status), visit.request, visit.session)

    async def _draw(
        self,
        visit: Visit,
        kept: Kept,
        *,
        typed: dict[str, str] | None = None,
        warning: str = "",
        status: int = 200,
    ) -> web.StreamResponse:
        now, zone = self._parts.clock(), self._parts.zone
        report = self._seen_by(visit, kept)
        async with self._parts.database.read() as connection:
            lines = await audit.latest(connection, 30, subject=subject_of(kept.period))
        label, tone = shown.STATES[kept.state]
        values: dict[str, Any] = {
            "path": f"{REPORTS}/{kept.period}",
            "report": report,
            "title": f"Báo cáo {report.name}",
            "parts": shown.parts(report, {**kept.notes, **(typed or {})}),
            "head": {name: {**kept.notes, **(typed or {})}.get(name, "") for name in LETTERHEAD},
            "revision": kept.revision,
            "is_final": kept.state is State.FINAL,
            "label": label,
            "tone": tone,
            "counted_at": moment(kept.made_at, now, zone),
            "may_edit": visit.session.officer.role in EDITING,
            "forms": [(_LABELS[form], f"{REPORTS}/{kept.period}/tai/{form}") for form in _LABELS],
            "note_limit": NOTE_LIMIT,
            "history": [
                (at_start(line.who or "trợ lý"), _did(line), moment(line.at, now, zone)) for line in lines
            ],
        }
        if warning:
            values["warning"] = warning
        return self._pages.draw(Drawing("reports/one.html", values, status), visit.request, visit.session)


def _did(line: audit.Line) -> str:
    if line.action == Action.REPORT_EXPORTED.value:
        return f"tải bản {_LABELS.get(str(line.detail.get('form')), '')}".strip()
    return shown.DID.get(str(line.detail.get("did")), "sửa báo cáo")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
