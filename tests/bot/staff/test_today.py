"""The first page: what waits for whom, calm when nothing does, and a week that is the house's own."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from bot.dialogue.turn import Mode, Outcome
from bot.staff import duties, reasons
from bot.staff.console import ROLES_OF
from bot.staff.week import Span, Week, compared, week
from bot.store import accounts, misses, schema
from bot.store.database import Database
from bot.store.outbox import State
from bot.store.staff import Officer, Role
from tests.bot.staff.conftest import Console, _nothing_known

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
CALM = "Mọi việc đang ổn, chưa có gì cần bạn xử lý."


@pytest.fixture
async def agent(console: Console) -> Console:
    await console.become(Role.AGENT)
    return console


async def test_todays_numbers_link_to_their_lists_for_those_who_may_open_them(agent: Console) -> None:
    await agent.hear("Gặp cán bộ", mode=Mode.WAITING)
    agent.clock.pass_(minutes=25)
    await agent.hear("câu bí mật", user="hoa", outcome=Outcome.ABSTAINED)
    now = agent.clock()
    await agent.database.write(
        lambda c: misses.record(c, key="câu", sample="câu bí mật", reason="not_known", nearest="", at=now)
    )
    await agent.tell("không tới", State.FAILED, "x")
    page = await agent.page("/staff/")
    for link in ("hop-thu#dang-cho", "tin-loi#tin-gui-di", "chua-tra-loi"):
        assert f'href="/staff/{link}"' in page
    assert "Người chờ lâu nhất: 25 phút." in page
    await agent.become(Role.VIEWER)
    page = await agent.page("/staff/")
    assert "Người chờ lâu nhất: 25 phút." in page
    for hidden in ("/staff/hop-thu", "/staff/tin-loi", "/staff/chua-tra-loi", "câu bí mật"):
        assert hidden not in page


async def test_a_broken_channel_says_since_when_and_why_and_stands_first(agent: Console) -> None:
    await agent.hear("Gặp cán bộ", mode=Mode.WAITING)
    now = agent.clock()
    await agent.database.write(
        lambda c: accounts.mark_broken(
            c, "fake:oa", why="access token invalid [-216]", now=now, paused_until=now
        )
    )
    page = await agent.page("/staff/")
    assert "Đang trục trặc từ 09:00" in page
    assert reasons.ACCOUNT in page
    assert "access token invalid [-216]" in page
    assert "Đang tắt" in page
    assert page.index("Kênh cần xem lại") < page.index("Đang chờ cán bộ")


async def test_a_house_in_which_nothing_ever_happened_is_calm(console: Console) -> None:
    for role in Role:
        await console.become(role)
        page = await console.page("/staff/")
        assert CALM in page
        assert 'class="task' not in page
        assert "Chưa có câu hỏi nào trong hai tuần qua." in page
        assert "<svg" not in page
    assert CALM in await console.page("/staff/?manh=1")


async def test_only_what_is_to_be_done_has_a_card_and_each_sees_their_own(console: Console) -> None:
    now = console.clock()
    item = {"body": "{}", "kind": "entry", "id": "a", "status": "draft"}
    upload = {"name": "a.pdf", "bytes": 1, "path": "a", "by": "cô Lan", "at": now, "state": "failed"}
    await console.database.write(lambda c: c.execute(insert(schema.content_items).values(**item)))
    await console.database.write(lambda c: c.execute(insert(schema.library_uploads).values(**upload)))
    await console.become(Role.EDITOR)
    page = await console.page("/staff/")
    labels = re.findall(r'class="label"[^>]*>([^<]+)<', page)
    assert labels == ["Tệp văn bản chưa đọc được", "Bản nháp chờ đăng"]
    assert CALM not in page
    for role in (Role.AGENT, Role.VIEWER):
        await console.become(role)
        assert CALM in await console.page("/staff/")


async def test_a_conversation_somebody_has_taken_waits_for_nobody_else(console: Console) -> None:
    await console.become(Role.AGENT, "cô Lan")
    await console.hear("Gặp cán bộ", mode=Mode.PERSON)
    t = schema.conversations
    await console.database.write(lambda c: c.execute(t.update().values(officer="cô Lan")))
    assert "Bạn đang trả lời" in await console.page("/staff/")
    await console.become(Role.AGENT, "chú Hùng")
    assert CALM in await console.page("/staff/")


async def test_every_number_leads_somewhere(console: Console) -> None:
    """A link to a page that was renamed would only be noticed by whoever presses it."""
    officer = Officer(1, "cô Lan", Role.ADMIN, "", disabled=False)
    async with console.database.read() as connection:
        found = await duties.all_duties(connection, officer, (), console.clock())
    roles_of = console.app[ROLES_OF]
    for one in found:
        page = re.split("[?#]", one.path)[0]
        assert roles_of["GET", page] >= one.roles, one.label


# --- the week ------------------------------------------------------------------------------------------

_ids = itertools.count(1)


async def asked(
    database: Database, at: datetime, outcome: Outcome = Outcome.ANSWERED, times: int = 1, entry: str = ""
) -> None:
    rows = [
        {
            "event_id": next(_ids), "conversation_key": "k", "at": at, "outcome": outcome.value,
            "intent": "", "confidence": 1.0, "entry_id": entry, "passages": "[]", "took_ms": 1.0,
        }
        for _ in range(times)
    ]  # fmt: skip
    await database.write(lambda c: c.execute(insert(schema.turns), rows))


async def week_at(database: Database, now: datetime, zone: str = "Asia/Ho_Chi_Minh") -> Week:
    async with database.read() as connection:
        return await week(connection, now, ZoneInfo(zone), _nothing_known)


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("Asia/Ho_Chi_Minh", datetime(2026, 9, 25, 17, 0, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2026, 9, 25, 18, 15, tzinfo=UTC)),  # a quarter of an hour off
        ("America/New_York", datetime(2026, 9, 26, 4, 0, tzinfo=UTC)),
    ],
)
async def test_days_begin_at_the_houses_midnight_over_the_end_of_a_month(
    database: Database, zone: str, first: datetime
) -> None:
    """2 October, just before noon: the week began on 26 September, at another moment in each zone."""
    now = datetime(2026, 10, 2, 11, 50, tzinfo=ZoneInfo(zone))
    moment = timedelta(microseconds=1)
    await asked(database, first - moment, times=5)
    await asked(database, first, times=2)
    await asked(database, now, times=3)
    found = await week_at(database, now, zone)
    assert [one.bar.name for one in found.days.columns] == [
        "Thứ Bảy, 26/09", "Chủ nhật, 27/09", "Thứ Hai, 28/09", "Thứ Ba, 29/09", "Thứ Tư, 30/09",
        "Thứ Năm, 01/10", "Hôm nay, 02/10",
    ]  # fmt: skip
    assert [one.bar.value for one in found.days.columns] == [2, 0, 0, 0, 0, 0, 3]
    assert found.title == "Tuần này 5 câu, nhiều nhất hôm nay"
    assert found.period == "7 ngày, từ Thứ Bảy 26/09 đến lúc này"


async def test_a_morning_is_compared_with_a_morning(database: Database) -> None:
    now = datetime(2026, 10, 2, 9, 0, tzinfo=ZONE)
    a_week = timedelta(days=7)
    await asked(database, now, times=4)
    await asked(database, now - a_week - timedelta(hours=1), times=3)
    await asked(database, now - a_week + timedelta(hours=1), times=50)  # later on that day
    found = await week_at(database, now)
    today = found.days.columns[-1].bar
    assert (today.value, today.before) == (4, 3)
    assert "100%" in found.kinds_before
    assert [one.bar.before for one in found.days.columns[:-1]] == [0] * 6


async def test_a_day_of_25_hours_is_one_day(database: Database) -> None:
    zone = ZoneInfo("America/New_York")
    now = datetime(2026, 11, 3, 12, 0, tzinfo=zone)  # clocks went back on 1 November
    span = Span.until(now, zone)
    assert span.bounds == sorted(span.bounds)
    lengths = [
        (b.astimezone(UTC) - a.astimezone(UTC)) / timedelta(hours=1)
        for a, b in itertools.pairwise(span.bounds)
    ]
    assert lengths[:6] == [24] * 6
    assert lengths[6:8] == [12, 12]
    assert lengths[8:] == [24, 24, 24, 24, 25, 24, 24]
    assert span.same_moment.astimezone(zone).hour == 12
    await asked(database, datetime(2026, 11, 2, 4, 30, tzinfo=UTC))  # 23:30 of the long day
    found = await week_at(database, now, "America/New_York")
    assert [one.bar.value for one in found.days.columns] == [0, 0, 0, 0, 1, 0, 0]


async def test_shares_and_the_time_people_waited_are_told(database: Database) -> None:
    now = datetime(2026, 10, 2, 9, 0, tzinfo=ZONE)
    await asked(database, now, times=17)
    await asked(database, now, Outcome.ABSTAINED, times=2)
    await asked(database, now - timedelta(hours=2), Outcome.HANDOFF)
    line = {
        "conversation_key": "k", "channel": "fake", "account": "oa", "user": "u", "author": "officer",
        "part": "{}", "stamp": "kh:1", "priority": 0, "state": "sent", "not_before": now,
    }  # fmt: skip
    answered = now - timedelta(minutes=80)
    await database.write(lambda c: c.execute(insert(schema.outbox).values(**line, created_at=answered)))
    found = await week_at(database, now)
    assert found.kinds_title == "Trợ lý trả lời được 85% số câu"
    assert [part.percent for part in found.kinds.parts] == [85, 10, 5]
    assert found.kinds_before == "Tuần trước chưa có câu hỏi nào."
    assert found.numbers[1].value == "40 phút"


def test_changes_are_said_in_words() -> None:
    assert compared(132, 118) == "tuần trước 118, thêm 14"
    assert compared(1, 1500) == "tuần trước 1.500, bớt 1.499"
    assert (compared(3, 3), compared(2, 0), compared(0, 0)) == ("bằng tuần trước", "tuần trước chưa có", "")


async def test_the_charts_have_their_numbers_as_a_table_and_need_no_styles_of_their_own(
    console: Console,
) -> None:
    await asked(console.database, console.clock(), times=3)
    await asked(console.database, console.clock() - timedelta(days=7, hours=1), Outcome.HANDOFF, times=2)
    await console.become(Role.VIEWER)
    page = await console.page("/staff/")
    assert "Tuần này 3 câu, nhiều nhất hôm nay" in page
    figure = page[page.index('id="moi-ngay"') : page.index("</figure>")]
    assert 'role="img" aria-labelledby="moi-ngay-noi"' in figure
    rows = re.findall(r'<th scope="row">([^<]+)</th><td[^>]*>(\d+)</td><td[^>]*>(\d+)</td>', figure)
    assert len(rows) == 7
    assert rows[-1] == ("Hôm nay, 02/10", "3", "2")
    assert " style=" not in page


async def test_a_question_asked_most_is_shown_harmless(console: Console) -> None:
    await asked(console.database, console.clock(), entry="document:<b>677</b>/QĐ", times=2)
    await asked(console.database, console.clock(), entry="library:p7", times=9)
    await console.become(Role.VIEWER)
    page = await console.page("/staff/")
    assert "Hỏi về văn bản &lt;b&gt;677&lt;/b&gt;/QĐ" in page
    assert "library:p7" not in page
