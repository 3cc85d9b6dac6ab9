"""Knows a message that is not Vietnamese, so that nobody is answered in a language they do not read.

Only what is plain to see counts: another script, or words that no Vietnamese message has. A message that may
be Vietnamese is Vietnamese. Names no language it is not sure of.
"""

from __future__ import annotations

import re

from nlu.folding import normalise, runs
from nlu.spelling import is_syllable

_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("lo", re.compile(r"[\u0e80-\u0eff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("km", re.compile(r"[\u1780-\u17ff]")),
)
_FROM_LETTERS = 2
"""A single sign of another script is decoration."""

_COMMON = {
    "en": "what where when why how who which is are was the this that these you your i'm im my me we "
    "they and of "
    "with about does did have has need please know tell help speak english cannot could would should there "
    "information become register score citizen learning award criteria any some it yes from for",
    "fr": "bonjour je vous nous est sont les des une pour avec quel quelle comment pourquoi merci parlez "
    "français voudrais puis savoir",
    "hmn": "kuv koj nyob zoo thiab tsis yog puas muaj tau xav paub dab tsi qhov twg peb lawv",
}
_WORDS = {
    language: frozenset(word for word in words.split() if not is_syllable(word))
    for language, words in _COMMON.items()
}
"""Common words that are no Vietnamese syllable: `the`, `that`, `can` speak for nobody."""
_ENOUGH = 0.4
"""Share of a message's words that must speak for the other language."""
_AT_LEAST = 2
"""Words that must: one English word among Vietnamese ones is everyday Vietnamese."""


def foreign_language(text: str) -> str | None:
    """The language (ISO 639) of a message that is plainly not Vietnamese, else None. Total."""
    for language, script in _SCRIPTS:
        if len(script.findall(text[:1000])) >= _FROM_LETTERS:
            return language
    words = [word.lower() for word in runs(normalise(text[:1000])) if not word.isdigit()]
    for language, common in _WORDS.items():
        speaking = [word for word in words if word in common]
        if len(speaking) >= _AT_LEAST and len(speaking) >= _ENOUGH * len(words):
            return language
    return None
