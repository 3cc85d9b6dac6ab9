"""Nearness of meaning between a question and everything that can be said, by the vectors of an embedder.

Making the vectors takes seconds at the first start: build this in a thread, and answer by words meanwhile.
Comparing takes well under a millisecond; embedding a question takes some 20 and belongs in a thread too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.dense import DenseIndex
from knowledge.embedding import Embedder
from knowledge.repertoire import Line
from knowledge.vectors import VectorStore

_NEAREST = 60
"""Lines looked at for one question."""

Vector = NDArray[np.float32]


class MeaningIndex:
    """Vectors of the lines of one repertoire. Immutable once built; safe to share."""

    def __init__(
        self,
        lines: Sequence[Line],
        embedder: Embedder,
        store: VectorStore,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Blocks until every missing vector is made. `progress` is told (done, of)."""
        texts = [line.meaning for line in lines]
        store.add(texts, progress)
        self._index = DenseIndex(embedder.dimensions)
        self._index.add([str(place) for place in range(len(texts))], store.get(texts))

    def compare(self, question: Vector) -> dict[int, float]:
        """The nearest lines by place, each with its cosine."""
        return {int(place): cosine for place, cosine in self._index.search(question, _NEAREST)}
