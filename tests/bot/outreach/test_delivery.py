"""A campaign reaches everybody it should, once, at its pace, in the daytime, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.outbox import AccountSender
from bot.outreach.campaign import Audience, Button, Campaign, Message, Outside, State
from bot.outreach.delivery import Feeder, HeldMessages, Pace, Post, made, stamp_of
from bot.outreach.steps import Office
from bot.outreach.topics import Topic
from bot.store import accounts, recipients, schema
from bot.store.campaigns import NewCampaign
from bot.store.database import Database
from bot.store.recipients import Place, Turn
from connectors.channel import Channel, Outgoing
from connectors.errors import Misconfigured, OutcomeUnknown, Refused
from connectors.message import ConversationId, Text
from tests.bot.fakes import FakeChannel
from tests.bot.outreach.people import Person, settle
from tests.bot.outreach.test_planning import LAN, again
from tests.conftest import StandingClock

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
NEW = NewCampaign(
    "Ngày Khuyến học",
    Topic.MONTH,
    Message(
        "Chào bạn ở {xa}. {hoi} mời bạn ngày {ngay}.", button=Button("Tự đánh giá", "do:start_assessment")
    ),
    Audience(),
)


class ZaloLike(FakeChannel):
    """A fake with Zalo's name, so that Zalo's windows hold."""

    name = "zalo"


class Street:
    """A house with one account, run round by round on a standing clock."""

    per_minute: float | None = None

    def __init__(
        self, database: Database, nerves: Nerves, clock: StandingClock, channel: Channel | None = None
    ) -> None:
        self.database, self.clock = database, clock
        self.channel = ZaloLike()
        self.on = channel or self.channel
        self.seconds = 0.0
        self.office = Office(database, clock, HANOI, frozenset({"zalo"}), approval_above=1000)
        self.post = Post("Hội Khuyến học An Bình", HANOI, Path("campaigns"))
        self.nerves = nerves
        self.feeder = self.another_feeder()
        self.sender = AccountSender(self.on, database, nerves, clock, Metrics(), per_minute=None, in_flight=8)
        self.held = HeldMessages(database, (self.on,), clock, self.post)

    def another_feeder(self) -> Feeder:
        """As after a restart."""
        return Feeder(
            self.database, self.nerves, (self.on,), {"zalo": self.per_minute}, self.clock, self.post,
            lambda: self.seconds,
        )  # fmt: skip

    async def begun(self, new: NewCampaign = NEW, at: datetime | None = None) -> int:
        """A campaign with its time set."""
        campaign_id = await self.office.draft(new, LAN)
        await self.office.schedule(await again(self.office, campaign_id), at, LAN)
        return campaign_id

    async def now(self, campaign_id: int) -> Campaign:
        return await again(self.office, campaign_id)

    async def round(self, count: int = 1, *, send: bool = True) -> None:
        for _ in range(count):
            await self.feeder.round()
            if send:
                await self.sender._round()
                if self.sender._tasks:
                    await asyncio.wait(tuple(self.sender._tasks))

    async def fates(self, campaign_id: int) -> Counter[str]:
        """Everybody counted once."""
        async with self.database.read() as connection:
            found = await recipients.results(connection, campaign_id)
        counted: Counter[str] = Counter()
        for one in found:
            counted[f"{one.place}:{one.sending or one.why}"] += one.count
        return counted

    def reached(self) -> Counter[str]:
        return Counter(message.user for message in self.channel.sent)


@pytest.fixture
def street(database: Database, nerves: Nerves, clock: StandingClock) -> Street:
    return Street(database, nerves, clock)


async def test_everybody_gets_it_once_filled_in_and_the_campaign_is_done(street: Street) -> None:
    people = [Person(f"p{i}", commune="Mộc Châu" if i == 0 else "") for i in range(30)]
    await settle(street.database, people, street.clock())
    campaign_id = await street.begun()
    await street.round(12)
    assert street.reached() == Counter({one.name: 1 for one in people})
    assert (await street.now(campaign_id)).state is State.DONE
    assert await street.fates(campaign_id) == {"queued:sent": 30}
    texts = {message.user: message.part for message in street.channel.sent}
    first = texts["p0"]
    assert isinstance(first, Text)
    assert first.text == "Chào bạn ở Mộc Châu. Hội Khuyến học An Bình mời bạn ngày 02/10."
    assert first.options[0].payload == "do:start_assessment"
    other = texts["p1"]
    assert isinstance(other, Text)
    assert "nơi bạn ở" in other.text


async def test_whoever_took_their_consent_back_meanwhile_is_left_alone(street: Street) -> None:
    await settle(street.database, [Person("a"), Person("b")], street.clock())
    campaign_id = await street.begun()
    await street.round(1)  # written down, nobody fed yet
    left = delete(schema.subscriptions).where(schema.subscriptions.c.conversation_key == Person("b").id.key)
    await street.database.write(lambda c: c.execute(left))
    await street.round(6)
    assert street.reached() == {"a": 1}
    assert await street.fates(campaign_id) == {"queued:sent": 1, "skipped:not_agreed": 1}


async def settle_heard(street: Street, *names: str) -> None:
    """These wrote to us just now."""
    t = schema.conversations
    keys = [Person(name).id.key for name in names]
    await street.database.write(
        lambda c: c.execute(update(t).where(t.c.key.in_(keys)).values(last_heard_at=street.clock()))
    )


async def test_pausing_takes_back_what_was_not_tried_and_resuming_sends_it(street: Street) -> None:
    await settle(street.database, [Person(f"p{i}") for i in range(10)], street.clock())
    campaign_id = await street.begun()
    await street.round(2, send=False)
    assert (await street.fates(campaign_id))["queued:waiting"] == 10
    await street.office.pause(await street.now(campaign_id), LAN)
    await street.round(2)
    assert street.channel.tried == []
    assert (await street.fates(campaign_id)) == {"waiting:open": 10}
    await street.office.resume(await street.now(campaign_id), LAN)
    await street.round(10)
    assert street.reached() == Counter({f"p{i}": 1 for i in range(10)})


async def test_stopping_is_for_good(street: Street) -> None:
    await settle(street.database, [Person("a"), Person("b", heard_ago=timedelta(days=9))], street.clock())
    campaign_id = await street.begun()
    await street.round(2, send=False)
    await street.office.stop(await street.now(campaign_id), LAN)
    street.clock.pass_(minutes=1)
    await street.round(2)
    street.clock.pass_(minutes=1)
    await street.round(2)
    assert street.channel.tried == []
    assert await street.fates(campaign_id) == {"skipped:stopped": 2}
    await settle_heard(street, "b")
    assert not await street.held.give(Person("b").id)


async def test_nothing_goes_out_at_night_and_it_goes_on_in_the_morning(street: Street) -> None:
    await settle(
        street.database, [Person(f"p{i}", heard_ago=timedelta(hours=-13)) for i in range(5)], street.clock()
    )
    street.clock.now = datetime(2026, 10, 2, 14, 59, 59, tzinfo=UTC)  # a second before ten at night there
    campaign_id = await street.begun()
    await street.round(2, send=False)
    assert (await street.fates(campaign_id))["queued:waiting"] == 5
    street.clock.pass_(seconds=1)
    await street.round(3)
    assert street.channel.tried == []
    street.clock.now = datetime(2026, 10, 2, 23, 59, 59, tzinfo=UTC)
    await street.round(3)
    assert street.channel.tried == []
    street.clock.pass_(seconds=1)  # seven in the morning
    await street.round(8)
    assert street.reached() == Counter({f"p{i}": 1 for i in range(5)})


@pytest.mark.parametrize(
    ("scheduled", "starts", "state"),
    [
        # at eleven at night: when the quiet hours are over
        (datetime(2026, 10, 2, 16, 0, tzinfo=UTC), datetime(2026, 10, 3, 0, 0, tzinfo=UTC), State.RUNNING),
        # the program was off for five hours: late, but it goes
        (datetime(2026, 10, 2, 3, 0, tzinfo=UTC), datetime(2026, 10, 2, 8, 0, tzinfo=UTC), State.RUNNING),
        # off for seven: a person decides
        (datetime(2026, 10, 2, 3, 0, tzinfo=UTC), datetime(2026, 10, 2, 10, 1, tzinfo=UTC), State.PAUSED),
        # leap day, and a month's last evening
        (datetime(2028, 2, 28, 16, 0, tzinfo=UTC), datetime(2028, 2, 29, 0, 0, tzinfo=UTC), State.RUNNING),
        (datetime(2026, 10, 31, 15, 30, tzinfo=UTC), datetime(2026, 11, 1, 0, 0, tzinfo=UTC), State.RUNNING),
    ],
)
async def test_a_schedule_begins_at_its_time_or_waits_for_a_person(
    street: Street, scheduled: datetime, starts: datetime, state: State
) -> None:
    street.clock.now = scheduled - timedelta(hours=2)
    await settle(street.database, [Person("a")], street.clock())
    campaign_id = await street.begun(at=scheduled)
    street.clock.now = scheduled - timedelta(seconds=1)
    await street.round(1, send=False)
    assert (await street.now(campaign_id)).state is State.SCHEDULED
    street.clock.now = starts
    await street.round(1, send=False)
    assert (await street.now(campaign_id)).state is state


async def test_a_broken_account_pauses_the_campaign_and_says_why(street: Street) -> None:
    await settle(street.database, [Person(f"p{i}") for i in range(4)], street.clock())
    street.channel.behave = lambda _: Misconfigured("access token invalid", code="-216")
    campaign_id = await street.begun()
    await street.round(3)
    paused = await street.now(campaign_id)
    assert paused.state is State.PAUSED
    assert "access token invalid" in paused.paused_why
    street.channel.behave = lambda _: None
    await street.database.write(lambda c: accounts.mark_working(c, "zalo:oa"))
    await street.office.resume(paused, LAN)
    street.clock.pass_(minutes=2)
    await street.round(8)
    assert street.reached() == Counter({f"p{i}": 1 for i in range(4)})


async def test_what_may_have_arrived_is_never_sent_again_and_is_listed(street: Street) -> None:
    await settle(street.database, [Person("a"), Person("b"), Person("c")], street.clock())

    def behave(message: Outgoing) -> Exception | None:
        if message.user == "a":
            return OutcomeUnknown("the call took too long")
        return Refused("blocked us", code="-213") if message.user == "b" else None

    street.channel.behave = behave
    campaign_id = await street.begun()
    for _ in range(6):
        await street.round(2)
        street.clock.pass_(minutes=1)
    assert Counter(message.user for message in street.channel.tried) == {"a": 1, "b": 1, "c": 1}
    assert await street.fates(campaign_id) == {"queued:unknown": 1, "queued:failed": 1, "queued:sent": 1}
    async with street.database.read() as connection:
        listed = await recipients.listed(connection, campaign_id, 10, unknown=True)
    assert [one.conversation_key for one in listed] == [Person("a").id.key]


async def test_a_sender_that_died_leaves_its_messages_unknown_not_repeated(street: Street) -> None:
    await settle(street.database, [Person("a")], street.clock())
    campaign_id = await street.begun()
    await street.round(2, send=False)
    t = schema.outbox
    lost = {"state": "sending", "lease_owner": "somebody:dead", "lease_until": street.clock() - timedelta(1),
            "attempts": 1}  # fmt: skip
    await street.database.write(lambda c: c.execute(update(t).values(lost)))
    street.sender._next_recovery = 0.0
    await street.round(4)
    assert street.channel.tried == []
    assert await street.fates(campaign_id) == {"queued:unknown": 1}


async def test_one_a_day_and_the_next_campaign_comes_the_day_after(street: Street) -> None:
    await settle(street.database, [Person("a")], street.clock())
    first = await street.begun()
    second = await street.begun()
    await street.round(8)
    assert street.reached() == {"a": 1}
    states = {(await street.now(one)).state for one in (first, second)}
    assert states == {State.DONE, State.RUNNING}
    street.clock.now = datetime(2026, 10, 3, 1, 0, tzinfo=UTC)
    await street.round(8)
    assert street.reached() == {"a": 2}


async def test_what_is_held_comes_after_the_next_answer_once_and_never_at_night(street: Street) -> None:
    away = Person("a", heard_ago=timedelta(days=20))
    await settle(street.database, [away], street.clock())
    campaign_id = await street.begun()
    await street.round(3)
    assert await street.fates(campaign_id) == {"held:window": 1}
    assert not await street.held.give(away.id)  # not heard since
    street.clock.pass_(days=1, hours=14)  # eleven at night
    await settle_heard(street, "a")
    assert not await street.held.give(away.id)
    street.clock.pass_(hours=9)
    assert sorted(await asyncio.gather(street.held.give(away.id), street.held.give(away.id))) == [False, True]
    await street.round(3)
    assert street.reached() == {"a": 1}
    assert await street.fates(campaign_id) == {"queued:sent": 1}


async def test_a_feeder_that_is_killed_between_two_steps_loses_and_repeats_nobody(street: Street) -> None:
    people = [Person(f"p{i}") for i in range(25)]
    await settle(street.database, people, street.clock())
    campaign_id = await street.begun()
    # Two feeders at once (a lock was lost), one of them broken off again and again.
    for _ in range(6):
        broken = asyncio.create_task(street.another_feeder().round())
        await asyncio.sleep(0.002)
        broken.cancel()
        await asyncio.gather(broken, street.feeder.round(), return_exceptions=True)
        await street.round(1)
    await street.round(10)
    assert street.reached() == Counter({one.name: 1 for one in people})
    assert await street.fates(campaign_id) == {"queued:sent": 25}


async def test_the_same_message_made_again_bears_the_same_stamp(street: Street) -> None:
    campaign_id = await street.office.draft(NEW, LAN)
    campaign = await street.now(campaign_id)
    turn = Turn(7, ConversationId("zalo", "oa", "a"))
    twice = [made(campaign, turn, street.post, street.channel, "", street.clock()) for _ in range(2)]
    assert [one.stamp for one in twice[0]] == [one.stamp for one in twice[1]]
    assert stamp_of(1, 11, 0) != stamp_of(11, 1, 0)


async def test_leaving_those_outside_the_window_alone_counts_them(street: Street) -> None:
    await settle(street.database, [Person("a", heard_ago=timedelta(days=8))], street.clock())
    new = NewCampaign("Tin", Topic.MONTH, Message("Chào bạn."), Audience(), Outside.LEAVE)
    campaign_id = await street.begun(new)
    await street.round(3)
    assert await street.fates(campaign_id) == {"skipped:window": 1}
    async with street.database.read() as connection:
        assert (await connection.execute(select(schema.outbox.c.id))).first() is None
    assert (await street.now(campaign_id)).state is State.DONE
    assert Place.SKIPPED.value == "skipped"


@given(st.integers(6, 6000), st.lists(st.floats(0.05, 3.0), min_size=20, max_size=60))
def test_the_pace_is_the_configured_one_and_never_catches_up(per_minute: int, steps: list[float]) -> None:
    pace, now, went = Pace(per_minute), 0.0, 0
    pace.allowed(now)
    for step in steps:
        now += step
        allowed = pace.allowed(now)
        pace.spend(allowed)
        went += allowed
        assert allowed <= max(1.0, per_minute / 60)
    assert went <= now * per_minute / 60 + 1e-6


def test_at_an_even_beat_the_pace_is_exact() -> None:
    pace, went = Pace(1000), 0
    pace.allowed(0.0)
    for beat in range(1, 2401):
        allowed = pace.allowed(beat * 0.25)
        pace.spend(allowed)
        went += allowed
    assert went == pytest.approx(10_000, rel=0.001)
