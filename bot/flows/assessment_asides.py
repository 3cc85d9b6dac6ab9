"""What people say about the questions themselves in the middle of an assessment: what a level looks like, how
many points it is so far, two numbers where one is wanted.

Reads and never decides. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.dialogue.comments import is_question
from bot.flows.assessment_words import words_of
from knowledge.criteria import Level

_LONGEST = 60
"""Characters; a longer message is about more than this."""
_SO_FAR = re.compile(
    r"\b(?:duoc|tong|cong)\b.{0,16}\b(?:bao nhieu|may)\b(?: diem)? roi\b"
    r"|\b(?:tong|cong) diem (?:den gio|hien tai|bay gio)\b"
    r"|\b(?:den gio|hien tai|bay gio|tu nay|nay gio)\b.{0,16}\b(?:bao nhieu|may) diem\b"
)
_MEANING = re.compile(
    r"\b(?:cau|chi so|muc|cai|phan) nay\b.{0,12}\b(?:la gi|nghia|la sao|hoi gi|the nao|la nhu nao|ra sao)\b"
    r"|^(?:cho |xin )?(?:minh |em |toi |bac )?(?:vi du|vd)\b(?! minh chung)|\bvi du (?:nhu )?(?:the )?nao\b"
    r"|^(?:la )?sao (?:la sao|nghia la gi)\b|^(?:cau nay |kho )?kho hieu\b"
)
_BETWEEN_TWO = re.compile(
    r"(?:chac |khoang |tam |co |cho |minh |em |toi |bac |nghi |la |diem )*"
    r"(?P<low>\d{1,2})(?: diem)? (?:(?:hay|hoac|den|toi) (?:la )?)?(?P<high>\d{1,2})"
    r"(?: diem)?(?: (?:gi|do|nhi|a|thoi|day|vay|cung|duoc|chac|la))*"
)


def asks_points_so_far(text: str) -> bool:
    """Whether somebody wants to know what they have got until now."""
    return len(text) <= _LONGEST and _SO_FAR.search(_phrase(text)) is not None


def asks_what_this_means(text: str) -> bool:
    """Whether the question is asked about and not answered."""
    return len(text) <= _LONGEST and _MEANING.search(_phrase(text)) is not None


def asks_about_level(text: str, levels: Sequence[Level]) -> bool:
    """Whether somebody asks what a level looks like: `thế nào là khá tốt`."""
    if len(text) > _LONGEST or not is_question(text):
        return False
    said = f" {_phrase(text)} "
    return any(f" {' '.join(words_of(level.label))} " in said for level in levels)


def between_two(text: str) -> tuple[int, int] | None:
    """The two neighbouring numbers somebody wavers between: `7-8`, `chắc 7 hay 8`. None for anything else."""
    found = _BETWEEN_TWO.fullmatch(_phrase(text))
    if found is None:
        return None
    low, high = int(found["low"]), int(found["high"])
    return (low, high) if high == low + 1 else None


def _phrase(text: str) -> str:
    return " ".join(words_of(text))
