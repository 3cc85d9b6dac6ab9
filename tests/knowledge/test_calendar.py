"""The days of the year come when they come: leap days, turns of the year, leads."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.calendar import coming, in_year, next_from, to_propose
from knowledge.content import Certainty, Kind, Misfit, Occasion, YearDay, item
from tests.shipped import shipped


@cache
def occasions() -> tuple[Occasion, ...]:
    return tuple(shipped().content.occasions.values())


TET = Occasion("tet", "Cuối năm", YearDay(12, 28), YearDay(1, 3), Certainty.CERTAIN, message="Chào bạn.")


def test_the_shipped_calendar_has_the_days_of_the_sources() -> None:
    assert {one.id: (str(one.first), str(one.last)) for one in occasions()} == {
        "ngay-khuyen-hoc-viet-nam": ("2/10", "2/10"),
        "tuan-le-hoc-tap-suot-doi": ("1/10", "7/10"),
        "ngay-sach-va-van-hoa-doc": ("21/4", "21/4"),
        "thang-khuyen-hoc": ("2/9", "2/10"),
    }
    assert [one.id for one in occasions() if one.certainty is Certainty.UNVERIFIED] == ["thang-khuyen-hoc"]
    assert all(one.facts for one in occasions())


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [
        (date(2026, 12, 27), date(2026, 12, 28), date(2027, 1, 3)),
        (date(2027, 1, 3), date(2026, 12, 28), date(2027, 1, 3)),
        (date(2027, 1, 4), date(2027, 12, 28), date(2028, 1, 3)),
    ],
)
def test_what_goes_over_the_turn_of_the_year_is_whole(today: date, first: date, last: date) -> None:
    found = next_from(TET, today)
    assert (found.first, found.last) == (first, last)
    assert found.is_on(first)
    assert found.is_on(last)


def test_a_leap_day_is_kept_on_the_28th_in_other_years() -> None:
    leap = replace(TET, first=YearDay(2, 29), last=YearDay(2, 29))
    assert in_year(leap, 2027).first == date(2027, 2, 28)
    assert in_year(leap, 2028).first == date(2028, 2, 29)


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_every_occasion_comes_within_a_year_and_is_proposed_within_its_lead_only(today: date) -> None:
    found = coming(occasions(), today)
    assert [one.first for one in found] == sorted(one.first for one in found)
    assert all(today <= one.last and one.first - today <= timedelta(days=366) for one in found)
    for one in to_propose(occasions(), today):
        assert timedelta(0) <= one.first - today <= timedelta(days=one.occasion.lead_days)


@pytest.mark.parametrize("day", ["02-30", "13-01", "2-10", "10/02", ""])
def test_a_day_that_does_not_exist_is_refused(day: str) -> None:
    with pytest.raises(Misfit):
        item(Kind.OCCASION, "x", {"title": "Ngày", "first": day, "certainty": "certain"})
