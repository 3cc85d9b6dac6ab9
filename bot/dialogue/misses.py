"""Questions that got no good answer, stripped of what could tell who asked, for staff to learn from.

Only the masked form leaves the conversation: numbers long enough for a telephone or an identity card,
addresses and what follows "tên tôi là" are blanked before anything is counted.
"""

from __future__ import annotations

import re

from nlu.text import fold, normalise, syllables

_LONGEST = 200
_BLANK = "…"
_ADDRESS = re.compile(r"\S+@\S+|https?://\S+|www\.\S+", re.IGNORECASE)
_NUMBER = re.compile(r"\+?\d(?:[\s.-]?\d){6,}")
"""Seven digits or more, however they are grouped: telephones, identity cards, accounts."""
_NAME = re.compile(
    r"(?P<said>\b(?:tên (?:tôi|em|mình|con|cháu|tui) là|(?:tôi|em|mình|con|cháu|tui) tên(?: là)?"
    r"|họ tên(?: là)?"
    r"|ten (?:toi|em|minh|con|chau|tui) la|(?:toi|em|minh|con|chau|tui) ten(?: la)?|ho ten(?: la)?)\s*:?\s+)"
    r"(?:[^\W\d_]+\s*){1,4}",
    re.IGNORECASE,
)


def blanked(text: str) -> str:
    """What was typed, on one line, without what could tell who typed it."""
    plain = _NAME.sub(rf"\g<said>{_BLANK} ", normalise(text))
    plain = _NUMBER.sub(_BLANK, _ADDRESS.sub(_BLANK, plain))
    return " ".join(plain.split())


def masked(text: str) -> str:
    """The same, to be counted: at most 200 characters."""
    return blanked(text)[:_LONGEST]


def key_of(text: str) -> str:
    """The same for every way of typing a question: folded, masked, without punctuation."""
    return " ".join(syllables(fold(masked(text))))[:_LONGEST]
