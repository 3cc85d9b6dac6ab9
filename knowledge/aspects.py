"""What a question is after besides its words: who or when or how many, of which title, in which place.

Two questions may share every telling word and still ask for different things; this tells them apart. It
looks for phrases and nothing else, and must never be the only reason for an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledge.analysis import TextAnalysis
from knowledge.located import shipped_table
from knowledge.phrases import Phrases


@dataclass(frozen=True, slots=True)
class Aspects:
    """By name of the phrases in aspects.yml; empty where nothing of the kind is said."""

    asks: frozenset[str]
    titles: frozenset[str]
    places: frozenset[str]


class AspectReader:
    """Finds aspects in text. Immutable."""

    def __init__(self, analysis: TextAnalysis) -> None:
        raw = shipped_table("aspects.yml")
        self._analysis = analysis
        self._asks = _named(analysis, raw["asks"])
        self._titles = _named(analysis, raw["titles"])
        self._places = Phrases.of(analysis, raw["places"])

    def of(self, syllables: Sequence[str]) -> Aspects:
        """The aspects of one text, given as folded syllables, as meant."""
        return Aspects(_values(self._asks, syllables), _values(self._titles, syllables), self._at(syllables))

    def of_texts(self, askings: Iterable[str], says: str) -> Aspects:
        """The aspects of something that can be said: asked for by its askings, placed by all it says."""
        asked = [self._syllables(asking) for asking in askings]
        titles = frozenset[str]().union(*(_values(self._titles, one) for one in asked))
        said = self._syllables(says)
        return Aspects(
            frozenset[str]().union(*(_values(self._asks, one) for one in asked)),
            titles or _values(self._titles, said),
            self._at(said).union(*(self._at(one) for one in asked)),
        )

    def _at(self, syllables: Sequence[str]) -> frozenset[str]:
        return _values(self._places, syllables)

    def _syllables(self, text: str) -> tuple[str, ...]:
        return self._analysis.syllables(self._analysis.as_meant(text))


def _named(analysis: TextAnalysis, raw: dict[str, list[str]]) -> Phrases[str]:
    return Phrases(analysis, ((phrase, name) for name, phrases in raw.items() for phrase in phrases))


def _values(phrases: Phrases[str], syllables: Sequence[str]) -> frozenset[str]:
    return frozenset(value for _, _, value in phrases.found(syllables))
