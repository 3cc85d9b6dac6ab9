"""A report as an Excel workbook: a first sheet with heading and text, a sheet of numbers, one for each table.

Numbers are numbers, so that they can be added up. A text that a spreadsheet would run gets `'` before it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from bot import report_drawing as say
from bot.outreach.reports import Chart, Report, Row, Table
from bot.report_drawing import Paper
from bot.report_files import Cell, harmless

_BOLD, _TITLE = Font(bold=True), Font(bold=True, size=14)
_HEAD = PatternFill("solid", fgColor="E1EFED")
_WRAP = Alignment(wrap_text=True, vertical="top")
_CENTRE = Alignment(horizontal="center", vertical="top", wrap_text=True)
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]")
_NUMBERS = "#,##0"
"""The workbook's own; a Vietnamese Excel shows `1.234`."""


def draw_xlsx(report: Report, paper: Paper) -> bytes:
    """The file. Blocking."""
    book = Workbook()
    cover = book.active
    cover.title = "Báo cáo"
    _cover(cover, paper)
    _numbers(book.create_sheet("Số liệu chính"), report)
    for section in report.sections:
        for table in section.tables:
            if table.rows:
                _sheet(book, table)
        if section.chart is not None:
            _chart(book, section.chart)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _put(sheet: Any, row: int, column: int, cell: Cell, font: Any = None, look: Any = None) -> None:
    target = sheet.cell(row, column)
    value = harmless(_clean(cell)) if isinstance(cell, str) else cell
    target.value = value
    if isinstance(value, str):
        target.data_type = "s"  # never a formula, whatever it begins with
    elif isinstance(value, int):
        target.number_format = _NUMBERS
    if font is not None:
        target.font = font
    if look is not None:
        target.alignment = look


def _cover(sheet: Any, paper: Paper) -> None:
    sheet.column_dimensions["A"].width = 46
    sheet.column_dimensions["B"].width = 58
    head = paper.head
    for row, (left, right) in enumerate(
        (
            (head.superior_line, say.COUNTRY),
            (head.association.upper(), say.MOTTO),
            (say.NUMBER_LINE, head.date_line),
        ),
        1,
    ):
        _put(sheet, row, 1, left, _BOLD if row == 2 else None, _CENTRE)
        _put(sheet, row, 2, right, _BOLD if row < 3 else None, _CENTRE)
    row = 5
    for words, font in ((say.TITLE, _TITLE), (say.SUBJECT, _BOLD), (paper.period, _BOLD)):
        _merged(sheet, row, words, font, _CENTRE)
        row += 1
    lines: list[tuple[str, Any]] = [("", None), *((one, None) for one in paper.opening)]
    for chapter in paper.chapters:
        lines += [("", None), (chapter.title, _BOLD)]
        lines += [(one, None) for one in (*chapter.paragraphs, *chapter.notes)]
    for words, font in lines:
        _merged(sheet, row, words, font, _WRAP)
        sheet.row_dimensions[row].height = 16 * max(1, -(-len(words) // 105))
        row += 1
    for words in (say.SIGNED_FOR, say.SIGNED_BY, say.SIGN_HERE):
        row += 1
        _put(sheet, row, 2, words, None if words == say.SIGN_HERE else _BOLD, _CENTRE)


def _merged(sheet: Any, row: int, words: str, font: Any, look: Any) -> None:
    _put(sheet, row, 1, words, font, look)
    sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=2)


def _numbers(sheet: Any, report: Report) -> None:
    heading = (
        "Phần",
        "Nội dung",
        "Đơn vị",
        "Trong kỳ",
        report.before_name.capitalize(),
        "Thay đổi",
        "Đếm từ",
    )
    _head(sheet, 1, heading)
    row = 2
    for section in report.sections:
        for one in section.numbers:
            is_told = one.value is not None and one.before is not None
            moved = (one.value or 0) - (one.before or 0) if is_told else None
            value: Cell = one.shown if one.value is None else one.value
            cells = (section.title, one.label, one.unit, value, one.before, moved, one.counted)
            for column, cell in enumerate(cells, 1):
                _put(sheet, row, column, cell, look=_WRAP)
            row += 1
    for letter, width in zip("ABCDEFG", (34, 30, 12, 12, 14, 12, 80), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"


def _sheet(book: Any, table: Table) -> None:
    sheet = book.create_sheet(_name(table.title))
    _put(sheet, 1, 1, table.title, _TITLE)
    _put(sheet, 2, 1, table.counted)
    _head(sheet, 4, table.heading)
    rows = [*table.rows, *([Row(table.total)] if table.total else [])]
    for number, row in enumerate(rows, 5):
        is_total = bool(table.total) and number == 4 + len(rows)
        for column, cell in enumerate(row.cells, 1):
            _put(sheet, number, column, cell, _BOLD if is_total else None, _WRAP)
    for column, width in enumerate(_widths(table), 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "A5"


def _chart(book: Any, chart: Chart) -> None:
    sheet = book.create_sheet(_name(chart.title))
    _head(sheet, 1, chart.heading)
    for row, one in enumerate(chart.columns, 2):
        _put(sheet, row, 1, one.name)
        _put(sheet, row, 2, one.value)
    sheet.column_dimensions["A"].width = 24
    sheet.column_dimensions["B"].width = 14
    drawn = BarChart()
    drawn.title, drawn.legend, drawn.height, drawn.width = _clean(chart.title), None, 8, 18
    last = len(chart.columns) + 1
    drawn.add_data(Reference(sheet, min_col=2, min_row=1, max_row=last), titles_from_data=True)
    drawn.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=last))
    drawn.x_axis.delete = drawn.y_axis.delete = False
    sheet.add_chart(drawn, "D2")


def _head(sheet: Any, row: int, heading: Sequence[str]) -> None:
    for column, name in enumerate(heading, 1):
        _put(sheet, row, column, name, _BOLD, _WRAP)
        sheet.cell(row, column).fill = _HEAD


def _widths(table: Table) -> list[int]:
    rows = [table.heading, *(row.cells for row in table.rows)]
    return [
        min(70, max(12, *(len(str(row[column] or "")) for row in rows)) + 2)
        for column in range(len(table.heading))
    ]


def _name(title: str) -> str:
    """As a sheet may be called; the library puts a number behind the second of a name."""
    return _NOT_IN_NAMES.sub(" ", _clean(title))[:28].strip() or "Bảng"


def _clean(text: str) -> str:
    """Without what no workbook may hold, and without what turns the direction of writing round."""
    return "".join(one for one in text if one.isprintable() or one in "\n\xa0")
