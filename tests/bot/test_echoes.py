"""What comes home from the platforms: our own words, an officer's, receipts, and the demand to forget."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.dialogue.assistant import Assistant
from bot.dialogue.texts import Texts
from bot.dialogue.turn import Mode
from bot.inbox import Inbox
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.store import conversations, outbox, schema
from bot.store.database import Database
from bot.store.outbox import NewMessage, State
from bot.worker import Worker
from connectors.message import ConversationId, EventKind, InboundEvent, Text
from tests.bot.fakes import FakeChannel, said
from tests.conftest import StandingClock
from tests.interpreter import interpreter
from tests.shipped import knowledge

LAN = ConversationId("fake", "oa", "lan")
HELLO = Text("Xin chào bạn nhé")


class Home:
    """The house from inbox to commit, with the real assistant."""

    def __init__(self, database: Database, nerves: Nerves, clock: StandingClock) -> None:
        self.database, self.clock = database, clock
        self.inbox = Inbox(database, nerves, clock, Metrics())
        assistant = Assistant(interpreter(), knowledge(), Texts())
        self.worker = Worker(
            database, nerves, assistant, {("fake", "oa"): FakeChannel()}, "xin lỗi", clock, Metrics()
        )

    async def hear(self, event: InboundEvent) -> None:
        await self.inbox.accept([event])
        await self.worker.handle(LAN.key)

    async def echo(self, kind: EventKind, key: str, **fields: Any) -> None:
        await self.hear(replace(said("", key=key), kind=kind, **fields))

    async def put(self, stamp: str, state: State, part: Text = HELLO) -> None:
        message = NewMessage(LAN, part, stamp, state=state)
        await self.database.write(lambda c: outbox.add(c, [message], self.clock()))

    async def states(self) -> dict[str, str]:
        async with self.database.read() as connection:
            t = schema.outbox
            return {row[0]: row[1] for row in await connection.execute(select(t.c.stamp, t.c.state))}

    async def mode(self) -> Mode:
        async with self.database.read() as connection:
            return (await conversations.load(connection, LAN)).mode


@pytest.fixture
def home(database: Database, nerves: Nerves, clock: StandingClock) -> Home:
    return Home(database, nerves, clock)


async def test_words_coming_home_confirm_the_send_in_doubt_not_the_dead_letter(home: Home) -> None:
    await home.put("kh:old", State.UNKNOWN)
    await home.put("kh:now", State.CHECKING)
    await home.echo(EventKind.OWN_ECHO, "e1", text="Xin chào bạn nhé\nNguồn: …", message_id="m1")
    assert await home.states() == {"kh:old": "unknown", "kh:now": "sent"}


async def test_a_late_echo_still_rescues_a_message_given_up_a_moment_ago(home: Home) -> None:
    await home.put("kh:1", State.UNKNOWN)
    await home.echo(EventKind.OWN_ECHO, "e1", text="Xin chào bạn nhé", message_id="m1")
    assert await home.states() == {"kh:1": "sent"}


async def test_the_same_words_long_after_are_somebody_elses(home: Home) -> None:
    await home.put("kh:1", State.UNKNOWN)
    home.clock.pass_(minutes=11)
    await home.echo(EventKind.OWN_ECHO, "e1", text="Xin chào bạn nhé", message_id="m1")
    assert await home.states() == {"kh:1": "unknown"}


async def test_an_officers_words_silence_the_bot_and_stand_in_the_transcript(home: Home) -> None:
    await home.echo(EventKind.HUMAN_ECHO, "h1", text="Chào bác", message_id="m9")
    assert await home.mode() is Mode.PERSON
    before = len(await home.states())
    await home.hear(said("quyet dinh 1373 la gi"))
    assert len(await home.states()) == before == 1


async def test_our_own_send_coming_back_unmarked_is_not_taken_for_an_officer(home: Home) -> None:
    await home.put("kh:1", State.SENDING)
    await home.database.write(lambda c: outbox.mark_sent(c, 1, "mid-1", home.clock()))
    await home.echo(EventKind.HUMAN_ECHO, "h1", text=HELLO.text, message_id="mid-1")
    assert await home.mode() is Mode.BOT


async def test_a_receipt_never_turns_seen_back_into_delivered(home: Home) -> None:
    await home.put("kh:1", State.SENDING)
    await home.database.write(lambda c: outbox.mark_sent(c, 1, "mid-1", home.clock()))
    seen_at = home.clock() + timedelta(seconds=5)
    await home.echo(EventKind.SEEN, "s", sent_at=seen_at, refers_to=("mid-1",))
    await home.echo(EventKind.DELIVERED, "d", sent_at=home.clock(), refers_to=("mid-1",))
    async with home.database.read() as connection:
        t = schema.outbox
        row = (await connection.execute(select(t.c.seen_at, t.c.delivered_at))).one()
    assert row.seen_at == row.delivered_at == seen_at


async def test_a_demand_to_forget_leaves_the_bare_fact_and_nothing_else(home: Home) -> None:
    await home.hear(said("tôi tên là Lan, số điện thoại 0901234567"))
    await home.echo(EventKind.WITHDRAWN, "w1")
    async with home.database.read() as connection:
        for table in (schema.outbox, schema.turns):
            assert await connection.scalar(select(func.count()).select_from(table)) == 0
        bodies = list((await connection.execute(select(schema.inbound_events.c.body))).scalars())
    assert len(bodies) == 1
    assert "Lan" not in bodies[0]
    assert "0901234567" not in bodies[0]
