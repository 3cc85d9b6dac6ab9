"""The year's occasions as a calendar that phones subscribe to (iCalendar, RFC 5545). Pure.

Only days that somebody vouches for: those whose date is certain, and those whose date an officer confirmed
for one year. Public: it holds titles and dates, never a note or a message meant for staff, and nobody's name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from icalendar import Calendar, Event, vText

from knowledge.calendar import Coming, in_year
from knowledge.content import Certainty, Occasion

PRODUCT = "-//Khuyen hoc//Lich//VI"
_AHEAD = 5
"""Years written one by one where they cannot be told by a rule."""
_LEAP_DAY = (2, 29)


@dataclass(frozen=True, slots=True)
class Dated:
    """An occasion with what the feed says of it."""

    occasion: Occasion
    changed_at: datetime
    """When it last became another; aware."""
    confirmed: tuple[date, ...] = ()
    """First days that an officer vouched for, each for one year."""


def feed(found: Iterable[Dated], name: str, home: str, today: date) -> bytes:
    """The calendar as UTF-8 with folded lines; the same bytes for the same content.

    `home` is the installation's address (or name): with an occasion's id it makes a UID that stays.
    """
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("method", "PUBLISH")
    calendar["X-WR-CALNAME"] = vText(f"Lịch khuyến học, {_plain(name)}")  # else its comma stays bare
    calendar.add("refresh-interval", timedelta(days=1), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "P1D")
    for one in sorted(found, key=lambda dated: dated.occasion.id):
        for event in _events(one, home, today):
            calendar.add_component(event)
    return bytes(calendar.to_ical())


def is_told(occasion: Occasion, first: date, confirmed: Iterable[date]) -> bool:
    """Does the feed hold the occasion that begins on this day?"""
    return occasion.certainty is Certainty.CERTAIN or first in confirmed


def _events(one: Dated, home: str, today: date) -> list[Event]:
    occasion, uid = one.occasion, str(uuid5(NAMESPACE_URL, f"{home}#{one.occasion.id}"))
    if occasion.certainty is Certainty.CERTAIN and _is_as_long_every_year(occasion):
        rule: dict[str, Any] = {"freq": "yearly"}
        if (occasion.first.month, occasion.first.day) == _LEAP_DAY:
            rule |= {"bymonth": 2, "bymonthday": -1}  # the 28th where there is no 29th
        event = _event(in_year(occasion, one.changed_at.year), one.changed_at, uid)
        event.add("rrule", rule)
        return [event]
    years = range(today.year - 1, today.year + _AHEAD)
    told = [in_year(occasion, year) for year in sorted({*years, *(day.year for day in one.confirmed)})]
    return [
        _event(coming, one.changed_at, f"{uid}-{coming.first.year}")
        for coming in told
        if is_told(occasion, coming.first, one.confirmed)
    ]


def _is_as_long_every_year(occasion: Occasion) -> bool:
    """Not where the end of February lies within."""
    return len({_length(in_year(occasion, year)) for year in range(2027, 2031)}) == 1


def _length(coming: Coming) -> timedelta:
    return coming.last - coming.first


def _event(coming: Coming, changed_at: datetime, uid: str) -> Event:
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", changed_at)
    event.add("summary", _plain(coming.occasion.title))
    event.add("dtstart", coming.first)
    event.add("dtend", coming.last + timedelta(days=1))  # the first day it is over
    event.add("transp", "TRANSPARENT")  # nobody is busy because of it
    return event


def _plain(text: str) -> str:
    """On one line, without what no calendar may hold."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
