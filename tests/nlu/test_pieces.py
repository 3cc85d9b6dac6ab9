"""Pieces of a message know their place in what was typed and mean what the whole message means."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.pieces import pieces
from nlu.text import vietnamese_text

TEXT = vietnamese_text()

_TYPED = st.lists(
    st.one_of(
        st.sampled_from(
            ["cdht", "QĐ", "1373", "đc", "ko", "75d", "kl49", "49-KL/TW", "coong", "Sơn", "\u200d", "😀"]
        ),
        st.text(max_size=6),
        st.text(alphabet=st.characters(), max_size=4),
    ),
    max_size=12,
).map(" ".join)


@given(_TYPED)
def test_the_pieces_together_mean_what_the_message_means(text: str) -> None:
    together = " ".join(piece.meant for piece in pieces(text, TEXT))
    assert together.split() == TEXT.as_meant(text).split()


@given(_TYPED)
def test_every_piece_lies_inside_the_text_and_behind_the_one_before(text: str) -> None:
    place = 0
    for piece in pieces(text, TEXT):
        assert place <= piece.start < piece.end <= len(text)
        place = piece.end


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_piece_points_at_what_was_typed_in_either_unicode_form(form: str) -> None:
    text = unicodedata.normalize(form, "Điều kiện cdht ở  Sơn La")  # type: ignore[arg-type]
    found = {unicodedata.normalize("NFC", text[p.start : p.end]): p.meant for p in pieces(text, TEXT)}
    assert found == {
        "Điều": "dieu", "kiện": "kien", "cdht": "cong dan hoc tap", "ở": "o", "Sơn": "son", "La": "la",
    }  # fmt: skip
