"""How the console says things: channels, moments, durations, states. Pure; all of it plain Vietnamese.

Nothing here may know HTTP or SQL. A citizen is never called by a platform's id: `handle_of` gives a short
name that only tells conversations apart.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, tzinfo

from bot.store.outbox import State
from bot.store.staff import Role
from connectors.message import Attachment, Card, ConversationId, InboundEvent, Part

CHANNELS = {"zalo": "Zalo", "messenger": "Facebook", "web": "Trang web"}
ROLES = {Role.ADMIN: "Quản trị", Role.EDITOR: "Biên tập", Role.AGENT: "Trực hội thoại", Role.VIEWER: "Xem"}
WEEKDAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật")
SEND_STATES = {
    State.WAITING: "chờ gửi",
    State.SENDING: "đang gửi",
    State.CHECKING: "đang kiểm tra đã tới chưa",
    State.SENT: "đã gửi",
    State.FAILED: "chưa gửi được",
    State.UNKNOWN: "không rõ đã tới chưa",
    State.SET_ASIDE: "chưa gửi được, cán bộ đã bỏ qua",
}
_ATTACHMENTS = {
    "image": "Ảnh",
    "gif": "Ảnh động",
    "audio": "Ghi âm",
    "video": "Video",
    "sticker": "Nhãn dán",
    "location": "Vị trí",
    "file": "Tệp",
    "link": "Đường dẫn",
    "contact": "Danh thiếp",
}


def channel_name(name: str) -> str:
    """The channel as people call it."""
    return CHANNELS.get(name, name)


def handle_of(conversation: ConversationId) -> str:
    """`Người dân 3F9C`: the same for the same conversation, and nothing else can be read from it."""
    return f"Người dân {hashlib.sha256(conversation.key.encode()).hexdigest()[:4].upper()}"


def moment(at: datetime, now: datetime, zone: tzinfo) -> str:
    """`09:05`, `09:05 hôm qua`, `09:05 ngày 02/10`, with the year when it is another one."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    clock = f"{local:%H:%M}"
    if local.date() == today:
        return clock
    if local.date() == today - timedelta(days=1):
        return f"{clock} hôm qua"
    return f"{clock} ngày {local:%d/%m}" if local.year == today.year else f"{clock} ngày {local:%d/%m/%Y}"


def day(at: datetime, zone: tzinfo) -> str:
    """`Thứ Sáu, 02/10/2026`."""
    local = at.astimezone(zone)
    return f"{WEEKDAYS[local.weekday()]}, {local:%d/%m/%Y}"


def duration(length: timedelta) -> str:
    """The largest whole unit: `5 ngày`, `3 giờ`, `25 phút`, `chưa đầy 1 phút`. Days begin at two."""
    minutes = int(length.total_seconds() // 60)
    if minutes >= 2 * 24 * 60:
        return f"{minutes // (24 * 60)} ngày"
    if minutes >= 60:
        return f"{minutes // 60} giờ"
    return f"{minutes} phút" if minutes >= 1 else "chưa đầy 1 phút"


def attachment_name(attachment: Attachment) -> str:
    """`Tệp: đơn.pdf`. The name is the citizen's and must be escaped where it is shown."""
    kind = _ATTACHMENTS.get(attachment.kind, "Nội dung khác")
    if attachment.kind == "location" and attachment.latitude is not None and attachment.longitude is not None:
        return f"{kind}: {attachment.latitude:.5f}, {attachment.longitude:.5f}"
    return f"{kind}: {attachment.name}" if attachment.name else kind


def what_was_said(event: InboundEvent) -> str:
    """A citizen's line on one line: words, the label pressed, or what was sent instead."""
    text = event.text or event.detail.get("label", "")
    if not text and event.attachments:
        text = ", ".join(f"[{attachment_name(a)}]" for a in event.attachments)
    return " ".join(text.split())


def part_in_short(part: Part) -> str:
    """A line of ours on one line."""
    if isinstance(part, Card):
        return " ".join(f"{part.title} {part.subtitle}".split())
    text = part.text if hasattr(part, "text") else f"[Tệp: {part.name}] {part.caption}"
    return " ".join(text.split())


def shortened(text: str, limit: int = 120) -> str:
    """At most `limit` characters, cut at a space where there is one near."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    at_space = cut.rpartition(" ")[0]
    return f"{at_space if len(at_space) > limit // 2 else cut}…"
