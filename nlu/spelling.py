"""Slips of the keyboard: input-method leftovers and misspelt syllables, repaired cautiously.

Only what cannot be a Vietnamese syllable is ever touched, so a correct word is never turned into another.
Works on folded text; pure and total.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

_SYLLABLE = re.compile(
    r"(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdghklmnprstvx])?"
    r"(?:(?:oa|oe|ua|ue|uo|uy|uye|ie|ye|[aeiouy])(?:ch|ng|nh|[cmnpt])"
    r"|(?:ai|ao|au|ay|eo|eu|ia|ieu|iu|oai|oao|oay|oeo|oa|oe|oi|uai|uay|ua|ue|ui|uoi|uou|uo|uu|uya|uyu|uy|"
    r"yeu|ya|[aeiouy]))"
)
_DOUBLED = re.compile(r"([aeod])\1")
_TONE = re.compile(r"(?<=[aeiouycghmnpt])[sfrxj](?=[a-z]*$)")
_VNI = re.compile(r"(?<![a-z])[a-z]+[1-9]+[a-z][a-z1-9]*")
_WORD = re.compile(r"[a-z]+")
_LETTERS = "abcdeghiklmnopqrstuvxy"
_LONGEST_TYPED = 16
"""Letters of the longest syllable with all its Telex keys, and then some; what is longer is left alone, also
because the patterns take time that grows with the square of the length."""


@lru_cache(maxsize=8192)
def is_syllable(folded: str) -> bool:
    """Could this folded run of letters be a Vietnamese syllable? (`dinh` yes; `dinhh`, `hocj`, `shop` no.)"""
    return _SYLLABLE.fullmatch(folded) is not None


def repair_typing(folded: str) -> str:
    """Undo Telex and VNI leftovers: `coong daan hocj` and `co6ng da6n ho5c` give `cong dan hoc`."""
    plain = _VNI.sub(lambda match: _undo_vni(match.group()), folded)
    return _WORD.sub(lambda match: _undo_telex(match.group()), plain)


def nearest(folded: str, known: Collection[str]) -> str | None:
    """The known syllable a misspelt one most likely is, or None.

    None also for anything that is a possible syllable itself: an unknown word is not a misspelt known one.
    One slip is allowed: a letter doubled, swapped, dropped, added or replaced, in this order of likelihood.
    """
    if len(folded) < 3 or not folded.isalpha() or is_syllable(folded):
        return None
    cuts = [(folded[:place], folded[place:]) for place in range(len(folded) + 1)]
    families = (
        (head + tail[1:] for head, tail in cuts if tail),
        (head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1),
        (head + letter + tail for head, tail in cuts for letter in _LETTERS),
        (head + letter + tail[1:] for head, tail in cuts if tail and head for letter in _LETTERS),
    )
    for family in families:
        for candidate in family:
            if len(candidate) > 1 and candidate in known:
                return candidate
    return None


@lru_cache(maxsize=16384)
def _undo_telex(word: str) -> str:
    if len(word) > _LONGEST_TYPED or is_syllable(word):
        return word
    plain = _DOUBLED.sub(r"\1", word)
    for candidate in (plain, _TONE.sub("", plain, count=1), _TONE.sub("", plain.replace("w", ""), count=1)):
        if is_syllable(candidate):
            return candidate
    return word


def _undo_vni(token: str) -> str:
    if len(token) > _LONGEST_TYPED:
        return token
    plain = re.sub(r"[1-9]", "", token)
    return plain if is_syllable(plain) else token
