"""What a reader makes of a file: pages of blocks, in the order a person would read them.

Blocks keep the words of the file and nothing of its looks. Readers decide what is a heading, a line or a row
of a table as far as the format says so; what the words mean is decided later, by knowledge.ingest.outline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class IngestError(Exception):
    """A file that cannot be taken in. The message is one Vietnamese sentence for the person who gave it."""


class TooBig(IngestError):
    """The file, or what it would unpack to, is over a limit."""


class Encrypted(IngestError):
    """The file is locked with a password."""


class BlockKind(StrEnum):
    """What the format says about a block."""

    LINE = "line"
    """One line of running text: a paragraph may go on in the next."""
    PARAGRAPH = "paragraph"
    """A whole paragraph."""
    HEADING = "heading"
    ROW = "row"
    """One row of a table with a known header."""
    BREAK = "break"
    """An empty line."""
    GAP = "gap"
    """Several empty lines: perhaps a page ended here, nobody says so."""


@dataclass(frozen=True, slots=True)
class Block:
    """The smallest piece a reader tells apart."""

    kind: BlockKind
    text: str = ""
    level: int = 0
    """Of a heading: 1 is the highest."""
    columns: tuple[str, ...] = ()
    """Of a row: the header of its table."""
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page, or a whole file of a format without pages."""

    number: int
    """From 1; 0 where the format has no pages."""
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class FaqRow:
    """A row of a sheet of questions and answers."""

    line: int
    """Row in the sheet, from 1."""
    question: str
    variants: tuple[str, ...]
    answer: str
    source: str
    problem: str = ""
    """In Vietnamese, why it cannot become an entry; empty when it can."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A sheet as it stands: every row with all its cells, as text."""

    title: str
    rows: Sequence[Sequence[str]]
    """The first is row 1 of the sheet."""


@dataclass(frozen=True, slots=True)
class EntryFile:
    """A file of questions and answers, its cells as they stand. Either sheets or entries, never both."""

    sheets: tuple[Grid, ...] = ()
    entries: tuple[tuple[int, Mapping[str, Any]], ...] = ()
    """Of a YAML file: the line each entry begins in, from 1, and its keys as written."""
    warnings: tuple[str, ...] = ()
    """In Vietnamese."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file, read."""

    media: str
    """`pdf`, `docx`, `doc`, `xlsx`, `csv`, `html`, `md` or `txt`."""
    pages: tuple[Page, ...]
    title: str = ""
    """As the file's own properties give it."""
    faq: tuple[FaqRow, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    """In Vietnamese."""
