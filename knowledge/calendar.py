"""When the occasions of the calendar come next. Pure; knows dates, nothing of messages or people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from knowledge.model import Occasion


@dataclass(frozen=True, slots=True)
class Coming:
    """One occasion in one year."""

    occasion: Occasion
    first: date
    last: date
    """The same as `first` for one day."""

    def is_on(self, day: date) -> bool:
        """Whether a day belongs to it."""
        return self.first <= day <= self.last


def in_year(occasion: Occasion, year: int) -> Coming:
    """The occasion that begins in a year; it may end in the next."""
    first = occasion.first.in_year(year)
    last = occasion.last.in_year(year if occasion.last >= occasion.first else year + 1)
    return Coming(occasion, first, last)


def next_from(occasion: Occasion, today: date) -> Coming:
    """The one going on today, or the next to begin."""
    years = (in_year(occasion, year) for year in (today.year - 1, today.year, today.year + 1))
    return next(one for one in years if one.last >= today)


def coming(occasions: Iterable[Occasion], today: date) -> list[Coming]:
    """Each occasion as it comes next, the nearest first."""
    return sorted((next_from(one, today) for one in occasions), key=lambda one: (one.first, one.occasion.id))


def to_propose(occasions: Iterable[Occasion], today: date) -> list[Coming]:
    """What is near enough that a campaign should be proposed: not begun yet, within its lead."""
    return [
        one
        for one in coming(occasions, today)
        if one.occasion.message and today <= one.first and (one.first - today).days <= one.occasion.lead_days
    ]
