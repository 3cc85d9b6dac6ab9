"""Phones read the calendar as it is meant: whole days, every year, and only what somebody vouches for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Event

from bot.outreach.campaign import Audience, Message
from bot.outreach.ics import Dated, feed
from bot.outreach.topics import Topic
from bot.store import campaigns, content
from bot.store.campaigns import NewCampaign
from bot.store.database import Database
from bot.web.ics import PATH, add_calendar_route
from knowledge.calendar import in_year
from knowledge.content import Certainty, Kind, Occasion, item
from knowledge.model import YearDay
from tests.conftest import StandingClock

HOME = "https://hoi.example.vn"
TODAY = date(2026, 10, 2)
CHANGED = datetime(2026, 3, 5, 1, 2, 3, tzinfo=UTC)
DAYS = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda day: YearDay(day.month, day.day))


def occasion(first: YearDay, last: YearDay, title: str = "Ngày hội") -> Occasion:
    return Occasion("ngay-hoi", title, first, last, Certainty.CERTAIN)


def events_of(body: bytes) -> list[Event]:
    return [part for part in Calendar.from_ical(body).walk("VEVENT") if isinstance(part, Event)]


def days_of(events: list[Event], years: range) -> set[tuple[date, date]]:
    """First and last day of everything a phone shows that begins in these years."""
    found = set()
    for one in events:
        start, length = one.decoded("dtstart"), one.decoded("dtend") - one.decoded("dtstart")
        assert type(start) is date  # a whole day
        firsts = [start]
        if "rrule" in one:
            midnight = datetime.combine(start, time())
            rule = rrulestr(one.decoded("rrule").to_ical().decode(), dtstart=midnight)
            firsts = [at.date() for at in takewhile(lambda at: at.year <= years[-1], rule)]
        found |= {(first, first + length - timedelta(days=1)) for first in firsts if first.year in years}
    return found


@given(DAYS, DAYS)
def test_every_day_of_the_year_comes_out_as_the_house_counts_it(first: YearDay, last: YearDay) -> None:
    one = occasion(first, last)
    years = range(2026, 2031)
    events = events_of(feed([Dated(one, CHANGED)], "Hội", HOME, TODAY))
    meant = {(in_year(one, year).first, in_year(one, year).last) for year in years}
    assert days_of(events, years) == meant
    uids = [str(event["uid"]) for event in events]
    assert len(set(uids)) == len(uids)


@given(st.text(max_size=300))
def test_any_title_is_read_back_and_cannot_add_a_line(title: str) -> None:
    body = feed([Dated(occasion(YearDay(2, 9), YearDay(2, 9), title), CHANGED)], "Hội", HOME, TODAY)
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    body.decode()
    assert b"\n" not in body.replace(b"\r\n", b"")
    (event,) = events_of(body)
    assert "".join(str(event["summary"]).split()) == "".join(
        char for char in title if char.isprintable() and not char.isspace()
    )
    assert {name.lower() for name in event} == {
        "uid", "dtstamp", "summary", "dtstart", "dtend", "transp", "rrule",
    }  # fmt: skip


def test_an_occasion_keeps_its_uid_whatever_is_said_of_it_and_another_house_has_another() -> None:
    def uid(one: Occasion, home: str = HOME) -> str:
        return str(events_of(feed([Dated(one, CHANGED)], "Hội", home, TODAY))[0]["uid"])

    before, after = occasion(YearDay(2, 9), YearDay(2, 9)), occasion(YearDay(3, 9), YearDay(4, 9), "Khác")
    assert uid(before) == uid(after) != uid(before, "https://khac.example.vn")


# --- as it is served -------------------------------------------------------------------------------


@pytest.fixture
async def client(
    database: Database, clock: StandingClock
) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = web.Application()
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    add_calendar_route(app, database, clock, zone, name=lambda: "Hội Khuyến học; xã A, tỉnh B", home=HOME)
    async with TestClient(TestServer(app)) as made:
        yield made


async def save(database: Database, clock: StandingClock, occasion_id: str, **body: object) -> None:
    made = item(Kind.OCCASION, occasion_id, {"title": occasion_id, "first": "09-02", **body})
    await database.write(lambda c: content.save(c, made, by="cô Lan", why="", at=clock()))


async def test_only_days_somebody_vouches_for_are_told_and_nothing_meant_for_staff(
    client: TestClient[web.Request, web.Application], database: Database, clock: StandingClock
) -> None:
    said = {"note": "hỏi bác Ba", "message": "Chào bạn.", "facts": ["khong-co"]}
    await save(database, clock, "chac-chan", certainty="certain", last="09-04", **said)
    await save(database, clock, "mot-nguon", certainty="single-source", **said)
    await save(database, clock, "chua-ro", certainty="unverified", **said)
    await save(database, clock, "da-doi-ngay", certainty="unverified", **said)
    await save(database, clock, "luu-tru", certainty="certain", **said)
    await database.write(
        lambda c: content.archive(c, Kind.OCCASION, "luu-tru", by="cô Lan", why="", at=clock())
    )
    # Somebody vouched for these two days; one of them is not the calendar's any more.
    for occasion_id, day in (("chua-ro", date(2026, 9, 2)), ("da-doi-ngay", date(2026, 9, 9))):
        new = NewCampaign(
            "Tên",
            Topic.MONTH,
            Message("Chào."),
            Audience(),
            occasion=occasion_id,
            occasion_on=day,
            needs_date=True,
        )
        made = await database.write(
            lambda c, new=new: campaigns.create(c, new, by="cô Lan", at=clock())  # type: ignore[misc]
        )
        await database.write(
            lambda c, made=made: campaigns.note(c, made, 1, {"date_confirmed_by": "cô Lan"})  # type: ignore[misc]
        )
    answer = await client.get(PATH)
    body = await answer.read()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    events = {str(one["summary"]): one for one in events_of(body)}
    assert set(events) == {"chac-chan", "chua-ro"}
    assert "rrule" in events["chac-chan"]
    assert events["chac-chan"].decoded("dtend") == date(2026, 9, 5)
    assert events["chac-chan"].decoded("dtstamp") == clock()
    assert "rrule" not in events["chua-ro"]  # vouched for this year alone
    for word in ("bác Ba", "Chào bạn", "cô Lan"):
        assert word not in body.decode()


async def test_a_phone_that_has_it_already_is_told_so_until_something_changes(
    client: TestClient[web.Request, web.Application], database: Database, clock: StandingClock
) -> None:
    await save(database, clock, "ngay-hoi", certainty="certain")
    first = await client.get(PATH)
    etag = first.headers["ETag"]
    clock.pass_(days=200)  # also over the turn of the year
    again = await client.get(PATH, headers={"If-None-Match": etag})
    assert (again.status, await again.read()) == (304, b"")
    assert "max-age" in again.headers["Cache-Control"]
    await save(database, clock, "ngay-hoi", certainty="certain", first="09-03")
    changed = await client.get(PATH, headers={"If-None-Match": etag})
    assert (changed.status, changed.headers["ETag"] != etag) == (200, True)
    (event,) = events_of(await changed.read())
    assert event.decoded("dtstart") == date(2027, 9, 3)
