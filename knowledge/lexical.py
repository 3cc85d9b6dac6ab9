"""The index of words: BM25 over folded syllables and their pairs; marks count as far as they were typed.

It stores numbers, never texts. What is searched is a snapshot; a change becomes visible whole, with `commit`,
and a search that has begun goes on with what it saw. Texts come cut into syllables already.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import tantivy

MARKS_WEIGHT = 0.5
"""What the syllables with their marks count beside the folded ones when the question is fully marked."""
_TERMS_AT_MOST = 160
"""Distinct terms of a question that are looked up; bounds the time for abusive texts."""
_WRITER_MEMORY = 30_000_000
"""Bytes of texts in hand between two commits. Tantivy asks for 15 million at least."""
_TOGETHER = 200
"""Texts handed to the writer at once."""
_SHOULD = tantivy.Occur.Should


@dataclass(frozen=True, slots=True)
class Words:
    """A text as the index sees it."""

    folded: tuple[str, ...]
    """Folded syllables and numbers, in order."""
    marked: tuple[str, ...] = ()
    """Syllables with their marks, in order."""


class IndexInUse(Exception):
    """Another process has the folder open for writing."""


class LexicalIndex:
    """BM25 (k1 1.2, b 0.75) over numbered texts.

    One writer at a time; readers from any thread. A search takes 0.4 ms at 10,000 texts and 2.5 at 100,000, a
    commit about 10 ms.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` None: in memory. Raises IndexInUse; an index that cannot be read is made anew."""
        self._schema = _schema()
        if folder is None:
            self._index = tantivy.Index(self._schema)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._index = self._open(folder)
        try:
            self._writer = self._index.writer(_WRITER_MEMORY, 1)
        except ValueError as error:
            raise IndexInUse(str(folder)) from error
        self._writing = threading.Lock()
        self._searcher = self._index.searcher()

    def _open(self, folder: Path) -> tantivy.Index:
        try:
            return tantivy.Index(self._schema, path=str(folder), reuse=True)
        except (ValueError, OSError):
            for path in folder.iterdir():
                path.unlink()
            return tantivy.Index(self._schema, path=str(folder), reuse=False)

    def __len__(self) -> int:
        """Texts that can be found."""
        return int(self._searcher.num_docs)

    def numbers(self) -> list[int]:
        """The numbers of all texts, in no order."""
        hits = self._searcher.search(tantivy.Query.all_query(), max(1, len(self)), count=False).hits
        return _numbers(self._searcher, hits)

    def add(self, texts: Iterable[tuple[int, Words]]) -> None:
        """Add numbered texts; visible after `commit`. Blocks for 0.07 ms a text of 40 syllables."""
        # Cut some, then hand them over: text by text, the writer's thread and ours wake each other so often
        # that whoever waits for Python's lock waits up to 100 ms.
        waiting = iter(texts)
        with self._writing:
            while batch := list(islice(waiting, _TOGETHER)):
                for number, words in batch:
                    document = tantivy.Document()
                    document.add_unsigned("number", number)
                    document.add_text("folded", " ".join(with_pairs(words.folded)))
                    document.add_text("marked", " ".join(words.marked))
                    self._writer.add_document(document)

    def remove(self, numbers: Collection[int]) -> None:
        """Take out texts by number; visible after `commit`."""
        with self._writing:
            # By query: its deletion by term takes numbers for signed ones and finds nothing.
            if numbers:
                gone = tantivy.Query.term_set_query(self._schema, "number", list(numbers))
                self._writer.delete_documents_by_query(gone)

    def commit(self) -> None:
        """Make everything added and removed visible, in one step."""
        with self._writing:
            self._writer.commit()
            self._index.reload()
            self._searcher = self._index.searcher()

    def search(self, words: Words, share_of_marks: float, k: int) -> list[tuple[int, float]]:
        """The `k` best numbers with their BM25, best first; only texts that share a syllable."""
        searcher = self._searcher
        terms = list(dict.fromkeys(with_pairs(words.folded)))[:_TERMS_AT_MOST]
        if not terms or k <= 0:
            return []
        parts = [(_SHOULD, tantivy.Query.term_query(self._schema, "folded", term, "freq")) for term in terms]
        weight = MARKS_WEIGHT * share_of_marks
        if weight > 0:
            for term in list(dict.fromkeys(words.marked))[:_TERMS_AT_MOST]:
                marked = tantivy.Query.term_query(self._schema, "marked", term, "freq")
                parts.append((_SHOULD, tantivy.Query.boost_query(marked, weight)))
        hits = searcher.search(tantivy.Query.boolean_query(parts), k, count=False).hits
        return [
            (number, float(score or 0))
            for number, (score, _) in zip(_numbers(searcher, hits), hits, strict=True)
        ]

    @property
    def known(self) -> Collection[str]:
        """The folded syllables that occur in any text, for `in` alone."""
        return _Vocabulary(self._searcher)

    def close(self) -> None:
        """Stop the writer's threads and give the folder free. Nothing may be called afterwards."""
        self._writer.wait_merging_threads()


class _Vocabulary(Collection[str]):
    """What a snapshot knows, asked one by one: listing it would take long and is never needed."""

    def __init__(self, searcher: tantivy.Searcher) -> None:
        self._searcher = searcher

    def __contains__(self, syllable: object) -> bool:
        return bool(self._searcher.doc_freq("folded", syllable))

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError("the vocabulary is for asking, not for listing")

    def __len__(self) -> int:
        raise NotImplementedError("the vocabulary is for asking, not for listing")


def _numbers(searcher: tantivy.Searcher, hits: Sequence[tuple[Any, tantivy.DocAddress]]) -> list[int]:
    found: Sequence[Any] = searcher.fast_field_values("number", [place for _, place in hits])
    return [int(number) for number in found]


def with_pairs(syllables: Sequence[str]) -> list[str]:
    """Syllables, then each two that stand side by side, joined."""
    return [*syllables, *(f"{one}_{other}" for one, other in pairwise(syllables))]


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("number", indexed=True, fast=True)
    builder.add_text_field("folded", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("marked", tokenizer_name="whitespace", index_option="freq")
    return builder.build()
