"""The criteria of a self-assessment as data: groups, indicators, levels, and when a sum is enough.

A set of criteria is versioned: a result is read by the set it was made under, for ever. Nothing here may
invent what no source says: level descriptions are the association's own suggestions and are marked as such.
Sets come from knowledge/content/criteria/ (`knowledge.criteria_files` reads and checks them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.model import Certainty


@dataclass(frozen=True, slots=True)
class Level:
    """One way of describing where somebody stands, and the points it is worth."""

    points: int
    """0 to the indicator's maximum."""
    label: str
    """What stands on a button: words, never a number or an ordinal. At most 20 characters."""
    describes: str
    """What that looks like in daily life, for one group: one short sentence."""


@dataclass(frozen=True, slots=True)
class Question:
    """How one indicator is asked of one group."""

    asks: str
    """The question in plain words, at most 160 characters."""
    means: str
    """What it means in this group's daily life, one or two sentences."""
    evidence: tuple[str, ...]
    """What could show it: `ảnh chụp`, `giấy chứng nhận` …"""
    levels: tuple[Level, ...]
    """Five, from the fewest points to the most."""
    next_step: str
    """One useful thing to do for somebody who is weak here, at most 160 characters."""
    about: str = ""
    """The id of an FAQ entry that tells more, or empty."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One of the indicators, with its question for each group."""

    number: int
    """1 to 10, as the criteria number them."""
    name: str
    """Short, for tables: `Đọc, cập nhật kiến thức`."""
    competency: str
    """Id of its competency."""
    most: int
    """Points at most."""
    questions: Mapping[str, Question]
    """By group id: one for every group of the set."""


@dataclass(frozen=True, slots=True)
class Competency:
    """A group of indicators: `Tự học và học tập suốt đời`."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Group:
    """Whom a form of the criteria is for."""

    id: str
    name: str
    """As the criteria call it: `Người dân trong xã`."""
    label: str
    """What stands on a button, at most 20 characters."""
    includes: tuple[str, ...]
    """Ways of saying "I am one": `nông dân`, `nghỉ hưu`, `công nhân`, `học sinh` … in plain words."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a sum is enough."""

    id: str
    total: int
    """At least this many points in all."""
    each: int
    """No indicator below this."""
    certainty: Certainty
    active: bool
    """A rule that is not active is kept as a fact and never applied."""
    note: str = ""
    """Where it comes from, for whom it is said to be."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of some points."""

    passed: bool
    total: int
    below: tuple[int, ...]
    """Numbers of indicators below the rule's least."""
    rule: Rule

    @property
    def missing(self) -> int:
        """Points missing to the total, 0 when there are enough."""
        return max(0, self.rule.total - self.total)


@dataclass(frozen=True, slots=True)
class CriteriaSet:
    """One version of the criteria."""

    id: str
    """`324-2023`. Never changes and is never used again."""
    document: str
    """The number of the document, as registered: `324/QĐ-KHVN`."""
    title: str
    in_force_from: str
    """ISO date."""
    is_current: bool
    """A new assessment uses the current set. Exactly one is."""
    certainty: Certainty
    note: str
    """What a citizen must know about where the words come from."""
    groups: tuple[Group, ...]
    competencies: tuple[Competency, ...]
    indicators: tuple[Indicator, ...]
    """In their order; empty questions in a set that is only read."""
    rules: tuple[Rule, ...]
    """Exactly one is active."""

    @property
    def rule(self) -> Rule:
        """The rule that counts."""
        return next(rule for rule in self.rules if rule.active)

    @property
    def most(self) -> int:
        """Points at most, over all indicators."""
        return sum(indicator.most for indicator in self.indicators)

    def group(self, id_: str) -> Group:
        """The group of this id. Raises KeyError."""
        for group in self.groups:
            if group.id == id_:
                return group
        raise KeyError(id_)

    def verdict(self, points: Sequence[int]) -> Verdict:
        """What the active rule says. `points` by indicator, in order. Raises ValueError on a wrong number."""
        if len(points) != len(self.indicators):
            raise ValueError(f"{len(points)} points for {len(self.indicators)} indicators")
        rule = self.rule
        total = sum(points)
        below = tuple(
            indicator.number
            for indicator, got in zip(self.indicators, points, strict=True)
            if got < rule.each
        )
        return Verdict(total >= rule.total and not below, total, below, rule)

    def by_competency(self, points: Sequence[int]) -> tuple[tuple[Competency, int, int], ...]:
        """Each competency with the points got and the points it could give."""
        pairs = list(zip(self.indicators, points, strict=True))
        return tuple(
            (
                competency,
                sum(got for indicator, got in pairs if indicator.competency == competency.id),
                sum(indicator.most for indicator, _ in pairs if indicator.competency == competency.id),
            )
            for competency in self.competencies
        )
