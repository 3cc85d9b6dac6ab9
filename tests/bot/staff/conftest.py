"""The console on a real database, a fake channel, and a clock that stands still."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection
from yarl import URL

import bot.web.pages
from bot.dialogue.turn import Mode, Outcome, Understanding
from bot.staff.access import COOKIE, hash_of
from bot.staff.console import add_staff_routes
from bot.staff.inbox import path_of
from bot.staff.parts import StaffParts
from bot.store import conversations, events, outbox, schema, staff, turns
from bot.store.database import Database
from bot.store.outbox import NewMessage, State
from bot.store.staff import Role
from connectors.message import Attachment, ConversationId, Part, Text, decode_part
from knowledge.base import KnowledgeBase
from knowledge.content import content_of
from nlu.text import vietnamese_text
from tests.bot.fakes import EchoAssistant, FakeChannel, said
from tests.conftest import StandingClock

LAN = ConversationId("fake", "oa", "lan")


PAGES = Path(bot.web.pages.__file__).parent


@cache
def _nothing_known() -> KnowledgeBase:
    return KnowledgeBase(content_of(()), vietnamese_text())


class CountedNudge:
    """Counts how often the senders are told."""

    def __init__(self) -> None:
        self.hints = 0

    async def hint_outbox(self) -> None:
        self.hints += 1


class Console:
    """A console being served, and the house around it."""

    def __init__(self, database: Database, clock: StandingClock) -> None:
        self.database, self.clock = database, clock
        self.channel, self.nudge = FakeChannel(), CountedNudge()
        self.app = web.Application()
        # The house serves what all pages share; here the console stands alone.
        self.app.router.add_static("/chat/assets/", PAGES / "static")
        self.desk = StaffParts(
            database,
            self.nudge,
            (self.channel,),
            clock,
            "Hội Khuyến học phường An Bình",
            base=_nothing_known,
            assistant=EchoAssistant(),
            public_url="https://hoi.example.vn",
            trusted_proxies=1,
        )
        self.csrf = ""
        self.secret = ""

    async def start(self) -> None:
        """Serve. Parts may be replaced before."""
        add_staff_routes(self.app, self.desk)
        self.client: TestClient[web.Request, web.Application] = TestClient(TestServer(self.app))
        await self.client.start_server()

    async def become(self, role: Role, name: str = "") -> None:
        """Sign in without the password, as the sign-in page would after checking it."""
        now, name = self.clock(), name or f"can-bo-{role.value}"
        self.secret, self.csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        await self.database.write(
            lambda c: staff.put(c, name=name, role=role, password_hash="không dùng", now=now)
        )
        async with self.database.read() as connection:
            officer = await staff.find(connection, name)
        assert officer is not None
        await self.database.write(
            lambda c: staff.begin_session(
                c,
                token_hash=hash_of(self.secret),
                staff_id=officer.id,
                csrf=self.csrf,
                now=now,
                expires_at=now + timedelta(hours=12),
            )
        )
        self.client.session.cookie_jar.clear()
        self.client.session.cookie_jar.update_cookies(
            {COOKIE: self.secret}, URL(str(self.client.make_url("/staff")))
        )

    async def get(self, path: str, **headers: str) -> ClientResponse:
        return await self.client.get(path, allow_redirects=False, headers=headers)

    async def page(self, path: str) -> str:
        """The text of a page that must be there."""
        answer = await self.get(path)
        assert answer.status == 200, (path, answer.status)
        return await answer.text()

    async def post(self, path: str, headers: Any = None, **form: str) -> ClientResponse:
        """Press a button: with the session's token unless `csrf` says otherwise. `headers` is a mapping."""
        data = {"csrf": self.csrf, **{name.replace("_", "-"): value for name, value in form.items()}}
        return await self.client.post(path, data=data, allow_redirects=False, headers=headers)

    # --- the house ---------------------------------------------------------------------------------

    async def hear(
        self,
        words: str,
        *,
        user: str = "lan",
        mode: Mode = Mode.BOT,
        attachments: tuple[Attachment, ...] = (),
        outcome: Outcome = Outcome.ANSWERED,
        can_receive: bool = True,
        officer: str = "",
        understanding: Understanding | None = None,
    ) -> ConversationId:
        """A citizen wrote and the turn was taken."""
        event = replace(said(words, user=user, key=secrets.token_hex(8)), attachments=attachments)
        id_, now = ConversationId("fake", "oa", user), self.clock()
        await self.database.write(lambda c: events.insert(c, [event], now))
        async with self.database.read() as connection:
            heard = (await events.pending(connection, id_.key, 1))[0]
            before = await conversations.load(connection, id_)
        after = replace(
            before, mode=mode, mode_since=now, last_heard_at=now, can_receive=can_receive, officer=officer
        )

        async def job(connection: AsyncConnection) -> None:
            await events.finish(connection, heard.id, outcome, now)
            await conversations.save(connection, after, now)
            await turns.add(
                connection,
                event_id=heard.id,
                conversation_key=id_.key,
                at=now,
                outcome=outcome,
                understanding=understanding or Understanding(),
                took_ms=1.0,
            )

        await self.database.write(job)
        return id_

    async def tell(
        self,
        part: Part | str,
        state: State = State.SENT,
        error: str = "",
        *,
        event_id: int | None = None,
        author: str = "bot",
    ) -> int:
        """We answered, and this became of it."""
        made = Text(part) if isinstance(part, str) else part
        stamp = f"kh:{secrets.token_hex(12)}"
        message = NewMessage(LAN, made, stamp, author=author, event_id=event_id, state=state)
        now = self.clock()

        async def job(connection: AsyncConnection) -> int:
            await outbox.add(connection, [message], now)
            t = schema.outbox
            await connection.execute(t.update().where(t.c.stamp == stamp).values(error=error or None))
            return int((await connection.execute(select(t.c.id).where(t.c.stamp == stamp))).scalar_one())

        return await self.database.write(job)

    async def rows(self, table: Table) -> list[dict[str, object]]:
        async with self.database.read() as connection:
            return [dict(row._mapping) for row in await connection.execute(select(table))]

    async def sent_by_officers(self) -> list[str]:
        return [
            getattr(decode_part(str(row["part"])), "text", "")
            for row in await self.rows(schema.outbox)
            if row["author"] == "officer"
        ]

    async def mode(self, id_: ConversationId = LAN) -> Mode:
        async with self.database.read() as connection:
            return (await conversations.load(connection, id_)).mode

    async def person_last_at(self, id_: ConversationId = LAN) -> datetime | None:
        async with self.database.read() as connection:
            return (await conversations.load(connection, id_)).person_last_at


def ticket_in(page: str) -> str:
    """The one-time number of the reply form."""
    found = re.search(r'name="ma" value="([0-9a-f]{24})"', page)
    assert found is not None
    return found.group(1)


PATH = path_of(LAN)


@pytest.fixture
async def console(database: Database, clock: StandingClock) -> AsyncIterator[Console]:
    made = Console(database, clock)
    await made.start()
    yield made
    await made.client.close()
