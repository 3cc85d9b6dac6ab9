"""The numbers Word counts by itself: they are on the page but not in the text of a paragraph.

Counts plain lists per level, as Word does; exotic formats give no label rather than a wrong one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from docx.document import Document
from docx.text.paragraph import Paragraph

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
    (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_LEVELS = 9


def roman(number: int) -> str:
    """`14` gives `XIV`."""
    text = ""
    for value, letters in _ROMAN:
        text += letters * (number // value)
        number %= value
    return text


_FORMATS: dict[str, Callable[[int], str]] = {
    "decimal": str,
    "upperRoman": roman,
    "lowerRoman": lambda number: roman(number).lower(),
    "lowerLetter": lambda number: chr(ord("a") + (number - 1) % 26),
    "upperLetter": lambda number: chr(ord("A") + (number - 1) % 26),
}


class Numbering:
    """The counters of one document; ask for its paragraphs in order."""

    def __init__(self, document: Document) -> None:
        self._levels: dict[str, list[tuple[str, str, int]]] = {}
        self._abstract: dict[str, str] = {}
        self._counters: dict[str, list[int]] = {}
        try:
            root = document.part.numbering_part.element
        except (KeyError, NotImplementedError, AttributeError):
            return
        for abstract in root.iter(f"{_W}abstractNum"):
            levels = [_level(level) for level in abstract.iter(f"{_W}lvl")]
            self._levels[abstract.get(f"{_W}abstractNumId")] = levels[:_LEVELS]
        for number in root.iter(f"{_W}num"):
            reference = number.find(f"{_W}abstractNumId")
            if reference is not None:
                self._abstract[number.get(f"{_W}numId")] = reference.get(f"{_W}val")

    def label(self, paragraph: Paragraph) -> str:
        """`II.`, `1.2.`, `a)` or `-` for a bullet; empty for a paragraph without a number."""
        found = _reference(paragraph)
        if found is None:
            return ""
        number, level = found
        abstract = self._abstract.get(number, "")
        levels = self._levels.get(abstract, [])
        if level >= len(levels):
            return ""
        form, pattern, start = levels[level]
        if form == "bullet":
            return "-"
        counters = self._counters.setdefault(abstract, [0] * _LEVELS)
        counters[level] = counters[level] + 1 if counters[level] else start
        counters[level + 1 :] = [0] * (_LEVELS - level - 1)
        for place in range(level + 1):
            write = _FORMATS.get(levels[place][0])
            if write is None:
                return ""
            pattern = pattern.replace(f"%{place + 1}", write(max(counters[place], 1)))
        return pattern


def _level(level: Any) -> tuple[str, str, int]:
    def value(name: str, otherwise: str) -> str:
        found = level.find(f"{_W}{name}")
        return found.get(f"{_W}val") or otherwise if found is not None else otherwise

    start = value("start", "1")
    return value("numFmt", "decimal"), value("lvlText", ""), int(start) if start.isdigit() else 1


def _reference(paragraph: Paragraph) -> tuple[str, int] | None:
    """List and level of a paragraph, its own or its style's."""
    properties = [paragraph._p.pPr]
    style = paragraph.style
    if style is not None:
        properties.append(style.element.find(f"{_W}pPr"))
    for one in properties:
        numbering = one.find(f"{_W}numPr") if one is not None else None
        if numbering is None:
            continue
        number, level = numbering.find(f"{_W}numId"), numbering.find(f"{_W}ilvl")
        if number is None or number.get(f"{_W}val") == "0":
            return None
        depth = level.get(f"{_W}val") if level is not None else "0"
        return number.get(f"{_W}val"), int(depth) if depth.isdigit() and int(depth) < _LEVELS else 0
    return None
