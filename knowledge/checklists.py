"""Checklists for the titles of groups: families, clans, communities, units.

Their criteria are known in part only, so nothing is scored here and nothing passes: a list says what is known
and by whom, lets somebody tick what they have, and says what is not known and whom to ask. No item rests on
what is unverified. Read from content/criteria/checklists.yml; any fault refuses the file with its line.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from knowledge.criteria_files import CHECKLISTS, CRITERIA_DIR, LABEL_LIMIT
from knowledge.located import Faults, Located
from knowledge.model import STEP_LIMIT, Certainty
from knowledge.rows import Row, RowReader, Slug, Sureness, Words

SAYS_LIMIT = 200
SOURCE_LIMIT = 100


class Tick(StrEnum):
    """What somebody answers to an item."""

    HAVE = "have"
    LACK = "lack"
    UNSURE = "unsure"

    @property
    def label(self) -> str:
        """What stands on the button."""
        return _TICK_LABELS[self]


_TICK_LABELS = {Tick.HAVE: "Đã có", Tick.LACK: "Chưa có", Tick.UNSURE: "Chưa rõ"}


@dataclass(frozen=True, slots=True)
class Remark:
    """Something known, or something that is not."""

    says: str
    """One or two sentences that stand alone."""
    facts: tuple[str, ...]
    """Ids of the facts it rests on."""
    certainty: Certainty
    source: str
    """What a citizen reads after "Nguồn: "; empty for what is not known."""


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """Something a group has, lacks, or is not sure of."""

    id: str
    asks: str
    """A statement to tick: `Trẻ em trong nhà được học đúng độ tuổi`."""
    only_for: str
    """Whom it concerns where not all: `trường học`. Empty: everybody the list is for."""
    facts: tuple[str, ...]
    certainty: Certainty
    """Certain, or single-source: then it is said whose word it is. Never unverified."""
    source: str
    """What a citizen reads after "Nguồn: "."""
    next_step: str
    """One thing to do for who lacks it, at most 160 characters."""


@dataclass(frozen=True, slots=True)
class Checklist:
    """What is known of one title."""

    id: str
    """`gia-dinh` … lower case with hyphens, never changes."""
    title: str
    """`Gia đình học tập`."""
    label: str
    """What stands on a button, at most 20 characters."""
    whom: str
    """Who goes through it, to be put into a sentence: `gia đình bạn`."""
    includes: tuple[str, ...]
    """Ways of naming it."""
    known: tuple[Remark, ...]
    items: tuple[ChecklistItem, ...]
    unknown: tuple[Remark, ...]
    """Said as not known: unverified, without a source."""
    ask: str
    """Whom to ask, a whole sentence."""
    about: tuple[str, ...]
    """Ids of FAQ entries that tell more."""

    def item(self, id_: str) -> ChecklistItem | None:
        """The item of this id, if there is one."""
        return next((one for one in self.items if one.id == id_), None)


class _UnknownRow(Row):
    says: Annotated[Words, Field(max_length=SAYS_LIMIT)]
    facts: Annotated[list[Slug], Field(min_length=1)]


class _KnownRow(_UnknownRow):
    certainty: Sureness
    source: Annotated[Words, Field(max_length=SOURCE_LIMIT)]


class _ItemRow(Row):
    id: Slug
    asks: Annotated[Words, Field(max_length=STEP_LIMIT)]
    only_for: Annotated[Words, Field(max_length=60)] | None = None
    facts: Annotated[list[Slug], Field(min_length=1)]
    certainty: Sureness
    source: Annotated[Words, Field(max_length=SOURCE_LIMIT)]
    next_step: Annotated[Words, Field(max_length=STEP_LIMIT)]


class _ChecklistRow(Row):
    id: Slug
    title: Annotated[Words, Field(max_length=80)]
    label: Annotated[Words, Field(max_length=LABEL_LIMIT)]
    whom: Annotated[Words, Field(max_length=60)]
    includes: Annotated[list[Words], Field(min_length=1)]
    known: Annotated[list[_KnownRow], Field(min_length=1)]
    items: Annotated[list[_ItemRow], Field(min_length=1, max_length=12)]
    unknown: Annotated[list[_UnknownRow], Field(min_length=1)]
    ask: Annotated[Words, Field(max_length=SAYS_LIMIT)]
    about: list[Slug]


class _ChecklistsRow(Row):
    checklists: Annotated[list[_ChecklistRow], Field(min_length=1)]


def load_checklists(path: Path | None = None) -> tuple[Checklist, ...]:
    """All checklists in the order of the file; without one those that ship, which are read once.

    Raises the first ContentError: then none may be used.
    """
    if path is None:
        return _shipped()
    try:
        return read_checklists(path)
    except Faults as faults:
        raise faults.errors[0] from faults


@cache
def _shipped() -> tuple[Checklist, ...]:
    return load_checklists(CRITERIA_DIR / CHECKLISTS)


def read_checklists(path: Path) -> tuple[Checklist, ...]:
    """The same. Raises Faults with every fault."""
    reader = RowReader()
    read = reader.read(path, _ChecklistsRow)
    if read is not None:
        _check(reader, *read)
    reader.raise_faults()
    assert read is not None  # else there was a fault
    return tuple(_checklist(row) for row in read[1].checklists)


def _check(reader: RowReader, located: Located, file: _ChecklistsRow) -> None:
    rows = file.checklists
    reader.refuse_repeated(located, ("checklists",), "id", [row.id for row in rows])
    reader.refuse_repeated(located, ("checklists",), "label", [row.label for row in rows])
    for at, row in enumerate(rows):
        reader.refuse_repeated(located, ("checklists", at, "items"), "id", [item.id for item in row.items])
        said = [("known", index, one.certainty) for index, one in enumerate(row.known)]
        said += [("items", index, one.certainty) for index, one in enumerate(row.items)]
        for key, index, certainty in said:
            if certainty is Certainty.UNVERIFIED:
                place = ("checklists", at, key, index, "certainty")
                reader.refuse(located, place, "what is not verified stands under unknown")


def _checklist(row: _ChecklistRow) -> Checklist:
    return Checklist(
        id=row.id,
        title=row.title,
        label=row.label,
        whom=row.whom,
        includes=tuple(row.includes),
        known=tuple(Remark(one.says, tuple(one.facts), one.certainty, one.source) for one in row.known),
        items=tuple(
            ChecklistItem(
                id=one.id,
                asks=one.asks,
                only_for=one.only_for or "",
                facts=tuple(one.facts),
                certainty=one.certainty,
                source=one.source,
                next_step=one.next_step,
            )
            for one in row.items
        ),
        unknown=tuple(Remark(one.says, tuple(one.facts), Certainty.UNVERIFIED, "") for one in row.unknown),
        ask=row.ask,
        about=tuple(row.about),
    )
