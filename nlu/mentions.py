"""The words of a message with their places and their marks: where finding numbers, titles and places starts.

A word is a run of letters or a run of digits. Compared with the right spelling it has the right marks, too
few of them, or others; only the last makes it another word. Pure and total; keeps nothing of what it read.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from nlu.accents import take_apart
from nlu.folding import WORD, fold_with_offsets, normalise

ANOTHER, BARE, EXACT = 0, 1, 2
"""Grades of `likeness`, in this order."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it was typed."""

    plain: str
    """Folded."""
    written: str
    """NFC, case kept."""
    start: int
    end: int
    """Half-open span in the text as it was given, combining marks of the last letter included."""
    before: str
    """Folded text between the word before and this one: a space, a comma, nothing."""

    @property
    def is_capital(self) -> bool:
        """Begins with a capital letter."""
        return self.written[:1].isupper()


def find_words(text: str) -> tuple[Word, ...]:
    """The words of `text`, in order."""
    folded, offsets = fold_with_offsets(text)
    found = []
    place = 0
    for match in WORD.finditer(folded):
        start, end = span_in(text, offsets, match.start(), match.end())
        written = normalise(text[start:end])
        found.append(Word(match.group(), written, start, end, folded[place : match.start()]))
        place = match.end()
    return tuple(found)


def span_in(text: str, offsets: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """The span of `text` behind a non-empty span of its folding, with the marks of the last letter."""
    last = offsets[end - 1] + 1
    while last < len(text) and unicodedata.combining(text[last]):
        last += 1
    return offsets[start], last


def likeness(written: str, right: str) -> int:
    """`EXACT`, `BARE` (marks missing) or `ANOTHER`. Where the tone mark stands does not matter."""
    mine, theirs = take_apart(written.lower()), take_apart(right.lower())
    if mine is None or theirs is None:
        if normalise(written).lower() == normalise(right).lower():
            return EXACT
        return BARE if written.isascii() else ANOTHER
    if mine == theirs:
        return EXACT
    return BARE if mine.may_become(theirs) else ANOTHER
