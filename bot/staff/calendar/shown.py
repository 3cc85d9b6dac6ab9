"""An occasion as a page shows it: when it comes, how sure that is, what is planned for it. Pure.

Texts of staff and of content files are as hostile as any: templates escape them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from bot.outreach.campaign import Campaign
from bot.outreach.ics import is_told
from bot.outreach.topics import OFFERS
from bot.staff import versions
from bot.staff.calendar.addresses import path_of
from bot.staff.calendar.form import FIELDS, day_shown
from bot.staff.calendar.year import Year
from bot.staff.campaigns import CAMPAIGNS
from bot.staff.campaigns.words import STATES
from bot.staff.differences import Difference
from bot.staff.words import WEEKDAYS
from knowledge.calendar import Coming
from knowledge.content import Certainty, Fact
from knowledge.model import YearDay

CERTAINTY = {
    Certainty.CERTAIN: ("có văn bản xác nhận", "good"),
    Certainty.SINGLE_SOURCE: ("theo một nguồn", "warn"),
    Certainty.UNVERIFIED: ("chưa có nguồn xác nhận", "bad"),
}
FACT_CERTAINTY = {
    Certainty.CERTAIN: ("chắc chắn", "good"),
    Certainty.SINGLE_SOURCE: ("một nguồn", "warn"),
    Certainty.UNVERIFIED: ("chưa xác minh", "bad"),
}
TOPICS = {one.topic.value: one.label for one in OFFERS}
_LEAP_DAY = YearDay(2, 29)


@dataclass(frozen=True, slots=True)
class Ground:
    """One thing it rests on, with its source."""

    statement: str
    source: str
    url: str
    certainty: str
    tone: str


@dataclass(frozen=True, slots=True)
class Planned:
    """The campaign for this year's occasion."""

    path: str
    name: str
    state: str
    tone: str
    other_day: str
    """The day it was made for, where the calendar has another by now."""


@dataclass(frozen=True, slots=True)
class Card:
    """One occasion as it comes next."""

    id: str
    path: str
    title: str
    day: str
    month: str
    year: str
    when: str
    soon: str
    is_on: bool
    certainty: str
    tone: str
    leap: bool
    """On 29 February."""
    grounds: Sequence[Ground]
    note: str
    proposed: str
    planned: Planned | None
    confirmed: str
    """What is to say of an uncertain date this year; empty for one that is certain."""
    on_phone: str
    can_draft: bool
    has_conflict: bool


def card(coming: Coming, year: Year, today: date) -> Card:
    """How an occasion reads today."""
    occasion = coming.occasion
    campaign = year.campaign_for(coming)
    is_its_day = campaign is not None and campaign.occasion_on == coming.first
    vouched = is_its_day and campaign is not None and bool(campaign.date_confirmed_by)
    certainty, tone = CERTAINTY[occasion.certainty]
    kept = year.shelf.kept.get(occasion.id)
    told = is_told(occasion, coming.first, (coming.first,) if vouched else ())
    return Card(
        id=occasion.id,
        path=path_of(occasion.id),
        title=occasion.title,
        day=f"{coming.first:%d}",
        month=f"{coming.first.month}",
        year=f"{coming.first:%Y}",
        when=when(coming),
        soon=soon(coming, today),
        is_on=coming.is_on(today),
        certainty=certainty,
        tone=tone,
        leap=_LEAP_DAY in (occasion.first, occasion.last),
        grounds=[_ground(fact) for fact in occasion.facts],
        note=occasion.note,
        proposed="" if is_its_day else _proposed(coming, today),
        planned=_planned(campaign, coming) if campaign else None,
        confirmed=_confirmed(coming, campaign if is_its_day else None),
        on_phone="" if told else "Chưa có trong lịch điện thoại, vì ngày chưa chắc.",
        can_draft=bool(occasion.message) and not is_its_day,
        has_conflict=kept is not None and kept.conflict is not None,
    )


def when(coming: Coming) -> str:
    """`Thứ Bảy, 02/10/2027`, or from which day to which."""
    first = _day(coming.first)
    if coming.last == coming.first:
        return first
    last = _day(coming.last)
    return f"{first} đến {last[:1].lower()}{last[1:]}"


def soon(coming: Coming, today: date) -> str:
    """How far away it is, in words."""
    if coming.is_on(today):
        left = (coming.last - today).days
        return f"đang diễn ra, còn {left} ngày" if left else "hôm nay" if _is_one(coming) else "ngày cuối"
    days = (coming.first - today).days
    return "ngày mai" if days == 1 else f"còn {days} ngày"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What changed from one body to another, in the words of the form."""
    return versions.differences(_in_words(before), _in_words(after), {**FIELDS, "facts": "Căn cứ"})


def _in_words(body: Mapping[str, Any]) -> dict[str, Any]:
    if not body:
        return {}
    certainty = {one.value: words for one, (words, _) in CERTAINTY.items()}
    topic, lead = str(body.get("topic", "")), body.get("lead_days", 14)
    return {
        **body,
        "first": day_shown(body.get("first")),
        "last": day_shown(body.get("last")),
        "certainty": certainty.get(str(body.get("certainty")), ""),
        "topic": TOPICS.get(topic, topic),
        "lead_days": f"{lead} ngày",
    }


def _day(one: date) -> str:
    return f"{WEEKDAYS[one.weekday()]}, {one:%d/%m/%Y}"


def _is_one(coming: Coming) -> bool:
    return coming.first == coming.last


def _ground(fact: Fact) -> Ground:
    words, tone = FACT_CERTAINTY[fact.certainty]
    place = ", ".join(filter(None, (fact.citation.title, fact.citation.locator)))
    url = fact.citation.url
    return Ground(fact.statement, place, url if url.startswith("https://") else "", words, tone)


def _proposed(coming: Coming, today: date) -> str:
    occasion = coming.occasion
    if not occasion.message:
        return "Chưa có tin mẫu, nên lịch không soạn sẵn chiến dịch cho dịp này."
    if coming.first < today:
        return "Dịp này đã bắt đầu, lịch không tự soạn chiến dịch nữa."
    begins = coming.first - timedelta(days=occasion.lead_days)
    if begins <= today:
        return "Lịch sẽ soạn sẵn chiến dịch trong vòng một giờ tới."
    return f"Lịch sẽ soạn sẵn chiến dịch vào {begins:%d/%m/%Y}, trước {occasion.lead_days} ngày."


def _planned(campaign: Campaign, coming: Coming) -> Planned:
    label, tone = STATES[campaign.state]
    day = campaign.occasion_on
    other = f"{day:%d/%m/%Y}" if day is not None and day != coming.first else ""
    return Planned(f"{CAMPAIGNS}/{campaign.id}", campaign.name, label, tone, other)


def _confirmed(coming: Coming, campaign: Campaign | None) -> str:
    if coming.occasion.certainty is not Certainty.UNVERIFIED:
        return ""
    if campaign is None:
        return "Ngày năm nay chưa ai xác nhận. Khi có chiến dịch, bạn xác nhận ngày trên chiến dịch ấy."
    if campaign.date_confirmed_by:
        return f"{campaign.date_confirmed_by} đã xác nhận ngày này cho năm {coming.first.year}."
    return "Ngày năm nay chưa ai xác nhận. Bạn hỏi lại, rồi xác nhận trên chiến dịch."
