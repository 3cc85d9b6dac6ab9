"""Tables as text for a terminal, as CSV and as an Excel workbook.

A cell that came from a citizen must never become a formula: spreadsheet programs run what begins like one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Cell = str | int | float | None

_FORMULA = ("=", "+", "-", "@", "|", "＝", "＋", "－", "＠")
_WIDEST = 60


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading."""

    title: str
    """At most 31 characters, none of []:*?/\\ (it becomes the name of a sheet)."""
    heading: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Tables with what must be known to read them."""

    title: str
    notes: tuple[str, ...]
    tables: tuple[Table, ...]


def written_as(form: str, figures: Figures) -> bytes:
    """The file in one of FORMS. Raises KeyError on any other."""
    return FORMS[form](figures)


def as_text(figures: Figures) -> bytes:
    """For reading in a terminal."""
    lines = [figures.title, ""]
    for table in figures.tables:
        lines += [table.title.upper(), *_aligned(table), ""]
    return "\n".join([*lines, *(f"* {note}" for note in figures.notes), ""]).encode()


def as_csv(figures: Figures) -> bytes:
    """UTF-8 with the mark Excel knows it by; the tables below each other, with an empty line between."""
    written = io.StringIO(newline="")
    lines: list[Sequence[Cell]] = [[figures.title]]
    for table in figures.tables:
        lines += [[], [table.title], table.heading, *table.rows]
    lines += [[], *([note] for note in figures.notes)]
    csv.writer(written).writerows([harmless(cell) for cell in line] for line in lines)
    return written.getvalue().encode("utf-8-sig")


def as_workbook(figures: Figures) -> bytes:
    """An Excel workbook, a sheet for each table."""
    # Only for whoever writes one: loading it takes a tenth of a second of every start.
    from openpyxl import Workbook  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    book = Workbook(write_only=True)
    for number, table in enumerate(figures.tables):
        sheet = book.create_sheet(table.title)
        for column, width in enumerate(_widths(table), 1):
            sheet.column_dimensions[get_column_letter(column)].width = min(width, _WIDEST) + 2
        sheet.append([_styled(sheet, figures.title)])
        if not number:
            for note in figures.notes:
                sheet.append([harmless(note)])
        sheet.append([])
        sheet.append([_styled(sheet, name) for name in table.heading])
        for row in table.rows:
            sheet.append([harmless(cell) for cell in row])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def harmless(cell: Cell) -> Cell:
    """A cell that no spreadsheet program takes for a formula."""
    if not isinstance(cell, str):
        return cell
    is_one = cell.lstrip().startswith(_FORMULA) or cell.startswith(("\t", "\r", "\n"))
    return f"'{cell}" if is_one else cell


def _styled(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415

    made = WriteOnlyCell(sheet, harmless(text))
    made.font, made.alignment = Font(bold=True), Alignment(vertical="top")
    return made


def _aligned(table: Table) -> list[str]:
    if not table.rows:
        return ["(chưa có số liệu)"]
    widths = _widths(table)
    return [_line(table.heading, widths), *(_line(row, widths) for row in table.rows)]


def _line(row: Sequence[Cell], widths: Sequence[int]) -> str:
    told = [_told(cell) for cell in row]
    padded = [
        text.rjust(width) if isinstance(cell, int | float) else text.ljust(width)
        for cell, text, width in zip(row, told, widths, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _widths(table: Table) -> list[int]:
    rows = (table.heading, *table.rows)
    return [max(len(_told(row[column])) for row in rows) for column in range(len(table.heading))]


def _told(cell: Cell) -> str:
    if cell is None:
        return "–"
    return f"{cell:.1f}".replace(".", ",") if isinstance(cell, float) else str(cell)


FORMS: dict[str, Callable[[Figures], bytes]] = {"text": as_text, "csv": as_csv, "xlsx": as_workbook}
"""How tables can be written."""
