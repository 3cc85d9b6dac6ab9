"""The paper: the A4 sheet of a self-assessment, to be printed, completed and signed by hand, and handed in.

Name, birthday and address stay blank lines: they are written by hand and never pass through the bot. Evidence
comes from outside and is drawn as text only, however odd it is; it may take further pages.
"""

from __future__ import annotations

import io
from collections import Counter
from datetime import date, tzinfo
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from bot.flows.results import AssessmentResult
from bot.sheets import colours as c
from bot.sheets.fonts import FAMILY, Weight, font_file, printable
from bot.sheets.wording import (
    ONLY_A_GUIDE,
    VIETNAM,
    change,
    day,
    judged,
    named_evidence,
    written_day,
)
from knowledge.criteria import CriteriaSet

_SIDE, _TOP, _BOTTOM = 18 * mm, 12 * mm, 15 * mm
_WIDTH = A4[0] - 2 * _SIDE
_PIECE = 300
"""Characters of one piece of evidence that are printed."""
_PIECES = 60
"""Pieces of evidence that are printed; the rest is counted."""
_BLANK_LINES = 3
_FACE = ("FONTNAME", (0, 0), (-1, -1), f"{FAMILY}-{Weight.REGULAR}")
"""Of a table's own: without it even an empty cell would ask for a font that is not in the file."""


def draw_paper(
    result: AssessmentResult,
    criteria: CriteriaSet,
    association: str,
    compared: AssessmentResult | None = None,
    zone: tzinfo = VIETNAM,
) -> bytes:
    """A PDF file, A4: one page when little evidence was given; the same bytes for the same result.

    Blocking, a fraction of a second; not for two threads at once. Raises ValueError or KeyError when the
    result is not of this set.
    """
    _register_fonts()
    association = printable(association, 160)
    document, title = io.BytesIO(), f"Phiếu tự đánh giá Công dân học tập {result.code}"
    template = BaseDocTemplate(
        document,
        pagesize=A4,
        pageTemplates=[PageTemplate(frames=[_frame()])],
        title=title,
        author=association,
        subject=f"Tự chấm theo {criteria.document}. {ONLY_A_GUIDE}",
        creator="khuyenhoc",
        lang="vi-VN",
        invariant=1,
        initialFontName=_font(Weight.REGULAR),
    )
    template.build(
        [
            *_heading(result, criteria, association),
            *_person(result, criteria, zone),
            _points(result, criteria),
            Spacer(0, 3 * mm),
            _verdict(result, criteria, compared, zone),
            *_evidence(result, criteria),
            _signatures(),
        ],
        canvasmaker=_numbering(result.code),
    )
    return document.getvalue()


@cache
def _register_fonts() -> None:
    for weight in Weight:
        pdfmetrics.registerFont(TTFont(_font(weight), str(font_file(weight))))


def _frame() -> Frame:
    height = A4[1] - _TOP - _BOTTOM
    return Frame(_SIDE, _BOTTOM, _WIDTH, height, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)


def _font(weight: Weight) -> str:
    return f"{FAMILY}-{weight}"


def _colour(colour: c.Colour) -> Color:
    return Color(*c.fraction(colour))


def _style(
    size: float,
    weight: Weight = Weight.REGULAR,
    colour: c.Colour = c.INK,
    leading: float = 1.42,
    **other: Any,
) -> ParagraphStyle:
    return ParagraphStyle(
        f"{weight}{size}",
        fontName=_font(weight),
        fontSize=size,
        leading=size * leading,
        textColor=_colour(colour),
        splitLongWords=1,
        **other,
    )


def _text(words: str, style: ParagraphStyle) -> Paragraph:
    """Words as they are: nothing in them is markup."""
    return Paragraph(escape(words), style)


def _heading(result: AssessmentResult, criteria: CriteriaSet, association: str) -> list[Flowable]:
    code = [
        _text("Mã phiếu", _style(8.5, colour=c.MUTED, alignment=TA_RIGHT)),
        _text(result.code, _style(11.5, Weight.BOLD, alignment=TA_RIGHT)),
    ]
    name = _text(association.upper(), _style(10.5, Weight.BOLD, c.BRAND))
    top = Table([[name, code]], colWidths=[_WIDTH - 45 * mm, 45 * mm])
    top.setStyle(
        [
            _FACE,
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("LINEBELOW", (0, 0), (-1, -1), 1.2, _colour(c.BRAND)),
        ]
    )
    since = written_day(date.fromisoformat(criteria.in_force_from))
    under = f"Theo bộ tiêu chí {criteria.document}, ngày {since}"
    return [
        top,
        Spacer(0, 4 * mm),
        _text("PHIẾU TỰ ĐÁNH GIÁ", _style(13, Weight.SEMIBOLD, c.MUTED, 1.3, alignment=TA_CENTER)),
        _text("CÔNG DÂN HỌC TẬP", _style(21, Weight.BOLD, c.BRAND, 1.3, alignment=TA_CENTER)),
        _text(under, _style(9.5, colour=c.MUTED, alignment=TA_CENTER)),
        Spacer(0, 3 * mm),
    ]


def _person(result: AssessmentResult, criteria: CriteriaSet, zone: tzinfo) -> list[Flowable]:
    """What is filled in by hand, and what is known: group, commune, day."""
    label, value = _style(10, leading=1.2), _style(10, Weight.SEMIBOLD, leading=1.2)
    group = printable(criteria.group(result.group).name, 80)
    place = printable(result.place, 80)
    rows = [
        ("Họ và tên:", "", "Ngày sinh:", ""),
        ("Xã, phường:", place, "Thôn, tổ, phố:", ""),
        ("Nhóm:", group, "Ngày tự chấm:", day(result.finished_at, zone)),
    ]
    cells = [
        [_text(first, label), _text(given, value), None, _text(second, label), _text(known, value)]
        for first, given, second, known in rows
    ]
    blanks = [
        ("LINEBELOW", (column, row), (column, row), 0.6, _colour(c.MUTED), None, (0.6, 2.2))
        for row, (_, given, _, known) in enumerate(rows)
        for column, words in ((1, given), (4, known))
        if not words
    ]
    table = Table(cells, colWidths=[23 * mm, _WIDTH - 95 * mm, 6 * mm, 27 * mm, 39 * mm])
    table.setStyle(
        [
            _FACE,
            ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -2), 11),  # room for handwriting
            ("TOPPADDING", (0, -1), (-1, -1), 8),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            *blanks,
        ]
    )
    return [table, Spacer(0, 4 * mm)]


def _points(result: AssessmentResult, criteria: CriteriaSet) -> Table:
    """The indicators under their competencies, with a column for the Hội to fill in."""
    head = _style(8.5, Weight.SEMIBOLD, c.WHITE, 1.3)
    head_middle = _style(8.5, Weight.SEMIBOLD, c.WHITE, 1.3, alignment=TA_CENTER)
    name, middle = _style(9.5, leading=1.28), _style(9.5, leading=1.28, alignment=TA_CENTER)
    bold = _style(10, Weight.BOLD, leading=1.28, alignment=TA_CENTER)
    group_name = _style(9.5, Weight.SEMIBOLD, c.BRAND_DEEP, 1.28)
    group_sum = _style(9.5, Weight.SEMIBOLD, c.BRAND_DEEP, 1.28, alignment=TA_CENTER)
    pieces = Counter(evidence.indicator for evidence in result.evidence)
    below = criteria.verdict(result.points).below
    titles = ["Điểm tối đa", "Tự chấm", "Minh chứng", "Hội xem xét"]
    rows: list[list[Any]] = [
        [_text("", head), _text("Năng lực và chỉ số", head), *(_text(title, head_middle) for title in titles)]
    ]
    looks: list[Any] = []
    marked = list(zip(criteria.indicators, result.points, strict=True))
    for competency, got, most in criteria.by_competency(result.points):
        looks += [("BACKGROUND", (0, len(rows)), (-1, len(rows)), _colour(c.ENOUGH_SOFT))]
        looks += [("SPAN", (0, len(rows)), (1, len(rows)))]
        sums = [_text(str(most), group_sum), _text(str(got), group_sum)]
        rows.append([_text(printable(competency.name, 160), group_name), None, *sums, None, None])
        for indicator, points in marked:
            if indicator.competency != competency.id:
                continue
            if indicator.number in below:
                looks += [("BACKGROUND", (3, len(rows)), (3, len(rows)), _colour(c.NOT_YET_SOFT))]
            given = pieces[indicator.number]
            rows.append(
                [
                    _text(str(indicator.number), middle),
                    _text(printable(indicator.name, 200), name),
                    _text(str(indicator.most), middle),
                    _text(str(points), bold),
                    _text(f"{given} mục" if given else "", middle),
                    None,
                ]
            )
    last = len(rows)
    total, total_points = (
        _style(11, Weight.BOLD, c.BRAND_DEEP),
        _style(12.5, Weight.BOLD, c.BRAND_DEEP, alignment=TA_CENTER),
    )
    rows.append(
        [
            _text("Tổng cộng", total),
            None,
            _text(str(criteria.most), total_points),
            _text(str(result.total), total_points),
            None,
            None,
        ]
    )
    widths = [9 * mm, _WIDTH - 97 * mm, 20 * mm, 20 * mm, 24 * mm, 24 * mm]
    table = Table(rows, colWidths=widths, repeatRows=1)
    table.setStyle(
        [
            _FACE,
            ("BACKGROUND", (0, 0), (-1, 0), _colour(c.BRAND)),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("SPAN", (0, last), (1, last)),
            ("LINEABOVE", (0, last), (-1, last), 1.2, _colour(c.BRAND)),
            ("LINEBELOW", (0, 0), (-1, -3), 0.5, _colour(c.LINE)),
            ("LINEBELOW", (0, last), (-1, last), 1.2, _colour(c.BRAND)),
            ("LINEBEFORE", (2, 1), (-1, -1), 0.5, _colour(c.LINE)),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ("LEFTPADDING", (0, 0), (-1, -1), 4),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            *looks,
        ]
    )
    return table


def _verdict(
    result: AssessmentResult, criteria: CriteriaSet, compared: AssessmentResult | None, zone: tzinfo
) -> Flowable:
    words = judged(result, criteria)
    strong, soft = (c.ENOUGH, c.ENOUGH_SOFT) if result.passed else (c.NOT_YET, c.NOT_YET_SOFT)
    said = [_text(words.headline, _style(11.5, Weight.BOLD, strong))]
    moved = change(result, compared, zone)
    reasons = (*words.reasons, f"Tổng điểm {moved}.") if moved else words.reasons
    said += [_text(" ".join(reasons), _style(9.5))]
    said += [_text(ONLY_A_GUIDE, _style(9.5, Weight.SEMIBOLD))]
    if criteria.note:
        said += [_text(printable(criteria.note, 400), _style(8.5, colour=c.MUTED))]
    table = Table([[said]], colWidths=[_WIDTH])
    table.setStyle(
        [
            _FACE,
            ("BACKGROUND", (0, 0), (-1, -1), _colour(soft)),
            ("ROUNDEDCORNERS", [6, 6, 6, 6]),
            ("LEFTPADDING", (0, 0), (-1, -1), 10),
            ("RIGHTPADDING", (0, 0), (-1, -1), 10),
            ("TOPPADDING", (0, 0), (-1, -1), 4),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
        ]
    )
    return table


def _evidence(result: AssessmentResult, criteria: CriteriaSet) -> list[Flowable]:
    """What was given, by indicator; ruled lines to write on when nothing was."""
    heading = _text(
        "Minh chứng", _style(11, Weight.BOLD, c.BRAND, spaceBefore=7, spaceAfter=1, keepWithNext=1)
    )
    numbers = {indicator.number for indicator in criteria.indicators}
    given = sorted(result.evidence, key=lambda one: (one.indicator not in numbers, one.indicator))
    line = _style(
        9.5, leftIndent=25 * mm, bulletIndent=0, bulletFontName=_font(Weight.SEMIBOLD), bulletFontSize=9.5
    )
    shown: list[Flowable] = []
    last = ""
    for one in given[:_PIECES]:
        about = f"Chỉ số {one.indicator}" if one.indicator in numbers else "Chung"
        words = printable(named_evidence(one), _PIECE) or "(không ghi lại được bằng chữ)"
        shown.append(Paragraph(escape(words), line, bulletText=about if about != last else None))
        last = about
    if len(given) > _PIECES:
        shown.append(_text(f"… và {len(given) - _PIECES} minh chứng khác.", line))
    if shown:
        return [heading, *shown]
    invitation = _text("Bạn có thể ghi thêm bằng tay:", _style(9.5, colour=c.MUTED, keepWithNext=1))
    ruled = Table([[None]] * _BLANK_LINES, colWidths=[_WIDTH], rowHeights=[6.2 * mm] * _BLANK_LINES)
    ruled.setStyle([_FACE, ("LINEBELOW", (0, 0), (-1, -1), 0.6, _colour(c.MUTED), None, (0.6, 2.2))])
    return [KeepTogether([heading, invitation, ruled])]


def _signatures() -> Flowable:
    where = _style(9.5, colour=c.MUTED, alignment=TA_CENTER)
    who = _style(10, Weight.BOLD, alignment=TA_CENTER)
    how = _style(8.5, colour=c.MUTED, alignment=TA_CENTER)
    blank = "................, ngày ...... tháng ...... năm ............"
    cells = [
        [_text(blank, where), _text(blank, where)],
        [_text("Người tự đánh giá", who), _text("Chi hội, Hội Khuyến học xác nhận", who)],
        [_text("(ký, ghi rõ họ tên)", how), _text("(ký, ghi rõ họ tên)", how)],
    ]
    table = Table(cells, colWidths=[_WIDTH / 2] * 2)
    table.setStyle([_FACE, ("TOPPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 1)])
    return KeepTogether([Spacer(0, 5 * mm), table, Spacer(0, 15 * mm)])


def _numbering(code: str) -> type[Canvas]:
    """A canvas that writes `Trang 1/2` below each page; how many there are is known at the end."""

    class Numbered(Canvas):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self.setViewerPreference("DisplayDocTitle", "true")
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - the library's name
            self._pages.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]  # its stubs leave it out

        def save(self) -> None:
            pages = self._pages
            for number, page in enumerate(pages, 1):
                self.__dict__.update(page)
                self._foot(number, len(pages))
                super().showPage()
            super().save()

        def _foot(self, number: int, of: int) -> None:
            self.setFont(_font(Weight.REGULAR), 8)
            self.setFillColor(_colour(c.MUTED))
            self.drawString(_SIDE, 9 * mm, f"Mã phiếu {code} · {ONLY_A_GUIDE}")
            self.drawRightString(A4[0] - _SIDE, 9 * mm, f"Trang {number}/{of}")

    return Numbered
