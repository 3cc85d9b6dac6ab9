"""What the search knows of documents that were taken in. Words for others to use; nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.answer import Citation


@dataclass(frozen=True, slots=True)
class LibraryPassage:
    """A passage of a document that was taken in."""

    id: str
    """`p` and the number of its row."""
    source_id: str
    text: str
    """What is searched. Of a damaged passage it must never be shown to a citizen as it is."""
    citation: Citation
    """Document number or nothing, `Kế hoạch 670/KH-UBND ngày 19/01/2022`, `mục II.1, trang 2`."""
    damaged: bool
    group: str
    """The same for all passages of one part: they count once among hits."""
