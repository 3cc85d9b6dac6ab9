"""Campaigns are proposed ahead of the occasions, once, as drafts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.nerves import Nerves
from bot.outreach.campaign import Campaign, State, check_text
from bot.outreach.proposals import Proposals, proposal
from bot.outreach.steps import Office
from bot.store import campaigns, content
from bot.store.campaigns import NewCampaign
from bot.store.database import Database
from knowledge.calendar import in_year
from knowledge.content import Kind, item
from tests.bot.outreach.test_planning import LAN, again
from tests.conftest import StandingClock
from tests.shipped import shipped

DAY = item(
    Kind.OCCASION,
    "ngay-hoi",
    {
        "title": "Ngày hội",
        "first": "10-02",
        "certainty": "certain",
        "topic": "month",
        "message": "Chào bạn ở {xa}.",
    },
)
MONTH = item(
    Kind.OCCASION,
    "thang-hoi",
    {
        "title": "Tháng hội",
        "first": "10-10",
        "last": "11-10",
        "certainty": "unverified",
        "message": "Chào bạn.",
    },
)


async def test_each_occasion_is_proposed_once_a_year_ahead_of_its_time(
    database: Database, clock: StandingClock, nerves: Nerves
) -> None:
    for one in (DAY, MONTH):
        await database.write(lambda c, one=one: content.save(c, one, by="cô Lan", why="", at=clock()))  # type: ignore[misc]
    office = Office(database, clock, ZoneInfo("Asia/Ho_Chi_Minh"), frozenset({"web"}), approval_above=10)
    first, second = Proposals(office, nerves), Proposals(office, nerves)
    # In Vietnam it is already the 18th, two weeks before; in UTC still the 17th.
    clock.now = datetime(2026, 9, 17, 16, 59, tzinfo=UTC)
    assert await first.look() == 0
    clock.now = datetime(2026, 9, 17, 17, 0, tzinfo=UTC)
    assert sorted(await asyncio.gather(first.look(), second.look())) == [0, 1]
    first_one = await proposed(office, "ngay-hoi")
    assert (first_one.state, first_one.created_by, first_one.needs_date) == (State.DRAFT, "", False)
    assert first_one.occasion_on is not None
    assert first_one.occasion_on.isoformat() == "2026-10-02"
    await office.stop(await _scheduled_away(office), LAN)
    clock.now = datetime(2026, 10, 1, 0, 0, tzinfo=UTC)
    assert await first.look() == 1  # the other, whose date somebody must confirm
    assert (await proposed(office, "thang-hoi")).needs_date
    clock.now = datetime(2027, 9, 20, 0, 0, tzinfo=UTC)
    assert await first.look() == 1
    async with database.read() as connection:
        found = await campaigns.every(connection)
    assert [(c.occasion, c.occasion_on.year) for c in found if c.occasion_on] == [
        ("ngay-hoi", 2027), ("thang-hoi", 2026), ("ngay-hoi", 2026),
    ]  # fmt: skip


async def _scheduled_away(office: Office) -> Campaign:
    """The first draft, put where it can be stopped."""
    one = await proposed(office, "ngay-hoi")
    await office.database.write(lambda c: campaigns.step(c, one.id, one.revision, State.SCHEDULED))
    return await again(office, one.id)


async def proposed(office: Office, occasion: str) -> Campaign:
    """The latest campaign for an occasion."""
    async with office.database.read() as connection:
        return next(one for one in await campaigns.every(connection) if one.occasion == occasion)


def test_every_shipped_message_can_be_sent() -> None:
    for occasion in shipped().content.occasions.values():
        made: NewCampaign = proposal(in_year(occasion, 2026))
        check_text(made.message.text)
        assert occasion.title in made.name
