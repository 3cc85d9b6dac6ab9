"""The nearest vectors are the nearest, whatever was added, removed, settled, saved and loaded between."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from knowledge import dense
from knowledge.dense import DenseIndex, Vectors


def _vectors(generator: np.random.Generator, count: int, dimensions: int = 16) -> Vectors:
    made = generator.normal(size=(count, dimensions)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that happens at 50,000 vectors happens at some hundred."""
    monkeypatch.setattr(dense, "EXACT_UP_TO", 300)
    monkeypatch.setattr(dense, "_TAIL", 60)
    monkeypatch.setattr(dense, "_REMOVED_AT_MOST", 15)


def _truth(known: dict[str, list[Vectors]], question: Vectors, k: int) -> list[str]:
    best = {id_: max(float(v @ question) for v in vectors) for id_, vectors in known.items()}
    return sorted(best, key=lambda id_: -best[id_])[:k]


@pytest.mark.usefixtures("small_limits")
def test_it_agrees_with_comparing_everything(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    index = DenseIndex(16)
    known: dict[str, list[Vectors]] = {}
    had_graph = False
    for step in range(40):
        ids = [f"p{generator.integers(1000)}" for _ in range(generator.integers(1, 40))]
        vectors = _vectors(generator, len(ids))
        gone = [str(one) for one in generator.permutation(sorted(known))[: generator.integers(0, 20)]]
        index.replace(gone, ids, vectors)
        for id_ in gone:
            del known[id_]
        for id_, vector in zip(ids, vectors, strict=True):
            known.setdefault(id_, []).append(vector)
        if step % 5 == 4:
            index.settle()
        if step % 7 == 6:
            index.save(tmp_path)
            loaded = DenseIndex.load(tmp_path)
            assert loaded is not None
            index = loaded
        had_graph = had_graph or not index.is_exact
        assert set(index.ids) == set(known)
        question = _vectors(generator, 1)[0]
        found = [id_ for id_, _ in index.search(question, 10)]
        right = _truth(known, question, 10)
        assert found == right if index.is_exact else len(set(found) & set(right)) >= 9
    assert had_graph


@pytest.mark.usefixtures("small_limits")
def test_what_changes_while_the_graph_is_made_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(5)
    index = DenseIndex(16)
    vectors = _vectors(generator, 400)
    index.add([str(n) for n in range(400)], vectors)
    late = _vectors(generator, 1)
    build = dense._build

    def build_slowly(given: Vectors) -> object:
        index.replace(["7"], ["late"], late)
        return build(given)

    monkeypatch.setattr(dense, "_build", build_slowly)
    assert index.settle()
    assert not index.is_exact
    assert index.search(late[0], 1)[0][0] == "late"
    assert "7" not in [id_ for id_, _ in index.search(vectors[7], 5)]
    assert index.search(vectors[399], 1)[0][0] == "399"


@pytest.mark.usefixtures("small_limits")
def test_readers_never_fail_while_it_changes() -> None:
    generator = np.random.default_rng(7)
    index = DenseIndex(16)
    stays = _vectors(generator, 1)
    index.add(["stays"], stays)
    faults: list[str] = []
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            found = index.search(stays[0], 3)
            if not found or found[0][0] != "stays":
                faults.append(str(found))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for round_ in range(60):
        ids = [f"{round_}-{n}" for n in range(20)]
        index.replace([f"{round_ - 3}-{n}" for n in range(10)], ids, _vectors(generator, 20))
        if round_ % 20 == 19:
            index.settle()
    is_over.set()
    for reader in readers:
        reader.join()
    assert faults == []


def test_a_broken_or_missing_folder_gives_nothing(tmp_path: Path) -> None:
    assert DenseIndex.load(tmp_path / "none") is None
    index = DenseIndex(4)
    index.add(["a"], np.eye(1, 4, dtype=np.float32))
    index.save(tmp_path)
    (tmp_path / "index.json").write_text('{"generation": "x"}')
    assert DenseIndex.load(tmp_path) is None


def test_vectors_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        DenseIndex(4).add(["a", "b"], np.eye(1, 4, dtype=np.float32))
