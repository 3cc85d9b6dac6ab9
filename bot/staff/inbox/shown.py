"""A line of the transcript as the console shows it. Pure.

Every string here may be hostile and is escaped by the template; the only thing that reaches an `href` is an
http(s) address, and its host is always written out so that nobody presses it by mistake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from urllib.parse import urlsplit

from bot.plain_words import channel_name
from bot.staff.inbox.why import Explained
from bot.staff.reasons import in_plain_words
from bot.staff.words import SEND_STATES, at_start, attachment_name, moment
from bot.store.outbox import State
from bot.store.transcript import Said
from connectors.message import Card, File, Part, PublicReply, Template

_TROUBLED = {State.FAILED, State.UNKNOWN, State.SET_ASIDE}


@dataclass(frozen=True, slots=True)
class Enclosed:
    """Something sent along."""

    name: str
    url: str
    host: str


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One thing said."""

    author: str
    """`citizen`, `bot` or `officer`."""
    by: str
    at: str
    at_iso: str
    text: str
    enclosed: Sequence[Enclosed] = ()
    sources: Sequence[str] = ()
    options: Sequence[str] = ()
    note: str = ""
    """`bình luận công khai` and the like."""
    state: str = ""
    why: str = ""
    is_troubled: bool = False
    explained: Explained | None = None
    """Why the bot said it, below the last line of its answer."""


def shown(
    line: Said, now: datetime, zone: tzinfo, channel: str = "", explained: Explained | None = None
) -> ShownLine:
    """The line in words. `channel`: where the conversation is."""
    state = State(line.state) if line.state else None
    text, sources, options, note = _content(line.part)
    enclosed = [
        Enclosed(attachment_name(a), web_address(a.url), urlsplit(web_address(a.url)).hostname or "")
        for a in line.attachments
    ]
    if isinstance(line.part, File):
        enclosed.append(Enclosed(f"Tệp: {line.part.name}", "", ""))
    return ShownLine(
        line.author,
        _by(line, channel),
        moment(line.at, now, zone),
        line.at.isoformat(),
        text,
        enclosed,
        sources,
        options,
        note,
        SEND_STATES[state] if state else "",
        in_plain_words(line.error) if state not in {None, State.SENT} else "",
        is_troubled=state in _TROUBLED,
        explained=explained,
    )


def last_of_answers(said: Sequence[Said]) -> dict[int, int]:
    """Where the last of the bot's lines to each event is: by its row in the outbox, the event."""
    last = {line.event_id: line.outbound_id for line in said if line.author == "bot" and line.event_id}
    return {row: event for event, row in last.items()}


def _by(line: Said, channel: str) -> str:
    if line.author == "citizen":
        return "Người dân"
    if line.author == "bot":
        return "Trợ lý"
    if line.is_from_elsewhere:
        return f"Cán bộ (từ ứng dụng {channel_name(channel)})"
    return at_start(line.officer) or "Cán bộ"


def web_address(url: str) -> str:
    """The address when a page may link to it, else ""."""
    try:
        parts = urlsplit(url.strip())
        return url.strip() if parts.scheme in {"http", "https"} and parts.hostname else ""
    except ValueError:
        return ""


def _content(part: Part) -> tuple[str, list[str], list[str], str]:
    match part:
        case Card():
            text = f"{part.title}\n{part.subtitle}".strip()
            return text, [], [option.label for option in part.options], ""
        case File():
            return part.caption, [], [], ""
        case PublicReply():
            return part.text, [], [], "trả lời công khai dưới bình luận"
        case Template():
            return part.text, [], [], "mẫu tin trả phí"
    sources = [f"{s.title}, {s.locator}" if s.locator else s.title for s in part.sources]
    return part.text, sources, [option.label for option in part.options], ""
