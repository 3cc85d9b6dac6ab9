"""Paid templates: wordings a platform approved beforehand, and what a campaign puts into them. Pure.

A template reaches people outside the window, and costs money. Staff write down here what the platform has
approved; nothing is approved by writing it down. The platform sends its own wording: ours is for reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.outreach.campaign import Message, Outside, rendered
from connectors.channel import Channel
from connectors.message import Template, clean_text

MARKS: Mapping[str, re.Pattern[str]] = {
    "zalo": re.compile(r"<([A-Za-z0-9_]{1,40})>"),
    "messenger": re.compile(r"\{\{([A-Za-z0-9_]{1,40})\}\}"),
}
"""By channel that has templates: what is to be filled in, as the platform writes it in its wording."""
EXAMPLE_MARKS: Mapping[str, str] = {"zalo": "<ten_tham_so>", "messenger": "{{1}}"}
MOST_TEMPLATES = 20
NAME_LIMIT, WORDING_LIMIT, PRICE_LIMIT = 80, 1200, 120
_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True, slots=True)
class PaidTemplate:
    """One template, as staff wrote it down."""

    channel: str
    """One of MARKS."""
    id: str
    """Its number (Zalo) or name (Facebook) at the platform."""
    name: str
    """For staff."""
    wording: str
    """As approved, with its marks."""
    price: str = ""
    """What one costs, in words; for staff."""

    @property
    def marks(self) -> tuple[str, ...]:
        """What is to be filled in, in the order of the wording, each once."""
        return tuple(dict.fromkeys(MARKS[self.channel].findall(self.wording)))

    def filled(self, values: Mapping[str, str]) -> str:
        """What people read; a mark without a value stays as it stands."""
        return MARKS[self.channel].sub(lambda mark: values.get(mark[1]) or mark[0], self.wording)


def template_problem(one: PaidTemplate) -> str:
    """What is wrong with one that was written down, in words for staff; empty when nothing is."""
    if one.channel not in MARKS:
        return "Chọn kênh của mẫu tin."
    if not _ID.fullmatch(one.id):
        return "Mã mẫu chỉ gồm chữ không dấu, chữ số và dấu gạch, đúng như nền tảng ghi."
    for label, text, limit in (
        ("Tên mẫu", one.name, NAME_LIMIT),
        ("Lời mẫu", one.wording, WORDING_LIMIT),
        ("Ghi chú giá", one.price or "-", PRICE_LIMIT),
    ):
        if not text.strip() or text != clean_text(text) or len(text) > limit:
            return f"{label} cần có, tối đa {limit} ký tự."
    left = MARKS[one.channel].sub("", one.wording)
    if any(mark in left for mark in ("<>" if one.channel == "zalo" else ("{{", "}}"))):
        return f"Chỗ điền viết liền, không dấu, ví dụ {EXAMPLE_MARKS[one.channel]}."
    numbers = [mark for mark in one.marks if mark.isdecimal()]
    if numbers and sorted(one.marks) != sorted(str(number) for number in range(1, len(one.marks) + 1)):
        return "Chỗ điền bằng số thì đánh số từ 1, không thiếu số nào."
    return ""


Offer = Callable[[], Sequence[PaidTemplate]]
"""Gives what may be chosen now."""


def nothing_on_offer() -> Sequence[PaidTemplate]:
    """Where there are no templates."""
    return ()


def offered(templates: Iterable[PaidTemplate], channels: Iterable[Channel]) -> tuple[PaidTemplate, ...]:
    """The templates of channels that are on and take them."""
    taking = {channel.name for channel in channels if channel.capabilities.takes_templates}
    return tuple(one for one in templates if one.channel in taking)


@dataclass(frozen=True, slots=True)
class Ready:
    """A template with all that a campaign puts into it."""

    template: PaidTemplate
    values: Mapping[str, str]
    """By mark; may hold our placeholders."""

    def part(self, placeholders: Mapping[str, str]) -> Template:
        """As it goes out to one person."""
        values = {
            mark: " ".join(rendered(self.values[mark], placeholders).split()) for mark in self.template.marks
        }
        return Template(self.template.id, values, self.template.filled(values))


@dataclass(frozen=True, slots=True)
class Paid:
    """By which channel's templates a campaign reaches those outside the window."""

    ready: Mapping[str, Ready] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    """Channels whose template was chosen and cannot be used any more."""


def paid_by(outside: Outside, message: Message, on_offer: Sequence[PaidTemplate]) -> Paid:
    """What of a campaign's templates can be used, given what is on offer."""
    if outside is not Outside.TEMPLATE:
        return Paid()
    known = {(one.channel, one.id): one for one in on_offer}
    ready: dict[str, Ready] = {}
    for choice in message.templates:
        template = known.get((choice.channel, choice.id))
        if template is not None and all(choice.values.get(mark, "").strip() for mark in template.marks):
            ready[choice.channel] = Ready(template, choice.values)
    return Paid(ready, frozenset(choice.channel for choice in message.templates) - set(ready))
