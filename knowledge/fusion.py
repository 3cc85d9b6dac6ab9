"""Two rankings made one: nearness by words and by meaning, each on its own scale, weighed and added."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_DENSE_SHARE = 0.5
"""Weight of the meaning when it is well understood."""
_DENSE_SHARE_UNSURE = 0.15
"""Weight of the meaning of a question whose marks could not be restored: models read such text badly."""


def dense_share(trust: float) -> float:
    """The weight of the meaning for a question the model reads well to the degree of `trust` (0 to 1)."""
    return _DENSE_SHARE_UNSURE + (_DENSE_SHARE - _DENSE_SHARE_UNSURE) * trust


def fuse(
    lexical: Mapping[int, float],
    dense: Mapping[int, float],
    share: float,
    has_vector: Callable[[int], bool],
    depth: int,
) -> dict[int, float]:
    """Both sides on a scale of 0 to 1, weighed and added: better here than adding reciprocal ranks.

    What has no vector is not held to be far in meaning: its words count for both.
    """
    # A list shorter than asked for holds all there is: what is not in it has no word in common, that is 0.
    words = _scaled(lexical, min(lexical.values(), default=0.0) if len(lexical) >= depth else 0.0)
    meaning = _scaled(dense, min(dense.values(), default=0.0))
    scores: dict[int, float] = {}
    for number in {**words, **meaning}:
        by_words = words.get(number, 0.0)
        by_meaning = meaning.get(number)
        if by_meaning is None:
            by_meaning = 0.0 if share == 0 or has_vector(number) else by_words
        scores[number] = (1 - share) * by_words + share * by_meaning
    return scores


def _scaled(scores: Mapping[int, float], lowest: float) -> dict[int, float]:
    spread = max(scores.values(), default=0.0) - lowest
    return {number: (score - lowest) / spread if spread > 0 else 1.0 for number, score in scores.items()}
