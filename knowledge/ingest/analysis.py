"""The language analysis that taking documents in needs; whoever runs it hands it in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol


class WrittenNumber(Protocol):
    """A document number as a document names it, put right."""

    @property
    def normalised(self) -> str:
        """As registered, or as written when nobody registered it."""
        ...

    @property
    def is_known(self) -> bool:
        """Whether it is registered."""
        ...

    @property
    def written(self) -> str:
        """What stands there."""
        ...

    @property
    def start(self) -> int:
        """Where it begins in the text."""
        ...

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        ...


class NumberReader(Protocol):
    """Finds document numbers, also damaged ones."""

    def read(self, text: str) -> Sequence[WrittenNumber]:
        """Every number the text names, in order."""
        ...


class WritingAnalysis(Protocol):
    """Vietnamese as documents write it. Pure and total."""

    def fold(self, text: str) -> str:
        """Lower case without marks, letter by letter."""
        ...

    def is_syllable(self, folded: str) -> bool:
        """Could this folded run of letters be a Vietnamese syllable?"""
        ...

    def is_well_spelt(self, word: str) -> bool:
        """Could this be a Vietnamese syllable with all its marks?"""
        ...

    def number_reader(self, registered: Iterable[str]) -> NumberReader:
        """A reader that puts numbers right towards the registered ones."""
        ...
