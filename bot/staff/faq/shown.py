"""How an entry reads: per channel, and beside another version of itself. Pure.

Texts of staff and of content files are as hostile as any: templates escape them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.ask import source_line
from bot.dialogue.answers import answered
from bot.dialogue.state import ConversationState
from bot.dialogue.turn import Understanding
from bot.plain_words import channel_name
from bot.staff import versions
from bot.staff.differences import Difference
from bot.staff.faq.shelf import Shelf
from bot.store.content import Status
from connectors.channel import Channel
from connectors.message import Part, Text
from knowledge.content import Item
from knowledge.repertoire import Repertoire

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
    return versions.differences(before, after, FIELDS)


def _bubble(part: Part) -> Bubble:
    if not isinstance(part, Text):
        text = getattr(part, "text", "")
        return Bubble(text, len(text), (), ())
    sources = [source_line(source).removeprefix("Nguồn: ") for source in part.sources]
    return Bubble(part.text, len(part.text), sources, [option.label for option in part.options])
