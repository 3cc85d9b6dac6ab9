"""Paragraphs to passages: pieces of 60 to 200 syllables that each say where they stand.

A passage never reaches over the end of a part (khoản, numbered heading, row of a table). Longer parts are cut
between paragraphs, longer paragraphs into windows that overlap by half. Nothing is lost: the headings of a
part begin its first passage.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from knowledge.ingest.header import is_type
from knowledge.ingest.outline import Mark, Outline, Rank, locator
from knowledge.ingest.paragraphs import Paragraph
from knowledge.ingest.reading import BlockKind

Fold = Callable[[str], str]

LONGEST = 200
"""Syllables: what an embedding model reads well, and a person at a glance."""
SHORTEST = 60
_SENTENCE = re.compile(r"(?<=[.;:!?…])\s+")
_PIECE = 50
"""A sentence longer than this may be cut anywhere."""
OPENING = "phần mở đầu"


class PassageKind(StrEnum):
    """What part of a document a passage is."""

    OPENING = "opening"
    """Head, title and grounds, before the first part."""
    TEXT = "text"
    ROW = "row"
    CLOSING = "closing"
    """Who receives the document, who signs."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage as it was cut out, before anybody judged it."""

    kind: PassageKind
    locator: str
    """`mục II.1`, `phụ lục, dòng 6`; empty in a document without parts."""
    page: int
    text: str
    section: str
    """The same for all pieces of one part."""


@dataclass(slots=True)
class _Section:
    marks: list[Mark]
    page: int
    headings: list[str] = field(default_factory=list)
    body: list[Paragraph] = field(default_factory=list)
    points: dict[int, Mark] = field(default_factory=dict)
    """Index in the body to the điểm that begins there."""


def split(found: Sequence[Paragraph], fold: Fold) -> list[Piece]:
    """All pieces in order."""
    outline = Outline(fold)
    sections: list[_Section] = [_Section([], found[0].page if found else 0)]
    for paragraph in found:
        _take(paragraph, outline, sections)
    has_parts = len(sections) > 1
    pieces: list[Piece] = []
    pending: list[str] = []
    for index, section in enumerate(sections):
        if not section.body and _is_above(section, sections[index + 1 : index + 2]):
            pending += section.headings
            continue
        place = locator(section.marks) or (OPENING if has_parts else "")
        pieces += _pieces(section, [*pending, *section.headings], place, str(index), has_parts)
        pending = []
    return pieces


def _take(paragraph: Paragraph, outline: Outline, sections: list[_Section]) -> None:
    if paragraph.kind is BlockKind.ROW:
        sections[-1].body.append(paragraph)
        return
    level = paragraph.level if paragraph.kind is BlockKind.HEADING else 0
    mark = outline.find_mark(paragraph.text, level, paragraph.after_complete)
    if mark is None and _is_second_heading(paragraph, sections[-1]):
        sections[-1].headings.append(paragraph.text)
        return
    if mark is None or (mark.rank is Rank.TITLE and _is_title_of_all(sections, paragraph, outline.fold)):
        sections[-1].body.append(paragraph)
        return
    outline.open(mark, level)
    if mark.rank is Rank.LETTER:
        sections[-1].points[len(sections[-1].body)] = mark
        sections[-1].body.append(paragraph)
        return
    sections.append(_Section([step.mark for step in outline.path], paragraph.page))
    if level or _is_short(paragraph.text):
        sections[-1].headings.append(paragraph.text)
    else:
        sections[-1].body.append(paragraph)


def _is_title_of_all(sections: list[_Section], heading: Paragraph, fold: Fold) -> bool:
    """Whether a heading names the whole document: the first words of all, or `KẾ HOẠCH` and what follows."""
    before = sections[0].body
    if len(sections) > 1:
        return False
    return not before or is_type(heading.text, fold) or is_type(before[-1].text, fold)


def _is_second_heading(paragraph: Paragraph, section: _Section) -> bool:
    """The title of a chapter stands below its number."""
    is_titled_below = bool(section.marks) and section.marks[-1].rank in _TITLED_BELOW
    return is_titled_below and not section.body and len(section.headings) == 1 and _is_short(paragraph.text)


_TITLED_BELOW = {Rank.APPENDIX, Rank.PART, Rank.CHAPTER, Rank.SECTION}


def _is_short(text: str) -> bool:
    return len(text.split()) <= 25 and not text.rstrip().endswith((".", ";"))


def _is_above(section: _Section, following: Sequence[_Section]) -> bool:
    """Whether the next part lies inside this one, so that its headings may wait for it."""
    return bool(following) and following[0].marks[: len(section.marks)] == section.marks


def _pieces(section: _Section, headings: list[str], place: str, key: str, has_parts: bool) -> Iterator[Piece]:
    kind = PassageKind.TEXT
    if section.marks and section.marks[-1].rank is Rank.CLOSING:
        kind = PassageKind.CLOSING
    elif not section.marks and has_parts:
        kind = PassageKind.OPENING
    rows = [one for one in section.body if one.kind is BlockKind.ROW]
    if headings or len(rows) < len(section.body):
        for text, page, point in _packed(section, headings):
            yield Piece(kind, ", ".join(filter(None, (place, point))), page, text, key)
    for row in rows:
        where = ", ".join(filter(None, (place if place != OPENING else "", f"dòng {row.row}")))
        for text in _windows(row.text):
            yield Piece(PassageKind.ROW, where, row.page, text, f"{key}.{row.row}")


def _packed(section: _Section, headings: list[str]) -> Iterator[tuple[str, int, str]]:
    """Text, page and điểm of each piece of a part, rows left out."""
    prose = _prose(section)
    whole = "\n".join([*headings, *(one.text for one, _, _ in prose)])
    if _length(whole) <= LONGEST:
        yield whole, prose[0][0].page if prose else section.page, ""
        return
    held: list[str] = []
    length, page, point = 0, section.page, ""
    for one, label, begins_point in prose:
        too_long = length + _length(one.text) > LONGEST
        if held and (too_long or (begins_point and length >= SHORTEST)):
            yield from _cut([*headings, *held], page, point)
            held, headings, length = [], [], 0
        if not held:
            page, point, length = one.page, label, _length("\n".join(headings))
        held.append(one.text)
        length += _length(one.text)
    yield from _cut([*headings, *held], page, point)


def _prose(section: _Section) -> list[tuple[Paragraph, str, bool]]:
    """Paragraphs with the điểm they are in, and whether it begins there."""
    current = ""
    found = []
    for index, one in enumerate(section.body):
        if index in section.points:
            current = f"điểm {section.points[index].label}"
        if one.kind is not BlockKind.ROW:
            found.append((one, current, index in section.points))
    return found


def _cut(held: list[str], page: int, point: str) -> Iterator[tuple[str, int, str]]:
    for text in _windows("\n".join(held)):
        yield text, page, point


def _length(text: str) -> int:
    return len(text.split())


def _windows(text: str) -> Iterator[str]:
    """The text, or windows of it that overlap by half, cut between sentences where it has some."""
    if _length(text) <= LONGEST * 1.2:
        yield text
        return
    units = list(_units(text))
    begin = 0
    while begin < len(units):
        end, length = begin, 0
        while end < len(units) and (end == begin or length + _length(units[end]) <= LONGEST):
            length += _length(units[end])
            end += 1
        yield "".join(units[begin:end]).strip()
        if end >= len(units):
            return
        step, passed = begin, 0
        while step < end - 1 and passed < length / 2:
            passed += _length(units[step])
            step += 1
        begin = max(step, begin + 1)


def _units(text: str) -> Iterator[str]:
    """Sentences with the space behind them; long ones in pieces."""
    place = 0
    for gap in [*_SENTENCE.finditer(text), None]:
        end = gap.end() if gap is not None else len(text)
        words = re.findall(r"\S+\s*", text[place:end])
        for start in range(0, len(words), _PIECE):
            yield "".join(words[start : start + _PIECE])
        place = end
