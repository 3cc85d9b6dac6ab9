"""Questions that go on from the last answer: "thế còn năm 2030?", "ai ký?", "văn bản nào?".

It only tells that a question leans on the last one and how the two read together; what the answer is, is
decided as for any other question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.repertoire import years_in

_OPENINGS = frozenset({"con", "the", "vay", "roi", "ua", "no"})
_ENDINGS = (("thi", "sao"), ("thi", "the", "nao"), ("thi", "bao", "nhieu"), ("thi", "may"))
_LONGEST = 6
"""Telling syllables up to which a question may lean on the last one."""
_BARE = 3
"""Telling syllables up to which it may do so without saying so."""
_COUNTED = {
    "lan": "lần",
    "chi so": "chỉ số",
    "nhom": "nhóm",
    "muc do": "mức độ",
    "muc": "mức",
    "nhiem vu": "nhiệm vụ",
    "buoc": "bước",
    "tieu chi": "tiêu chí",
}
"""Words that are counted, folded and as written."""
_YEAR = re.compile(r"(?<![\d/.-])(?:19|20)\d\d(?!\d)")


def leans(syllables: Sequence[str], telling: int) -> bool:
    """Does a question (folded, as meant) say that it goes on from the last one?

    `telling` counts its telling syllables: a long question stands by itself.
    """
    if telling > _LONGEST or not syllables:
        return False
    said = tuple(syllables)
    return said[0] in _OPENINGS or any(said[-len(ending) :] == ending for ending in _ENDINGS)


def may_lean(telling: int) -> bool:
    """Is a question short enough to be understood from the last one, if it makes no sense by itself?"""
    return telling <= _BARE


def read_on(topic: str, question: str) -> str:
    """The topic of the last answer as the new question (folded, as meant) changes it.

    "năm 2030" puts another year in it, "lần 5" another number behind the same word.
    """
    years = years_in(question)
    if len(years) == 1:
        topic = _YEAR.sub(str(next(iter(years))), topic)
    for folded, written in _COUNTED.items():
        number = re.search(rf"\b{folded} (?:thu |so )?(\d{{1,2}})\b", question)
        if number:
            topic = re.sub(rf"(?i)\b({written}(?: thứ| số)?) \d{{1,2}}\b", rf"\g<1> {number[1]}", topic)
    return topic
