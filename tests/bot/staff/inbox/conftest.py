"""Officers in front of the inbox, each with a browser of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from aiohttp import ClientResponse

from bot.staff.access import COOKIE
from bot.store.database import Database
from bot.store.staff import Role
from connectors.channel import Capabilities
from connectors.message import Part, Text
from tests.bot.fakes import FakeChannel
from tests.bot.staff.conftest import Console
from tests.conftest import StandingClock

ME = "can-bo-agent"
"""Whom `agent` is signed in as."""


class ShortLinedChannel(FakeChannel):
    """Takes ten characters at a time, and officers' words only within a day."""

    capabilities = Capabilities(10, 0, 20, window=timedelta(hours=24))

    def fit(self, part: Part, user: str = "") -> tuple[Part, ...]:
        assert isinstance(part, Text)
        return tuple(Text(part.text[at : at + 10]) for at in range(0, len(part.text), 10))


@dataclass
class Browser:
    """One officer's browser, beside whoever `Console` is signed in as."""

    console: Console
    name: str
    secret: str
    csrf: str

    async def post(self, path: str, **form: str) -> ClientResponse:
        data = {"csrf": self.csrf, **{name.replace("_", "-"): value for name, value in form.items()}}
        return await self.console.client.post(
            path, data=data, allow_redirects=False, headers={"Cookie": f"{COOKIE}={self.secret}"}
        )

    async def get(self, path: str, **headers: str) -> ClientResponse:
        own = {"Cookie": f"{COOKIE}={self.secret}", **headers}
        return await self.console.client.get(path, allow_redirects=False, headers=own)

    async def page(self, path: str) -> str:
        answer = await self.get(path)
        assert answer.status == 200, (path, answer.status)
        return await answer.text()


async def browser_of(console: Console, name: str, role: Role = Role.AGENT) -> Browser:
    """Sign somebody in; from then on nobody is signed in beside these browsers."""
    await console.become(role, name)
    console.client.session.cookie_jar.clear()
    return Browser(console, name, console.secret, console.csrf)


@pytest.fixture
async def agent(console: Console) -> Console:
    await console.become(Role.AGENT)
    return console


@pytest.fixture
async def short_lined(database: Database, clock: StandingClock) -> AsyncIterator[Console]:
    made = Console(database, clock)
    made.desk = replace(made.desk, channels=(ShortLinedChannel(),))
    await made.start()
    await made.become(Role.AGENT)
    yield made
    await made.client.close()
