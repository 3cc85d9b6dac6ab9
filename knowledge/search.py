"""Which of the things we can say resemble a question: by folded syllables and pairs of them, and by meaning.

Works on what people curated (entries and facts, some hundreds), where every way of asking is known; passages
of documents are found by knowledge.index. It measures likeness and nothing else: whether that is good
enough to answer is decided in knowledge.judgement.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from knowledge.analysis import TextAnalysis
from knowledge.content import Terms
from knowledge.phrases import Phrases

_PAIR_WEIGHT = 0.6
"""A pair of syllables repeats what its syllables say; it counts for order and compounds only."""
_MAX_SYLLABLES = 40
"""Informative syllables of a question that are looked at; bounds the work for abusive texts."""
_JOINED = 6
"""Letters from which an unknown word may be two typed together; at most twice as many."""
_OWN_CASE_WEIGHT = 0.5
"""Weight of a number that stands nowhere in what can be said; about that of a common word."""
_K1, _B = 1.2, 0.75
"""BM25's usual saturation and length normalisation."""

_Floats = NDArray[np.float64]
_Places = NDArray[np.int32]


class Field(Enum):
    """Whose question it is."""

    OURS = "ours"
    """It uses a term that only this field has."""
    OTHERS = "others"
    """It uses a term of a neighbouring field and none of ours."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sayable:
    """Something that can be said, as far as finding it goes."""

    id: str
    askings: tuple[str, ...]
    """Ways of asking for it."""
    says: str
    """What it says, with the names it goes by."""
    only_if: tuple[str, ...] = ()
    """Words of which the question must say one; empty where none is needed."""


@dataclass(frozen=True, slots=True)
class Query:
    """What the search sees of a question."""

    syllables: tuple[str, ...]
    """All of them, folded, as meant."""
    weights: dict[str, float]
    """The informative syllables and their pairs; empty when the question has no topic at all."""
    field: Field

    @property
    def words(self) -> dict[str, float]:
        """The single syllables among the weights."""
        return {token: weight for token, weight in self.weights.items() if " " not in token}


@dataclass(frozen=True, slots=True)
class Resemblance:
    """How one sayable compares with a question by its words. All from 0 to 1."""

    likeness: float = 0.0
    """Dice overlap, by weight, with the nearest way of asking for it."""
    rank: float = 0.0
    """BM25 over everything it says, as a share of the question's weight."""
    explained: float = 0.0
    """Share of the question's single syllables, by weight, that it uses at all."""
    in_order: float = 0.0
    """The same for pairs of syllables; 1 for a question of one syllable."""


class Comparison:
    """A question beside every sayable, by place."""

    def __init__(self, likeness: _Floats, rank: _Floats, explained: _Floats, in_order: _Floats) -> None:
        self._signs = (likeness, rank, explained, in_order)

    def of(self, place: int) -> Resemblance:
        """How the sayable at this place compares."""
        return Resemblance(*(float(sign[place]) for sign in self._signs))

    def nearest(self, count: int) -> list[int]:
        """Places of those that share most with the question, best first; none that share nothing."""
        likeness, rank, *_ = self._signs
        near = likeness + rank
        best = np.argsort(-near, kind="stable")[:count]
        return [int(place) for place in best if near[place] > 0]


class WordIndex:
    """Likeness by words. Immutable; safe to share."""

    def __init__(self, sayables: Sequence[Sayable], analysis: TextAnalysis, terms: Terms):
        self._analysis = analysis
        self._filler_phrases = Phrases.of(analysis, terms.filler_phrases)
        self._filler_words = frozenset(p for word in terms.filler_words for p in analysis.syllables(word))
        self._own = Phrases.of(analysis, terms.own)
        self._others = Phrases.of(analysis, terms.others)
        self._only_if = [Phrases.of(analysis, sayable.only_if) for sayable in sayables]
        self._conditional = frozenset(place for place, one in enumerate(sayables) if one.only_if)
        askings = [[self._tokens(text) for text in sayable.askings] for sayable in sayables]
        texts = [
            [*(token for way in ways for token in way), *self._tokens(sayable.says)]
            for ways, sayable in zip(askings, sayables, strict=True)
        ]
        self._weights = _informative_weights(texts)
        self._unknown_weight = math.log(1 + (len(texts) + 0.5) / 0.5)
        self._known = frozenset(token for token in self._weights if " " not in token)
        self._index_texts(texts)
        self._index_askings(askings)

    def read(self, question: str) -> Query:
        """What the search sees of a question."""
        syllables = self._parted(self._syllables(question))
        telling = [
            part if part in self._known else self._analysis.nearest(part, self._known) or part
            for part in self._without_filler(syllables)[:_MAX_SYLLABLES]
        ]
        field = Field.UNKNOWN
        if self._own.said(syllables):
            field = Field.OURS
        elif self._others.said(syllables):
            field = Field.OTHERS
        # A number nobody wrote ("tôi được 79 điểm") is the asker's own case and tells little.
        own_case = frozenset(t for t in telling if t.isdigit() and t not in self._known)
        said = [t for t in (*telling, *_pairs(telling)) if own_case.isdisjoint(t.split())]
        weights = {t: self._weight(t) for t in said} | dict.fromkeys(own_case, _OWN_CASE_WEIGHT)
        return Query(syllables, weights, field)

    def _parted(self, syllables: tuple[str, ...]) -> tuple[str, ...]:
        """Words typed without a space between them, told apart: `tongdiem` is `tong diem`."""
        parted: list[str] = []
        for one in syllables[: 2 * _MAX_SYLLABLES]:
            if (
                one in self._known
                or not _JOINED <= len(one) <= 2 * _JOINED
                or self._analysis.is_syllable(one)
            ):
                parted.append(one)
                continue
            cuts = [(one[:place], one[place:]) for place in range(2, len(one) - 1)]
            known = [cut for cut in cuts if cut[0] in self._known and cut[1] in self._known]
            together = [cut for cut in known if " ".join(cut) in self._weights]
            parted += next(iter([*together, *known]), (one,))
        return tuple(parted)

    def compare(self, query: Query) -> Comparison:
        """The question beside everything that can be said."""
        count = len(self._only_if)
        rank, explained, in_order = np.zeros(count), np.zeros(count), np.zeros(count)
        known = [(token, weight) for token, weight in query.weights.items() if token in self._weights]
        for token, weight in known:
            owners, impacts = self._in_texts[token]
            rank[owners] += weight * impacts
            (in_order if " " in token else explained)[owners] += weight
        total = sum(query.weights.values()) or 1.0
        words = sum(query.words.values()) or 1.0
        pairs = total - words
        return Comparison(
            self._likeness(known, total),
            np.minimum(rank / total, 1.0),
            explained / words,
            in_order / pairs if pairs > 0 else (rank > 0).astype(np.float64),
        )

    def may_answer(self, place: int, query: Query) -> bool:
        """Does the question say what this sayable needs it to say?"""
        return place not in self._conditional or self._only_if[place].said(query.syllables)

    def _likeness(self, known: Iterable[tuple[str, float]], total: float) -> _Floats:
        shared = np.zeros(len(self._asking_totals))
        for token, weight in known:
            found = self._in_askings.get(token)
            if found is not None:
                shared[found] += weight
        dice = 2 * shared / (self._asking_totals + total)
        best = np.zeros(len(self._only_if))
        np.maximum.at(best, self._asking_owners, dice)
        return best

    def _index_texts(self, texts: Sequence[Sequence[str]]) -> None:
        average = sum(map(len, texts)) / max(len(texts), 1) or 1.0
        found: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for owner, text in enumerate(texts):
            norm = _K1 * (1 - _B + _B * len(text) / average)
            for token, often in Counter(text).items():
                found[token].append((owner, often * (_K1 + 1) / (often + norm)))
        self._in_texts: dict[str, tuple[_Places, _Floats]] = {
            token: (np.array([o for o, _ in rows], np.int32), np.array([i for _, i in rows]))
            for token, rows in found.items()
        }

    def _index_askings(self, askings: Sequence[Sequence[Sequence[str]]]) -> None:
        found: dict[str, list[int]] = defaultdict(list)
        owners: list[int] = []
        totals: list[float] = []
        for owner, ways in enumerate(askings):
            for way in ways:
                distinct = set(way)
                for token in distinct:
                    found[token].append(len(totals))
                owners.append(owner)
                totals.append(sum(self._weight(token) for token in distinct))
        self._in_askings = {token: np.array(places, np.int32) for token, places in found.items()}
        self._asking_owners: _Places = np.array(owners, np.int32)
        self._asking_totals: _Floats = np.array(totals)

    def _weight(self, token: str) -> float:
        weight = self._weights.get(token, self._unknown_weight)
        return weight * _PAIR_WEIGHT if " " in token else weight

    def _tokens(self, text: str) -> list[str]:
        telling = self._without_filler(self._syllables(text))
        return [*telling, *_pairs(telling)]

    def _syllables(self, text: str) -> tuple[str, ...]:
        return self._analysis.syllables(self._analysis.as_meant(text))

    def _without_filler(self, syllables: Sequence[str]) -> list[str]:
        return [one for one in self._filler_phrases.without(syllables) if one not in self._filler_words]


def _pairs(syllables: Sequence[str]) -> list[str]:
    return [f"{one} {other}" for one, other in pairwise(syllables)]


def _informative_weights(texts: Sequence[Sequence[str]]) -> dict[str, float]:
    """The rarer among texts, the more a token tells (BM25's inverse document frequency)."""
    count = len(texts)
    frequency = Counter(token for text in texts for token in set(text))
    return {token: math.log(1 + (count - n + 0.5) / (n + 0.5)) for token, n in frequency.items()}
