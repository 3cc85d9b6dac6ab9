"""Word documents: paragraphs, headings, automatic numbering and tables, in their order.

Macros, embedded objects, comments and deleted text are not read. A borderless table that only lays out the
head or the signature of a letter is read as text, cell by cell.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.document import Document
from docx.opc.exceptions import OpcError
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from knowledge.ingest.analysis import WritingAnalysis
from knowledge.ingest.encodings import from_legacy_font
from knowledge.ingest.limits import Limits, check_archive
from knowledge.ingest.readers.docx_numbering import Numbering
from knowledge.ingest.reading import Block, BlockKind, IngestError, Page, Reading, TooBig
from knowledge.ingest.tables import is_header, row_block

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_WITH_MACROS = b"application/vnd.ms-word.document.macroEnabled.main+xml"
_WITHOUT = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_MAX_NESTING = 5


def read_docx(path: Path, analysis: WritingAnalysis, limits: Limits) -> Reading:
    """A .docx or .docm. Raises IngestError, TooBig or Encrypted."""
    members = check_archive(path, limits)
    warnings = []
    source: Path | io.BytesIO = path
    if any("vbaProject" in member for member in members):
        warnings.append("Tệp có macro; mình bỏ qua, không chạy.")
        source = _without_macros(path)
    try:
        document = docx.Document(source if isinstance(source, io.BytesIO) else str(source))
        blocks = _Reader(document, analysis).pages(limits)
    except (OpcError, SyntaxError, KeyError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise IngestError("Tệp Word bị hỏng, không mở được.") from error
    title = (document.core_properties.title or "").strip()
    return Reading("docx", blocks, title, warnings=tuple(warnings))


def _without_macros(path: Path) -> io.BytesIO:
    """The same document declared as one without macros, their code left out."""
    copy = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as plain:
        for member in archive.infolist():
            data = archive.read(member)
            if member.filename == "[Content_Types].xml":
                data = data.replace(_WITH_MACROS, _WITHOUT)
            plain.writestr(member.filename, b"" if "vbaProject.bin" in member.filename else data)
    copy.seek(0)
    return copy


class _Reader:
    """Walks one document; knows the page it is on as far as Word noted it."""

    def __init__(self, document: Document, analysis: WritingAnalysis) -> None:
        self._document = document
        self._analysis = analysis
        self._numbering = Numbering(document)
        body = document.element.body
        self._has_pages = next(body.iter(f"{_W}lastRenderedPageBreak"), None) is not None
        self._page = 1 if self._has_pages else 0

    def pages(self, limits: Limits) -> tuple[Page, ...]:
        pages: dict[int, list[Block]] = {}
        spent = 0
        for block in self._blocks(self._document, 0):
            spent += len(block.text) + sum(map(len, block.cells))
            if spent > limits.characters:
                raise TooBig("Văn bản trong tệp Word dài hơn mức cho phép.")
            pages.setdefault(self._page, []).append(block)
            if self._page > limits.pages:
                raise TooBig(f"Tệp Word có nhiều hơn {limits.pages} trang.")
        return tuple(Page(number, tuple(blocks)) for number, blocks in pages.items())

    def _blocks(self, place: Any, depth: int) -> Iterator[Block]:
        for item in place.iter_inner_content():
            if isinstance(item, Paragraph):
                yield from self._paragraph(item)
            elif depth < _MAX_NESTING:
                yield from self._table(item, depth)

    def _paragraph(self, paragraph: Paragraph) -> Iterator[Block]:
        text = self._text(paragraph)
        self._turn_pages(paragraph._p)
        if not text:
            yield Block(BlockKind.BREAK)
            return
        label = self._numbering.label(paragraph)
        level = _heading_level(paragraph)
        lines = [" ".join(line.split()) for line in text.split("\n")]
        lines[0] = f"{label} {lines[0]}".strip()
        for line in filter(None, lines):
            yield Block(BlockKind.HEADING if level else BlockKind.PARAGRAPH, line, level)

    def _text(self, paragraph: Paragraph) -> str:
        """What is to be seen: deleted text is no run, and hidden text is left out."""
        hidden = any(run.font.hidden for run in paragraph.runs)
        text = (
            "".join(run.text for run in paragraph.runs if not run.font.hidden) if hidden else paragraph.text
        )
        return from_legacy_font(text.strip(), self._analysis.is_well_spelt).text

    def _turn_pages(self, element: Any) -> None:
        if self._has_pages:
            self._page += sum(1 for _ in element.iter(f"{_W}lastRenderedPageBreak"))

    def _table(self, table: Table, depth: int) -> Iterator[Block]:
        rows = [_distinct(row.cells) for row in table.rows]
        texts = [[self._cell_text(cell) for cell in row] for row in rows]
        header = next((i for i, row in enumerate(texts[:3]) if is_header(row, self._analysis.fold)), None)
        if header is None:
            for row in rows:
                for cell in row:
                    yield from self._blocks(cell, depth + 1)
                    yield Block(BlockKind.BREAK)
            return
        for row_texts in texts[:header]:
            yield Block(BlockKind.PARAGRAPH, " ".join(filter(None, row_texts)))
        for index, row_texts in enumerate(texts[header + 1 :], header + 1):
            self._turn_pages(table.rows[index]._tr)
            if any(row_texts):
                yield row_block(texts[header], row_texts)

    def _cell_text(self, cell: _Cell) -> str:
        text = " ".join(" ".join(p.text.split()) for p in cell.paragraphs).strip()
        return from_legacy_font(text, self._analysis.is_well_spelt).text


def _distinct(cells: tuple[_Cell, ...]) -> list[_Cell]:
    """A cell that spans columns is listed once for each of them."""
    found: list[_Cell] = []
    for cell in cells:
        if not found or found[-1]._tc is not cell._tc:
            found.append(cell)
    return found


def _heading_level(paragraph: Paragraph) -> int:
    style = paragraph.style
    name = (style.name or "") if style is not None else ""
    if name.startswith("Heading ") and name[8:].isdigit():
        return int(name[8:])
    return 1 if name == "Title" else 0
