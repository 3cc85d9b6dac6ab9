"""A campaign as a form: what was typed, and what is wrong with it. Pure; what is refused is not lost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import TypeVar

from bot.outreach.campaign import (
    HELD_AT_MOST,
    NAME_LIMIT,
    Assessed,
    Audience,
    BadText,
    Button,
    Campaign,
    Message,
    Outside,
    check_text,
    is_picture_name,
)
from bot.outreach.paid import PaidTemplate
from bot.outreach.topics import Topic
from bot.staff.campaigns import paying
from bot.staff.campaigns.words import ACTIVE, BUTTONS
from bot.store.campaigns import NewCampaign
from connectors.message import clean_text

E = TypeVar("E", bound=StrEnum)
CHANNEL, COMMUNE, GROUP = "kenh:", "xa:", "nhom:"
"""Names of checkboxes begin with these."""
PICTURE = "anh"
"""The field a picture is chosen in. `KEPT_PICTURE` holds the name of one that was taken in already."""
KEPT_PICTURE, NO_PICTURE = "anh-da-nhan", "bo-anh"
FIELDS = {
    "name": "Tên chiến dịch",
    "text": "Nội dung tin",
    "image": "Ảnh kèm tin",
    paying.PROBLEM: "Mẫu tin trả phí",
    "hold": "Giữ đến ngày",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """The form's fields, as typed."""

    name: str = ""
    topic: str = Topic.MONTH.value
    text: str = ""
    image: str = ""
    """The name of a picture of ours, or nothing."""
    button: str = ""
    """A payload of BUTTONS."""
    channels: frozenset[str] = frozenset()
    communes: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    active: int = 0
    assessed: str = Assessed.ANY.value
    outside: str = Outside.HOLD.value
    hold: str = ""
    """`yyyy-mm-dd`, the last day."""
    templates: Mapping[str, str] = field(default_factory=dict)
    """By channel the id of the paid template that is chosen."""
    template_values: Mapping[str, str] = field(default_factory=dict)
    """By field what stands at the marks of templates."""


def typed_of(campaign: Campaign, zone: tzinfo) -> Typed:
    """A stored campaign in the form's fields."""
    audience, message = campaign.audience, campaign.message
    templates, values = paying.typed_of(message)
    until = campaign.hold_until.astimezone(zone) - timedelta(seconds=1) if campaign.hold_until else None
    return Typed(
        name=campaign.name,
        topic=campaign.topic.value,
        text=message.text,
        image=message.image,
        button=message.button.payload if message.button else "",
        channels=frozenset(audience.channels),
        communes=frozenset(audience.communes),
        groups=frozenset(audience.groups),
        active=audience.active_within_days or 0,
        assessed=audience.assessed.value,
        outside=campaign.outside.value,
        hold=f"{until:%Y-%m-%d}" if until else "",
        templates=templates,
        template_values=values,
    )


def typed_in(form: Mapping[str, str]) -> Typed:
    """What was typed."""

    def ticked(prefix: str) -> frozenset[str]:
        return frozenset(name.removeprefix(prefix) for name in form if name.startswith(prefix))

    templates, values = paying.typed_in(form)
    active, image = form.get("gan-day", "0"), form.get(KEPT_PICTURE, "")
    return Typed(
        name=form.get("ten", ""),
        topic=form.get("loai", ""),
        text=form.get("noi-dung", "").replace("\r\n", "\n"),
        image=image if is_picture_name(image) and NO_PICTURE not in form else "",
        button=form.get("nut", ""),
        channels=ticked(CHANNEL),
        communes=ticked(COMMUNE),
        groups=ticked(GROUP),
        active=int(active) if active.isascii() and active.isdigit() and int(active) in ACTIVE else 0,
        assessed=form.get("tu-danh-gia", Assessed.ANY.value),
        outside=form.get("ngoai-han", Outside.HOLD.value),
        hold=form.get("giu-den", ""),
        templates=templates,
        template_values=values,
    )


def checked(
    typed: Typed,
    now: datetime,
    zone: tzinfo,
    known: Collection[str],
    on_offer: Sequence[PaidTemplate] = (),
) -> tuple[NewCampaign | None, dict[str, str]]:
    """The campaign, or what is wrong in which field. `known`: communes and groups that may be chosen;
    `on_offer`: paid templates that may be."""
    problems: dict[str, str] = {}
    name = " ".join(clean_text(typed.name).split())
    if not name or len(name) > NAME_LIMIT:
        problems["name"] = f"Đặt một tên để dễ nhận ra, tối đa {NAME_LIMIT} ký tự."
    text = clean_text(typed.text)
    try:
        check_text(text)
    except BadText as bad:
        problems["text"] = str(bad)
    outside = _one_of(Outside, typed.outside, Outside.HOLD)
    choices, wrong_choices = paying.checked(typed.templates, typed.template_values, on_offer)
    if outside is Outside.TEMPLATE:
        problems |= wrong_choices
    hold, wrong = _held_until(typed, now, zone)
    if wrong:
        problems["hold"] = wrong
    if problems:
        return None, problems
    label = BUTTONS.get(typed.button, "")
    audience = Audience(
        channels=tuple(sorted(typed.channels)),
        communes=tuple(sorted(one for one in typed.communes if one in known)),
        groups=tuple(sorted(one for one in typed.groups if one in known)),
        active_within_days=typed.active or None,
        assessed=_one_of(Assessed, typed.assessed, Assessed.ANY),
    )
    button = Button(label, typed.button) if typed.button and label else None
    message = Message(text, typed.image, button, choices if outside is Outside.TEMPLATE else ())
    topic = _one_of(Topic, typed.topic, Topic.MONTH)
    return NewCampaign(name, topic, message, audience, outside, hold), {}


def moment_typed(typed: str, zone: tzinfo) -> datetime | None:
    """A `datetime-local` field as a moment; None where it is empty or none."""
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=zone) if typed else None
    except ValueError:
        return None


def _held_until(typed: Typed, now: datetime, zone: tzinfo) -> tuple[datetime | None, str]:
    """The end of the last day, or what is wrong. Without a day: as long as may be."""
    if typed.outside != Outside.HOLD.value:
        return None, ""
    if not typed.hold:
        return now + HELD_AT_MOST, ""
    try:
        day = datetime.fromisoformat(typed.hold).replace(hour=0, minute=0, tzinfo=zone)
    except ValueError:
        return None, "Bạn chọn một ngày giúp nhé."
    end = day + timedelta(days=1)
    if end <= now:
        return None, "Ngày này đã qua."
    if end > now + HELD_AT_MOST + timedelta(days=1):
        return None, f"Tin giữ lại tối đa {HELD_AT_MOST.days} ngày, để lâu hơn thì đã cũ."
    return min(end, now + HELD_AT_MOST), ""


def _one_of(kind: type[E], value: str, otherwise: E) -> E:
    return next((one for one in kind if one.value == value), otherwise)
