"""One document: what is said about it, its versions, its text, its original, and the switch.

Whoever saves a form that a colleague overtook is told and sees both; nothing typed is lost. Every change is
in the audit log with it, and so is whoever looked at the document.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.page_pictures import NoPicture, PagePictures, original_of
from bot.staff.access import EDITING, EVERY_ROLE, PageError, Route, Visit, not_found, see
from bot.staff.library import form as forms
from bot.staff.library import shown
from bot.staff.library.addresses import LIBRARY, id_of, passage_path, source_path
from bot.staff.library.form import Typed
from bot.staff.library.shipped import Register
from bot.staff.pages import Drawing, Pages
from bot.staff.paging import leaf
from bot.staff.parts import StaffParts
from bot.staff.typed import number_in
from bot.staff.words import moment
from bot.store import audit, documents, library
from bot.store.audit import Action
from bot.store.documents import NumberTaken, Stale
from bot.store.library import Reviewed, Source, Status

log = structlog.get_logger(__name__)

PER_PAGE = 40


@dataclass(frozen=True, slots=True)
class Draft:
    """What a document's page is about to show."""

    source: Source
    typed: Typed
    problems: Mapping[str, str]
    overtaken: bool = False
    status: int = 200


class DocumentPages:
    """The page of a document that was taken in."""

    def __init__(self, parts: StaffParts, pages: Pages, register: Register) -> None:
        self._parts = parts
        self._pages = pages
        self._register = register
        self._pictures = PagePictures(parts.data_dir) if parts.data_dir is not None else None

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        one = f"{LIBRARY}/{{id}}"
        return (
            Route("GET", one, EVERY_ROLE, self.show),
            Route("POST", one, EDITING, self.write),
            Route("POST", f"{one}/tat", EDITING, self.switch_off),
            Route("POST", f"{one}/bat", EDITING, self.switch_on),
            Route("GET", f"{one}/goc", EVERY_ROLE, self.original),
            Route("GET", f"{one}/trang/{{page}}", EVERY_ROLE, self.picture),
        )

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET …/{id}: `trang` in the address turns the pages of its text."""
        source = await self._source(visit)
        await self._note_view(visit, source)
        return await self._draw(visit, Draft(source, forms.typed_of(documents.head_of(source)), {}))

    async def write(self, visit: Visit) -> web.StreamResponse:
        """POST …/{id}: save what is said about the document, or show the form again."""
        source = await self._source(visit)
        draft = Draft(source, forms.typed_in(visit.form), {}, status=422)
        known = {*await self._known(source), source.superseded_by or ""}
        today = self._parts.clock().astimezone(self._parts.zone).date()
        head, problems = forms.checked(draft.typed, known, today)
        if head is None:
            return await self._draw(visit, replace(draft, problems=problems))
        mark, at, by = visit.form.get("phien-ban", ""), self._parts.clock(), visit.session.officer
        before = documents.head_of(source)
        changed = [name for name in forms.FIELDS if getattr(before, name) != getattr(head, name)]

        async def job(connection: AsyncConnection) -> None:
            await documents.say(connection, source.id, mark, head)
            detail = {"fields": changed}
            await audit.note(connection, by, Action.DOCUMENT_CHANGED, f"source:{source.id}", at, detail)

        try:
            await self._parts.database.write(job)
        except Stale:
            newer = await self._source(visit)
            return await self._draw(visit, replace(draft, source=newer, overtaken=True, status=409))
        except NumberTaken as taken:
            return await self._draw(visit, replace(draft, problems={"number": _taken(taken)}))
        log.info("staff_changed_document", staff_id=by.id, source=source.id)
        return see(source_path(source.id), "da-luu")

    async def switch_off(self, visit: Visit) -> web.StreamResponse:
        """POST …/tat: the bot does not look in it any more."""
        return await self._switch(visit, on=False)

    async def switch_on(self, visit: Visit) -> web.StreamResponse:
        """POST …/bat: the bot looks in it again."""
        return await self._switch(visit, on=True)

    async def original(self, visit: Visit) -> web.StreamResponse:
        """GET …/goc: the file as it was sent in, to be saved and never opened by the browser."""
        source = await self._source(visit)
        place = None
        if self._parts.data_dir is not None:
            place = await asyncio.to_thread(original_of, self._parts.data_dir, source.sha256)
        if place is None:
            raise PageError(404, "Không thấy bản gốc", "Tệp gốc của văn bản này không có trên máy chủ.")
        by, at = visit.session.officer, self._parts.clock()
        await self._parts.database.write(
            lambda c: audit.note(
                c, by, Action.DOCUMENT_VIEWED, f"source:{source.id}", at, {"what": "original"}
            )
        )
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(source.name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return web.FileResponse(place, headers=headers)

    async def picture(self, visit: Visit) -> web.StreamResponse:
        """GET …/trang/{page}: a page of the original as a picture."""
        source = await self._source(visit)
        page = number_in(visit.request.match_info["page"])
        if self._pictures is None or not shown.can_be_seen(source, page):
            raise not_found()
        try:
            place = await self._pictures.picture(source.sha256, page)
        except NoPicture as reason:
            raise PageError(
                404, "Chưa có ảnh trang này", "Trang này không vẽ lại được từ tệp gốc."
            ) from reason
        await self._note_view(visit, source)
        headers = {"Content-Type": "image/webp", "Cache-Control": "private, max-age=3600"}
        return web.FileResponse(place, headers=headers)

    # --- how it is done ----------------------------------------------------------------------------

    async def _source(self, visit: Visit) -> Source:
        async with self._parts.database.read() as connection:
            found = await library.source(connection, id_of(visit.request))
        if found is None or found.status is Status.LOADING:
            raise not_found()
        return found

    async def _note_view(self, visit: Visit, source: Source) -> None:
        """Documents may name people: who looked is written down, once an hour."""
        by, now, subject = visit.session.officer, self._parts.clock(), f"source:{source.id}"
        async with self._parts.database.read() as connection:
            if await audit.saw_lately(connection, by, Action.DOCUMENT_VIEWED, subject, now):
                return
        await self._parts.database.write(
            lambda c: audit.note(c, by, Action.DOCUMENT_VIEWED, subject, now, {"what": "text"})
        )

    async def _switch(self, visit: Visit, *, on: bool) -> web.StreamResponse:
        source = await self._source(visit)
        at, by = self._parts.clock(), visit.session.officer

        async def job(connection: AsyncConnection) -> None:
            await documents.switch(connection, source.id, on=on)
            await audit.note(connection, by, Action.DOCUMENT_SWITCHED, f"source:{source.id}", at, {"on": on})

        try:
            await self._parts.database.write(job)
        except LookupError:
            return see(source_path(source.id), "da-doi-roi")
        except NumberTaken as taken:
            raise PageError(409, "Chưa bật được", _taken(taken)) from taken
        log.info("staff_switched_document", staff_id=by.id, source=source.id, on=on)
        return see(source_path(source.id), "da-bat" if on else "da-tat")

    async def _known(self, source: Source) -> dict[str, str]:
        """Numbers a document may have been replaced by, each with what to call it; its own is not one."""
        registered = (await self._register.now()).documents
        async with self._parts.database.read() as connection:
            taken_in = await documents.numbers(connection)
        known = {**taken_in, **{one.number: f"{one.type}: {one.title}" for one in registered.values()}}
        known.pop(source.number, None)
        return dict(sorted(known.items()))

    async def _draw(self, visit: Visit, draft: Draft) -> web.StreamResponse:
        source = draft.source
        may_edit = visit.session.officer.role in EDITING and source.status is not Status.REPLACED
        known = await self._known(source) if may_edit else {}
        async with self._parts.database.read() as connection:
            total = await library.count_passages(connection, source.id)
            page = leaf(number_in(visit.request.query.get("trang", "")), total, PER_PAGE)
            passages = await library.passages_of(connection, source.id, skip=page.skip, limit=PER_PAGE)
            to_review = await library.count_to_review(connection, source.id)
            versions = await library.history(connection, source.id)
            newer = await documents.newer(connection, source.id)
            changes = await audit.latest(
                connection,
                1,
                actions=frozenset({Action.DOCUMENT_CHANGED, Action.DOCUMENT_SWITCHED}),
                subject=f"source:{source.id}",
            )
        path = source_path(source.id)
        now = forms.typed_of(documents.head_of(source))
        values: dict[str, Any] = {
            "path": path,
            "source": source,
            "badges": shown.badges(source, to_review),
            "is_on": source.status is Status.ACTIVE,
            "is_old": source.status is Status.REPLACED,
            "may_edit": may_edit,
            "typed": draft.typed,
            "issued_words": shown.day_words(source.issued),
            "mark": documents.mark_of(source),
            "problems": draft.problems,
            "field_names": forms.FIELDS,
            "names": forms.NAMES,
            "limits": forms.LIMITS,
            "known": known,
            "overtaken": forms.differences(now, draft.typed) if draft.overtaken else None,
            "changed_by": changes[0].who if changes else "",
            "changed_at": self._moment(changes[0].at) if changes else "",
            "added_at": self._moment(source.added_at),
            "kind": shown.KINDS.get(source.media, source.media),
            "quality": shown.quality_words(source.quality),
            "report": shown.report_words(source.report, None) if source.report else None,
            "to_review": to_review,
            "versions": [(one, source_path(one.id), self._moment(one.added_at)) for one in versions[1:]],
            "newer": (newer.title, source_path(newer.id)) if newer else None,
            "passages": [self._passage(one, source) for one in passages],
            "total": total,
            **page.values(lambda number: f"{path}?trang={number}#doan"),
            "library": LIBRARY,
        }
        drawing = Drawing("library/document.html", values, draft.status)
        return self._pages.draw(drawing, visit.request, visit.session)

    def _passage(self, one: Reviewed, source: Source) -> dict[str, Any]:
        return {
            "id": one.id,
            "path": passage_path(one.id),
            "place": shown.place_words(one) or "đầu văn bản",
            "text": one.text,
            "state": shown.STATE_WORDS[one.state],
            "picture": shown.picture_path(source, one.page),
            "changed": f"{one.changed_by}, {self._moment(one.changed_at)}" if one.changed_at else "",
        }

    def _moment(self, at: Any) -> str:
        return moment(at, self._parts.clock(), self._parts.zone)


def _taken(taken: NumberTaken) -> str:
    return (
        f"Văn bản “{taken.other.title}” đang dùng cũng mang số này. "
        "Hai văn bản cùng số thì trợ lý không biết người dân hỏi bản nào; bạn tắt bản kia trước nhé."
    )
