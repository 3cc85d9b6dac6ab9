"""The file that says which passage has which number in a kept index.

Lines are appended before the index of words knows the number, so that words without a name can be told and
taken out after a crash. It holds ids and hashes, never texts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Name:
    """What is known of a numbered passage besides its words."""

    id: str
    group: str
    digest: str
    """Hash of text and group."""
    is_empty: bool
    """Holds no syllable, so there is nothing to find."""


class NameFile:
    """Numbers and names on disk, for one edition of the index."""

    def __init__(self, path: Path, edition: str) -> None:
        """`edition` names what decides how texts are cut; names of another one are not read."""
        self._path = path
        self._edition = edition

    def read(self) -> tuple[dict[int, Name], int]:
        """The names, and the first number that was never used. A torn last line is passed over."""
        try:
            lines = self._path.read_text("utf-8", "replace").splitlines()
        except OSError:
            return {}, 1
        names: dict[int, Name] = {}
        unused = 1
        try:
            head = json.loads(lines[0]) if lines else {}
            unused = int(head["next"])
            for line in lines[1:]:
                number, id_, group, digest, is_empty = json.loads(line)
                names[int(number)] = Name(id_, group, digest, is_empty)
                unused = max(unused, int(number) + 1)
            if head["edition"] != self._edition:
                names.clear()
        except (ValueError, TypeError, KeyError):
            log.warning("index_names_torn", read=len(names))
        return names, unused

    def append(self, names: Mapping[int, Name]) -> None:
        """Add names, on disk when this returns."""
        with self._path.open("a", encoding="utf-8") as file:
            file.writelines(_line(number, name) for number, name in names.items())
            file.flush()
            os.fsync(file.fileno())

    def write(self, names: Mapping[int, Name], unused: int) -> None:
        """Put these names in place of all others."""
        draft = self._path.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as file:
            file.write(json.dumps({"edition": self._edition, "next": unused}) + "\n")
            file.writelines(_line(number, name) for number, name in names.items())
        draft.replace(self._path)


def _line(number: int, name: Name) -> str:
    return json.dumps([number, name.id, name.group, name.digest, name.is_empty]) + "\n"
