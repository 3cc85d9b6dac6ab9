"""What a marked Vietnamese syllable may look like."""

from __future__ import annotations

import unicodedata

import pytest

from nlu.orthography import is_well_spelt

RIGHT = (
    "khuyến học nghiêng quyết định ngoằn ngoèo giếng gì giặc quý quốc hoà hòa thuỷ thủy khuya khuỷu rượu",
    "hươu ĐƯỜNG Ông yêu ý ỉa oanh oách toong xoong huỳnh huých quỳnh quen quên quơ giữ nghề nghĩa ngày phở",
    "thuở uỷ tuyên truyền thuật suất chuẩn khuâng nguây tuần loắt choắt ưỡn mưu hưu ngượng Nguyễn Đắc",
)
WRONG = "tuyén hoach hoc tap viéc nguoif Quyét cudng dbi trién nhiém phat cac hiéu wong xyz ddng ngành1 bb"


@pytest.mark.parametrize("word", " ".join(RIGHT).split())
def test_what_is_written_in_books_is_well_spelt_composed_or_not(word: str) -> None:
    assert is_well_spelt(word)
    assert is_well_spelt(unicodedata.normalize("NFD", word).upper())


@pytest.mark.parametrize("word", WRONG.split())
def test_what_scanners_and_keyboards_leave_is_not(word: str) -> None:
    assert not is_well_spelt(word)
