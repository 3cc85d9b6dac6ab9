"""Questions that mean the same, put together. Pure, and the same for the same questions in any order.

Two questions are compared by the words that tell what they are about, and by their vectors where both have
one. A group is a question with all that are near to it and in no fuller group: so nothing is in a group for
being near to something that is near to something. Knows no store, no page and no clock.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

_BY_WORDS = 0.40
"""Overlap from which two questions mean the same. Chosen on 82 questions made up for it (69 in 18 groups, 13
alone): 90% of the pairs put together belong together, and 53% of those that belong together are."""
_BY_BOTH = 0.44
"""The same where vectors are there as well: 85% and 73%."""
_WORDS_SHARE = 0.3
_STEADY = 12
"""How many questions the usual vector counts for: it steadies the middle while few questions are there."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One way a question was asked."""

    key: str
    count: int
    telling: Mapping[str, float]
    """Words and pairs of words that tell what it is about, by weight."""
    vector: Vectors | None = None
    """Of length 1; None where no model has read it."""


@dataclass(frozen=True, slots=True)
class _Compared:
    """To whom each wording is near, itself left out."""

    near: Sequence[NDArray[np.intp]]
    likeness: Sequence[NDArray[np.float64]]


def grouped(wordings: Sequence[Wording], usual: Vectors | None = None) -> list[list[str]]:
    """Keys in groups, the fullest first; in a group the most typical wording first, then the most asked.

    `usual` is the middle of vectors of everyday questions: what two vectors share with it says nothing.
    """
    known = sorted(wordings, key=lambda one: one.key)
    compared = _compare(known, usual)
    said = np.array([1 + math.log(one.count) for one in known])
    fullness = said.copy()
    for place, near in enumerate(compared.near):
        fullness[place] += float(compared.likeness[place] @ said[near])
    is_free = np.ones(len(known), bool)
    groups: list[list[Wording]] = []
    for _ in known:
        if not is_free.any():
            break
        first = int(np.argmax(np.where(is_free, fullness, -1.0)))
        members = [int(place) for place in compared.near[first] if is_free[place]]
        members.sort(key=lambda place: (-known[place].count, known[place].key))
        for place in (first, *members):
            is_free[place] = False
            fullness[compared.near[place]] -= compared.likeness[place] * said[place]
        groups.append([known[place] for place in (first, *members)])
    groups.sort(key=lambda group: (-sum(one.count for one in group), group[0].key))
    return [[one.key for one in group] for group in groups]


def _compare(wordings: Sequence[Wording], usual: Vectors | None) -> _Compared:
    totals = np.array([sum(one.telling.values()) for one in wordings])
    owners: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(wordings):
        for token in one.telling:
            owners[token].append(place)
    # A word of one question alone is shared with nobody.
    found = {token: np.array(places) for token, places in owners.items() if len(places) > 1}
    directions, has_direction = _directions(wordings, usual)
    meanings = directions @ directions.T
    near, likeness = [], []
    for place, one in enumerate(wordings):
        shared = np.zeros(len(wordings))
        for token, weight in one.telling.items():
            if token in found:
                shared[found[token]] += weight
        words = 2 * shared / np.maximum(totals + totals[place], 1e-9)
        is_near, sureness = words >= _BY_WORDS, words
        if has_direction[place]:
            both = _WORDS_SHARE * words + (1 - _WORDS_SHARE) * meanings[place]
            is_near = np.where(has_direction, both >= _BY_BOTH, is_near)
            sureness = np.where(has_direction, both, words)
        is_near[place] = False
        places = np.flatnonzero(is_near)
        near.append(places)
        likeness.append(sureness[places])
    return _Compared(near, likeness)


def _directions(wordings: Sequence[Wording], usual: Vectors | None) -> tuple[Vectors, NDArray[np.bool_]]:
    """Vectors as seen from their middle: cosines of a model lie close together, directions do not."""
    has_one = np.array([one.vector is not None for one in wordings], bool)
    vectors = [one.vector for one in wordings if one.vector is not None]
    if usual is None or not vectors:
        return np.zeros((len(wordings), 1), np.float32), np.zeros(len(wordings), bool)
    read = np.vstack(vectors)
    middle = (read.sum(axis=0) + _STEADY * usual) / (len(read) + _STEADY)
    turned = read - middle
    turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-9)
    directions = np.zeros((len(wordings), read.shape[1]), np.float32)
    directions[has_one] = turned
    return directions, has_one
