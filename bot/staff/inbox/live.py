"""Server-sent events: an open page hears that something changed, and fetches what it shows as ever.

However many pages are open, the database is looked at once for all of them: every second while anybody
listens, sooner when a hint comes. An event holds a mark and nothing else. Sessions are checked in the same
look, so a page that may not be seen any more loses its stream within seconds.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot.staff.access import COOKIE, Visit, hash_of, not_found
from bot.staff.inbox.addresses import asked_for
from bot.staff.pages import guard_headers
from bot.staff.parts import StaffParts
from bot.store import changes
from bot.store.database import StoreUnavailable
from bot.store.staff import Role
from bot.web.contract import Hints
from bot.web.server_events import OpenStreams, begin, unless

log = structlog.get_logger(__name__)

_LIST = ""
"""Stands for the list where else a conversation's key stands."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often what happens, and how much of it there may be. Seconds."""

    look: float = 1.0
    """Between two looks at the database without a hint."""
    breath: float = 0.3
    """Between two looks however many hints come."""
    heartbeat: float = 20.0
    """Between two signs of life: proxies close silent connections."""
    length: float = 300.0
    """After about so long a stream ends and the browser comes back, perhaps to another process."""
    retry: float = 2.0
    """How long a browser waits before it comes back."""
    per_session: int = 4
    """A browser opens six connections to one address and needs some of them for the pages themselves."""
    per_process: int = 200


class Ear:
    """One open page: what it looks at, by whose session, and the last mark heard."""

    def __init__(self, key: str, session: str, mark: str) -> None:
        self.key, self.session, self.mark = key, session, mark
        self.is_over = False
        self._stirred = asyncio.Event()

    def hear(self, mark: str) -> None:
        """The mark as it is now."""
        if mark != self.mark:
            self.mark = mark
            self._stirred.set()

    def end(self) -> None:
        """The session does not count any more."""
        self.is_over = True
        self._stirred.set()

    async def stirred(self, pause: float) -> bool:
        """True when something changed since the last call; False after `pause` seconds."""
        try:
            await asyncio.wait_for(self._stirred.wait(), pause)
        except TimeoutError:
            return False
        self._stirred.clear()
        return True


class Watch:
    """Looks at the database for all open pages of this process."""

    def __init__(self, parts: StaffParts, roles: frozenset[Role], rhythm: Rhythm) -> None:
        self._parts, self._rhythm = parts, rhythm
        self._roles = frozenset(role.value for role in roles)
        self._ears: set[Ear] = set()
        self._task: asyncio.Task[None] | None = None
        self.closing = asyncio.Event()

    @contextmanager
    def listening(self, ear: Ear) -> Iterator[None]:
        """Look for this page too, until it is closed."""
        self._ears.add(ear)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look_while_needed(), name="staff-watch")
        try:
            yield
        finally:
            self._ears.discard(ear)

    async def mark_of(self, key: str) -> str | None:
        """The mark of a conversation or of the list now; None when there is no such conversation."""
        async with self._parts.database.read() as connection:
            if key == _LIST:
                return await changes.mark_of_all(connection)
            return (await changes.marks(connection, [key])).get(key)

    async def close(self) -> None:
        """End every stream and the looking."""
        self.closing.set()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _look_while_needed(self) -> None:
        async with AsyncExitStack() as stack:
            hints = await self._hints(stack)
            while self._ears and not self.closing.is_set():
                try:
                    await self._look()
                except (SQLAlchemyError, StoreUnavailable, OSError) as error:
                    log.warning("staff_watch_failed", error=type(error).__name__)
                await unless(self.closing, asyncio.sleep(self._rhythm.breath))
                pause = self._rhythm.look - self._rhythm.breath
                await unless(self.closing, hints.wait(pause) if hints else asyncio.sleep(pause))

    async def _hints(self, stack: AsyncExitStack) -> Hints | None:
        if self._parts.hints is None:
            return None
        try:
            return await stack.enter_async_context(self._parts.hints())
        except Exception as error:
            log.warning("staff_watch_without_hints", error=type(error).__name__)
            return None

    async def _look(self) -> None:
        ears = tuple(self._ears)
        async with self._parts.database.read() as connection:
            living = await changes.living_sessions(
                connection, {ear.session for ear in ears}, self._parts.clock()
            )
            marks = await changes.marks(connection, {ear.key for ear in ears if ear.key != _LIST})
            if any(ear.key == _LIST for ear in ears):
                marks[_LIST] = await changes.mark_of_all(connection)
        for ear in ears:
            if living.get(ear.session) not in self._roles:
                ear.end()
            else:
                ear.hear(marks.get(ear.key, ""))


class Live:
    """The two addresses pages listen at."""

    def __init__(
        self,
        parts: StaffParts,
        roles: frozenset[Role],
        rhythm: Rhythm,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watch = Watch(parts, roles, rhythm)
        self._rhythm = rhythm
        self._monotonic = monotonic
        self._open = OpenStreams()

    async def of_list(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/hop-thu/luong"""
        return await self._serve(visit, _LIST)

    async def of_conversation(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/hop-thu/{key}/luong"""
        return await self._serve(visit, asked_for(visit).key)

    async def close(self) -> None:
        """End every stream."""
        await self._watch.close()

    async def _serve(self, visit: Visit, key: str) -> web.StreamResponse:
        session = hash_of(visit.request.cookies.get(COOKIE, ""))
        limits = {f"session:{session}": self._rhythm.per_session, "all": self._rhythm.per_process}
        with self._open.one_more(limits) as admitted:
            if not admitted:
                # The page then looks by itself every few seconds, as without streams.
                return web.Response(status=429, headers={"Retry-After": "60"})
            # Read before answering: without a database the page gets an honest 503.
            mark = await self._watch.mark_of(key)
            if mark is None:
                raise not_found()
            ear = Ear(key, session, mark)
            with self._watch.listening(ear):
                return await self._stream(visit.request, ear)

    async def _stream(self, request: web.Request, ear: Ear) -> web.StreamResponse:
        response = await begin(request, self._rhythm.retry, guard_headers)
        try:
            if request.headers.get("Last-Event-ID") != ear.mark:
                await _tell(response, ear.mark)
            await self._follow(request, response, ear)
            await response.write_eof()
        except ConnectionResetError:
            pass  # the page was closed
        except Exception as error:
            log.warning("staff_stream_broken", error=type(error).__name__)
        return response

    async def _follow(self, request: web.Request, response: web.StreamResponse, ear: Ear) -> None:
        now = self._monotonic()
        # Not all at once: what was opened together comes back spread out.
        over, next_beat = now + self._rhythm.length * random.uniform(0.8, 1.2), now + self._rhythm.heartbeat  # noqa: S311
        while request.transport is not None and now < over:
            # In short waits, so that a page that was closed is not counted for long.
            changed = await unless(self._watch.closing, ear.stirred(self._rhythm.look))
            if changed is None or ear.is_over:
                return
            if changed:
                await _tell(response, ear.mark)
            now = self._monotonic()
            if now >= next_beat:
                await response.write(b": con day\n\n")
                next_beat = now + self._rhythm.heartbeat


async def _tell(response: web.StreamResponse, mark: str) -> None:
    await response.write(f"id: {mark}\nevent: moi\ndata: {mark}\n\n".encode())
