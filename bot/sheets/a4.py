"""An A4 page of ours: fonts, styles, margins, and the line at its foot. For every sheet that is printed.

What is drawn comes from outside: `line_of` takes nothing in it for markup, and texts pass `printable` before.
"""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Frame, Paragraph

from bot.sheets import colours as c
from bot.sheets.fonts import FAMILY, Weight, font_file

ONE_AT_A_TIME = Lock()
"""Held while a document is built: its fonts remember which letters it used, and are shared by all."""
SIDE, TOP, BOTTOM = 18 * mm, 12 * mm, 15 * mm
WIDTH = A4[0] - 2 * SIDE
FACE = ("FONTNAME", (0, 0), (-1, -1), f"{FAMILY}-{Weight.REGULAR}")
"""Of a table's own: without it even an empty cell would ask for a font that is not in the file."""


@cache
def register_fonts() -> None:
    """Before anything is drawn. Blocking at the first call."""
    for weight in Weight:
        pdfmetrics.registerFont(TTFont(font(weight), str(font_file(weight))))


def frame() -> Frame:
    """Where the text of a page stands."""
    height = A4[1] - TOP - BOTTOM
    return Frame(SIDE, BOTTOM, WIDTH, height, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)


def font(weight: Weight) -> str:
    """The name of a font inside the file."""
    return f"{FAMILY}-{weight}"


def colour_of(colour: c.Colour) -> Color:
    """A colour as the library wants it."""
    return Color(*c.fraction(colour))


def style(
    size: float,
    weight: Weight = Weight.REGULAR,
    colour: c.Colour = c.INK,
    leading: float = 1.42,
    **other: Any,
) -> ParagraphStyle:
    """How a paragraph looks. `size` in points, `leading` times the size."""
    return ParagraphStyle(
        f"{weight}{size}",
        fontName=font(weight),
        fontSize=size,
        leading=size * leading,
        textColor=colour_of(colour),
        splitLongWords=1,
        **other,
    )


def line_of(words: str, style: ParagraphStyle) -> Paragraph:
    """Words as they are: nothing in them is markup."""
    return Paragraph(escape(words), style)


def numbered(foot: str) -> type[Canvas]:
    """A canvas that writes `foot` and `Trang 1/2` below each page; how many there are is known at the end."""

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
            self.setFont(font(Weight.REGULAR), 8)
            self.setFillColor(colour_of(c.MUTED))
            self.drawString(SIDE, 9 * mm, foot)
            self.drawRightString(A4[0] - SIDE, 9 * mm, f"Trang {number}/{of}")

    return Numbered
