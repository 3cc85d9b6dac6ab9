"""The list of entries: found in the bot's own way, filtered, in the order that serves the work at hand.

Which entries a page or a file holds is decided here alone, so that a file holds just what the list showed.
Nothing here writes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlencode

from aiohttp import web

from bot.staff.access import EDITING, Visit
from bot.staff.faq.addresses import EXPORT, FAQ, IMPORT, TWINS
from bot.staff.faq.shelf import Filter, Shelf, Shelves, fits, found
from bot.staff.faq.shown import STATUS_WORDS
from bot.staff.faq.written import FORMS
from bot.staff.pages import Drawing, Pages
from bot.staff.paging import leaf
from bot.staff.parts import StaffParts
from bot.staff.typed import number_in
from bot.staff.words import moment, shortened
from bot.store.asked import answers_given
from bot.store.content import Status
from bot.store.editing import Kept

PER_PAGE = 25
ASKED_WITHIN = timedelta(days=30)
_COUNTED_ANEW_AFTER = 60.0
"""Seconds. Counting reads every turn of a month."""
_WORDS = 140
_FILTER_WORDS = {
    Filter.ALL: "Tất cả",
    Filter.PUBLISHED: "Đang dùng",
    Filter.DRAFT: "Bản nháp",
    Filter.ARCHIVED: "Lưu trữ",
    Filter.CONFLICT: "Xung đột",
}


class Order(StrEnum):
    """What comes first."""

    USUAL = ""
    """What is most like the words looked for; without any, what was changed last."""
    CHANGED = "moi-sua"
    ASKED = "hay-hoi"
    UNASKED = "chua-hoi"


_ORDER_WORDS = {
    Order.USUAL: "Giống từ cần tìm nhất",
    Order.CHANGED: "Mới sửa trước",
    Order.ASKED: "Hay được hỏi trước",
    Order.UNASKED: "Chưa ai hỏi trước",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked of the list, as it stands in the address."""

    words: str = ""
    filter: Filter = Filter.ALL
    topic: str = ""
    unsure: bool = False
    """Only what rests on something that is not certain."""
    order: Order = Order.USUAL

    @property
    def query(self) -> dict[str, str]:
        """The address's words for it, without what is usual."""
        said = {
            "tim": self.words,
            "loc": "" if self.filter is Filter.ALL else self.filter.value,
            "chu-de": self.topic,
            "can-cu": "chua-chac" if self.unsure else "",
            "xep": self.order.value,
        }
        return {name: value for name, value in said.items() if value}

    @property
    def narrows(self) -> bool:
        """Whether it leaves entries out."""
        return bool(self.words or self.topic or self.unsure or self.filter is not Filter.ALL)


def choice_in(query: Mapping[str, str]) -> Choice:
    """What an address asks for; what it says wrongly is as if it said nothing."""
    return Choice(
        query.get("tim", "").strip()[:200],
        next((one for one in Filter if one.value == query.get("loc", "")), Filter.ALL),
        query.get("chu-de", "")[:300],
        query.get("can-cu", "") == "chua-chac",
        next((one for one in Order if one.value == query.get("xep", "")), Order.USUAL),
    )


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
    asked: int
    """Times it answered within ASKED_WITHIN."""
    is_unsure: bool
    is_live: bool
    is_conflict: bool


class Listing:
    """The list's page, and what it lists."""

    def __init__(
        self,
        parts: StaffParts,
        pages: Pages,
        shelves: Shelves,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts = parts
        self._pages = pages
        self._shelves = shelves
        self._monotonic = monotonic
        self._asked: dict[str, int] = {}
        self._counted_at: float | None = None

    async def overview(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/cau-hoi: `tim`, `loc`, `chu-de`, `can-cu`, `xep`, `trang` in the address."""
        query, shelf = visit.request.query, await self._shelves.now()
        choice, asked = choice_in(query), await self.asked()
        listed = await self.chosen(shelf, choice)
        page = leaf(number_in(query.get("trang", "")), len(listed), PER_PAGE)

        def address(**changed: str | int) -> str:
            return _with_query(FAQ, {**choice.query, **changed})

        counts = shelf.counts()
        may_edit = visit.session.officer.role in EDITING
        values = {
            "choice": choice,
            "topics": shelf.topics(),
            "orders": [
                (one.value, words, one is choice.order)
                for one, words in _ORDER_WORDS.items()
                if one is not Order.USUAL or choice.words
            ],
            "tabs_shown": [
                (
                    label,
                    counts[one],
                    address(loc="" if one is Filter.ALL else one.value),
                    one is choice.filter,
                )
                for one, label in _FILTER_WORDS.items()
                if one is not Filter.CONFLICT or counts[one] or choice.filter is one
            ],
            "rows": [self._row(one, shelf, asked) for one in page.of(listed)],
            "total": len(listed),
            **page.values(lambda number: address(trang=number)),
            "may_edit": may_edit,
            "faq": FAQ,
            "twins": TWINS,
            "import_path": IMPORT if may_edit and self._parts.data_dir is not None else "",
            "exports": [
                (form.label, _with_query(EXPORT, {**choice.query, "dang": form.name})) for form in FORMS
            ],
        }
        return self._pages.draw(Drawing("faq/list.html", values), visit.request, visit.session)

    async def chosen(self, shelf: Shelf, choice: Choice) -> list[Kept]:
        """The entries a choice leaves, in its order."""
        if choice.words:
            listed = await found(shelf, self._parts.base(), choice.words)
        else:
            listed = _by_change(shelf.entries.values())
        listed = [one for one in listed if fits(one, choice.filter)]
        if choice.topic:
            listed = [one for one in listed if choice.topic in shelf.topics_of(one)]
        if choice.unsure:
            listed = [one for one in listed if shelf.is_unsure(one)]
        match choice.order:
            case Order.CHANGED:
                return _by_change(listed)
            case Order.ASKED:
                asked = await self.asked()
                return sorted(listed, key=lambda one: -asked.get(one.id, 0))
            case Order.UNASKED:
                asked = await self.asked()
                return sorted(listed, key=lambda one: asked.get(one.id, 0))
        return listed

    async def asked(self) -> Mapping[str, int]:
        """How often each entry answered within ASKED_WITHIN; at most a minute old."""
        now = self._monotonic()
        if self._counted_at is None or now - self._counted_at >= _COUNTED_ANEW_AFTER:
            async with self._parts.database.read() as connection:
                self._asked = await answers_given(connection, self._parts.clock() - ASKED_WITHIN)
            self._counted_at = now
        return self._asked

    def _row(self, kept: Kept, shelf: Shelf, asked: Mapping[str, int]) -> Row:
        status, tone = STATUS_WORDS[kept.status]
        changed = ""
        if kept.changed_at is not None:
            at = moment(kept.changed_at, self._parts.clock(), self._parts.zone)
            changed = f"{kept.changed_by}, {at}"
        return Row(
            f"{FAQ}/{kept.id}",
            str(kept.body.get("question") or kept.id),
            shortened(" ".join(str(kept.body.get("answer", "")).split()), _WORDS),
            status,
            tone,
            " · ".join(shelf.topics_of(kept)[:3]),
            changed,
            asked.get(kept.id, 0),
            shelf.is_unsure(kept),
            kept.status is Status.PUBLISHED,
            kept.conflict is not None,
        )


def _by_change(entries: Iterable[Kept]) -> list[Kept]:
    """What staff touched last comes first, the rest stays as it is."""
    return sorted(entries, key=lambda one: -one.changed_at.timestamp() if one.changed_at else 0)


def _with_query(path: str, query: Mapping[str, str | int]) -> str:
    kept = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path
