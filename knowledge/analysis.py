"""The text analysis this room needs and does not own: whoever builds the knowledge base hands it in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
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


class Restoration(Protocol):
    """A text with its marks put back."""

    @property
    def text(self) -> str:
        """The text in NFC."""
        ...

    @property
    def sureness(self) -> float:
        """0 to 1: how far it can be relied on. 1 for a text that was left alone."""
        ...


class Restorer(Protocol):
    """Puts marks back on text that was typed without, as far as its teaching goes. Pure and total."""

    def restore(self, text: str) -> str:
        """The text with its marks back; never changes a letter, a digit or a mark that is there."""
        ...

    def restoration(self, text: str) -> Restoration:
        """The same, with how sure it is."""
        ...

    def learn(self, texts: Iterable[str]) -> None:
        """Learn from further texts, also while others restore."""
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

    def open_abbreviations(self, text: str) -> str:
        """The text (NFC) with short forms written out, marks and case kept."""
        ...

    def is_syllable(self, folded: str) -> bool:
        """Could this run of folded letters be a Vietnamese syllable?"""
        ...

    def nearest(self, syllable: str, known: Collection[str]) -> str | None:
        """The known syllable a misspelt one most likely is, or None; never for a correct syllable."""
        ...

    def document_numbers(self, text: str) -> Sequence[DocumentMention]:
        """Document numbers in the text, in order."""
        ...

    def share_of_marks(self, text: str) -> float:
        """Share of syllables that carry a mark: about 0.8 in ordinary Vietnamese, 0 without syllables."""
        ...

    def marked_syllables(self, text: str) -> tuple[str, ...]:
        """Words in lower case with their marks, each in one spelling; numbers left out."""
        ...

    def restorer(self, texts: Iterable[str]) -> Restorer:
        """A restorer taught with `texts` (about 0.2 s for 50,000 syllables)."""
        ...
