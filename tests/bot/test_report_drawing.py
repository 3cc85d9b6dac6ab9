"""Reports as files: they open again, hold the numbers, look official, and nothing in them runs."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from functools import cache

import pypdfium2
import pytest
from docx import Document
from openpyxl import load_workbook

from bot.outreach.reports import Chart, Column, Number, Report, Row, Section, Table
from bot.report_drawing import COUNTRY, FORMS, Letterhead, drawn

pytestmark = pytest.mark.service  # word, Excel and PDF are drawn and read again: some seconds

HOSTILE = '=HYPERLINK("http://x")<b>&{{7*7}}'
HEAD = Letterhead("Hội Khuyến học phường Tô Hiệu", "Hội Khuyến học tỉnh Sơn La", "Tô Hiệu")
NOTES = {
    "nguoi-dan": "Bà con nhắn buổi tối.\n\n<b>Đông</b> nhất là thứ Bảy.",
    "kien-nghi": "+Đề nghị gửi sớm.",
}
COUNTED = "Mỗi cuộc trò chuyện là một người."
REPORT = Report(
    "2026-10",
    "tháng 10 năm 2026",
    "tháng trước",
    "từ 01/10/2026 đến 31/10/2026",
    "06:00 ngày 25/10/2026",
    "So với tháng trước (01/09/2026 đến 25/09/2026, cùng số ngày).",
    (
        Section(
            "nguoi-dan",
            "Người dân đến với Hội",
            ("Có 12.345 người nhắn cho Hội.",),
            (
                Number("Người đã nhắn", 12345, 12333, COUNTED, unit="người"),
                Number("Đạt mức điểm", None, 3, COUNTED, unit="bài"),
            ),
            Chart(
                "Câu hỏi trong kỳ",
                ("Thời gian", "Số câu"),
                (Column("1–7", "Ngày 1 đến 7", 7), Column("8–14", "8", 0)),
            ),
            (
                Table(
                    "Theo kênh",
                    ("Kênh", "Người"),
                    (Row((HOSTILE, 12000)), Row(("@SUM(A1)", 345)), Row(("-2+3", -6))),
                    COUNTED,
                    ("Cộng", 12339),
                ),
                Table("Trống", ("A", "B"), (), COUNTED),
            ),
        ),
        Section("can-bo", "Cán bộ trả lời"),
    ),
)


@cache
def file(form: str) -> bytes:
    return drawn(form, REPORT, NOTES, HEAD)


def words_of_pdf(content: bytes) -> str:
    with pypdfium2.PdfDocument(content) as document:
        texts = []
        for page in document:
            text = page.get_textpage()
            texts.append(text.get_text_bounded())
            text.close()
            page.close()
    return " ".join(" ".join(texts).split())


def words_of_docx(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    texts = [one.text for one in document.paragraphs]
    texts += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return " ".join(" ".join(texts).split())


@pytest.mark.parametrize("words", [lambda: words_of_pdf(file("pdf")), lambda: words_of_docx(file("docx"))])
def test_what_is_to_be_signed_has_heading_numbers_notes_and_a_place_to_sign(words: object) -> None:
    text = words()  # type: ignore[operator]
    for said in (
        "HỘI KHUYẾN HỌC TỈNH SƠN LA", "HỘI KHUYẾN HỌC PHƯỜNG TÔ HIỆU", COUNTRY, "Độc lập - Tự do - Hạnh phúc",
        "Số: ......../BC-HKH", "Tô Hiệu, ngày ...... tháng ......", "BÁO CÁO", "Tháng 10 năm 2026",
        "số liệu tính đến 06:00 ngày 25/10/2026", "1. Người dân đến với Hội", "12.345 người",
        "+12 so với tháng trước", "dưới 5 người", "Theo kênh", "12.339", "Bà con nhắn buổi tối.",
        "<b>Đông</b> nhất", "3. Nhận xét và kiến nghị", "TM. BAN THƯỜNG VỤ", "CHỦ TỊCH", COUNTED, HOSTILE,
    ):  # fmt: skip
        assert said in text, said
    assert "Trống" not in text


def test_the_workbook_holds_numbers_as_numbers_and_no_formula() -> None:
    book = load_workbook(io.BytesIO(file("xlsx")))
    assert book.sheetnames == ["Báo cáo", "Số liệu chính", "Theo kênh", "Câu hỏi trong kỳ"]
    numbers = [[cell.value for cell in row] for row in book["Số liệu chính"].iter_rows(min_row=2)]
    assert numbers[0][3:6] == [12345, 12333, 12]
    assert numbers[1][3:6] == ["dưới 5 người", 3, None]
    rows = [[cell.value for cell in row] for row in book["Theo kênh"].iter_rows(min_row=5)]
    assert rows == [[f"'{HOSTILE}", 12000], ["'@SUM(A1)", 345], ["'-2+3", -6], ["Cộng", 12339]]
    assert len(book["Câu hỏi trong kỳ"]._charts) == 1
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not any(cell.data_type == "f" for cell in cells)
    assert "'+Đề nghị gửi sớm." in [cell.value for cell in cells]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_report_gives_the_same_bytes_and_another_gives_others(form: str) -> None:
    assert drawn(form, REPORT, NOTES, HEAD) == file(form)
    assert drawn(form, replace(REPORT, name="tháng 9 năm 2026"), NOTES, HEAD) != file(form)


@pytest.mark.parametrize("form", FORMS)
def test_the_strangest_text_and_an_empty_report_can_be_drawn(form: str) -> None:
    odd = "\x00\x0b\ufffe\ud800 مرحبا \u202eabc 😀 " + "ă" * 900 + "\n" * 50 + "]]>&amp;<w:p/>"
    strange = replace(
        REPORT,
        sections=(
            Section(
                "x", odd, (odd,), (Number(odd, 1, None, odd, unit=odd),),
                Chart(odd, (odd, odd), (Column(odd, odd, 1),)),
                (Table(odd, (odd, odd), (Row((odd, odd)),) * 3, odd),),
            ),
        ),
    )  # fmt: skip
    assert drawn(form, strange, {"x": odd}, Letterhead(odd, odd, odd))
    assert drawn(form, replace(REPORT, sections=()), {}, Letterhead(""))


def test_nothing_in_the_word_file_is_a_field_or_leads_outside() -> None:
    with zipfile.ZipFile(io.BytesIO(file("docx"))) as archive:
        body = archive.read("word/document.xml").decode()
        links = archive.read("word/_rels/document.xml.rels").decode()
    assert not re.search(r"w:(instrText|fldSimple|hyperlink)\b", body)
    assert "http://x" not in links


def test_what_draws_is_not_loaded_before_it_is_needed() -> None:
    heavy = ("docx", "openpyxl.workbook", "reportlab.platypus")
    asked = f"import sys, bot.report_drawing; print([one for one in {heavy} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
