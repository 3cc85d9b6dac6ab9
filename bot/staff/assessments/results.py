"""The results one by one, for those who answer citizens: list, one page each, files of evidence, a table.

Every look is in the audit log. A file leaves under a name of ours, to be saved and never opened by the
browser: what a citizen called it, and what is in it, is a stranger's.
"""

from __future__ import annotations

import asyncio
import re

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.assessment_report import OWN_ESTIMATE, as_rows
from bot.evidence import place_of
from bot.staff.access import ANSWERING, PageError, Route, Visit, not_found
from bot.staff.assessments import shown
from bot.staff.assessments.addresses import ASSESSMENTS, ONE, RESULTS, path_of
from bot.staff.assessments.choice import Choice, address, chosen
from bot.staff.assessments.handing_out import handed_out
from bot.staff.inbox import path_of as conversation_path
from bot.staff.pages import Drawing, Pages
from bot.staff.paging import leaf
from bot.staff.parts import StaffParts
from bot.staff.typed import number_in
from bot.store import assessments, audit, evidence
from bot.store.assessments import Assessment, Standing, Wanted
from bot.store.audit import Action
from bot.store.staff import Officer

log = structlog.get_logger(__name__)

PER_PAGE = 25
_LIST = "assessments"
"""The list as a subject of the audit log."""
_FILTERS = {
    "": ("Đã xong", Standing.FINISHED),
    "dat": ("Tự chấm đạt", Standing.PASSED),
    "chua-dat": ("Tự chấm chưa đạt", Standing.NOT_PASSED),
    "dang-do": ("Đang dở", Standing.UNFINISHED),
    "thieu-tep": ("Thiếu tệp minh chứng", Standing.WITHOUT_FILE),
}
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,19}")


class Results:
    """The list, the page of one, and what can be taken along."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        one = f"{ONE}/{{code}}"
        return (
            Route("GET", RESULTS, ANSWERING, self.overview),
            Route("GET", f"{RESULTS}/tai/{{form}}", ANSWERING, self.export),
            Route("GET", one, ANSWERING, self.show),
            Route("GET", f"{one}/tep/{{id}}", ANSWERING, self.file),
        )

    async def overview(self, visit: Visit) -> web.StreamResponse:
        """GET …/danh-sach: `loc`, `nhom`, `ky` or `tu` and `den`, `trang`; `ma` opens that result."""
        query = visit.request.query
        code = query.get("ma", "").strip().upper()[:40]
        if code and await self._exists(code):
            return web.Response(status=303, headers={"Location": path_of(code)})
        choice, filter_, group = self._choice(visit), _filter_in(visit), self._group_in(visit)
        await self._note_view(visit.session.officer, _LIST)
        async with self._parts.database.read() as connection:
            counts = {
                key: await assessments.count_of(connection, self._wanted(choice, key, group))
                for key in _FILTERS
            }
            page = leaf(number_in(query.get("trang", "")), counts[filter_], PER_PAGE)
            found = await assessments.page_of(
                connection, self._wanted(choice, filter_, group), PER_PAGE, page.skip
            )
        kept = {"loc": filter_, "nhom": group, **choice.query}
        values = {
            "lines": [shown.line(one, self._parts.criteria, self._parts.zone) for one in found],
            "choice": choice,
            "periods": choice.tabs(RESULTS, loc=filter_, nhom=group),
            "filters": [
                (label, counts[key], address(RESULTS, **{**kept, "loc": key}), key == filter_)
                for key, (label, _) in _FILTERS.items()
            ],
            "filter_key": filter_,
            "groups": self._groups(),
            "group": group,
            "code": code,
            **page.values(lambda number: address(RESULTS, **kept, trang=str(number))),
            "exports": [
                (label, address(f"{RESULTS}/tai/{form}", **kept))
                for form, label in (("xlsx", "Excel"), ("csv", "CSV"))
            ],
            "numbers_path": address(ASSESSMENTS, **choice.query),
            "own_estimate": OWN_ESTIMATE,
        }
        return self._pages.draw(Drawing("assessments/list.html", values), visit.request, visit.session)

    async def export(self, visit: Visit) -> web.StreamResponse:
        """GET …/danh-sach/tai/{form}: code, month, commune, group and points of what the list shows."""
        choice, filter_, group = self._choice(visit), _filter_in(visit), self._group_in(visit)
        book = {one.id: one for one in self._parts.criteria.sets}
        async with self._parts.database.read() as connection:
            found = assessments.all_of(connection, self._wanted(choice, filter_, group))
            figures = await as_rows(found, choice.period, book)
        return await handed_out(
            self._parts, visit, figures, "ket-qua-tu-danh-gia", choice.period, len(figures.tables[0].rows)
        )

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET …/bai/{code}"""
        one = await self._loaded(visit)
        await self._note_view(visit.session.officer, f"assessment:{one.code}")
        async with self._parts.database.read() as connection:
            given = await evidence.of_assessment(connection, one.code)
        values = {
            "sheet": shown.sheet(one, given, self._parts.criteria, self._parts.zone),
            "conversation": conversation_path(one.conversation),
            "list_path": RESULTS,
            "own_estimate": OWN_ESTIMATE,
        }
        return self._pages.draw(Drawing("assessments/one.html", values), visit.request, visit.session)

    async def file(self, visit: Visit) -> web.StreamResponse:
        """GET …/tep/{id}: a file of evidence of this assessment and no other."""
        one = await self._loaded(visit)
        id_ = number_in(visit.request.match_info["id"])
        async with self._parts.database.read() as connection:
            given = await evidence.of_assessment(connection, one.code)
        piece = next((piece for piece in given if piece.id == id_ and piece.path), None)
        if piece is None or self._parts.data_dir is None:
            raise not_found()
        place = await asyncio.to_thread(place_of, self._parts.data_dir, piece.path)
        if place is None:
            raise PageError(404, "Không thấy tệp này", "Tệp không có trên máy chủ này, hoặc đã được xóa.")
        by, now = visit.session.officer, self._parts.clock()
        subject, detail = f"assessment:{one.code}", {"file": piece.id}
        await self._parts.database.write(
            lambda c: audit.note(c, by, Action.ASSESSMENTS_VIEWED, subject, now, detail)
        )
        headers = {
            "Content-Type": piece.media_type or "application/octet-stream",
            "Content-Disposition": f'attachment; filename="minh-chung-{one.code}-{place.name}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return web.FileResponse(place, headers=headers)

    # --- inside ------------------------------------------------------------------------------------

    async def _loaded(self, visit: Visit) -> Assessment:
        code = visit.request.match_info["code"]
        if not _CODE.fullmatch(code):
            raise not_found()
        async with self._parts.database.read() as connection:
            one = await assessments.load(connection, code)
        if one is None:
            raise not_found()
        return one

    async def _exists(self, code: str) -> bool:
        if not _CODE.fullmatch(code):
            return False
        async with self._parts.database.read() as connection:
            return await assessments.load(connection, code) is not None

    async def _note_view(self, by: Officer, subject: str) -> None:
        """Once an hour: a page that is loaded again is one look."""
        now = self._parts.clock()
        async with self._parts.database.read() as connection:
            if await audit.saw_lately(connection, by, Action.ASSESSMENTS_VIEWED, subject, now):
                return

        async def job(connection: AsyncConnection) -> None:
            await audit.note(connection, by, Action.ASSESSMENTS_VIEWED, subject, now)

        await self._parts.database.write(job)

    def _choice(self, visit: Visit) -> Choice:
        today = self._parts.clock().astimezone(self._parts.zone).date()
        return chosen(visit.request.query, today, self._parts.zone)

    def _groups(self) -> list[tuple[str, str]]:
        """Of all sets: results of earlier ones are listed too."""
        return list(
            {group.id: group.name for one in self._parts.criteria.sets for group in one.groups}.items()
        )

    def _group_in(self, visit: Visit) -> str:
        asked = visit.request.query.get("nhom", "")
        return asked if asked in dict(self._groups()) else ""

    @staticmethod
    def _wanted(choice: Choice, filter_: str, group: str) -> Wanted:
        return Wanted(_FILTERS[filter_][1], choice.period.since, choice.period.until, group)


def _filter_in(visit: Visit) -> str:
    asked = visit.request.query.get("loc", "")
    return asked if asked in _FILTERS else ""
