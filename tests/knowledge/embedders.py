"""An embedder for tests: no model, no seconds, yet near texts get near vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from knowledge.embedding import Vectors
from nlu.folding import syllables


class CountingEmbedder:
    """Vectors of the syllables a text holds. Remembers what it was asked to embed."""

    def __init__(self, name: str = "counting", dimensions: int = 256) -> None:
        self.name = name
        self.dimensions = dimensions
        self.embedded: list[str] = []

    def questions(self, texts: Sequence[str]) -> Vectors:
        return np.array([self._vector(text) for text in texts], np.float32).reshape(-1, self.dimensions)

    def passages(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        return self.questions(texts)

    def close(self) -> None:
        """Nothing is held."""

    def _vector(self, text: str) -> Vectors:
        made = np.full(self.dimensions, 0.01, np.float32)
        for syllable in syllables(text):
            digest = hashlib.blake2b(f"{self.name} {syllable}".encode(), digest_size=4).digest()
            made[int.from_bytes(digest, "big") % self.dimensions] += 1
        return made / np.linalg.norm(made)
