"""The interpreter in the process: learns what it is taught, doubts the rest, and trusts no file blindly."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.embedded import EmbeddedInterpreter, open_embedded, restorer_for
from nlu.interpreter import ASK_KNOWLEDGE, Likelihood
from nlu.reading import Reader
from nlu.training import TrainingData, load_training_data
from tests.interpreter import interpreter

ANY_TEXT = st.text(st.characters(), max_size=200)
"""Every code point, lone surrogates included."""

LESSONS = {
    "affirm": ["đúng", "đúng rồi", "vâng", "ừ", "đồng ý"],
    "stop": ["dừng", "dừng lại", "thôi không làm nữa", "thoát ra", "hủy đi"],
    "human_request": ["gặp cán bộ", "cho tôi gặp người thật", "muon noi chuyen voi can bo", "gặp nhân viên"],
    "ask_knowledge": [
        "công dân học tập là gì",
        "ai ký quyết định 1373",
        "bao nhiêu điểm thì đạt",
        "quỹ ở đâu",
    ],
}


def teach(folder: Path, lessons: dict[str, list[str]] = LESSONS) -> TrainingData:
    """Training data of a folder of its own."""
    folder.mkdir(exist_ok=True)
    parts = [
        f"  - intent: {intent}\n    examples: |\n" + "".join(f"      - {text}\n" for text in texts)
        for intent, texts in lessons.items()
    ]
    (folder / "lessons.yml").write_text("nlu:\n" + "".join(parts), "utf-8")
    return load_training_data(folder, least=2)


def meaning(of: EmbeddedInterpreter, text: str) -> str:
    return of.interpret_now(text).intent


# --- what it understands ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Cô ơi cho cháu gặp cán bộ Hội một lát được không ạ", "human_request"),
        ("noi chuyen voi may chan qua, cho gap nguoi di", "human_request"),
        ("mik mún tự chấm điểm cdht", "start_assessment"),
        ("phần mềm chấm điểm do ai viết", "ask_knowledge"),
        ("xóa hết những gì bạn biết về tôi", "erase_my_data"),
        ("tu nay dung gui tin cho toi nua nhe", "unsubscribe"),
        ("à nhầm, 7 điểm cơ", "correct_answer"),
        ("bo qua cau nay nhe", "skip"),
    ],
)
def test_sentences_nobody_taught_are_understood(text: str, intent: str) -> None:
    found = interpreter().interpret_now(text)
    assert (found.intent, found.is_sure) == (intent, True)


def test_marks_that_were_typed_are_never_contradicted() -> None:
    assert meaning(interpreter(), "Đúng!") == "affirm"
    assert meaning(interpreter(), "DỪNG") == "stop"
    bare = interpreter().interpret_now("dung")
    assert {bare.intent, bare.alternatives[0].intent} == {"affirm", "stop"}
    assert bare.confidence < 0.9


@pytest.mark.parametrize("text", ["zxcvb qwrtp", "hgf hgf", "tiu tiu bla bla", "1234567"])
def test_nonsense_is_not_acted_upon(text: str) -> None:
    found = interpreter().interpret_now(text)
    assert not found.is_sure or found.intent in ("ask_knowledge", "out_of_scope")


@pytest.mark.parametrize("text", ["", "   ", "\u200b", "\n"])
def test_nothing_said_is_nothing_meant(text: str) -> None:
    found = interpreter().interpret_now(text)
    assert (found.intent, found.confidence, found.is_sure) == (ASK_KNOWLEDGE, 0.0, False)


@given(ANY_TEXT)
def test_any_text_has_likelihoods_that_add_up(text: str) -> None:
    found = interpreter().interpret_now(text)
    ranked = [Likelihood(found.intent, found.confidence), *found.alternatives]
    shares = [one.confidence for one in ranked]
    assert shares == sorted(shares, reverse=True)
    assert min(shares) >= 0
    assert sum(shares) <= 1.0001
    assert len({one.intent for one in ranked}) == len(ranked) <= 4


def test_a_message_takes_milliseconds_and_a_long_one_is_read_from_both_ends() -> None:
    known = interpreter()
    took = []
    for number in range(60):
        began = time.process_time()
        known.interpret_now(f"chỉ giúp tôi cách dùng trợ lý này với {number}")
        took.append(time.process_time() - began)
    assert sorted(took)[30] < 0.01
    story = "Hôm ấy bà con trong bản cùng nhau đi học chữ. " * 220
    began = time.process_time()
    told = known.interpret_now(f"Tôi muốn gửi bài viết này cho Hội đăng. {story} Gửi Hội bài viết của tôi.")
    assert time.process_time() - began < 0.5
    assert told.intent == "submit_story"


def test_marks_are_put_back_as_the_examples_have_them(tmp_path: Path) -> None:
    data = teach(tmp_path / "data")
    reader = Reader(restore=restorer_for(data, ["Hội Khuyến học tỉnh Sơn La"]).restore)
    found = open_embedded(None, reader, data).interpret_now("gap can bo hoi khuyen hoc tinh son la")
    assert found.restored == "gặp cán bộ hội khuyến học tỉnh sơn la"


# --- how it learns ----------------------------------------------------------------------------------


def test_an_example_added_and_a_restart_are_enough(tmp_path: Path) -> None:
    before = open_embedded(tmp_path, data=teach(tmp_path / "data"))
    assert meaning(before, "mở tivi cho bà xem") != "human_request"
    more = {**LESSONS, "human_request": [*LESSONS["human_request"], "mở tivi cho bà xem"]}
    after = open_embedded(tmp_path, data=teach(tmp_path / "data", more))
    found = after.interpret_now("Mo tivi cho ba xem!")
    assert (found.intent, found.is_sure) == ("human_request", True)


def test_the_order_of_examples_teaches_nothing(tmp_path: Path) -> None:
    one = open_embedded(None, data=teach(tmp_path / "one"))
    turned = {intent: texts[::-1] for intent, texts in reversed(LESSONS.items())}
    other = open_embedded(None, data=teach(tmp_path / "other", turned))
    for text in ("gap nguoi that di", "điểm đạt", "thoi", "ừ đúng"):
        assert one.interpret_now(text) == other.interpret_now(text)


# --- what it keeps ----------------------------------------------------------------------------------


class _Trap:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("exit 0",)


def _halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    place = len(content) // 2
    content[place : place + 64] = bytes(byte ^ 0xFF for byte in content[place : place + 64])
    path.write_bytes(content)


def _poison(path: Path) -> None:
    path.write_bytes(pickle.dumps(_Trap()))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _shrink(path: Path) -> None:
    with np.load(path) as kept:
        parts = dict(kept)
    parts["weights"] = parts["weights"][:-1]
    with path.open("wb") as file:
        np.savez(file, **parts)


def _forget(path: Path) -> None:
    with np.load(path) as kept:
        parts = dict(kept)
    parts["weights"] = np.full_like(parts["weights"], np.nan)
    with path.open("wb") as file:
        np.savez(file, **parts)


@pytest.mark.parametrize("damage", [_halve, _spoil, _poison, _empty, _shrink, _forget])
def test_a_damaged_or_foreign_file_is_learnt_anew(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    data = teach(tmp_path / "data")
    sound = open_embedded(tmp_path / "kept", data=data)
    (path,) = (tmp_path / "kept").glob("nlu-*.npz")
    whole = path.read_bytes()
    damage(path)
    again = open_embedded(tmp_path / "kept", data=data)
    assert again.interpret_now("gap nguoi") == sound.interpret_now("gap nguoi")
    assert len(path.read_bytes()) == len(whole)


def test_what_was_kept_answers_as_what_was_learnt(tmp_path: Path) -> None:
    data = teach(tmp_path / "data")
    learnt, kept = (open_embedded(tmp_path / "kept", data=data) for _ in range(2))
    for text in ("cho gặp người", "diem dat", "dung"):
        assert learnt.interpret_now(text) == kept.interpret_now(text)


def test_a_folder_that_cannot_be_used_costs_time_and_nothing_else(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert meaning(open_embedded(blocked, data=teach(tmp_path / "data")), "gặp cán bộ nhé") == "human_request"


@pytest.mark.service
def test_two_processes_may_start_at_once(tmp_path: Path) -> None:
    teach(tmp_path / "data")
    program = (
        "import sys; from pathlib import Path; from nlu.embedded import open_embedded; "
        "from nlu.training import load_training_data; at = Path(sys.argv[1]); "
        "made = open_embedded(at / 'kept', data=load_training_data(at / 'data', least=2)); "
        "print(made.interpret_now('gap can bo').intent)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [one.communicate(timeout=50)[0].splitlines()[-1] for one in started]
    assert answers == ["human_request"] * 2
    assert [path.suffix for path in (tmp_path / "kept").iterdir()] == [".npz"]
