"""Small hand-written YAML files read into checked rows, every fault with its file and line.

For data that decides something about a person (criteria, checklists) and that staff may one day publish
themselves: so a file is looked at before it is built, and one that is huge, deeply nested or clever (anchors,
tags) is refused by its line. Nothing here knows what the rows mean.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from knowledge.items import SLUG, Misfit, row_of
from knowledge.located import ContentError, Faults, Located, parse, read_text
from knowledge.model import Certainty

SIZE_LIMIT = 256 * 1024
"""Bytes of one file. The largest that ships has about a twentieth."""
_DEPTH_LIMIT = 12
_SCALAR_LIMIT = 2000
"""Characters of one value: far above any text, far below what makes a number costly to read."""
_FAULT_LIMIT = 50
"""Faults named per file: with more, the file is another kind of file."""

Place = tuple[int | str, ...]


def _line_of_text(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") for letter in text):
        raise ValueError("must be one line of text without hidden characters")
    return text


Words = Annotated[str, BeforeValidator(_line_of_text), Field(min_length=1)]
"""One line that somebody reads: NFC, no hidden characters."""
Slug = Annotated[str, Field(pattern=rf"^{SLUG}$", max_length=60)]
Sureness = Annotated[Certainty, Field(strict=False)]


class Row(BaseModel):
    """One row: nothing unknown in it, no value bent to fit."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


R = TypeVar("R", bound=Row)


class RowReader:
    """Reads files into rows and collects what is wrong on the way."""

    def __init__(self) -> None:
        self.errors: list[ContentError] = []

    def read(self, path: Path, shape: type[R]) -> tuple[Located, R] | None:
        """The whole file as one row. None when it is not one; `errors` then says why."""
        try:
            located = guarded(path)
        except Faults as faults:
            self.errors += faults.errors[:_FAULT_LIMIT]
            return None
        try:
            return located, row_of(shape, located.data)
        except Misfit as misfit:
            faults_ = misfit.faults[:_FAULT_LIMIT]
            self.errors += [located.error(place, reason) for place, reason in faults_]
            return None

    def refuse(self, located: Located, place: Place, reason: str) -> None:
        """Note a fault that only the meaning of the rows shows."""
        self.errors.append(located.error(place, reason))

    def refuse_repeated(self, located: Located, place: Place, field: str, values: Sequence[str]) -> None:
        """Note every value that stands twice in `field` of the rows at `place`, whatever its case."""
        seen: set[str] = set()
        for index, value in enumerate(values):
            if value.casefold() in seen:
                self.refuse(located, (*place, index, field), f"{value} is used twice")
            seen.add(value.casefold())

    def raise_faults(self) -> None:
        """Raises Faults, in the order of files and lines, when there was any fault."""
        if self.errors:
            raise Faults(sorted(self.errors, key=lambda error: (str(error.file), error.line)))


def guarded(path: Path, size_limit: int = SIZE_LIMIT) -> Located:
    """The file's YAML. Raises Faults, also for what would be dear or dangerous to build."""
    try:
        size = path.stat().st_size
    except OSError:
        size = 0  # reading it says why it cannot be read
    if size > size_limit:
        reason = f"is too large: {math.ceil(size / 1024)} KB, at most {size_limit // 1024}"
        raise Faults([ContentError(path, 1, reason)])
    text = read_text(path)
    _look_through(path, text)
    try:
        located = parse(path, text)
    except ValueError as error:  # YAML takes `0x_` for a number and then cannot read it
        raise Faults([ContentError(path, 1, "holds a number that is none")]) from error
    if located.node is None:
        raise Faults([ContentError(path, 1, "is empty")])
    return located


def _look_through(path: Path, text: str) -> None:
    """Refuse nesting, anchors, tags and values no hand-written file has. What is no YAML `parse` refuses."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            reason = ""
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _DEPTH_LIMIT:
                    reason = f"is nested deeper than {_DEPTH_LIMIT} levels"
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, yaml.ScalarEvent) and len(event.value) > _SCALAR_LIMIT:
                reason = f"a value is longer than {_SCALAR_LIMIT} characters"
            if getattr(event, "anchor", None) or getattr(event, "tag", None):
                reason = "anchors (&, *) and tags (!) are not used here"
            if reason:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise Faults([ContentError(path, line, reason)])
    except yaml.YAMLError:
        return
