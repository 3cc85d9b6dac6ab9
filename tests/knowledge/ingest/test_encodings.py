"""Old code pages become Unicode, and Unicode is left alone."""

from __future__ import annotations

import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.ingest import IngestError
from knowledge.ingest.encodings import (
    TCVN3,
    VNI,
    VPS,
    as_shown,
    decode,
    from_legacy_font,
    from_tcvn3,
    from_vni,
    from_vps,
)
from nlu.orthography import is_well_spelt

TEXT = (
    "Hội Khuyến học vận động mỗi người dân tự học suốt đời, xây dựng gia đình, dòng họ, cộng đồng học tập.\n"
    "Đơn vị nào cũng có thư viện; bạn đọc được phục vụ miễn phí vào các buổi chiều và những ngày nghỉ lễ."
)
SMALL = "àảãáạăằẳẵắặâầẩẫấậèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵđ"
_WRITTEN = {"TCVN3": TCVN3, "VNI": VNI, "VPS": VPS}


def _letters(code_page: str) -> dict[str, str]:
    """Letter to what stands for it; the first code where there are several."""
    table: dict[str, str] = {}
    for shown, letter in _WRITTEN[code_page].items():
        table.setdefault(letter, shown)
    return table


def _bytes(shown: str) -> bytes:
    back = {as_shown(bytes([code])): code for code in range(256)}
    return bytes(back[one] for one in shown)


def _in(code_page: str, text: str) -> str:
    table = _letters(code_page)
    return "".join(table.get(one, one) for one in text)


@given(st.text(st.sampled_from(SMALL + "ĂÂÊÔƠƯĐ bcdghklmnpqrstvx"), max_size=60))
def test_every_letter_of_tcvn3_comes_back(text: str) -> None:
    # Capitals with a tone have no code of their own; see the test of capital fonts.
    words = " ".join(word for word in text.split() if word.islower())
    assert from_tcvn3(_in("TCVN3", words)) == words


@given(st.text(st.sampled_from(SMALL + SMALL.upper() + " bcdghklmnpqrstvx"), max_size=60))
def test_every_letter_of_vni_comes_back(text: str) -> None:
    assert from_vni(_in("VNI", text)) == text


@given(st.text(st.sampled_from(SMALL + " bcdghklmnpqrstvx"), max_size=60))
def test_every_letter_of_vps_comes_back(text: str) -> None:
    assert from_vps(_in("VPS", text)) == text


def test_all_letters_of_the_language_are_in_the_tables() -> None:
    for table in (TCVN3, VNI, VPS):
        assert set(SMALL) <= set(table.values())


@pytest.mark.parametrize("code_page", ["TCVN3", "VNI", "VPS"])
def test_a_file_in_an_old_code_page_is_recognised(code_page: str) -> None:
    plain = TEXT if code_page != "VPS" else TEXT.replace("Đ", "đ")
    found = decode(_bytes(_in(code_page, plain)), is_well_spelt)
    assert (found.text, found.encoding) == (plain, code_page)


@pytest.mark.parametrize("code_page", ["TCVN3", "VNI", "VPS"])
def test_unicode_typed_for_an_old_font_is_recognised(code_page: str) -> None:
    plain = TEXT if code_page != "VPS" else TEXT.replace("Đ", "đ")
    found = from_legacy_font(_in(code_page, plain), is_well_spelt)
    assert (found.text, found.encoding) == (plain, code_page)


def test_windows_1258_writes_its_marks_behind_the_letters() -> None:
    kept = {"ă", "â", "đ", "ê", "ô", "ơ", "ư"}
    taken_apart = "".join(
        one if one.lower() in kept else _half(one) for one in unicodedata.normalize("NFC", TEXT)
    )
    found = decode(taken_apart.encode("cp1258"), is_well_spelt)
    assert (found.text, found.encoding) == (TEXT, "windows-1258")


def _half(letter: str) -> str:
    """The letter with its roof or horn, and the tone behind it."""
    whole = unicodedata.normalize("NFD", letter)
    tones = [one for one in whole if one in "\u0300\u0301\u0303\u0309\u0323"]
    rest = "".join(one for one in whole if one not in tones)
    return unicodedata.normalize("NFC", rest) + "".join(tones)


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_form_of_unicode_is_read(name: str) -> None:
    assert decode(TEXT.encode(name), is_well_spelt).text == TEXT
    assert decode(unicodedata.normalize("NFD", TEXT).encode(name), is_well_spelt).text == TEXT


@pytest.mark.parametrize("text", ["", "plain ASCII only", "Café à la crème, déjà vu, naïve résumé", TEXT])
def test_unicode_that_is_no_old_font_stays_as_it_is(text: str) -> None:
    assert from_legacy_font(text, is_well_spelt).text == text


def test_a_capital_font_draws_small_codes_large() -> None:
    assert from_tcvn3("CéNG HOµ X· HéI CHñ NGHÜA VIÖT NAM") == "CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM"


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_refused_in_words(data: bytes) -> None:
    with suppress(IngestError):
        assert decode(data, is_well_spelt).encoding
