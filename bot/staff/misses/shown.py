"""How groups read on the page, and which of them were asked for. Pure.

Questions are strangers' words: templates escape them, and nothing here makes markup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from urllib.parse import urlencode

from bot.staff.faq.shelf import Shelf as Entries
from bot.staff.misses.adding import Owners, owner_of
from bot.staff.misses.board import Group, Shelf
from bot.staff.typed import number_in
from bot.staff.words import moment, shortened
from bot.store.editing import Kept
from bot.store.misses import WRONG, Miss, State
from knowledge.answer import AbstentionReason
from knowledge.repertoire import FACT
from nlu.text import syllables

MISSES = "/staff/chua-tra-loi"
DOCUMENT = "document:"
REASONS = {
    AbstentionReason.NOT_KNOWN.value: "Chưa có nội dung",
    AbstentionReason.TOO_VAGUE.value: "Hỏi chưa rõ",
    AbstentionReason.OUT_OF_SCOPE.value: "Ngoài phạm vi",
    WRONG: "Chưa đúng ý",
}
_REASON_NOTES = {
    AbstentionReason.NOT_KNOWN.value: "Đúng việc của Hội, nhưng chưa câu nào nói tới.",
    AbstentionReason.TOO_VAGUE.value: "Có thể hiểu nhiều cách, nên trợ lý hỏi lại.",
    AbstentionReason.OUT_OF_SCOPE.value: "Trợ lý không thấy câu nào giống, hoặc là việc của nơi khác.",
    WRONG: "Trợ lý đã trả lời, và người dân báo chưa đúng ý.",
}
_TONES = {WRONG: "bad", AbstentionReason.NOT_KNOWN.value: "warn"}
SHELVES = {Shelf.OPEN: "Đang mở", Shelf.DONE: "Đã xong", Shelf.OUTSIDE: "Ngoài phạm vi"}
LISTED = 40
"""Wordings of a group that can be left out one by one."""
_VERY_NEAR, _RATHER_NEAR = 0.64, 0.25


WORDS = 300
"""Characters of a question that are shown."""


class Period(StrEnum):
    """How long ago something was asked last, at most."""

    WEEK = "7"
    MONTH = "30"
    QUARTER = "90"
    ALL = "tat-ca"


PERIODS = {
    Period.WEEK: "7 ngày qua",
    Period.MONTH: "30 ngày qua",
    Period.QUARTER: "90 ngày qua",
    Period.ALL: "Mọi lúc",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which groups to show. Made of whatever stands in an address or a form, so nothing in it is free."""

    shelf: Shelf = Shelf.OPEN
    reason: str = ""
    period: Period = Period.ALL
    words: str = ""
    page: int = 1

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Wanted:
        """What an address or a form asks for; what makes no sense is left out."""
        reason = given.get("ly-do", "")
        return cls(
            next((one for one in Shelf if one.value == given.get("loc")), Shelf.OPEN),
            reason if reason in REASONS else "",
            next((one for one in Period if one.value == given.get("ky")), Period.ALL),
            " ".join(given.get("tim", "").split())[:200],
            max(1, number_in(given.get("trang", ""))),
        )

    def fields(self) -> dict[str, str]:
        """As fields of a form; `of` reads them back."""
        fields = {
            "loc": self.shelf.value if self.shelf is not Shelf.OPEN else "",
            "ly-do": self.reason,
            "ky": self.period.value if self.period is not Period.ALL else "",
            "tim": self.words,
            "trang": str(self.page) if self.page > 1 else "",
        }
        return {name: value for name, value in fields.items() if value}

    def address(self, path: str = MISSES, /, **more: str | int) -> str:
        """The page that shows this."""
        asked = {**self.fields(), **{name.replace("_", "-"): str(value) for name, value in more.items()}}
        return f"{path}?{urlencode(asked)}" if asked else path

    def on(self, page: int) -> Wanted:
        """Another page of the same."""
        return replace(self, page=page)

    @property
    def is_narrowed(self) -> bool:
        """Is anything but the shelf chosen?"""
        return bool(self.reason or self.words or self.period is not Period.ALL)


@dataclass(frozen=True, slots=True)
class Near:
    """An entry that resembles a question."""

    id: str
    question: str
    how_near: str
    share: str


@dataclass(frozen=True, slots=True)
class Told:
    """What answers a question: an entry with a page, or something else by its name."""

    label: str
    entry: str = ""


@dataclass(frozen=True, slots=True)
class WordingShown:
    """One way a thing was asked."""

    key: str
    text: str
    count: int
    owner: Told | None
    """The entry that has it already as a way of asking, whether citizens get to see it or not."""


@dataclass(frozen=True, slots=True)
class GroupShown:
    """A group as a card."""

    id: str
    key: str
    question: str
    count: int
    ways: int
    span: str
    last: str
    reason: str
    reason_note: str
    tone: str
    wordings: Sequence[WordingShown]
    rest: str
    """Keys of the wordings that are not listed, one a line."""
    near: Sequence[Near]
    wrong: Told | None
    """What was said and was not what was meant."""
    answered: Told | None
    state_words: str
    taken_by_me: bool
    is_asked: bool
    """It was added to an entry, and what came of it is not known yet."""
    tried: Told | None
    """An entry it was added to, for nothing: the bot is still not sure."""
    draft: Told | None
    """An entry nobody gets to see yet that has the question."""


def fits(group: Group, wanted: Wanted, now: datetime) -> bool:
    """Was this group asked for?"""
    if wanted.reason and group.reason != wanted.reason:
        return False
    if wanted.period is not Period.ALL and group.last_at < now - timedelta(days=int(wanted.period)):
        return False
    return holds(group, syllables(wanted.words)) if wanted.words else True


def holds(group: Group, wanted: Sequence[str]) -> bool:
    """Does one wording say all of these folded syllables?"""
    return any(all(f" {one} " in f" {miss.key} " for one in wanted) for miss in group.misses)


def as_asked(miss: Miss) -> str:
    """A question on one line; where personal data was blanked stands `…`."""
    return " ".join(miss.sample.split()) or miss.key


def near_shown(entry_id: str, score: float, kept: Kept) -> Near:
    """An entry that resembles a question, with how near in words."""
    words = "rất gần" if score >= _VERY_NEAR else "khá gần" if score >= _RATHER_NEAR else "hơi gần"
    return Near(entry_id, str(kept.body.get("question") or entry_id), words, f"{score:.0%}")


def told_of(answered_by: str, entries: Entries) -> Told | None:
    """What an id of an answer stands for; None for no id."""
    if not answered_by:
        return None
    kept = entries.entries.get(answered_by)
    if kept is not None:
        return Told(str(kept.body.get("question") or answered_by), answered_by)
    if answered_by.startswith(FACT) and (fact := entries.content.facts.get(answered_by[len(FACT) :])):
        return Told(fact.statement)
    if answered_by.startswith(DOCUMENT):
        return Told(f"Văn bản {answered_by[len(DOCUMENT) :]}")
    return Told("một câu không còn nữa")


def span_of(group: Group, zone: tzinfo) -> str:
    """`trong 13 ngày, từ 02/10 đến 14/10/2026`, or the one day."""
    first, last = group.first_at.astimezone(zone).date(), group.last_at.astimezone(zone).date()
    if first == last:
        return f"trong ngày {last:%d/%m/%Y}"
    began = f"{first:%d/%m}" if first.year == last.year else f"{first:%d/%m/%Y}"
    return f"trong {(last - first).days + 1} ngày, từ {began} đến {last:%d/%m/%Y}"


def reason_shown(reason: str) -> tuple[str, str, str]:
    """A reason in plain words, what it means, and its colour."""
    return (
        REASONS.get(reason, "Chưa trả lời được"),
        _REASON_NOTES.get(reason, ""),
        _TONES.get(reason, "plain"),
    )


def state_shown(group: Group, me: str, now: datetime, zone: tzinfo) -> str:
    """Who is at it or what became of it, as a sentence; empty for what is simply open."""
    decided = max(
        (one for one in group.misses if one.state is not State.OPEN and one.decided_at),
        key=lambda one: (one.decided_at, one.key),
        default=None,
    )
    if decided is None or decided.decided_at is None:
        return ""
    who = "Bạn" if decided.decided_by == me else decided.decided_by
    when = moment(decided.decided_at, now, zone)
    if decided.state is State.TAKEN and decided.answered_by:
        return "Đang hỏi lại trợ lý xem đã trả lời được chưa."
    if decided.state is State.SOLVED and not decided.decided_by:
        return f"Hỏi lại lúc {when} thì trợ lý đã trả lời được."
    return {
        State.TAKEN: f"{who} đang soạn câu trả lời, từ {when}.",
        State.SOLVED: f"{who} bổ sung lúc {when}. Hỏi lại thì trợ lý đã trả lời được.",
        State.OUTSIDE: f"{who} xếp vào ngoài phạm vi lúc {when}.",
        State.SKIPPED: f"{who} bỏ qua lúc {when}.",
    }[decided.state]


def wording_shown(miss: Miss, owners: Owners) -> WordingShown:
    """One way a thing was asked, with the entry that has it already."""
    owner = owner_of(miss, owners)
    told = Told(str(owner.body.get("question") or owner.id), owner.id) if owner else None
    return WordingShown(miss.key, shortened(as_asked(miss), WORDS), miss.count, told)


def keys_of(found: Sequence[Miss]) -> str:
    """Keys one a line: they are letters, digits and spaces."""
    return "\n".join(one.key for one in found)
