"""PDF: the text layer where there is one, the recognised picture where there is none or a worse one.

A scanner's own text layer is often ruin (it knew no Vietnamese); when the page is a picture and Tesseract
reads it better, the better reading is taken. Scripts, attachments and links in the file are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from knowledge.ingest.analysis import WritingAnalysis
from knowledge.ingest.encodings import from_legacy_font
from knowledge.ingest.limits import Limits
from knowledge.ingest.programs import has_tesseract
from knowledge.ingest.quality import DAMAGED_BELOW, quality
from knowledge.ingest.readers import scan
from knowledge.ingest.reading import Block, BlockKind, Encrypted, IngestError, Page, Reading, TooBig

_NO_TITLES = frozenset({"untitled", "document", "scan", "scanned document", "(anonymous)"})
"""What programs call a document nobody named: a citizen must not read it as the source."""
_FEW_LETTERS = 20
"""A page with fewer has no text layer worth the name (perhaps a page number)."""
_PAGE_NUMBER = re.compile(
    r"\s*(?:[-–—]\s*)?(?:trang\s*)?\d{1,4}(?:\s*/\s*\d{1,4})?(?:\s*[-–—])?\s*", re.IGNORECASE
)
_MAX_PIXELS = 40_000_000
"""An A3 page at the resolution of recognition has 17 million."""


@dataclass(slots=True)
class _Scans:
    """How the pictures among the pages fared."""

    possible: bool | None = None
    left: int = 0
    recognised: list[int] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)


def read_pdf(path: Path, analysis: WritingAnalysis, limits: Limits) -> Reading:
    """A PDF file. Raises Encrypted, TooBig or IngestError."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise Encrypted("Tệp PDF có mật khẩu. Bạn bỏ mật khẩu rồi thử lại nhé.") from error
        raise IngestError("Tệp PDF bị hỏng, không mở được.") from error
    try:
        if len(document) > limits.pages:
            raise TooBig(f"Tệp PDF có {len(document)} trang, mức cho phép là {limits.pages}.")
        scans = _Scans(left=limits.scanned_pages)
        pages: list[Page] = []
        spent = 0
        for number in range(1, len(document) + 1):
            text = _page_text(document, number, analysis, scans)
            spent += len(text)
            if spent > limits.characters:
                raise TooBig("Văn bản trong tệp PDF dài hơn mức cho phép.")
            pages.append(Page(number, tuple(_lines(text))))
        title = document.get_metadata_value("Title").strip()
        title = "" if title.casefold() in _NO_TITLES else title
        return Reading("pdf", tuple(pages), title, warnings=tuple(_warnings(scans)))
    finally:
        document.close()


def _page_text(document: pypdfium2.PdfDocument, number: int, analysis: WritingAnalysis, scans: _Scans) -> str:
    try:
        page = document[number - 1]
        layer = page.get_textpage()
        text = from_legacy_font(_clean(layer.get_text_range()), analysis.is_well_spelt).text
        layer.close()
        has_words = _has_words(text)
        worth = quality(text, analysis) if has_words else 0.0
        if worth >= DAMAGED_BELOW or not _has_picture(page):
            return text
        recognised = _recognised(page, number, scans)
        page.close()
    except pypdfium2.PdfiumError:
        scans.unread.append(number)
        return ""
    if _has_words(recognised) and quality(recognised, analysis) > worth:
        scans.recognised.append(number)
        return recognised
    if not has_words:
        scans.unread.append(number)
    return text


def _has_words(text: str) -> bool:
    return len(re.findall(r"\w", text)) >= _FEW_LETTERS


def _clean(text: str) -> str:
    """Pdfium marks a hyphen at the end of a line in its own way."""
    return (
        text.replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\ufffe", "-")
        .replace("\x02", "-")
        .replace("\0", "")
    )


def _has_picture(page: pypdfium2.PdfPage) -> bool:
    return next(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3), None) is not None


def _recognised(page: pypdfium2.PdfPage, number: int, scans: _Scans) -> str:
    if scans.possible is None:
        scans.possible = has_tesseract()
    if not scans.possible or scans.left <= 0:
        return ""
    scans.left -= 1
    scale = scan.DPI / 72
    width, height = page.get_size()
    if width * height * scale * scale > _MAX_PIXELS:
        scale = (_MAX_PIXELS / (width * height)) ** 0.5
    bitmap = page.render(scale=scale, grayscale=True)
    grey = bytes(bitmap.buffer)
    rows = b"".join(
        grey[row * bitmap.stride : row * bitmap.stride + bitmap.width] for row in range(bitmap.height)
    )
    text = scan.recognise(rows, bitmap.width, bitmap.height)
    bitmap.close()
    return text


def _lines(text: str) -> Iterator[Block]:
    """The lines of a page; a number alone at its head or foot is the page's, not the document's."""
    lines = [" ".join(line.split()) for line in text.split("\n")]
    filled = [index for index, line in enumerate(lines) if line]
    for edge in {*filled[:1], *filled[-1:]}:
        if _PAGE_NUMBER.fullmatch(lines[edge]):
            lines[edge] = ""
    empty = False
    for line in lines:
        if line:
            yield from [Block(BlockKind.BREAK)] if empty else []
            yield Block(BlockKind.LINE, line)
        empty = not line


def _warnings(scans: _Scans) -> Iterator[str]:
    if scans.recognised:
        yield f"Trang ảnh chụp, đọc bằng nhận dạng chữ: {_listed(scans.recognised)}. Bạn nên đối chiếu lại."
    if not scans.unread:
        return
    if scans.possible is False:
        yield (
            f"Trang ảnh chụp chưa đọc được: {_listed(scans.unread)}. Máy chưa cài Tesseract "
            "với dữ liệu tiếng Việt (gói tesseract-ocr và tesseract-ocr-vie)."
        )
    else:
        yield f"Trang không đọc được chữ nào: {_listed(scans.unread)}."


def _listed(pages: list[int]) -> str:
    shown = ", ".join(map(str, pages[:10]))
    return shown if len(pages) <= 10 else f"{shown}, … (tất cả {len(pages)} trang)"
