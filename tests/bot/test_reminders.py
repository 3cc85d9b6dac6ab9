"""One gentle reminder: once, in the daytime, to whoever agreed, inside the window, and to nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from bot.app import make_flows
from bot.dialogue.assistant import Assistant
from bot.dialogue.state import ConversationState
from bot.dialogue.texts import Texts
from bot.dialogue.turn import Forget, Mode, Outcome, SetMode, SetReceiving, Turn, View
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.reminders import Reminders, is_daytime, time_to_remind
from bot.store import conversations, schema
from bot.store.database import Database
from bot.store.outbox import State
from connectors.message import ConversationId, Text, decode_part
from tests.bot.assessing import LAN, Talk, finished, progress
from tests.bot.fakes import FakeChannel, said
from tests.conftest import StandingClock
from tests.interpreter import interpreter
from tests.shipped import knowledge

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Local time in October 2026, as the UTC moment a server has."""
    return datetime(2026, 10, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


DAY, WEEK = timedelta(days=1), timedelta(days=7)


@pytest.mark.parametrize(
    ("touched", "window", "reminded"),
    [
        (at(2, 14), WEEK, at(3, 10)),
        (at(2, 23, 59), WEEK, at(3, 19, 59)),
        (at(3, 0, 0), WEEK, at(4, 8)),  # 20:00 is the evening's end, not its last minute
        (at(2, 9), WEEK, at(3, 8)),
        (at(2, 9), None, at(3, 8)),
        (at(2, 9), DAY, at(3, 8)),
        (at(2, 14), DAY, at(3, 10)),
        (at(2, 6), DAY, at(2, 19)),  # the window is over before the next morning
        (at(2, 8), DAY, at(2, 19)),
        (at(3, 2), DAY, at(3, 19)),
        (at(2, 6), timedelta(hours=6), None),
        (datetime(2026, 12, 31, 7, tzinfo=UTC), WEEK, datetime(2027, 1, 1, 3, tzinfo=UTC)),
        (datetime(2028, 2, 28, 2, tzinfo=UTC), WEEK, datetime(2028, 2, 29, 1, tzinfo=UTC)),
    ],
)
def test_the_time_to_remind_is_about_a_day_later_in_the_daytime_and_inside_the_window(
    touched: datetime, window: timedelta | None, reminded: datetime | None
) -> None:
    closes = None if window is None else touched + window
    due = time_to_remind(touched, closes, ZONE)
    assert due == reminded
    assert due is None or (is_daytime(due, ZONE) and due - touched >= timedelta(hours=9))


def test_the_day_is_the_zones_not_the_servers() -> None:
    hours = [hour for hour in range(24) if is_daytime(datetime(2026, 10, 2, hour, tzinfo=UTC), ZONE)]
    assert hours == list(range(1, 13))
    assert is_daytime(at(2, 19, 59), ZONE)
    assert not is_daytime(at(2, 20), ZONE)


class Desk:
    """Reminders over a real database, with a citizen who stopped at question 4 at ten in the morning."""

    def __init__(self, database: Database, nerves: Nerves, clock: StandingClock) -> None:
        clock.now = at(2, 10)
        self.database, self.nerves, self.clock = database, nerves, clock
        self.talk, self.channel = Talk(database, clock), FakeChannel()
        self.stamps = count()

    def reminders(self) -> Reminders:
        channels = {("fake", "oa"): self.channel}
        return Reminders(
            self.database, self.nerves, channels, self.clock, Metrics(), ZONE, lambda: f"s{next(self.stamps)}"
        )

    async def sent(self) -> list[Text]:
        async with self.database.read() as connection:
            parts = await connection.scalars(select(schema.outbox.c.part).order_by(schema.outbox.c.id))
            read = [decode_part(part) for part in parts]
        return [part for part in read if isinstance(part, Text)]


@pytest.fixture
def desk(database: Database, nerves: Nerves, clock: StandingClock) -> Desk:
    return Desk(database, nerves, clock)


async def test_whoever_stopped_in_the_middle_is_reminded_once_and_can_go_on_with_a_word(desk: Desk) -> None:
    await desk.talk.turn(progress("4"))
    for moment in (at(2, 19, 59), at(3, 7, 59)):
        desk.clock.now = moment
        assert await desk.reminders().sweep() == 0
    desk.clock.now = at(3, 8)
    assert await desk.reminders().sweep() == 1
    for moment in (at(3, 8), at(3, 12), at(4, 9)):
        desk.clock.now = moment
        assert await desk.reminders().sweep() == 0
    (message,) = await desk.sent()
    assert "câu 4" in message.text
    assert [(o.label, o.payload) for o in message.options] == [
        ("Làm tiếp", "do:resume_assessment"),
        ("Để khi khác", "do:stop"),
    ]
    async with desk.database.read() as connection:
        conversation = await conversations.load(connection, LAN)
        row = (await connection.execute(select(schema.outbox))).one()
    assert conversation.state.proposed == "do:resume_assessment"
    assert conversation.state.offered == message.options
    assert conversation.state.underway is not None
    assert (row.author, row.priority, row.state, row.event_id) == ("bot", 10, State.WAITING.value, None)


async def test_who_could_not_be_reminded_by_day_is_not_woken_at_night(desk: Desk) -> None:
    await desk.talk.turn(progress("4"))
    for moment, reminded in ((at(3, 20), 0), (at(4, 3), 0), (at(4, 8), 1)):
        desk.clock.now = moment
        assert await desk.reminders().sweep() == reminded


async def test_what_the_reminder_offers_is_understood(desk: Desk) -> None:
    assistant = Assistant(interpreter(), knowledge(), Texts())
    view = View(ConversationState(), Mode.BOT, None, desk.channel.capabilities, desk.clock())
    declined = await assistant.turn(said("do:stop"), view)
    assert [part.text for part in declined.replies if isinstance(part, Text)] == [Texts().stopped]


async def test_two_sweeps_at_once_remind_once(desk: Desk) -> None:
    citizens = [ConversationId("fake", "oa", f"u{n}") for n in range(12)]
    for n, who in enumerate(citizens):
        await desk.talk.turn(progress("4", f"KH-AAAA-{n:04}"), who=who)
    desk.clock.now = at(3, 9)
    assert sum(await asyncio.gather(*(desk.reminders().sweep() for _ in range(3)))) == len(citizens)
    assert len(await desk.sent()) == len(citizens)


async def test_a_kill_before_the_commit_neither_loses_nor_repeats_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.talk.turn(progress("4"))
    desk.clock.now = at(3, 9)

    async def killed(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr("bot.reminders.outbox.add", killed)
        with pytest.raises(RuntimeError):
            await desk.reminders().sweep()
    assert await desk.reminders().sweep() == 1
    assert len(await desk.sent()) == 1


async def _agreed_not(desk: Desk) -> None:
    await desk.talk.turn(progress("5", remind=False))


async def _finished(desk: Desk) -> None:
    await desk.talk.turn(finished(desk.clock()))


async def _forgotten(desk: Desk) -> None:
    await desk.talk.turn(Forget())


async def _wants_no_more_messages(desk: Desk) -> None:
    assistant = Assistant(interpreter(), knowledge(), Texts(), None, make_flows())
    before, heard = await desk.talk.hear()
    event = replace(heard.event, text="đừng gửi tin cho tôi nữa")
    view = View(before.state, Mode.BOT, None, FakeChannel.capabilities, desk.clock())
    turn = await assistant.turn(event, view)
    assert turn.state.underway is not None  # what was begun is still there, nobody mentions it
    await desk.talk.commit(before, heard, turn)


async def _waits_for_a_person(desk: Desk) -> None:
    await desk.talk.turn(SetMode(Mode.WAITING))


async def _left_us(desk: Desk) -> None:
    before, heard = await desk.talk.hear()
    # Leaving comes with no message that would open the window again.
    gone = replace(heard, event=replace(heard.event, kind="unfollow"))  # type: ignore[arg-type]
    await desk.talk.commit(before, gone, Turn(Outcome.RECORDED, before.state, (), (SetReceiving(False),)))


async def _threw_it_away(desk: Desk) -> None:
    before, heard = await desk.talk.hear()
    await desk.talk.commit(before, heard, Turn(Outcome.FLOW, ConversationState(), (), ()))


async def _began_anew_and_finished(desk: Desk) -> None:
    desk.clock.pass_(minutes=1)
    await desk.talk.turn(progress("1", "KH-NEWW-NEWW"))
    await desk.talk.turn(finished(desk.clock(), "KH-NEWW-NEWW"))
    await desk.talk.turn()


async def _window_closed(desk: Desk) -> None:
    caps = desk.channel.capabilities
    desk.channel.capabilities = replace(caps, window=timedelta(hours=23, minutes=20))


async def _channel_off(desk: Desk) -> None:
    desk.channel.account = "gone"
    t = schema.conversations
    await desk.database.write(lambda c: c.execute(update(t).values(account="gone")))
    moved = ConversationId("fake", "gone", "lan").key
    await desk.database.write(lambda c: c.execute(update(schema.assessments).values(conversation_key=moved)))
    await desk.database.write(lambda c: c.execute(update(t).values(key=moved)))


async def _is_talking_now(desk: Desk) -> None:
    desk.clock.now = at(3, 8, 50)
    before, heard = await desk.talk.hear()
    await desk.talk.commit(before, heard, Turn(Outcome.ANSWERED, before.state, (), ()))


@pytest.mark.parametrize(
    "happens",
    [
        *(_agreed_not, _finished, _forgotten, _waits_for_a_person, _left_us, _threw_it_away),
        _wants_no_more_messages,
        *(_began_anew_and_finished, _window_closed, _channel_off, _is_talking_now),
    ],
)
async def test_nobody_else_is_reminded(desk: Desk, happens: Callable[[Desk], object]) -> None:
    await desk.talk.turn(progress("4"))
    await happens(desk)  # type: ignore[misc]
    for hours in range(9, 20):
        desk.clock.now = at(3, hours)
        if happens is _is_talking_now and hours > 9:
            break
        assert await desk.reminders().sweep() == 0
    assert await desk.sent() == []


async def test_somebody_who_writes_at_this_moment_is_left_for_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.talk.turn(progress("4"))
    desk.clock.now = at(3, 9)
    load = conversations.load

    async def stale(connection: object, who: ConversationId) -> conversations.Conversation:
        found = await load(connection, who)  # type: ignore[arg-type]
        return replace(found, revision=found.revision - 1 or 99)

    with monkeypatch.context() as raced:
        raced.setattr("bot.reminders.conversations.load", stale)
        assert await desk.reminders().sweep() == 0
    assert await desk.sent() == []
    assert await desk.reminders().sweep() == 1
