"""How much of a text is what somebody wrote: 1 for clean Vietnamese, about a half for ruined scans.

Judged by words that cannot be Vietnamese as written. Names, abbreviations and a few usual foreign words do
not count against a text; numbers count neither way.
"""

from __future__ import annotations

import re

from knowledge.ingest.analysis import WritingAnalysis

DAMAGED_BELOW = 0.85
"""Set between clean and ruined documents; tests/knowledge/ingest/test_quality.py holds the gap."""
FEW_WORDS = 8
"""With fewer words a passage is judged together with its page."""

_PARTS = re.compile(r"[-–—/.,:;()&“”\"'’‘!?+…\[\]*%=•●]+")
_MIXED = re.compile(r"(?=.*\d)(?=.*[^\W\d_])", re.DOTALL)
_CODE = re.compile(
    r"[A-ZĐ]{1,5}\d{1,4}|\d{1,4}[A-ZĐa-zđ]?|\d+(?:m2|km2|m3|km|ha|kg|cm|h|tr|k|G)", re.IGNORECASE
)
_ABBREVIATION = re.compile(r"[A-ZĐƯƠÂÊÔĂ]{1,10}[a-z]?|[A-ZĐ][a-z]?[A-ZĐ]{1,8}[a-z]?")
_USUAL = frozenset(
    re.findall(
        r"\w+",
        "zalo facebook youtube fanpage video clip internet online website web email media infographic app "
        "messenger google tiktok wifi marketing podcast livestream smartphone laptop computer http https www "
        "vn com org gov edu html pdf logo album stem steam unesco covid elearning radio",
    )
)
_ADDRESS = re.compile(r"://|www\.|\w@\w+\.\w|\w\.(?:vn|com|org|net|gov|edu)\b")
_ODD = re.compile(r"[^\w\s\-–—/.,:;()&“”\"'’‘!?+…\[\]*%=•●°²³≥≤<>→]")


def quality(text: str, analysis: WritingAnalysis) -> float:
    """0 to 1; 1 for a text without words."""
    good, bad = count_words(text, analysis)
    return round(good / (good + bad), 4) if good + bad else 1.0


def count_words(text: str, analysis: WritingAnalysis) -> tuple[int, int]:
    """Words as somebody may have written them, and words that cannot be."""
    good = bad = 0
    for token in text.split():
        if _ADDRESS.search(token):
            continue
        if _ODD.search(token):
            bad += 1
            continue
        for part in _PARTS.split(token):
            verdict = is_plausible(part, analysis) if part else None
            good += verdict is True
            bad += verdict is False
    return good, bad


def is_plausible(part: str, analysis: WritingAnalysis) -> bool | None:
    """Whether a run without punctuation can be a word; None for what says nothing either way."""
    if part.isdigit() or not any(map(str.isalnum, part)):
        return None
    if _MIXED.match(part):
        return True if _CODE.fullmatch(part) else False  # noqa: SIM210 - three answers, not two
    if analysis.is_well_spelt(part) or part.lower() in _USUAL:
        return True
    if len(part) == 1:
        return None
    # Capitals make an abbreviation, unless they spell a syllable without its marks: `TUYEN`, `HOC`.
    is_bare_syllable = len(part) > 2 and part.isascii() and analysis.is_syllable(analysis.fold(part))
    return bool(_ABBREVIATION.fullmatch(part)) and not is_bare_syllable
