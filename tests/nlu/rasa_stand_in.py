"""A stand-in for Rasa's server on loopback: the two addresses we ask, and every way to misbehave.

It is not Rasa and understands nothing: it says what a test tells it to. What it says when nobody misbehaves
has the shape Rasa 3.6 answers with. The real server has tests of its own (marker `rasa`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RasaStandIn:
    """One server; it may go away and come back on the same port."""

    def __init__(self, token: str = "") -> None:
        self.token = token
        self.intent = ("human_request", 0.9)
        self.learnt: dict[str, str] = {}
        """Texts with an intent of their own; all others have `intent`."""
        self.others: list[tuple[str, float]] = [("ask_knowledge", 0.06), ("help", 0.04)]
        self.entities: list[Any] = []
        self.model_file = "nlu-20261002.tar.gz"
        self.misbehaves: Behaviour | None = None
        self.questions: list[str] = []
        self.asked = asyncio.Event()
        """Set with every question."""
        self.in_hand = 0
        self.most_in_hand = 0
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it listens, or did."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Listen: on a free port first, later on the same one."""
        app = web.Application()
        app.router.add_post("/model/parse", self._handle)
        app.router.add_get("/status", self._handle)
        # Nobody waits at the end for a handler that hangs on purpose.
        self._runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Go away at once."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    @property
    def open_connections(self) -> int:
        """Connections that are open now."""
        server = self._runner.server if self._runner else None
        return len(server.connections) if server else 0

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if self.token and request.query.get("token") != self.token:
            failure = {"status": "failure", "reason": "NotAuthenticated", "code": 401}
            return web.json_response(failure, status=401)
        self.asked.set()
        self.in_hand += 1
        self.most_in_hand = max(self.most_in_hand, self.in_hand)
        try:
            if self.misbehaves is not None:
                return await self.misbehaves(request)
            return web.json_response(await self._answer(request))
        finally:
            self.in_hand -= 1

    async def _answer(self, request: web.Request) -> dict[str, Any]:
        if request.path == "/status":
            return {"model_file": self.model_file, "model_id": "0c4f", "num_active_training_jobs": 0}
        text = (await request.json())["text"]
        self.questions.append(text)
        await asyncio.sleep(0)
        best = (self.learnt[text], 0.9) if text in self.learnt else self.intent
        ranking = [{"name": n, "confidence": c} for n, c in (best, *self.others)]
        return {
            "text": text,
            "intent": ranking[0],
            "entities": self.entities,
            "text_tokens": [[0, len(text)]],
            "intent_ranking": ranking,
        }


def says(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Behaviour:
    """A server that answers everything alike."""

    async def behave(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers=headers, content_type="application/json")

    return behave


async def hang(request: web.Request) -> web.StreamResponse:
    """Take the question and never answer."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def stop_in_the_middle(request: web.Request) -> web.StreamResponse:
    """Begin to answer and never end."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"intent": ')
    await asyncio.Event().wait()
    return response


async def drop(request: web.Request) -> web.StreamResponse:
    """Cut the connection."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


class Flood:
    """An answer without an end; `sent` counts its bytes."""

    def __init__(self) -> None:
        self.sent = 0

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while self.sent < 64 * 1024 * 1024:
            await response.write(b"[" * 65536)
            self.sent += 65536
        return response
