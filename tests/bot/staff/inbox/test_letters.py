"""The list: who waits comes first, whose it is can be seen, and what is looked for is found."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import Mode
from bot.office import VIETNAM, Hours, Office
from bot.staff.inbox import letters
from bot.staff.inbox.promise import Promise, promise
from bot.staff.inbox.window import open_since, reply_window
from bot.staff.words import handle_of
from bot.store import conversation_lists, conversations, schema
from bot.store.conversation_lists import Standing
from bot.store.database import Database
from connectors.message import ConversationId
from tests.bot.fakes import START, FakeChannel
from tests.bot.staff.conftest import Console
from tests.bot.staff.inbox.conftest import ME, ShortLinedChannel

LIST = "/staff/hop-thu"


def shown(page: str) -> list[str]:
    """Who is listed, in order, by the words they wrote."""
    return re.findall(r'class="words">câu của (\w+)', page)


PAGE = 4


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "PAGE", PAGE)
    monkeypatch.setattr(letters, "GLIMPSE", 2)


@pytest.fixture
async def crowd(agent: Console) -> Console:
    """One conversation of every kind."""
    await agent.hear("câu của Hoa", user="hoa")
    await agent.hear("câu của Lan", user="lan", mode=Mode.WAITING)
    agent.clock.pass_(hours=3)
    await agent.hear("câu của Minh", user="minh", mode=Mode.WAITING)
    await agent.hear("câu của Tư", user="tu", mode=Mode.PERSON, officer="cô Bảy <b>")
    await agent.hear("câu của Sáu", user="sau", mode=Mode.PERSON)
    await agent.hear("câu của Năm", user="nam", mode=Mode.PERSON, officer=ME)
    return agent


async def test_who_waits_comes_first_and_whoever_waits_longest_before_them(crowd: Console) -> None:
    page = await crowd.page(LIST)
    assert shown(page) == ["Lan", "Minh", "Năm", "Sáu", "Tư", "Hoa"]
    assert "chờ 3 giờ" in page
    assert "Cô Bảy &lt;b&gt;" in page
    assert "Từ ứng dụng fake" in page


class OwnPage(FakeChannel):
    """Takes a reply at any time."""

    name = "web"
    capabilities = replace(FakeChannel.capabilities, window=None)


async def test_who_can_no_longer_be_answered_stands_behind_all_who_can(database: Database) -> None:
    """The list and the line beside each name are told by one clock and one rule, on every database."""
    day, always = ShortLinedChannel(), OwnPage()
    sent = [
        ("vua-het", day.name, timedelta(hours=24), True),
        ("con-chut", day.name, timedelta(hours=24) - timedelta(seconds=1), True),
        ("lau-roi", day.name, timedelta(days=3), True),
        ("moi", day.name, timedelta(minutes=1), True),
        ("tren-trang", always.name, timedelta(days=9), True),
        ("da-thoi", always.name, timedelta(minutes=1), False),
        ("kenh-tat", "zalo", timedelta(minutes=1), True),
        ("binh-luan", day.name, None, True),
    ]
    waited = {user: START - (ago if ago is not None else timedelta(days=1)) for user, _, ago, _ in sent}

    async def job(connection: AsyncConnection) -> None:
        for user, channel, ago, can_receive in sent:
            id_ = ConversationId(channel, "oa", user)
            heard = None if ago is None else START - ago
            one = replace(
                await conversations.load(connection, id_), mode=Mode.WAITING, mode_since=waited[user],
                last_heard_at=heard, can_receive=can_receive,
            )  # fmt: skip
            await conversations.save(connection, one, START)

    await database.write(job)
    channels = (day, always)
    async with database.read() as connection:
        listed = await conversation_lists.listed(
            connection, Standing.WAITING, ME, limit=20, open_since=open_since(channels, {}, START)
        )
        longer = await conversation_lists.listed(
            connection, Standing.WAITING, ME, limit=2, offset=1,
            open_since=open_since(channels, {day.name: timedelta(days=7)}, START),
        )  # fmt: skip
    by_account = {(one.name, one.account): one for one in channels}
    is_open = [
        reply_window(one, by_account.get((one.id.channel, one.id.account)), None, START).is_open
        for one in listed
    ]
    assert is_open == sorted(is_open, reverse=True)
    assert [one.id.user for one in listed] == [
        "tren-trang", "con-chut", "moi", "lau-roi", "binh-luan", "vua-het", "da-thoi", "kenh-tat",
    ]  # fmt: skip
    assert [one.id.user for one in longer] == ["lau-roi", "vua-het"]


async def test_each_filter_lists_its_own(crowd: Console) -> None:
    for loc, who in {
        "cho": ["Lan", "Minh"],
        "toi": ["Năm"],
        "khac": ["Sáu", "Tư"],
        "tro-ly": ["Hoa"],
        "<script>": ["Lan", "Minh", "Năm", "Sáu", "Tư", "Hoa"],
    }.items():
        page = await crowd.page(f"{LIST}?loc={loc}&kenh=khong-co")
        assert shown(page) == who
        assert "<script>" not in page


async def test_of_mine_the_one_who_wrote_after_me_comes_first_and_waits(agent: Console) -> None:
    for user in ("an", "binh"):
        await agent.hear(f"câu của {user}", user=user, mode=Mode.PERSON, officer=ME)
        agent.clock.pass_(minutes=1)
    for user in ("an", "binh"):
        id_ = ConversationId("fake", "oa", user)
        await agent.database.write(
            lambda c, id_=id_: conversations.note_officer_wrote(c, id_, ME, agent.clock())  # type: ignore[misc]
        )
    agent.clock.pass_(minutes=5)
    await agent.hear("câu của binh", user="binh", mode=Mode.PERSON, officer=ME)
    agent.clock.pass_(minutes=7)
    page = await agent.page(f"{LIST}?loc=toi")
    assert shown(page) == ["binh", "an"]
    assert "chờ bạn 7 phút" in page
    assert page.count("chờ bạn") == 1


async def test_the_bots_conversations_come_page_by_page(agent: Console, short_pages: None) -> None:
    for number in range(PAGE + 2):
        await agent.hear(f"câu của n{number:02}", user=f"u{number}")
        agent.clock.pass_(seconds=1)
    first, second = [shown(await agent.page(f"{LIST}?loc=tro-ly&trang={n}")) for n in (1, 2)]
    assert (len(first), second) == (PAGE, ["n01", "n00"])
    everything = await agent.page(LIST)
    assert f"Xem tất cả {PAGE + 2} cuộc" in everything
    for odd in ("0", "-1", "9" * 30, "hai"):
        assert "Trợ lý đang trả lời" in await agent.page(f"{LIST}?loc=tro-ly&trang={odd}")


async def test_who_was_never_heard_in_private_comes_last_and_once(agent: Console, short_pages: None) -> None:
    for number in range(PAGE + 2):
        await agent.hear(f"câu của n{number:02}", user=f"u{number}")
    t = schema.conversations
    silent = [ConversationId("fake", "oa", f"u{number}").key for number in range(5)]
    await agent.database.write(
        lambda c: c.execute(t.update().where(t.c.key.in_(silent)).values(last_heard_at=None))
    )
    first, second = [shown(await agent.page(f"{LIST}?loc=tro-ly&trang={n}")) for n in (1, 2)]
    assert len(first) == PAGE
    assert sorted(first + second) == [f"n{number:02}" for number in range(PAGE + 2)]
    assert {*first[-3:], *second} == {f"n{number:02}" for number in range(5)}


async def test_a_conversation_is_found_by_words_without_marks_and_by_its_short_name(crowd: Console) -> None:
    assert shown(await crowd.page(f"{LIST}?tim=CAU CUA TU")) == ["Tư"]
    name = handle_of(ConversationId("fake", "oa", "nam"))
    assert "Năm" in shown(await crowd.page(f"{LIST}?tim={name}"))
    assert "Năm" in shown(await crowd.page(f"{LIST}?tim={name.split()[-1].lower()}"))
    nothing = await crowd.page(f"{LIST}?tim=<script>alert(1)</script>")
    assert "Chưa thấy cuộc nào" in nothing
    assert "<script>alert" not in nothing
    assert "data-live" not in nothing  # it would be searched again whenever anybody writes


async def test_what_was_erased_is_not_found(crowd: Console) -> None:
    key = ConversationId("fake", "oa", "hoa").key
    last = max(int(str(row["id"])) for row in await crowd.rows(schema.inbound_events)) + 1
    await crowd.database.write(lambda c: conversations.forget(c, key, keep_event=last))
    assert shown(await crowd.page(f"{LIST}?tim=Hoa")) == []


async def test_empty_lists_are_calm(agent: Console) -> None:
    assert "Không ai phải chờ." in await agent.page(LIST)
    assert "chưa có gì cần bạn" in await agent.page("/staff/")
    for loc in ("cho", "toi", "khac", "tro-ly"):
        assert 'class="nothing"' in await agent.page(f"{LIST}?loc={loc}")


MONDAY = datetime(2026, 9, 28, tzinfo=VIETNAM)
OFFICE = Office((*[(Hours(8 * 60, 17 * 60),)] * 5, (), ()))


@pytest.mark.parametrize(
    ("asked", "now", "said", "late"),
    [
        (9, 10, "Đã hẹn trả lời trước 17:00", False),
        (9, 18, "Đã hẹn trả lời trước 17:00, nay đã quá hẹn", True),
        (18, 19, "Đã hẹn trả lời từ 08:00 ngày 29/09", False),
        (18, 34, "Đã hẹn trả lời từ 08:00", False),
        (18, 42, "Đã hẹn trả lời từ 08:00, nay đã quá hẹn", True),
    ],
)
def test_what_who_waits_was_promised_is_told(asked: int, now: int, said: str, late: bool) -> None:
    made = promise(OFFICE, MONDAY + timedelta(hours=asked), MONDAY + timedelta(hours=now), VIETNAM)
    assert made == Promise(said, late)


async def test_without_office_hours_nothing_was_promised(crowd: Console) -> None:
    assert promise(None, MONDAY, MONDAY, VIETNAM) is None
    assert "Đã hẹn" not in await crowd.page(LIST)
