"""What can be read off a message by rule: documents, years, percentages, scores, titles and places.

One finder for every engine, so that they differ in nothing but the intent; it is also imported by Rasa's
environment, under Python 3.10. Pure and total: any string gives entities that never overlap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlu.folding import fold_with_offsets
from nlu.interpreter import Entity
from nlu.mentions import find_words, span_in
from nlu.numbers import find_document_numbers
from nlu.places import find_place, find_places
from nlu.scores import find_scores, read_score
from nlu.titles import find_titles

__all__ = ["find_entities", "find_percentages", "find_place", "find_years", "read_score"]

_YEAR = re.compile(
    r"(?<![\w.,/-])(?P<value>(?:19|20)\d\d)(?![\w%])(?!\s*[/-]\s*(?:qd|kl|ct|tt|nq|nd|kh|cv)\b)"
)
_PERCENTAGE = re.compile(r"(?<![\w.,])(?P<value>\d{1,3}(?:[.,]\d{1,2})?)\s*(?:%|phan\s+tram\b)")
_READ = 1000
"""Characters that are searched for scores, titles and places; bounds the time for abusive texts."""


def find_years(text: str) -> tuple[Entity, ...]:
    """Years 1900 to 2099 that are not part of a longer number."""
    return tuple(_by_pattern("year", _YEAR, text, *fold_with_offsets(text)))


def find_percentages(text: str) -> tuple[Entity, ...]:
    """Percentages, with `%` or in words; the value is the number with a decimal point."""
    return tuple(_by_pattern("percentage", _PERCENTAGE, text, *fold_with_offsets(text)))


def find_entities(text: str) -> tuple[Entity, ...]:
    """The entities of `text` by place, never overlapping; of two that would, the kind named first stays.

    Values: `1373/QĐ-TTg`, `40` (per cent), `2030`, `7.5`, `cong_dan`, `xã Chiềng Mai, tỉnh Sơn La`.
    """
    found: list[Entity] = []
    for entity in _all(text):
        if not any(one.start < entity.end and entity.start < one.end for one in found):
            found.append(entity)
    return tuple(sorted(found, key=lambda entity: entity.start))


def _all(text: str) -> Iterator[Entity]:
    for number in find_document_numbers(text):
        yield Entity("document", number.normalised, number.start, number.end)
    folded, offsets = fold_with_offsets(text)
    yield from _by_pattern("percentage", _PERCENTAGE, text, folded, offsets)
    yield from _by_pattern("year", _YEAR, text, folded, offsets)
    head = text[:_READ]
    words = find_words(head)
    for title in find_titles(head, words):
        yield Entity("title", title.name, title.start, title.end)
    for score in find_scores(head, words):
        yield Entity("score", f"{score.value:g}", score.start, score.end)
    for place in find_places(head, words):
        yield Entity("place", place.value, place.start, place.end)


def _by_pattern(
    kind: str, pattern: re.Pattern[str], text: str, folded: str, offsets: list[int]
) -> Iterator[Entity]:
    for match in pattern.finditer(folded):
        start, end = span_in(text, offsets, match.start(), match.end())
        yield Entity(kind, match["value"].replace(",", "."), start, end)
