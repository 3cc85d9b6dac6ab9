"""Stand-ins for these tests only: a token store in memory and a scripted HTTP server. Neither is Zalo."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.zalo.config import ZaloConfig
from connectors.zalo.token_store import TokenPair

NOW = datetime(2026, 9, 2, 3, 0, tzinfo=UTC)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class FakeClock:
    """A clock that stands still until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


def pair(name: str, *, expires_in: timedelta = timedelta(hours=25), at: datetime = NOW) -> TokenPair:
    return TokenPair(f"access-{name}", f"refresh-{name}", at + expires_in, at)


@dataclass
class MemoryTokenStore:
    """A fake TokenStore, shared by several ZaloTokens as SQL would be by several processes."""

    stored: TokenPair | None = None
    failing_saves: int = 0
    seen: set[str] = field(default_factory=set)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    turn_times_out: bool = False

    async def load(self) -> TokenPair | None:
        await asyncio.sleep(0)
        return self.stored

    async def save(self, pair: TokenPair) -> None:
        await asyncio.sleep(0)
        if self.failing_saves:
            self.failing_saves -= 1
            raise OSError("the disk is full")
        self.stored = pair
        self.seen.add(pair.fingerprint)

    async def has_seen(self, fingerprint: str) -> bool:
        return fingerprint in self.seen

    @asynccontextmanager
    async def refresh_turn(self) -> AsyncIterator[None]:
        if self.turn_times_out:
            raise TimeoutError
        async with self.lock:
            yield


@dataclass
class Recorded:
    """One request the fake server got."""

    path: str
    headers: dict[str, str]
    body: Any
    query: dict[str, str]


class ScriptedServer:
    """A fake HTTP server: gives the queued answers of a path in order, the last one for ever."""

    def __init__(self) -> None:
        self.answers: dict[str, deque[Answer]] = defaultdict(deque)
        self.requests: list[Recorded] = []
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._server = TestServer(app)

    async def __aenter__(self) -> ScriptedServer:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    def config(self, **more: Any) -> ZaloConfig:
        base = str(self._server.make_url("")).rstrip("/")
        return ZaloConfig("app", "appSecretKey", "oa1", "oaSecretKey", base, base, **more)

    def on(self, path: str, *answers: Answer | dict[str, Any]) -> None:
        for answer in answers:
            self.answers[path].append(says(answer) if isinstance(answer, dict) else answer)

    def bodies(self, path: str) -> list[Any]:
        return [request.body for request in self.requests if request.path == path]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body: Any = None
        if request.content_type == "application/json":
            body = await request.json()
        elif request.content_type.startswith("multipart/"):
            part = await (await request.multipart()).next()
            assert part is not None
            body = {"raw": part.headers["Content-Disposition"], "content": await part.read()}  # type: ignore[union-attr]
        elif request.can_read_body:
            body = dict(await request.post())
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(Recorded(request.path, headers, body, dict(request.query)))
        queue = self.answers[request.path]
        answer = queue.popleft() if len(queue) > 1 else queue[0]
        return await answer(request)


def says(answer: dict[str, Any], status: int = 200) -> Answer:
    async def reply(_: web.Request) -> web.StreamResponse:
        return web.json_response(answer, status=status)

    return reply


def says_text(text: str, status: int = 200, **headers: str) -> Answer:
    async def reply(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status, headers=headers, content_type="text/html")

    return reply


async def hangs_up(request: web.Request) -> web.StreamResponse:
    """Takes the request and closes the connection without an answer."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def hangs(_: web.Request) -> web.StreamResponse:
    """Takes the request and says nothing for longer than any test waits."""
    await asyncio.sleep(1.5)
    return web.Response()


async def breaks_off(request: web.Request) -> web.StreamResponse:
    """Promises more than it sends."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"error":0,')
    assert request.transport is not None
    request.transport.close()
    return response
