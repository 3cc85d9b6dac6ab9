"""How an entry reads: per channel, and beside another version of itself. Pure.

Texts of staff and of content files are as hostile as any: templates escape them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.ask import source_line
from bot.dialogue.answers import answered
from bot.dialogue.state import ConversationState
from bot.dialogue.turn import Understanding
from bot.staff.faq.shelf import Shelf
from bot.staff.words import channel_name
from bot.store.content import Status
from connectors.channel import Channel
from connectors.message import Part, Text
from knowledge.content import Item
from knowledge.repertoire import Repertoire

_AROUND = 80
"""Characters shown on either side of what changed."""
_ASKED = "?"
"""Stands for the citizen's question, so that the preview offers what an answer offers."""
FIELDS = {
    "question": "Câu hỏi",
    "variants": "Cách hỏi khác",
    "answer": "Câu trả lời",
    "step": "Bước tiếp theo",
    "facts": "Căn cứ",
    "about": "Văn bản liên quan",
    "years": "Năm",
    "only_if": "Chỉ khi nhắc tới",
    "next": "Câu gợi ý tiếp",
    "featured": "Gợi ý cho người mới",
}
STATUS_WORDS = {
    Status.PUBLISHED: ("đang dùng", "good"),
    Status.DRAFT: ("bản nháp", "warn"),
    Status.ARCHIVED: ("lưu trữ", "off"),
}


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message as it goes out."""

    text: str
    length: int
    sources: Sequence[str]
    options: Sequence[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """How an entry reads in one channel."""

    channel: str
    bubbles: Sequence[Bubble]
    limit: int
    """Characters of one message there."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which two versions differ: pieces that are `same`, `gone` or `new`."""

    field: str
    pieces: Sequence[tuple[str, str]]


def previews(made: Item, shelf: Shelf, channels: Sequence[Channel]) -> list[Preview]:
    """The answer as each channel would send it, shaped by the channel itself."""
    repertoire = Repertoire(shelf.with_(made))
    line = repertoire.line(made.id)
    if line is None:
        return []
    state = ConversationState(last_question=_ASKED)
    turn = answered(repertoire.say(line, 1.0), state, Understanding())
    parts = [part for part in turn.replies if isinstance(part, Text)]
    return [
        Preview(
            channel_name(channel.name),
            [_bubble(piece) for part in parts for piece in channel.fit(part)],
            channel.capabilities.text_limit,
        )
        for channel in channels
    ]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What changed from one body to another, field by field and word by word."""
    found = []
    for name, label in FIELDS.items():
        old, new = _as_text(before.get(name)), _as_text(after.get(name))
        if old != new:
            found.append(Difference(label, _pieces(old, new)))
    return found


def _pieces(old: str, new: str) -> list[tuple[str, str]]:
    a, b = re.findall(r"\s+|[^\s]+", old), re.findall(r"\s+|[^\s]+", new)
    pieces: list[tuple[str, str]] = []
    for tag, i, j, k, end in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", _without_middle("".join(a[i:j]))))
            continue
        if i < j:
            pieces.append(("gone", "".join(a[i:j])))
        if k < end:
            pieces.append(("new", "".join(b[k:end])))
    return pieces


def _without_middle(text: str) -> str:
    """What did not change is there to find one's way by, and is not read again."""
    return text if len(text) <= 3 * _AROUND else f"{text[:_AROUND]} […] {text[-_AROUND:]}"


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "có" if value else ""
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return "" if value is None else str(value)


def _bubble(part: Part) -> Bubble:
    if not isinstance(part, Text):
        text = getattr(part, "text", "")
        return Bubble(text, len(text), (), ())
    sources = [source_line(source).removeprefix("Nguồn: ") for source in part.sources]
    return Bubble(part.text, len(part.text), sources, [option.label for option in part.options])
