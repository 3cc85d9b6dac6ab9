"""Articles for all followers: approved by another, one call, never a second in doubt, by day, one a day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.nerves import Nerves
from bot.outreach import broadcast
from bot.outreach.broadcast import DIED_AFTER, TRY_AGAIN, Broadcast, State, Why, article_in, verdict
from bot.outreach.broadcast_sending import BroadcastSender
from bot.outreach.broadcast_steps import BroadcastOffice
from bot.outreach.campaign import NotAllowed
from bot.store import audit, broadcasts, subscriptions
from bot.store.broadcasts import Followers, NewBroadcast
from bot.store.database import Database, StoreUnavailable
from bot.store.revised import Overtaken
from bot.store.staff import Officer, Role
from connectors.channel import Receipt
from connectors.errors import Misconfigured, OutcomeUnknown, RetryLater
from connectors.sandbox import Fault, SandboxClock, ZaloSandbox, running
from connectors.zalo import BroadcastTarget, ZaloChannel, ZaloConfig
from tests.bot.outreach.people import Person, settle
from tests.conftest import StandingClock
from tests.connectors.zalo.fakes import MemoryTokenStore

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
LAN, MINH = (Officer(n, name, Role.EDITOR, "", False) for n, name in enumerate(("cô Lan", "thầy Minh"), 1))


@dataclass
class Room:
    """An office, a sender and the platform, on one clock."""

    database: Database
    clock: SandboxClock
    zalo: ZaloSandbox
    channel: ZaloChannel
    office: BroadcastOffice
    sender: BroadcastSender

    async def get(self, broadcast_id: int = 1) -> Broadcast:
        async with self.database.read() as connection:
            found = await broadcasts.load(connection, broadcast_id)
        assert found is not None
        return found

    async def approved(self, at: datetime, article: str = "4402c73f") -> int:
        """An article whose time is set and approved."""
        made = await self.office.draft(NewBroadcast("Ngày 2/10", article, BroadcastTarget(), at), LAN)
        await self.office.ask(await self.get(made), LAN)
        await self.office.approve(await self.get(made), MINH)
        return made

    async def at(self, moment: datetime) -> Broadcast:
        """Let time pass to a moment and the sender look."""
        self.clock.advance(moment - self.clock())
        await self.sender.round()
        return await self.get()


def on(day: int, hour: int, minute: int = 0, month: int = 10) -> datetime:
    """A moment in Viet Nam, 2026."""
    return datetime(2026, month, day, hour, minute, tzinfo=VIETNAM)


@pytest.fixture
async def room(database: Database, nerves: Nerves) -> AsyncIterator[Room]:
    clock = SandboxClock(on(1, 8).astimezone(UTC))
    async with running(ZaloSandbox(clock=clock, time_scale=0.0, token_lifetime=timedelta(days=300))) as zalo:
        account = zalo.account
        config = ZaloConfig(
            account.app_id, account.app_secret, account.oa_id, account.oa_secret_key,
            api_base=zalo.base_url, oauth_base=zalo.base_url,
        )  # fmt: skip
        tokens = (account.access_token, account.refresh_token)
        channel = ZaloChannel(config, MemoryTokenStore(), environment_tokens=tokens, clock=clock)
        office = BroadcastOffice(database, clock, VIETNAM, account.oa_id, per_month=4)
        sender = BroadcastSender(channel, database, nerves, clock, VIETNAM, per_month=4)
        yield Room(database, clock, zalo, channel, office, sender)
        await channel.aclose()


async def test_it_goes_out_once_at_its_time_after_a_second_person_agreed(room: Room) -> None:
    made = await room.office.draft(NewBroadcast("Ngày 2/10", "4402c73f", BroadcastTarget(), on(2, 9)), LAN)
    one = await room.get(made)
    with pytest.raises(NotAllowed):
        await room.office.schedule(one, on(2, 10), LAN)
    await room.office.ask(one, LAN)
    with pytest.raises(NotAllowed):
        await room.office.approve(await room.get(), LAN)
    await room.office.approve(await room.get(), MINH)
    assert (await room.at(on(2, 8, 59))).state is State.SCHEDULED
    sent = await room.at(on(2, 9))
    assert sent.state is State.SENT
    assert sent.message_id
    assert len(room.zalo.broadcasts) == 1
    await room.at(on(3, 9))
    assert len(room.zalo.broadcasts) == 1
    async with room.database.read() as connection:
        lines = await audit.latest(connection, 20, subject="broadcast:1")
    assert [line.detail["did"] for line in reversed(lines)] == ["draft", "ask", "approve", "send", "sent"]


async def test_who_wrote_it_last_may_not_approve_it_and_a_change_needs_a_new_yes(room: Room) -> None:
    made = await room.office.draft(NewBroadcast("Ngày 2/10", "4402c73f", BroadcastTarget(), on(2, 9)), LAN)
    new = NewBroadcast("Ngày 2/10", "55", BroadcastTarget(gender="2"), on(2, 9))
    await room.office.write(await room.get(made), new, MINH)
    await room.office.ask(await room.get(made), LAN)
    with pytest.raises(NotAllowed):
        await room.office.approve(await room.get(made), MINH)
    hung = Officer(3, "thầy Hùng", Role.ADMIN, "", False)
    await room.office.approve(await room.get(made), hung)
    approved = await room.get(made)
    await room.office.write(approved, new, LAN)
    changed = await room.get(made)
    assert (changed.state, changed.approved_by) == (State.DRAFT, "")
    with pytest.raises(Overtaken):
        await room.office.cancel(approved, MINH)


@pytest.mark.parametrize(
    "fault", [Fault.http(504), Fault.truncated(), Fault.reset(accepted=True), Fault.error(-200)]
)
async def test_what_may_have_gone_out_is_never_repeated_until_a_person_looked(
    room: Room, fault: Fault
) -> None:
    await room.approved(on(2, 9))
    room.zalo.faults.next(fault, on="v2_message")
    one = await room.at(on(2, 9))
    assert one.state is State.UNKNOWN
    went_out = len(room.zalo.broadcasts)
    await room.at(on(4, 9))
    assert len(room.zalo.broadcasts) == went_out
    with pytest.raises(NotAllowed):
        await room.office.schedule(await room.get(), on(5, 9), LAN)
    await room.office.settle(await room.get(), LAN, went_out=False)
    await room.office.schedule(await room.get(), on(5, 9), LAN)
    assert (await room.at(on(5, 9))).state is State.SENT


class Dying:
    """An account whose process dies in the call: after Zalo took it, or before it was asked."""

    def __init__(self, inner: ZaloChannel, *, after: bool) -> None:
        self._inner, self._after = inner, after
        self.account = inner.account

    async def broadcast(self, article: str, target: BroadcastTarget) -> Receipt:
        if self._after:
            await self._inner.broadcast(article, target)
        raise SystemExit


@pytest.mark.parametrize("after", [False, True])
async def test_a_sender_that_died_leaves_it_unknown_and_nobody_repeats_it(
    room: Room, nerves: Nerves, after: bool
) -> None:
    await room.approved(on(2, 9))
    room.clock.advance(on(2, 9) - room.clock())
    dying = Dying(room.channel, after=after)
    with pytest.raises(SystemExit):
        await BroadcastSender(dying, room.database, nerves, room.clock, VIETNAM, per_month=4).round()
    assert (await room.get()).state is State.SENDING
    assert (await room.at(on(2, 9) + DIED_AFTER / 2)).state is State.SENDING
    one = await room.at(on(2, 9) + 2 * DIED_AFTER)
    assert (one.state, one.why) == (State.UNKNOWN, Why.DIED.value)
    assert len(room.zalo.broadcasts) == int(after)
    async with room.database.read() as connection:
        assert (await broadcasts.attention(connection)).troubled == 1
    await room.office.settle(one, LAN, went_out=True)
    assert (await room.get()).state is State.SENT


async def test_two_senders_at_once_make_one_call(room: Room, nerves: Nerves) -> None:
    await room.approved(on(2, 9))
    room.clock.advance(on(2, 9) - room.clock())
    one = await room.get()
    await room.sender._look_at(one, room.clock())
    with pytest.raises(Overtaken):
        await room.sender._look_at(one, room.clock())
    assert len(room.zalo.broadcasts) == 1


async def test_the_database_itself_gives_a_day_away_once(room: Room) -> None:
    await room.approved(on(2, 9))
    await room.approved(on(3, 9), "hai-hai")
    first, second, now = await room.get(1), await room.get(2), on(2, 9)
    await room.database.write(lambda c: broadcasts.claim(c, first, now, now.date()))
    with pytest.raises(StoreUnavailable):
        await room.database.write(lambda c: broadcasts.claim(c, second, now, now.date()))
    assert (await room.get(2)).state is State.SCHEDULED


async def test_an_article_still_in_the_making_waits_and_a_broken_right_fails(room: Room) -> None:
    await room.approved(on(2, 9))
    room.zalo.rules.processing.add("4402c73f")
    waiting = await room.at(on(2, 9))
    assert waiting.state is State.SCHEDULED
    assert "[-214]" in waiting.why
    assert waiting.given_on is None
    assert (await room.at(on(2, 9, 5))).revision == waiting.revision
    room.zalo.rules.processing.clear()
    room.zalo.faults.next(Fault.error(-224), on="v2_message")
    failed = await room.at(on(2, 9, 10))
    assert failed.state is State.FAILED
    assert "[-224]" in failed.why
    await room.office.schedule(failed, on(2, 15), LAN)
    assert (await room.at(on(2, 15))).state is State.SENT


async def test_what_is_six_hours_late_waits_for_a_person(room: Room) -> None:
    await room.approved(on(2, 9))
    one = await room.at(on(2, 15, 1))
    assert (one.state, one.why) == (State.FAILED, Why.LATE.value)
    assert not room.zalo.broadcasts


async def test_nothing_goes_out_at_night_and_a_night_cannot_be_chosen(room: Room) -> None:
    for hour in (22, 23, 6):
        with pytest.raises(NotAllowed):
            await room.approved(on(2, hour))
    late = await room.approved(on(2, 21, 50), "dem")
    room.clock.advance(on(2, 22, 5) - room.clock())
    await room.sender.round()
    assert (await room.get(late)).state is State.SCHEDULED
    room.clock.advance(on(3, 7) - room.clock())
    await room.sender.round()
    assert (await room.get(late)).state is State.FAILED, "the next morning is too late to go out by itself"
    assert not room.zalo.broadcasts


async def test_one_a_day_and_so_many_a_month_and_never_the_same_article_twice(room: Room) -> None:
    for day in (5, 6, 7):
        await room.approved(on(day, 9), f"bai-so-{day}")
    with pytest.raises(NotAllowed, match="Ngày 06/10"):
        await room.approved(on(6, 15), "bai-khac")
    with pytest.raises(NotAllowed, match="hai lần"):
        await room.approved(on(8, 9), "bai-so-5")
    await room.approved(on(31, 21), "bai-so-31")
    with pytest.raises(NotAllowed, match="Tháng 10/2026"):
        await room.approved(on(20, 9), "bai-so-20")
    await room.approved(on(1, 7, month=11), "bai-so-1")


async def test_the_sender_keeps_to_day_and_month_whatever_was_planned(room: Room, nerves: Nerves) -> None:
    await room.approved(on(5, 9))
    await room.approved(on(6, 9), "hai-hai")
    strict = BroadcastSender(room.channel, room.database, nerves, room.clock, VIETNAM, per_month=1)
    await room.at(on(5, 9))
    room.clock.advance(on(6, 9) - room.clock())
    await strict.round()
    second = await room.get(2)
    assert (second.state, second.why) == (State.SCHEDULED, Why.MONTH_IS_FULL.value)
    room.clock.advance(timedelta(hours=7))
    await strict.round()
    assert (await room.get(2)).state is State.FAILED
    assert len(room.zalo.broadcasts) == 1


async def test_it_says_how_many_said_stop_and_would_get_it_all_the_same(
    database: Database, clock: StandingClock
) -> None:
    people = [
        Person("a"),
        Person("b"),
        Person("c", topics=()),
        Person("d", can_receive=False),
        Person("e", channel="messenger"),
        Person("f", account="other"),
    ]
    now = clock()
    await settle(database, people, now)
    await database.write(
        lambda c: subscriptions.withdraw(c, people[1].id.key, wording="dừng", event_id=None, at=now)
    )
    async with database.read() as connection:
        found = await broadcasts.followers(connection, "oa", now)
    assert found == Followers(known=3, stopped=1, never_agreed=1, sent_today=0)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("4402c73f7e7a9724ce6b", "4402c73f7e7a9724ce6b"),
        (" 4402c73f7e7a9724ce6b ", "4402c73f7e7a9724ce6b"),
        ("https://officialaccount.example/d?id=4402c73f7e7a&pageId=38861", "4402c73f7e7a"),
        ("https://zalo.example/bai-viet", ""),
        ("https://[bad?id=1", ""),
        ("bài viết", ""),
        ("", ""),
    ],
)
def test_the_id_of_an_article_is_found_in_its_link(typed: str, found: str) -> None:
    assert article_in(typed) == found


def test_nothing_the_sender_does_leads_on_from_doubt() -> None:
    assert not broadcast.MAY_FOLLOW[State.UNKNOWN] & {State.SCHEDULED, State.SENDING}
    now = on(2, 9)
    assert verdict(OutcomeUnknown("no complete answer"), now).state is State.UNKNOWN
    assert verdict(Misconfigured("token"), now).state is State.FAILED
    assert verdict(RetryLater("cannot connect"), now).not_before == now + TRY_AGAIN
