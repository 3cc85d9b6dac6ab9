"""Paid templates: who gets one, what it says, and that nobody gets two or is asked for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.nerves import Nerves
from bot.outreach import planning
from bot.outreach.campaign import (
    Audience,
    BadText,
    Message,
    Outside,
    State,
    TemplateChoice,
    as_json,
    check_value,
    message_from,
)
from bot.outreach.delivery import Post
from bot.outreach.paid import PaidTemplate, template_problem
from bot.outreach.topics import Topic
from bot.outreach.windows import Recipient, Standing, Why, standing_of
from bot.store.campaigns import NewCampaign
from bot.store.database import Database
from bot.store.recipients import Place
from connectors.channel import Capabilities, Outgoing
from connectors.errors import TemplatesUnavailable, WindowClosed
from connectors.message import Template, Text
from tests.bot.outreach.people import Person, settle
from tests.bot.outreach.test_delivery import HANOI, Street, ZaloLike
from tests.bot.outreach.test_planning import LAN, again
from tests.conftest import StandingClock

REMINDER = PaidTemplate("zalo", "363", "Nhắc lịch", "Chào bạn ở <noi_o>, hẹn gặp ngày <ngay>.", "300 đ")
ON_PAGE = PaidTemplate("messenger", "nhac", "Nhắc lịch", "Hẹn gặp bạn ngày {{1}}.")
CHOICE = TemplateChoice("zalo", "363", {"noi_o": "{xa}", "ngay": "{ngay}"})
NEW = NewCampaign(
    "Ngày Khuyến học", Topic.MONTH, Message("Mời bạn.", templates=(CHOICE,)), Audience(), Outside.TEMPLATE
)
AWAY = Person("away", heard_ago=timedelta(days=30), commune="Mộc Châu")
NEVER = Person("never", heard_ago=None)
PEOPLE = (
    AWAY,
    NEVER,
    Person("fresh"),
    Person("yesterday", heard_ago=timedelta(hours=60)),
    Person("facebook", channel="messenger", heard_ago=timedelta(days=2)),
    Person("blocked", heard_ago=timedelta(days=30), can_receive=False),
    Person("with an officer", heard_ago=timedelta(days=30), mode="person"),
    Person("other topic", heard_ago=timedelta(days=30), topics=(Topic.SCHOLARSHIP,)),
)


class TakesTemplates(ZaloLike):
    capabilities = replace(ZaloLike.capabilities, takes_templates=True)


class PaidStreet(Street):
    """A street whose settings hold templates that a test may take away."""

    def __init__(self, database: Database, nerves: Nerves, clock: StandingClock) -> None:
        super().__init__(database, nerves, clock, TakesTemplates())
        assert isinstance(self.on, TakesTemplates)
        self.channel = self.on
        self.templates: Sequence[PaidTemplate] = (REMINDER,)
        self.office = replace(self.office, offer=lambda: self.templates)
        self.post = Post("Hội Khuyến học An Bình", HANOI, self.post.folder, lambda: self.templates)
        self.feeder = self.another_feeder()

    def parts(self) -> dict[str, list[str]]:
        """By person, the kinds of what was tried."""
        found: dict[str, list[str]] = {}
        for message in self.channel.tried:
            found.setdefault(message.user, []).append(message.part.type)
        return found


@pytest.fixture
def street(database: Database, nerves: Nerves, clock: StandingClock) -> PaidStreet:
    return PaidStreet(database, nerves, clock)


async def test_those_outside_the_window_get_the_template_the_others_the_message(street: PaidStreet) -> None:
    await settle(street.database, PEOPLE, street.clock())
    office = replace(street.office, channels=frozenset({"zalo", "messenger"}))
    funnel = await office.preview(await again(office, await office.draft(NEW, LAN)))
    assert dict(funnel.by) == {
        ("zalo", Place.WAITING, Standing.PAID, Why.BY_TEMPLATE): 2,
        ("zalo", Place.WAITING, Standing.FREE, Why.OPEN): 1,
        ("zalo", Place.WAITING, Standing.PAID, Why.BEYOND_FREE): 1,
        ("messenger", Place.SKIPPED, Standing.CLOSED, Why.WINDOW): 1,
        ("zalo", Place.SKIPPED, Standing.CLOSED, Why.CANNOT_RECEIVE): 1,
        ("zalo", Place.WAITING, Standing.CLOSED, Why.WITH_A_PERSON): 1,
    }
    await street.begun(NEW)
    await street.round(6)
    assert street.parts() == {
        "away": ["template"], "never": ["template"], "fresh": ["text"], "yesterday": ["text"],
    }  # fmt: skip
    sent = {message.user: message.part for message in street.channel.sent}
    values = {"noi_o": "Mộc Châu", "ngay": "02/10"}
    assert sent["away"] == Template("363", values, "Chào bạn ở Mộc Châu, hẹn gặp ngày 02/10.")
    assert isinstance(sent["fresh"], Text)
    # One a day holds for paid ones too.
    second = await street.begun(NEW)
    await street.round(4)
    assert len(street.channel.sent) == 4
    assert (await street.fates(second))["waiting:day_is_full"] == 4


async def test_at_night_no_template_goes_out_either(street: PaidStreet) -> None:
    await settle(street.database, [AWAY], street.clock())
    street.clock.now = datetime(2026, 10, 2, 16, 0, tzinfo=UTC)
    await street.begun(NEW)
    await street.round(3)
    assert street.channel.tried == []
    street.clock.now = datetime(2026, 10, 3, 0, 0, tzinfo=UTC)
    await street.round(3)
    assert street.parts() == {"away": ["template"]}


async def test_a_window_found_shut_leads_to_one_template_and_no_further(street: PaidStreet) -> None:
    await settle(street.database, [Person("a"), Person("b")], street.clock())

    def behave(message: Outgoing) -> Exception | None:
        is_refused = isinstance(message.part, Text) or message.user == "b"
        return WindowClosed("no interaction", code="-230") if is_refused else None

    street.channel.behave = behave
    campaign_id = await street.begun(NEW)
    for _ in range(6):
        await street.round(2)
        street.clock.pass_(minutes=1)
    assert street.parts() == {"a": ["text", "template"], "b": ["text", "template"]}
    assert await street.fates(campaign_id) == {"queued:sent": 1, "skipped:window": 1}
    assert (await street.now(campaign_id)).state is State.DONE


async def test_a_template_that_is_gone_when_the_turn_comes_skips_with_its_reason(street: PaidStreet) -> None:
    await settle(street.database, [AWAY, Person("fresh")], street.clock())
    campaign_id = await street.begun(NEW)
    await street.round(1)  # written down with the template, nobody fed yet
    assert (await street.fates(campaign_id))["waiting:by_template"] == 1
    street.templates = ()
    await street.round(5)
    assert street.parts() == {"fresh": ["text"]}
    assert await street.fates(campaign_id) == {"queued:sent": 1, "skipped:template_gone": 1}
    assert (await street.now(campaign_id)).state is State.DONE


async def test_a_template_that_wants_other_values_by_now_is_as_good_as_gone(street: PaidStreet) -> None:
    street.templates = (replace(REMINDER, wording="Chào <ten>, ngày <ngay>."),)
    await settle(street.database, [AWAY], street.clock())
    campaign = await again(street.office, await street.office.draft(NEW, LAN))
    funnel = await planning.preview(
        street.database, campaign, street.clock(), HANOI, on_offer=street.templates
    )
    assert dict(funnel.by) == {("zalo", Place.SKIPPED, Standing.CLOSED, Why.TEMPLATE_GONE): 1}


async def test_templates_the_platform_does_not_take_pause_the_campaign_not_the_account(
    street: PaidStreet,
) -> None:
    await settle(street.database, [AWAY], street.clock())
    street.channel.behave = lambda message: (
        TemplatesUnavailable("not approved", until=street.clock() + timedelta(hours=1), code="-131")
        if isinstance(message.part, Template)
        else None
    )
    campaign_id = await street.begun(NEW)
    await street.round(4)
    paused = await street.now(campaign_id)
    assert paused.state is State.PAUSED
    assert "-131" in paused.paused_why
    assert await street.fates(campaign_id) == {"waiting:by_template": 1}
    street.channel.behave = lambda _: None
    await street.office.resume(paused, LAN)
    await street.round(4)
    assert await street.fates(campaign_id) == {"queued:sent": 1}
    assert len(street.channel.sent) == 1


def test_what_the_platform_said_holds_until_they_write_again() -> None:
    now = datetime(2026, 10, 2, 2, 0, tzinfo=UTC)
    one = Recipient("zalo", now - timedelta(hours=3), True, True, shut_at=now - timedelta(hours=1))
    assert standing_of(one, now, per_month=9) == (Standing.CLOSED, Why.WINDOW)
    assert standing_of(one, now, per_month=9, by_template={"zalo"}) == (Standing.PAID, Why.BY_TEMPLATE)
    wrote = replace(one, last_heard_at=now - timedelta(minutes=1))
    assert standing_of(wrote, now, per_month=9, by_template={"zalo"}) == (Standing.FREE, Why.OPEN)
    busy = replace(one, with_a_person=True)
    assert standing_of(busy, now, per_month=9, by_template={"zalo"}) == (Standing.CLOSED, Why.WITH_A_PERSON)


def test_what_was_stored_before_there_were_templates_can_be_read() -> None:
    assert message_from({"text": "Chào", "image": "", "button": None}) == Message("Chào")
    message = Message("Chào", templates=(CHOICE,))
    assert message_from(as_json(message)) == message


@pytest.mark.parametrize(
    ("changed", "is_right"),
    [
        ({}, True),
        ({"wording": "Không có chỗ điền."}, True),
        ({"wording": "Chào <tên bạn>"}, False),
        ({"wording": "Chào <ten"}, False),
        ({"channel": "messenger", "wording": "Chào {{1}}, {{2}}"}, True),
        ({"channel": "messenger", "wording": "Chào {{ten}}"}, True),
        ({"channel": "messenger", "wording": "Chào {{1}}, {{3}}"}, False),
        ({"channel": "messenger", "wording": "Chào {{1}}, {{ten}}"}, False),
        ({"channel": "web"}, False),
        ({"id": "36 3"}, False),
        ({"name": ""}, False),
        ({"price": "đ" * 121}, False),
    ],
)
def test_a_template_is_checked_as_it_is_written_down(changed: dict[str, str], is_right: bool) -> None:
    assert (template_problem(replace(REMINDER, **changed)) == "") is is_right


@pytest.mark.parametrize("value", ["", " ", "{ten}", "a\nb", "a" * 201])
def test_what_cannot_stand_at_a_mark_is_refused(value: str) -> None:
    with pytest.raises(BadText):
        check_value(value)


def test_channels_say_whether_they_take_templates() -> None:
    assert not Capabilities(10, 0, 20, window=None).takes_templates
