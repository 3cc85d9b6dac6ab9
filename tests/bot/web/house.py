"""A house in memory behind the web chat: fakes of Intake, Transcript and Nudges, for tests only."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.web.chat import Author, Cursor, Line
from connectors.message import ConversationId, File, InboundEvent, Part, Text

NOON = datetime(2025, 10, 2, 5, 0, tzinfo=UTC)


class StoreAwayError(Exception):
    """What the fake store raises while it is switched off."""


class FakeHints:
    """One subscriber's queue of hints."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[str] = asyncio.Queue()

    async def wait(self, timeout: float) -> str | None:  # noqa: ASYNC109 - part of the Nudges protocol
        with suppress(TimeoutError):
            return await asyncio.wait_for(self.queue.get(), timeout)
        return None


class FakeHouse:
    """Keeps lines in lists; `on_event` plays the assistant."""

    def __init__(self, now: Callable[[], datetime] = lambda: NOON) -> None:
        self.now = now
        self.events: dict[str, InboundEvent] = {}
        self.kept: dict[str, list[Line]] = defaultdict(list)
        self.is_away = False
        self.hints_are_away = False
        self.subscribers: dict[str, list[FakeHints]] = defaultdict(list)
        self.on_event: Callable[[InboundEvent], None] = lambda event: None
        self._rows = [0, 0]

    async def accept(self, events: Sequence[InboundEvent]) -> None:
        if self.is_away:
            raise StoreAwayError
        for event in events:
            if event.key in self.events or event.conversation is None:
                continue
            self.events[event.key] = event
            self._rows[0] += 1
            self._keep(
                event.conversation, Line(Cursor(), Author.CITIZEN, self.now(), event.text, key=event.key)
            )
            self.nudge(event.conversation.key, "message")
            self.on_event(event)

    def reply(
        self,
        conversation: ConversationId,
        part: Part | str,
        author: Author = Author.BOT,
        *,
        hint: bool = True,
    ) -> Line:
        self._rows[1] += 1
        part = Text(part) if isinstance(part, str) else part
        line = self._keep(conversation, Line(Cursor(), author, self.now(), part=part))
        self.nudge(conversation.key, "message")
        return line

    def _keep(self, conversation: ConversationId, line: Line) -> Line:
        placed = replace(line, cursor=Cursor(*self._rows))
        self.kept[conversation.key].append(placed)
        return placed

    async def lines(self, conversation: ConversationId, after: Cursor, limit: int) -> Sequence[Line]:
        if self.is_away:
            raise StoreAwayError
        later = [
            line
            for line in self.kept[conversation.key]
            if line.cursor.inbound > after.inbound or line.cursor.outbound > after.outbound
        ]
        return later[:limit]

    async def recent(self, conversation: ConversationId, limit: int) -> Sequence[Line]:
        if self.is_away:
            raise StoreAwayError
        return self.kept[conversation.key][-limit:]

    async def file(self, conversation: ConversationId, outbound: int) -> File | None:
        for line in self.kept[conversation.key]:
            if line.cursor.outbound == outbound and isinstance(line.part, File):
                return line.part
        return None

    def nudge(self, key: str, kind: str) -> None:
        if not self.hints_are_away:
            for hints in self.subscribers[key]:
                hints.queue.put_nowait(kind)

    @asynccontextmanager
    async def subscribe(self, conversation_key: str) -> AsyncIterator[FakeHints]:
        if self.hints_are_away:
            raise ConnectionError("no Redis")
        hints = FakeHints()
        self.subscribers[conversation_key].append(hints)
        try:
            yield hints
        finally:
            self.subscribers[conversation_key].remove(hints)


class ManualClock:
    """Monotonic seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def pass_time(self, by: timedelta) -> None:
        self.seconds += by.total_seconds()
