"""Which earlier answer somebody wants to change, and to what: `à nhầm, 8 điểm`, `câu 3 cho 7 điểm`.

Reads and never changes anything. A number of a question is told from points; a name counts only behind a word
that says a question is meant, because people also talk about reading and languages while they answer. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.flows.assessment_words import Words, read_level, words_of
from knowledge.criteria import CriteriaSet, Level
from nlu.mentions import ANOTHER, EXACT, find_words, likeness
from nlu.text import normalise, vietnamese_text

LAST = 0
"""The answer given last."""
_MARKS = {"nham": "nhầm", "lon": "lộn", "sua": "sửa", "chua": "chữa"}
_MARKED_ONLY = frozenset({"chua", "lon"})
"""Without its mark it is another word far more often: `chưa`, `lớn`."""
_PHRASES = re.compile(
    r"\bdoi (?:lai|cau|diem|chi so|dap an|sang|thanh|nhom)\b|\bthay (?:doi|cau)\b|\bmoi dung\b|\bhoi nay\b"
    r"|\b(?:chon|cham|ghi|chinh|nghi|tra loi) lai\b|\by (?:la|minh la|toi la|em la)\b"
    r"|\b(?:bam|an|go|ghi|chon|danh|noi|tra loi) (?:sai|lon|lo|chua dung)\b"
    r"|\blon (?:roi|r|so|cau|nhom|phim|thanh)\b|^(?:a |ui |ua )?lon\b"
    r"|\bcho (?:minh|em|toi|bac)? ?xuong\b|\bluc nay (?:minh|em|toi|bac) (?:bam|cham|ghi|go)\b"
)
_NUMBERS = {
    "mot": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9,
    "muoi": 10,
}  # fmt: skip
_BY_NUMBER = re.compile(
    r"\b(?:cau|chi so|tieu chi)(?: hoi)?(?: so| thu)? (?P<number>\d{1,2}|"
    + "|".join(_NUMBERS)
    + r")\b(?![.,]\d)"
)
_BY_PLACE = re.compile(
    r"\bcau (?:hoi )?(?:truoc do|truoc|vua roi|vua nay|hoi nay|luc nay|tren|do|ay|kia|cuoi)\b"
)
_THIS = re.compile(r"\bcau nay\b")
_NAMED = re.compile(r"\b(?:cau hoi|cau|chi so|tieu chi|phan)(?: ve)?\b ?(?P<rest>.+)")
_DENIED = re.compile(r"(\d{1,2})(?: diem)?(?: chu| co)? (?:khong|ko|k) phai (?:la )?(\d{1,2})\b")
_INSTEAD = re.compile(r"\b(?:khong|ko|k) phai (?:la )?(\d{1,2})\D+(\d{1,2})\b")
_ASKS = re.compile(r"\b(?:gi|nao|o dau|bao nhieu|khi nao|vi sao|tai sao)\b")
_GROUP = re.compile(r"\bnhom\b")
_ALONE = re.compile(r"(?:cho )?(?:minh |em |toi |bac )?(?:xem lai |ve |lai |tro lai |quay lai |quay ve )?")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be changed."""

    number: int
    """Of the indicator; LAST for the one answered last."""
    words: str
    """What is left of the message: the new value may be in it. Folded."""
    is_group: bool = False
    """The group is to be changed and no indicator."""


def read_correction(
    text: str, criteria: CriteriaSet, levels: Sequence[Level], last_points: int | None
) -> Correction | None:
    """The correction in a message, or None when it is none. `last_points` are those of the last answer.

    The number may be one no indicator has. `levels` are those an answer can be given by.
    """
    if len(text) > _LONGEST:
        return None
    folded = " ".join(re.findall(r"[\w.,/-]+", vietnamese_text().as_meant(text)))
    folded = re.sub(r"[.,](?!\d)", " ", folded)
    folded = " ".join(folded.split())
    marked = _is_marked(text, folded)
    if marked and _GROUP.search(folded):
        return Correction(LAST, folded, is_group=True)
    named = _by_number(text, folded, levels, marked) or _by_name(folded, criteria, marked)
    found = named or _instead(folded, last_points)
    if found is not None:
        return found
    if not marked or _begins_with_a_number(folded) or (_ASKS.search(folded) and not _gives_points(folded)):
        return None
    return Correction(LAST, _without_marks(_BY_PLACE.sub(" ", folded)))


def _is_marked(text: str, folded: str) -> bool:
    for word in find_words(text):
        right = _MARKS.get(word.plain)
        if right is None:
            continue
        grade = likeness(word.written, right)
        if grade == EXACT or (grade != ANOTHER and word.plain not in _MARKED_ONLY):
            return True
    return _PHRASES.search(folded) is not None and "doi khi" not in folded


def _by_number(text: str, folded: str, levels: Sequence[Level], marked: bool) -> Correction | None:
    found = _BY_NUMBER.search(folded)
    if found is None:
        return None
    said = found["number"]
    rest = f"{folded[: found.start()]} {folded[found.end() :]}".strip()
    if said == "sau" and "sáu" not in normalise(text).lower() and not (marked and re.search(r"\d", rest)):
        return None  # `câu sau` is the next one
    if "?" in text and not marked:
        return None
    alone = _ALONE.fullmatch(folded[: found.start()]) is not None and not folded[found.end() :].strip()
    if not marked and not alone and not _gives(rest) and read_level(rest, levels) is None:
        return None
    return Correction(int(said) if said.isdigit() else _NUMBERS[said], _without_marks(rest))


def _by_name(folded: str, criteria: CriteriaSet, marked: bool) -> Correction | None:
    found = _NAMED.search(folded)
    if found is None or not (marked or _gives(found["rest"])):
        return None
    if _THIS.search(folded):
        return None
    rest = words_of(found["rest"])
    telling = _telling(tuple((one.number, one.name) for one in criteria.indicators))
    for length in range(4, 1, -1):
        for at in range(len(rest) - length + 1):
            number = telling.get(rest[at : at + length])
            if number is not None:
                others = " ".join((*rest[:at], *rest[at + length :]))
                return Correction(number, _without_marks(f"{folded[: found.start()]} {_value_in(others)}"))
    return None


def _instead(folded: str, last_points: int | None) -> Correction | None:
    """`8 chứ không phải 6`, `không phải 6, 8 cơ`, when six is what was given last."""
    first, second = _DENIED.search(folded), _INSTEAD.search(folded)
    if first is not None and last_points is not None and int(first[2]) == last_points:
        return Correction(LAST, first[1])
    if second is not None and last_points is not None and int(second[1]) == last_points:
        return Correction(LAST, second[2])
    return None


def _gives(rest: str) -> bool:
    """Is a value in what is left?"""
    return re.search(r"\d|\bdiem\b", rest) is not None


def _gives_points(folded: str) -> bool:
    return re.search(r"\b(?:10|\d)\b(?![/-])", folded) is not None


def _value_in(words: str) -> str:
    """The value at the end of words that else name a question: `anh 5 diem` gives `5 diem`."""
    found = re.search(r"\b\d{1,2}(?:[.,]\d)?(?: diem)?\s*$", words)
    return found.group() if found else words


def _without_marks(folded: str) -> str:
    """What may be the new value: without the words that say that something is wrong."""
    denied = re.sub(r"\b(?:chu |co )?(?:khong|ko|k) phai (?:la )?\d{1,2}(?: diem)?\b", " ", folded)
    kept = re.sub(
        r"\b(?:moi dung|roi|sua|lai|nham|lon|doi|thay|a|ui|giup|ho|voi|duoc khong|dum)\b", " ", denied
    )
    found: list[str] = re.findall(r"\b\d{1,3}(?:[.,]\d)?\b", kept)
    if re.search(r"\btu (\d{1,2}) (?:diem )?(?:thanh|len|xuong|sang)\b", kept):
        return found[-1]
    return found[0] if len(found) == 1 else " ".join(kept.split())


def _begins_with_a_number(folded: str) -> bool:
    return re.match(r"\d", folded) is not None


@lru_cache(maxsize=8)
def _telling(names: tuple[tuple[int, str], ...]) -> Mapping[Words, int]:
    """Runs of two to four syllables that stand in the name of one indicator alone."""
    runs: dict[Words, set[int]] = {}
    for number, name in names:
        for run in _runs(words_of(name)):
            runs.setdefault(run, set()).add(number)
    return {run: numbers.pop() for run, numbers in runs.items() if len(numbers) == 1}


def _runs(words: Words) -> Sequence[Words]:
    return [words[at : at + size] for size in (2, 3, 4) for at in range(len(words) - size + 1)]
