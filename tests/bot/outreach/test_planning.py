"""Who gets a campaign, and what people may do with one, on a real database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from bot.outreach import planning
from bot.outreach.campaign import Audience, Campaign, Message, NotAllowed, Outside, State
from bot.outreach.steps import Office
from bot.outreach.topics import Topic
from bot.outreach.windows import Standing, Why
from bot.store import campaigns, recipients, schema
from bot.store.campaigns import NewCampaign
from bot.store.database import Database
from bot.store.recipients import Place
from bot.store.revised import Overtaken
from bot.store.staff import Officer, Role
from tests.bot.outreach.people import Person, settle
from tests.conftest import StandingClock

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
LAN = Officer(1, "cô Lan", Role.ADMIN, "", disabled=False)
BINH = Officer(2, "thầy Bình", Role.EDITOR, "", disabled=False)
NEW = NewCampaign("Ngày Khuyến học", Topic.MONTH, Message("Chào bạn ở {xa}."), Audience())
PEOPLE = (
    Person("fresh"),
    Person("yesterday", heard_ago=timedelta(hours=60)),
    Person("long ago", heard_ago=timedelta(days=9)),
    Person("facebook", channel="messenger", heard_ago=timedelta(hours=30)),
    Person("web", channel="web", heard_ago=timedelta(days=99)),
    Person("blocked us", can_receive=False),
    Person("with an officer", mode="person"),
    Person("other topic", topics=(Topic.SCHOLARSHIP,)),
    Person("nothing", topics=()),
)


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    return Office(database, clock, HANOI, frozenset({"zalo", "messenger", "web"}), approval_above=200)


async def made(office: Office, new: NewCampaign = NEW) -> Campaign:
    return await again(office, await office.draft(new, LAN))


async def again(office: Office, campaign_id: int) -> Campaign:
    async with office.database.read() as connection:
        found = await campaigns.load(connection, campaign_id)
    assert found is not None
    return found


async def test_the_funnel_counts_everybody_once_and_says_why(office: Office) -> None:
    await settle(office.database, PEOPLE, office.clock())
    funnel = await office.preview(await made(office))
    assert dict(funnel.by) == {
        ("zalo", Place.WAITING, Standing.FREE, Why.OPEN): 1,
        ("zalo", Place.WAITING, Standing.PAID, Why.BEYOND_FREE): 1,
        ("zalo", Place.HELD, Standing.CLOSED, Why.WINDOW): 1,
        ("messenger", Place.HELD, Standing.CLOSED, Why.WINDOW): 1,
        ("web", Place.WAITING, Standing.FREE, Why.OPEN): 1,
        ("zalo", Place.SKIPPED, Standing.CLOSED, Why.CANNOT_RECEIVE): 1,
        ("zalo", Place.WAITING, Standing.CLOSED, Why.WITH_A_PERSON): 1,
    }
    assert (funnel.total, funnel.not_agreed) == (7, 2)


async def test_what_is_written_down_is_what_was_shown_once_however_often_it_is_tried(
    office: Office, clock: StandingClock
) -> None:
    await settle(office.database, PEOPLE, clock())
    campaign = await made(office)
    funnel = await office.preview(campaign)
    # A crash in the middle of an earlier try left a row of somebody who has unsubscribed since.
    left = {
        "campaign_id": campaign.id, "conversation_key": "gone", "channel": "zalo", "account": "oa",
        "state": "waiting", "standing": "free", "why": "open", "decided_at": clock(),
    }  # fmt: skip
    await office.database.write(lambda c: c.execute(insert(schema.campaign_recipients).values(left)))
    assert await planning.write_down(office.database, campaign, clock, HANOI, office.terms) == 7
    assert await planning.write_down(office.database, await again(office, campaign.id), clock, HANOI) == 7
    async with office.database.read() as connection:
        counted = await recipients.results(connection, campaign.id)
    assert {(one.channel, one.place, Standing(one.standing), Why(one.why)): one.count for one in counted} == (
        dict(funnel.by)
    )


@pytest.mark.parametrize(
    ("audience", "names"),
    [
        (Audience(channels=("web",)), {"web"}),
        (Audience(communes=("03646",)), {"moc chau"}),
        (Audience(groups=("lao-dong", "can-bo")), {"moc chau"}),
        (Audience(active_within_days=2), {"fresh", "facebook", "blocked us", "with an officer", "moc chau"}),
    ],
)
async def test_an_audience_means_those_it_names(office: Office, audience: Audience, names: set[str]) -> None:
    await settle(
        office.database, (*PEOPLE, Person("moc chau", commune="03646", group="lao-dong")), office.clock()
    )
    campaign = await made(office, NewCampaign("Tin", Topic.MONTH, Message("Chào bạn."), audience))
    await planning.write_down(office.database, campaign, office.clock, HANOI, office.terms)
    async with office.database.read() as connection:
        rows = await recipients.listed(connection, campaign.id, 100)
    assert {row.conversation_key.rpartition(":")[2] for row in rows} == names


async def test_a_channel_that_is_off_reaches_nobody(database: Database, clock: StandingClock) -> None:
    office = Office(database, clock, HANOI, frozenset({"web"}), approval_above=200)
    await settle(database, (Person("fresh"),), clock())
    campaign = await made(
        office, NewCampaign("Tin", Topic.MONTH, Message("Chào bạn."), Audience(), Outside.LEAVE)
    )
    assert dict((await office.preview(campaign)).by) == {
        ("zalo", Place.SKIPPED, Standing.CLOSED, Why.CHANNEL_OFF): 1
    }


async def test_many_recipients_need_a_second_person(database: Database, clock: StandingClock) -> None:
    office = Office(database, clock, HANOI, frozenset({"zalo"}), approval_above=1)
    await settle(database, (Person("a"), Person("b")), clock())
    campaign = await made(office)
    with pytest.raises(NotAllowed, match="người thứ hai"):
        await office.schedule(campaign, None, LAN)
    await office.ask(campaign, LAN)
    with pytest.raises(NotAllowed, match="người khác"):
        await office.approve(await again(office, campaign.id), LAN)
    await office.approve(await again(office, campaign.id), BINH)
    await office.schedule(await again(office, campaign.id), None, LAN)
    # What was approved is what goes out: another text needs approval again.
    scheduled = await again(office, campaign.id)
    assert scheduled.state is State.SCHEDULED
    await office.write(scheduled, NEW, LAN)
    changed = await again(office, campaign.id)
    assert (changed.state, changed.approved_by, changed.scheduled_at) == (State.DRAFT, "", None)


async def test_of_two_people_who_press_at_once_one_succeeds(office: Office) -> None:
    await settle(office.database, (Person("a"),), office.clock())
    campaign = await made(office)
    outcomes = await asyncio.gather(
        office.schedule(campaign, None, LAN), office.schedule(campaign, None, BINH), return_exceptions=True
    )
    assert [type(one) for one in outcomes if one is not None] == [Overtaken]
    assert len(outcomes) == 2


async def test_an_occasion_is_proposed_once_and_waits_for_its_date(office: Office) -> None:
    await settle(office.database, (Person("a"),), office.clock())
    day = office.clock().date()
    new = NewCampaign("Tin", Topic.MONTH, Message("Chào bạn."), Audience(), occasion="thang-khuyen-hoc",
                      occasion_on=day, needs_date=True)  # fmt: skip
    campaign = await made(office, new)
    with pytest.raises(NotAllowed, match="đã có"):
        await office.draft(new, LAN)
    with pytest.raises(NotAllowed, match="chưa có nguồn"):
        await office.schedule(campaign, None, LAN)
    await office.confirm_date(campaign, LAN)
    await office.schedule(await again(office, campaign.id), None, LAN)


async def test_stopped_is_stopped(office: Office) -> None:
    await settle(office.database, (Person("a"),), office.clock())
    campaign = await made(office)
    await office.schedule(campaign, None, LAN)
    await office.stop(await again(office, campaign.id), LAN)
    for step in (office.resume, office.pause, office.stop):
        with pytest.raises(Overtaken):
            await step(await again(office, campaign.id), LAN)
    with pytest.raises(NotAllowed):
        await office.write(await again(office, campaign.id), NEW, LAN)
