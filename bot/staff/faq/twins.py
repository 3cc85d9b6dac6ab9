"""Entries the bot itself takes for each other: asked the question of one, it finds the other likely too.

Comparing all entries takes seconds, so it is done in a thread, once for each revision of the content, and the
page says so meanwhile. Nothing is decided here: two entries may be near each other for good reason.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aiohttp import web

from bot.staff.access import Visit
from bot.staff.faq.addresses import FAQ, TWINS
from bot.staff.faq.shelf import ALIKE, Shelf, Shelves
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.words import shortened
from bot.store.content import Status
from bot.store.editing import Kept
from bot.tasks import end
from knowledge.base import KnowledgeBase
from knowledge.index import Mode

log = structlog.get_logger(__name__)

COMPARED = 3_000
"""Entries that are compared at most."""
SHOWN = 60
"""Pairs that are shown: the nearest."""
_LOOKED_AT = 5
_WORDS = 160


@dataclass(frozen=True, slots=True)
class Pair:
    """Two live entries, by their ids."""

    one: str
    other: str
    likeness: float
    """How likely the bot finds one when the other is asked for: the larger of both ways."""


async def pairs_of(
    shelf: Shelf, base: KnowledgeBase, stopping: Callable[[], bool] = lambda: False
) -> list[Pair]:
    """Every pair at least as near as ALIKE, the nearest first. Some 2 to 25 ms for each entry."""
    live = {kept.id: kept for kept in shelf.entries.values() if kept.status is Status.PUBLISHED}
    found: dict[tuple[str, str], float] = {}
    for kept in list(live.values())[:COMPARED]:
        if stopping():
            break
        ranked = await base.ranking(str(kept.body.get("question", "")), Mode.HYBRID, _LOOKED_AT)
        for near in ranked:
            if near.score >= ALIKE and near.id != kept.id and near.id in live:
                one, other = sorted((kept.id, near.id))
                found[one, other] = max(found.get((one, other), 0.0), near.score)
    pairs = [Pair(one, other, likeness) for (one, other), likeness in found.items()]
    return sorted(pairs, key=lambda pair: (-pair.likeness, pair.one, pair.other))


class Twins:
    """The page of pairs."""

    def __init__(self, parts: StaffParts, pages: Pages, shelves: Shelves) -> None:
        self._parts = parts
        self._pages = pages
        self._shelves = shelves
        self._pairs: list[Pair] = []
        self._known: tuple[int, int] | None = None
        """Revision of the content and identity of the base they were found with."""
        self._work: asyncio.Task[None] | None = None
        self._stop = threading.Event()

    async def overview(self, visit: Visit) -> web.StreamResponse:
        """GET …/_gan-giong: the pairs, or that they are being looked for."""
        shelf, base = await self._shelves.now(), self._parts.base()
        is_new = self._known != (shelf.revision, id(base))
        if is_new and (self._work is None or self._work.done()):
            self._work = asyncio.create_task(self._look(shelf, base), name="compare-entries")
        if is_new and self._work is not None:
            # Most often it is over in a moment; whoever waits longer is told.
            await asyncio.wait({self._work}, timeout=2.0)
        pairs = [
            (shelf.entries[pair.one], shelf.entries[pair.other], pair.likeness)
            for pair in self._pairs[:SHOWN]
            if pair.one in shelf.entries and pair.other in shelf.entries
        ]
        values = {
            "faq": FAQ,
            "path": TWINS,
            "is_ready": self._known is not None,
            "is_behind": self._known is not None and self._known[0] != shelf.revision,
            "total": len(self._pairs),
            "pairs": [(_shown(one), _shown(other), f"{likeness:.0%}") for one, other, likeness in pairs],
        }
        return self._pages.draw(Drawing("faq/twins.html", values), visit.request, visit.session)

    async def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        if self._work is not None:
            await end(self._work)

    async def _look(self, shelf: Shelf, base: KnowledgeBase) -> None:
        stopping = self._stop.is_set
        try:
            pairs = await asyncio.to_thread(lambda: asyncio.run(pairs_of(shelf, base, stopping)))
        except Exception:
            log.exception("entries_not_compared")  # the page goes on saying that it is not done
            return
        self._pairs, self._known = pairs, (shelf.revision, id(base))
        log.info("entries_compared", entries=len(shelf.entries), pairs=len(pairs))


def _shown(kept: Kept) -> dict[str, str]:
    return {
        "path": f"{FAQ}/{kept.id}",
        "question": str(kept.body.get("question") or kept.id),
        "answer": shortened(" ".join(str(kept.body.get("answer", "")).split()), _WORDS),
    }
