"""`khuyenhoc search`: the bot's way of finding, over any file of passages and any file of questions.

Made for measuring against public collections. It touches neither the database nor what citizens are answered;
the shipped texts only help to put marks back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import TextIO

from bot.json_lines import as_line, read_objects
from bot.understand import shipped_texts
from knowledge.embedding import EmbedderUnavailable, open_embedder
from knowledge.index import HybridIndex, Indexed, Mode, Question, prepare
from knowledge.vectors import VectorStore
from nlu.text import VietnameseText, vietnamese_text

_TOGETHER = 64
"""Questions the model reads at once: enough for both cores, few enough to see progress."""

Tell = Callable[[str], None]
"""Called with a sentence for whoever waits."""


class NoMeaning(Exception):
    """Finding by meaning was asked for and there is no model; the message says why, in Vietnamese."""


@contextmanager
def opened_corpus(
    corpus: Iterable[str], mode: Mode, embedder_setting: str, folder: Path | None, tell: Tell
) -> Iterator[CorpusSearch]:
    """Passages from lines of JSON (`id`, `text`), indexed and ready to be asked.

    With a `folder` index and vectors are kept there, and what it knows already is not made again. Without a
    model a hybrid search goes on by words alone; for `Mode.DENSE` that raises NoMeaning.
    """
    items = _read_corpus(corpus, tell)
    store = None
    if mode is not Mode.LEXICAL:
        store = _open_store(embedder_setting, mode, folder, tell)
    analysis = vietnamese_text()
    index = HybridIndex(analysis, store, folder, edition=_edition())
    try:
        changes = index.sync(items)
        tell(f"Đã lập chỉ mục {len(index)} đoạn ({changes} đoạn mới hoặc thay đổi).")
        if index.waiting:
            index.catch_up(_sparing(lambda done, of: tell(f"Đang tạo vector: {done}/{of} đoạn")))
        if index.settle() or changes:
            index.save()
        yield CorpusSearch(index, analysis, items)
    finally:
        index.close()
        if store is not None:
            store.embedder.close()


class CorpusSearch:
    """Asks an index of passages."""

    def __init__(self, index: HybridIndex, analysis: VietnameseText, items: Sequence[Indexed]) -> None:
        self._index = index
        self._analysis = analysis
        self._restorer = analysis.restorer([*(item.text for item in items), *shipped_texts()])

    def answer_lines(self, lines: Iterable[str], target: TextIO, k: int, mode: Mode) -> int:
        """One line out for each line in, in order; gives the number of questions.

        A line that is no question gives an error record in its place.
        """
        given = list(read_objects(lines, needs=("q",)))
        for start in range(0, len(given), _TOGETHER):
            part = given[start : start + _TOGETHER]
            asked = [line["q"] for line in part if isinstance(line, dict)]
            questions = iter(self._prepare(asked, mode))
            for line in part:
                if isinstance(line, str):
                    target.write(as_line({"id": None, "error": line}))
                    continue
                hits = self._index.search(next(questions), k, mode)
                found = [{"id": json.loads(hit.id), "score": round(hit.score, 6)} for hit in hits]
                target.write(as_line({"id": line.get("id"), "hits": found}))
            target.flush()
        return sum(isinstance(line, dict) for line in given)

    def _prepare(self, asked: Sequence[str], mode: Mode) -> list[Question]:
        questions = [prepare(text, self._analysis, self._restorer) for text in asked]
        return self._index.with_vectors(questions) if mode is not Mode.LEXICAL else questions


def _read_corpus(lines: Iterable[str], tell: Tell) -> list[Indexed]:
    """The passages; an id is kept as the JSON it was, so that 1 and "1" stay two. Later lines win."""
    items: dict[str, Indexed] = {}
    bad = repeated = 0
    for line in read_objects(lines, needs=("text",)):
        if isinstance(line, str) or "id" not in line:
            bad += 1
            tell(f"Bỏ qua trong tệp đoạn văn: {line if isinstance(line, str) else 'một dòng thiếu id'}")
            continue
        id_ = json.dumps(line["id"], sort_keys=True)
        repeated += id_ in items
        items[id_] = Indexed(id_, line["text"])
    if repeated:
        tell(f"{repeated} dòng có id đã gặp: giữ dòng sau cùng.")
    return list(items.values())


def _open_store(setting: str, mode: Mode, folder: Path | None, tell: Tell) -> VectorStore | None:
    try:
        embedder = open_embedder(setting)
    except EmbedderUnavailable as error:
        if mode is Mode.DENSE:
            raise NoMeaning(str(error)) from error
        tell(f"{error} Tiếp tục tìm theo từ ngữ.")
        return None
    if embedder is None:
        if mode is Mode.DENSE:
            raise NoMeaning("EMBEDDER=none: không có mô hình để tìm theo nghĩa.")
        return None
    return VectorStore(folder / "vectors" if folder else None, embedder)


def _edition() -> str:
    """Names what decides how texts are cut: a kept index of another edition is made anew."""
    try:
        program = version("khuyenhoc")
    except PackageNotFoundError:
        program = ""
    abbreviations = files("nlu").joinpath("data/abbreviations.yml").read_bytes()
    return f"{program}-{hashlib.blake2b(abbreviations, digest_size=6).hexdigest()}"


def _sparing(tell: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """Progress told about twenty times, however many steps there are."""
    told = -1

    def progress(done: int, of: int) -> None:
        nonlocal told
        step = done * 20 // max(of, 1)
        if step > told:
            told = step
            tell(done, of)

    return progress
