"""The text analysis this room needs and does not own: whoever builds the knowledge base hands it in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol


class DocumentMention(Protocol):
    """A document number as somebody wrote it, as far as it says."""

    @property
    def number(self) -> str:
        """Digits without leading zeros."""
        ...

    @property
    def kind(self) -> str:
        """`QĐ`, `KL`, `CT` …, or empty for a bare number."""
        ...

    @property
    def issuer(self) -> str:
        """`TTg`, `KHVN`, `TW` …, or empty when not said."""
        ...

    @property
    def normalised(self) -> str:
        """As it is registered when complete, else what is known."""
        ...


class TextAnalysis(Protocol):
    """Vietnamese text as people type it, brought to a form that can be compared. Pure and total."""

    def fold(self, text: str) -> str:
        """Lower case without marks."""
        ...

    def syllables(self, text: str) -> tuple[str, ...]:
        """Folded syllables and numbers, in order."""
        ...

    def as_meant(self, text: str) -> str:
        """Folded, abbreviations opened, keyboard slips undone."""
        ...

    def nearest(self, syllable: str, known: Collection[str]) -> str | None:
        """The known syllable a misspelt one most likely is, or None; never for a correct syllable."""
        ...

    def document_numbers(self, text: str) -> Sequence[DocumentMention]:
        """Document numbers in the text, in order."""
        ...
