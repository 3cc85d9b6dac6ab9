"""Phrases looked for in a question, syllable by syllable and without marks. Never decides what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from knowledge.analysis import TextAnalysis

Value = TypeVar("Value")


class Phrases(Generic[Value]):
    """What stands behind phrases, found wherever one is said. Immutable."""

    def __init__(self, analysis: TextAnalysis, phrases: Iterable[tuple[str, Value]]) -> None:
        """Pairs of words and what they stand for; of two that begin alike the longer is found."""
        self._by_first: dict[str, list[tuple[tuple[str, ...], Value]]] = {}
        folded = [(analysis.syllables(words), value) for words, value in phrases]
        for syllables, value in sorted(folded, key=lambda pair: len(pair[0]), reverse=True):
            if syllables:
                self._by_first.setdefault(syllables[0], []).append((syllables, value))

    @classmethod
    def of(cls, analysis: TextAnalysis, words: Iterable[str]) -> Phrases[str]:
        """Phrases that stand for themselves."""
        return Phrases(analysis, ((phrase, phrase) for phrase in words))

    def found(self, syllables: Sequence[str]) -> Iterator[tuple[int, int, Value]]:
        """Every phrase that is said, as (start, end, value), from left to right, never overlapping."""
        place = 0
        while place < len(syllables):
            match = self._at(syllables, place)
            if match is None:
                place += 1
                continue
            size, value = match
            yield place, place + size, value
            place += size

    def said(self, syllables: Sequence[str]) -> bool:
        """Is any of the phrases said?"""
        return next(self.found(syllables), None) is not None

    def without(self, syllables: Sequence[str]) -> list[str]:
        """The syllables that belong to none of the phrases."""
        kept: list[str] = []
        place = 0
        for start, end, _ in self.found(syllables):
            kept += syllables[place:start]
            place = end
        return [*kept, *syllables[place:]]

    def _at(self, syllables: Sequence[str], place: int) -> tuple[int, Value] | None:
        for phrase, value in self._by_first.get(syllables[place], ()):
            if tuple(syllables[place : place + len(phrase)]) == phrase:
                return len(phrase), value
        return None
