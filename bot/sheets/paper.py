"""The paper: the A4 sheet of a self-assessment, to be printed, completed and signed by hand, and handed in.

Name, birthday and address stay blank lines: they are written by hand and never pass through the bot. Evidence
comes from outside and is drawn as text only, however odd it is; it may take further pages.
"""

from __future__ import annotations

import io
from collections import Counter
from datetime import date, tzinfo
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from bot.flows.results import AssessmentResult
from bot.sheets import colours as c
from bot.sheets.a4 import (
    FACE,
    ONE_AT_A_TIME,
    WIDTH,
    colour_of,
    font,
    frame,
    line_of,
    numbered,
    register_fonts,
    style,
)
from bot.sheets.fonts import Weight, printable
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

_PIECE = 300
"""Characters of one piece of evidence that are printed."""
_PIECES = 60
"""Pieces of evidence that are printed; the rest is counted."""
_BLANK_LINES = 3


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
    register_fonts()
    association = printable(association, 160)
    document, title = io.BytesIO(), f"Phiếu tự đánh giá Công dân học tập {result.code}"
    template = BaseDocTemplate(
        document,
        pagesize=A4,
        pageTemplates=[PageTemplate(frames=[frame()])],
        title=title,
        author=association,
        subject=f"Tự chấm theo {criteria.document}. {ONLY_A_GUIDE}",
        creator="khuyenhoc",
        lang="vi-VN",
        invariant=1,
        initialFontName=font(Weight.REGULAR),
    )
    story = [
        *_heading(result, criteria, association),
        *_person(result, criteria, zone),
        _points(result, criteria),
        Spacer(0, 3 * mm),
        _verdict(result, criteria, compared, zone),
        *_evidence(result, criteria),
        _signatures(),
    ]
    with ONE_AT_A_TIME:
        template.build(story, canvasmaker=numbered(f"Mã phiếu {result.code} · {ONLY_A_GUIDE}"))
    return document.getvalue()


def _heading(result: AssessmentResult, criteria: CriteriaSet, association: str) -> list[Flowable]:
    code = [
        line_of("Mã phiếu", style(8.5, colour=c.MUTED, alignment=TA_RIGHT)),
        line_of(result.code, style(11.5, Weight.BOLD, alignment=TA_RIGHT)),
    ]
    name = line_of(association.upper(), style(10.5, Weight.BOLD, c.BRAND))
    top = Table([[name, code]], colWidths=[WIDTH - 45 * mm, 45 * mm])
    top.setStyle(
        [
            FACE,
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("LINEBELOW", (0, 0), (-1, -1), 1.2, colour_of(c.BRAND)),
        ]
    )
    since = written_day(date.fromisoformat(criteria.in_force_from))
    under = f"Theo bộ tiêu chí {criteria.document}, ngày {since}"
    return [
        top,
        Spacer(0, 4 * mm),
        line_of("PHIẾU TỰ ĐÁNH GIÁ", style(13, Weight.SEMIBOLD, c.MUTED, 1.3, alignment=TA_CENTER)),
        line_of("CÔNG DÂN HỌC TẬP", style(21, Weight.BOLD, c.BRAND, 1.3, alignment=TA_CENTER)),
        line_of(under, style(9.5, colour=c.MUTED, alignment=TA_CENTER)),
        Spacer(0, 3 * mm),
    ]


def _person(result: AssessmentResult, criteria: CriteriaSet, zone: tzinfo) -> list[Flowable]:
    """What is filled in by hand, and what is known: group, commune, day."""
    label, value = style(10, leading=1.2), style(10, Weight.SEMIBOLD, leading=1.2)
    group = printable(criteria.group(result.group).name, 80)
    place = printable(result.place, 80)
    rows = [
        ("Họ và tên:", "", "Ngày sinh:", ""),
        ("Xã, phường:", place, "Thôn, tổ, phố:", ""),
        ("Nhóm:", group, "Ngày tự chấm:", day(result.finished_at, zone)),
    ]
    cells = [
        [line_of(first, label), line_of(given, value), None, line_of(second, label), line_of(known, value)]
        for first, given, second, known in rows
    ]
    blanks = [
        ("LINEBELOW", (column, row), (column, row), 0.6, colour_of(c.MUTED), None, (0.6, 2.2))
        for row, (_, given, _, known) in enumerate(rows)
        for column, words in ((1, given), (4, known))
        if not words
    ]
    table = Table(cells, colWidths=[23 * mm, WIDTH - 95 * mm, 6 * mm, 27 * mm, 39 * mm])
    table.setStyle(
        [
            FACE,
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
    head = style(8.5, Weight.SEMIBOLD, c.WHITE, 1.3)
    head_middle = style(8.5, Weight.SEMIBOLD, c.WHITE, 1.3, alignment=TA_CENTER)
    name, middle = style(9.5, leading=1.28), style(9.5, leading=1.28, alignment=TA_CENTER)
    bold = style(10, Weight.BOLD, leading=1.28, alignment=TA_CENTER)
    group_name = style(9.5, Weight.SEMIBOLD, c.BRAND_DEEP, 1.28)
    group_sum = style(9.5, Weight.SEMIBOLD, c.BRAND_DEEP, 1.28, alignment=TA_CENTER)
    pieces = Counter(evidence.indicator for evidence in result.evidence)
    below = criteria.verdict(result.points).below
    titles = ["Điểm tối đa", "Tự chấm", "Minh chứng", "Hội xem xét"]
    rows: list[list[Any]] = [
        [
            line_of("", head),
            line_of("Năng lực và chỉ số", head),
            *(line_of(title, head_middle) for title in titles),
        ]
    ]
    looks: list[Any] = []
    marked = list(zip(criteria.indicators, result.points, strict=True))
    for competency, got, most in criteria.by_competency(result.points):
        looks += [("BACKGROUND", (0, len(rows)), (-1, len(rows)), colour_of(c.ENOUGH_SOFT))]
        looks += [("SPAN", (0, len(rows)), (1, len(rows)))]
        sums = [line_of(str(most), group_sum), line_of(str(got), group_sum)]
        rows.append([line_of(printable(competency.name, 160), group_name), None, *sums, None, None])
        for indicator, points in marked:
            if indicator.competency != competency.id:
                continue
            if indicator.number in below:
                looks += [("BACKGROUND", (3, len(rows)), (3, len(rows)), colour_of(c.NOT_YET_SOFT))]
            given = pieces[indicator.number]
            rows.append(
                [
                    line_of(str(indicator.number), middle),
                    line_of(printable(indicator.name, 200), name),
                    line_of(str(indicator.most), middle),
                    line_of(str(points), bold),
                    line_of(f"{given} mục" if given else "", middle),
                    None,
                ]
            )
    last = len(rows)
    total, total_points = (
        style(11, Weight.BOLD, c.BRAND_DEEP),
        style(12.5, Weight.BOLD, c.BRAND_DEEP, alignment=TA_CENTER),
    )
    rows.append(
        [
            line_of("Tổng cộng", total),
            None,
            line_of(str(criteria.most), total_points),
            line_of(str(result.total), total_points),
            None,
            None,
        ]
    )
    widths = [9 * mm, WIDTH - 97 * mm, 20 * mm, 20 * mm, 24 * mm, 24 * mm]
    table = Table(rows, colWidths=widths, repeatRows=1)
    table.setStyle(
        [
            FACE,
            ("BACKGROUND", (0, 0), (-1, 0), colour_of(c.BRAND)),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("SPAN", (0, last), (1, last)),
            ("LINEABOVE", (0, last), (-1, last), 1.2, colour_of(c.BRAND)),
            ("LINEBELOW", (0, 0), (-1, -3), 0.5, colour_of(c.LINE)),
            ("LINEBELOW", (0, last), (-1, last), 1.2, colour_of(c.BRAND)),
            ("LINEBEFORE", (2, 1), (-1, -1), 0.5, colour_of(c.LINE)),
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
    said = [line_of(words.headline, style(11.5, Weight.BOLD, strong))]
    moved = change(result, compared, zone)
    reasons = (*words.reasons, f"Tổng điểm {moved}.") if moved else words.reasons
    said += [line_of(" ".join(reasons), style(9.5))]
    said += [line_of(ONLY_A_GUIDE, style(9.5, Weight.SEMIBOLD))]
    if criteria.note:
        said += [line_of(printable(criteria.note, 400), style(8.5, colour=c.MUTED))]
    table = Table([[said]], colWidths=[WIDTH])
    table.setStyle(
        [
            FACE,
            ("BACKGROUND", (0, 0), (-1, -1), colour_of(soft)),
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
    heading = line_of(
        "Minh chứng", style(11, Weight.BOLD, c.BRAND, spaceBefore=7, spaceAfter=1, keepWithNext=1)
    )
    numbers = {indicator.number for indicator in criteria.indicators}
    given = sorted(result.evidence, key=lambda one: (one.indicator not in numbers, one.indicator))
    line = style(
        9.5, leftIndent=25 * mm, bulletIndent=0, bulletFontName=font(Weight.SEMIBOLD), bulletFontSize=9.5
    )
    shown: list[Flowable] = []
    last = ""
    for one in given[:_PIECES]:
        about = f"Chỉ số {one.indicator}" if one.indicator in numbers else "Chung"
        words = printable(named_evidence(one), _PIECE) or "(không ghi lại được bằng chữ)"
        shown.append(Paragraph(escape(words), line, bulletText=about if about != last else None))
        last = about
    if len(given) > _PIECES:
        shown.append(line_of(f"… và {len(given) - _PIECES} minh chứng khác.", line))
    if shown:
        return [heading, *shown]
    invitation = line_of("Bạn có thể ghi thêm bằng tay:", style(9.5, colour=c.MUTED, keepWithNext=1))
    ruled = Table([[None]] * _BLANK_LINES, colWidths=[WIDTH], rowHeights=[6.2 * mm] * _BLANK_LINES)
    ruled.setStyle([FACE, ("LINEBELOW", (0, 0), (-1, -1), 0.6, colour_of(c.MUTED), None, (0.6, 2.2))])
    return [KeepTogether([heading, invitation, ruled])]


def _signatures() -> Flowable:
    where = style(9.5, colour=c.MUTED, alignment=TA_CENTER)
    who = style(10, Weight.BOLD, alignment=TA_CENTER)
    how = style(8.5, colour=c.MUTED, alignment=TA_CENTER)
    blank = "................, ngày ...... tháng ...... năm ............"
    cells = [
        [line_of(blank, where), line_of(blank, where)],
        [line_of("Người tự đánh giá", who), line_of("Chi hội, Hội Khuyến học xác nhận", who)],
        [line_of("(ký, ghi rõ họ tên)", how), line_of("(ký, ghi rõ họ tên)", how)],
    ]
    table = Table(cells, colWidths=[WIDTH / 2] * 2)
    table.setStyle([FACE, ("TOPPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 1)])
    return KeepTogether([Spacer(0, 5 * mm), table, Spacer(0, 15 * mm)])
