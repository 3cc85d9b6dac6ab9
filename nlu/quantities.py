"""Numbers up to a hundred in figures and in words: `7,5`, `tám rưỡi`, `tam muoi lam`.

Scores are that small; longer numbers belong to documents, years, money and telephones and are not read here.
A number word without its mark may be another word (`nam`, `bay`, `sau`): that is said, not decided. Pure and
total.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nlu.mentions import ANOTHER, EXACT, Word, likeness

_ONES = {
    "khong": ("không", 0), "mot": ("một", 1), "hai": ("hai", 2), "ba": ("ba", 3), "bon": ("bốn", 4),
    "nam": ("năm", 5), "sau": ("sáu", 6), "bay": ("bảy", 7), "tam": ("tám", 8), "chin": ("chín", 9),
    "muoi": ("mười", 10),
}  # fmt: skip
_AFTER_TENS = {**_ONES, "tu": ("tư", 4), "lam": ("lăm", 5), "nham": ("nhăm", 5), "mot": ("mốt", 1)}
_ALSO = {"bảy": "bẩy"}
_POINT = {"phay": "phẩy", "cham": "chấm"}
_FIGURES = re.compile(r"\d{1,3}")
_DECIMAL_BEFORE = (".", ",")
_GLUE = frozenset({"/", "-", "–"})
_PART_OF_MORE = re.compile(r"[\w.,:/+@#–-]$")
"""A figure right behind one of these belongs to a date, a range, a telephone or a code."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of a message."""

    value: float
    """0 to 999, with at most two decimal places."""
    first: int
    stop: int
    """Half-open span in words."""
    in_words: bool
    is_doubtful: bool
    """In words, with marks missing or as a word that is also a common other one: `nam`, `không`."""
    out_of: int = 0
    """10 or 100 where that was said behind it (`8/10`, `tám trên mười`); else 0."""
    in_points: bool = False
    """The word for points stands inside it: `8 điểm rưỡi`, `8đ5`."""


def find_quantities(words: Sequence[Word]) -> tuple[Quantity, ...]:
    """The numbers among `words`, in order, never overlapping."""
    found: list[Quantity] = []
    index = 0
    while index < len(words):
        quantity = _figures(words, index) or _in_words(words, index)
        if quantity is None:
            index += 1
            continue
        scaled = _with_scale(words, quantity)
        index = max(scaled.stop, quantity.stop)
        if scaled.out_of or not _goes_on(words, quantity.stop):
            found.append(scaled)
    return tuple(found)


def _figures(words: Sequence[Word], index: int) -> Quantity | None:
    word = words[index]
    if not word.plain.isdigit() or not word.plain.isascii() or _PART_OF_MORE.search(word.before):
        return None
    if not word.before and index and words[index - 1].plain.isalpha():
        return None  # kl49
    stop = index + 1
    if _FIGURES.fullmatch(word.plain) is None or (stop < len(words) and _is_glued(words[stop])):
        return None
    value = word.plain
    if stop < len(words) and words[stop].plain.isdigit() and words[stop].before in _DECIMAL_BEFORE:
        if len(words[stop].plain) > 2:
            return None
        value, stop = f"{value}.{words[stop].plain}", stop + 1
    if "." in value:
        return Quantity(float(value), index, stop, False, False)
    return _with_fraction(words, Quantity(float(value), index, stop, False, False))


def _in_words(words: Sequence[Word], index: int) -> Quantity | None:
    first = _said(words, index, _ONES)
    if first is None:
        return None
    value, marks = first
    stop = index + 1
    if (
        value == 10
        and (ones := _said(words, stop, _AFTER_TENS))
        and 0 < ones[0] < 10
        and _is_next(words, stop)
    ):
        value, marks, stop = 10 + ones[0], min(marks, ones[1]), stop + 1
    elif 2 <= value < 10 and _is_ten(words, stop):
        value, stop = value * 10, stop + 1
        ones = _said(words, stop, _AFTER_TENS)
        if ones and 0 < ones[0] < 10 and _is_next(words, stop):
            value, marks, stop = value + ones[0], min(marks, ones[1]), stop + 1
    elif value == 1 and stop < len(words) and words[stop].plain == "tram" and _is_next(words, stop):
        value, stop = 100, stop + 1
    doubtful = marks != EXACT or (value in {0, 5} and stop == index + 1)
    return _with_fraction(words, Quantity(float(value), index, stop, True, doubtful))


def _with_fraction(words: Sequence[Word], whole: Quantity) -> Quantity:
    """With `rưỡi`, `phẩy` and a digit or its word, or `điểm rưỡi` behind it."""
    stop = whole.stop
    if stop >= len(words) or words[stop].before.strip():
        return whole
    word = words[stop]
    if word.plain in {"diem", "d"} and _is_half(words, stop + 1):
        return replace(whole, value=whole.value + 0.5, stop=stop + 2, in_points=True)
    if word.plain == "ruoi" and likeness(word.written, "rưỡi") != ANOTHER:
        return replace(whole, value=whole.value + 0.5, stop=stop + 1)
    right = _POINT.get(word.plain)
    if right is None or likeness(word.written, right) == ANOTHER or stop + 1 >= len(words):
        return whole
    after = words[stop + 1]
    digit = (
        int(after.plain) if after.plain in set("0123456789") else (_said(words, stop + 1, _ONES) or (10,))[0]
    )
    if digit > 9:
        return whole
    return replace(whole, value=whole.value + digit / 10, stop=stop + 2)


def _is_half(words: Sequence[Word], index: int) -> bool:
    """`rưỡi`, or the 5 of `8 điểm 5`, and no `năm 2025`."""
    if index >= len(words) or words[index].before.strip():
        return False
    word = words[index]
    if word.plain == "ruoi":
        return likeness(word.written, "rưỡi") != ANOTHER
    if index + 1 < len(words) and not words[index + 1].before.strip():
        return False  # `7 điểm 5 câu`
    return word.plain == "5" or (word.plain == "nam" and likeness(word.written, "năm") != ANOTHER)


def _with_scale(words: Sequence[Word], quantity: Quantity) -> Quantity:
    """With `/10`, `trên 10` or `trên thang mười` behind it. A date (`8/10/2025`) has none."""
    index = quantity.stop
    if index >= len(words):
        return quantity
    if words[index].before.strip() != "/":
        if words[index].plain != "tren" or likeness(words[index].written, "trên") == ANOTHER:
            return quantity
        index += 1
        if index < len(words) and words[index].plain == "thang":
            index += 1
        if index >= len(words) or not _is_next(words, index):
            return quantity
    said = words[index].plain
    scale = {"10": 10, "100": 100, "muoi": 10}.get(said, 0)
    if not scale or quantity.value > scale or _goes_on(words, index + 1):
        return quantity
    return replace(quantity, stop=index + 1, out_of=scale)


def _is_glued(word: Word) -> bool:
    """Letters right behind a figure that are no points: `8k`, `8o`."""
    return not word.before and word.plain.isalpha() and word.plain not in {"d", "diem", "ruoi"}


def _goes_on(words: Sequence[Word], index: int) -> bool:
    """Does a figure follow that makes this a date, a range or a longer number?"""
    if index >= len(words) or not words[index].plain.isdigit():
        return False
    before = words[index].before
    return before in {"", ".", ",", ":"} or before.strip() in _GLUE


def _said(words: Sequence[Word], index: int, numbers: dict[str, tuple[str, int]]) -> tuple[int, int] | None:
    """The value of the number word at `index`, and how its marks were typed."""
    if index >= len(words) or words[index].plain not in numbers:
        return None
    right, value = numbers[words[index].plain]
    marks = max(likeness(words[index].written, each) for each in (right, _ALSO.get(right, right)))
    if marks == ANOTHER and value == 1:
        marks = likeness(words[index].written, "một")
    return None if marks == ANOTHER else (value, marks)


def _is_ten(words: Sequence[Word], index: int) -> bool:
    return (
        index < len(words)
        and words[index].plain in {"muoi", "chuc"}
        and _is_next(words, index)
        and likeness(words[index].written, "mươi") != ANOTHER
    )


def _is_next(words: Sequence[Word], index: int) -> bool:
    return words[index].before.isspace()
