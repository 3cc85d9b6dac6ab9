"""Every format gives the same words, and every broken file one sentence in Vietnamese."""

from __future__ import annotations

import shutil
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn
from reportlab.pdfgen.canvas import Canvas

from knowledge.ingest import Encrypted, IngestError, Limits, TakenIn, TooBig
from knowledge.ingest.programs import has_tesseract, libreoffice
from knowledge.ingest.readers import read
from knowledge.ingest.readers.docx_numbering import roman
from knowledge.ingest.readers.sheet import read_workbook
from knowledge.ingest.taking_in import take_in
from tests.knowledge.ingest.samples import (
    ANALYSIS,
    LETTER,
    REGISTERED,
    locked_pdf,
    pdf,
    scanned_pdf,
    with_member,
    word_file,
    workbook,
)

pytestmark = pytest.mark.service

LIMITS = Limits()
TABLE = (
    ("STT", "Nhiệm vụ", "Đơn vị thực hiện"),
    ("1", "Mở phòng đọc", "Thư viện"),
    ("2", "Tặng sách", "Chi hội"),
)


def _taken(path: Path, limits: Limits = LIMITS) -> TakenIn:
    return take_in(path, path.name, ANALYSIS, limits, registered=REGISTERED)


def _put(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_a_pdf_tells_its_pages(tmp_path: Path) -> None:
    lines = LETTER.splitlines()
    cut = lines.index("2. Đọc sách ở thư viện")
    taken = _taken(_put(tmp_path / "a.pdf", pdf([[*lines[:cut], "1"], [*lines[cut:], "- 2 -"]])))
    assert (taken.media, taken.pages, taken.title) == ("pdf", 2, "Kế hoạch 07/KH-HKH ngày 05/03/2024")
    pages = {passage.locator: passage.page for passage in taken.passages}
    assert (pages["mục II.1"], pages["mục II.2"]) == (1, 2)
    # The number of a page is no part of its text.
    assert taken.passages[2].text.endswith("Cha mẹ cùng đọc với con.")
    assert [(one.number, one.is_known) for one in taken.numbers] == [
        ("07/KH-HKH", False),
        ("1373/QĐ-TTg", True),
    ]


def test_a_pdf_in_an_old_font_is_converted(tmp_path: Path) -> None:
    taken = _taken(
        _put(tmp_path / "a.pdf", pdf([["Céng hoµ x· héi chñ nghÜa ViÖt Nam, mçi ngµy ®äc mét trang s¸ch."]]))
    )
    assert taken.passages[0].text == "Cộng hoà xã hội chủ nghĩa Việt Nam, mỗi ngày đọc một trang sách."


def test_a_word_file_gives_headings_text_and_rows(tmp_path: Path) -> None:
    path = word_file(tmp_path / "a.docx", [("Giờ mở cửa", 1), "Từ bảy giờ sáng.", ("Việc cần làm", 1)], TABLE)
    assert [(one.locator, one.text) for one in _taken(path).passages] == [
        ("phần mở đầu", "Giờ mở cửa\nTừ bảy giờ sáng."),
        ("mục “Việc cần làm”", "Việc cần làm"),
        ("mục “Việc cần làm”, dòng 1", "Nhiệm vụ: Mở phòng đọc; đơn vị thực hiện: Thư viện"),
        ("mục “Việc cần làm”, dòng 2", "Nhiệm vụ: Tặng sách; đơn vị thực hiện: Chi hội"),
    ]


def test_the_head_of_a_letter_may_be_a_table_without_lines(tmp_path: Path) -> None:
    made = docx.Document()
    left, right = made.add_table(rows=1, cols=2).rows[0].cells
    left.text, right.text = (
        "HỘI KHUYẾN HỌC\nSố: 07/KH-HKH",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nSao Mai, ngày 05 tháng 3 năm 2024",
    )
    made.add_paragraph("KẾ HOẠCH")
    made.add_paragraph("Tổ chức ngày hội đọc sách")
    made.save(str(tmp_path / "a.docx"))
    header = _taken(tmp_path / "a.docx").header
    assert (header.number, header.place, header.title) == (
        "07/KH-HKH",
        "Sao Mai",
        "Tổ chức ngày hội đọc sách",
    )


def test_numbers_that_word_counts_by_itself_are_written_out(tmp_path: Path) -> None:
    made = docx.Document()
    for text in ("Đọc ở nhà", "Đọc ở trường"):
        made.add_paragraph(text, style="List Number")
        made.add_paragraph("Mỗi ngày một giờ.")
    made.save(str(tmp_path / "a.docx"))
    assert [one.locator for one in _taken(tmp_path / "a.docx").passages] == ["mục 1", "mục 2"]
    assert [roman(number) for number in (1, 4, 9, 14, 40)] == ["I", "IV", "IX", "XIV", "XL"]


def test_deleted_and_hidden_words_are_not_read(tmp_path: Path) -> None:
    made = docx.Document()
    paragraph = made.add_paragraph("Thấy được. ")
    paragraph.add_run("Giấu đi. ").font.hidden = True
    gone = paragraph.add_run("Đã xóa.")
    deleted = paragraph._p.makeelement(qn("w:del"), {})
    paragraph._p.append(deleted)
    deleted.append(gone._r)
    made.save(str(tmp_path / "a.docx"))
    assert _taken(tmp_path / "a.docx").passages[0].text == "Thấy được."


def test_macros_are_left_out_and_said(tmp_path: Path) -> None:
    path = with_member(word_file(tmp_path / "a.docm", ["Mời bạn đọc."]), "word/vbaProject.bin", b"\x00virus")
    taken = _taken(path)
    assert taken.passages[0].text == "Mời bạn đọc."
    assert "macro" in taken.warnings[0]


def test_a_web_page_gives_its_content_only(tmp_path: Path) -> None:
    page = """<!doctype html><title>Trang Hội</title><nav>Trang chủ</nav><script>x=1</script>
    <h1>Thư viện</h1><p>Mở cửa từ <b>bảy</b> giờ.<br>Nghỉ thứ hai.</p><ul><li>Mang thẻ</li></ul>
    <h2>Lịch</h2><table><tr><th>Ngày</th><th>Việc</th></tr><tr><td>01/6</td><td>Tặng sách</td></tr></table>"""
    taken = _taken(_put(tmp_path / "a.html", page))
    assert [(one.locator, one.text) for one in taken.passages] == [
        ("phần mở đầu", "Thư viện\nMở cửa từ bảy giờ.\nNghỉ thứ hai.\n- Mang thẻ"),
        ("mục “Lịch”", "Lịch"),
        ("mục “Lịch”, dòng 1", "Ngày: 01/6; việc: Tặng sách"),
    ]


def test_markdown_loses_its_signs_and_keeps_its_words(tmp_path: Path) -> None:
    text = (
        "# Cẩm nang\n\n**Thẻ** đọc *miễn phí*, xem [nội quy](https://a.vn/x_(y)).\n\n"
        "| Nhiệm vụ | Thời gian |\n|---|---|\n| Mở cửa | 2025 |\n"
    )
    taken = _taken(_put(tmp_path / "a.md", text))
    assert [one.text for one in taken.passages] == [
        "Cẩm nang\nThẻ đọc miễn phí, xem nội quy.",
        "Nhiệm vụ: Mở cửa; thời gian: 2025",
    ]


def test_a_sheet_of_questions_becomes_rows_with_their_faults(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["BẢNG HỎI ĐÁP"],
        ["TT", "Nội dung câu hỏi", "Các cách hỏi khác", "Câu trả lời", "Nguồn trích dẫn"],
        [1, "Thư viện mở lúc nào?", "mấy giờ mở cửa\ngio mo cua", "Từ bảy giờ.", "Nội quy"],
        [2, "Thẻ đọc có mất tiền không?", None, None, None],
        [3, "C" * 61, None, "Không.", None],
        [None, None, None, None, None],
    ]
    for path in (workbook(tmp_path / "a.xlsx", rows), _put(tmp_path / "a.csv", "\n".join(
        ";".join('"' + str("" if cell is None else cell) + '"' for cell in row) for row in rows
    ))):  # fmt: skip
        taken = _taken(path)
        assert [(row.line, row.question, row.variants, row.answer, row.source) for row in taken.faq][:1] == [
            (3, "Thư viện mở lúc nào?", ("mấy giờ mở cửa", "gio mo cua"), "Từ bảy giờ.", "Nội quy")
        ]
        assert [row.problem for row in taken.faq] == ["", "thiếu câu trả lời", "câu hỏi dài hơn 60 ký tự"]
        assert taken.passages == ()


def test_any_other_sheet_becomes_passages_row_by_row(tmp_path: Path) -> None:
    taken = _taken(workbook(tmp_path / "a.xlsx", [["Kế hoạch tháng"], *TABLE]))
    assert [one.text for one in taken.passages] == [
        "Kế hoạch tháng",
        "Nhiệm vụ: Mở phòng đọc; đơn vị thực hiện: Thư viện",
        "Nhiệm vụ: Tặng sách; đơn vị thực hiện: Chi hội",
    ]


@pytest.mark.skipif(not has_tesseract(), reason="Tesseract with Vietnamese data is not installed")
def test_a_scanned_page_is_recognised(tmp_path: Path) -> None:
    lines = [
        "Công dân tham gia tích cóp sách.",
        "Thôn xóm có tám ngôi nhà sách.",
        "Hôm nay là ngày cuôi tháng ba.",
    ]
    taken = _taken(_put(tmp_path / "scan.pdf", scanned_pdf(lines)))
    words = set(" ".join(one.text for one in taken.passages).split())
    assert {"Công", "dân", "tham", "gia", "nhà", "ngày", "ba."} <= words
    assert "nhận dạng" in taken.warnings[0]


def test_a_scanned_page_without_tesseract_is_reported_not_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    taken = _taken(_put(tmp_path / "scan.pdf", scanned_pdf(["Công dân"])))
    assert taken.passages == ()
    assert any("Tesseract" in warning for warning in taken.warnings)


def test_an_old_word_file_asks_for_libreoffice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "WordDocument".encode("utf-16-le")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(IngestError, match="LibreOffice"):
        _taken(_put(tmp_path / "a.doc", ole))


@pytest.mark.skipif(libreoffice() is None, reason="LibreOffice is not installed")
def test_an_old_word_file_is_read_through_libreoffice(tmp_path: Path) -> None:
    taken = _taken(_put(tmp_path / "a.rtf", rb"{\rtf1\ansi Moi ban doc sach.}"))
    assert (taken.media, taken.passages[0].text) == ("rtf", "Moi ban doc sach.")


def test_a_file_is_what_it_holds_not_what_it_is_called(tmp_path: Path) -> None:
    assert _taken(_put(tmp_path / "a.txt", pdf([["Mời bạn đọc sách ở thư viện."]]))).media == "pdf"
    shutil.copy(word_file(tmp_path / "a.docx", ["Mời bạn đọc."]), tmp_path / "b.pdf")
    assert _taken(tmp_path / "b.pdf").media == "docx"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.pdf", b""),
        ("cut.pdf", pdf([["Mời bạn đọc."]])[:200]),
        ("noise.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 20),
        ("noise.docx", b"PK\x03\x04" + bytes(range(256)) * 20),
        ("program.txt", b"\x7fELF" + bytes(2000)),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(100)),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    ],
)
def test_a_broken_file_is_refused_in_a_sentence(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(IngestError) as caught:
        read(_put(tmp_path / name, data), name, ANALYSIS, LIMITS)
    assert str(caught.value).endswith(("nhé.", "."))


def test_locked_files_are_known_by_their_lock(tmp_path: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
    for path in (_put(tmp_path / "a.pdf", locked_pdf()), _put(tmp_path / "a.docx", ole)):
        with pytest.raises(Encrypted, match="mật khẩu"):
            _taken(path)


def test_every_limit_refuses_what_is_over_it(tmp_path: Path) -> None:
    long_pdf = _put(tmp_path / "long.pdf", pdf([["Mời bạn đọc sách ở thư viện."]] * 3))
    sheet = workbook(tmp_path / "a.xlsx", [[f"dòng {i}"] for i in range(20)])
    text = _put(tmp_path / "a.txt", "đọc sách " * 100)
    word = word_file(tmp_path / "a.docx", ["đọc sách " * 100])
    web = _put(tmp_path / "a.html", "<p>" + "đọc sách " * 100)
    for path, limits in (
        (text, Limits(file_bytes=50)),
        (long_pdf, Limits(pages=2)),
        (long_pdf, Limits(characters=60)),
        (text, Limits(characters=60)),
        (word, Limits(characters=60)),
        (web, Limits(characters=60)),
        (sheet, Limits(characters=60)),
        (sheet, Limits(rows=10)),
        (_put(tmp_path / "pages.txt", "một\f" * 5), Limits(pages=4)),
        (word, Limits(unpacked_bytes=1000)),
        (word, Limits(members=3)),
    ):
        with pytest.raises(TooBig):
            _taken(path, limits)


def test_an_archive_that_unpacks_to_far_more_is_not_opened(tmp_path: Path) -> None:
    bomb = with_member(word_file(tmp_path / "a.docx", ["Mời."]), "word/media/big.bin", b"\0" * 40_000_000)
    assert bomb.stat().st_size < 200_000
    with pytest.raises(TooBig, match="bất thường"):
        _taken(bomb)


_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_in_whatever_encoding(tmp_path: Path, encoding: str) -> None:
    declared = _LAUGHS.replace('"1.0"', f'"1.0" encoding="{encoding}"').encode(encoding)
    for path, member in (
        (word_file(tmp_path / "a.docx", ["Mời."]), "word/document.xml"),
        (workbook(tmp_path / "a.xlsx", [["Mời"]]), "xl/worksheets/sheet1.xml"),
    ):
        with pytest.raises(IngestError, match="không an toàn"):
            _taken(with_member(path, member, declared))


def test_formulas_are_not_computed(tmp_path: Path) -> None:
    taken = _taken(workbook(tmp_path / "a.xlsx", [["Kết quả", "=1+1"], ["Ghi chú", "xem"]]))
    assert "=1+1" not in " ".join(one.text for one in taken.passages)


def test_a_workbook_is_read_whatever_its_file_is_called(tmp_path: Path) -> None:
    """What was sent in lies under a name of ours until it is read."""
    path = workbook(tmp_path / "a.xlsx", [["Câu hỏi", "Câu trả lời"]]).rename(tmp_path / "0af3.upload")
    (grid,), _ = read_workbook(path, Limits())
    assert list(grid.rows[0][:2]) == ["Câu hỏi", "Câu trả lời"]


def test_a_document_nobody_named_is_not_called_untitled(tmp_path: Path) -> None:
    path = tmp_path / "huong-dan.pdf"
    canvas = Canvas(str(path), invariant=1)
    canvas.setTitle("untitled")
    canvas.drawString(50, 780, "Huong dan")
    canvas.save()
    assert _taken(path).title == "Huong dan"
