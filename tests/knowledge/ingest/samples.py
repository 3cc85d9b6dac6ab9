"""Files made for the tests: small PDFs, Word files, workbooks, and the pages of a letter that never was."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import docx
import openpyxl
import pypdfium2

from nlu.text import vietnamese_text

ANALYSIS = vietnamese_text()
SEEDS = Path(__file__).parents[3] / "../shared/seeds"
"""Two real documents that lie beside some checkouts and never in the repository."""
RUINED, CLEAN = SEEDS / "000_7f26bb650dda1333.txt", SEEDS / "002_0febab98ab580167.txt"

REGISTERED = (
    "1373/QĐ-TTg", "677/QĐ-TTg", "387/QĐ-TTg", "1315/QĐ-TTg", "489/QĐ-TTg", "324/QĐ-KHVN", "244/QĐ-KHVN",
    "242/QĐ-KHVN", "49-KL/TW", "91-KL/TW", "11-CT/TW", "14/CT-TTg", "29-NQ/TW", "57-NQ/TW", "1307/QĐ-BTTTT",
    "02/KH-HKH", "162-KH/TU", "2547/QĐ-UBND", "670/KH-UBND", "13-TT/TU", "13/CT-UBND", "6371/KH-UBND",
    "10491/KH-UBND", "25/2023/TT-BGDĐT",
)  # fmt: skip

LETTER = """HỘI KHUYẾN HỌC TỈNH SAO MAI CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
Số: 07/KH-HKH
Sao Mai, ngày 05 tháng 3 năm 2024

KẾ HOẠCH
Tổ chức ngày hội đọc sách

Căn cứ Quyết định số 1373/QĐ-TTg ngày 30/7/2021 của Thủ tướng Chính phủ, Hội xây dựng kế hoạch như sau:

I. MỤC ĐÍCH
Giúp mỗi gia đình có thêm một giờ đọc sách trong tuần.

II. NỘI DUNG
1. Đọc sách ở nhà
- Mỗi nhà chọn một giờ cố định.
- Cha mẹ cùng đọc với con.
2. Đọc sách ở thư viện
Thư viện mở cửa thêm buổi tối.

III. TỔ CHỨC THỰC HIỆN
Các chi hội báo cáo trước ngày 20 tháng 11.

Nơi nhận:
- Các chi hội;
- Lưu VT.

CHỦ TỊCH
Trần Thị Ban Mai

PHỤ LỤC
DANH MỤC VIỆC CẦN LÀM
"""


def pdf(pages: Sequence[Sequence[str]], extra: bytes = b"") -> bytes:
    """A PDF whose text layer says these lines. Its font is only named: for reading, not for looking."""
    cmap = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def /CMapType 2 def\n"
        b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        + b"".join(
            b"1 beginbfrange <%04X> <%04X> <%04X> endbfrange\n" % (high << 8, (high << 8) | 255, high << 8)
            for high in (0x00, 0x01, 0x02, 0x03, 0x1E, 0x20)
        )
        + b"endcmap end end"
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Plain /Encoding /Identity-H /DescendantFonts [4 0 R] "
        b"/ToUnicode 5 0 R >>",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Plain /DW 500 "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>",
        b"<< /Length %d >> stream\n%b\nendstream" % (len(cmap), cmap),
    ]
    kids = []
    for lines in pages:
        content = b"BT /F 11 Tf 14 TL 50 800 Td " + b" ".join(
            b"<%b> Tj T*" % line.encode("utf-16-be").hex().encode() for line in lines
        ) + b" ET"  # fmt: skip
        objects.append(b"<< /Length %d >> stream\n%b\nendstream" % (len(content), content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /Font << /F 3 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%b] >>" % (len(kids), b" ".join(kids))
    return _assembled(objects, extra)


def locked_pdf() -> bytes:
    """A PDF that no empty password opens."""
    secret = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%b> /U <%b> >> /ID [<00> <00>]" % (
        b"11" * 32,
        b"22" * 32,
    )
    return pdf([["khóa"]], secret)


def scanned_pdf(lines: Sequence[str]) -> bytes:
    """A PDF whose one page is a picture of these lines, in letters of Latin-1: Pdfium draws it."""
    content = b"BT /F 20 Tf 30 TL 60 760 Td " + b" ".join(
        b"(%b) Tj T*" % line.encode("cp1252") for line in lines
    ) + b" ET"  # fmt: skip
    drawn = _assembled(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [5 0 R] >>",
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            b"<< /Length %d >> stream\n%b\nendstream" % (len(content), content),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F 3 0 R >> >> >>",
        ]
    )
    document = pypdfium2.PdfDocument(drawn)
    bitmap = document[0].render(scale=2, grayscale=True)
    buffer = bytes(bitmap.buffer)
    width, height, stride = bitmap.width, bitmap.height, bitmap.stride
    grey = b"".join(buffer[row * stride : row * stride + width] for row in range(height))
    document.close()
    shown = b"q 595 0 0 842 0 0 cm /I Do Q"
    return _assembled(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [5 0 R] >>",
            b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray "
            b"/BitsPerComponent 8 /Length %d >> stream\n%b\nendstream" % (width, height, len(grey), grey),
            b"<< /Length %d >> stream\n%b\nendstream" % (len(shown), shown),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /XObject << /I 3 0 R >> >> >>",
        ]
    )


def _assembled(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    out = bytearray(b"%PDF-1.5\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer,
        start,
    )
    return bytes(out)


def word_file(
    path: Path, paragraphs: Iterable[str | tuple[str, int]], table: Sequence[Sequence[str]] = ()
) -> Path:
    """A .docx; a pair is a heading with its level."""
    document = docx.Document()
    for one in paragraphs:
        if isinstance(one, str):
            document.add_paragraph(one)
        else:
            document.add_heading(one[0], one[1])
    if table:
        made = document.add_table(rows=0, cols=len(table[0]))
        for row in table:
            for cell, text in zip(made.add_row().cells, row, strict=True):
                cell.text = text
    document.save(str(path))
    return path


def workbook(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    """A .xlsx with one sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    return path


def with_member(path: Path, name: str, data: bytes) -> Path:
    """The archive with one more, or one replaced, member."""
    copy = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        new.writestr(name, data)
    path.write_bytes(copy.getvalue())
    return path
