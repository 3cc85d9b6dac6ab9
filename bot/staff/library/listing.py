"""The list of all documents: what staff sent in, what comes with the program, found without accents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.staff.access import EDITING, EVERY_ROLE, Route, Visit, not_found
from bot.staff.library import shown
from bot.staff.library.addresses import (
    LIBRARY,
    REVIEW,
    SHIPPED,
    UPLOADS,
    shipped_path,
    source_path,
)
from bot.staff.library.receiving import FILE_FIELD, Refused
from bot.staff.library.shipped import Register, Registered
from bot.staff.library.shown import Badge
from bot.staff.pages import Drawing, Pages
from bot.staff.paging import leaf
from bot.staff.parts import StaffParts
from bot.staff.typed import number_in
from bot.staff.words import moment
from bot.store import documents, library, uploads
from bot.store.documents import Listed
from bot.store.library import Status
from knowledge.content import Document
from nlu.text import syllables

PER_PAGE = 25
ACCEPTED = ".pdf,.docx,.doc,.rtf,.odt,.xlsx,.csv,.html,.htm,.md,.txt"
_QUEUE_SHOWN = 30
_SHOWN_AFTER = timedelta(hours=24)
"""What was taken in stays in the list of what was sent in for so long."""


class Filter(StrEnum):
    """Which documents to list."""

    ALL = "tat-ca"
    ACTIVE = "dang-dung"
    OFF = "dang-tat"
    OLD = "ban-cu"
    REVIEW = "can-xem-lai"
    SHIPPED = "di-kem"


_FILTER_WORDS = {
    Filter.ALL: "Tất cả",
    Filter.ACTIVE: "Đang dùng",
    Filter.OFF: "Đang tắt",
    Filter.OLD: "Bản cũ",
    Filter.REVIEW: "Cần xem lại",
    Filter.SHIPPED: "Đi kèm chương trình",
}
_EMPTY = {
    Filter.ALL: "Chưa có văn bản nào. Bạn tải tệp lên ở trên; đọc xong, trợ lý dùng được ngay.",
    Filter.ACTIVE: "Chưa có văn bản nào đang dùng.",
    Filter.OFF: "Không có văn bản nào đang tắt.",
    Filter.OLD: "Chưa có văn bản nào bị thay bằng bản mới hơn.",
    Filter.REVIEW: "Không còn đoạn nào cần xem lại.",
    Filter.SHIPPED: "Chương trình này không kèm văn bản nào.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A document in the list."""

    path: str
    title: str
    about: str
    badges: Sequence[Badge]
    note: str
    filters: frozenset[Filter]
    words: str
    """Folded: what it is found by."""


class Listing:
    """The list, the list of what was sent in, and the page of a document that comes with the program."""

    def __init__(self, parts: StaffParts, pages: Pages, register: Register) -> None:
        self._parts = parts
        self._pages = pages
        self._register = register

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        return (
            Route("GET", LIBRARY, EVERY_ROLE, self.overview),
            Route("GET", SHIPPED, EVERY_ROLE, self.shipped),
        )

    async def overview(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/van-ban: `tim`, `loc`, `trang` in the address; `manh` asks for the living part alone."""
        if "manh" in visit.request.query:
            return await self.draw_queue(visit)
        return await self.draw(visit, ())

    async def draw_queue(self, visit: Visit) -> web.StreamResponse:
        """What was sent in, and how far it is."""
        drawing = Drawing("library/_queue.html", await self._queue(visit))
        return self._pages.draw_fragment(drawing, visit.request, visit.session)

    async def draw(self, visit: Visit, refused: Sequence[Refused]) -> web.StreamResponse:
        """The whole page; `refused`: files of the form just sent that were not taken."""
        query = visit.request.query
        words = query.get("tim", "").strip()[:200]
        chosen = next((one for one in Filter if one.value == query.get("loc", "")), Filter.ALL)
        rows = [*await self._taken_in(), *_registered(await self._register.now())]
        wanted = syllables(words)
        fitting = [row for row in rows if chosen in row.filters and _says(row, wanted)]
        page = leaf(number_in(query.get("trang", "")), len(fitting), PER_PAGE)

        def address(**changed: str | int) -> str:
            kept = {"tim": words, "loc": chosen.value, **changed}
            kept = {name: value for name, value in kept.items() if value and value != Filter.ALL.value}
            return f"{LIBRARY}?{urlencode(kept)}" if kept else LIBRARY

        values: dict[str, Any] = {
            **await self._queue(visit),
            "words": words,
            "chosen": chosen.value,
            "tabs_shown": [
                (label, sum(one in row.filters for row in rows), address(loc=one.value), one is chosen)
                for one, label in _FILTER_WORDS.items()
            ],
            "rows": page.of(fitting),
            "total": len(fitting),
            "empty": _EMPTY[chosen],
            **page.values(lambda number: address(trang=number)),
            "refused": refused,
            "file_field": FILE_FIELD,
            "accepted": ACCEPTED,
            "limit": self._parts.file_limits.file_bytes,
            "limit_words": shown.size_words(self._parts.file_limits.file_bytes).replace(",0 ", " "),
            "library": LIBRARY,
        }
        drawing = Drawing("library/list.html", values, 413 if refused else 200)
        return self._pages.draw(drawing, visit.request, visit.session)

    async def shipped(self, visit: Visit) -> web.StreamResponse:
        """GET …/di-kem?so=…: what is registered about a document, and the entries that rest on it."""
        known = await self._register.now()
        one = known.documents.get(visit.request.query.get("so", ""))
        if one is None:
            raise not_found()
        async with self._parts.database.read() as connection:
            taken_in = [
                (source.title, source_path(source.id))
                for source in await library.sources(connection)
                if source.number == one.number
            ]
        values = {
            "one": one,
            "issued": shown.day_words(one.issued),
            "effective": shown.day_words(one.effective),
            "related": {
                "Thay cho": _links(one.replaces, known),
                "Đã được thay bằng": _links(one.replaced_by, known),
                "Thực hiện theo": _links(one.implements, known),
            },
            "entries": known.entries.get(one.number, ()),
            "search": f"/staff/cau-hoi?{urlencode({'tim': one.number})}",
            "taken_in": taken_in,
        }
        return self._pages.draw(Drawing("library/shipped.html", values), visit.request, visit.session)

    # --- how it is done ----------------------------------------------------------------------------

    async def _queue(self, visit: Visit) -> dict[str, Any]:
        now = self._parts.clock()
        async with self._parts.database.read() as connection:
            found = await uploads.to_show(connection, now - _SHOWN_AFTER, _QUEUE_SHOWN)
            to_review = await library.count_to_review(connection)
        return {
            "sent": [shown.sent(one, now, self._parts.zone) for one in found],
            "to_review": to_review,
            "may_edit": visit.session.officer.role in EDITING,
            "review": REVIEW,
            "uploads": UPLOADS,
        }

    async def _taken_in(self) -> list[Row]:
        async with self._parts.database.read() as connection:
            found = await documents.listed(connection, (Status.ACTIVE, Status.OFF, Status.REPLACED))
        return [self._row(one) for one in found]

    def _row(self, one: Listed) -> Row:
        source = one.source
        to_review = one.to_review if source.status is Status.ACTIVE else 0
        filters = {
            Status.ACTIVE: {Filter.ALL, Filter.ACTIVE},
            Status.OFF: {Filter.ALL, Filter.OFF},
        }.get(source.status, set()) | {
            *([Filter.OLD] if source.status is Status.REPLACED or source.superseded_by else []),
            *([Filter.REVIEW] if to_review else []),
        }
        quality, _ = shown.quality_words(source.quality)
        added = f"{source.added_by}, {moment(source.added_at, self._parts.clock(), self._parts.zone)}"
        return Row(
            path=source_path(source.id),
            title=source.title,
            about=shown.head_words(source),
            badges=shown.badges(source, to_review, say_in_use=False),
            note=f"{one.passages} đoạn, {quality} · {added}",
            filters=frozenset(filters),
            words=_folded(source.title, source.number, source.issuer, source.signer, source.name),
        )


def _registered(known: Registered) -> list[Row]:
    newest_first = sorted(known.documents.values(), key=lambda one: one.issued, reverse=True)
    return [_registered_row(one, known) for one in newest_first]


def _registered_row(one: Document, known: Registered) -> Row:
    badges: list[Badge] = [("đi kèm chương trình", "plain")]
    if one.replaced_by:
        badges.append((f"đã được thay bằng {', '.join(one.replaced_by)}", "warn"))
    filters = {Filter.ALL, Filter.ACTIVE, Filter.SHIPPED, *([Filter.OLD] if one.replaced_by else [])}
    entries = len(known.entries.get(one.number, ()))
    resting = f"{entries} câu trả lời dựa vào văn bản này" if entries else "chưa có câu trả lời nào dựa vào"
    return Row(
        path=shipped_path(one.number),
        title=f"{one.type} {one.number}: {one.title}",
        about=f"{one.number} · ngày {shown.day_words(one.issued)} · {one.issuer}",
        badges=badges,
        note=f"{one.status} · {resting}",
        filters=frozenset(filters),
        words=_folded(one.type, one.number, one.title, one.issuer, one.signer, *one.aliases),
    )


def _links(numbers: Sequence[str], known: Registered) -> list[tuple[str, str]]:
    return [(one, shipped_path(one) if one in known.documents else "") for one in numbers]


def _folded(*said: str) -> str:
    return f" {' '.join(syllables(' '.join(said)))}"


def _says(row: Row, wanted: Sequence[str]) -> bool:
    """Does every word that was typed begin one of the row's?"""
    return all(f" {one}" in row.words for one in wanted)
