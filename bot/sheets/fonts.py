"""The typeface of every sheet, and what of a foreign text it can show.

Be Vietnam Pro was drawn for Vietnamese: its marks stack without touching. It comes in a package, so nothing
is fetched and no font lies in this repository. Text from outside passes `printable` before it is drawn.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path

from reportlab.pdfbase.ttfonts import TTFontFile

FAMILY = "BeVietnamPro"
_UNREADABLE = "…"
"""Stands where a letter of a script stood that the typeface does not have."""


class Weight(StrEnum):
    """The weights in use."""

    REGULAR = "Regular"
    MEDIUM = "Medium"
    SEMIBOLD = "SemiBold"
    BOLD = "Bold"


def font_file(weight: Weight) -> Path:
    """Where the font of this weight lies."""
    return Path(str(files("fontpkg_be_vietnam_pro"))) / "files" / f"{FAMILY}-{weight}.ttf"


@cache
def covered() -> frozenset[int]:
    """The code points every weight in use has a glyph for. Blocking at the first call."""
    sets = [frozenset(TTFontFile(str(font_file(weight))).charToGlyph) for weight in Weight]
    return frozenset.intersection(*sets)


def printable(text: str, most: int) -> str:
    """One line of at most `most` characters that can be drawn, whatever was given.

    Control and direction characters and loose marks go, so do emoji; letters of scripts the typeface does not
    have become one `…` for each run; letters in fancy dress (𝐓, Ａ) become plain ones.
    """
    kept: list[str] = []
    for char in unicodedata.normalize("NFC", text[: most * 4]):
        shown = _shown(char)
        if shown and (shown != _UNREADABLE or kept[-1:] != [_UNREADABLE]):
            kept.append(shown)
    line = " ".join("".join(kept).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _shown(char: str) -> str:
    if char.isspace():
        return " "
    kind = unicodedata.category(char)
    if kind[0] in "CM":
        return ""
    if ord(char) in covered():
        return char
    plain = unicodedata.normalize("NFKC", char)
    if all(ord(one) in covered() and unicodedata.category(one)[0] not in "CM" for one in plain):
        return plain
    return _UNREADABLE if kind[0] in "LN" else ""
