"""Suggestions for damaged passages, for a person to accept or edit; nothing is ever repaired by itself.

Marks and letters are put back where a run of syllables occurs, in one way only, in text that is known to be
clean; document numbers towards the register. What no clean text speaks for stays as it is.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

from knowledge.ingest.analysis import NumberReader, WritingAnalysis
from knowledge.ingest.quality import is_plausible

_LONGEST_RUN, _SHORTEST_RUN = 6, 2
_AGREEMENT = 0.8
"""Of all places where clean text has a run, so many must spell it alike."""
_WORD = re.compile(r"[^\W_]+")
_MAX_KNOWN = 2_000_000
"""Characters of clean text that are learnt from."""

Run = tuple[str, ...]
_Key = TypeVar("_Key")


class Repairer:
    """Learns from clean text once, then suggests."""

    def __init__(self, known: Iterable[str], analysis: WritingAnalysis, numbers: NumberReader) -> None:
        """`known`: clean statements, titles, passages."""
        self._analysis = analysis
        self._numbers = numbers
        counts: dict[Run, Counter[Run]] = defaultdict(Counter)
        gaps: dict[tuple[str, str], Counter[Run]] = defaultdict(Counter)
        spent = 0
        for text in known:
            spent += len(text)
            if spent > _MAX_KNOWN:
                break
            words = [word.lower() for word in _WORD.findall(text)]
            folded = [analysis.fold(word) for word in words]
            for length in range(_SHORTEST_RUN, _LONGEST_RUN + 1):
                for start in range(len(words) - length + 1):
                    counts[tuple(folded[start : start + length])][tuple(words[start : start + length])] += 1
            for start in range(len(words) - 2):
                gaps[folded[start], folded[start + 2]][tuple(words[start : start + 3])] += 1
        self._runs = _agreed(counts)
        self._gaps = _agreed(gaps)

    def suggest(self, text: str) -> str:
        """The text as it probably was; empty when nothing could be put right."""
        numbered = self._with_numbers(text)
        pieces = list(_WORD.finditer(numbered))
        words = [piece.group() for piece in pieces]
        right: list[str | None] = [None] * len(words)
        self._by_runs(numbered, pieces, words, right)
        self._by_neighbours(words, right)
        made: list[str] = []
        place = 0
        for piece, word in zip(pieces, right, strict=True):
            if word is not None:
                made += [numbered[place : piece.start()], _cased(word, piece.group())]
                place = piece.end()
        repaired = "".join([*made, numbered[place:]])
        return repaired if repaired != text else ""

    def _with_numbers(self, text: str) -> str:
        made: list[str] = []
        place = 0
        for mention in self._numbers.read(text):
            whole = any(mark in mention.written for mark in "/-")
            if whole and mention.is_known and mention.written != mention.normalised:
                follows = text[mention.end : mention.end + 1]
                made += [text[place : mention.start], mention.normalised, " " if follows.isalpha() else ""]
                place = mention.end
        return "".join([*made, text[place:]])

    def _by_runs(
        self, text: str, pieces: Sequence[re.Match[str]], words: Sequence[str], right: list[str | None]
    ) -> None:
        """The longest runs first, each only where at least one of its words cannot be right as it stands."""
        folded = [self._analysis.fold(word) for word in words]
        joined = [
            index + 1 < len(pieces) and text[piece.end() : pieces[index + 1].start()].isspace()
            for index, piece in enumerate(pieces)
        ]
        for length in range(_LONGEST_RUN, _SHORTEST_RUN - 1, -1):
            for start in range(len(words) - length + 1):
                span = range(start, start + length)
                if any(right[i] is not None for i in span) or not all(joined[i] for i in span[:-1]):
                    continue
                known = self._runs.get(tuple(folded[start : start + length]))
                if known is not None and any(self._is_wrong(words[i]) for i in span):
                    right[start : start + length] = known

    def _by_neighbours(self, words: Sequence[str], right: list[str | None]) -> None:
        """A ruined word between two that are settled, when clean text always has the same one there."""
        for index in range(1, len(words) - 1):
            before, after = right[index - 1], right[index + 1]
            if (
                right[index] is not None
                or before is None
                or after is None
                or not self._is_wrong(words[index])
            ):
                continue
            fold = self._analysis.fold
            known = self._gaps.get((fold(before), fold(after)))
            if known is not None and _resemble(fold(known[1]), fold(words[index])):
                right[index] = known[1]

    def _is_wrong(self, word: str) -> bool:
        return is_plausible(word, self._analysis) is False


def _agreed(counts: dict[_Key, Counter[Run]]) -> dict[_Key, Run]:
    agreed = {}
    for key, spellings in counts.items():
        best, often = spellings.most_common(1)[0]
        if often >= _AGREEMENT * spellings.total():
            agreed[key] = best
    return agreed


def _resemble(known: str, written: str) -> bool:
    """At least half of the letters are in their place, from either end."""
    if abs(len(known) - len(written)) > 2:
        return False
    ahead = sum(a == b for a, b in zip(known, written, strict=False))
    behind = sum(a == b for a, b in zip(reversed(known), reversed(written), strict=False))
    return max(ahead, behind) * 2 >= max(len(known), len(written))


def _cased(word: str, as_in: str) -> str:
    if len(as_in) > 1 and as_in.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if as_in[:1].isupper() else word
