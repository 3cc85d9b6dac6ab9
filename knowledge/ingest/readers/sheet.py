"""Spreadsheets: sheets of questions and answers become drafts, other tables become rows.

Formulas are never computed and macros never run: what was stored as the last result counts.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from knowledge.ingest.analysis import WritingAnalysis
from knowledge.ingest.encodings import decode
from knowledge.ingest.limits import Limits, check_archive
from knowledge.ingest.reading import Block, BlockKind, FaqRow, Grid, IngestError, Page, Reading, TooBig
from knowledge.ingest.tables import Fold, is_header, row_block

QUESTION_LIMIT, ANSWER_LIMIT = 60, 500
_COLUMNS = {
    "question": r"(?:noi dung )?(?:cau hoi|hoi|question)(?: chinh| mau)?",
    "variants": r"(?:cac )?(?:bien the|cach hoi(?: khac)?|cau hoi (?:khac|tuong tu|phu)|dong nghia|variants?)"
    r"(?: cau hoi)?",
    "answer": r"(?:noi dung |cau )?(?:tra loi|dap|dap an|answer)(?: mau)?",
    "source": r"(?:nguon|can cu|van ban|trich dan|nguon trich dan|can cu phap ly|source)(?: .{0,20})?",
}
_HEADER_WITHIN = 10
_VARIANT_BREAK = re.compile(r"[\n;|]+")
_MAX_COLUMNS = 100
_GAP, _LAST = 1_000, 60_000
"""Empty rows behind which nothing is read, and the row behind which nothing is looked for."""
_PIECE, _OVERLAP = 1 << 20, 2_000
_REMARKS = {
    "Có ô là công thức chưa có kết quả, mình coi là ô trống. Bạn mở tệp bằng Excel, lưu lại rồi chọn lại.": (
        re.compile(rb"</f>\s*(?:<v>\s*</v>\s*|<v\s*/>\s*)?</c>|<f\b[^>]*/>\s*(?:<v\s*/>\s*)?</c>")
    ),
    "Có ô gộp: chỉ ô đầu có nội dung, các ô còn lại là trống. Dòng nào cần nội dung ấy thì bạn bỏ gộp ô.": (
        re.compile(rb"<mergeCell\b")
    ),
    "Có dòng bị ẩn trong trang tính; mình vẫn đọc các dòng ấy. Bạn xem kỹ từng dòng dưới đây nhé.": (
        re.compile(rb"<row\b[^>]*\bhidden=\"(?:1|true)\"")
    ),
}


def read_xlsx(path: Path, analysis: WritingAnalysis, limits: Limits) -> Reading:
    """A workbook, every sheet that is not hidden."""
    grids, warnings = read_workbook(path, limits)
    blocks: list[Block] = []
    faq: list[FaqRow] = []
    for grid in grids:
        found = _faq(grid.rows, analysis.fold)
        faq += found
        if not found:
            blocks += _table(grid.title, grid.rows, analysis.fold)
    return Reading("xlsx", (Page(0, tuple(blocks)),), faq=tuple(faq), warnings=warnings)


def read_csv(data: bytes, analysis: WritingAnalysis, limits: Limits) -> Reading:
    """Comma, semicolon or tab between the cells, whichever the first lines show."""
    rows = read_comma_separated(data, analysis, limits).rows
    faq = _faq(rows, analysis.fold)
    blocks = [] if faq else list(_table("", rows, analysis.fold))
    return Reading("csv", (Page(0, tuple(blocks)),), faq=tuple(faq))


def read_workbook(path: Path, limits: Limits) -> tuple[tuple[Grid, ...], tuple[str, ...]]:
    """The sheets that are not hidden, and what should be said about the file. Raises IngestError."""
    members = check_archive(path, limits)
    warnings = []
    if any("vbaProject" in member for member in members):
        warnings.append("Tệp có macro; mình bỏ qua, không chạy.")
    with path.open("rb") as stream:  # by name, only files whose names end as expected would be opened
        return _grids(stream, warnings, limits)


def _grids(stream: BinaryIO, warnings: list[str], limits: Limits) -> tuple[tuple[Grid, ...], tuple[str, ...]]:
    try:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    except (InvalidFileException, KeyError, ValueError, TypeError, AttributeError, OSError) as error:
        raise IngestError("Tệp bảng tính bị hỏng, không mở được.") from error
    grids: list[Grid] = []
    spent = 0
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            warnings.append("Có trang tính bị ẩn; mình không đọc trang đó.")
            continue
        # What a file claims about its size is wrong often enough, and rows would be lost.
        sheet.reset_dimensions()
        cells = (row[:_MAX_COLUMNS] for row in sheet.iter_rows(values_only=True))
        rows = list(_limited(_near(cells, warnings), limits))
        spent += sum(len(cell) for row in rows for cell in row)
        if spent > limits.characters:
            raise TooBig("Bảng tính dài hơn mức cho phép.")
        grids.append(Grid(sheet.title, rows))
    return tuple(grids), tuple(dict.fromkeys(warnings))


def read_comma_separated(data: bytes, analysis: WritingAnalysis, limits: Limits) -> Grid:
    """A CSV file of any encoding in use here. Raises IngestError."""
    text = decode(data, analysis.is_well_spelt).text
    if len(text) > limits.characters:
        raise TooBig("Bảng dài hơn mức cho phép.")
    try:
        return Grid("", list(_limited(_cells(text, _delimiter(text)), limits)))
    except csv.Error as error:
        raise IngestError("Tệp CSV bị hỏng, không đọc được.") from error


def _cells(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _delimiter(text: str) -> str:
    """The one that cuts most of the first rows into the same number of cells.

    Not csv.Sniffer: where the first lines hold no doubled quote it takes doubled quotes for none at all.
    """

    def evenness(delimiter: str) -> int:
        first = itertools.islice((row for row in _cells(text[:5000], delimiter) if any(row)), 10)
        widths = Counter(map(len, first))
        return max((count * (width - 1) for width, count in widths.items()), default=0)

    return max(",;\t", key=evenness)


def _near(rows: Iterable[Sequence[object]], warnings: list[str]) -> Iterator[Sequence[object]]:
    """Rows up to a gap no table has: a cell forgotten at the very end of a sheet is not worth its way."""
    gap = 0
    for index, row in enumerate(rows):
        is_empty = row.count(None) == len(row) or not any(cell is not None and _written(cell) for cell in row)
        if index >= _LAST or (gap > _GAP and not is_empty):
            told = f"Trang tính có khoảng trống hơn {_GAP:,} dòng; mình không đọc phần sau dòng {index:,}."
            warnings.append(told.replace(",", "."))
            return
        gap = gap + 1 if is_empty else 0
        if gap <= _GAP:
            yield row


def _limited(rows: Iterable[Sequence[object]], limits: Limits) -> Iterator[list[str]]:
    """Rows as text, up to the limit; empty ones do not count, and those at the end are left out."""
    count, empty = 0, 0
    for row in rows:
        cells = ["" if cell is None else _written(cell) for cell in row]
        if not any(cells):
            empty += 1
            continue
        count += 1
        if count > limits.rows + 1:
            raise TooBig(f"Bảng có nhiều hơn {limits.rows:,} dòng.".replace(",", "."))
        yield from itertools.repeat([], empty)
        empty = 0
        yield cells


def remarks(path: Path) -> tuple[str, ...]:
    """What stands in a workbook's sheets and does not come out as somebody sees it there."""
    found: set[str] = set()
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if re.fullmatch(r"xl/worksheets/[^/]+\.xml", member):
                with archive.open(member) as stream:
                    found |= _remarks_in(stream)
    return tuple(told for told in _REMARKS if told in found)


def _remarks_in(stream: IO[bytes]) -> set[str]:
    found: set[str] = set()
    kept = b""
    while piece := stream.read(_PIECE):
        kept += piece
        found |= {told for told, pattern in _REMARKS.items() if told not in found and pattern.search(kept)}
        kept = kept[-_OVERLAP:]
    return found


def _written(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _faq(rows: Sequence[Sequence[str]], fold: Fold) -> list[FaqRow]:
    """Questions and answers, when a header says that these are some."""
    for index, row in enumerate(rows[:_HEADER_WITHIN]):
        columns = _faq_columns(row, fold)
        if {"question", "answer"} <= columns.keys():
            return [
                found
                for line, cells in enumerate(itertools.islice(rows, index + 1, None), index + 2)
                if (found := _faq_row(line, cells, columns)) is not None
            ]
    return []


def _faq_columns(row: Sequence[str], fold: Fold) -> dict[str, int]:
    columns: dict[str, int] = {}
    for place, cell in enumerate(row):
        name = " ".join(re.findall(r"\w+", fold(cell)))
        for meaning, pattern in _COLUMNS.items():
            if meaning not in columns and re.fullmatch(pattern, name):
                columns[meaning] = place
                break
    return columns


def _faq_row(line: int, cells: Sequence[str], columns: dict[str, int]) -> FaqRow | None:
    def cell(name: str) -> str:
        place = columns.get(name, len(cells))
        return cells[place].strip() if place < len(cells) else ""

    if not any(map(str.strip, cells)):
        return None
    question, answer = " ".join(cell("question").split()), cell("answer")
    variants = tuple(v.strip(" -•\t") for v in _VARIANT_BREAK.split(cell("variants")) if v.strip(" -•\t"))
    return FaqRow(line, question, variants, answer, cell("source"), _problem(question, answer))


def _problem(question: str, answer: str) -> str:
    if not question:
        return "thiếu câu hỏi"
    if not answer:
        return "thiếu câu trả lời"
    if len(question) > QUESTION_LIMIT:
        return f"câu hỏi dài hơn {QUESTION_LIMIT} ký tự"
    if len(answer) > ANSWER_LIMIT:
        return f"câu trả lời dài hơn {ANSWER_LIMIT} ký tự"
    return ""


def _table(title: str, rows: Sequence[Sequence[str]], fold: Fold) -> Iterator[Block]:
    if not any(any(row) for row in rows):
        return
    if title and not re.fullmatch(r"(?:sheet|trang tinh|trang)\s*\d*", fold(title)):
        yield Block(BlockKind.HEADING, title, 1)
    columns: Sequence[str] = ()
    for row in rows:
        cells = list(row)
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        if not columns and is_header(cells, fold):
            columns = cells
        elif columns:
            yield row_block(columns, cells)
        else:
            yield Block(BlockKind.PARAGRAPH, " ".join(cell for cell in cells if cell))
