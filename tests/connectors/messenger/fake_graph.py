"""A fake Graph API on loopback: records calls and answers what a test puts in its queue.

It is not the sandbox and checks nothing; it exists to see exactly what the client writes and how it reads
strange answers.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

ACCEPTED = {"recipient_id": "7654321098765432", "message_id": "m_ok"}


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    """JSON, or the fields of a multipart form."""


@dataclass(frozen=True)
class Reply:
    """What to answer. Text is sent as it is; `behaviour` may be `hang` or `hang up`."""

    body: object = field(default_factory=lambda: ACCEPTED)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    behaviour: str = ""


def graph_error(code: int, subcode: int | None = None, **more: object) -> Reply:
    error: dict[str, object] = {"message": "secret words", "type": "OAuthException", "code": code, **more}
    if subcode is not None:
        error["error_subcode"] = subcode
    return Reply({"error": error}, status=400)


class FakeGraph:
    """Answers the queued replies in order, then accepts everything."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.replies: deque[Reply] = deque()
        self.by_path: dict[str, Reply] = {}
        self.url = ""
        self._called = asyncio.Condition()

    async def wait_for_calls(self, count: int) -> None:
        """Return once so many calls have come in."""
        async with self._called, asyncio.timeout(5):
            await self._called.wait_for(lambda: len(self.calls) >= count)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(
            Call(
                request.method, request.path, dict(request.query), dict(request.headers), await _read(request)
            )
        )
        async with self._called:
            self._called.notify_all()
        known = self.by_path.get(f"{request.method} {request.path}")
        reply = known or (self.replies.popleft() if self.replies else Reply())
        if reply.behaviour == "hang":
            await asyncio.sleep(30)
        if reply.behaviour == "hang up":
            assert request.transport is not None
            request.transport.abort()
        text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        return web.Response(
            text=text, status=reply.status, headers=dict(reply.headers), content_type="application/json"
        )


async def _read(request: web.Request) -> Any:
    if request.content_type == "multipart/form-data":
        form = await request.post()
        return {name: _read_field(value) for name, value in form.items()}
    raw = await request.read()
    return json.loads(raw) if raw else None


def _read_field(value: object) -> object:
    if not isinstance(value, web.FileField):
        return value
    with value.file as file:
        return value.filename, value.content_type, file.read()


@asynccontextmanager
async def running_graph() -> AsyncIterator[FakeGraph]:
    fake = FakeGraph()
    app = web.Application(client_max_size=30_000_000)
    app.router.add_route("*", "/{tail:.*}", fake.handle)
    server = TestServer(app)
    server.skip_url_asserts = True
    await server.start_server(shutdown_timeout=0.1)
    fake.url = f"http://127.0.0.1:{server.port}"
    try:
        yield fake
    finally:
        await server.close()
