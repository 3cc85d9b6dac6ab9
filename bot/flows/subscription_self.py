"""The two short questions behind a consent: where somebody lives, and what they do. Words and reading only.

Neither is a condition of anything: each is asked once, can be passed over, and whatever else is said ends the
asking. What was told in a self-assessment was told for that; here it is offered, and used only after a yes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.dialogue.comments import is_question
from bot.flows.assessment_place import read_places
from bot.flows.assessment_words import read_groups
from bot.flows.flow import Said, Told, option
from connectors.message import Option, Text
from knowledge.criteria import Group
from nlu.text import fold

NAME = "subscription"
TOLD, PLACE, GROUP = "told", "place", "group"
"""Steps; those before them are the consent's."""
STEPS = (TOLD, PLACE, GROUP)
YES, NO, SKIP = "yes", "no", "skip"
_USE = (option(NAME, TOLD, YES, "Dùng luôn"), option(NAME, TOLD, NO, "Không dùng"))
_SKIP_PLACE = option(NAME, PLACE, SKIP, "Bỏ qua")
_SKIP_GROUP = option(NAME, GROUP, SKIP, "Bỏ qua")
_UNITS = ("xã ", "phường ", "đặc khu ")
_OWN_WORDS = re.compile(
    r"(?:(?:toi|minh|em|chau|bac|nha) )*(?:o )?(?:xa|phuong|dac khu|thi tran)(?: \w+){1,5}"
)
"""A commune no list has, in words short enough to be nothing but its name."""
_PLACE_LIKE = re.compile(
    r"\b(?:ban|thon|xom|to|khu|tieu khu|tdp|buon|ap|pho|huyen|tinh|thanh pho|xa|phuong)\b"
)
_NO_GROUP = re.compile(r"\bnhom khac\b|\bkhong (?:thuoc |co |o |phai )?(?:nhom|cai) nao\b|\bviec khac\b")
_WHY = re.compile(r"\b(?:de|hoi) lam (?:gi|chi)\b|\b(?:sao|vi sao|tai sao) (?:phai |lai )*(?:hoi|can|biet)\b")
_SURELY_ELSE = 0.85
"""Confidence from which more than a few words are about something else, though a group is named in them."""
_FEW_WORDS = 2
_MOST_ATTEMPT = 6
"""Words that can be an attempt at a name."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer tells about its writer."""

    places: tuple[str, ...] = ()
    """Communes it can mean, likeliest first."""
    groups: tuple[str, ...] = ()
    """Ids of groups."""
    is_place_unknown: bool = False
    """A place was meant, and none that a commune could be."""


def lacking(told: Told, kept: Mapping[str, Any], groups: Sequence[Group]) -> Told:
    """What was told elsewhere and is not known here. A group must be one of today's."""
    known = {group.id for group in groups}
    has_group = kept.get("group") in known
    return Told(
        "" if kept.get("commune") else told.commune,
        "" if has_group or told.group not in known else told.group,
    )


def next_question(kept: Mapping[str, Any], groups: Sequence[Group]) -> str:
    """The first thing that is not known yet; empty when both are."""
    if not kept.get("commune"):
        return PLACE
    return "" if kept.get("group") in {group.id for group in groups} else GROUP


# --- asking ------------------------------------------------------------------------------------------


def ask(step: str, told: Told, groups: Sequence[Group]) -> Text:
    """One of the questions."""
    if step == TOLD:
        return Text(
            f"Lúc tự đánh giá bạn cho biết: {in_words(told, groups)}. Dùng luôn để Hội gửi đúng tin nhé?",
            _USE,
        )
    if step == PLACE:
        return Text(
            "Bạn ở xã, phường nào để Hội gửi đúng tin nơi bạn ở? Bạn gõ tên xã, phường, hoặc bấm "
            "“Bỏ qua” nếu không muốn nói.",
            (_SKIP_PLACE,),
            numbered=False,
        )
    return Text(
        "Bạn đang làm gì để Hội chọn tin hợp với bạn? Bạn bấm một nhóm, hoặc gõ vài chữ như “làm ruộng”, "
        "“đi học”. Bỏ qua cũng được.",
        (*(option(NAME, GROUP, group.id, group.label) for group in groups), _SKIP_GROUP),
    )


def explain(step: str, told: Told, groups: Sequence[Group]) -> Text:
    """The same in other words, for whoever asks back."""
    if step == TOLD:
        said = (
            "Bạn nhắn “có” để Hội dùng điều bạn đã cho biết khi chọn tin gửi bạn, hoặc “không” để thôi nhé."
        )
        return Text(said, _USE)
    if step == PLACE:
        said = "Để tin của xã, phường nào thì chỉ người ở đó nhận. Bạn gõ tên, ví dụ “phường Tô Hiệu”, "
        return Text(f"{said}hoặc bấm “Bỏ qua”.", (_SKIP_PLACE,), numbered=False)
    said = "Để người đi học nhận tin của người đi học, người đi làm nhận tin của người đi làm."
    asked = ask(step, told, groups)
    return Text(f"{said} Bạn chọn một nhóm, hoặc bỏ qua.", asked.options)


def which_place(choices: Sequence[tuple[str, str]]) -> Text:
    """Several communes of one name, as pairs of what a button sends and what stands on it."""
    offered = tuple(option(NAME, PLACE, slug, place) for slug, place in choices)
    return Text("Có mấy nơi cùng tên. Bạn ở nơi nào?", (*offered, _SKIP_PLACE))


def which_group(groups: Sequence[Group]) -> Text:
    """What was said fits several groups."""
    offered: tuple[Option, ...] = tuple(option(NAME, GROUP, group.id, group.label) for group in groups)
    return Text("Bạn chọn giúp mình một nhóm nhé, hoặc bỏ qua.", (*offered, _SKIP_GROUP))


def in_words(told: Told, groups: Sequence[Group]) -> str:
    """`nhóm “Người lao động”, phường Tô Hiệu, tỉnh Sơn La`."""
    label = next((group.label for group in groups if group.id == told.group), "")
    return ", ".join(one for one in (f"nhóm “{label}”" if label else "", told.commune) if one)


# --- reading -----------------------------------------------------------------------------------------


def read(step: str, said: Said, groups: Sequence[Group]) -> Heard | None:
    """What an answer to this step tells. None when it is about something else."""
    places, is_unknown = _communes(said, is_asked=step == PLACE)
    asks = "?" in said.text or (is_question(said.text) and not _listed(places))
    if asks or _is_about_else(said):
        return None
    found = () if step == PLACE and not places and not is_unknown else read_groups(said.text, groups)
    return Heard(places, found, is_unknown) if places or found or is_unknown else None


def asks_why(said: Said) -> bool:
    """Whether somebody asks back what this is asked for."""
    return said.wants("help", "repeat") or _WHY.search(fold(said.text)) is not None


def says_none_fits(said: Said) -> bool:
    """Whether somebody sees no group that is theirs."""
    return _NO_GROUP.search(fold(said.text)) is not None


def _communes(said: Said, *, is_asked: bool) -> tuple[tuple[str, ...], bool]:
    """The communes meant, and whether a place was meant that is none."""
    found, plain = read_places(said.text), fold(said.text).strip(" .,!")
    inside = tuple(dict.fromkeys(one.value for one in said.meaning.entities if one.kind == "place"))
    clauses = (read_places(clause) for clause in said.text.split(","))
    known = next(filter(None, (_listed(places) for places in (found, inside, *clauses))), ())
    if known or (found and _OWN_WORDS.fullmatch(plain)):
        return known or found, False
    is_attempt = len(plain.split()) <= _MOST_ATTEMPT and _PLACE_LIKE.search(plain) is not None
    return (), is_asked and (bool(found) or is_attempt)


def _listed(places: Sequence[str]) -> tuple[str, ...]:
    """Those that are communes of the list: it names them with their province."""
    return tuple(one for one in places if one.startswith(_UNITS) and "," in one)


def _is_about_else(said: Said) -> bool:
    meaning = said.meaning
    is_long = len(said.text.split()) > _FEW_WORDS
    answers = meaning.intent in ("affirm", "deny", "skip") or any(e.kind == "place" for e in meaning.entities)
    return meaning.is_sure and meaning.confidence >= _SURELY_ELSE and is_long and not answers
