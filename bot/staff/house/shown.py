"""How the rules of the house read: to citizens in each channel, and to staff beside another version. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.dialogue.menu import menu_options
from bot.dialogue.texts import WISHES
from bot.house_rules import HouseRules
from bot.outreach.paid import PaidTemplate
from bot.plain_words import channel_name
from bot.staff.differences import Difference, difference
from bot.staff.house.greeting import question_of
from bot.staff.house.hours import closed_in_words
from bot.web.front import front_of
from connectors.channel import Channel
from connectors.message import Text
from knowledge.base import KnowledgeBase

_ALIKE = 0.6
"""From how much in common on two texts are compared word by word."""


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message as it goes out."""

    text: str
    options: Sequence[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a citizen reads in one channel."""

    channel: str
    bubbles: Sequence[Bubble]
    note: str = ""
    """What is not as these bubbles say."""


@dataclass(frozen=True, slots=True)
class Line:
    """One rule as staff read it."""

    label: str
    text: str
    is_set_here: bool


def welcome_in(channels: Sequence[Channel], rules: HouseRules, base: KnowledgeBase) -> list[Preview]:
    """The first words with their buttons, shaped by each channel itself."""
    part = Text(rules.texts.welcome, options=menu_options(rules.menu, base))
    return [
        _on_the_page(rules, base) if channel.name == "web" else _in_channel(channel, part)
        for channel in channels
    ]


def _in_channel(channel: Channel, part: Text) -> Preview:
    pieces = [piece for piece in channel.fit(part) if isinstance(piece, Text)]
    bubbles = [Bubble(piece.text, [option.label for option in piece.options]) for piece in pieces]
    return Preview(channel_name(channel.name), bubbles)


def _on_the_page(rules: HouseRules, base: KnowledgeBase) -> Preview:
    """The chat on the web opens with words of the page, unless staff set theirs."""
    front = front_of(rules, base)
    labels = [option.label for option in front.offers]
    own = [
        said
        for said, is_own in (
            ("lời chào ngắn riêng của trang", not front.welcome),
            ("các câu mẫu có sẵn của trang", not labels),
        )
        if is_own
    ]
    note = f"Chưa đặt ở đây nên trang web dùng {' và '.join(own)}." if own else ""
    bubbles = [Bubble(front.welcome, labels)] if front.welcome or labels else []
    return Preview(channel_name("web"), bubbles, note)


def lines_of(rules: HouseRules, base: KnowledgeBase) -> dict[str, Line]:
    """Everything that can be set, by the name of the rule."""
    office = rules.office
    contacts = [one.in_words for one in rules.contacts]
    starters = [question_of(base, one) or f"({one}: không còn dùng)" for one in rules.starters]
    closed = [closed_in_words(one) for one in office.closed] if office else []
    texts = {
        "welcome": ("Lời chào lần đầu", rules.texts.welcome),
        "greeting": ("Lời chào lại", rules.texts.greeting),
        "starters": ("Câu hỏi gợi ý", "\n".join(starters) or "Trợ lý tự chọn các câu nổi bật"),
        "actions": (
            "Việc được mời làm",
            ", ".join(WISHES[one].label for one in rules.actions) or "Không mời việc nào",
        ),
        "office": (
            "Giờ làm việc",
            "\n".join([office.in_words(), *(f"Nghỉ: {one}" for one in closed)])
            if office
            else "Không nói giờ cụ thể",
        ),
        "contact_line": ("Liên hệ chung", rules.contact_line),
        "contacts": ("Liên hệ theo xã, phường", "\n".join(contacts) or "Chưa có"),
        "templates": ("Mẫu tin trả phí", "\n".join(map(template_line, rules.templates)) or "Chưa có"),
        "handoff_return_hours": (
            "Trợ lý trả lời lại sau",
            f"{rules.handoff_return_hours:g} giờ".replace(".", ","),
        ),
        "keep_texts_days": ("Giữ lời nhắn", _days(rules.keep_texts_days)),
        "keep_misses_days": ("Giữ câu chưa trả lời được", _days(rules.keep_misses_days)),
        "keep_audit_days": ("Giữ nhật ký", _days(rules.keep_audit_days)),
    }
    return {name: Line(label, text, name in rules.set_here) for name, (label, text) in texts.items()}


def differences(before: HouseRules, after: HouseRules, base: KnowledgeBase) -> list[Difference]:
    """What changed from one version to another, rule by rule and word by word."""
    old, new = lines_of(before, base), lines_of(after, base)
    return [
        difference(line.label, old[name].text, line.text, whole_below=_ALIKE)
        for name, line in new.items()
        if line.text != old[name].text
    ]


def changed_rules(before: HouseRules, after: HouseRules) -> frozenset[str]:
    """Names of the rules in which two versions differ, or differ in being set here."""
    names = before.set_here | after.set_here
    return frozenset(
        name
        for name in names
        if getattr(before, name) != getattr(after, name)
        or (name in before.set_here) != (name in after.set_here)
    )


def template_line(one: PaidTemplate) -> str:
    """A paid template on one line."""
    price = f" ({one.price})" if one.price else ""
    return f"{one.name}, {channel_name(one.channel)}, mã {one.id}{price}: {one.wording}"


def _days(days: int | None) -> str:
    return "mãi, không tự xóa" if days is None else f"{days} ngày"
