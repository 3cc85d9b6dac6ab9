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
        by_first = self._by_first
        free = 0
        for place, syllable in enumerate(syllables):
            if place < free or syllable not in by_first:
                continue
            for phrase, value in by_first[syllable]:
                end = place + len(phrase)
                if tuple(syllables[place:end]) == phrase:
                    yield place, end, value
                    free = end
                    break

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
