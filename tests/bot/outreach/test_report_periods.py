"""Months, quarters, years: their days in the house's zone, what they are compared with, and when a draft."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.outreach.report_periods import Kind, containing, due, period_of

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("key", "first", "last", "name"),
    [
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29), "tháng 2 năm 2028"),
        ("2027-02", date(2027, 2, 1), date(2027, 2, 28), "tháng 2 năm 2027"),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31), "quý IV năm 2026"),
        ("2028-Q1", date(2028, 1, 1), date(2028, 3, 31), "quý I năm 2028"),
        ("2026", date(2026, 1, 1), date(2026, 12, 31), "năm 2026"),
    ],
)
def test_a_key_is_whole_days(key: str, first: date, last: date, name: str) -> None:
    found = period_of(key)
    assert (found.key, found.first, found.last, found.name) == (key, first, last, name)


@pytest.mark.parametrize(
    "key", ["", "2026-13", "2026-00", "2026-Q5", "2026-1", "26", "2026-10-01", "١٩٩٩", "1999"]
)
def test_anything_else_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="no period"):
        period_of(key)


@pytest.mark.parametrize(
    ("key", "before"),
    [
        ("2027-01", "2026-12"),
        ("2027-Q1", "2026-Q4"),
        ("2027", "2026"),
        ("2028-03", "2028-02"),
        ("2026-Q3", "2026-Q2"),
    ],
)
def test_the_one_before_also_over_the_turn_of_the_year(key: str, before: str) -> None:
    assert period_of(key).before.key == before


def test_the_first_moment_is_midnight_in_hanoi_wherever_the_server_is() -> None:
    days = period_of("2026-10").days(HANOI)
    assert days.since == datetime(2026, 9, 30, 17, tzinfo=UTC)
    assert days.until == datetime(2026, 10, 31, 17, tzinfo=UTC)
    assert not period_of("2026-10").is_over(days.until - timedelta(microseconds=1), HANOI)
    assert period_of("2026-10").is_over(days.until, HANOI)


def test_what_runs_is_compared_with_as_many_days_and_what_is_over_with_the_whole() -> None:
    october = period_of("2026-10")
    on_the_25th = october.compared(datetime(2026, 10, 25, 1, tzinfo=UTC), HANOI)
    assert (on_the_25th.first, on_the_25th.last) == (date(2026, 9, 1), date(2026, 9, 25))
    # March has more days than February: nothing of March itself is compared with.
    late = period_of("2027-03").compared(datetime(2027, 3, 31, 1, tzinfo=UTC), HANOI)
    assert (late.first, late.last) == (date(2027, 2, 1), date(2027, 2, 28))
    over = october.compared(datetime(2026, 11, 3, tzinfo=UTC), HANOI)
    assert (over.first, over.last) == (date(2026, 9, 1), date(2026, 9, 30))


def test_the_columns_of_a_chart_cover_every_day_once() -> None:
    assert [label for label, _, _ in period_of("2028-02").parts()] == [
        "1–7",
        "8–14",
        "15–21",
        "22–28",
        "29",
    ]
    assert [label for label, _, _ in period_of("2027-02").parts()][-1] == "22–28"
    assert [label for label, _, _ in period_of("2026-Q4").parts()] == ["T10", "T11", "T12"]
    assert len(period_of("2026").parts()) == 12


@pytest.mark.parametrize(
    ("moment", "keys"),
    [
        (datetime(2026, 10, 24, 22, 59, tzinfo=UTC), []),  # 05:59 on the 25th in Hanoi
        (datetime(2026, 10, 24, 23, 0, tzinfo=UTC), ["2026-10"]),
        (datetime(2026, 10, 31, 16, 59, tzinfo=UTC), ["2026-10"]),
        (datetime(2026, 10, 31, 17, 0, tzinfo=UTC), []),
        (datetime(2026, 9, 26, 3, 0, tzinfo=UTC), ["2026-09", "2026-Q3"]),
        (datetime(2026, 12, 30, 20, 0, tzinfo=UTC), ["2026-12", "2026-Q4", "2026"]),
    ],
)
def test_drafts_are_due_from_six_on_the_25th_until_the_month_ends(moment: datetime, keys: list[str]) -> None:
    assert [one.key for one in due(moment, HANOI)] == keys


def test_every_day_of_a_leap_year_lies_in_its_own_month_quarter_and_year() -> None:
    day = date(2028, 1, 1)
    while day < date(2029, 1, 1):
        for kind in Kind:
            found = containing(kind, day)
            assert found.first <= day <= found.last
            assert period_of(found.key) == found
            assert found.before.last + timedelta(days=1) == found.first
        day += timedelta(days=1)
