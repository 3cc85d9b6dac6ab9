"""Choosing a paid template for each channel in a campaign's form, and filling it in. Pure.

Every template stands in the form with its fields, so that it works without a script; only those of the chosen
ones count. What was typed into the others is not lost while the form is open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.outreach.campaign import BadText, Message, TemplateChoice, check_value
from bot.outreach.paid import PaidTemplate
from bot.plain_words import channel_name
from bot.staff.typed import one_line

CHOSEN, VALUE = "mau:", "gt:"
"""Names of fields begin with these: the template of a channel, and what stands at a mark."""
PROBLEM = "templates"
NONE_CHOSEN = "Chọn mẫu tin cho ít nhất một kênh, hoặc chọn cách khác ở trên."


@dataclass(frozen=True, slots=True)
class Field:
    """One mark of one template, as the form asks for it."""

    name: str
    mark: str
    typed: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One template in the form."""

    id: str
    name: str
    wording: str
    price: str
    is_chosen: bool
    fields: Sequence[Field]


@dataclass(frozen=True, slots=True)
class OnChannel:
    """The templates of one channel."""

    channel: str
    label: str
    templates: Sequence[Shown]
    lost: str
    """What was chosen and is not there any more."""


def typed_of(message: Message) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """(template by channel, text by field) of a stored message."""
    chosen = {one.channel: one.id for one in message.templates}
    values = {
        f"{VALUE}{one.channel}:{one.id}:{mark}": text
        for one in message.templates
        for mark, text in one.values.items()
    }
    return chosen, values


def typed_in(form: Mapping[str, str]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The same, as typed."""
    chosen = {name.removeprefix(CHOSEN): id_ for name, id_ in form.items() if name.startswith(CHOSEN) and id_}
    return chosen, {name: text for name, text in form.items() if name.startswith(VALUE)}


def checked(
    chosen: Mapping[str, str], values: Mapping[str, str], on_offer: Sequence[PaidTemplate]
) -> tuple[tuple[TemplateChoice, ...], dict[str, str]]:
    """The choices, and what is wrong in which field."""
    problems: dict[str, str] = {}
    choices: list[TemplateChoice] = []
    for one in on_offer:
        if chosen.get(one.channel) != one.id:
            continue
        texts = {mark: one_line(values.get(_field(one, mark), "")) for mark in one.marks}
        for mark, text in texts.items():
            try:
                check_value(text)
            except BadText as bad:
                problems[_field(one, mark)] = str(bad)
        choices.append(TemplateChoice(one.channel, one.id, texts))
    if not choices:
        problems[PROBLEM] = NONE_CHOSEN
    return tuple(choices), problems


def names_of(on_offer: Sequence[PaidTemplate]) -> dict[str, str]:
    """Every field as staff call it."""
    return {_field(one, mark): f"{one.name}: {mark}" for one in on_offer for mark in one.marks}


def shown(
    chosen: Mapping[str, str], values: Mapping[str, str], on_offer: Sequence[PaidTemplate]
) -> list[OnChannel]:
    """What the form shows, by channel."""
    found: list[OnChannel] = []
    for channel in dict.fromkeys([*(one.channel for one in on_offer), *chosen]):
        theirs = [one for one in on_offer if one.channel == channel]
        is_lost = channel in chosen and all(one.id != chosen[channel] for one in theirs)
        templates = [
            Shown(
                one.id,
                one.name,
                one.wording,
                one.price,
                chosen.get(channel) == one.id,
                [Field(_field(one, mark), mark, values.get(_field(one, mark), "")) for mark in one.marks],
            )
            for one in theirs
        ]
        lost = chosen[channel] if is_lost else ""
        found.append(OnChannel(channel, channel_name(channel), templates, lost))
    return found


def _field(one: PaidTemplate, mark: str) -> str:
    return f"{VALUE}{one.channel}:{one.id}:{mark}"
