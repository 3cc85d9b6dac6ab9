"""Answers from documents that were taken in, for questions nobody wrote an entry for.

A clean passage is quoted with its place; of a damaged one only the place is told, never its words. It is
the last resort before an honest no, so it asks for more than a likeness: nearly all the question's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from knowledge.analysis import TextAnalysis
from knowledge.answer import Answer, Citation, Passage
from knowledge.index import Hit, HybridIndex, Indexed, Question
from knowledge.library import LibraryPassage
from knowledge.vectors import Progress, VectorStore

LIBRARY = "library:"
_LOOKED_AT = 8
_QUOTED = 380
"""Characters of a quotation: what is still read on a phone."""
_WORDS_NEEDED = 3
_EXPLAINED = 0.8
"""Share of the question's words, by weight, that a passage must hold."""
_EXPLAINED_WHEN_NAMED = 0.6
"""The same for a passage of the very document the question names."""
_IN_ORDER = 0.35
"""Share of the question's pairs of words that must stand together in it, unless the document is named."""
_SENTENCE_END = re.compile(r"(?<=[.;:!?])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for in the library."""

    question: Question
    weights: Mapping[str, float]
    """The question's informative syllables and pairs."""
    documents: frozenset[str]
    """Numbers of documents it names, as registered."""


class Library:
    """Passages of documents that were taken in, findable while they change."""

    def __init__(self, analysis: TextAnalysis, store: VectorStore | None, folder: Path | None) -> None:
        """`store` None: by words alone. `folder` keeps the index; None keeps it in memory."""
        self._analysis = analysis
        self._index = HybridIndex(analysis, store, folder, edition="1")
        self._passages: dict[str, LibraryPassage] = {}
        self.documents: frozenset[str] = frozenset()
        """Numbers of the documents that are here."""

    def __len__(self) -> int:
        return len(self._passages)

    def take(self, passages: Iterable[LibraryPassage]) -> int:
        """Make these all there is; gives the number of changes. Takes up to seconds: call it in a thread."""
        wanted = {passage.id: passage for passage in passages}
        self._passages = {**self._passages, **wanted}  # what is found meanwhile can be told
        changed = self._index.sync(Indexed(p.id, p.text, p.group) for p in wanted.values())
        self._passages = wanted
        self.documents = frozenset(p.citation.document for p in wanted.values() if p.citation.document)
        return changed

    def understand(self, store: VectorStore, progress: Progress) -> None:
        """Find by meaning too, once every vector is made. Takes long: call it in a thread."""
        self._index.adopt(store, progress)

    def catch_up(self, progress: Progress) -> None:
        """Make the vectors of what is new. Takes long: call it in a thread."""
        self._index.catch_up(progress)
        if self._index.settle():
            self._index.save()

    def close(self) -> None:
        """Give the index's folder free."""
        self._index.close()

    def answer(self, sought: Sought, *, surely_ours: bool) -> Answer | None:
        """The passage that holds what is asked, or None. A few milliseconds."""
        words = {token: weight for token, weight in sought.weights.items() if " " not in token}
        named = sought.documents & self.documents
        if not self._passages or (len(words) < _WORDS_NEEDED and not named):
            return None
        hits = self._index.search(sought.question, _LOOKED_AT)
        for hit in hits:
            passage = self._passages.get(hit.id)
            if passage is not None and self._holds(passage, sought.weights, named, surely_ours):
                return self._tell(passage, words, hits)
        return None

    def _holds(
        self, passage: LibraryPassage, weights: Mapping[str, float], named: frozenset[str], surely_ours: bool
    ) -> bool:
        if named and passage.citation.document not in named:
            return False
        syllables = self._analysis.syllables(passage.text)
        held = {*syllables, *(f"{one} {other}" for one, other in pairwise(syllables))}
        about = {*self._analysis.syllables(passage.citation.title)}
        words = {t: w for t, w in weights.items() if " " not in t and not (named and t in about)}
        pairs = {t: w for t, w in weights.items() if " " in t}
        if named:
            return _share(words, held) >= _EXPLAINED_WHEN_NAMED
        if not surely_ours and len(words) <= _WORDS_NEEDED:
            return False
        return _share(words, held) >= _EXPLAINED and _share(pairs, held) >= _IN_ORDER

    def _tell(self, passage: LibraryPassage, words: Mapping[str, float], hits: Sequence[Hit]) -> Answer:
        citation = passage.citation
        found = tuple(Passage(f"{LIBRARY}{hit.id}", round(hit.score, 4)) for hit in hits[:5])
        if passage.damaged:
            text = (
                f"Điều bạn hỏi có nhắc trong {_place(citation)}. Bản quét của văn bản này chữ chưa rõ nên "
                "mình không trích nguyên văn; bạn xem bản gốc hoặc hỏi cán bộ Hội giúp mình nhé."
            )
        else:
            text = f"{citation.title} viết: “{self._excerpt(passage.text, words)}”"
        return Answer(f"{LIBRARY}{passage.id}", text, (citation,), 0.6, found)

    def _excerpt(self, text: str, words: Mapping[str, float]) -> str:
        """The sentences that hold most of the question's words, in their order, within what is read."""
        text = text.strip()
        if len(text) <= _QUOTED:
            return text
        sentences = [s.strip() for s in _SENTENCE_END.split(text) if s.strip()]
        worth = [sum(words.get(s, 0.0) for s in {*self._analysis.syllables(one)}) for one in sentences]
        best = max(range(len(sentences)), key=lambda place: worth[place])
        first, last, room = best, best, _QUOTED - len(sentences[best])
        while last + 1 < len(sentences) and len(sentences[last + 1]) < room:
            last += 1
            room -= len(sentences[last]) + 1
        quoted = " ".join(sentences[first : last + 1])
        if len(quoted) > _QUOTED:
            quoted = quoted[:_QUOTED].rsplit(" ", 1)[0] + " …"
        return ("… " if first else "") + quoted


def _share(weights: Mapping[str, float], held: set[str]) -> float:
    total = sum(weights.values())
    return sum(weight for token, weight in weights.items() if token in held) / total if total else 0.0


def _place(citation: Citation) -> str:
    return ", ".join(part for part in (citation.title, citation.locator) if part)
