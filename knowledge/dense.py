"""Nearest vectors: exact while there are few, by a graph when there are many. Knows ids and numbers only.

Readers never wait and never see half a change: what they search is a view that is published whole. Vectors
are appended behind what readers look at; removed ones are passed over until the rest is copied together.
FAISS lets go of Python's lock while it compares.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

EXACT_UP_TO = 50_000
"""Vectors that are compared one by one (8 ms at 50,000 of 384 dimensions). Above, `settle` makes a graph,
which answers in 1 ms at 100,000 and finds 0.999 of the exact first ten."""
_TAIL = 10_000
"""Vectors beside the graph that are compared one by one (0.8 ms) before the graph takes them in."""
_LINKS = 32
_BUILD_EFFORT = 80
_SEARCH_EFFORT = 128
_REMOVED_AT_MOST = 1_000
"""Removed vectors that are passed over before the others are copied together."""
_GATHERED = 512
"""Vectors copied in one go; a fraction of a millisecond."""
_SLACK = 1.5
"""Room left for growth when a buffer is made."""


@dataclass(frozen=True, slots=True)
class _Graph:
    """A graph over the first `size` rows."""

    index: faiss.IndexHNSWFlat
    size: int


@dataclass(frozen=True, slots=True)
class _View:
    """What one search looks at."""

    vectors: Vectors
    """Rows behind the graph's, or all of them without a graph. Never changed once published."""
    ids: list[str]
    """By row, the graph's rows first. Grows behind the view's `count`; what is below never changes."""
    count: int
    """Rows of this view, removed ones included."""
    removed: frozenset[int] = frozenset()
    graph: _Graph | None = None
    removed_behind: int = 0
    """How many of `removed` are among `vectors`."""
    alive: faiss.IDSelector | None = None
    """For the graph: rows that may be found. None when all may."""

    @property
    def offset(self) -> int:
        """Rows the graph holds."""
        return self.graph.size if self.graph else 0


class DenseIndex:
    """An index over vectors of length 1. An id may have several vectors; the best one counts.

    `search` may be called from anywhere, also while another thread changes the index: it takes under 1 ms at
    10,000 vectors. `add` and `remove` take milliseconds; `settle` may take a minute and belongs in a thread.
    """

    def __init__(self, dimensions: int) -> None:
        """`dimensions` is the length of every vector."""
        self.dimensions = dimensions
        self._writing = threading.Lock()
        self._settling = threading.Lock()
        self._buffer: Vectors = np.empty((0, dimensions), np.float32)
        self._view = _View(self._buffer, [], 0)
        self._rows: dict[str, list[int]] = {}

    def __len__(self) -> int:
        """Vectors that can be found."""
        view = self._view
        return view.count - len(view.removed)

    def __contains__(self, id_: object) -> bool:
        """Has this id any vector?"""
        return id_ in self._rows

    @property
    def ids(self) -> Collection[str]:
        """Ids that have a vector."""
        return self._rows.keys()

    @property
    def is_exact(self) -> bool:
        """Compares with every vector, rather than along a graph."""
        return self._view.graph is None

    def search(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """The `k` nearest ids with their cosine, best first. `vector` has shape (dimensions,), length 1."""
        view = self._view
        if k <= 0 or not view.count:
            return []
        # Of this thread alone. For one question several threads wait for each other longer than they compare.
        faiss.omp_set_num_threads(1)
        question = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, self.dimensions)
        wanted = k
        while True:
            rows = self._nearest_rows(view, question, wanted)
            best: dict[str, float] = {}
            for row, cosine in rows:
                best.setdefault(view.ids[row], cosine)
            # Several vectors of one id take up room: look further until enough ids are found.
            if len(best) >= k or wanted >= view.count:
                return list(best.items())[:k]
            wanted = min(view.count, wanted * 3)

    def _nearest_rows(self, view: _View, question: Vectors, wanted: int) -> list[tuple[int, float]]:
        found: list[tuple[int, float]] = []
        tail = view.count - view.offset
        if tail:
            reach = min(tail, wanted + view.removed_behind)
            cosines, rows = faiss.knn(question, view.vectors[:tail], reach, faiss.METRIC_INNER_PRODUCT)
            found = list(zip((rows[0] + view.offset).tolist(), cosines[0].tolist(), strict=True))
        if view.graph is not None:
            reach = min(view.offset, wanted)
            effort = faiss.SearchParametersHNSW(efSearch=max(_SEARCH_EFFORT, reach), sel=view.alive)
            cosines, rows = view.graph.index.search(question, reach, params=effort)
            found += zip(rows[0].tolist(), cosines[0].tolist(), strict=True)
        found = [(row, cosine) for row, cosine in found if row >= 0 and row not in view.removed]
        found.sort(key=lambda pair: -pair[1])
        return found[:wanted]

    # --- changing -----------------------------------------------------------------------------------------

    def add(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Append vectors, shape (len(ids), dimensions). An id that is there already has one more then."""
        self.replace((), ids, vectors)

    def remove(self, ids: Collection[str]) -> None:
        """Take out all vectors of these ids; unknown ones are passed over."""
        self.replace(ids, (), np.empty((0, self.dimensions), np.float32))

    def replace(self, gone: Collection[str], ids: Sequence[str], vectors: Vectors) -> None:
        """Take out all vectors of `gone` and append those of `ids`, in one step for every reader."""
        if vectors.shape != (len(ids), self.dimensions):
            raise ValueError(
                f"{len(ids)} ids need shape ({len(ids)}, {self.dimensions}), not {vectors.shape}"
            )
        with self._writing:
            view = self._view
            rows = {row for id_ in gone for row in self._rows.pop(id_, ())}
            if not rows and not len(ids):
                return
            start = view.count - view.offset
            end = start + len(ids)
            if end > len(self._buffer):
                grown = np.empty((max(64, int(end * _SLACK)), self.dimensions), np.float32)
                _copy(view.vectors, grown[:start])
                self._buffer = grown
            if len(ids):  # a loaded index may look at a file that is read-only until it grows
                _copy(vectors, self._buffer[start:end])
            view.ids.extend(ids)
            for place, id_ in enumerate(ids, view.count):
                self._rows.setdefault(id_, []).append(place)
            removed = view.removed | rows
            self._publish(self._buffer[:end], view.ids, removed, view.graph)
            if view.graph is None and len(removed) > _REMOVED_AT_MOST:
                self._copy_together()

    def settle(self) -> bool:
        """Make or renew the graph when there are many vectors. True when there was something to do.

        Blocks for 0.6 ms a vector; readers and writers go on meanwhile.
        """
        with self._settling:
            view = self._view
            tail = view.count - view.offset
            if len(self) <= EXACT_UP_TO:
                is_due = view.graph is not None and len(self) < EXACT_UP_TO // 2
            else:
                stale = len(view.removed) > max(_REMOVED_AT_MOST, view.count // 5)
                is_due = view.graph is None or tail > _TAIL or stale
            if not is_due:
                return False
            wants_graph = len(self) > EXACT_UP_TO
            alive = [row for row in range(view.count) if row not in view.removed]
            ids = [view.ids[row] for row in alive]
            vectors = self._gather(view, alive)
            graph = _Graph(_build(vectors), len(alive)) if wants_graph else None
            with self._writing:
                self._take_over(view, alive, ids, vectors, graph)
            return True

    def _take_over(
        self, then: _View, alive: list[int], ids: list[str], vectors: Vectors, graph: _Graph | None
    ) -> None:
        """Publish what was made from the view of `then`, with what was added and removed since."""
        now = self._view
        place_of = {row: place for place, row in enumerate(alive)}
        since = range(then.count, now.count)
        place_of |= {row: place for place, row in enumerate(since, len(alive))}
        late = self._gather(now, list(since))
        tail = late if graph else np.concatenate([vectors, late])
        ids = ids + [now.ids[row] for row in since]
        removed = frozenset(place_of[row] for row in now.removed if row in place_of)
        self._rows = {id_: [place_of[row] for row in rows] for id_, rows in self._rows.items()}
        self._buffer = tail
        self._publish(tail, ids, removed, graph)

    def _copy_together(self) -> None:
        view = self._view
        alive = [row for row in range(view.count) if row not in view.removed]
        self._take_over(view, alive, [view.ids[row] for row in alive], self._gather(view, alive), None)

    def _gather(self, view: _View, rows: Sequence[int]) -> Vectors:
        """Copies of these rows of a view, in order."""
        made = np.empty((len(rows), self.dimensions), np.float32)
        chosen = np.asarray(rows, dtype=np.int64)
        behind = chosen >= view.offset
        for start in range(0, len(rows), _GATHERED):  # in pieces, like _copy
            piece = slice(start, start + _GATHERED)
            late = behind[piece]
            made[piece][late] = view.vectors[chosen[piece][late] - view.offset]
            if view.graph is not None and not late.all():
                stored = faiss.downcast_index(view.graph.index.storage)
                made[piece][~late] = stored.reconstruct_batch(chosen[piece][~late])
        return made

    def _publish(
        self, vectors: Vectors, ids: list[str], removed: frozenset[int], graph: _Graph | None
    ) -> None:
        offset = graph.size if graph else 0
        alive = None
        if graph is not None and removed:
            gone = np.array([row for row in removed if row < offset], dtype=np.int64)
            alive = faiss.IDSelectorNot(faiss.IDSelectorBatch(gone)) if len(gone) else None
        behind = sum(row >= offset for row in removed)
        self._view = _View(vectors, ids, offset + len(vectors), removed, graph, behind, alive)

    # --- keeping ------------------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """Write the index to `folder`; a reader of an older one there is not disturbed. Blocks."""
        folder.mkdir(parents=True, exist_ok=True)
        with self._settling:
            view = self._view
            rows = list(range(view.offset, view.count))
            # The three belong together: the list is written last and names the other two.
            generation = os.urandom(6).hex()
            np.save(folder / f"{generation}.npy", self._gather(view, rows))
            if view.graph is not None:
                faiss.write_index(view.graph.index, str(folder / f"{generation}.faiss"))
            listing = {
                "generation": generation,
                "dimensions": self.dimensions,
                "graph": view.offset,
                "ids": [view.ids[row] if row not in view.removed else None for row in range(view.count)],
            }
            draft = folder / f"{generation}.json"
            draft.write_text(json.dumps(listing, ensure_ascii=True), encoding="utf-8")
            draft.replace(folder / "index.json")
            for path in folder.iterdir():
                if path.stem not in (generation, "index"):
                    path.unlink(missing_ok=True)

    @classmethod
    def load(cls, folder: Path) -> DenseIndex | None:
        """The index that was saved in `folder`, memory-mapped; None when there is none that can be used."""
        try:
            listing = json.loads((folder / "index.json").read_text("utf-8"))
            index = cls(int(listing["dimensions"]))
            vectors: Vectors = np.load(folder / f"{listing['generation']}.npy", mmap_mode="r")
            graph = None
            if listing["graph"]:
                file = str(folder / f"{listing['generation']}.faiss")
                graph = _Graph(faiss.read_index(file, faiss.IO_FLAG_MMAP_IFC), int(listing["graph"]))
                if graph.index.ntotal != graph.size:
                    return None
            named: list[str | None] = listing["ids"]
        except (OSError, ValueError, KeyError, TypeError, RuntimeError):
            return None
        if len(named) != len(vectors) + int(listing["graph"]) or vectors.shape[1:] != (index.dimensions,):
            return None
        for row, id_ in enumerate(named):
            if id_ is not None:
                index._rows.setdefault(id_, []).append(row)
        removed = frozenset(row for row, id_ in enumerate(named) if id_ is None)
        index._buffer = vectors
        index._publish(vectors, [id_ or "" for id_ in named], removed, graph)
        return index


def _build(vectors: Vectors) -> faiss.IndexHNSWFlat:
    """A graph over these rows, made on one core so that the other answers citizens."""
    faiss.omp_set_num_threads(1)
    index = faiss.IndexHNSWFlat(vectors.shape[1], _LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = _BUILD_EFFORT
    for chunk in _chunks(vectors):
        index.add(chunk)
    return index


def _copy(source: Vectors, target: Vectors) -> None:
    """In pieces: numpy keeps Python's lock while it copies, and the event loop needs it now and then."""
    for start in range(0, len(source), _GATHERED):
        target[start : start + _GATHERED] = source[start : start + _GATHERED]


def _chunks(vectors: Vectors) -> Iterator[Vectors]:
    for start in range(0, len(vectors), 2_000):
        yield np.ascontiguousarray(vectors[start : start + 2_000])
