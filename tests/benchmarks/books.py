"""Looking into the service's database from outside: what is done, and when it was done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Column, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from bot.store import outbox as outbox_rows
from bot.store.schema import inbound_events, outbox, turns

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is not done yet."""

    events: int
    sends: int
    dead: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How many were done between two moments."""

    count: int
    first: datetime | None
    last: datetime | None

    @property
    def per_second(self) -> float:
        """0 when there were too few to tell."""
        if self.first is None or self.last is None or self.count < 2 or self.last == self.first:
            return 0.0
        return (self.count - 1) / (self.last - self.first).total_seconds()


def backlog(url: str) -> Backlog:
    """Counted now."""

    async def look(connection: AsyncConnection) -> Backlog:
        states = outbox.c.state
        events = select(func.count()).where(inbound_events.c.handled_at.is_(None))
        sends = select(func.count()).where(states.in_(outbox_rows.OPEN))
        dead = select(func.count()).where(states.in_(outbox_rows.DEAD))
        return Backlog(*[await connection.scalar(query) or 0 for query in (events, sends, dead)])

    return _ask(url, look)


def turn_pace(url: str) -> Pace:
    """Of all turns on record."""
    return _ask(url, lambda c: _pace(c, turns.c.at))


def send_pace(url: str) -> Pace:
    """Of all sends on record."""
    return _ask(url, lambda c: _pace(c, outbox.c.sent_at))


def wait_until_done(url: str, seconds: float, *, sends: bool = True) -> Backlog:
    """Wait, at most so long, until no event (and no send) is open; gives what is left."""
    deadline = time.monotonic() + seconds
    while True:
        left = backlog(url)
        if not left.events and not (sends and left.sends):
            return left
        if time.monotonic() > deadline:
            return left
        time.sleep(0.25)


async def _pace(connection: AsyncConnection, moment: Column[datetime]) -> Pace:
    count, first, last = (
        await connection.execute(select(func.count(moment), func.min(moment), func.max(moment)))
    ).one()
    return Pace(count, first, last)


def _ask(url: str, look: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    async def asked() -> T:
        engine = create_async_engine(url, poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                return await look(connection)
        finally:
            await engine.dispose()

    return asyncio.run(asked())
