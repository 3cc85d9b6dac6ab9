"""The web chat on a loopback port, with a house in memory behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientResponse, CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from bot.web.chat import ChatSettings, Rhythm, add_chat_routes
from tests.bot.web.house import NOON, FakeHouse, ManualClock

Client = TestClient[web.Request, web.Application]
Open = Callable[..., Awaitable[Client]]


@pytest.fixture
def house() -> FakeHouse:
    return FakeHouse()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def open_client(house: FakeHouse, clock: ManualClock) -> AsyncIterator[Open]:
    """Start a server with the given settings and give a browser-like client (with cookies)."""
    clients: list[Client] = []

    async def start(settings: ChatSettings | None = None, **effects: Any) -> Client:
        app = web.Application()
        settings = settings or ChatSettings(rhythm=Rhythm(poll=0.2, heartbeat=60))
        effects = {"now": lambda: NOON, "monotonic": clock, **effects}
        add_chat_routes(app, settings, house, house, house, **effects)
        client = TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True))
        await client.start_server()
        clients.append(client)
        return client

    yield start
    for client in clients:
        await client.close()


@pytest.fixture
async def client(open_client: Open) -> Client:
    return await open_client()


async def say(client: Client, text: str | None = "xin chào", **changes: Any) -> ClientResponse:
    """Post one message as the page does; keyword arguments change its fields."""
    headers = changes.pop("headers", {})
    body = {"client_id": str(uuid4()), "text": text, **changes}
    return await client.post("/chat/messages", json=body, headers=headers)
