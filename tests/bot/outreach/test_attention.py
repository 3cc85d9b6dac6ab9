"""Campaigns that need a person are counted, and each says where: Hôm nay, doctor and the metrics."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest
from prometheus_client import generate_latest

from bot import doctor
from bot.doctor import Level
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.outreach.campaign import Audience, Message
from bot.outreach.delivery import Feeder
from bot.outreach.topics import Topic
from bot.staff.duties import all_duties
from bot.store import campaigns
from bot.store.campaigns import Attention, NewCampaign
from bot.store.database import Database
from connectors.errors import Misconfigured, OutcomeUnknown
from tests.bot.outreach.people import Person, settle
from tests.bot.outreach.test_delivery import Street
from tests.bot.outreach.test_planning import LAN
from tests.conftest import StandingClock


@pytest.fixture
def street(database: Database, nerves: Nerves, clock: StandingClock) -> Street:
    return Street(database, nerves, clock)


async def needed(street: Street) -> Attention:
    async with street.database.read() as connection:
        return await campaigns.attention(connection, street.clock().date())


def proposed(on: date) -> NewCampaign:
    return NewCampaign(
        f"Dịp {on}", Topic.MONTH, Message("Chào."), Audience(), occasion="ngay-khuyen-hoc", occasion_on=on
    )


async def test_what_needs_a_person_is_counted_once_and_leads_to_the_campaigns(street: Street) -> None:
    assert await needed(street) == Attention(0, 0, 0, 0)
    assert (await doctor._outreach(street.database)).level is Level.GOOD
    today = street.clock().date()
    for on in (today - timedelta(days=1), today, today + timedelta(days=9)):
        new = proposed(on)
        await street.database.write(partial(campaigns.create, new=new, by="", at=street.clock()))
    await street.office.draft(proposed(today + timedelta(days=20)), LAN)  # somebody's own is no proposal
    await settle(street.database, [Person("a"), Person("b")], street.clock())
    asked = await street.office.draft(
        NewCampaign("Chờ duyệt", Topic.MONTH, Message("Chào."), Audience()), LAN
    )
    await street.office.ask(await street.now(asked), LAN)
    street.channel.behave = lambda m: (
        OutcomeUnknown("?") if m.user == "a" else Misconfigured("x", code="-216")
    )
    troubled = await street.begun()
    await street.round(4)
    assert await needed(street) == Attention(approval=1, troubled=1, proposed=2, unknown=1)
    await street.office.resume(await street.now(troubled), LAN)
    await street.office.pause(await street.now(troubled), LAN)  # by a person: no trouble
    assert (await needed(street)).troubled == 0
    said = await doctor._outreach(street.database)
    assert said.level is Level.WARN
    assert "1 tin không rõ" in said.says
    async with street.database.read() as connection:
        duties = {one.label: one for one in await all_duties(connection, LAN, (), street.clock())}
    assert duties["Chiến dịch chờ duyệt"].count == 1
    assert duties["Chiến dịch lịch nhắc gợi ý"].count == 2
    assert duties["Chiến dịch chờ duyệt"].path == "/staff/chien-dich"


async def test_the_metrics_tell_how_far_campaigns_are_and_that_they_paused(street: Street) -> None:
    metrics = Metrics()
    street.feeder = Feeder(
        street.database, street.nerves, (street.on,), {"zalo": None}, street.clock, street.post,
        lambda: street.seconds, metrics,
    )  # fmt: skip
    await settle(street.database, [Person(f"p{n}") for n in range(3)], street.clock())
    street.channel.behave = lambda _: Misconfigured("access token invalid", code="-216")
    await street.begun()
    await street.round(5)
    shown = generate_latest(metrics.registry).decode()
    assert 'kh_campaign_messages_total{what="fed"} 3.0' in shown
    assert 'kh_campaign_messages_total{what="taken_back"} 3.0' in shown
    assert 'kh_campaigns_paused_total{reason="account"} 1.0' in shown
