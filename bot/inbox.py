"""Taking events in: stored durably first, acknowledged second.

No dialogue work happens here: Zalo waits 2 seconds for the acknowledgement, Messenger 5. Deliveries that
arrive while others are being stored gather and are stored together: one transaction and one wait for the
disk serve them all. Announcing waits for nobody and nobody waits for it: an announcement that is lost is
made again by the sweep, and a slow Redis must not make a platform think that we are down.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.store import events
from bot.store.database import Database
from connectors.message import InboundEvent

BATCH = 200
"""Deliveries stored in one transaction at most: bounds how long the first waits for the last."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    events: Sequence[InboundEvent]
    stored: asyncio.Future[None]


class Inbox:
    """Where every door puts what it heard."""

    def __init__(self, database: Database, nerves: Nerves, clock: Clock, metrics: Metrics) -> None:
        self._database = database
        self._nerves = nerves
        self._clock = clock
        self._metrics = metrics
        self._waiting: deque[_Waiting] = deque()
        self._storing: asyncio.Task[None] | None = None

    async def accept(self, heard: Sequence[InboundEvent]) -> None:
        """Store events and have their conversations announced; durable when it returns.

        An event already stored is a no-op. Raises StoreUnavailable when nothing could be stored: the door
        must then not acknowledge, so that the platform delivers again.
        """
        if not heard:
            return
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(heard, stored))
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store_waiting(), name="inbox")
        await stored

    async def _store_waiting(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            if await self._store(batch, alone=len(batch) == 1):
                continue
            # Whatever was wrong, a delivery that can be stored must not suffer for its neighbours.
            await asyncio.gather(*[self._store([one], alone=True) for one in batch])

    async def _store(self, batch: Sequence[_Waiting], *, alone: bool) -> bool:
        """Store deliveries together and tell those who wait; False when that failed and nobody was told."""
        heard = [event for one in batch for event in one.events]
        now = self._clock()

        async def job(connection: AsyncConnection) -> None:
            await events.insert(connection, heard, now)

        try:
            with self._database.right_of_way.taken():
                await self._database.write(job, urgent=True)
        except Exception as error:
            if alone and not batch[0].stored.done():
                batch[0].stored.set_exception(error)
            return alone
        for one in batch:
            if not one.stored.done():
                one.stored.set_result(None)
        for event in heard:
            self._metrics.events.labels(event.channel, event.kind.value).inc()
        self._nerves.announce_soon(event.conversation.key if event.conversation else "" for event in heard)
        return True
