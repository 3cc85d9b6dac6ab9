"""The groups as they are now: read and put together, in a thread, when something changed.

Nothing here writes or knows HTTP. Reading the questions' vectors goes on behind the pages and is never
waited for: until they are there, questions are compared by their words.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
import structlog

from bot.misses_grouping import Vectors, Wording, grouped
from bot.store import misses
from bot.store.database import Database
from bot.store.misses import Change, Miss, State
from bot.tasks import end
from knowledge.base import KnowledgeBase
from knowledge.index import Mode
from nlu.text import vietnamese_text

log = structlog.get_logger(__name__)

GROUPED_AT_MOST = 2_000
"""Questions of one shelf that are put into groups: those asked last."""
NEAREST = 3
_LOOKED_AT = 12
_HARDLY = 0.1
"""Below this there is hardly any resemblance: showing it would only be in the way."""
_KEPT = 1_000
"""Questions whose nearest entries are remembered."""
_READ_PAUSE_SECONDS = 0.05
"""Between two questions the model reads for us: citizens' questions go first."""
_EVERYDAY = (
    "Hôm nay ăn cơm với gì?",
    "Xe máy hỏng thì sửa ở đâu?",
    "Lúa vụ này được mùa không?",
    "Làm căn cước mất mấy ngày?",
    "Bóng đá tối nay đá mấy giờ?",
    "Khám bệnh có bảo hiểm trả bao nhiêu?",
    "Đất nhà tôi có được xây không?",
    "Con mấy tuổi thì vào lớp một?",
    "Giá điện tháng này tăng chưa?",
    "Cưới xin cần giấy tờ gì?",
    "Ai hát bài này?",
    "Mua vé tàu về quê thế nào?",
)
"""Questions that have nothing in common: what their vectors share is what all questions share."""


class Shelf(StrEnum):
    """Where a group lies, by what became of it."""

    OPEN = "mo"
    DONE = "xong"
    OUTSIDE = "ngoai"


STATES: Mapping[Shelf, frozenset[State]] = {
    Shelf.OPEN: misses.UNSOLVED,
    Shelf.DONE: frozenset({State.SOLVED, State.SKIPPED}),
    Shelf.OUTSIDE: frozenset({State.OUTSIDE}),
}


@dataclass(frozen=True, slots=True)
class Group:
    """The ways one thing was asked."""

    misses: tuple[Miss, ...]
    """The most typical one first, then those asked most."""

    @property
    def typical(self) -> Miss:
        """The wording that stands for the group: one with its marks, where one is asked about as often."""
        most = max(one.count for one in self.misses)
        share = vietnamese_text().share_of_marks
        readable = (m for m in self.misses if 2 * m.count >= most and share(m.sample) >= _READABLE)
        return next(readable, self.misses[0])

    @property
    def count(self) -> int:
        """How often it was asked."""
        return sum(one.count for one in self.misses)

    @property
    def first_at(self) -> datetime:
        """When it was asked first."""
        return min(one.first_at for one in self.misses)

    @property
    def last_at(self) -> datetime:
        """When it was asked last."""
        return max(one.last_at for one in self.misses)

    @property
    def reason(self) -> str:
        """Why there was no answer, most of the times."""
        counted: Counter[str] = Counter()
        for one in self.misses:
            counted[one.reason] += one.count
        return max(counted, key=lambda reason: (counted[reason], reason))


_READABLE = 0.3
"""Share of syllables with a mark from which a question was typed with marks."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One shelf at one moment."""

    groups: Sequence[Group]
    is_cut: bool
    """There are more questions than are put into groups."""


class Board:
    """See the module. One for a console."""

    def __init__(self, database: Database, base: Callable[[], KnowledgeBase]) -> None:
        self._database = database
        self._base = base
        self._standing: dict[Shelf, tuple[object, Standing]] = {}
        self._near: dict[str, list[tuple[str, float]]] = {}
        self._near_in = base()
        self._telling: dict[str, Mapping[str, float]] = {}
        self._telling_in = base()
        self._vectors: dict[str, Vectors] = {}
        self._usual: Vectors | None = None
        self._edition = 0
        self._reading: asyncio.Task[None] | None = None
        self._has_model = True

    async def now(self) -> Mapping[Shelf, Standing]:
        """All shelves, put together anew where something changed."""
        async with self._database.read() as connection:
            changes = await misses.changes(connection)
            mark = {shelf: self._mark(shelf, changes) for shelf in Shelf}
            stale = [shelf for shelf in Shelf if self._standing.get(shelf, (None,))[0] != mark[shelf]]
            found = {
                shelf: await misses.newest(connection, STATES[shelf], GROUPED_AT_MOST + 1) for shelf in stale
            }
        for shelf, rows in found.items():
            standing = await asyncio.to_thread(self._put_together, rows, dict(self._vectors))
            self._standing[shelf] = (mark[shelf], standing)
        if Shelf.OPEN in found or self._usual is None:
            self._read_on()
        return {shelf: self._standing[shelf][1] for shelf in Shelf}

    async def nearest(self, miss: Miss, entries: Mapping[str, object]) -> list[tuple[str, float]]:
        """Ids of at most three of `entries` that resemble the question, with how likely each is meant."""
        base = self._base()
        if base is not self._near_in or len(self._near) >= _KEPT:
            self._near, self._near_in = {}, base
        known = self._near.get(miss.sample)
        if known is None:
            ranked = await base.ranking(miss.sample, Mode.HYBRID, _LOOKED_AT)
            known = [(one.id, one.score) for one in ranked if one.score >= _HARDLY]
            self._near[miss.sample] = known
        return [(entry, score) for entry, score in known if entry in entries][:NEAREST]

    async def close(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            await end(self._reading)

    def _mark(self, shelf: Shelf, changes: Mapping[State, Change]) -> object:
        mine = tuple(changes.get(state) for state in sorted(STATES[shelf]))
        return (mine, self._edition if shelf is Shelf.OPEN else 0)

    def _put_together(self, rows: Sequence[Miss], vectors: Mapping[str, Vectors]) -> Standing:
        """In a thread. What one entry answers now is one group; everything else lies together by meaning."""
        base = self._base()
        if base is not self._telling_in or len(self._telling) > 2 * GROUPED_AT_MOST:
            self._telling, self._telling_in = {}, base
        by_key = {miss.key: miss for miss in rows[:GROUPED_AT_MOST]}
        wordings: list[Wording] = []
        answered: dict[str, list[Miss]] = {}
        for miss in by_key.values():
            if miss.state is State.SOLVED:
                answered.setdefault(miss.answered_by, []).append(miss)
            else:
                telling = self._telling.get(miss.sample) or base.telling(miss.sample)
                self._telling[miss.sample] = telling
                wordings.append(Wording(miss.key, miss.count, telling, vectors.get(miss.sample)))
        groups = [Group(tuple(by_key[key] for key in keys)) for keys in grouped(wordings, self._usual)]
        groups += [
            Group(tuple(sorted(alike, key=lambda one: (-one.count, one.key)))) for alike in answered.values()
        ]
        groups.sort(key=lambda group: (-group.count, group.misses[0].key))
        return Standing(groups, len(rows) > GROUPED_AT_MOST)

    # --- vectors -----------------------------------------------------------------------------------

    def _read_on(self) -> None:
        if not self._has_model or (self._reading is not None and not self._reading.done()):
            return
        wanted = [miss.sample for group in self._standing[Shelf.OPEN][1].groups for miss in group.misses]
        self._vectors = {text: self._vectors[text] for text in wanted if text in self._vectors}
        if len(self._vectors) < len(set(wanted)) or self._usual is None:
            self._reading = asyncio.create_task(self._read(wanted), name="misses-reader")

    async def _read(self, wanted: Sequence[str]) -> None:
        try:
            if self._usual is None:
                usual = [await self._base().meaning(text) for text in _EVERYDAY]
                vectors = [one for one in usual if one is not None]
                if not vectors:
                    return  # no model yet, or none at all: the next page asks once more
                self._usual = np.mean(vectors, axis=0)
            for text in wanted:
                if text not in self._vectors:
                    vector = await self._base().meaning(text)
                    if vector is not None:
                        self._vectors[text] = vector
                    await asyncio.sleep(_READ_PAUSE_SECONDS)
            self._edition += 1
        except Exception:
            log.exception("misses_not_read")
            self._has_model = False
