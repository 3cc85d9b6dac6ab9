"""Server-sent events: an open page hears of new lines.

Each `line` event carries its cursor as id, so a reconnecting browser (Last-Event-ID) goes on exactly
where it was. Lines come from the Transcript alone; a hint only shortens the wait, and without hints the
transcript is read every few seconds. Must never hold back a server that wants to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from aiohttp import web

from bot.logs import digest_of
from bot.web.contract import Cursor, Hints, Line, Nudges, Transcript
from bot.web.server_events import begin, unless
from connectors.message import ConversationId
from connectors.web import Json

_log = structlog.get_logger(__name__)

_PAGE = 50
"""Lines read at once."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a stream does what it does unasked. Seconds."""

    poll: float = 4.0
    """Between two looks at the transcript without a hint."""
    heartbeat: float = 15.0
    """Between two signs of life: proxies close silent connections, pages notice dead ones."""
    retry: float = 2.0
    """How long a browser waits before it reconnects."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One conversation, streamed to one open page."""

    transcript: Transcript
    nudges: Nudges
    show: Callable[[Line], dict[str, Json]]
    clock: Callable[[], float]
    """Monotonic seconds."""
    closing: asyncio.Event
    """Set when the server stops: every stream then ends properly and the page reconnects elsewhere."""
    rhythm: Rhythm

    async def serve(
        self, request: web.Request, conversation: ConversationId, after: Cursor
    ) -> web.StreamResponse:
        """Stream until the page or the server goes. Raises only while nothing has been answered yet."""
        async with contextlib.AsyncExitStack() as stack:
            hints = await _subscribe(stack, self.nudges, conversation)
            # Read before answering: while the store is away the page gets an honest 503.
            first = await self.transcript.lines(conversation, after, _PAGE)
            response = await begin(request, self.rhythm.retry)
            try:
                after = await self._tell(response, first, after)
                await self._follow(request, response, hints, conversation, after)
                await response.write_eof()
            except ConnectionResetError:
                pass  # the page was closed
            except Exception as error:
                # The page reconnects by itself and is then told properly what is wrong.
                called = digest_of(conversation.key)
                _log.warning("web_stream_broken", conversation=called, error=type(error).__name__)
            return response

    async def _follow(
        self,
        request: web.Request,
        response: web.StreamResponse,
        hints: Hints | None,
        conversation: ConversationId,
        after: Cursor,
    ) -> None:
        next_beat = self.clock() + self.rhythm.heartbeat
        while not self.closing.is_set() and request.transport is not None:
            lines = await self.transcript.lines(conversation, after, _PAGE)
            after = await self._tell(response, lines, after)
            if len(lines) == _PAGE:
                continue
            pause = min(self.rhythm.poll, max(0.0, next_beat - self.clock()))
            if await self._hint(hints, pause) == "typing":
                await response.write(b"event: typing\ndata: {}\n\n")
            if self.clock() >= next_beat:
                # The comment keeps proxies awake; the event tells the page that the line is alive.
                await response.write(b": beat\nevent: beat\ndata: {}\n\n")
                next_beat = self.clock() + self.rhythm.heartbeat

    async def _tell(self, response: web.StreamResponse, lines: Sequence[Line], after: Cursor) -> Cursor:
        """Write the lines; returns the cursor after the last of them."""
        for line in lines:
            content = json.dumps(self.show(line), ensure_ascii=False, separators=(",", ":"))
            await response.write(f"id: {line.cursor}\nevent: line\ndata: {content}\n\n".encode())
            after = line.cursor
        return after

    async def _hint(self, hints: Hints | None, pause: float) -> str | None:
        """The next hint, None after `pause` seconds or as soon as the server stops."""
        return await unless(self.closing, _next_hint(hints, pause))


async def _subscribe(
    stack: contextlib.AsyncExitStack, nudges: Nudges, conversation: ConversationId
) -> Hints | None:
    try:
        return await stack.enter_async_context(nudges.subscribe(conversation.key))
    except Exception as error:
        _log.warning("web_stream_without_hints", error=type(error).__name__)
        return None


async def _next_hint(hints: Hints | None, pause: float) -> str | None:
    if hints is not None:
        try:
            return await hints.wait(pause)
        except Exception as error:
            _log.warning("web_hints_broken", error=type(error).__name__)
    await asyncio.sleep(pause)
    return None
