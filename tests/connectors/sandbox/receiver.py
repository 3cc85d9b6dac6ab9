"""A bot that only takes webhooks: records what came and answers what it was told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Got:
    """One request as it came."""

    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]

    @property
    def event(self) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded


@dataclass
class Receiver:
    """`statuses` are used up one per request; then everything is answered 200."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    silent_for: float = 0.0
    verify_token: str = ""

    @property
    def events(self) -> list[dict[str, Any]]:
        return [got.event for got in self.got]

    @property
    def names(self) -> list[str]:
        """Zalo event names, in order of arrival."""
        return [event.get("event_name", "") for event in self.events]

    def messaging(self) -> list[dict[str, Any]]:
        """Messenger events of all deliveries, in order of arrival."""
        return [item for e in self.events for entry in e["entry"] for item in entry.get("messaging", [])]

    async def take(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            if request.query.get("hub.verify_token") != self.verify_token:
                return web.Response(status=403)
            return web.Response(text=request.query["hub.challenge"])
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append(Got(await request.read(), headers, dict(request.query)))
        await asyncio.sleep(self.silent_for)
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Serve a receiver on a free loopback port."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/hook", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()
