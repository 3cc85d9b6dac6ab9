"""Clean text and ruined text are far apart; what is damaged is suggested, never changed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from knowledge.ingest import DAMAGED_BELOW, Limits, TakenIn
from knowledge.ingest.quality import quality
from knowledge.ingest.repair import Repairer
from knowledge.ingest.taking_in import take_in
from nlu.numbers import NumberReader
from tests.knowledge.ingest.samples import ANALYSIS, CLEAN, LETTER, REGISTERED, RUINED

KNOWN = (
    "Hội Khuyến học Việt Nam vận động xây dựng xã hội học tập.",
    "Mỗi gia đình học tập có một giờ đọc sách; học tập suốt đời là quyền của mọi người.",
)
CONTENT = Path(__file__).parents[3] / "knowledge/content"


def _taken(path: Path) -> TakenIn:
    return take_in(path, path.name, ANALYSIS, Limits(), registered=REGISTERED)


@pytest.mark.parametrize(
    "text",
    [
        LETTER,
        "UBND tỉnh, HĐND, TTg, GDĐT, XHHT: theo Quyết định 1373/QĐ-TTg ngày 30/7/2021, đạt 37,5% (năm 2025).",
        "Đăng trên Zalo, fanpage và website của Hội; xem video tại https://example.org.",
    ],
)
def test_clean_text_is_clean_whatever_it_abbreviates(text: str) -> None:
    assert quality(text, ANALYSIS) > 0.95


@pytest.mark.parametrize(
    "text",
    [
        "Hoi Khuyén hoc tinh xay dung ké hoach tuyén truyén vé hoc tap suét doi trong cac tang 16p nhan dan",
        "th&ng nhat nh~n thuc va hanh d0ng, c6ng tac khuy€n hoc, xay dyng x@ hoi hgc tap",
        "hoi khuyen hoc phat dong phong trao hoc tap trong cac cap, viet khong co dau",
    ],
)
def test_ruined_text_is_told_from_it(text: str) -> None:
    assert quality(text, ANALYSIS) < DAMAGED_BELOW - 0.1


def test_the_shipped_answers_are_clean_prose() -> None:
    """A third corpus beside the two documents: hundreds of answers of our own."""
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in CONTENT.glob("faq/*.yml")]
    answers = [entry["answer"] for file in files for entry in file["entries"]]
    assert len(answers) > 50
    # An answer that is mostly an English name may count as damaged: then a person looks at it.
    assert sum(quality(answer, ANALYSIS) < DAMAGED_BELOW for answer in answers) <= len(answers) // 100


@pytest.mark.skipif(not RUINED.exists(), reason="the real documents lie beside some checkouts only")
def test_the_threshold_lies_in_the_middle_of_a_wide_gap() -> None:
    clean, ruined = _taken(CLEAN), _taken(RUINED)
    best_of_the_ruined = max(passage.quality for passage in ruined.passages)
    worst_of_the_clean = min(passage.quality for passage in clean.passages)
    assert best_of_the_ruined < DAMAGED_BELOW - 0.1
    assert worst_of_the_clean > DAMAGED_BELOW + 0.1
    assert all(passage.damaged for passage in ruined.passages)
    assert not any(passage.damaged for passage in clean.passages)
    assert ruined.quality < 0.7
    assert clean.quality > 0.99


def _suggested(text: str) -> str:
    return Repairer(KNOWN, ANALYSIS, NumberReader(REGISTERED)).suggest(text)


def test_known_phrases_and_registered_numbers_are_suggested() -> None:
    assert (
        _suggested("Hoi Khuyén hoc Viét Nam theo 1373/QB-TTg") == "Hội Khuyến học Việt Nam theo 1373/QĐ-TTg"
    )
    assert _suggested("HOI KHUYEN HOC VIET NAM") == "HỘI KHUYẾN HỌC VIỆT NAM"
    assert _suggested("theo 324/QD-KHVNngay 25") == "theo 324/QĐ-KHVN ngay 25"


@pytest.mark.parametrize(
    "text", ["Hội Khuyến học Việt Nam", "khong biét gi vé viéc nay", "9999/QB-TTg", "mua bán đồ cũ"]
)
def test_what_nothing_speaks_for_stays_as_it_is(text: str) -> None:
    assert _suggested(text) == ""


def test_a_phrase_spelt_in_two_ways_is_left_to_people() -> None:
    repairer = Repairer(["hội học tập", "hỏi học tập", "hồi học tập"], ANALYSIS, NumberReader(()))
    assert "hội" not in repairer.suggest("hoi hoc tap")


def test_the_text_itself_is_never_touched(tmp_path: Path) -> None:
    line = "Hoi Khuyén hoc Viét Nam xay dung xa hoi hoc tap, hoc tap suét doi trong cac tang 16p nhan dan"
    path = tmp_path / "scan.txt"
    path.write_text(line, encoding="utf-8")
    taken = take_in(path, path.name, ANALYSIS, Limits(), known=KNOWN)
    (passage,) = taken.passages
    assert (passage.text, passage.damaged) == (line, True)
    assert passage.suggestion.startswith("Hội Khuyến học Việt Nam xây dựng xã hội học tập")
