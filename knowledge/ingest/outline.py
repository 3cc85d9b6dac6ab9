"""The parts of an official document: phần, chương, mục, điều, khoản, điểm, by how their lines begin.

Marks are read on folded text and forgiven what scanners do to them (`I1.` for `II.`). A number at the start
of a line is a mark only where it continues the count: lines break anywhere, and dates begin lines too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

Fold = Callable[[str], str]


class Rank(IntEnum):
    """Depth of a part; a part ends where one of the same or a higher rank begins."""

    APPENDIX = 0
    CLOSING = 1
    """Nơi nhận and signature."""
    PART = 2
    CHAPTER = 3
    SECTION = 4
    TITLE = 5
    """A heading without a number."""
    ROMAN = 6
    ARTICLE = 7
    NUMBER = 8
    """Khoản, or a numbered heading."""
    DECIMAL = 9
    LETTER = 10


@dataclass(frozen=True, slots=True)
class Mark:
    """The beginning of a part."""

    rank: Rank
    label: str
    """`II`, `3`, `1.2`, `a`; the words of a title."""
    ordinal: int
    """Its place in the count; 0 where nothing is counted."""


_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10}
_WORDS = (
    (
        Rank.PART,
        re.compile(r"phan (?:thu )?(?P<label>[ivx]{1,5}|\d{1,2}|nhat|hai|ba|bon|nam)(?:[.:]|$)"),
    ),
    (Rank.CHAPTER, re.compile(r"chuong (?P<label>[ivx]{1,6}|\d{1,2})\b[.:]?(?!\s*trinh)")),
    (Rank.SECTION, re.compile(r"(?:tieu )?muc (?P<label>[ivx]{1,5}|\d{1,2})(?:[.:]|$)")),
    (Rank.ARTICLE, re.compile(r"dieu (?P<label>\d{1,3}[a-z]?)(?:\s*[.:]|$)")),
)
_APPENDIX = re.compile(r"phu luc(?: (?:so )?(?P<label>[ivx]{1,5}|\d{1,2}))?[.:]?(?: \(.*)?$")
_CLOSING = re.compile(r"noi nhan\s*[:.]?")
_ROMAN = re.compile(r"(?P<label>[IVXl1]{1,6})\s*[.)/–-]+\s*(?=\S)")
_DECIMAL = re.compile(r"(?P<label>\d{1,2}(?:\.\d{1,2}){1,3})[.)]?\s+(?=\D)")
_NUMBER = re.compile(r"(?P<label>\d{1,2})\s*[.)/–-]\s*(?=\D)(?![A-ZĐ]{2,5}\s*[/-])")
_GLUED = re.compile(r"(?P<label>\d{1,2})\s?(?=[A-ZĐÀ-Ỹ])")
_LETTER = re.compile(r"(?P<label>[a-zđ])\s*[)]\s*(?=\S)")
_LETTERS = "abcdđeghiklmnopqrstuvxy"
_MISSED = 1
"""Marks a scanner may have swallowed between two that were read."""
_LONG_TITLE = 80


@dataclass(slots=True)
class Step:
    """A part that is open, and the titles it was opened with."""

    mark: Mark
    format_level: int = 0
    """Level of the heading it stood in; 0 for a plain line."""


@dataclass(slots=True)
class Outline:
    """Where in the document we are. Give it the paragraphs in order."""

    fold: Fold
    path: list[Step] = field(default_factory=list)
    _last: dict[Rank, int] = field(default_factory=dict)

    def find_mark(self, text: str, format_level: int, at_start: bool = True) -> Mark | None:
        """The part that begins with this paragraph, or None. `at_start`: the line before was complete."""
        folded = " ".join(self.fold(text).split())
        if self._in_closing():
            return self._appendix(text, folded, format_level)
        mark = (
            self._appendix(text, folded, format_level)
            or self._worded(text, folded)
            or self._counted(text, at_start)
        )
        if mark is None and format_level:
            return Mark(Rank.TITLE, text.strip(" :.")[:_LONG_TITLE], 0)
        return mark

    def open(self, mark: Mark, format_level: int) -> None:
        """Go into a part: those of the same and lower ranks end."""
        if mark.rank is Rank.TITLE:
            self._end(lambda step: self._ends_before_title(step, format_level))
        else:
            self._end(lambda step: step.mark.rank >= mark.rank)
        for rank in [rank for rank in self._last if rank > mark.rank]:
            if mark.rank is not Rank.TITLE or not any(step.mark.rank == rank for step in self.path):
                del self._last[rank]
        if mark.ordinal:
            self._last[mark.rank] = mark.ordinal
        self.path.append(Step(mark, format_level))

    def locator(self) -> str:
        """`mục II.1`, `Điều 3, khoản 2`, `phụ lục`; empty before the first part."""
        return locator([step.mark for step in self.path])

    def _in_closing(self) -> bool:
        return any(step.mark.rank is Rank.CLOSING for step in self.path)

    def _end(self, is_over: Callable[[Step], bool]) -> None:
        for index, step in enumerate(self.path):
            if is_over(step):
                del self.path[index:]
                return

    @staticmethod
    def _ends_before_title(step: Step, format_level: int) -> bool:
        """A heading without a number ends what is not above it by its own level."""
        if step.mark.rank in {Rank.APPENDIX, Rank.PART, Rank.CHAPTER, Rank.SECTION}:
            return False
        return step.format_level == 0 or step.format_level >= format_level

    def _appendix(self, text: str, folded: str, format_level: int) -> Mark | None:
        found = _APPENDIX.match(folded)
        if found is None or not (format_level or len(folded) <= 20 or text.isupper()):
            return None
        return Mark(Rank.APPENDIX, (found["label"] or "").upper(), 0)

    def _worded(self, text: str, folded: str) -> Mark | None:
        if _CLOSING.match(folded) and len(folded) < 60:
            return Mark(Rank.CLOSING, "", 0)
        for rank, pattern in _WORDS:
            found = pattern.match(folded)
            if found is not None and text[:1].isupper():
                label = found["label"]
                return Mark(rank, label.upper() if rank is not Rank.ARTICLE else label, 0)
        return None

    def _counted(self, text: str, at_start: bool) -> Mark | None:
        roman = _ROMAN.match(text)
        if roman is not None and (value := _roman_value(roman["label"])):
            return self._next(Rank.ROMAN, _roman(value), value)
        decimal = _DECIMAL.match(text)
        if decimal is not None:
            return self._next_decimal(decimal["label"])
        number = _NUMBER.match(text)
        if number is not None:
            return self._next(Rank.NUMBER, str(int(number["label"])), int(number["label"]))
        letter = _LETTER.match(text)
        if letter is not None and letter["label"] in _LETTERS:
            return self._next(Rank.LETTER, letter["label"], _LETTERS.index(letter["label"]) + 1)
        glued = _GLUED.match(text) if at_start else None
        if glued is not None and self._last.get(Rank.NUMBER, 0) == int(glued["label"]) - 1 > 0:
            return Mark(Rank.NUMBER, glued["label"], int(glued["label"]))
        return None

    def _next(self, rank: Rank, label: str, ordinal: int) -> Mark | None:
        last = self._last.get(rank, 0)
        fits = ordinal == 1 or (0 < ordinal - last <= 1 + (_MISSED if last else 0))
        return Mark(rank, label, ordinal) if fits else None

    def _next_decimal(self, label: str) -> Mark | None:
        head, _, tail = label.rpartition(".")
        above = next((s.mark.label for s in reversed(self.path) if s.mark.rank is Rank.NUMBER), None)
        if above is not None and head.split(".")[0] != above:
            return None
        ordinal, last = int(tail), self._last.get(Rank.DECIMAL, 0)
        return Mark(Rank.DECIMAL, label, ordinal) if ordinal == 1 or 0 < ordinal - last <= 2 else None


def locator(marks: list[Mark]) -> str:
    """The place as a citizen reads it behind the name of the document."""
    by_rank = {mark.rank: mark.label for mark in marks}
    if Rank.CLOSING in by_rank:
        return "nơi nhận"
    parts = []
    if Rank.APPENDIX in by_rank:
        parts.append(f"phụ lục {by_rank[Rank.APPENDIX]}".strip())
    if Rank.ARTICLE in by_rank:  # articles are counted through the whole document: nothing else is needed
        parts.append(f"Điều {by_rank[Rank.ARTICLE]}")
        parts += [f"khoản {by_rank[r]}" for r in (Rank.DECIMAL, Rank.NUMBER) if r in by_rank][:1]
    else:
        names = ((Rank.PART, "phần"), (Rank.CHAPTER, "chương"), (Rank.SECTION, "mục"))
        parts += [f"{name} {by_rank[rank]}" for rank, name in names if rank in by_rank]
        numbers = [by_rank[Rank.ROMAN]] if Rank.ROMAN in by_rank else []
        numbers += [by_rank[r] for r in (Rank.DECIMAL, Rank.NUMBER) if r in by_rank][:1]
        if numbers:
            parts.append(f"mục {'.'.join(numbers)}")
        elif Rank.TITLE in by_rank:
            parts.append(f"mục “{by_rank[Rank.TITLE]}”")
    if Rank.LETTER in by_rank:
        parts.append(f"điểm {by_rank[Rank.LETTER]}")
    return ", ".join(parts)


def _roman_value(written: str) -> int:
    """The value of a roman number, also with ones and small ells for I; 0 when it is none."""
    if not any(letter in "IVX" for letter in written):
        return 0
    letters = written.replace("1", "I").replace("l", "I")
    total = 0
    for letter, following in zip(letters, f"{letters[1:]} ", strict=True):
        value = _ROMAN_VALUES[letter]
        total += -value if _ROMAN_VALUES.get(following, 0) > value else value
    return total if _roman(total) == letters else 0


def _roman(number: int) -> str:
    text = ""
    for value, letters in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        text += letters * (number // value)
        number %= value
    return text
