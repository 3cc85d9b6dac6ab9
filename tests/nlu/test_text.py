"""Folding, abbreviations and document numbers hold for anything people type."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.spelling import is_syllable, nearest, repair_typing
from nlu.text import (
    find_document_numbers,
    fold,
    syllables,
    vietnamese_text,
)

TEXT = vietnamese_text()
ANY_TEXT = st.text(st.characters(), max_size=200)
"""Every code point, lone surrogates included."""
VIETNAMESE = st.text(
    "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ ", max_size=80
)
PLAIN = str.maketrans(
    "ăâđêôơưáàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ",
    "aadeoouaaaaaaaaaaaaaaaeeeeeeeeeeiiiiiooooooooooooooouuuuuuuuuuyyyyy",
)


@given(ANY_TEXT)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(ANY_TEXT, ANY_TEXT)
def test_folding_works_letter_by_letter(one: str, other: str) -> None:
    assert fold(one + other) == fold(one) + fold(other)


@given(VIETNAMESE)
def test_accented_and_unaccented_typing_fold_alike_composed_or_not(text: str) -> None:
    unaccented = text.translate(PLAIN)
    assert fold(text) == unaccented
    assert fold(unicodedata.normalize("NFD", text)) == unaccented
    assert fold(text.upper()) == unaccented


@given(ANY_TEXT)
def test_nothing_typed_breaks_the_analysis(text: str) -> None:
    opened = TEXT.open_abbreviations(text)
    assert TEXT.open_abbreviations(opened) == opened
    TEXT.as_meant(text)
    syllables(text)


@given(st.text("0123456789/-. qdklctTQĐgvnướth", max_size=120))
def test_document_numbers_never_overlap_and_keep_their_place(text: str) -> None:
    end = 0
    for mention in find_document_numbers(text):
        assert end <= mention.start < mention.end <= len(text)
        assert mention.number in text[mention.start : mention.end]
        end = mention.end


def test_the_place_of_the_tone_mark_and_odd_letters_do_not_matter() -> None:
    assert fold("hoà") == fold("hòa") == "hoa"
    assert fold("ÐẠI HỘI") == "dai hoi"  # eth, as old keyboards type it
    assert fold("ＱＤ　１３７３") == "qd 1373"
    assert fold("khuyến\u200b học") == "khuyen hoc"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("cdht la j", "công dân học tập la gì"),
        ("qd 677 noi j", "quyết định 677 noi gì"),
        ("kl49 ntn", "kết luận 49 như thế nào"),
        ("ct 11", "chỉ thị 11"),
        ("ct học bổng", "ct học bổng"),
        ("tt số 24", "thông tư số 24"),
        ("cảm ơn bn", "cảm ơn bạn"),
        ("cần bn điểm", "cần bao nhiêu điểm"),
        ("49-KL/TW và 1373/QĐ-TTg", "49-KL/TW và 1373/QĐ-TTg"),
        ("congdanhoctap.vn giá 100k", "congdanhoctap.vn giá 100k"),
        ("Hồng và kỳ", "Hồng và kỳ"),
    ],
)
def test_abbreviations_are_opened_only_as_whole_words(typed: str, meant: str) -> None:
    assert TEXT.open_abbreviations(typed) == meant


@pytest.mark.parametrize(
    ("typed", "normalised"),
    [
        ("1373", ["1373"]),
        ("qd 1373", ["QĐ 1373"]),
        ("Quyết  định số: 1373", ["QĐ 1373"]),
        ("QĐ-TTg số 1373", ["1373/QĐ-TTg"]),
        ("1373/QD-TTg", ["1373/QĐ-TTg"]),
        ("242 qd khvn", ["242/QĐ-KHVN"]),
        ("kl49", ["KL 49"]),
        ("KL 49", ["KL 49"]),
        ("49- KL/TW", ["49-KL/TW"]),
        ("chỉ thị số 11-CT/TW năm 2007", ["11-CT/TW"]),
        ("02 /KH-HKH", ["2/KH-HKH"]),
        ("25/2023/TT-BGDĐT", ["25/2023/TT-BGDĐT"]),
        ("quyết định 677 năm 2022", ["QĐ 677"]),
        ("244 với 324 khác gì", ["244", "324"]),
        (unicodedata.normalize("NFD", "quyết định 677"), ["QĐ 677"]),
        ("được 85 điểm, 324 điểm, 1.688 người", []),
        ("ngày 25/10/2023, năm 2030, 0912345678", []),
        ("kế hoạch 5 năm", []),
        ("quyết định tăng 15%", []),
    ],
)
def test_document_numbers_are_found_however_they_are_typed(typed: str, normalised: list[str]) -> None:
    assert [mention.normalised for mention in find_document_numbers(typed)] == normalised


def test_keyboard_leftovers_are_repaired_and_real_words_left_alone() -> None:
    assert repair_typing("coong daan hocj taapj laf gif") == "cong dan hoc tap la gi"
    assert repair_typing("quyeets ddinhj") == "quyet dinh"
    assert repair_typing("co6ng da6n ho5c") == "cong dan hoc"
    assert repair_typing("khuyen hoc 1373 kl49 shop") == "khuyen hoc 1373 kl49 shop"
    words = "nghieng khuyen quyet giuong uong khuya oanh nguoi tieu ruou huou giai nguyet ngoai gi y oi"
    assert [word for word in words.split() if not is_syllable(word)] == []


def test_only_an_impossible_syllable_is_taken_for_a_misspelling() -> None:
    known = {"dinh", "tap", "cong", "vung"}
    assert nearest("dinhh", known) == "dinh"
    assert nearest("tpa", known) == "tap"
    assert nearest("cogn", known) == "cong"
    assert nearest("vang", known) is None
    assert nearest("zzzzz", known) is None


def test_a_run_of_ten_thousand_letters_is_read_in_no_time() -> None:
    began = time.process_time()
    vietnamese_text().as_meant("a" * 10_000)
    assert time.process_time() - began < 0.2
