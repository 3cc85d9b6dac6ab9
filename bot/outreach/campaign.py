"""A campaign: what is to be said, to whom, when, and which step it is at. Pure; the store keeps it.

    draft ──ask──> approval ──approve──> scheduled ──time comes──> running <──> paused
      ^               │                      │                       │            │
      └───────────────┴──────── edit ────────┘                     done        stopped

A campaign is sent once: nothing leads back from running, done or stopped to a draft. Copying makes a new one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.outreach.topics import Topic

TEXT_LIMIT = 1200
"""Characters: one message on every channel, with room for names."""
NAME_LIMIT = 120
LABEL_LIMIT = 20
VALUE_LIMIT = 200
"""Characters at one mark of a paid template; the platforms may allow less."""
HELD_AT_MOST = timedelta(days=30)
LATE_AFTER = timedelta(hours=6)
"""A schedule missed by more than this (the program was off) waits for a person instead of going out late."""


QUOTA_IS_OUT = "Kênh đã hết lượt gửi trong gói. Bạn mua thêm hoặc đợi lượt mới, rồi bấm Gửi tiếp."
"""Why a campaign pauses by itself when the platform's quota is used up."""
TEMPLATE_NOT_TAKEN = (
    "Nền tảng không nhận mẫu tin trả phí (mã {code}): mẫu chưa duyệt, hết tiền hoặc thiếu quyền. Bạn sửa ở "
    "nền tảng rồi bấm Gửi tiếp; hoặc bỏ mẫu trong Cài đặt, ai cần mẫu sẽ không nhận."
)
"""Why it pauses when its template would be refused to everybody."""


class State(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    APPROVAL = "approval"
    """Waits for a second person."""
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    """Ended by a person: whoever did not get it yet never does."""
    DONE = "done"


MAY_FOLLOW: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.APPROVAL, State.SCHEDULED}),
    State.APPROVAL: frozenset({State.DRAFT, State.SCHEDULED}),
    State.SCHEDULED: frozenset({State.DRAFT, State.RUNNING, State.PAUSED, State.STOPPED}),
    State.RUNNING: frozenset({State.PAUSED, State.STOPPED, State.DONE}),
    State.PAUSED: frozenset({State.RUNNING, State.SCHEDULED, State.STOPPED}),
    State.STOPPED: frozenset(),
    State.DONE: frozenset(),
}


class Outside(StrEnum):
    """What happens to those who may not be written to now."""

    HOLD = "hold"
    """Kept until they next write, and given after their question was answered."""
    LEAVE = "leave"
    """They do not get it, and are counted with the reason."""
    TEMPLATE = "template"
    """They get a paid template where one is chosen for their channel; the others do not get it."""


class Assessed(StrEnum):
    """Where people stand with their self-assessment."""

    ANY = "any"
    NEVER = "never"
    UNFINISHED = "unfinished"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is meant, among those who agreed to the topic. Empty means all."""

    channels: tuple[str, ...] = ()
    communes: tuple[str, ...] = ()
    """With their province, as nlu.gazetteer names them."""
    groups: tuple[str, ...] = ()
    """Ids of learner groups (criteria 324)."""
    active_within_days: int | None = None
    assessed: Assessed = Assessed.ANY


@dataclass(frozen=True, slots=True)
class Button:
    """One thing to press below the message."""

    label: str
    payload: str
    """`do:start_assessment`, `faq:…` and the like: what the assistant understands as pressed."""


@dataclass(frozen=True, slots=True)
class TemplateChoice:
    """The paid template for those outside the window, on one channel."""

    channel: str
    id: str
    """As bot.outreach.paid.PaidTemplate has it."""
    values: Mapping[str, str]
    """What stands at each mark; may hold the placeholders."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is said."""

    text: str
    """May hold the placeholders of PLACEHOLDERS in braces."""
    image: str = ""
    """A file below DATA_DIR/campaigns, named as `is_picture_name` wants it; empty: none."""
    button: Button | None = None
    templates: tuple[TemplateChoice, ...] = ()
    """At most one for each channel; used with Outside.TEMPLATE alone."""

    @property
    def pieces(self) -> int:
        """How many messages it is for one person: a picture goes ahead of its words."""
        return 2 if self.image else 1


PLACEHOLDERS: Mapping[str, str] = {
    "hoi": "tên của Hội",
    "xa": "xã, phường người nhận đã cho biết, hoặc “nơi bạn ở”",
    "ngay": "ngày gửi, dạng 02/10",
}
_PICTURE = re.compile(r"[0-9a-f]{64}\.jpg")
_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")


def is_picture_name(name: str) -> bool:
    """Whether a picture of ours is called so: by the digest of what is in it. No path has this shape."""
    return _PICTURE.fullmatch(name) is not None


class BadText(ValueError):
    """A text that cannot be sent; the message is Vietnamese and says why."""


def check_text(text: str) -> None:
    """Raise BadText where a text is empty, too long, or holds a placeholder nobody can fill."""
    if not text.strip():
        raise BadText("Bạn chưa viết nội dung tin.")
    if len(text) > TEXT_LIMIT:
        raise BadText(f"Tin dài {len(text)} ký tự, tối đa {TEXT_LIMIT}.")
    if any(brace in _PLACEHOLDER.sub("", text) for brace in "{}"):
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise BadText(f"Trong tin có dấu ngoặc nhọn lạ. Chỗ điền sẵn chỉ có: {known}.")


def check_value(text: str) -> None:
    """Raise BadText where what stands at a template's mark is empty, too long, or cannot be filled."""
    if not text.strip():
        raise BadText("Chỗ điền này đang trống.")
    if len(text) > VALUE_LIMIT or "\n" in text:
        raise BadText(f"Chỗ điền viết trên một dòng, tối đa {VALUE_LIMIT} ký tự.")
    check_text(text)


def rendered(text: str, values: Mapping[str, str]) -> str:
    """The text for one person; `values` has every placeholder. Values are put in as they are, once."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign as it is stored. Moments are aware, UTC."""

    id: int
    name: str
    topic: Topic
    state: State
    message: Message
    audience: Audience
    outside: Outside
    hold_until: datetime | None
    """Held messages nobody came for by then are let go."""
    scheduled_at: datetime | None
    created_by: str
    created_at: datetime
    revision: int
    """Raised by every change: whoever changes it says which one they saw."""
    asked_by: str = ""
    approved_by: str = ""
    approved_at: datetime | None = None
    planned_at: datetime | None = None
    """When the recipients were written down; None: not yet."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    paused_why: str = ""
    """Empty: a person paused it."""
    occasion: str = ""
    """Id of the calendar's occasion it was proposed for."""
    occasion_on: date | None = None
    date_confirmed_by: str = ""
    needs_date: bool = False
    """The occasion's date rests on no source: somebody must confirm it before anything is scheduled."""


class NotAllowed(Exception):
    """A step that may not be taken now; the message is Vietnamese and says why."""


def may_schedule(campaign: Campaign, recipients: int, approval_above: int) -> None:
    """Raise NotAllowed unless this campaign may get a time (or begin at once).

    Above `approval_above` recipients a second person has approved it: not the one who asked.
    """
    if campaign.needs_date and not campaign.date_confirmed_by:
        raise NotAllowed("Ngày của dịp này chưa có nguồn xác nhận. Bạn xác nhận ngày trước đã nhé.")
    if recipients > approval_above and not campaign.approved_by:
        raise NotAllowed(f"Chiến dịch trên {approval_above} người cần một người thứ hai duyệt.")
    if State.SCHEDULED not in MAY_FOLLOW[campaign.state]:
        raise NotAllowed("Chiến dịch này đã bắt đầu hoặc đã kết thúc.")


def as_json(message: Message) -> dict[str, Any]:
    """The message as JSON-able values."""
    button = {"label": message.button.label, "payload": message.button.payload} if message.button else None
    templates = [
        {"channel": one.channel, "id": one.id, "values": dict(one.values)} for one in message.templates
    ]
    return {"text": message.text, "image": message.image, "button": button, "templates": templates}


def message_from(data: Mapping[str, Any]) -> Message:
    """Read back what `as_json` made."""
    button, image = data.get("button"), str(data.get("image", ""))
    return Message(
        str(data["text"]),
        image if is_picture_name(image) else "",
        Button(str(button["label"]), str(button["payload"])) if button else None,
        tuple(
            TemplateChoice(
                str(one["channel"]), str(one["id"]), {str(k): str(v) for k, v in one["values"].items()}
            )
            for one in data.get("templates", ())
        ),
    )


def audience_as_json(audience: Audience) -> dict[str, Any]:
    """The audience as JSON-able values."""
    return {
        "channels": list(audience.channels),
        "communes": list(audience.communes),
        "groups": list(audience.groups),
        "active_within_days": audience.active_within_days,
        "assessed": audience.assessed.value,
    }


def audience_from(data: Mapping[str, Any]) -> Audience:
    """Read back what `audience_as_json` made."""
    return Audience(
        tuple(data.get("channels", ())),
        tuple(data.get("communes", ())),
        tuple(data.get("groups", ())),
        data.get("active_within_days"),
        Assessed(data.get("assessed", "any")),
    )
