"""What the classifier looks at in a message: words, their neighbours, their marks, and the pieces of words.

Two layers. A message has *signs* (words, pairs, marked words, emoji); a word has *pieces* (runs of letters),
so that a word nobody taught still resembles its neighbours in spelling: `hocj`, `khuyenhoc`, `khuyen`. Words
are compared without marks; marks count besides, where they were typed, so that `đúng` is not `dừng` and
text without marks loses nothing else. Pure and total.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from nlu.accents import marked_syllables, take_apart
from nlu.folding import syllables

_SHORTEST_PIECE = 2
_LONGEST_PIECE = 5
_LONGEST_WORD = 24
"""Letters of one word that are looked at; longer ones are no words."""
_HEAD, _TAIL = 400, 200
"""Characters of a long message that are looked at: how it begins and how it ends."""
_SPOKEN_SIGNS = "?!"
_SPACES = re.compile(r"\s+")


def shorten(text: str) -> str:
    """The part of a message that tells what it wants: a long one's beginning and end."""
    if len(text) <= _HEAD + _TAIL:
        return text
    return f"{text[:_HEAD]} {text[-_TAIL:]}"


def symbols(text: str) -> tuple[str, ...]:
    """Emoji and the like, in order, without skin tones and joiners."""
    if text.isascii():
        return ()
    return tuple(c for c in text if unicodedata.category(c) == "So")


@dataclass(frozen=True, slots=True)
class Signs:
    """What a message shows. The first letter of a sign is its kind."""

    words: tuple[str, ...]
    """Folded, numbers by their shape."""
    plain: tuple[str, ...]
    """`w` word, `b` pair of neighbours, `s` symbol."""
    marked: tuple[str, ...]
    """`m` word, `n` pair, with their marks: what would be missing had the message been typed without any."""

    @property
    def bare(self) -> Signs:
        """The same message typed without marks."""
        return Signs(self.words, self.plain, ())


def message_signs(opened: str, folded: str) -> Signs:
    """The signs of a message, from its forms (`nlu.reading.Reading`)."""
    words = tuple(_number_as_shape(word) for word in syllables(folded))
    framed = ("<", *words, ">") if words else ()  # that there are none is no sign: `…` is not like 🙏
    plain = [f"w{word}" for word in words]
    plain += [f"b{one} {two}" for one, two in pairwise(framed)]
    plain += [f"s{symbol}" for symbol in symbols(opened)]
    plain += [f"s{sign}" for sign in _SPOKEN_SIGNS if sign in folded]
    return Signs(words, tuple(plain), tuple(_marked_signs(opened)))


def pieces(word: str) -> Iterator[str]:
    """Runs of two to five letters of a word with its ends marked, and those alone for one letter."""
    framed = f"<{word[:_LONGEST_WORD]}>"
    for size in range(_SHORTEST_PIECE, _LONGEST_PIECE + 1):
        for start in range(len(framed) - size + 1):
            yield framed[start : start + size]


def memory_key(folded: str) -> str:
    """What two messages have in common that are the same but for marks, case and punctuation."""
    return " ".join((*syllables(folded), *symbols(folded))) or _SPACES.sub(" ", folded.strip())


def may_mean(typed: str, meant: str) -> bool:
    """Could `typed` be `meant` with marks left out? Both opened, and equal in their `memory_key`.

    No mark may contradict: `dung` may be `đúng` and `dừng`, and neither may be the other.
    """
    mine, theirs = marked_syllables(typed), marked_syllables(meant)
    if len(mine) != len(theirs):
        return True  # the keyboard repair joined or cut something: nothing to compare
    return all(_word_may_mean(one, other) for one, other in zip(mine, theirs, strict=True))


def same_marks(typed: str, meant: str) -> bool:
    """Are both written with the same marks?"""
    return marked_syllables(typed) == marked_syllables(meant)


@lru_cache(maxsize=8192)
def _word_may_mean(typed: str, meant: str) -> bool:
    if typed == meant or typed.isascii():
        return True
    mine, theirs = take_apart(typed), take_apart(meant)
    if mine is None or theirs is None or mine.plain != theirs.plain:
        return True
    return mine.may_become(theirs)


def _marked_signs(opened: str) -> Iterator[str]:
    """In a message with marks every word counts as written, also one that has none: `ma` is not `mà`."""
    words = () if opened.isascii() else marked_syllables(opened)
    if all(word.isascii() for word in words):
        return
    yield from (f"m{word}" for word in words)
    yield from (f"n{one} {two}" for one, two in pairwise(words))


def _number_as_shape(word: str) -> str:
    """Numbers by their length: a score, a document and a year are told apart, 12 and 13 are not."""
    return f"#{min(len(word), 5)}" if word[0].isdigit() else word
