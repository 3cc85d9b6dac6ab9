"""Finding passages by words and by meaning at once, while passages come and go.

The words decide alone for what has no vector yet, so a passage can be found as soon as it is here and its
meaning follows. Nothing is answered or quoted here: ids and scores are all that comes out.

What belongs where: `prepare` and `search` take a few milliseconds and may run on the event loop;
`with_vector` (some 20 ms), `update` (10 ms, more for many), and `catch_up`, `adopt`, `settle`, `save`
(seconds to minutes) belong in a thread. Readers go on through all of them.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import structlog

from knowledge.analysis import TextAnalysis
from knowledge.dense import DenseIndex
from knowledge.fusion import dense_share, fuse
from knowledge.lexical import IndexInUse, LexicalIndex, Words
from knowledge.names import Name, NameFile
from knowledge.question import USUAL_MARKS, Question, prepare
from knowledge.vectors import Progress, VectorStore

__all__ = ["DenseIndex", "Hit", "HybridIndex", "Indexed", "Mode", "Question", "prepare", "windows"]

log = structlog.get_logger(__name__)

_DEPTH = 100
"""How many of each side are weighed against each other."""
_WHOLE_UP_TO = 300
"""Words of a text that gets one vector; about 400 tokens, and the usual model reads 512."""
_WINDOW = 200
_STEP = 100
"""Words of a window in a longer text, and from one window to the next."""
_WINDOW_CHARACTERS = 6_000
"""What is read of a piece; ordinary text has 5 characters a word."""
_BATCH = 256
"""Items whose vectors become findable together while many are made."""
_KEPT_SECONDS = 10.0
"""How long a removed item keeps its name for searches that had begun before."""


class Mode(Enum):
    """What is asked."""

    HYBRID = "hybrid"
    LEXICAL = "lexical"
    DENSE = "dense"


@dataclass(frozen=True, slots=True)
class Indexed:
    """A passage to be found."""

    id: str
    text: str
    group: str = ""
    """Of the hits in one group only the best is given; empty belongs to no group."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found."""

    id: str
    score: float
    """0 to 1, comparable within one search only."""
    lexical: float
    """BM25; 0 when not among the best by words."""
    dense: float
    """Cosine; 0 when not among the best by meaning."""


def windows(text: str) -> list[str]:
    """The pieces of a text that get a vector each: itself, or overlapping windows when it is long."""
    words = text.split()
    if len(words) <= _WHOLE_UP_TO:
        return [text[:_WINDOW_CHARACTERS]]
    starts = [min(start, len(words) - _WINDOW) for start in range(0, len(words) - _WINDOW + _STEP, _STEP)]
    return [" ".join(words[start : start + _WINDOW])[:_WINDOW_CHARACTERS] for start in starts]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """Vectors and what made them; the two change together."""

    store: VectorStore
    dense: DenseIndex
    """By number."""


class HybridIndex:
    """Passages findable by words and meaning. One writer at a time, readers from any thread.

    A passage gets a number that is never used again, so that what was found under it is never another text.
    """

    def __init__(
        self,
        analysis: TextAnalysis,
        store: VectorStore | None = None,
        folder: Path | None = None,
        edition: str = "",
    ) -> None:
        """`store` None finds by words alone.

        With a `folder` the index is kept there for `sync` to go on with, as long as `edition` is the same; it
        names whatever decides how texts are cut. A folder in use by another process is left alone, and the
        index kept in memory.
        """
        self._analysis = analysis
        self._writing = threading.RLock()
        self._names: dict[int, Name] = {}
        self._number_of: dict[str, int] = {}
        self._texts: dict[int, str] = {}
        self._retired: deque[tuple[float, int]] = deque()
        self._next = 1
        self._folder = folder
        self._name_file: NameFile | None = None
        self._lexical = self._open(edition)
        self._meaning = self._with_dense(store) if store else None
        self._waiting: dict[int, None] = {}

    # --- asking -------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """Passages that are here."""
        return len(self._number_of)

    @property
    def waiting(self) -> int:
        """Passages that are found by words alone until `catch_up` has made their vectors."""
        return len(self._waiting)

    @property
    def model(self) -> str:
        """Name of the embedder whose vectors are compared; empty without one."""
        return self._meaning.store.embedder.name if self._meaning else ""

    def with_vector(self, question: Question) -> Question:
        """The question as the model reads it. Blocks for as long as the model takes; without one a no-op."""
        return self.with_vectors([question])[0]

    def with_vectors(self, questions: Sequence[Question]) -> list[Question]:
        """The same for several, read together."""
        meaning = self._meaning
        if meaning is None or not questions:
            return list(questions)
        embedder = meaning.store.embedder
        vectors = embedder.questions([question.restored for question in questions])
        return [
            replace(question, vector=vector, model=embedder.name)
            for question, vector in zip(questions, vectors, strict=True)
        ]

    def search(self, question: Question, k: int, mode: Mode = Mode.HYBRID) -> list[Hit]:
        """The `k` best passages, best first. Without a vector of our model there is no meaning to compare."""
        if not question.tokens or k <= 0:
            return []
        depth = max(_DEPTH, k)
        lexical = self.by_words(question, depth) if mode is not Mode.DENSE else {}
        dense = self.by_meaning(question, depth) if mode is not Mode.LEXICAL else {}
        share = _dense_share(question, mode, bool(dense))
        meaning = self._meaning
        scores = fuse(lexical, dense, share, lambda n: meaning is None or str(n) in meaning.dense, depth)
        return self._best(scores, lexical, dense, k)

    def by_words(self, question: Question, k: int) -> dict[int, float]:
        """The `k` best by BM25, by number."""
        marks = min(1.0, question.share_of_marks / USUAL_MARKS)
        words = Words(self._as_known(question.tokens), question.marked)
        return dict(self._lexical.search(words, marks, k))

    def by_meaning(self, question: Question, k: int) -> dict[int, float]:
        """The `k` best by cosine, by number."""
        meaning = self._meaning
        if meaning is None or question.vector is None or question.model != meaning.store.embedder.name:
            return {}
        return {int(number): cosine for number, cosine in meaning.dense.search(question.vector, k)}

    def _as_known(self, tokens: Sequence[str]) -> tuple[str, ...]:
        """A misspelt syllable that no passage has becomes the one that was likely meant."""
        known = self._lexical.known
        return tuple(
            token if token in known else self._analysis.nearest(token, known) or token for token in tokens
        )

    def _best(
        self, scores: Mapping[int, float], lexical: Mapping[int, float], dense: Mapping[int, float], k: int
    ) -> list[Hit]:
        hits: list[Hit] = []
        groups: set[str] = set()
        ids: set[str] = set()
        for number in sorted(scores, key=lambda number: (-scores[number], number)):
            name = self._names.get(number)
            if len(hits) == k:
                break
            if name is None or name.id in ids or (name.group and name.group in groups):
                continue
            ids.add(name.id)
            groups.add(name.group)
            hits.append(Hit(name.id, scores[number], lexical.get(number, 0.0), dense.get(number, 0.0)))
        return hits

    # --- changing -----------------------------------------------------------------------------------------

    def sync(self, items: Iterable[Indexed]) -> int:
        """Make `items` all there is, leaving alone what is here unchanged. Gives the number of changes.

        Of items with the same id the last one counts.
        """
        wanted = {item.id: item for item in items}
        with self._writing:
            changed = []
            for item in wanted.values():
                number = self._number_of.get(item.id)
                if number is None or self._names[number].digest != _digest(item):
                    changed.append(item)
                else:
                    self._texts[number] = item.text
            gone = [id_ for id_ in self._number_of if id_ not in wanted]
            self.update(changed, gone)
            self._look_for_vectors(self._texts)
            return len(changed) + len(gone)

    def update(self, added: Sequence[Indexed], removed: Collection[str]) -> None:
        """Add or replace passages, and take out others; visible by words when this returns.

        Vectors that are known already are taken at once, the others wait for `catch_up`.
        """
        with self._writing:
            fresh = {item.id: item for item in added}
            old = [self._number_of[id_] for id_ in {*removed, *fresh} if id_ in self._number_of]
            if not fresh and not old:
                return
            numbered = dict(enumerate(fresh.values(), self._next))
            self._next += len(numbered)
            self._lexical.remove(old)
            self._lexical.add(self._named_and_cut(numbered))
            if self._name_file and numbered:  # on disk before the words are
                self._name_file.append({number: self._names[number] for number in numbered})
            self._lexical.commit()
            for id_ in removed:
                self._number_of.pop(id_, None)
            self._number_of |= {item.id: number for number, item in numbered.items()}
            self._retire(old)
            self._look_for_vectors(numbered)

    def _named_and_cut(self, numbered: Mapping[int, Indexed]) -> Iterator[tuple[int, Words]]:
        """Gives each passage its name and its words, one after the other: many cut texts take much memory."""
        for number, item in numbered.items():
            folded = self._analysis.syllables(self._analysis.as_meant(item.text))
            self._names[number] = Name(item.id, item.group, _digest(item), is_empty=not folded)
            self._texts[number] = item.text
            if folded:
                yield number, Words(folded, self._analysis.marked_syllables(item.text))

    def _retire(self, numbers: Sequence[int]) -> None:
        """Searches that began before may still come upon these: their names stay for a while."""
        now = time.monotonic()
        while self._retired and self._retired[0][0] < now - _KEPT_SECONDS:
            self._names.pop(self._retired.popleft()[1], None)
        for number in numbers:
            self._texts.pop(number, None)
            self._waiting.pop(number, None)
            self._retired.append((now, number))
        if self._meaning:
            self._meaning.dense.remove([str(number) for number in numbers])

    def _look_for_vectors(self, numbers: Iterable[int]) -> None:
        """Take the vectors that exist already; the rest waits."""
        meaning = self._meaning
        if meaning is None:
            return
        pieces = {
            number: windows(self._texts[number])
            for number in numbers
            if str(number) not in meaning.dense and not self._names[number].is_empty
        }
        missing = set(meaning.store.missing([piece for text in pieces.values() for piece in text]))
        ready = {number: text for number, text in pieces.items() if not missing.intersection(text)}
        _add_vectors(meaning, ready)
        self._waiting |= dict.fromkeys(number for number in pieces if number not in ready)

    def catch_up(self, progress: Progress | None = None) -> None:
        """Make the vectors that are missing; they count as they come. `progress` is told (done, of)."""
        done, total = 0, len(self._waiting)
        while self._waiting:
            meaning = self._meaning
            if meaning is None:
                return
            with self._writing:
                batch = {number: windows(self._texts[number]) for number in list(self._waiting)[:_BATCH]}
            pieces = [piece for text in batch.values() for piece in text]
            meaning.store.add(pieces, _part_of(progress, done, len(batch), total) if progress else None)
            with self._writing:
                still = {number: text for number, text in batch.items() if number in self._waiting}
                if meaning is self._meaning:
                    _add_vectors(meaning, still)
                    for number in still:
                        del self._waiting[number]
            done += len(batch)
            total = max(total, done + len(self._waiting))
            if progress:
                progress(done, total)

    def adopt(self, store: VectorStore | None, progress: Progress | None = None) -> None:
        """Change to another model: its vectors are made while the old ones serve, then it takes over."""
        if store is None:
            with self._writing:
                self._meaning = None
                self._waiting.clear()
            return
        with self._writing:
            texts = [
                self._texts[n] for n, name in self._names.items() if n in self._texts and not name.is_empty
            ]
        store.add([piece for text in texts for piece in windows(text)], progress)
        with self._writing:
            self._meaning = self._with_dense(store)
            self._waiting.clear()
            self._look_for_vectors(self._texts)

    def settle(self) -> bool:
        """Make the graph that many vectors need, while the exact comparison serves. True when it was due."""
        return self._meaning.dense.settle() if self._meaning else False

    # --- keeping ------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Keep the vectors' index too; words are kept with every change. A no-op without a folder."""
        if self._folder is not None and self._meaning is not None:
            self._meaning.dense.save(self._dense_folder(self._folder, self._meaning.store))

    def close(self) -> None:
        """Give the folder free. Nothing may be called afterwards."""
        with self._writing:
            self._lexical.close()

    def _open(self, edition: str) -> LexicalIndex:
        if self._folder is None:
            return LexicalIndex()
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            lexical = LexicalIndex(self._folder / "words")
        except IndexInUse:
            log.warning("index_in_use", folder=self._folder.name)
            self._folder = None
            return LexicalIndex()
        self._name_file = NameFile(self._folder / "names.jsonl", edition)
        names, self._next = self._name_file.read()
        alive = set(lexical.numbers())
        for number, name in names.items():
            if number in alive or name.is_empty:
                self._names[number] = name
                self._number_of[name.id] = number
        self._next = max([self._next, *(number + 1 for number in alive)])
        lost = [number for number in alive if self._number_of_name(number) != number]
        if lost:
            lexical.remove(lost)
            lexical.commit()
        for number in [n for n in self._names if self._number_of_name(n) != n]:
            del self._names[number]
        self._name_file.write(self._names, self._next)
        return lexical

    def _number_of_name(self, number: int) -> int | None:
        name = self._names.get(number)
        return self._number_of.get(name.id) if name else None

    def _with_dense(self, store: VectorStore) -> _Meaning:
        kept = DenseIndex.load(self._dense_folder(self._folder, store)) if self._folder else None
        if kept is None or kept.dimensions != store.embedder.dimensions:
            return _Meaning(store, DenseIndex(store.embedder.dimensions))
        kept.remove([number for number in list(kept.ids) if int(number) not in self._names])
        return _Meaning(store, kept)

    @staticmethod
    def _dense_folder(folder: Path, store: VectorStore) -> Path:
        return folder / f"meaning-{hashlib.blake2b(store.embedder.name.encode(), digest_size=6).hexdigest()}"


def _digest(item: Indexed) -> str:
    content = f"{item.group}\0{item.text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=12).hexdigest()


def _add_vectors(meaning: _Meaning, pieces: Mapping[int, Sequence[str]]) -> None:
    owners = [str(number) for number, text in pieces.items() for _ in text]
    if owners:
        meaning.dense.add(owners, meaning.store.get([piece for text in pieces.values() for piece in text]))


def _part_of(progress: Progress, done: int, items: int, total: int) -> Progress:
    """Progress within one batch, told as items of the whole."""
    return lambda part, of: progress(done + items * part // of, total)


def _dense_share(question: Question, mode: Mode, has_meaning: bool) -> float:
    if mode is Mode.DENSE:
        return 1.0
    if mode is Mode.LEXICAL or not has_meaning:
        return 0.0
    return dense_share(question.trust)
