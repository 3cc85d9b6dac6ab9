"""A message cut at its spaces, each piece with its place in what was typed and with what it means.

For whoever learns from meaning but must point at what was typed, as the tokenizer of the Rasa room does. Pure
and total; must never be shown to a citizen, because folding loses marks.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from nlu.folding import fold, normalise
from nlu.spelling import repair_typing
from nlu.text import VietnameseText

_PIECE = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Piece:
    """One run of characters without a space."""

    start: int
    end: int
    """Half-open span in the text as it was given, in whatever Unicode form."""
    meant: str
    """Folded, short forms written out (so it may hold spaces), keyboard slips undone; may be empty."""


def pieces(text: str, analysis: VietnameseText) -> tuple[Piece, ...]:
    """The pieces of `text`, in order. What they mean, joined by spaces, is `as_meant` up to spaces."""
    composed = normalise(text)
    places = _places(text, composed)
    openings = list(analysis.openings(composed))
    found: list[Piece] = []
    for run in _PIECE.finditer(composed):
        opened: list[str] = []
        place = run.start()
        while openings and openings[0][1] <= run.end():
            start, end, long = openings.pop(0)
            opened += [composed[place:start], long]
            place = end
        meant = repair_typing(fold("".join([*opened, composed[place : run.end()]])))
        found.append(Piece(places[run.start()][0], places[run.end() - 1][1], " ".join(meant.split())))
    return tuple(found)


def _places(text: str, composed: str) -> list[tuple[int, int]]:
    """For each character of `composed`, the span in `text` it was composed from."""
    if text == composed:
        return [(place, place + 1) for place in range(len(text))]
    starts = [place for place, character in enumerate(text) if not unicodedata.combining(character)]
    starts = sorted({0, *starts})
    spans: list[tuple[int, int]] = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        spans += [(start, end)] * len(normalise(text[start:end]))
    if len(spans) == len(composed):
        return spans
    # Scripts that compose across letters (Hangul typed in parts): roughly there, and always inside.
    last = len(text) - 1
    return [(min(place, last), min(place, last) + 1) for place in range(len(composed))]
