"""A campaign as a page shows it: the funnel before, the progress after, how it reads by channel. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from bot.outreach.campaign import Campaign, Message, State
from bot.outreach.delivery import Post
from bot.outreach.paid import Paid
from bot.outreach.planning import Funnel
from bot.outreach.topics import offer_of
from bot.outreach.windows import Standing, Why
from bot.outreach.words import PLACES, SENDING, WHY
from bot.plain_words import channel_name
from bot.staff.campaigns.words import STATES
from bot.staff.reasons import in_plain_words
from bot.staff.words import moment
from bot.store.recipients import Place, Result, went_by_template
from connectors.channel import Channel
from connectors.message import Text

_EXAMPLE_COMMUNE = "phường Tô Hiệu"


@dataclass(frozen=True, slots=True)
class Line:
    """People who share one fate."""

    count: int
    says: str
    tone: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the funnel: of those above, so many are left."""

    count: int
    label: str
    share: int
    """Per cent of the first step."""
    lines: Sequence[Line] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """How the message reads on one channel."""

    channel: str
    texts: Sequence[str]
    options: Sequence[str]
    picture: str = ""
    """Where it can be looked at; it comes before the words."""
    note: str = ""
    """Who gets it, and for how much, where that is not everybody and nothing."""


@dataclass(frozen=True, slots=True)
class Card:
    """A campaign in the list."""

    path: str
    name: str
    topic: str
    state: str
    tone: str
    when: str
    progress: str
    by: str


def funnel_steps(funnel: Funnel) -> list[Step]:
    """From everybody meant down to those who get it free, each loss with its reasons."""
    meant = funnel.total + funnel.not_agreed
    agreed = funnel.total
    reach = funnel.count(Place.WAITING)
    free = funnel.count(Place.WAITING, Standing.FREE)

    def share(count: int) -> int:
        return round(100 * count / meant) if meant else 0

    lost = _lines(funnel, {Place.SKIPPED, Place.HELD})
    waiting: Counter[Why] = Counter()
    for (_, place, _, why), number in funnel.by.items():
        waiting[why] += number if place is Place.WAITING else 0
    costs = [Line(waiting[why], f"sẽ mất phí: {WHY[why]}", "warn") for why in PAID_FOR if waiting[why]]
    later = [Line(waiting[why], f"gửi sau: {WHY[why]}", "plain") for why in _LATER if waiting[why]]
    unagreed = [Line(funnel.not_agreed, "chưa đồng ý nhận loại tin này", "off")] if funnel.not_agreed else []
    return [
        Step(meant, "trong nhóm bạn chọn", share(meant)),
        Step(agreed, "đã đồng ý nhận loại tin này", share(agreed), unagreed),
        Step(reach, "gửi được", share(reach), lost),
        Step(free, "gửi ngay, miễn phí", share(free), [*costs, *later]),
    ]


def silent_on_zalo(funnel: Funnel) -> int:
    """People on Zalo who have not written for too long: an article for all followers would reach them."""
    return sum(
        count
        for (channel, place, _, why), count in funnel.by.items()
        if channel == "zalo" and place is not Place.WAITING and why in (Why.WINDOW, Why.NEVER_WROTE)
    )


PAID_FOR = (Why.BEYOND_FREE, Why.BY_TEMPLATE)
"""What costs money, in the order it is told."""
_LATER = (Why.DAY_IS_FULL, Why.WITH_A_PERSON)


def progress_lines(results: Sequence[Result]) -> list[Line]:
    """Everybody counted once, what matters most first."""
    counted: dict[tuple[str, str, str], int] = {}
    for one in results:
        counted[_fate(one)] = counted.get(_fate(one), 0) + one.count
    found = [Line(count, says, tone, detail) for (says, tone, detail), count in counted.items()]
    weight = {"bad": 0, "warn": 1, "good": 2, "plain": 3, "off": 4}
    return sorted(found, key=lambda line: (weight[line.tone], -line.count))


def counts(results: Sequence[Result]) -> Mapping[str, int]:
    """`total`, `left`, `done`, `seen`, `failed`, `unknown`, `held`, `skipped`, `by_template`."""
    total = sum(one.count for one in results)
    left = sum(one.count for one in results if one.place is Place.WAITING or one.sending in _GOING)
    held = sum(one.count for one in results if one.place is Place.HELD)
    skipped = sum(one.count for one in results if one.place is Place.SKIPPED)
    by = {name: sum(one.count for one in results if one.sending == name) for name in SENDING}
    return {
        "total": total,
        "left": left,
        "held": held,
        "skipped": skipped,
        "failed": by["failed"] + by["set_aside"],
        "unknown": by["unknown"],
        "seen": by["seen"],
        "done": by["sent"] + by["delivered"] + by["seen"],
        "by_template": went_by_template(results),
    }


def samples(
    message: Message,
    channels: Sequence[Channel],
    association: str,
    now: datetime,
    zone: tzinfo,
    picture: str = "",
    paid: Paid | None = None,
) -> list[Sample]:
    """The message as each channel would send it, to somebody who told their commune; with its picture's
    address, and behind it the paid template for those outside the window."""
    post = Post(association, zone, Path())
    shown = []
    for channel in channels:
        parts = [piece for part in post.words(message, _EXAMPLE_COMMUNE, now) for piece in channel.fit(part)]
        texts = [part for part in parts if isinstance(part, Text)]
        options = [option.label for part in texts for option in part.options]
        name = channel_name(channel.name)
        shown.append(Sample(name, [part.text for part in texts], options, picture))
        if paid is not None and (ready := paid.ready.get(channel.name)):
            words = ready.part(post.values(_EXAMPLE_COMMUNE, now)).text
            note = f"Cho người đã lâu không nhắn. {ready.template.price}".strip()
            shown.append(Sample(f"{name}, mẫu tin trả phí", [words], (), note=note))
    return shown


def card(campaign: Campaign, results: Sequence[Result], path: str, now: datetime, zone: tzinfo) -> Card:
    """A campaign in the list."""
    label, tone = STATES[campaign.state]
    when = ""
    if campaign.state is State.SCHEDULED and campaign.scheduled_at:
        when = f"gửi lúc {moment(campaign.scheduled_at, now, zone)}"
    elif campaign.started_at:
        when = f"bắt đầu {moment(campaign.started_at, now, zone)}"
    elif campaign.occasion_on:
        when = f"cho ngày {campaign.occasion_on:%d/%m/%Y}"
    told = counts(results)
    progress = f"{told['done']} / {told['total']} người" if results else ""
    by = campaign.created_by or "lịch nhắc"
    return Card(path, campaign.name, offer_of(campaign.topic).label, label, tone, when, progress, by)


def _lines(funnel: Funnel, places: set[Place]) -> list[Line]:
    found: dict[tuple[Place, Why], int] = {}
    for (_, place, _, why), count in funnel.by.items():
        if place in places:
            found[place, why] = found.get((place, why), 0) + count
    return [
        Line(count, WHY[why], "plain" if place is Place.HELD else "off", PLACES[place])
        for (place, why), count in sorted(found.items(), key=lambda pair: -pair[1])
    ]


_GOING = frozenset({"waiting", "sending", "checking"})
_TONES = {"sent": "good", "delivered": "good", "seen": "good", "failed": "bad", "unknown": "warn", "": "off"}


def _fate(one: Result) -> tuple[str, str, str]:
    if one.place is Place.QUEUED:
        tone = _TONES.get(one.sending, "plain")
        return SENDING.get(one.sending, one.sending), tone, in_plain_words(one.error)
    tone = "off" if one.place is Place.SKIPPED else "plain"
    known = next((why for why in Why if why.value == one.why), None)
    return PLACES[one.place], tone, WHY[known] if known and known is not Why.OPEN else ""
