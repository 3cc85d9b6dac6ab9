"""Our Markdown: a few lines of YAML about a document or topic, then headings with one statement a bullet.

    ---
    number: 677/QĐ-TTg
    ---
    ## mục tiêu đến 2030
    - `677-2030-nguoi-lon` Đến 2030: 60% người lớn đạt danh hiệu. (certain)
    - `677-x` A statement may go on over
      indented lines. (single-source; baochinhphu)

The heading is the locator a citizen reads after the source. Anything else in such a file is a fault, named
with its line: a statement must never be lost because of a missing space.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from knowledge.items import SLUG
from knowledge.located import ContentError, Faults, Located, parse, read_text
from knowledge.model import Certainty

_FENCE = "---"
_BULLET = re.compile(r"-(?P<space> *)(?:`(?P<id>[^`]*)`(?P<after> *)(?P<rest>.*))?$")
_MARK = re.compile(r"(?P<statement>.*?)(?P<space>\s*)\((?P<mark>[^()]*)\)$", re.DOTALL)
_CERTAINTIES = ", ".join(Certainty)


@dataclass(frozen=True, slots=True)
class Statement:
    """One bullet."""

    line: int
    """Counted from 1 in its file."""
    id: str
    heading: str
    text: str
    certainty: Certainty
    source: str
    """Key among the sources of the front matter, or empty."""


@dataclass(frozen=True, slots=True)
class StatementFile:
    """A file that was read whole."""

    path: Path
    front: Located
    statements: tuple[Statement, ...]
    broken: frozenset[str]
    """Ids of statements that could not be read."""


def read_statements(path: Path) -> tuple[StatementFile, list[ContentError]]:
    """The file with every statement that can be understood, and all faults of the others.

    Raises Faults where the file or its front matter cannot be read at all.
    """
    lines = read_text(path).split("\n")
    if lines[0].rstrip() != _FENCE:
        raise Faults([ContentError(path, 1, "the first line must be ---")])
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), 0)
    if not end:
        raise Faults([ContentError(path, 1, "the --- that ends the front matter is missing")])
    front = parse(path, "\n".join(["", *lines[1:end]]))
    if not isinstance(front.data, dict):
        raise Faults([ContentError(path, 2, "the front matter must be `key: value` lines")])
    body = _Body(path)
    for number, line in enumerate(lines[end + 1 :], end + 2):
        body.take(number, line.rstrip())
    body.finish()
    made = StatementFile(path, front, tuple(body.statements), frozenset(body.broken))
    return made, sorted(body.errors, key=lambda error: error.line)


class _Body:
    """Reads the lines after the front matter one by one."""

    def __init__(self, path: Path) -> None:
        self.statements: list[Statement] = []
        self.errors: list[ContentError] = []
        self.broken: set[str] = set()
        self._path = path
        self._heading = ""
        self._heading_line = 0
        self._heading_used = True
        self._bullet: list[str] = []
        self._bullet_line = 0
        self._open = False

    def take(self, number: int, line: str) -> None:
        if line.startswith("#"):
            self._begin_section(number, line)
        elif line.startswith("-"):
            self._close_bullet()
            self._bullet, self._bullet_line, self._open = [line], number, True
            self._heading_used = True
        elif not line:
            self._open = False
        elif re.match(r"\s+-\s*`", line):
            self._fault(number, "a bullet begins at the start of the line")
        elif self._open and line[0].isspace():
            self._bullet.append(line.strip())
        else:
            hint = " (does a line that goes on lack its indent?)" if self._open else ""
            self._fault(number, f"text outside a bullet{hint}")

    def finish(self) -> None:
        self._close_bullet()
        self._close_section()

    def _begin_section(self, number: int, line: str) -> None:
        self._close_bullet()
        self._close_section()
        mark, _, heading = line.partition(" ")
        if mark != "##":
            wanted = "a space is missing after ##" if re.match(r"##[^#]", line) else "a heading is `## place`"
            self._fault(number, wanted)
        elif not heading.strip():
            self._fault(number, "the heading is empty")
        self._heading = heading.strip() or "?"
        self._heading_line, self._heading_used = number, False

    def _close_section(self) -> None:
        if not self._heading_used:
            self._fault(self._heading_line, "no statement stands under this heading")

    def _close_bullet(self) -> None:
        if self._bullet:
            self._read_bullet(self._bullet_line, self._bullet)
        self._bullet, self._open = [], False

    def _read_bullet(self, number: int, lines: list[str]) -> None:
        found = _BULLET.match(lines[0])
        if not self._heading:
            self._fault(number, "a statement stands before the first ## heading")
        if found is None or found["id"] is None:
            self._fault(number, "a bullet begins with its id: - `id` Statement. (certain)")
            return
        if not found["space"]:
            self._fault(number, "a space is missing after -")
        if not re.fullmatch(SLUG, found["id"]):
            self._fault(number, f"the id {found['id']!r} is not lower-case-words-with-hyphens")
        if found["rest"] and not found["after"]:
            self._fault(number, "a space is missing after the id")
        self._read_statement(number, found["id"], " ".join([found["rest"], *lines[1:]]).strip())

    def _read_statement(self, number: int, statement_id: str, text: str) -> None:
        self.broken.add(statement_id)
        marked = _MARK.match(text)
        if marked is None:
            self._fault(
                number, f"a statement ends with its certainty: ({_CERTAINTIES}), or (certain; source)"
            )
            return
        certainty, _, source = (part.strip() for part in marked["mark"].partition(";"))
        if certainty not in list(Certainty):
            self._fault(number, f"({marked['mark']}) is no certainty: one of {_CERTAINTIES}")
            return
        if not marked["statement"]:
            self._fault(number, "the statement is empty")
            return
        if not marked["space"]:
            self._fault(number, "a space is missing before the certainty")
        if ";" in marked["mark"] and not source:
            self._fault(number, "the source after ; is missing")
        self.broken.discard(statement_id)
        self.statements.append(
            Statement(number, statement_id, self._heading, marked["statement"], Certainty(certainty), source)
        )

    def _fault(self, number: int, reason: str) -> None:
        self.errors.append(ContentError(self._path, number, reason))
