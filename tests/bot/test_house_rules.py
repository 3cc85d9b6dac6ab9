"""Office hours are told truly, what staff set is checked, and every process takes it over by itself."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from bot.app import make_flows
from bot.dialogue.assistant import Assistant
from bot.dialogue.nearest import Contact, commune_named, contact_for
from bot.dialogue.state import ConversationState
from bot.dialogue.turn import Mode, Turn, View
from bot.house_rules import (
    NO_WEEK,
    SETTABLE,
    HouseRules,
    body_of,
    problems_in,
    read_rules,
    rules_of_installation,
    with_set,
)
from bot.noticeboard import Noticeboard, RuledAssistant
from bot.office import ClosedDays, Hours, Office
from bot.settings import Settings
from bot.store import house_rules as stored
from bot.store import schema
from bot.store.database import Database
from bot.store.house_rules import Stale
from connectors.message import EventKind, InboundEvent, Text
from nlu.entities import find_entities
from tests.bot.fakes import FakeChannel, said
from tests.conftest import StandingClock
from tests.interpreter import interpreter
from tests.shipped import knowledge

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MORNING, AFTERNOON = Hours(450, 690), Hours(810, 1020)
WORKDAYS = ((MORNING, AFTERNOON),) * 5 + ((), ())
TET = ClosedDays(date(2027, 2, 5), date(2027, 2, 12), "nghỉ Tết Nguyên đán")
OFFICE = Office(WORKDAYS, (TET,))


def at(text: str) -> datetime:
    """`2026-10-02 09:00` in Vietnam, as the UTC moment a server has."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


# --- hours -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "is_open", "opens"),
    [
        ("2026-10-02 07:29", False, "2026-10-02 07:30"),
        ("2026-10-02 07:30", True, "2026-10-02 07:30"),
        ("2026-10-02 11:29", True, "2026-10-02 11:29"),
        ("2026-10-02 11:30", False, "2026-10-02 13:30"),  # a Friday: it opens again after lunch
        ("2026-10-02 17:00", False, "2026-10-05 07:30"),
        ("2026-10-03 09:00", False, "2026-10-05 07:30"),
        ("2027-02-04 18:00", False, "2027-02-15 07:30"),  # all of Tết, and the weekend behind it
        ("2026-12-31 23:59", False, "2027-01-01 07:30"),
    ],
)
def test_it_is_open_in_the_hours_of_the_wall_clock_in_vietnam(moment: str, is_open: bool, opens: str) -> None:
    assert OFFICE.is_open(at(moment)) is is_open
    assert OFFICE.next_opening(at(moment)) == at(opens)


def test_hours_run_across_midnight_but_not_into_a_day_on_which_it_is_closed() -> None:
    night = Office(((Hours(22 * 60, 26 * 60),),) * 7, (ClosedDays(date(2026, 10, 6), date(2026, 10, 6)),))
    assert night.is_open(at("2026-10-03 01:59"))
    assert not night.is_open(at("2026-10-03 02:00"))
    assert night.closing(at("2026-10-02 23:00")) == at("2026-10-03 02:00")
    assert night.closing(at("2026-10-05 23:00")) == at("2026-10-06 00:00")
    assert not night.is_open(at("2026-10-06 23:00"))
    assert not night.is_open(at("2026-10-07 01:00"))
    assert Office(((Hours(0, 1440),),) * 7).closing(at("2026-10-02 09:00")) is None


def test_an_office_without_hours_never_opens_and_promises_nothing() -> None:
    never = Office(NO_WEEK)
    assert never.next_opening(at("2026-10-02 09:00")) is None
    assert never.in_words() == never.when_if_closed(at("2026-10-02 09:00")) == ""
    assert "chưa hẹn" in never.promise(at("2026-10-02 09:00"))


hours = st.builds(
    lambda begins, length: Hours(begins, begins + length), st.integers(0, 1439), st.integers(1, 1440)
)
offices = st.builds(
    Office,
    st.tuples(*[st.lists(hours, max_size=3).map(tuple)] * 7),
    st.lists(
        st.builds(
            lambda day, length: ClosedDays(day, day + timedelta(days=length)),
            st.dates(date(2026, 9, 25), date(2026, 10, 20)),
            st.integers(0, 10),
        ),
        max_size=2,
    ).map(tuple),
)
moments = st.datetimes(
    datetime.fromisoformat("2026-09-28"),
    datetime.fromisoformat("2026-10-25"),
    timezones=st.sampled_from([UTC, ZONE, ZoneInfo("America/Lima")]),
)


@given(offices, moments)
def test_the_next_opening_is_the_first_open_moment(office: Office, moment: datetime) -> None:
    opens = office.next_opening(moment)
    if opens is None:
        assert not office.in_words()
        return
    assert opens >= moment
    assert office.is_open(opens)
    assert (opens == moment) == office.is_open(moment)
    if opens > moment:
        assert not office.is_open(opens - timedelta(seconds=1))
        steps = max(1, int((opens - moment) / timedelta(minutes=1)))
        for step in range(0, steps, max(1, steps // 50)):
            assert not office.is_open(moment + timedelta(minutes=step))


@given(offices, moments)
def test_the_closing_is_the_first_closed_moment_and_every_promise_can_be_said(
    office: Office, moment: datetime
) -> None:
    closes = office.closing(moment)
    if closes is not None:
        assert closes > moment
        assert not office.is_open(closes)
        assert office.is_open(closes - timedelta(seconds=1))
    said_ = office.promise(moment)
    assert said_.endswith(".")
    assert ("đang trong giờ làm việc" in said_) == office.is_open(moment)
    assert bool(office.when_if_closed(moment)) == (
        not office.is_open(moment) and office.next_opening(moment) is not None
    )


def test_hours_and_promises_read_as_people_say_them() -> None:
    assert OFFICE.in_words() == "thứ Hai đến thứ Sáu, 7:30–11:30 và 13:30–17:00"
    saturday = Office(((MORNING,), (MORNING,), (), (MORNING,), (), (AFTERNOON,), (Hours(0, 1440),)))
    assert saturday.in_words() == (
        "thứ Hai, thứ Ba và thứ Năm, 7:30–11:30; thứ Bảy, 13:30–17:00; Chủ nhật, cả ngày"
    )
    assert OFFICE.promise(at("2026-10-02 17:05")) == (
        "Cán bộ trả lời trong giờ làm việc: thứ Hai đến thứ Sáu, 7:30–11:30 và 13:30–17:00. Bây giờ ngoài "
        "giờ, cán bộ sẽ trả lời bạn ngay trong cuộc trò chuyện này từ 7:30 sáng thứ Hai."
    )
    assert "(đến 17:00 chiều nay)" in OFFICE.promise(at("2026-10-02 14:00"))
    assert "từ 13:30 chiều nay" in OFFICE.promise(at("2026-10-02 12:00"))
    assert "từ 7:30 sáng mai" in OFFICE.promise(at("2026-10-01 20:00"))
    tet = OFFICE.when_if_closed(at("2027-02-05 09:00"))
    assert tet == "hôm nay Hội nghỉ (nghỉ Tết Nguyên đán), cán bộ trả lời từ 7:30 sáng thứ Hai, 15/02/2027"


# --- what staff set ----------------------------------------------------------------------------------

INSTALLED = rules_of_installation(
    Settings(_env_file=None, association_name="Hội Khuyến học Sơn La", contact_line="0212 385 0000")
)
HOA = Contact("xã Chiềng Mai, tỉnh Sơn La", "bà Lò Thị Hoa", "Chủ tịch Hội", "0912 345 678")
STARTER = "cong-dan-hoc-tap"
SET = with_set(
    INSTALLED,
    INSTALLED,
    {
        "welcome": "Chào bạn, mình là trợ lý tự động của Hội.",
        "starters": (STARTER,),
        "actions": ("human_request",),
        "office": OFFICE,
        "contacts": (HOA,),
        "handoff_return_hours": 4.0,
        "keep_texts_days": 365,
    },
)


def test_what_was_set_comes_back_from_storage_and_the_rest_from_the_installation() -> None:
    assert problems_in(SET) == {}
    assert read_rules(json.loads(json.dumps(body_of(SET))), INSTALLED) == (SET, ())
    assert set(body_of(SET)) == {
        "welcome", "starters", "actions", "office", "contacts", "handoff_return_hours", "keep_texts_days",
    }  # fmt: skip
    assert SET.contact_line == "0212 385 0000"
    again = with_set(SET, INSTALLED, {"office": None, "handoff_return_hours": 12.0})
    assert set(body_of(again)) == set(body_of(SET)) - {"office", "handoff_return_hours"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("welcome", "Chào bạn, tôi là cô Lan của Hội."),
        ("welcome", "Chào bạn, mình không phải là trợ lý tự động."),
        ("welcome", "trợ lý tự động " * 100),
        ("greeting", "   "),
        ("greeting", "lời\u202echào"),
        ("starters", ("a", "a")),
        ("starters", ("<script>",)),
        ("actions", ("erase_my_data",)),
        ("contacts", (HOA, HOA)),
        ("contacts", (Contact(HOA.place, "", "", "0912 345 678"),)),
        ("contacts", (Contact(HOA.place, "bà Hoa", "", "gọi tôi nhé"),)),
        ("handoff_return_hours", float("nan")),
        ("handoff_return_hours", 0.1),
        ("keep_texts_days", 1),
        ("keep_audit_days", 100_000),
        ("office", Office(NO_WEEK, (ClosedDays(date(2026, 1, 1), date(2027, 1, 1)),))),
    ],
)
def test_what_must_not_be_set_is_refused_also_when_it_lies_in_the_database(field: str, value: object) -> None:
    wrong = with_set(INSTALLED, INSTALLED, {field: value})
    assert list(problems_in(wrong)) == [field]
    rules, refused = read_rules(json.loads(json.dumps(body_of(wrong))), INSTALLED)
    assert (rules, refused) == (INSTALLED, (field,))


@given(st.dictionaries(st.sampled_from(SETTABLE), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["week", "closed"]), inner),
    max_leaves=8,
)))  # fmt: skip
def test_any_body_whatsoever_gives_rules_that_pass_the_checks(body: dict[str, object]) -> None:
    rules, _ = read_rules(body, INSTALLED)
    assert problems_in(rules) == {}
    assert "trợ lý tự động" in rules.texts.welcome.casefold()


def test_the_contact_is_that_of_the_commune_that_was_named_and_never_a_guess() -> None:
    twin = Contact("xã Tân Tiến, tỉnh Cà Mau", "ông Nam", "", "0900 000 001")
    other = Contact("xã Tân Tiến, tỉnh Đồng Nai", "ông Bắc", "", "0900 000 002")
    assert contact_for((HOA, twin), commune_named(find_entities("tôi ở xã Chiềng Mai, Sơn La"))) == HOA
    assert contact_for((HOA, twin), "xã Tân Tiến") == twin
    assert contact_for((HOA, twin, other), "xã Tân Tiến") is None
    assert commune_named(find_entities("tôi ở Sơn La")) == ""
    assert contact_for((HOA,), "") is None


# --- what the bot says by it -------------------------------------------------------------------------


class Talk:
    """One conversation under rules."""

    def __init__(self, rules: HouseRules, now: datetime) -> None:
        self.assistant = Assistant(interpreter(), knowledge(), rules.texts, rules.policy, make_flows())
        self.view = View(ConversationState(), Mode.BOT, None, FakeChannel.capabilities, now)

    async def hear(self, event: InboundEvent) -> str:
        turn = await self.assistant.turn(event, self.view)
        self.view = View(turn.state, Mode.BOT, None, FakeChannel.capabilities, self.view.received_at)
        return "\n".join(
            f"{p.text} {[o.label for o in p.options]}" for p in turn.replies if isinstance(p, Text)
        )


async def test_the_bot_tells_hours_and_the_right_contact_and_offers_what_was_chosen() -> None:
    talk = Talk(SET, at("2026-10-02 18:00"))
    hello = await talk.hear(InboundEvent("fake", "oa", "lan", "f", EventKind.FOLLOW, talk.view.received_at))
    assert hello.startswith("Chào bạn, mình là trợ lý tự động của Hội.")
    assert hello.count("'") == 4  # two buttons
    assert "Gặp cán bộ" in hello
    person = await talk.hear(said("gặp cán bộ"))
    assert "từ 7:30 sáng thứ Hai" in person
    assert "0212 385 0000" in person
    await talk.hear(said("tôi ở xã Chiềng Mai, Sơn La"))
    assert "bà Lò Thị Hoa (Chủ tịch Hội, xã Chiềng Mai), điện thoại 0912 345 678" in await talk.hear(
        said("gặp cán bộ", key="2")
    )


# --- one truth for every process ---------------------------------------------------------------------


async def put(database: Database, clock: StandingClock, rules: HouseRules, over: int) -> int:
    return await database.write(
        lambda c: stored.add(c, body_of(rules), over, by="cô Lan", why="đổi giờ", at=clock())
    )


async def test_every_process_takes_over_what_was_set_within_a_second(
    database: Database, clock: StandingClock
) -> None:
    boards, stop = [Noticeboard(INSTALLED), Noticeboard(INSTALLED)], asyncio.Event()
    following = [asyncio.create_task(board.follow(database, stop)) for board in boards]
    await asyncio.sleep(0)
    saved = time.monotonic()
    await put(database, clock, SET, stored.NONE_YET)
    while any(board.rules != SET for board in boards):
        await asyncio.sleep(0.02)
        assert time.monotonic() - saved < 1
    stop.set()
    await asyncio.gather(*following)
    assert boards[0].since == clock()


async def test_rules_that_cannot_be_read_leave_those_in_force(
    database: Database, clock: StandingClock
) -> None:
    board = Noticeboard(INSTALLED)
    await put(database, clock, SET, stored.NONE_YET)
    assert await board.refresh(database)
    row = insert(schema.house_rules).values(at=clock(), by="x", why="", body="{hỏng")
    await database.write(lambda c: c.execute(row))
    assert not await board.refresh(database)
    assert board.rules == SET


async def test_of_two_who_change_the_same_version_one_wins_and_history_stays_whole(
    database: Database, clock: StandingClock
) -> None:
    first = await put(database, clock, SET, stored.NONE_YET)
    tries = [put(database, clock, INSTALLED, first) for _ in range(4)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Stale", "Stale", "Stale", "int"]
    with pytest.raises(Stale):
        await put(database, clock, SET, stored.NONE_YET)
    async with database.read() as connection:
        versions = await stored.history(connection, 10)
    assert [bool(one.body) for one in versions] == [False, True]
    assert (versions[1].by, versions[1].why) == ("cô Lan", "đổi giờ")


async def test_a_turn_goes_by_the_rules_that_are_in_force_when_it_begins(
    database: Database, clock: StandingClock
) -> None:
    board, made = Noticeboard(INSTALLED), []

    def make(rules: HouseRules) -> Assistant:
        made.append(rules)
        return Assistant(interpreter(), knowledge(), rules.texts, rules.policy, make_flows())

    assistant = RuledAssistant(board, make)
    view = View(ConversationState(), Mode.BOT, None, FakeChannel.capabilities, at("2026-10-02 18:00"))

    def words(turn: Turn) -> str:
        return "".join(part.text for part in turn.replies if isinstance(part, Text))

    as_installed = words(await assistant.turn(said("gặp cán bộ"), view))
    assert "khi vào giờ làm việc. Nếu cần gấp, bạn liên hệ 0212 385 0000." in as_installed
    await put(database, clock, SET, stored.NONE_YET)
    await board.refresh(database)
    for _ in range(2):
        assert "thứ Hai" in words(await assistant.turn(said("gặp cán bộ"), view))
    assert made == [INSTALLED, SET]
