"""What the sender does with each outcome, and that order, copies and neighbours are kept."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.outbox import AccountSender
from bot.store import accounts, outbox, schema
from bot.store.database import Database
from bot.store.outbox import NewMessage
from connectors.channel import Outgoing
from connectors.errors import (
    Deferred,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    SendError,
    WindowClosed,
)
from connectors.message import ConversationId, File, Part, Text
from tests.bot.fakes import FakeChannel
from tests.conftest import StandingClock


class Counter:
    """A sender that is run by hand, round by round, on a standing clock."""

    def __init__(self, database: Database, nerves: Nerves, clock: StandingClock) -> None:
        self.database, self.clock = database, clock
        self.channel = FakeChannel()
        self.sender = AccountSender(
            self.channel, database, nerves, clock, Metrics(), per_minute=6000, in_flight=8
        )
        self._stamps = 0

    async def say(
        self, *words: str, user: str = "lan", event_id: int | None = None, priority: int = 0
    ) -> None:
        messages = []
        for word in words:
            self._stamps += 1
            messages.append(
                NewMessage(
                    ConversationId("fake", "oa", user),
                    Text(word),
                    f"kh:{self._stamps}",
                    event_id=event_id,
                    priority=priority,
                )
            )
        await self.database.write(lambda c: outbox.add(c, messages, self.clock()))

    async def rounds(self, count: int = 1, *, seconds: float = 0.0) -> None:
        """Send rounds until all calls end; the clock moves `seconds` before each."""
        for _ in range(count):
            self.clock.pass_(seconds=seconds)
            self.sender._next_recovery = 0.0
            await self.sender._round()
            while self.sender._tasks:
                await asyncio.wait(tuple(self.sender._tasks))

    async def states(self) -> list[str]:
        async with self.database.read() as connection:
            rows = await connection.execute(select(schema.outbox.c.state).order_by(schema.outbox.c.id))
            return list(rows.scalars())


@pytest.fixture
def counter(database: Database, nerves: Nerves, clock: StandingClock) -> Counter:
    return Counter(database, nerves, clock)


async def test_messages_of_a_conversation_go_out_one_after_another(counter: Counter) -> None:
    await counter.say("một", "hai", "ba")
    await counter.rounds(3)
    assert counter.channel.words == ["một", "hai", "ba"]


async def test_a_message_behind_one_that_must_wait_waits_too(counter: Counter) -> None:
    failures = iter([RetryLater("busy")])
    counter.channel.behave = lambda _m: next(failures, None)
    await counter.say("một", "hai")
    await counter.rounds(2)
    assert counter.channel.words == []
    await counter.rounds(2, seconds=1.0)
    assert counter.channel.words == ["một", "hai"]


async def test_one_slow_send_delays_no_other_conversation(counter: Counter) -> None:
    counter.channel.behave = lambda m: 0.4 if m.user == "chậm" else None
    await counter.say("một", user="chậm")
    for n in range(5):
        await counter.say(f"câu {n}", user=f"người {n}")
    await counter.sender._round()
    await asyncio.sleep(0.15)
    assert sorted(counter.channel.words) == [f"câu {n}" for n in range(5)]
    await counter.rounds(1)


@pytest.mark.service
async def test_as_many_hanging_sends_as_there_are_places_delay_nobody_else_for_long(
    database: Database, nerves: Nerves
) -> None:
    counter = Counter(database, nerves, StandingClock())
    counter.channel.behave = lambda m: 5.0 if m.user.startswith("chậm") else None
    for n in range(8):
        await counter.say("một", user=f"chậm {n}")
    stop = asyncio.Event()
    sending = asyncio.create_task(counter.sender.run(stop))
    await asyncio.sleep(0.3)
    began = asyncio.get_running_loop().time()
    await counter.say("hai", user="nhanh")
    async with asyncio.timeout(4):
        while counter.channel.words != ["hai"]:  # noqa: ASYNC110 - the channel is a fake without events
            await asyncio.sleep(0.02)
    assert asyncio.get_running_loop().time() - began < 3.5
    stop.set()
    await sending


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Refused("blocked", code="551"), "failed"),
        (WindowClosed("7 days", code="-230"), "failed"),
        (RetryLater("503"), "waiting"),
        (Misconfigured("token", code="-216"), "waiting"),
        (OutcomeUnknown("time-out"), "checking"),
        (SendError("a fault of ours"), "failed"),
    ],
)
async def test_an_error_decides_what_becomes_of_the_message(
    counter: Counter, error: SendError, state: str
) -> None:
    counter.channel.behave = lambda _m: error
    await counter.say("một")
    await counter.rounds()
    assert await counter.states() == [state]


async def test_two_failures_in_a_row_still_deliver_within_thirty_seconds(counter: Counter) -> None:
    failures = iter([RetryLater("503"), RetryLater("503")])
    counter.channel.behave = lambda _m: next(failures, None)
    await counter.say("một")
    await counter.rounds(30, seconds=1.0)
    assert counter.channel.words == ["một"]


async def test_a_deferred_message_goes_at_its_time_and_not_before(counter: Counter) -> None:
    until = counter.clock() + timedelta(hours=8)
    answers = iter([Deferred("night", until=until)])
    counter.channel.behave = lambda _m: next(answers, None)
    await counter.say("một")
    await counter.rounds(1)
    await counter.rounds(1, seconds=7 * 3600)
    assert counter.channel.words == []
    await counter.rounds(1, seconds=3601)
    assert counter.channel.words == ["một"]


async def test_after_time_outs_there_are_never_more_than_two_copies(counter: Counter) -> None:
    counter.channel.behave = lambda _m: OutcomeUnknown("time-out")
    await counter.say("một", "hai")
    await counter.rounds(1)
    await counter.rounds(1, seconds=1)
    assert len(counter.channel.tried) == 1, "the echo must be awaited before a second try"
    await counter.rounds(20, seconds=5)
    tries = [m.part.text for m in counter.channel.tried if isinstance(m.part, Text)]
    assert tries.count("một") == 2
    assert (await counter.states())[0] == "unknown"
    assert tries.count("hai") == 2, "the next message is not held up for ever"


async def test_an_echo_during_the_wait_ends_it_without_a_second_copy(counter: Counter) -> None:
    counter.channel.behave = lambda _m: OutcomeUnknown("time-out")
    await counter.say("một")
    await counter.rounds(1)
    await counter.database.write(
        lambda c: outbox.match_echo(c, "fake:oa:lan", stamp="kh:1", message_id="mid-x", now=counter.clock())
    )
    await counter.rounds(5, seconds=5)
    assert len(counter.channel.tried) == 1
    assert await counter.states() == ["sent"]


async def test_an_echo_that_comes_before_the_answer_is_not_undone_by_a_late_failure(counter: Counter) -> None:
    async def echo_then_fail(_message: Outgoing) -> None:
        await counter.database.write(
            lambda c: outbox.match_echo(c, "fake:oa:lan", stamp="kh:1", message_id="m", now=counter.clock())
        )
        raise OutcomeUnknown("hang after accepting")

    counter.channel.send = echo_then_fail  # type: ignore[assignment, method-assign]
    await counter.say("một")
    await counter.rounds(3, seconds=5)
    assert await counter.states() == ["sent"]


async def test_a_send_whose_sender_died_is_checked_and_sent_again(counter: Counter) -> None:
    await counter.say("một")
    now = counter.clock()
    await counter.database.write(
        lambda c: outbox.claim(
            c, "fake", "oa", owner="elsewhere", now=now, lease_until=now + timedelta(seconds=13), limit=1
        )
    )
    await counter.rounds(3, seconds=4)
    assert counter.channel.words == []
    await counter.rounds(3, seconds=4)
    assert counter.channel.words == ["một"]


async def test_when_one_part_is_refused_the_rest_of_the_reply_is_not_sent_alone(counter: Counter) -> None:
    counter.channel.behave = lambda m: Refused("no") if m.stamp == "kh:1" else None
    await counter.say("một", "hai", event_id=7)
    await counter.say("lời khác", event_id=8)
    await counter.rounds(4)
    assert counter.channel.words == ["lời khác"]


async def test_what_follows_a_file_is_sent_though_the_file_was_refused(counter: Counter) -> None:
    counter.channel.behave = lambda m: Refused("no") if isinstance(m.part, File) else None
    lan = ConversationId("fake", "oa", "lan")
    parts: tuple[Part, ...] = (
        Text("kết quả"),
        File("/nowhere/card.png", "card.png", "image/png"),
        Text("việc nên làm"),
    )
    reply = [NewMessage(lan, part, f"kh:{number}", event_id=7) for number, part in enumerate(parts)]
    await counter.database.write(lambda c: outbox.add(c, reply, counter.clock()))
    await counter.rounds(4)
    assert await counter.states() == ["sent", "failed", "sent"]


async def test_a_broken_account_rests_is_reported_and_recovers_by_itself(counter: Counter) -> None:
    counter.channel.behave = lambda _m: Misconfigured("token", code="190")
    await counter.say("một")
    await counter.say("hai", user="ba")
    await counter.rounds(5, seconds=1)
    assert len(counter.channel.tried) == 2
    async with counter.database.read() as connection:
        assert (await accounts.state(connection, "fake:oa")).broken_since is not None
    counter.channel.behave = lambda _m: None
    await counter.rounds(3, seconds=61)
    assert sorted(counter.channel.words) == ["hai", "một"]
    async with counter.database.read() as connection:
        assert (await accounts.state(connection, "fake:oa")).broken_since is None


async def test_a_campaign_message_never_holds_up_a_reply(counter: Counter) -> None:
    await counter.say("chiến dịch", priority=10)
    await counter.database.write(
        lambda c: c.execute(update(schema.outbox).values(not_before=counter.clock() + timedelta(hours=9)))
    )
    await counter.say("trả lời")
    await counter.rounds(1)
    assert counter.channel.words == ["trả lời"]


async def test_two_senders_never_send_the_same_message(
    database: Database, nerves: Nerves, clock: StandingClock
) -> None:
    first, second = Counter(database, nerves, clock), Counter(database, nerves, clock)
    for n in range(20):
        await first.say(f"câu {n}", user=f"người {n}")
    await asyncio.gather(first.rounds(4), second.rounds(4))
    assert len(first.channel.words + second.channel.words) == 20
    assert sorted(first.channel.words + second.channel.words) == sorted(f"câu {n}" for n in range(20))


async def test_the_rate_of_an_account_is_kept(
    database: Database, nerves: Nerves, clock: StandingClock
) -> None:
    counter = Counter(database, nerves, clock)
    counter.sender._per_minute = 3
    for n in range(8):
        await counter.say(f"câu {n}", user=f"người {n}")
    await counter.rounds(4)
    assert len(counter.channel.words) == 3
