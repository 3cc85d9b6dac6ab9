"""What a document says about itself is read from its head and its foot."""

from __future__ import annotations

from datetime import date

import pytest

from knowledge.ingest import Header, Limits
from knowledge.ingest.header import read_header
from knowledge.ingest.paragraphs import paragraphs
from knowledge.ingest.readers.plain import read_plain
from nlu.numbers import NumberReader
from tests.knowledge.ingest.samples import ANALYSIS, CLEAN, LETTER, REGISTERED, RUINED


def _header(text: str) -> Header:
    reading = read_plain(text, "txt", ANALYSIS, Limits())
    found = paragraphs(reading.pages, ANALYSIS.fold)
    return read_header(found, ANALYSIS.fold, NumberReader(REGISTERED))


def test_the_head_of_a_letter_is_read() -> None:
    assert _header(LETTER) == Header(
        number="07/KH-HKH",
        is_registered=False,
        type="Kế hoạch",
        title="Tổ chức ngày hội đọc sách",
        issued=date(2024, 3, 5),
        place="Sao Mai",
        issuer="HỘI KHUYẾN HỌC TỈNH SAO MAI",
        signer="Trần Thị Ban Mai",
    )


def test_a_text_without_a_head_has_none() -> None:
    assert (
        _header("Thư viện mở cửa từ bảy giờ.\nMời bạn đến đọc sách theo Quyết định 1373/QĐ-TTg.") == Header()
    )


def test_a_number_in_the_grounds_is_not_the_document_s_own() -> None:
    assert (
        _header("KẾ HOẠCH\nĐọc sách\nCăn cứ Quyết định số: 1373/QĐ-TTg ngày 30/7/2021;\nI. VIỆC\nĐọc.").number
        == ""
    )


def test_two_dates_of_its_own_are_told_and_the_possible_one_is_taken() -> None:
    text = LETTER.replace("PHỤ LỤC", "PHỤ LỤC\n(Kèm theo Kế hoạch số 07/KH-HKH ngày 05/3/2025 của Hội)")
    later_ground = text.replace("ngày 30/7/2021", "ngày 30/7/2024")
    assert _header(text).issued == date(2024, 3, 5)
    assert _header(later_ground).issued == date(2025, 3, 5)
    assert len(_header(text).warnings) == len(_header(later_ground).warnings) == 1


def test_an_impossible_date_is_no_date() -> None:
    assert _header(LETTER.replace("ngày 05 tháng 3", "ngày 31 tháng 02")).issued is None


@pytest.mark.skipif(not CLEAN.exists(), reason="the real documents lie beside some checkouts only")
def test_the_heads_of_the_real_documents_are_read() -> None:
    clean = _header(CLEAN.read_text(encoding="utf-8"))
    assert clean.cited_as == "Kế hoạch 670/KH-UBND ngày 19/01/2022"
    assert (clean.issuer, clean.place) == ("Ủy ban nhân dân tỉnh Khánh Hòa", "Khánh Hòa")
    assert clean.title.startswith("Truyền thông về xây dựng xã hội học tập")
    assert clean.signer.endswith("Văn Thiệu")
    assert "19/01/2021" in clean.warnings[0]
    ruined = _header(RUINED.read_text(encoding="utf-8"))
    assert ruined.cited_as == "Kế hoạch 02/KH-HKH ngày 13/01/2025"
    assert ruined.signer == ""
