"""The starter search: which entries resemble a question, by folded syllables and pairs of them.

Two measures are mixed: BM25 over everything an entry says, and likeness to the nearest way of asking it.
Both are shares of the question's informative weight, so that words nobody ever wrote here count against an
answer. It ranks and measures; whether that is good enough to answer is decided elsewhere.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import bm25s

from knowledge.analysis import TextAnalysis
from knowledge.content import Entry, Terms

_PAIR_WEIGHT = 0.6
"""A pair of syllables repeats what its syllables say; it counts for order and compounds only."""
_LIKENESS_SHARE = 0.6
"""Part of the score that comes from the nearest way of asking; the rest comes from BM25."""
_MAX_SYLLABLES = 40
"""Informative syllables of a question that are looked at; bounds the work for abusive texts."""

_Terms = dict[str, list[tuple[str, ...]]]


class Field(Enum):
    """Whose question it is."""

    OURS = "ours"
    """It uses a term that only this field has."""
    OTHERS = "others"
    """It uses a term of a neighbouring field and none of ours."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Query:
    """What the search sees of a question."""

    syllables: tuple[str, ...]
    """All of them, folded, as meant."""
    tokens: tuple[str, ...]
    """The informative syllables and their pairs; empty when the question has no topic at all."""
    field: Field


@dataclass(frozen=True, slots=True)
class Candidate:
    """How well one entry fits a question."""

    entry_id: str
    score: float
    """0 to 1: the share of the question's informative weight that speaks for the entry."""
    explained: float
    """0 to 1: the share of the question's single words, by weight, that the entry uses at all."""


class LexicalIndex:
    """An immutable index over entries."""

    def __init__(self, entries: Sequence[Entry], analysis: TextAnalysis, terms: Terms):
        self._analysis = analysis
        self._entries = [entry.id for entry in entries]
        self._filler_phrases = _by_first(analysis, terms.filler_phrases)
        self._filler_words = frozenset(
            part for word in terms.filler_words for part in analysis.syllables(word)
        )
        self._own = _by_first(analysis, terms.own)
        self._others = _by_first(analysis, terms.others)
        self._only_if = [_by_first(analysis, entry.only_if) for entry in entries]
        askings = [[self._tokens(text) for text in (entry.question, *entry.variants)] for entry in entries]
        answers = [self._tokens(entry.answer) for entry in entries]
        texts = [
            [*(token for asking in ways for token in asking), *answer]
            for ways, answer in zip(askings, answers, strict=True)
        ]
        self._weights = _informative_weights(texts)
        self._unknown_weight = math.log(1 + (len(texts) + 0.5) / 0.5)
        self._known = frozenset(token for token in self._weights if " " not in token)
        self._words = [frozenset(token for token in text if " " not in token) for text in texts]
        self._index_askings(askings)
        self._bm25 = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
        self._bm25.index([text or ["_"] for text in texts], show_progress=False)

    def read(self, question: str) -> Query:
        """What the search sees of a question."""
        syllables = self._syllables(question)
        telling = [
            part if part in self._known else self._analysis.nearest(part, self._known) or part
            for part in self._without_filler(syllables)[:_MAX_SYLLABLES]
        ]
        field = Field.UNKNOWN
        if _says_one_of(syllables, self._own):
            field = Field.OURS
        elif _says_one_of(syllables, self._others):
            field = Field.OTHERS
        return Query(syllables, (*telling, *_pairs(telling)), field)

    def find(self, query: Query) -> list[Candidate]:
        """All entries that share anything with the question, best first."""
        weights = {token: self._weight(token) for token in query.tokens}
        total = sum(weights.values())
        known = [token for token in weights if token in self._weights]
        words = {token: weight for token, weight in weights.items() if " " not in token}
        if not known or not total:
            return []
        likeness = self._likeness(known, weights, total)
        ranks = self._bm25.get_scores(known).tolist()
        candidates = []
        for place, entry_id in enumerate(self._entries):
            if not ranks[place] or not self._may_answer(place, query):
                continue
            score = _LIKENESS_SHARE * likeness[place] + (1 - _LIKENESS_SHARE) * min(1.0, ranks[place] / total)
            used = self._words[place]
            explained = sum(weight for word, weight in words.items() if word in used) / sum(words.values())
            candidates.append(Candidate(entry_id, score, explained))
        return sorted(candidates, key=lambda candidate: candidate.score, reverse=True)

    def _may_answer(self, place: int, query: Query) -> bool:
        needed = self._only_if[place]
        return not needed or _says_one_of(query.syllables, needed)

    def _likeness(self, known: Iterable[str], weights: dict[str, float], total: float) -> list[float]:
        """Per entry the best Dice overlap, by weight, with one of its ways of being asked."""
        shared: dict[int, float] = defaultdict(float)
        for token in known:
            for asking in self._askings_with.get(token, ()):
                shared[asking] += weights[token]
        best = [0.0] * len(self._entries)
        for asking, weight in shared.items():
            owner, own_total = self._askings[asking]
            best[owner] = max(best[owner], 2 * weight / (total + own_total))
        return best

    def _index_askings(self, askings: Sequence[Sequence[Sequence[str]]]) -> None:
        self._askings: list[tuple[int, float]] = []
        self._askings_with: dict[str, list[int]] = defaultdict(list)
        for owner, ways in enumerate(askings):
            for way in ways:
                distinct = set(way)
                for token in distinct:
                    self._askings_with[token].append(len(self._askings))
                self._askings.append((owner, sum(self._weight(token) for token in distinct)))

    def _weight(self, token: str) -> float:
        weight = self._weights.get(token, self._unknown_weight)
        return weight * _PAIR_WEIGHT if " " in token else weight

    def _tokens(self, text: str) -> list[str]:
        telling = self._without_filler(self._syllables(text))
        return [*telling, *_pairs(telling)]

    def _syllables(self, text: str) -> tuple[str, ...]:
        return self._analysis.syllables(self._analysis.as_meant(text))

    def _without_filler(self, syllables: Sequence[str]) -> list[str]:
        kept: list[str] = []
        place = 0
        while place < len(syllables):
            skip = _length_of_term(syllables, place, self._filler_phrases)
            if not skip and syllables[place] not in self._filler_words:
                kept.append(syllables[place])
            place += skip or 1
        return kept


def _by_first(analysis: TextAnalysis, phrases: Iterable[str]) -> _Terms:
    """Phrases as syllables, by their first one, longest first."""
    terms: _Terms = {}
    for phrase in sorted((analysis.syllables(phrase) for phrase in phrases), key=len, reverse=True):
        terms.setdefault(phrase[0], []).append(phrase)
    return terms


def _length_of_term(syllables: Sequence[str], place: int, terms: _Terms) -> int:
    """Syllables of the term that starts at `place`; 0 when none does."""
    for term in terms.get(syllables[place], ()):
        if tuple(syllables[place : place + len(term)]) == term:
            return len(term)
    return 0


def _says_one_of(syllables: Sequence[str], terms: _Terms) -> bool:
    return any(_length_of_term(syllables, place, terms) for place in range(len(syllables)))


def _pairs(syllables: Sequence[str]) -> list[str]:
    return [f"{one} {other}" for one, other in pairwise(syllables)]


def _informative_weights(texts: Sequence[Sequence[str]]) -> dict[str, float]:
    """The rarer among entries, the more a token tells (BM25's inverse document frequency)."""
    count = len(texts)
    frequency = Counter(token for text in texts for token in set(text))
    return {token: math.log(1 + (count - n + 0.5) / (n + 0.5)) for token, n in frequency.items()}
