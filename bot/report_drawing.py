"""Reports as files to hand in: DOCX, PDF and XLSX with the official heading and the place to sign.

What stands in them is put together here once, as blocks, and drawn by one module for each form; those load
their libraries when they draw their first file. The same report gives the same bytes. Every text may come
from outside and is drawn as text only.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot import charts
from bot.outreach.reports import Chart, Number, Report, Section, Table
from bot.report_files import Cell

COUNTRY = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
NUMBER_LINE = "Số: ......../BC-HKH"
DATE_LINE = "ngày ...... tháng ...... năm 20......"
TITLE = "BÁO CÁO"
SUBJECT = "Hỏi đáp và nhắc tin khuyến học qua trợ lý tự động"
SIGNED_FOR = "TM. BAN THƯỜNG VỤ"
SIGNED_BY = "CHỦ TỊCH"
SIGN_HERE = "(ký, ghi rõ họ tên, đóng dấu)"
RECEIVERS = ("Nơi nhận:", "- Hội cấp trên;", "- Lưu: VP.")
NOTHING = "Không có số liệu trong kỳ này."
_SUPERIOR_BLANK = "HỘI KHUYẾN HỌC ................................"
_PLACE_BLANK = "...................."
_LONGEST_NOTE = 4000


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands above and below every report."""

    association: str
    superior: str = ""
    """Empty: dots to write on."""
    place: str = ""

    @property
    def superior_line(self) -> str:
        """In capitals."""
        return self.superior.upper() or _SUPERIOR_BLANK

    @property
    def date_line(self) -> str:
        """`Hà Nội, ngày ...... tháng ...... năm 20......`"""
        return f"{self.place or _PLACE_BLANK}, {DATE_LINE}"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as it is drawn."""

    title: str
    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...]
    counted: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A section as it is drawn."""

    title: str
    """Numbered: `1. Người dân đến với Hội`."""
    paragraphs: tuple[str, ...]
    notes: tuple[str, ...]
    """What staff wrote, in paragraphs."""
    grids: tuple[Grid, ...]
    chart: Chart | None


@dataclass(frozen=True, slots=True)
class Paper:
    """A whole report as it is drawn."""

    head: Letterhead
    period: str
    """`Tháng 10 năm 2026`."""
    opening: tuple[str, ...]
    chapters: tuple[Chapter, ...]


def paper(report: Report, notes: Mapping[str, str], head: Letterhead) -> Paper:
    """The report with what staff wrote into it."""
    opening = [f"Số liệu {report.span}. {report.compared}"]
    if report.as_of:
        opening.append(f"Kỳ này chưa kết thúc: số liệu tính đến {report.as_of}.")
    chapters = [
        _chapter(number, one, notes.get(one.id, ""), report.before_name)
        for number, one in enumerate(report.sections, 1)
    ]
    if closing := _paragraphs(notes.get(CLOSING, "")):
        chapters.append(Chapter(f"{len(chapters) + 1}. {CLOSING_TITLE}", (), closing, (), None))
    return Paper(head, _capital(report.name), tuple(opening), tuple(chapters))


CLOSING, CLOSING_TITLE = "kien-nghi", "Nhận xét và kiến nghị"
"""The one section that is only what staff write."""


def drawn(form: str, report: Report, notes: Mapping[str, str], head: Letterhead) -> bytes:
    """The file in one of FORMS. Blocking, up to a second; raises KeyError on any other form."""
    return _DRAWERS[form](report, notes, head)


def _docx(report: Report, notes: Mapping[str, str], head: Letterhead) -> bytes:
    from bot.report_drawing_docx import draw_docx  # noqa: PLC0415 - heavy; only for whoever draws one

    return steady(draw_docx(paper(report, notes, head)))


def _pdf(report: Report, notes: Mapping[str, str], head: Letterhead) -> bytes:
    from bot.report_drawing_pdf import draw_pdf  # noqa: PLC0415 - heavy; only for whoever draws one

    return draw_pdf(paper(report, notes, head))


def _xlsx(report: Report, notes: Mapping[str, str], head: Letterhead) -> bytes:
    from bot.report_drawing_xlsx import draw_xlsx  # noqa: PLC0415 - heavy; only for whoever draws one

    return steady(draw_xlsx(report, paper(report, notes, head)))


_DRAWERS: Mapping[str, Callable[[Report, Mapping[str, str], Letterhead], bytes]] = {
    "docx": _docx,
    "xlsx": _xlsx,
    "pdf": _pdf,
}
FORMS = tuple(_DRAWERS)
MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


# --- blocks ------------------------------------------------------------------------------------------


def _chapter(number: int, section: Section, note: str, before_name: str) -> Chapter:
    grids = [_of_numbers(section.numbers, before_name)] if section.numbers else []
    grids += [_of_table(one) for one in section.tables if one.rows]
    return Chapter(
        f"{number}. {section.title}",
        section.sentences,
        _paragraphs(note),
        tuple(grids),
        section.chart,
    )


def _of_numbers(numbers: tuple[Number, ...], before_name: str) -> Grid:
    rows = tuple(
        (
            one.label,
            one.shown,
            "" if one.before is None else charts.number(one.before),
            one.change(before_name),
        )
        for one in numbers
    )
    counted = " ".join(f"{one.label}: {one.counted}" for one in numbers)
    return Grid("", ("Nội dung", "Trong kỳ", _capital(before_name), "Thay đổi"), rows, (), counted)


def _of_table(table: Table) -> Grid:
    return Grid(
        table.title,
        table.heading,
        tuple(tuple(map(told, one.cells)) for one in table.rows),
        tuple(map(told, table.total)),
        table.counted,
    )


def told(cell: Cell) -> str:
    """A cell in Vietnamese."""
    if cell is None:
        return ""
    if isinstance(cell, int):
        return charts.number(cell)
    return charts.decimal(cell) if isinstance(cell, float) else cell


def _paragraphs(note: str) -> tuple[str, ...]:
    lines = (" ".join(line.split()) for line in note[:_LONGEST_NOTE].splitlines())
    return tuple(line for line in lines if line)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


# --- the same bytes for the same report ----------------------------------------------------------------

_MOMENT = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def steady(file: bytes) -> bytes:
    """An office file without the moment it was written at."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as old, zipfile.ZipFile(written, "w") as new:
        for info in old.infolist():
            body = old.read(info)
            if info.filename == "docProps/core.xml":
                body = _MOMENT.sub(rb"\g<1>2000-01-01T00:00:00Z\g<2>", body)
            kept = zipfile.ZipInfo(info.filename, _LONG_AGO)
            kept.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(kept, body)
    return written.getvalue()
