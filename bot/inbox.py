"""Taking events in: stored durably first, announced second, and only then may the door say "received".

No dialogue work happens here: Zalo waits 2 seconds for the acknowledgement, Messenger 5.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.store import events
from bot.store.database import Database
from connectors.message import InboundEvent

log = structlog.get_logger(__name__)


class Inbox:
    """Where every door puts what it heard."""

    def __init__(self, database: Database, nerves: Nerves, clock: Clock, metrics: Metrics) -> None:
        self._database = database
        self._nerves = nerves
        self._clock = clock
        self._metrics = metrics

    async def accept(self, heard: Sequence[InboundEvent]) -> None:
        """Store events and announce their conversations; durable when it returns.

        An event already stored is a no-op. Raises StoreUnavailable when nothing could be stored: the door
        must then not acknowledge, so that the platform delivers again.
        """
        if not heard:
            return
        now = self._clock()

        async def job(connection: AsyncConnection) -> None:
            await events.insert(connection, heard, now)

        await self._database.write(job)
        for event in heard:
            self._metrics.events.labels(event.channel, event.kind.value).inc()
        await self._nerves.announce({event.conversation.key if event.conversation else "" for event in heard})
