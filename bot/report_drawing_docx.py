"""A report as a Word document, to be read over, changed and signed. Nothing in a text is markup."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from bot import charts
from bot import report_drawing as say
from bot.outreach.reports import Chart
from bot.report_drawing import Chapter, Grid, Letterhead, Paper
from bot.sheets import colours as c
from bot.sheets.brush import Brush
from bot.sheets.fonts import Weight, printable

_FACE = "Times New Roman"
"""What offices expect, and what every word processor has; it has all Vietnamese letters."""
_CENTRE, _RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT
_LINE, _PARAGRAPH = 600, 4000
_WIDE = 16.5
"""Centimetres between the margins."""


def draw_docx(paper: Paper) -> bytes:
    """The file. Blocking."""
    document = Document()
    _set_up(document, paper)
    _heading(document, paper.head)
    for words, size in ((say.TITLE, 15), (say.SUBJECT, 13), (paper.period, 13)):
        _write(document.add_paragraph(), words, bold=True, size=size, align=_CENTRE, after=0)
    document.add_paragraph()
    for one in paper.opening:
        _write(document.add_paragraph(), one)
    for chapter in paper.chapters:
        _chapter(document, chapter)
    _signature(document)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _set_up(document: Any, paper: Paper) -> None:
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin, page.right_margin = Cm(2.8), Cm(1.7)
    page.top_margin = page.bottom_margin = Cm(2)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = _FACE, Pt(13)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), _FACE)
    known = document.core_properties
    known.title = f"{say.SUBJECT}, {paper.period}"
    known.author = printable(paper.head.association, 160)
    known.language = "vi-VN"
    known.comments = ""


def _write(
    paragraph: Any,
    words: str,
    *,
    bold: bool = False,
    italic: bool = False,
    size: float = 13,
    align: Any = None,
    after: float = 4,
    colour: c.Colour | None = None,
) -> Any:
    run = paragraph.add_run(printable(words, _PARAGRAPH))
    run.bold, run.italic, run.font.size = bold, italic, Pt(size)
    if colour is not None:
        run.font.color.rgb = RGBColor(*colour)
    paragraph.paragraph_format.space_after = Pt(after)
    paragraph.paragraph_format.space_before = Pt(0)
    if align is not None:
        paragraph.alignment = align
    return paragraph


def _heading(document: Any, head: Letterhead) -> None:
    table = document.add_table(rows=1, cols=2)
    _lay_out(table, (7.3, 9.2))
    left, right = table.rows[0].cells
    _lines(left, ((head.superior_line, False), (head.association.upper(), True)), 10.5)
    _write(left.add_paragraph(), "—————", size=8, align=_CENTRE, after=0)
    _write(left.add_paragraph(), say.NUMBER_LINE, size=12, align=_CENTRE)
    _lines(right, ((say.COUNTRY, True), (say.MOTTO, True)), 11)
    _write(right.add_paragraph(), "———————————", size=8, align=_CENTRE, after=0)
    _write(right.add_paragraph(), head.date_line, italic=True, size=12, align=_CENTRE, after=10)


def _lines(cell: Any, lines: Sequence[tuple[str, bool]], size: float) -> None:
    for number, (words, bold) in enumerate(lines):
        paragraph = cell.add_paragraph() if number else cell.paragraphs[0]
        _write(paragraph, words, bold=bold, size=size, align=_CENTRE, after=0)


def _chapter(document: Any, chapter: Chapter) -> None:
    heading = document.add_heading(level=2)
    _write(heading, chapter.title, bold=True, size=13.5, colour=c.INK)
    heading.paragraph_format.keep_with_next = True
    heading.runs[0].font.name = _FACE
    heading.paragraph_format.space_before = Pt(10)
    for one in (*chapter.paragraphs, *chapter.notes):
        _write(document.add_paragraph(), one, align=WD_ALIGN_PARAGRAPH.JUSTIFY)
    for place, grid in enumerate(chapter.grids):
        _grid(document, grid)
        if not place and chapter.chart is not None:
            picture = io.BytesIO(_picture(chapter.chart))
            title = _write(document.add_paragraph(), chapter.chart.title, bold=True, size=12)
            title.paragraph_format.keep_with_next = True
            document.add_picture(picture, width=Cm(_WIDE))
            shape = document.inline_shapes[-1]
            said = "; ".join(f"{one.name}: {charts.number(one.value)}" for one in chapter.chart.columns)
            shape._inline.docPr.set("descr", printable(f"{chapter.chart.title}. {said}", _PARAGRAPH))


def _grid(document: Any, grid: Grid) -> None:
    if grid.title:
        title = _write(document.add_paragraph(), grid.title, bold=True, size=12)
        title.paragraph_format.keep_with_next = True
        title.paragraph_format.space_before = Pt(6)
    rows = [grid.heading, *grid.rows, *([grid.total] if grid.total else [])]
    table = document.add_table(rows=len(rows), cols=len(grid.heading))
    table.style, table.alignment = "Table Grid", WD_TABLE_ALIGNMENT.CENTER
    size = 9 if len(grid.heading) > 6 else 11
    _lay_out(table, _widths(grid))
    for number, (row, words) in enumerate(zip(table.rows, rows, strict=True)):
        is_bold = not number or (bool(grid.total) and number == len(rows) - 1)
        for place, (cell, one) in enumerate(zip(row.cells, words, strict=True)):
            is_number = place > 0 and (one[:1].isdigit() or one[:1] in ("+", "-"))
            align = _CENTRE if not number else _RIGHT if is_number else None
            _write(cell.paragraphs[0], one, bold=is_bold, size=size, align=align, after=1)
    _repeat(table.rows[0])
    _write(document.add_paragraph(), grid.counted, italic=True, size=9, colour=c.MUTED, after=6)


def _widths(grid: Grid) -> list[float]:
    others = len(grid.heading) - 1
    if not grid.title:
        return [5.6, 3.4, 2.9, 4.6]
    if not any(row[1][:1].isdigit() for row in grid.rows) and others == 2:  # number, name, version
        return [4.0, 10.0, 2.5]
    narrow = min(3.4, (_WIDE * (0.74 if others > 5 else 0.6)) / max(1, others))
    return [_WIDE - narrow * others, *([narrow] * others)]


def _lay_out(table: Any, widths: Sequence[float]) -> None:
    """Columns so wide, in centimetres: Word goes by the cells, others by the columns."""
    table.autofit = False
    for place, width in enumerate(widths):
        table.columns[place].width = Cm(width)
        for cell in table.columns[place].cells:
            cell.width = Cm(width)


def _repeat(row: Any) -> None:
    """The heading stands on every page the table goes on to."""
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)


def _picture(chart: Chart) -> bytes:
    """The chart as a PNG picture, twice as fine as it is shown."""
    width, high, foot = 1280, 300, 60
    brush = Brush(width, high + foot, c.WHITE)
    most = max((one.value for one in chart.columns), default=0) or 1
    room = width / max(1, len(chart.columns))
    bar = min(room * 0.6, 170)
    brush.box(0, high, width, high + 2, 0, c.MUTED)
    for place, one in enumerate(chart.columns):
        middle = room * (place + 0.5)
        top = round(high - (high - 50) * one.value / most)
        if one.value:
            brush.box(round(middle - bar / 2), top, round(middle + bar / 2), high, 0, c.BRAND)
        brush.text((middle, top - 10), charts.number(one.value), Weight.SEMIBOLD, 24, c.INK, "ms")
        name = one.name if len(chart.columns) <= 6 else one.label
        brush.text((middle, high + 38), printable(name, 20), Weight.REGULAR, 22, c.MUTED, "ms")
    return brush.png(high + foot)


def _signature(document: Any) -> None:
    document.add_paragraph()
    for one in document.paragraphs[-2:]:
        one.paragraph_format.keep_with_next = True  # the place to sign never stands on a page of its own
    table = document.add_table(rows=1, cols=2)
    left, right = table.rows[0].cells
    _write(left.paragraphs[0], say.RECEIVERS[0], bold=True, italic=True, size=12, after=0)
    for one in say.RECEIVERS[1:]:
        _write(left.add_paragraph(), one, size=11, after=0)
    _lines(right, ((say.SIGNED_FOR, True), (say.SIGNED_BY, True)), 13)
    _write(right.add_paragraph(), say.SIGN_HERE, italic=True, size=11, align=_CENTRE, after=60)
