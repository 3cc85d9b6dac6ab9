"""From an event in the inbox to replies in the outbox: every event once, in order, whole or not at all."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select

from bot.dialogue.texts import Texts
from bot.dialogue.turn import Mode
from bot.inbox import Inbox
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.store import conversations, schema
from bot.store.database import Database
from bot.worker import Worker
from connectors.message import ConversationId, EventKind, InboundEvent, decode_part
from tests.bot.fakes import EchoAssistant, FakeChannel, said
from tests.conftest import StandingClock


class Desk:
    """A worker with its surroundings."""

    def __init__(self, database: Database, nerves: Nerves, clock: StandingClock) -> None:
        self.database, self.clock = database, clock
        self.assistant, self.channel = EchoAssistant(), FakeChannel()
        self.inbox = Inbox(database, nerves, clock, Metrics())
        self.nerves = nerves

    def worker(self) -> Worker:
        return Worker(
            self.database,
            self.nerves,
            self.assistant,
            {("fake", "oa"): self.channel},
            Texts().apology,
            self.clock,
            Metrics(),
        )

    async def hear(self, *events: InboundEvent) -> None:
        await self.inbox.accept(events)

    async def replies(self) -> list[str]:
        async with self.database.read() as connection:
            rows = await connection.execute(select(schema.outbox.c.part).order_by(schema.outbox.c.id))
            return [getattr(decode_part(row[0]), "text", "") for row in rows]


@pytest.fixture
def desk(database: Database, nerves: Nerves, clock: StandingClock) -> Desk:
    return Desk(database, nerves, clock)


async def until(condition: Callable[[], object]) -> None:
    """Wait until a condition (or the awaitable it gives) is true."""
    for _ in range(500):
        met = condition()
        if await met if inspect.isawaitable(met) else met:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen within 5 seconds")


def re(*words: str) -> Sequence[str]:
    return [f"re: {word}" for word in words]


KEY = ConversationId("fake", "oa", "lan").key


async def test_a_redelivered_event_is_answered_once(desk: Desk) -> None:
    await desk.hear(said("một", key="k1"))
    await desk.hear(said("một", key="k1"), said("một", key="k1"))
    await desk.worker().handle(KEY)
    assert await desk.replies() == re("một")


async def test_events_are_answered_in_the_order_they_happened_not_in_the_order_they_came(desk: Desk) -> None:
    await desk.hear(said("ba", after=3), said("một", after=1))
    await desk.hear(said("hai", after=2))
    await desk.worker().handle(KEY)
    assert await desk.replies() == re("một", "hai", "ba")


async def test_two_workers_on_one_conversation_answer_each_message_once(desk: Desk) -> None:
    desk.assistant.delay = 0.02
    await desk.hear(*[said(f"câu {n}", after=n) for n in range(8)])
    await asyncio.gather(*[desk.worker().handle(KEY) for _ in range(5)])
    assert await desk.replies() == re(*[f"câu {n}" for n in range(8)])


async def test_even_without_the_lock_only_one_worker_wins_a_turn(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis may lose a lock; then the revision in SQL decides."""
    desk.assistant.delay = 0.05
    await desk.hear(said("một"))
    first, second = desk.worker(), desk.worker()
    results = await asyncio.gather(
        first._handle_pending(KEY), second._handle_pending(KEY), return_exceptions=True
    )
    assert await desk.replies() == re("một")
    assert [type(r).__name__ for r in results if r is not None] == ["StaleConversation"]


async def test_a_turn_that_raises_is_tried_again_then_parked_with_an_apology_and_the_talk_goes_on(
    desk: Desk,
) -> None:
    desk.assistant.poison = {"độc"}
    await desk.hear(said("độc", after=1), said("lành", after=2))
    worker = desk.worker()
    for _ in range(4):
        await worker._handle_pending(KEY)
        desk.clock.pass_(seconds=6)
    assert await desk.replies() == [Texts().apology, "re: lành"]
    async with desk.database.read() as connection:
        rows = await connection.execute(
            select(schema.inbound_events.c.outcome, schema.inbound_events.c.error).order_by(
                schema.inbound_events.c.id
            )
        )
        assert [tuple(row) for row in rows] == [("parked", "RuntimeError"), ("answered", None)]


async def test_an_event_a_newer_program_wrote_does_not_block_the_talk(desk: Desk) -> None:
    await desk.hear(said("từ tương lai", after=1), said("hôm nay", after=2))
    t = schema.inbound_events
    first = t.c.event_key == said("từ tương lai").key
    await desk.database.write(lambda c: c.execute(t.update().where(first).values(body='{"kind": "unheard"}')))
    await desk.worker().handle(KEY)
    assert await desk.replies() == re("hôm nay")


async def test_a_fault_that_passes_costs_only_a_moment(desk: Desk) -> None:
    desk.assistant.poison = {"chập chờn"}
    await desk.hear(said("chập chờn"))
    worker = desk.worker()
    await worker._handle_pending(KEY)
    assert await desk.replies() == []
    desk.assistant.poison = set()
    desk.clock.pass_(seconds=1)
    await worker._handle_pending(KEY)
    assert await desk.replies() == re("chập chờn")


async def test_a_running_worker_finds_what_was_never_announced(desk: Desk) -> None:
    """A crash between the insert and the announcement, or a Redis that forgot everything."""
    await desk.nerves.aclose()
    await desk.hear(said("mồ côi"))
    revived = Nerves(desk.nerves.url)
    revived.start()
    desk.nerves = revived
    stop = asyncio.Event()
    run = asyncio.create_task(desk.worker().run(stop))
    try:
        await until(desk.replies)
    finally:
        stop.set()
        await run
        await revived.aclose()
    assert await desk.replies() == re("mồ côi")


async def test_stopping_finishes_the_turn_in_hand(desk: Desk) -> None:
    desk.assistant.delay = 0.3
    await desk.hear(said("đang nghĩ"))
    stop = asyncio.Event()
    run = asyncio.create_task(desk.worker().run(stop))
    await until(lambda: desk.assistant.heard)
    stop.set()
    await run
    assert await desk.replies() == re("đang nghĩ")


@pytest.mark.parametrize("wrote_before", [False, True])
async def test_the_bot_is_silent_for_its_time_after_somebody_took_the_thread(
    desk: Desk, wrote_before: bool
) -> None:
    id_ = ConversationId("fake", "oa", "lan")
    worker = desk.worker()
    if wrote_before:
        echo = replace(said("Chào bạn", key="echo"), kind=EventKind.HUMAN_ECHO, message_id="m1")
        await desk.hear(echo)
        await worker.handle(KEY)
    desk.clock.pass_(hours=48)
    taken = replace(said("", key="taken", after=1), kind=EventKind.CONTROL, payload="taken")
    await desk.hear(taken)
    await worker.handle(KEY)
    async with desk.database.read() as connection:
        conversation = await conversations.load(connection, id_)
    assert conversation.mode is Mode.PERSON
    assert conversation.person_last_at == desk.clock()
