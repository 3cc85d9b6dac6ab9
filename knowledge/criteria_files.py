"""Criteria sets read from knowledge/content/criteria/: a folder for each set, in it a file for each group.

A set decides what a person is told about themselves, so it is used whole or not at all: any fault refuses the
folder, with file, line and reason. Nothing here adds what the files do not say.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from knowledge.criteria import Competency, CriteriaSet, Group, Indicator, Level, Question, Rule
from knowledge.located import ContentError, Faults, Located
from knowledge.model import STEP_LIMIT, Certainty
from knowledge.rows import Row, RowReader, Slug, Sureness, Words

CRITERIA_DIR = Path(__file__).parent / "content" / "criteria"
"""The criteria that ship with the program."""
HEAD = "set.yml"
"""What every set's folder holds; `<group>.yml` beside it holds a group's questions."""
CHECKLISTS = "checklists.yml"
"""Stands beside the sets and is read by knowledge.checklists."""

LABEL_LIMIT = 20
"""Characters of a button on every channel."""
ASKS_LIMIT = 160
MEANS_LIMIT = 280
DESCRIBES_LIMIT = 120
EVIDENCE_LIMIT = 60
NAME_LIMIT = 40
NOTE_LIMIT = 400
LEVELS = 5

_COUNTED = re.compile(
    r"\d|\b(?:không|một|hai|ba|bốn|tư|năm|lăm|sáu|bảy|bẩy|tám|chín|mười|nhất|nhì|thứ|bậc|mức|hạng|loại|điểm)\b",
    re.IGNORECASE,
)
"""What a label may not hold: at an indicator a typed number is always the score."""


def _day(value: object) -> object:
    if isinstance(value, str):
        date.fromisoformat(value)  # its message says what is wrong with the day
    return value


def _label(value: object) -> object:
    found = _COUNTED.search(value) if isinstance(value, str) else None
    if found:
        raise ValueError(f"a label is in words, without numbers and ordinals: {found.group()!r}")
    return value


_Label = Annotated[Words, Field(max_length=LABEL_LIMIT)]
_LevelLabel = Annotated[_Label, BeforeValidator(_label)]
_Points = Annotated[int, Field(ge=0, le=100)]


class _GroupRow(Row):
    id: Slug
    name: Annotated[Words, Field(max_length=80)]
    label: _Label
    includes: Annotated[list[Annotated[Words, Field(max_length=NAME_LIMIT)]], Field(min_length=1)]


class _CompetencyRow(Row):
    id: Slug
    name: Annotated[Words, Field(max_length=80)]
    indicators: Annotated[int, Field(ge=1, le=30)]
    """How many belong to it: said twice, so that a lost one is noticed."""


class _IndicatorRow(Row):
    number: Annotated[int, Field(ge=1, le=30)]
    name: Annotated[Words, Field(max_length=NAME_LIMIT)]
    competency: Slug
    most: Annotated[int, Field(ge=1, le=100)]


class _LevelRow(Row):
    points: _Points
    label: _LevelLabel


class _RuleRow(Row):
    id: Slug
    total: Annotated[int, Field(ge=0, le=1000)]
    each: _Points
    certainty: Sureness
    active: bool
    note: Annotated[Words, Field(max_length=NOTE_LIMIT)]


class _HeadRow(Row):
    id: Slug
    document: Annotated[Words, Field(pattern=r"^\d\S*$", max_length=40)]
    title: Annotated[Words, Field(max_length=200)]
    in_force_from: Annotated[str, BeforeValidator(_day), Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    is_current: bool
    certainty: Sureness
    note: Annotated[Words, Field(max_length=NOTE_LIMIT)]
    most: Annotated[int, Field(ge=1, le=1000)]
    """Of all indicators together: said, and compared with their sum."""
    groups: Annotated[list[_GroupRow], Field(min_length=1, max_length=8)]
    competencies: Annotated[list[_CompetencyRow], Field(min_length=1)]
    indicators: Annotated[list[_IndicatorRow], Field(min_length=1)]
    levels: Annotated[list[_LevelRow], Field(min_length=LEVELS, max_length=LEVELS)] | None = None
    rules: Annotated[list[_RuleRow], Field(min_length=1)]


class _QuestionRow(Row):
    indicator: int
    asks: Annotated[Words, Field(max_length=ASKS_LIMIT)]
    means: Annotated[Words, Field(max_length=MEANS_LIMIT)]
    evidence: Annotated[
        list[Annotated[Words, Field(max_length=EVIDENCE_LIMIT)]], Field(min_length=1, max_length=5)
    ]
    levels: Annotated[
        list[Annotated[Words, Field(max_length=DESCRIBES_LIMIT)]],
        Field(min_length=LEVELS, max_length=LEVELS),
    ]
    next_step: Annotated[Words, Field(max_length=STEP_LIMIT)]
    about: Slug | None = None


class _QuestionsRow(Row):
    group: Slug
    questions: list[_QuestionRow]


_Questions = dict[int, _QuestionRow]
"""By the number of the indicator."""


@dataclass(frozen=True, slots=True)
class CriteriaBook:
    """All sets there are, the current one among them."""

    sets: tuple[CriteriaSet, ...]
    """In the order of their ids."""

    @property
    def current(self) -> CriteriaSet:
        """The set a new assessment uses."""
        return next(one for one in self.sets if one.is_current)

    def of(self, id_: str) -> CriteriaSet | None:
        """The set a result or a running assessment was begun with. None when there is none of this id."""
        return next((one for one in self.sets if one.id == id_), None)


def load_criteria(folder: Path | None = None) -> CriteriaBook:
    """All sets of a folder; without one those that ship with the program, which are read once.

    Raises the first ContentError: then nothing of the folder may be used.
    """
    if folder is None:
        return _shipped()
    try:
        return read_criteria(folder)
    except Faults as faults:
        raise faults.errors[0] from faults


@cache
def _shipped() -> CriteriaBook:
    return load_criteria(CRITERIA_DIR)


def read_criteria(folder: Path) -> CriteriaBook:
    """The same. Raises Faults with every fault of every file."""
    reader = RowReader()
    heads: list[tuple[Located, _HeadRow]] = []
    sets: list[CriteriaSet] = []
    folders = sorted(path for path in folder.glob("*") if path.is_dir()) if folder.is_dir() else []
    for path in sorted(folder.glob("*.yml")):
        if path.name != CHECKLISTS:
            reader.errors.append(ContentError(path, 1, f"belongs into the folder of a set, as {HEAD}"))
    if not folders:
        reader.errors.append(ContentError(folder / HEAD, 1, "no criteria set is here"))
    for path in folders:
        head = reader.read(path / HEAD, _HeadRow)
        if head is not None:
            heads.append(head)
            sets.append(_SetReading(reader, path, *head).finished())
    _check_one_is_current(reader, heads, len(heads) == len(folders))
    reader.raise_faults()
    return CriteriaBook(tuple(sets))


def _check_one_is_current(
    reader: RowReader, heads: Sequence[tuple[Located, _HeadRow]], all_were_read: bool
) -> None:
    current = [located for located, row in heads if row.is_current]
    for located in current[1:]:
        first = current[0].file.parent.name
        reader.refuse(located, ("is_current",), f"{first} is current already: exactly one set is")
    if not current and heads and all_were_read:
        reader.refuse(heads[-1][0], ("is_current",), "no set is current: exactly one must be")


class _SetReading:
    """One set: its head is read, its groups' questions and what belongs together are looked at here."""

    def __init__(self, reader: RowReader, folder: Path, located: Located, head: _HeadRow) -> None:
        self._reader = reader
        self._folder = folder
        self._located = located
        self._head = head

    def finished(self) -> CriteriaSet:
        """The set; not to be used when the reader has errors."""
        head = self._head
        if head.id != self._folder.name:
            self._refuse(("id",), f"must be the name of its folder, {self._folder.name}")
        self._check_groups()
        self._check_indicators()
        self._check_levels()
        self._check_rules()
        questions = self._questions()
        return CriteriaSet(
            id=head.id,
            document=head.document,
            title=head.title,
            in_force_from=head.in_force_from,
            is_current=head.is_current,
            certainty=head.certainty,
            note=head.note,
            groups=tuple(Group(row.id, row.name, row.label, tuple(row.includes)) for row in head.groups),
            competencies=tuple(Competency(row.id, row.name) for row in head.competencies),
            indicators=tuple(self._indicator(row, questions) for row in head.indicators),
            rules=tuple(Rule(**row.model_dump()) for row in head.rules),
        )

    def _refuse(self, place: tuple[int | str, ...], reason: str) -> None:
        self._reader.refuse(self._located, place, reason)

    def _check_unique(self, key: str, field: str, values: Sequence[str]) -> None:
        self._reader.refuse_repeated(self._located, (key,), field, values)

    def _check_groups(self) -> None:
        groups = self._head.groups
        self._check_unique("groups", "id", [row.id for row in groups])
        self._check_unique("groups", "label", [row.label for row in groups])
        owner: dict[str, str] = {}
        for at, row in enumerate(groups):
            for index, words in enumerate(row.includes):
                first = owner.setdefault(words.casefold(), row.id)
                if first != row.id:
                    self._refuse(("groups", at, "includes", index), f"{words} belongs to {first} already")

    def _check_indicators(self) -> None:
        head = self._head
        self._check_unique("competencies", "id", [row.id for row in head.competencies])
        self._check_unique("indicators", "name", [row.name for row in head.indicators])
        known = {row.id for row in head.competencies}
        for index, row in enumerate(head.indicators):
            if row.number != index + 1:
                self._refuse(("indicators", index, "number"), f"is {row.number}, {index + 1} comes next")
            if row.competency not in known:
                self._refuse(("indicators", index, "competency"), f"{row.competency} is no competency")
        counts = Counter(row.competency for row in head.indicators)
        for index, competency in enumerate(head.competencies):
            if counts[competency.id] != competency.indicators:
                reason = f"says {competency.indicators}, {counts[competency.id]} are there"
                self._refuse(("competencies", index, "indicators"), reason)
        total = sum(row.most for row in head.indicators)
        if total != head.most:
            self._refuse(("most",), f"says {head.most}, the indicators have {total} together")

    def _check_levels(self) -> None:
        levels = self._head.levels
        if levels is None:
            return
        self._check_unique("levels", "label", [row.label for row in levels])
        most = min(row.most for row in self._head.indicators)
        for index, row in enumerate(levels):
            if index and row.points <= levels[index - 1].points:
                self._refuse(("levels", index, "points"), "levels go from the fewest points to the most")
            if row.points > most:
                self._refuse(
                    ("levels", index, "points"), f"{row.points} is more than {most}, the most there is"
                )

    def _check_rules(self) -> None:
        head = self._head
        self._check_unique("rules", "id", [row.id for row in head.rules])
        active = [index for index, row in enumerate(head.rules) if row.active]
        for index in active[1:]:
            self._refuse(("rules", index, "active"), "exactly one rule is active, and one is already")
        if not active:
            self._refuse(("rules",), "exactly one rule is active, and none is")
        least = min(row.most for row in head.indicators)
        for index, row in enumerate(head.rules):
            if row.active and row.certainty is Certainty.UNVERIFIED:
                self._refuse(("rules", index, "certainty"), "what is not verified is never active")
            if row.total > head.most:
                self._refuse(("rules", index, "total"), f"{row.total} is more than {head.most} points in all")
            if row.each > least:
                self._refuse(("rules", index, "each"), f"{row.each} is more than an indicator gives")
            if row.total < row.each * len(head.indicators):
                reason = (
                    f"{row.total} is less than {len(head.indicators)} times {row.each}: it would mean nothing"
                )
                self._refuse(("rules", index, "total"), reason)

    def _questions(self) -> dict[str, _Questions]:
        """By group; empty for a set that is only read."""
        files = {path.stem: path for path in sorted(self._folder.glob("*.yml")) if path.name != HEAD}
        wanted = [row.id for row in self._head.groups]
        for stem in files.keys() - set(wanted):
            self._reader.errors.append(ContentError(files[stem], 1, f"{stem} is no group of this set"))
        if not files and not self._head.is_current:
            return {}
        if self._head.levels is None:
            self._refuse(("levels",), "a set with questions needs its levels")
        found: dict[str, _Questions] = {}
        for index, group in enumerate(wanted):
            if group not in files:
                self._refuse(
                    ("groups", index, "id"), f"{group}.yml is missing: every group has its questions"
                )
                continue
            found[group] = self._of_group(group, files[group])
        return found

    def _of_group(self, group: str, path: Path) -> _Questions:
        read = self._reader.read(path, _QuestionsRow)
        if read is None:
            return {}
        located, row = read
        if row.group != group:
            self._reader.refuse(located, ("group",), f"is {row.group}, and the file is called {path.name}")
        numbers = {indicator.number for indicator in self._head.indicators}
        questions: _Questions = {}
        for index, question in enumerate(row.questions):
            place = ("questions", index, "indicator")
            if question.indicator not in numbers:
                self._reader.refuse(located, place, f"{question.indicator} is no indicator of this set")
            if question.indicator in questions:
                self._reader.refuse(located, place, f"{question.indicator} is asked twice")
            if len({text.casefold() for text in question.levels}) != LEVELS:
                place = ("questions", index, "levels")
                self._reader.refuse(located, place, "two levels are described alike")
            questions[question.indicator] = question
        missing = sorted(numbers - questions.keys())
        if missing:
            listed = ", ".join(map(str, missing))
            self._reader.refuse(located, ("questions",), f"no question for indicator {listed}")
        return questions

    def _indicator(self, row: _IndicatorRow, questions: dict[str, _Questions]) -> Indicator:
        asked = {
            group: self._question(of_group[row.number])
            for group, of_group in questions.items()
            if row.number in of_group
        }
        return Indicator(row.number, row.name, row.competency, row.most, asked)

    def _question(self, row: _QuestionRow) -> Question:
        levels = zip(self._head.levels or [], row.levels, strict=False)
        return Question(
            asks=row.asks,
            means=row.means,
            evidence=tuple(row.evidence),
            levels=tuple(Level(level.points, level.label, describes) for level, describes in levels),
            next_step=row.next_step,
            about=row.about or "",
        )
