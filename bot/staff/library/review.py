"""Cần xem lại: one damaged passage at a time beside the picture of its page, then the next.

A passage a colleague decided about meanwhile is shown as it is now, with what was typed beside it. Nothing is
final: what was hidden can be shown again, and what was read first is kept.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.access import EDITING, EVERY_ROLE, Route, Visit, not_found, see
from bot.staff.differences import difference
from bot.staff.library import shown
from bot.staff.library.addresses import (
    LIBRARY,
    PASSAGES,
    REVIEW,
    id_of,
    passage_path,
    source_path,
)
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.typed import number_in
from bot.staff.words import moment
from bot.store import audit, documents, library
from bot.store.audit import Action
from bot.store.documents import Decision, Stale
from bot.store.library import Reviewed, Source, State, Status
from connectors.message import clean_text

log = structlog.get_logger(__name__)

MOST_CHARACTERS = 8000
_DECISIONS = {
    "goi-y": Decision.SUGGESTION,
    "luu": Decision.EDIT,
    "giu": Decision.KEEP,
    "an": Decision.HIDE,
    "hien": Decision.SHOW,
    "xem-lai": Decision.REOPEN,
}
_NOTICES = {
    Decision.SUGGESTION: "doan-da-luu",
    Decision.EDIT: "doan-da-luu",
    Decision.KEEP: "doan-giu",
    Decision.HIDE: "doan-an",
    Decision.SHOW: "doan-hien",
    Decision.REOPEN: "doan-xem-lai",
}
_GOES_ON = {Decision.SUGGESTION, Decision.EDIT, Decision.KEEP, Decision.HIDE}
"""After these the next passage comes; after the others one stays and sees what came of it."""


class Review:
    """One passage, and the way from one to the next."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        return (
            Route("GET", REVIEW, EVERY_ROLE, self.go_on),
            Route("GET", f"{PASSAGES}/{{id}}", EVERY_ROLE, self.show),
            Route("POST", f"{PASSAGES}/{{id}}", EDITING, self.decide),
        )

    async def go_on(self, visit: Visit) -> web.StreamResponse:
        """GET …/xem-lai: to the next passage; `nguon` one document only, `sau` behind this passage."""
        query = visit.request.query
        source_id, after = number_in(query.get("nguon", "")), number_in(query.get("sau", ""))
        async with self._parts.database.read() as connection:
            found = await documents.next_to_review(connection, source_id or None, after)
        if found is None:
            values = {"path": source_path(source_id) if source_id else LIBRARY, "library": LIBRARY}
            return self._pages.draw(Drawing("library/reviewed.html", values), visit.request, visit.session)
        kept = {name: query[name] for name in ("nguon", "truoc", "bao") if query.get(name)}
        return see(passage_path(found) + (f"?{urlencode(kept)}" if kept else ""))

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET …/doan/{id}: `tu=goi-y` puts the suggestion into the field."""
        passage, source = await self._found(visit)
        is_from_suggestion = visit.request.query.get("tu") == "goi-y" and bool(passage.suggestion)
        typed = passage.suggestion if is_from_suggestion else passage.text
        return await self._draw(visit, passage, source, typed)

    async def decide(self, visit: Visit) -> web.StreamResponse:
        """POST …/doan/{id}: what a person makes of the passage (`viec`)."""
        passage, source = await self._found(visit)
        decision = _DECISIONS.get(visit.form.get("viec", ""))
        typed = clean_text(visit.form.get("chu", "").replace("\r\n", "\n"))
        problem = _problem(decision, typed)
        if decision is None or problem:
            return await self._draw(visit, passage, source, typed, problem=problem, status=422)
        mark, at, by = visit.form.get("phien-ban", ""), self._parts.clock(), visit.session.officer

        async def job(connection: AsyncConnection) -> None:
            await documents.decide(connection, passage.id, mark, decision, text=typed, by=by.name, at=at)
            detail = {"did": decision.value, "source": source.id}
            await audit.note(connection, by, Action.PASSAGE_DECIDED, f"passage:{passage.id}", at, detail)

        try:
            await self._parts.database.write(job)
        except Stale:
            passage, source = await self._found(visit)
            return await self._draw(visit, passage, source, typed, is_overtaken=True, status=409)
        log.info("staff_decided_passage", staff_id=by.id, passage=passage.id, decision=decision.value)
        if decision not in _GOES_ON or "mot" in visit.form:
            return see(passage_path(passage.id), _NOTICES[decision])
        onwards = {"sau": passage.id, "truoc": passage.id, "bao": _NOTICES[decision]}
        if only := number_in(visit.form.get("nguon", "")):
            onwards["nguon"] = only
        return see(f"{REVIEW}?{urlencode(onwards)}")

    # --- how it is done ----------------------------------------------------------------------------

    async def _found(self, visit: Visit) -> tuple[Reviewed, Source]:
        async with self._parts.database.read() as connection:
            passage = await library.passage(connection, id_of(visit.request))
            source = await library.source(connection, passage.source_id) if passage else None
        if passage is None or source is None or source.status is Status.LOADING:
            raise not_found()
        return passage, source

    async def _draw(
        self,
        visit: Visit,
        passage: Reviewed,
        source: Source,
        typed: str,
        *,
        problem: str = "",
        is_overtaken: bool = False,
        status: int = 200,
    ) -> web.StreamResponse:
        only = number_in(visit.form.get("nguon", "") or visit.request.query.get("nguon", ""))
        async with self._parts.database.read() as connection:
            left = await library.count_to_review(connection, only or None)
        former = number_in(visit.request.query.get("truoc", ""))
        suggestion = passage.suggestion if passage.suggestion != passage.text else ""
        values: dict[str, Any] = {
            "path": passage_path(passage.id),
            "passage": passage,
            "place": shown.as_heading(shown.place_words(passage) or "đầu văn bản"),
            "source": source,
            "source_path": source_path(source.id),
            "picture": shown.picture_path(source, passage.page),
            "state": shown.STATE_WORDS[passage.state],
            "is_waiting": passage.state is State.REVIEW and source.status is Status.ACTIVE,
            "is_hidden": passage.state is State.HIDDEN,
            "can_reopen": passage.state is State.ACCEPTED,
            "is_old": source.status is Status.REPLACED,
            "may_edit": visit.session.officer.role in EDITING and source.status is not Status.REPLACED,
            "mark": documents.mark_of_passage(passage),
            "typed": typed,
            "problem": problem,
            "suggestion": suggestion,
            "suggestion_is_clean": bool(suggestion) and shown.reads_well(suggestion),
            "suggested": difference("Chỗ bản gợi ý khác", passage.text, suggestion, is_whole=True),
            "overtaken": difference("Bản đang có, so với bản của bạn", passage.text, typed, is_whole=True)
            if is_overtaken
            else None,
            "original": passage.original or "",
            "changed": f"{passage.changed_by}, {self._moment(passage.changed_at)}"
            if passage.changed_at
            else "",
            "left": left,
            "only": only,
            "former": passage_path(former) if former and former != passage.id else "",
            "skip": f"{REVIEW}?{urlencode({'sau': passage.id, **({'nguon': only} if only else {})})}",
            "most": MOST_CHARACTERS,
            "library": LIBRARY,
        }
        drawing = Drawing("library/passage.html", values, status)
        return self._pages.draw(drawing, visit.request, visit.session)

    def _moment(self, at: Any) -> str:
        return moment(at, self._parts.clock(), self._parts.zone)


def _problem(decision: Decision | None, typed: str) -> str:
    if decision is None:
        return "Bạn chọn một trong các nút bên dưới nhé."
    if decision is not Decision.EDIT:
        return ""
    if not typed:
        return "Đoạn văn cần có chữ. Muốn bỏ hẳn thì bấm Ẩn đoạn này."
    return f"Dài quá {MOST_CHARACTERS} ký tự." if len(typed) > MOST_CHARACTERS else ""
