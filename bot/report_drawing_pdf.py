"""A report as PDF: A4, Be Vietnam Pro, the chart as vectors. Nothing in a text is markup."""

from __future__ import annotations

import io
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from bot import charts
from bot import report_drawing as say
from bot.outreach.reports import Chart
from bot.report_drawing import Chapter, Grid, Letterhead, Paper
from bot.sheets import colours as c
from bot.sheets.a4 import ONE_AT_A_TIME, colour_of, font, register_fonts
from bot.sheets.fonts import Weight, printable

_LEFT, _RIGHT, _TOP, _BOTTOM = 25 * mm, 17 * mm, 18 * mm, 18 * mm
_WIDTH = A4[0] - _LEFT - _RIGHT
_LINE = 600
"""Characters of one text that are printed."""
_PARAGRAPH = 4000


def draw_pdf(paper: Paper) -> bytes:
    """The file. Blocking; the same bytes for the same report."""
    register_fonts()
    document = io.BytesIO()
    title = f"{say.SUBJECT}, {paper.period}"
    template = BaseDocTemplate(
        document,
        pagesize=A4,
        pageTemplates=[PageTemplate(frames=[_frame()], onPage=_foot)],
        title=title,
        author=printable(paper.head.association, 160),
        creator="khuyenhoc",
        lang="vi-VN",
        invariant=1,
        initialFontName=font(Weight.REGULAR),
    )
    blocks: list[Flowable] = [_heading(paper.head), Spacer(0, 6 * mm)]
    blocks += [
        _text(say.TITLE, _style(15, Weight.BOLD, alignment=TA_CENTER)),
        _text(say.SUBJECT, _style(12, Weight.SEMIBOLD, alignment=TA_CENTER)),
        _text(paper.period, _style(12, Weight.SEMIBOLD, alignment=TA_CENTER)),
        Spacer(0, 5 * mm),
        *(_text(one, _style(10.5, alignment=TA_JUSTIFY), _PARAGRAPH) for one in paper.opening),
    ]
    for chapter in paper.chapters:
        blocks += _chapter(chapter)
    # The place to sign never stands on a page of its own.
    last = [blocks.pop()] if isinstance(blocks[-1], Paragraph) else []
    blocks.append(KeepTogether([*last, *_signature()]))
    with ONE_AT_A_TIME:
        template.build(blocks)
    return document.getvalue()


def _frame() -> Frame:
    return Frame(
        _LEFT,
        _BOTTOM,
        _WIDTH,
        A4[1] - _TOP - _BOTTOM,
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
    )


def _foot(canvas: Any, _: Any) -> None:
    canvas.setFont(font(Weight.REGULAR), 9)
    canvas.setFillColor(colour_of(c.MUTED))
    canvas.drawCentredString(A4[0] / 2, 9 * mm, str(canvas.getPageNumber()))


def _style(
    size: float, weight: Weight = Weight.REGULAR, colour: c.Colour = c.INK, **other: Any
) -> ParagraphStyle:
    return ParagraphStyle(
        "text",
        fontName=font(weight),
        fontSize=size,
        leading=size * 1.42,
        textColor=colour_of(colour),
        splitLongWords=1,
        **other,
    )


def _text(words: str, style: ParagraphStyle, most: int = _LINE) -> Paragraph:
    """Words as they are: nothing in them is markup."""
    return Paragraph(escape(printable(words, most)), style)


def _heading(head: Letterhead) -> Flowable:
    plain = _style(10, alignment=TA_CENTER)
    bold = _style(10, Weight.BOLD, alignment=TA_CENTER)
    left = [
        _text(head.superior_line, plain),
        _text(head.association.upper(), bold),
        _Rule(28 * mm),
        _text(say.NUMBER_LINE, plain),
    ]
    right = [
        _text(say.COUNTRY, bold),
        _text(say.MOTTO, _style(10.5, Weight.BOLD, alignment=TA_CENTER)),
        _Rule(48 * mm),
        _text(head.date_line, _style(9.5, alignment=TA_CENTER)),
    ]
    table = Table([[left, right]], colWidths=[_WIDTH * 0.43, _WIDTH * 0.57])
    table.setStyle(
        [
            ("FONTNAME", (0, 0), (-1, -1), font(Weight.REGULAR)),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ]
    )
    return table


class _Rule(Flowable):
    """A line in the middle, under a name."""

    def __init__(self, length: float) -> None:
        super().__init__()
        self._length = length

    def wrap(self, room: float, _: float) -> tuple[float, float]:
        self._room = room
        return room, 2.6 * mm

    def draw(self) -> None:
        self.canv.setStrokeColor(colour_of(c.INK))
        self.canv.setLineWidth(0.7)
        start = (self._room - self._length) / 2
        self.canv.line(start, 1.8 * mm, start + self._length, 1.8 * mm)


def _chapter(chapter: Chapter) -> list[Flowable]:
    body = _style(10.5, alignment=TA_JUSTIFY, spaceAfter=3)
    made: list[Flowable] = [
        CondPageBreak(45 * mm),
        _text(
            chapter.title,
            _style(12, Weight.BOLD, c.BRAND_DEEP, spaceBefore=10, spaceAfter=3, keepWithNext=1),
        ),
    ]
    made += [_text(one, body, _PARAGRAPH) for one in chapter.paragraphs]
    made += [_text(one, body, _PARAGRAPH) for one in chapter.notes]
    for place, grid in enumerate(chapter.grids):
        made += _grid(grid)
        if not place and chapter.chart is not None:
            made.append(KeepTogether([Spacer(0, 2 * mm), _ColumnChart(chapter.chart)]))
    return made


def _grid(grid: Grid) -> list[Flowable]:
    wide = len(grid.heading) > 6
    size = 8.0 if wide else 9.0
    cell, number = _style(size), _style(size, alignment=TA_RIGHT)
    head = _style(size, Weight.SEMIBOLD, c.BRAND_DEEP)
    head_right = _style(size, Weight.SEMIBOLD, c.BRAND_DEEP, alignment=TA_RIGHT)
    bold, bold_right = _style(size, Weight.BOLD), _style(size, Weight.BOLD, alignment=TA_RIGHT)
    right = _right_aligned(grid)
    rows = [[_text(one, head_right if n in right else head) for n, one in enumerate(grid.heading)]]
    rows += [[_text(one, number if n in right else cell) for n, one in enumerate(row)] for row in grid.rows]
    looks: list[Any] = [
        ("FONTNAME", (0, 0), (-1, -1), font(Weight.REGULAR)),
        ("BACKGROUND", (0, 0), (-1, 0), colour_of(c.ENOUGH_SOFT)),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, colour_of(c.LINE)),
        ("LINEABOVE", (0, 0), (-1, 0), 0.8, colour_of(c.BRAND)),
        ("LINEBELOW", (0, -1), (-1, -1), 0.8, colour_of(c.BRAND)),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ("LEFTPADDING", (0, 0), (-1, -1), 4),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ]
    if grid.total:
        rows.append([_text(one, bold_right if n in right else bold) for n, one in enumerate(grid.total)])
        looks.append(("LINEABOVE", (0, -1), (-1, -1), 0.8, colour_of(c.BRAND)))
    table = Table(rows, colWidths=_widths(grid), repeatRows=1)
    table.setStyle(looks)
    made: list[Flowable] = []
    if grid.title:
        made.append(
            _text(grid.title, _style(10, Weight.SEMIBOLD, spaceBefore=7, spaceAfter=2, keepWithNext=1))
        )
    made.append(table)
    made.append(_text(grid.counted, _style(7.5, colour=c.MUTED, spaceBefore=2, spaceAfter=4), _PARAGRAPH))
    return [KeepTogether(made)] if len(grid.rows) <= 14 else made


def _right_aligned(grid: Grid) -> set[int]:
    """Columns of numbers: all but the first, and but those of words."""
    if not grid.title:
        return {1, 2, 3}
    return {
        n
        for n in range(1, len(grid.heading))
        if any(row[n][:1].isdigit() or row[n][:1] in "+-" for row in grid.rows if row[n])
    }


def _widths(grid: Grid) -> list[float]:
    """The first column takes what the others leave; columns of words take as much as it."""
    right = _right_aligned(grid)
    count = len(grid.heading)
    words = [n for n in range(count) if n not in right]
    if not grid.title:  # the numbers
        return [_WIDTH * share for share in (0.36, 0.2, 0.16, 0.28)]
    if not right and count == 3:  # number, name and version of documents
        return [_WIDTH * share for share in (0.24, 0.62, 0.14)]
    narrow = min(32 * mm, (_WIDTH * (0.72 if count > 6 else 0.55)) / max(1, len(right)))
    rest = (_WIDTH - narrow * len(right)) / len(words)
    return [narrow if n in right else rest for n in range(count)]


class _ColumnChart(Flowable):
    """Columns with their numbers above them."""

    _HIGH, _FOOT = 34 * mm, 6 * mm

    def __init__(self, chart: Chart) -> None:
        super().__init__()
        self._chart = chart
        self.width, self.height = _WIDTH, self._HIGH + self._FOOT + 9 * mm

    def wrap(self, *_: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        canvas, columns = self.canv, self._chart.columns
        most = max((one.value for one in columns), default=0) or 1
        canvas.setFillColor(colour_of(c.INK))
        canvas.setFont(font(Weight.SEMIBOLD), 10)
        canvas.drawString(0, self.height - 4 * mm, printable(self._chart.title, 100))
        room = self.width / max(1, len(columns))
        bar = min(room * 0.6, 22 * mm)
        for place, one in enumerate(columns):
            middle, high = room * (place + 0.5), (self._HIGH - 4 * mm) * one.value / most
            canvas.setFillColor(colour_of(c.BRAND))
            canvas.rect(middle - bar / 2, self._FOOT, bar, high, stroke=0, fill=1)
            canvas.setFillColor(colour_of(c.INK))
            canvas.setFont(font(Weight.SEMIBOLD), 8)
            canvas.drawCentredString(middle, self._FOOT + high + 1.2 * mm, charts.number(one.value))
            canvas.setFillColor(colour_of(c.MUTED))
            canvas.setFont(font(Weight.REGULAR), 8)
            name = one.name if len(columns) <= 6 else one.label
            canvas.drawCentredString(middle, 1.5 * mm, printable(name, 20))
        canvas.setStrokeColor(colour_of(c.MUTED))
        canvas.setLineWidth(0.6)
        canvas.line(0, self._FOOT, self.width, self._FOOT)


def _signature() -> list[Flowable]:
    bold = _style(10.5, Weight.BOLD, alignment=TA_CENTER)
    left = [_text(say.RECEIVERS[0], _style(9.5, Weight.SEMIBOLD))]
    left += [_text(one, _style(9)) for one in say.RECEIVERS[1:]]
    right = [
        _text(say.SIGNED_FOR, bold),
        _text(say.SIGNED_BY, bold),
        _text(say.SIGN_HERE, _style(9, colour=c.MUTED, alignment=TA_CENTER)),
    ]
    table = Table([[left, right]], colWidths=[_WIDTH * 0.5, _WIDTH * 0.5])
    table.setStyle(
        [("FONTNAME", (0, 0), (-1, -1), font(Weight.REGULAR)), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    )
    return [Spacer(0, 8 * mm), table, Spacer(0, 22 * mm)]
