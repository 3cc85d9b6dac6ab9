"""Vietnamese text as people type it, brought to a form that can be compared.

Everything here is pure and total: any string, also one with lone surrogates or decomposed letters, gives
a result and never an exception. Folding loses marks on purpose; it must never be shown to a citizen.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import yaml

from nlu import accents
from nlu.folding import WORD, fold, normalise, runs, syllables
from nlu.numbers import DocumentMention, NumberReader, find_document_numbers
from nlu.orthography import is_well_spelt
from nlu.spelling import is_syllable, nearest, repair_typing

__all__ = [
    "Abbreviation",
    "DocumentMention",
    "VietnameseText",
    "find_document_numbers",
    "fold",
    "normalise",
    "runs",
    "syllables",
    "vietnamese_text",
]

_JOINS = frozenset("/-@.&")


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """One line of data/abbreviations.yml."""

    long: str
    before_number: bool
    """Opened only when a number follows: `ct 11` is a directive, `ct` alone may be anything."""
    after: frozenset[str]
    """Opened only after one of these folded syllables; empty means anywhere."""
    after_number: bool = False
    """Opened only right behind a number of up to three digits: `75d` is a score."""


_REMEMBERED = 8192
_SHORT = 600
"""Texts up to this many characters are remembered, 8,192 of them: the ways of asking for everything that can
be said, and the latest messages. Some megabytes."""


class VietnameseText:
    """The text analysis handed to whoever needs one: folding plus the abbreviations of this house."""

    def __init__(self, abbreviations: dict[str, tuple[Abbreviation, ...]]) -> None:
        """`abbreviations` maps a short form (lower case, NFC) to its readings, most special first."""
        self._abbreviations = abbreviations
        # The same texts are read again whenever content changes, and by each part that looks at a message.
        self._as_meant = lru_cache(_REMEMBERED)(self._read_as_meant)
        self._numbers = lru_cache(_REMEMBERED)(find_document_numbers)

    def fold(self, text: str) -> str:
        """See `fold`."""
        return fold(text)

    def syllables(self, text: str) -> tuple[str, ...]:
        """See `syllables`."""
        return syllables(text)

    def document_numbers(self, text: str) -> tuple[DocumentMention, ...]:
        """See `find_document_numbers`."""
        return self._numbers(text) if len(text) <= _SHORT else find_document_numbers(text)

    def is_syllable(self, folded: str) -> bool:
        """See `nlu.spelling.is_syllable`."""
        return is_syllable(folded)

    def is_well_spelt(self, word: str) -> bool:
        """See `nlu.orthography.is_well_spelt`."""
        return is_well_spelt(word)

    def number_reader(self, registered: Iterable[str]) -> NumberReader:
        """Reads the document numbers of documents (never of chat). See `nlu.numbers.NumberReader`."""
        return NumberReader(registered)

    def as_meant(self, text: str) -> str:
        """Folded, abbreviations opened, keyboard slips undone. For comparing, never for showing."""
        return self._as_meant(text) if len(text) <= _SHORT else self._read_as_meant(text)

    def _read_as_meant(self, text: str) -> str:
        return repair_typing(fold(self.open_abbreviations(text)))

    def nearest(self, syllable: str, known: Collection[str]) -> str | None:
        """See `nlu.spelling.nearest`."""
        return nearest(syllable, known)

    def share_of_marks(self, text: str) -> float:
        """See `nlu.accents.share_of_marks`."""
        return accents.share_of_marks(text)

    def marked_syllables(self, text: str) -> tuple[str, ...]:
        """See `nlu.accents.marked_syllables`."""
        return accents.marked_syllables(text)

    def restorer(self, texts: Iterable[str]) -> accents.AccentRestorer:
        """See `nlu.accents.AccentRestorer`."""
        return accents.AccentRestorer.train(texts)

    def open_abbreviations(self, text: str) -> str:
        """The text (NFC) with chat short forms written out: `cdht la j` gives `công dân học tập la gì`.

        Only whole syllables are opened, and none inside a document number or an address. Idempotent.
        """
        text = normalise(text)
        opened: list[str] = []
        place = 0
        for start, end, long in self.openings(text):
            opened += [text[place:start], long]
            place = end
        return "".join([*opened, text[place:]])

    def openings(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Each short form in `text` (give it NFC), in order: its half-open span and what stands for it."""
        words = list(WORD.finditer(text))
        for index, word in enumerate(words):
            if word.group().lower() not in self._abbreviations:
                continue
            long = self._reading(text, words, index)
            if long is not None:
                gap = " " if text[word.end() : word.end() + 1].isdigit() else ""
                yield word.start(), word.end(), long + gap

    def _reading(self, text: str, words: list[re.Match[str]], index: int) -> str | None:
        word = words[index]
        readings = self._abbreviations.get(word.group().lower(), ())
        if text[word.start() - 1 : word.start()].isdigit():
            counts = (
                index > 0
                and len(words[index - 1].group()) <= 3
                and not _is_inside_a_code(text, words[index - 1])
            )
            return next((f" {r.long}" for r in readings if r.after_number and counts), None)
        readings = tuple(reading for reading in readings if not reading.after_number)
        if not readings or _is_inside_a_code(text, word):
            return None
        following = words[index + 1].group() if index + 1 < len(words) else ""
        if fold(following) == "so" and index + 2 < len(words):
            following = words[index + 2].group()
        previous = fold(words[index - 1].group()) if index else ""
        for reading in readings:
            if reading.before_number and not following[:1].isdigit():
                continue
            if reading.after and previous not in reading.after:
                continue
            return reading.long
        return None


@cache
def vietnamese_text() -> VietnameseText:
    """The analysis with the shipped data/abbreviations.yml. Raises ValueError on a broken file."""
    rows = yaml.safe_load(files("nlu").joinpath("data/abbreviations.yml").read_text("utf-8"))
    table: dict[str, tuple[Abbreviation, ...]] = {}
    for row in rows["abbreviations"]:
        words = [*row.get("short", ()), row.get("long"), *row.get("after", ())]
        if not row.get("short") or set(row) - {"short", "long", "before_number", "after_number", "after"}:
            raise ValueError(
                f"abbreviations.yml: {row} needs short and long, perhaps before_number, after_number or after"
            )
        if not all(
            isinstance(word, str) for word in words
        ):  # YAML reads a bare on, no or 1 as something else
            raise ValueError(f"abbreviations.yml: {row} has a word that needs quotes")
        reading = Abbreviation(
            normalise(row["long"]),
            bool(row.get("before_number")),
            frozenset(row.get("after", ())),
            bool(row.get("after_number")),
        )
        for short in row["short"]:
            key = normalise(short).lower()
            table[key] = (*table.get(key, ()), reading)
    return VietnameseText(table)


def _is_inside_a_code(text: str, word: re.Match[str]) -> bool:
    """Part of `49-KL/TW`, `100k` or `congdanhoctap.vn` rather than a word of its own."""
    before = text[word.start() - 1 : word.start()]
    after = text[word.end() : word.end() + 2]
    if before == "_" or after[:1] == "_" or before.isdigit():
        return True
    if before in _JOINS and text[max(word.start() - 2, 0) : word.start() - 1].isalnum():
        return True
    return after[:1] in _JOINS and after[1:].isalnum()
