"""Asks again what the bot could not answer, whenever what it knows has changed.

Open questions are put to the knowledge base alone, not to the assistant, the newest first, one after the
other and behind everybody who waits for an answer. What it now surely answers is solved; nothing else is
said to be. Several processes may do this at once: which revision a question was asked of stands in its row.
Must never send anything to anybody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.store import editing, misses
from bot.store.database import Database, StoreUnavailable
from bot.store.misses import WRONG, Miss, State
from knowledge.answer import Answer
from knowledge.base import KnowledgeBase
from knowledge.content import Kind
from knowledge.excerpts import LIBRARY

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS = 0.5
PAUSE_AFTER_FAILURE_SECONDS = 30.0
ASKED_AT_MOST = 500
"""Questions asked again in one go; the rest when the hour is over."""
PORTION = 20
"""Questions asked between two writes."""
GO_AGAIN_AFTER = timedelta(hours=1)
"""For what was missed since, by a process that did not know the newest content yet, and for what was left."""
TIDY_EVERY = timedelta(days=1)
PAUSE_SECONDS = 0.01
"""Between two questions: the event loop is the citizens' first of all."""
SURELY = 0.64
"""What is answered from. For want of better the base gives a document's bare data or an excerpt, as 0.6."""


class Locks(Protocol):
    """Of several processes one goes ahead. bot.nerves.Nerves fulfils it."""

    def lock(self, name: str) -> AbstractAsyncContextManager[bool]:
        """Holds the lock, or gives False. Raises RedisError when Redis is away."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """What the bot knows in this process at one moment."""

    revision: int
    """Of the content; -1 while it is not whole."""
    base: KnowledgeBase


@dataclass(frozen=True, slots=True)
class Report:
    """What came of asking again."""

    asked: int
    solved: int


class MissesAgain:
    """Runs beside the console."""

    def __init__(self, database: Database, locks: Locks, known: Callable[[], Known], clock: Clock) -> None:
        self._database = database
        self._locks = locks
        self._known = known
        self._clock = clock
        self._asked_of = -1
        self._asked_at: datetime | None = None
        self._tidied_at: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Look every LOOK_EVERY_SECONDS until `stop` is set; of several processes one at a time."""
        while not stop.is_set():
            pause = LOOK_EVERY_SECONDS
            try:
                if self._is_due():
                    async with self._locks.lock("misses") as held:
                        if held:
                            await self._go(stop)
            except (RedisError, OSError, StoreUnavailable) as error:
                log.warning("misses_wait", reason=type(error).__name__)
                pause = PAUSE_AFTER_FAILURE_SECONDS
            except Exception:
                log.exception("misses_failed")
                pause = PAUSE_AFTER_FAILURE_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    def _is_due(self) -> bool:
        revision = self._known().revision
        if revision < 0:
            return False
        asked_at = self._asked_at
        return revision != self._asked_of or asked_at is None or self._clock() - asked_at >= GO_AGAIN_AFTER

    async def _go(self, stop: asyncio.Event) -> None:
        now, revision = self._clock(), self._known().revision
        if self._tidied_at is None or now - self._tidied_at >= TIDY_EVERY:
            gone = await self._database.write(lambda c: misses.tidy(c, now))
            self._tidied_at = now
            if gone:
                log.info("misses_let_go", count=gone)
        await self.ask_again(stop)
        self._asked_of, self._asked_at = revision, now

    async def ask_again(self, stop: asyncio.Event | None = None) -> Report:
        """Ask what was not asked of the present content yet."""
        started, asked, solved = time.perf_counter(), 0, 0
        covered: set[tuple[str, datetime]] = set()
        while asked < ASKED_AT_MOST and not (stop is not None and stop.is_set()):
            known = self._known()
            async with self._database.read() as connection:
                some = await misses.to_ask_again(connection, known.revision, PORTION)
            if not some:
                break
            answers = [(miss, await self._answer(miss, known.base)) for miss in some]
            done = await self._write_down(answers, known.revision)
            asked += len(some)
            solved += len(done)
            covered |= {(m.decided_by, m.decided_at) for m in done if m.state is State.TAKEN and m.decided_at}
        for by, at in covered:
            # What an officer took together with it and the answer does not cover is anybody's again.
            await self._release(by, at)
        if asked:
            seconds = round(time.perf_counter() - started, 2)
            log.info("misses_asked_again", asked=asked, solved=solved, seconds=seconds)
        return Report(asked, solved)

    async def _release(self, by: str, at: datetime) -> None:
        await self._database.write(lambda connection: misses.release(connection, by, at))

    async def _answer(self, miss: Miss, base: KnowledgeBase) -> str:
        """What surely answers it now; empty when nothing does."""
        await asyncio.sleep(PAUSE_SECONDS)
        await self._database.right_of_way.give_way()
        found = await base.ask(miss.sample)
        if not isinstance(found, Answer) or found.confidence < SURELY or found.entry_id.startswith(LIBRARY):
            return ""
        if miss.reason == WRONG and found.entry_id == miss.nearest_entry:
            return found.entry_id if await self._is_corrected(miss) else ""
        return found.entry_id

    async def _is_corrected(self, miss: Miss) -> bool:
        """Was the answer somebody found wrong changed since?"""
        since = max(filter(None, (miss.last_at, miss.decided_at)))
        async with self._database.read() as connection:
            kept = await editing.find(connection, Kind.ENTRY, miss.nearest_entry)
        return kept is not None and kept.changed_at is not None and kept.changed_at > since

    async def _write_down(self, answers: list[tuple[Miss, str]], revision: int) -> list[Miss]:
        now = self._clock()

        async def job(connection: AsyncConnection) -> list[Miss]:
            unanswered = [miss for miss, by in answers if not by]
            await misses.note_unanswered(connection, unanswered, revision)
            return [
                miss
                for miss, by in answers
                if by and await misses.note_answered(connection, miss, by, revision, now)
            ]

        return await self._database.write(job)
