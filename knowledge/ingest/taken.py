"""What became of a file: its passages, judged, and what it says about itself."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.ingest.header import Header
from knowledge.ingest.reading import FaqRow
from knowledge.ingest.structure import PassageKind


@dataclass(frozen=True, slots=True)
class TakenPassage:
    """A passage, judged."""

    kind: PassageKind
    locator: str
    """`mục II.1`; the page is beside it."""
    page: int
    """From 1; 0 where the format has no pages."""
    text: str
    section: str
    quality: float
    """0 to 1, see knowledge.ingest.quality."""
    damaged: bool
    suggestion: str
    """The text as it probably was; empty for clean passages and where nothing speaks for anything."""


@dataclass(frozen=True, slots=True)
class NumberCount:
    """A document that is named."""

    number: str
    is_known: bool
    count: int


@dataclass(frozen=True, slots=True)
class PageQuality:
    """How readable a page is."""

    page: int
    quality: float


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A file, taken apart."""

    media: str
    title: str
    """What a citizen reads as the source."""
    header: Header
    pages: int
    """0 where the format has none."""
    quality: float
    page_quality: tuple[PageQuality, ...]
    numbers: tuple[NumberCount, ...]
    passages: tuple[TakenPassage, ...]
    faq: tuple[FaqRow, ...]
    warnings: tuple[str, ...]
    """In Vietnamese."""
