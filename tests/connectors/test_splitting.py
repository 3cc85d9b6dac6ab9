"""Splitting must lose no word, break no character and respect the limit, whatever is typed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.splitting import is_grapheme_boundary, shorten, split_text, utf16_length

FAMILY = "👨‍👩‍👧‍👦"
FLAG = "🇻🇳"
WAVE = "👋🏽"
HEART = "❤️"

fragments = st.sampled_from(
    [
        "Học tập suốt đời. ",
        "Bạn ",
        "ơi! ",
        "\n",
        "\n\n",
        " ",
        "1. ",
        "TP. Huế ",
        "…",
        "(a) ",
        "từ_rất_dài" * 4,
        "e\u0302\u0301",
        "\u0301",
        "https://khuyenhoc.example/duong/dan?x=1 ",
        FAMILY,
        FLAG,
        WAVE,
        HEART,
    ]
)
chat_text = st.one_of(st.lists(fragments, max_size=30).map("".join), st.text(max_size=120))


@given(chat_text, st.integers(2, 60), st.booleans())
def test_pieces_fit_and_no_character_is_lost(text: str, limit: int, utf16: bool) -> None:
    pieces = split_text(text, limit, utf16=utf16)

    assert all(pieces)
    assert all((utf16_length(p) if utf16 else len(p)) <= limit for p in pieces)
    assert "".join("".join(pieces).split()) == "".join(unicodedata.normalize("NFC", text).split())


@given(st.lists(st.sampled_from([FAMILY, FLAG, WAVE, HEART, "ế", "x"]), min_size=1, max_size=20))
def test_no_cut_falls_inside_what_a_reader_sees_as_one_character(graphemes: list[str]) -> None:
    text = "".join(graphemes)
    boundaries = {0}
    for grapheme in graphemes:
        boundaries.add(max(boundaries) + len(grapheme))

    position = 0
    for piece in split_text(text, len(FAMILY)):
        position += len(piece)
        assert position in boundaries


def test_a_run_of_flags_is_cut_between_flags() -> None:
    assert split_text(FLAG * 3, 3) == (FLAG, FLAG, FLAG)
    assert not is_grapheme_boundary(FLAG * 2, 3)


def test_text_is_cut_after_a_whole_sentence() -> None:
    text = "Bạn mở trang tự đánh giá. Sau đó bạn trả lời mười câu hỏi. Cuối cùng bạn xem kết quả."

    assert split_text(text, 70) == (
        "Bạn mở trang tự đánh giá. Sau đó bạn trả lời mười câu hỏi.",
        "Cuối cùng bạn xem kết quả.",
    )


def test_list_numbers_titles_and_decimals_do_not_end_a_sentence() -> None:
    text = "Mục tiêu là đạt 1.200 thôn. 2. TP. Huế có 3.5 phần"

    assert split_text(text, 34) == ("Mục tiêu là đạt 1.200 thôn.", "2. TP. Huế có 3.5 phần")


def test_a_list_is_cut_between_its_lines() -> None:
    assert split_text("- học ngoại ngữ\n- học tin học\n- đọc sách", 32) == (
        "- học ngoại ngữ\n- học tin học",
        "- đọc sách",
    )


def test_words_stay_whole_when_a_sentence_is_too_long() -> None:
    assert split_text("Công dân học tập trong kỷ nguyên số", 20) == ("Công dân học tập", "trong kỷ nguyên số")


def test_a_web_address_that_fits_is_never_cut() -> None:
    url = "https://khuyenhoc.example/tieu-chi?muc=1"

    assert split_text(f"Xem_thêm_ở_đây:{url}", 45) == ("Xem_thêm_ở_đây:", url)
    assert any(url in piece for piece in split_text(f"Bạn xem ở đây nhé ({url}) để biết thêm", 45))


def test_decomposed_text_is_counted_composed() -> None:
    sentence = unicodedata.normalize("NFD", "Đặt bàn tối thứ Bảy")

    assert split_text(sentence, 19) == ("Đặt bàn tối thứ Bảy",)


def test_nothing_to_say_gives_no_piece() -> None:
    assert split_text(" \n ", 10) == ()


def test_long_hostile_text_is_cut_quickly() -> None:
    zalgo = "a" + "\u0310" * 5000

    assert all(len(piece) <= 1990 for piece in split_text(zalgo * 20, 1990))


@given(chat_text, st.integers(2, 25), st.booleans())
def test_a_shortened_label_fits_on_one_line(text: str, limit: int, utf16: bool) -> None:
    label = shorten(text, limit, utf16=utf16)

    assert (utf16_length(label) if utf16 else len(label)) <= limit
    assert "\n" not in label


def test_a_label_is_shortened_between_words() -> None:
    assert shorten("Tự đánh giá Công dân học tập", 20) == "Tự đánh giá Công…"
    assert shorten(f"Chào {FAMILY}", 8) == "Chào…"


def test_a_limit_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        split_text("x", 1)
