"""Câu hỏi thường gặp: staff find, correct, add and take away what the bot answers.

A form that cannot be saved comes back as it was typed. What is saved is live in every process within about
a second (bot.librarian follows the content's revision). Everything works without a script.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlencode

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.access import EDITING, EVERY_ROLE, PageError, Route, Visit, not_found, see
from bot.staff.faq import form as forms
from bot.staff.faq import shown
from bot.staff.faq.form import Doubt, Typed
from bot.staff.faq.shelf import Filter, Shelf, Shelves, alike, fits, found, topic_of
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.words import moment, shortened
from bot.store import content as stored
from bot.store import editing
from bot.store.content import Status
from bot.store.editing import NEW, Kept, Stale
from knowledge.content import ANSWER_LIMIT, QUESTION_LIMIT, STEP_LIMIT, Certainty, Fact, Item, Kind

log = structlog.get_logger(__name__)

FAQ = "/staff/cau-hoi"
_NEW = "_moi"
"""Stands for the entry that is being written; no id may look like this."""
PER_PAGE = 25
_WORDS = 140
_PUBLISH, _DRAFT = "luu", "nhap"
STATUS_WORDS = {
    Status.PUBLISHED: ("đang dùng", "good"),
    Status.DRAFT: ("bản nháp", "warn"),
    Status.ARCHIVED: ("lưu trữ", "off"),
}
_FILTER_WORDS = {
    Filter.ALL: "Tất cả",
    Filter.PUBLISHED: "Đang dùng",
    Filter.DRAFT: "Bản nháp",
    Filter.ARCHIVED: "Lưu trữ",
    Filter.CONFLICT: "Xung đột",
}
_CERTAINTY = {
    Certainty.CERTAIN: ("chắc chắn", "good"),
    Certainty.SINGLE_SOURCE: ("một nguồn", "warn"),
    Certainty.UNVERIFIED: ("chưa xác minh", "bad"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """An entry in the list."""

    path: str
    question: str
    answer: str
    status: str
    tone: str
    topics: str
    changed: str
    is_live: bool
    is_conflict: bool


@dataclass(frozen=True, slots=True)
class FactShown:
    """A fact to be chosen, with where it stands and how sure it is."""

    id: str
    statement: str
    source: str
    certainty: str
    tone: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """What an entry's page is about to show."""

    kept: Kept | None
    typed: Typed
    version: str
    problems: Mapping[str, str] | None = None
    warnings: tuple[Doubt, ...] = ()
    newer: Kept | None = None
    """What a colleague saved meanwhile."""
    tried: shown.Tried | None = None
    told: str = ""
    """A sentence on top, where what is in the form is not what is stored."""
    status: int = 200


class Faq:
    """The list and an entry's page."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages
        self._shelves = Shelves(parts.database)

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        one = f"{FAQ}/{{entry}}"
        return (
            Route("GET", FAQ, EVERY_ROLE, self.overview),
            Route("GET", f"{FAQ}/{_NEW}", EDITING, self.begin),
            Route("POST", f"{FAQ}/{_NEW}", EDITING, self.write),
            Route("GET", one, EVERY_ROLE, self.show),
            Route("POST", one, EDITING, self.write),
            Route("GET", f"{one}/lich-su", EVERY_ROLE, self.history),
            Route("POST", f"{one}/hoi-thu", EVERY_ROLE, self.try_out),
            Route("POST", f"{one}/luu-tru", EDITING, self.archive),
            Route("POST", f"{one}/xung-dot", EDITING, self.decide),
        )

    # --- the list ----------------------------------------------------------------------------------

    async def overview(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/cau-hoi: `tim`, `loc`, `chu-de`, `trang` in the address."""
        query, shelf = visit.request.query, await self._shelves.now()
        words, topic = query.get("tim", "").strip()[:200], query.get("chu-de", "")
        chosen = _filter_of(query.get("loc", ""))
        listed = await found(shelf, self._parts.base(), words) if words else _in_order(shelf)
        listed = [one for one in listed if fits(one, chosen)]
        if topic:
            listed = [one for one in listed if topic in shelf.topics_of(one)]
        pages = max(1, -(-len(listed) // PER_PAGE))
        page = min(max(1, _number(query.get("trang", "1"))), pages)

        def address(**changed: str | int) -> str:
            wanted = {"tim": words, "loc": chosen.value, "chu_de": topic, **changed}
            kept = {k.replace("_", "-"): v for k, v in wanted.items() if v and v != Filter.ALL.value}
            return f"{FAQ}?{urlencode(kept)}" if kept else FAQ

        counts = shelf.counts()
        values = {
            "words": words,
            "topic": topic,
            "chosen": chosen.value,
            "topics": shelf.topics(),
            "tabs_shown": [
                (label, counts[one], address(loc=one.value), one is chosen)
                for one, label in _FILTER_WORDS.items()
                if one is not Filter.CONFLICT or counts[one] or chosen is one
            ],
            "rows": [self._row(one, shelf) for one in listed[(page - 1) * PER_PAGE : page * PER_PAGE]],
            "total": len(listed),
            "page": page,
            "pages": pages,
            "before": address(trang=page - 1) if page > 1 else "",
            "after": address(trang=page + 1) if page < pages else "",
            "may_edit": visit.session.officer.role in EDITING,
        }
        return self._pages.draw(Drawing("faq/list.html", values), visit.request, visit.session)

    def _row(self, kept: Kept, shelf: Shelf) -> Row:
        status, tone = STATUS_WORDS[kept.status]
        changed = ""
        if kept.changed_at is not None:
            changed = f"{kept.changed_by}, {self._moment(kept.changed_at)}"
        return Row(
            f"{FAQ}/{kept.id}",
            str(kept.body.get("question") or kept.id),
            shortened(" ".join(str(kept.body.get("answer", "")).split()), _WORDS),
            status,
            tone,
            " · ".join(shelf.topics_of(kept)[:3]),
            changed,
            kept.status is Status.PUBLISHED,
            kept.conflict is not None,
        )

    # --- one entry ---------------------------------------------------------------------------------

    async def begin(self, visit: Visit) -> web.StreamResponse:
        """GET …/_moi: an empty form; `cau-hoi` in the address fills in the question."""
        question = visit.request.query.get("cau-hoi", "")[:500]
        return await self._draw(visit, Draft(None, Typed(question=question), NEW))

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET …/{entry}: as stored; `ban-cu` (a line of the history) or `lay=moi` fills in another text."""
        kept = (await self._shelves.now()).entries.get(_entry_of(visit))
        if kept is None:
            raise not_found()
        draft = Draft(kept, forms.typed_of(kept.body), kept.version)
        return await self._draw(visit, await self._with_other_text(visit, draft, kept))

    async def write(self, visit: Visit) -> web.StreamResponse:
        """POST …/{entry}: save, or show the form again with preview and facts found."""
        shelf, form = await self._shelves.now(), visit.form
        entry_id = _entry_of(visit)
        kept = shelf.entries.get(entry_id)
        version = form.get("phien-ban", NEW)
        if entry_id != _NEW and kept is None:
            raise not_found()
        draft = Draft(kept, forms.typed_in(form), version)
        wanted = form.get("viec", "")
        if wanted not in (_PUBLISH, _DRAFT):
            return await self._draw(visit, draft)
        if (kept.version if kept else NEW) != version:
            return await self._draw(visit, _overtaken(draft, kept))
        item_id = entry_id if kept else forms.new_id(draft.typed.question, shelf)
        made, problems = forms.checked(item_id, draft.typed, kept.body if kept else {}, shelf.content)
        if made is None:
            return await self._draw(visit, replace(draft, problems=problems, status=422))
        warnings = await self._warnings(made, shelf, is_new=kept is None)
        if wanted == _PUBLISH and warnings and form.get("xac-nhan") != forms.token_of(warnings):
            return await self._draw(visit, replace(draft, warnings=tuple(warnings), status=422))
        status = Status.PUBLISHED if wanted == _PUBLISH else Status.DRAFT
        confirmed = warnings if status is Status.PUBLISHED else []
        why = forms.why_of(draft.typed.note, confirmed, "Thêm câu mới" if kept is None else "Sửa nội dung")
        try:
            await self._save(visit, made, version, why, status, shelf)
        except Stale as stale:
            return await self._draw(visit, _overtaken(draft, stale.now))
        return see(f"{FAQ}/{made.id}", "da-luu" if status is Status.PUBLISHED else "da-nhap")

    async def try_out(self, visit: Visit) -> web.StreamResponse:
        """POST …/hoi-thu: ask the bot; what an editor has typed in the form stays there."""
        shelf, entry_id = await self._shelves.now(), _entry_of(visit)
        kept = shelf.entries.get(entry_id)
        may_edit = visit.session.officer.role in EDITING
        if kept is None and not (may_edit and entry_id == _NEW):
            raise not_found()
        typed = forms.typed_in(visit.form)
        version = visit.form.get("phien-ban", NEW)
        if kept is not None and not (may_edit and "phien-ban" in visit.form):
            typed, version = replace(forms.typed_of(kept.body), tried=typed.tried), kept.version
        tried = None
        if typed.tried.strip():
            tried = await shown.try_out(self._parts.assistant, typed.tried, shelf, self._parts.clock())
        return await self._draw(visit, Draft(kept, typed, version, tried=tried))

    async def archive(self, visit: Visit) -> web.StreamResponse:
        """POST …/luu-tru: citizens do not get it any more; it can be brought back."""
        entry_id, at, by = _entry_of(visit), self._parts.clock(), visit.session.officer.name
        why = forms.why_of(visit.form.get("ghi-chu", ""), (), "Đưa vào lưu trữ")
        version = visit.form.get("phien-ban", NEW)
        try:
            await self._parts.database.write(
                lambda c: editing.archive(c, Kind.ENTRY, entry_id, version, by=by, why=why, at=at)
            )
        except Stale as stale:
            raise _changed_meanwhile(stale) from stale
        log.info("staff_archived_entry", staff_id=visit.session.officer.id)
        return see(f"{FAQ}/{entry_id}", "da-luu-tru")

    async def decide(self, visit: Visit) -> web.StreamResponse:
        """POST …/xung-dot: staff's version stays, or the program's goes live."""
        entry_id, at, by = _entry_of(visit), self._parts.clock(), visit.session.officer.name
        take: Literal["staff", "shipped"] = "shipped" if visit.form.get("lay") == "moi" else "staff"
        version = visit.form.get("phien-ban", NEW)
        try:
            await self._parts.database.write(
                lambda c: editing.decide(c, Kind.ENTRY, entry_id, version, take, by=by, at=at)
            )
        except Stale as stale:
            raise _changed_meanwhile(stale) from stale
        log.info("staff_decided_conflict", staff_id=visit.session.officer.id, take=take)
        return see(f"{FAQ}/{entry_id}", "da-chon")

    async def history(self, visit: Visit) -> web.StreamResponse:
        """GET …/lich-su: who, when, why, and what changed."""
        entry_id = _entry_of(visit)
        kept = (await self._shelves.now()).entries.get(entry_id)
        if kept is None:
            raise not_found()
        async with self._parts.database.read() as connection:
            lines = await editing.history(connection, Kind.ENTRY, entry_id)
        values = {
            "path": f"{FAQ}/{entry_id}",
            "question": str(kept.body.get("question") or entry_id),
            "may_edit": visit.session.officer.role in EDITING,
            "lines": [
                {
                    "id": line.id,
                    "by": line.change.by or "Chương trình",
                    "at": self._moment(line.change.at),
                    "why": line.change.why,
                    "differences": shown.differences(line.change.before or {}, line.change.after or {}),
                    "kind": _what_happened(line.change),
                    "can_return": line.change.before is not None,
                }
                for line in lines
            ],
        }
        return self._pages.draw(Drawing("faq/history.html", values), visit.request, visit.session)

    # --- how it is done ----------------------------------------------------------------------------

    async def _save(
        self, visit: Visit, made: Item, version: str, why: str, status: Status, shelf: Shelf
    ) -> None:
        at, by = self._parts.clock(), visit.session.officer.name
        drafts = [name for name in made.body["facts"] if name in shelf.drafts_of_facts]

        async def job(connection: AsyncConnection) -> None:
            await editing.put(connection, made, version, by=by, why=why, at=at, status=status)
            for name in drafts if status is Status.PUBLISHED else ():
                # What came with a draft (a row of a table that was taken in) becomes live with it.
                fact = shelf.items[Kind.FACT, name]
                await stored.save(connection, fact, by=by, why=why, at=at)

        await self._parts.database.write(job)
        log.info("staff_saved_entry", staff_id=visit.session.officer.id, status=status.value)

    async def _warnings(self, made: Item, shelf: Shelf, *, is_new: bool) -> list[Doubt]:
        base = self._parts.base()
        likely = await alike(shelf, base, made.body["question"], made.id) if is_new else []
        return forms.warnings(made, shelf, likely)

    async def _with_other_text(self, visit: Visit, draft: Draft, kept: Kept) -> Draft:
        query = visit.request.query
        if query.get("lay") == "moi" and kept.conflict is not None:
            told = "Ô dưới đây đang là bản mới của chương trình. Bạn sửa thêm cho vừa ý rồi lưu."
            typed = forms.typed_of(kept.conflict, "Gộp với bản mới của chương trình")
            return replace(draft, typed=typed, told=told)
        wanted = _number(query.get("ban-cu", ""))
        if not wanted:
            return draft
        async with self._parts.database.read() as connection:
            lines = await editing.history(connection, Kind.ENTRY, kept.id)
        line = next((one for one in lines if one.id == wanted), None)
        if line is None or line.change.before is None:
            return draft
        when = self._moment(line.change.at)
        told = f"Ô dưới đây là bản trước lần đổi lúc {when}, chưa lưu. Bấm lưu thì bản này được dùng lại."
        note = f"Quay lại bản trước lần đổi lúc {when}"
        return replace(draft, typed=forms.typed_of(line.change.before, note), told=told)

    async def _draw(self, visit: Visit, draft: Draft) -> web.StreamResponse:
        shelf = await self._shelves.now()
        kept, typed, role = draft.kept, draft.typed, visit.session.officer.role
        entry_id = kept.id if kept else _NEW
        made, _ = forms.checked(kept.id if kept else "moi", typed, kept.body if kept else {}, shelf.content)
        seen = frozenset(typed.facts)
        values: dict[str, Any] = {
            "path": f"{FAQ}/{entry_id}",
            "is_new": kept is None,
            "may_edit": role in EDITING,
            "title": str(kept.body.get("question") or kept.id) if kept else "Thêm câu hỏi",
            "status": STATUS_WORDS[kept.status] if kept else ("chưa lưu", "plain"),
            "is_live": kept is not None and kept.status is Status.PUBLISHED,
            "is_archived": kept is not None and kept.status is Status.ARCHIVED,
            "changed": self._changed(kept),
            "topics": shelf.topics_of(kept) if kept else (),
            "typed": typed,
            "version": draft.version,
            "problems": draft.problems or {},
            "field_names": shown.FIELDS,
            "warnings": draft.warnings,
            "warnings_token": forms.token_of(draft.warnings) if draft.warnings else "",
            "told": draft.told,
            "newer": self._newer(draft, shelf),
            "conflict": self._conflict(kept, draft),
            "facts": [_fact_shown(shelf.content.facts.get(name), name) for name in typed.facts],
            "seeking": [
                _fact_shown(fact, fact.id, is_chosen=False)
                for fact in shelf.facts_like(typed.seek[:200])
                if fact.id not in seen
            ],
            "previews": shown.previews(made, shelf, self._parts.channels) if made else [],
            "tried": draft.tried,
            "limits": {"question": QUESTION_LIMIT, "answer": ANSWER_LIMIT, "step": STEP_LIMIT},
            "faq": FAQ,
        }
        return self._pages.draw(Drawing("faq/entry.html", values, draft.status), visit.request, visit.session)

    def _newer(self, draft: Draft, shelf: Shelf) -> dict[str, Any] | None:
        if draft.newer is None:
            return None
        mine = forms.body_of(draft.typed, draft.newer.body)
        return {
            "by": draft.newer.changed_by or "Chương trình",
            "at": self._moment(draft.newer.changed_at) if draft.newer.changed_at else "",
            "status": STATUS_WORDS[draft.newer.status],
            "differences": shown.differences(draft.newer.body, {k: v for k, v in mine.items() if v}),
        }

    def _conflict(self, kept: Kept | None, draft: Draft) -> dict[str, Any] | None:
        if kept is None or kept.conflict is None:
            return None
        return {
            "differences": shown.differences(kept.body, kept.conflict),
            "since": shown.differences(kept.shipped or {}, kept.conflict) if kept.shipped else [],
            "is_taken_away": kept.status is not Status.PUBLISHED,
            "version": kept.version,
        }

    def _changed(self, kept: Kept | None) -> str:
        if kept is None:
            return ""
        if kept.changed_at is None:
            return "Nội dung đi kèm chương trình, chưa ai sửa."
        return f"{kept.changed_by} sửa lần cuối lúc {self._moment(kept.changed_at)}."

    def _moment(self, at: Any) -> str:
        return moment(at, self._parts.clock(), self._parts.zone)


def _overtaken(draft: Draft, now: Kept | None) -> Draft:
    """The form as typed beside what a colleague saved meanwhile; saving it again is then a decision."""
    if now is None:
        raise PageError(
            409, "Câu này không còn nữa", "Có người vừa xóa câu này. Bạn mở lại danh sách giúp nhé."
        )
    return replace(draft, kept=now, newer=now, version=now.version, status=409)


def _changed_meanwhile(stale: Stale) -> PageError:
    if stale.now is None:
        return not_found()
    who = stale.now.changed_by or "Bản mới của chương trình"
    return PageError(
        409,
        "Câu này vừa được đổi",
        f"{who} vừa lưu một bản khác. Bạn mở lại câu này để xem rồi làm tiếp nhé.",
    )


def _fact_shown(fact: Fact | None, fact_id: str, *, is_chosen: bool = True) -> FactShown:
    if fact is None:
        return FactShown(fact_id, "Căn cứ này không còn nữa.", fact_id, "đã mất", "bad", is_chosen)
    words, tone = _CERTAINTY[fact.certainty]
    place = ", ".join(filter(None, (fact.citation.title, fact.citation.locator)))
    return FactShown(fact.id, fact.statement, place or topic_of(fact), words, tone, is_chosen)


def _what_happened(change: stored.Change) -> str:
    if change.after is None:
        return "Ngừng dùng hoặc lưu nháp"
    return "Đưa vào dùng" if change.before is None else "Sửa"


def _in_order(shelf: Shelf) -> list[Kept]:
    """What staff touched last comes first, then the rest in the order of ids."""
    touched = [one for one in shelf.entries.values() if one.changed_at is not None]
    touched.sort(key=lambda one: one.changed_at.timestamp() if one.changed_at else 0, reverse=True)
    return [*touched, *(one for one in shelf.entries.values() if one.changed_at is None)]


def _filter_of(given: str) -> Filter:
    return next((one for one in Filter if one.value == given), Filter.ALL)


def _number(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _entry_of(visit: Visit) -> str:
    return visit.request.match_info.get("entry", _NEW)
