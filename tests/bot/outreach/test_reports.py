"""What a report counts: every row in its own month, totals that are sums, drafts once, finals for good."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.nerves import Nerves
from bot.outreach.report_drafts import ReportDrafts
from bot.outreach.report_periods import period_of
from bot.outreach.reports import Number, Report, Table, as_json, report_from, without_questions
from bot.store import reports, schema
from bot.store.database import Database
from bot.store.reports import Kept, Overtaken, State
from tests.bot.outreach.reporting import (
    DAY,
    FIRST,
    HOSTILE,
    HOUR,
    LAST,
    consent,
    desk_of,
    furnish,
    person,
    put,
)
from tests.conftest import StandingClock

AFTER = datetime(2026, 11, 3, tzinfo=UTC)


async def counted(database: Database, clock: StandingClock, key: str = "2026-10") -> Report:
    return await desk_of(database, clock).bureau.count(period_of(key), clock())


def number(report: Report, section: str, label: str) -> Number:
    found = report.section(section)
    assert found is not None
    return next(one for one in found.numbers if one.label == label)


def table(report: Report, title: str) -> Table:
    return next(one for section in report.sections for one in section.tables if one.title == title)


async def kept(database: Database, key: str = "2026-10") -> Kept:
    async with database.read() as connection:
        found = await reports.find(connection, key)
    assert found is not None
    return found


async def test_people_and_questions_count_in_the_month_of_hanoi(
    database: Database, clock: StandingClock
) -> None:
    clock.now = AFTER
    tick = timedelta(microseconds=1)
    await person(database, "zalo:oa:a", FIRST - tick, (FIRST - tick, "answered"))
    await person(database, "zalo:oa:b", FIRST, (FIRST, "answered"), (FIRST + HOUR, "recorded"))
    await person(database, "web:oa:c", FIRST - 90 * DAY, (LAST, "abstained"))
    await person(database, "web:oa:d", LAST + tick, (LAST + tick, "handoff"))
    found = await counted(database, clock)
    people, new = number(found, "nguoi-dan", "Người đã nhắn"), number(found, "nguoi-dan", "Người mới")
    assert (people.value, people.before) == (2, 1)
    assert (new.value, new.before) == (1, 1)
    assert number(found, "nguoi-dan", "Tin nhắn").value == 2  # what only changes records is no message
    assert [row.cells for row in table(found, "Theo kênh").rows] == [
        ("Trang web", 1, 0, 1),
        ("Zalo", 1, 1, 1),
    ]
    assert number(found, "cau-hoi", "Câu hỏi").value == 2
    assert people.change("tháng trước") == "+1 so với tháng trước"


async def test_every_total_is_the_sum_of_its_rows_and_says_what_it_was_counted_from(
    database: Database, clock: StandingClock
) -> None:
    clock.now = AFTER
    await furnish(database)
    found = await counted(database, clock)
    totals = [one for section in found.sections for one in section.tables if one.total]
    assert len(totals) >= 7
    for one in totals:
        for column, total in enumerate(one.total[1:], 1):
            if isinstance(total, int):
                assert total == sum(int(row.cells[column] or 0) for row in one.rows), one.title
    for section in found.sections:
        assert all(one.counted.endswith(".") for one in section.numbers)
        assert all(one.counted.endswith(".") for one in section.tables)
        if section.chart:
            asked = number(found, "cau-hoi", "Câu hỏi").value
            assert sum(one.value for one in section.chart.columns) == asked == 4
    fates = table(found, "Kết quả gửi").rows[0].cells
    assert fates[1] == sum(int(one or 0) for one in fates[2:]) == 6
    # Written within 48 hours after it was sent, not later: one of the two it was sent to.
    assert table(found, "Đến tay và nhắn lại").rows[0].cells[1:] == (2, 1, 1, 1)
    assert table(found, "Vì sao giữ lại hoặc không gửi").total == ("Cộng", 1, 1)


async def test_small_places_have_no_name(database: Database, clock: StandingClock) -> None:
    clock.now = AFTER
    await furnish(database)
    text = json.dumps(as_json(await counted(database, clock)), ensure_ascii=False)
    assert "Xã Bé Tí" not in text
    assert "dưới 5 người" in text


async def test_who_subscribes_is_told_from_the_log_at_both_ends(
    database: Database, clock: StandingClock
) -> None:
    clock.now = AFTER
    for key, action, at in (
        ("a", "in", FIRST - 2 * DAY), ("b", "in", FIRST - DAY), ("b", "out", FIRST + DAY),
        ("c", "in", FIRST), ("d", "in", FIRST), ("d", "out", LAST), ("e", "in", LAST + HOUR),
    ):  # fmt: skip
        await consent(database, key, action, at)
    rows = table(await counted(database, clock), "Đăng ký theo loại tin").rows
    assert rows[0].cells == ("Tháng Khuyến học", 2, 1, -1, 2)


async def test_articles_for_all_followers_are_listed_with_what_became_of_them(
    database: Database, clock: StandingClock
) -> None:
    fates = (("sent", FIRST), ("unknown", LAST), ("failed", None), ("sent", LAST + DAY))
    rows = [
        {
            "account": "oa", "name": f"{HOSTILE} {n}", "article": f"bai-{n}", "target": "{}", "state": state,
            "created_by": "cô Lan", "written_by": "cô Lan", "created_at": FIRST, "revision": 1,
            "claimed_at": at, "given_on": at and at.date(),
        }
        for n, (state, at) in enumerate(fates)
    ]  # fmt: skip
    await put(database, schema.broadcasts, rows)
    found = await counted(database, clock)
    listed = table(found, "Bài viết Zalo").rows
    assert [row.cells[1:] for row in listed] == [
        ("00:00 01/10", "đã gửi"),
        ("23:59 31/10", "không rõ đã gửi chưa"),
    ]
    assert listed[0].path == "/staff/bai-viet-zalo/1"


async def test_a_house_in_which_nothing_happened_has_a_report_too(
    database: Database, clock: StandingClock
) -> None:
    for key in ("2026-10", "2026-Q4", "2026", "2028-02"):
        found = await counted(database, clock, key)
        assert report_from(json.loads(json.dumps(as_json(found)))) == found
        assert not any(one.value for section in found.sections for one in section.numbers)


async def test_questions_can_be_left_out(database: Database, clock: StandingClock) -> None:
    clock.now = AFTER
    await furnish(database)
    found = await counted(database, clock)
    assert table(found, "Chưa trả lời được").rows[0].cells == (HOSTILE, 1, 3)
    assert "Chưa trả lời được" not in [
        one.title for s in without_questions(found).sections for one in s.tables
    ]


# --- drafts ------------------------------------------------------------------------------------------


async def test_the_draft_of_the_25th_is_prepared_once_by_however_many(
    database: Database, clock: StandingClock, nerves: Nerves
) -> None:
    first, second = (ReportDrafts(desk_of(database, clock), nerves) for _ in range(2))
    clock.now = datetime(2026, 12, 24, 22, 59, tzinfo=UTC)
    assert await first.look() == 0
    clock.now = datetime(2026, 12, 29, 1, 0, tzinfo=UTC)  # the program was off on the 25th
    assert sum(await asyncio.gather(first.look(), second.look())) == 3
    assert await second.look() == 0
    async with database.read() as connection:
        there = await reports.every(connection, 10)
        lines = (await connection.execute(select(schema.audit_log.c.subject))).scalars().all()
    assert {one.period for one in there} == {"2026-12", "2026-Q4", "2026"}
    assert sorted(lines) == ["report:2026", "report:2026-12", "report:2026-Q4"]
    assert {one.made_by for one in there} == {""}


async def test_a_draft_is_counted_again_once_when_its_month_is_over_and_keeps_what_was_written(
    database: Database, clock: StandingClock
) -> None:
    desk = desk_of(database, clock)
    clock.now = datetime(2026, 10, 25, tzinfo=UTC)
    assert await desk.prepare(period_of("2026-10"), None)
    assert not await desk.prepare(period_of("2026-10"), None)
    await database.write(
        lambda c: reports.write_notes(c, "2026-10", 1, {"cau-hoi": "Hỏi nhiều về học bổng."})
    )
    await furnish(database)
    before = await desk.up_to_date("2026-10")
    assert before is not None
    assert report_from(before.figures).as_of == "07:00 ngày 25/10/2026"
    assert not number(report_from(before.figures), "cau-hoi", "Câu hỏi").value
    clock.now = AFTER
    after = await desk.up_to_date("2026-10")
    assert after is not None
    assert (after.revision, after.notes) == (2, {"cau-hoi": "Hỏi nhiều về học bổng."})
    assert number(report_from(after.figures), "cau-hoi", "Câu hỏi").value == 4
    clock.now = AFTER + DAY
    assert (await desk.up_to_date("2026-10")) == after


async def test_a_final_report_stays_as_it_is(database: Database, clock: StandingClock) -> None:
    desk = desk_of(database, clock)
    clock.now = datetime(2026, 10, 25, tzinfo=UTC)
    await desk.prepare(period_of("2026-10"), None)
    await database.write(lambda c: reports.make_final(c, "2026-10", 1))
    final = await kept(database)
    assert final.state is State.FINAL
    await furnish(database)
    clock.now = AFTER
    assert not await desk.renew(final, None)
    for change in (
        lambda c: reports.write_notes(c, "2026-10", 2, {"cau-hoi": "khác"}),
        lambda c: reports.make_final(c, "2026-10", 2),
    ):
        with pytest.raises(Overtaken):
            await database.write(change)
    assert await desk.up_to_date("2026-10") == final


async def test_of_two_who_write_at_once_one_is_told_and_the_heading_goes_on_to_the_next_report(
    database: Database, clock: StandingClock
) -> None:
    desk = desk_of(database, clock)
    await desk.prepare(period_of("2026-09"), None)
    notes = {"cap-tren": "Hội tỉnh", "cau-hoi": "Chỉ tháng Chín."}
    await database.write(lambda c: reports.write_notes(c, "2026-09", 1, notes))
    with pytest.raises(Overtaken):
        await database.write(lambda c: reports.write_notes(c, "2026-09", 1, {}))
    await desk.prepare(period_of("2026-10"), None)
    assert (await kept(database)).notes == {"cap-tren": "Hội tỉnh"}
