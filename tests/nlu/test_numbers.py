"""Document numbers on damaged paper: put right towards the register, and never made up."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.numbers import NumberReader, find_document_numbers

SEEDS = Path(__file__).parents[2] / "../shared/seeds"
RUINED, CLEAN = SEEDS / "000_7f26bb650dda1333.txt", SEEDS / "002_0febab98ab580167.txt"
REGISTER = (
    "1373/QĐ-TTg", "677/QĐ-TTg", "387/QĐ-TTg", "1315/QĐ-TTg", "489/QĐ-TTg", "324/QĐ-KHVN", "244/QĐ-KHVN",
    "242/QĐ-KHVN", "49-KL/TW", "91-KL/TW", "11-CT/TW", "14/CT-TTg", "29-NQ/TW", "57-NQ/TW", "02/KH-HKH",
    "162-KH/TU", "2547/QĐ-UBND", "670/KH-UBND", "25/2023/TT-BGDĐT",
)  # fmt: skip
READER = NumberReader(REGISTER)

IN_THE_RUINED = {
    # Read by hand, in the order of the paper: its own head, the grounds, parts II and III. Whole numbers …
    "02/KH-HKH": 1, "04/KH-HKHVN": 1, "91-KL/TW": 1, "29-NQ/TW": 2, "57-NQ/TW": 3, "1315/QĐ-TTg": 1,
    "14/CT-TTg": 4, "1373/QĐ-TTg": 4, "387/QĐ-TTg": 3, "677/QĐ-TTg": 3, "162-KH/TU": 4, "2547/QĐ-UBND": 4,
    "242/QĐ-KHVN": 3, "324/QĐ-KHVN": 3, "49-KL/TW": 6, "11-CT/TW": 3,
}  # fmt: skip
SHORTENED_IN_THE_RUINED = {
    # … and those without their ending: `Kết luận số: 49`, `Quyết định 387 và 677`, `số 242 và 244`.
    "49-KL/TW": 1, "11-CT/TW": 1, "387/QĐ-TTg": 2, "677/QĐ-TTg": 2, "242/QĐ-KHVN": 1, "244/QĐ-KHVN": 1,
    "162-KH/TU": 1, "2547/QĐ-UBND": 1,
}  # fmt: skip
IN_THE_CLEAN = {
    "670/KH-UBND": 2, "1373/QĐ-TTg": 2, "1307/QĐ-BTTTT": 1, "3601/TTr-STTT": 1, "489/QĐ-TTg": 2,
    "49-KL/TW": 3, "11-CT/TW": 3, "14/CT-TTg": 1, "13-TT/TU": 1, "13/CT-UBND": 1, "6371/KH-UBND": 1,
    "10491/KH-UBND": 2,
}  # fmt: skip


def _counted(numbers: list[str]) -> dict[str, int]:
    return {number: numbers.count(number) for number in numbers}


@pytest.mark.skipif(not RUINED.exists(), reason="the real documents lie beside some checkouts only")
def test_nearly_every_number_on_ruined_paper_is_found_and_no_other() -> None:
    assert sum(IN_THE_RUINED.values()) == 46
    found = READER.read(RUINED.read_text(encoding="utf-8"))
    whole = _counted([one.normalised for one in found if "/" in one.written])
    short = _counted([one.normalised for one in found if "/" not in one.written])
    assert whole.keys() <= IN_THE_RUINED.keys()
    assert sum(min(count, IN_THE_RUINED[number]) for number, count in whole.items()) >= 44
    assert all(count <= IN_THE_RUINED[number] for number, count in whole.items())
    assert all(count <= SHORTENED_IN_THE_RUINED.get(number, 0) for number, count in short.items())
    assert sum(short.values()) >= 8
    assert {one.normalised for one in found if not one.is_known} == {"04/KH-HKHVN"}


@pytest.mark.skipif(not CLEAN.exists(), reason="the real documents lie beside some checkouts only")
def test_clean_paper_gives_its_numbers_and_none_besides() -> None:
    text = CLEAN.read_text(encoding="utf-8")
    assert _counted([one.normalised for one in READER.read(text)]) == IN_THE_CLEAN
    nothing_registered = NumberReader(()).read(text)
    assert {one.normalised for one in nothing_registered} <= {*IN_THE_CLEAN, "14-CT/TTg"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Quyét dinh 1373/QB-TTg ngay 30/7", ["1373/QĐ-TTg"]),
        ("theo 2547/QP-UBND", ["2547/QĐ-UBND"]),
        ("Ket luan 49- KL/TW", ["49-KL/TW"]),
        ("Két luan 49-\nKL/TW ngay", ["49-KL/TW"]),
        ("Két luan 49- KH/TW cua Ban Bi thu", ["49-KL/TW"]),
        ("s6 02 /KH-HKH", ["02/KH-HKH"]),
        ("324/QD-KHVNngay 25 thang 10", ["324/QĐ-KHVN"]),
        ("677/QDb-TTg", ["677/QĐ-TTg"]),
        ("l373/QĐ-TTg", ["1373/QĐ-TTg"]),
        ("Kế hoạch số 162 của Ban Thường vụ", ["162-KH/TU"]),
        ("Quyết định số 242 và 244 của Hội", ["242/QĐ-KHVN", "244/QĐ-KHVN"]),
        ("Chuong trinh 387 va Chuong trinh 677", ["387/QĐ-TTg", "677/QĐ-TTg"]),
        ("Chi thj 11- CT/TW", ["11-CT/TW"]),
        ("14-CT/TTg", ["14/CT-TTg"]),
        ("25/2023/TT-BGDDT", ["25/2023/TT-BGDĐT"]),
        ("Tờ trình số 3601/TTr-STTT", ["3601/TTr-STTT"]),
        ("Quyết định 9999", []),
        ("Kế hoạch 5 năm, kế hoạch 162 người", []),
        ("ngày 16/2 đến 20/2, 324 điểm, năm 2021-2030", []),
        ("9999/QB-XYZ", ["9999/QĐ-XYZ"]),
        ("số 12/AB-CD", []),
    ],
)
def test_a_damaged_number_is_put_right_towards_the_register_only(written: str, meant: list[str]) -> None:
    assert [one.normalised for one in READER.read(written)] == meant


@given(st.text(st.sampled_from("0123456789/- .QĐDBKLCTWhgtTsốnva\nUNDKH"), max_size=200))
def test_every_number_found_stands_in_the_text_with_its_digits(text: str) -> None:
    end = 0
    for one in READER.read(text):
        assert end <= one.start < one.end <= len(text)
        assert text[one.start : one.end] == one.written
        written = re.sub(r"[Oo]", "0", re.sub(r"[lI]", "1", one.written))
        digits = re.match(r"\d+", one.normalised)
        assert digits is not None
        assert digits.group().lstrip("0") in written
        assert not one.is_known or one.normalised in REGISTER
        end = one.end


def test_a_long_text_takes_no_more_than_its_length_asks_for() -> None:
    started = time.process_time()
    READER.read("Quyết định số 387 và 677, 12/ - - / " * 5000)
    READER.read("1" + " " * 100_000 + "2" + "9/" * 50_000)
    assert time.process_time() - started < 5


def test_chat_keeps_its_own_reading() -> None:
    """On chat, `QB` is nobody's slip for QĐ: the tolerant reader must not have leaked into it."""
    assert [one.normalised for one in find_document_numbers("1373/QB-TTg")] != ["1373/QĐ-TTg"]
