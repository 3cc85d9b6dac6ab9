"""Cutting Vietnamese text to what a platform takes in one message.

Pure. Every word that goes in comes out, in order; only white space at a cut is dropped. A cut never falls
inside what a reader sees as one character (platforms C20), and inside a web address only when the address
alone is longer than a whole message.

The grapheme rule is the part of Unicode's UAX #29 that chat text meets: combining marks, joined emoji, skin
tones, flags, conjoining Hangul. Lengths are code points of NFC text, or UTF-16 units where a platform may
count those.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

_ZERO_WIDTH_JOINER = "\u200d"
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)")
_NOT_A_SENTENCE = re.compile(
    r"(?:^|[\s(])(?:\d{1,3}|[IVXLC]+|[A-ZĐa-zđ]|TP|Tp|tp|ThS|Ths|TS|PGS|GS|BS|KS|NQ|QĐ|St|tr|vd|VD)\.$"
)
"""What a full stop may close without closing a sentence: a list number, an initial, a title."""
_URL = re.compile(r"(?:https?://|www\.|(?:[a-z0-9-]+\.)+[a-z]{2,}/)\S+", re.IGNORECASE)


def _extends(char: str) -> bool:
    """Does this character belong to the one before it?"""
    code = ord(char)
    return (
        unicodedata.category(char) in {"Mn", "Mc", "Me"}  # accents and variation selectors
        or char == _ZERO_WIDTH_JOINER
        or 0x1F3FB <= code <= 0x1F3FF  # skin tones
        or 0xE0020 <= code <= 0xE007F  # tags inside regional flags
        or 0x1160 <= code <= 0x11FF  # Hangul vowels and finals
    )


def _is_flag_letter(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF


def is_grapheme_boundary(text: str, index: int) -> bool:
    """May `text` be cut before `index` without breaking what a reader sees as one character?"""
    if index <= 0 or index >= len(text):
        return True
    before, after = text[index - 1], text[index]
    if _extends(after) or before == _ZERO_WIDTH_JOINER or (before == "\r" and after == "\n"):
        return False
    if not (_is_flag_letter(before) and _is_flag_letter(after)):
        return True
    start = index
    while start > 0 and _is_flag_letter(text[start - 1]):
        start -= 1
    return (index - start) % 2 == 0  # flags are pairs of letters


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units: an emoji counts two or more."""
    return len(text) + sum(ord(char) > 0xFFFF for char in text)


def _reach(text: str, start: int, limit: int, utf16: bool) -> int:
    """The furthest end such that text[start:end] is within the limit (always takes one character)."""
    end = min(len(text), start + limit)
    if not utf16:
        return end
    used = 0
    for index in range(start, end):
        used += 2 if ord(text[index]) > 0xFFFF else 1
        if used > limit:
            return max(index, start + 1)
    return end


def _sentence_ends(text: str, start: int, end: int) -> Iterator[int]:
    for match in _SENTENCE_END.finditer(text, start, min(end + 1, len(text))):
        head = text[max(start, match.end() - 8) : match.end()]
        if match.end() <= end and not _NOT_A_SENTENCE.search(head):
            yield match.end()


def _last(cuts: Iterable[int], text: str, at_least: int) -> int | None:
    fitting = [cut for cut in cuts if cut >= at_least and is_grapheme_boundary(text, cut)]
    return fitting[-1] if fitting else None


def _hard_cut(text: str, start: int, end: int) -> int:
    """Where to cut a single unbroken run: before a web address, else between two graphemes."""
    token_start = start
    token_end = next((i for i in range(end, len(text)) if text[i].isspace()), len(text))
    for match in _URL.finditer(text, token_start, token_end):
        if start < match.start() < end < match.end() and is_grapheme_boundary(text, match.start()):
            return match.start()
    for cut in range(end, start, -1):
        if is_grapheme_boundary(text, cut):
            return cut
    return end  # one grapheme longer than a message: nothing better is possible


def _cut(text: str, start: int, end: int) -> int:
    """Where the piece that starts at `start` and may reach `end` should end.

    A sentence end or a line end in the second half of the piece is best; one in the first half comes next,
    then a space. A space directly after `end` counts: the piece then just fits.
    """
    window = range(start + 1, min(end, len(text) - 1) + 1)
    sentences = list(_sentence_ends(text, start, end))
    lines = [i for i in window if text[i] == "\n"]
    half = start + (end - start) // 2
    for cuts, at_least in ((sentences, half), (lines, half), (sentences, start + 1), (lines, start + 1)):
        cut = _last(cuts, text, at_least)
        if cut is not None:
            return cut
    cut = _last((i for i in window if text[i].isspace()), text, start + 1)
    return cut if cut is not None else _hard_cut(text, start, end)


def split_text(text: str, limit: int, *, utf16: bool = False) -> tuple[str, ...]:
    """Cut text into pieces of at most `limit` characters, in order, none of them empty.

    The text is made NFC and stripped. Cuts are made at sentence ends, else at line ends, else at spaces,
    else between graphemes. With `utf16` the limit counts UTF-16 units. Raises ValueError below a limit of 2,
    the room one emoji may need.
    """
    if limit < 2:
        raise ValueError("the limit must leave room for one character")
    text = unicodedata.normalize("NFC", text).strip()
    pieces: list[str] = []
    start = 0
    while start < len(text):
        end = _reach(text, start, limit, utf16)
        cut = end if end == len(text) else _cut(text, start, end)
        piece = text[start:cut].strip()
        if piece:
            pieces.append(piece)
        start = cut
        while start < len(text) and text[start].isspace():
            start += 1
    return tuple(pieces)


def shorten(text: str, limit: int, *, utf16: bool = False) -> str:
    """One line of at most `limit` characters; what does not fit becomes `…`, between words where possible.

    For labels whose full text is written elsewhere: this one does lose words. Raises ValueError below 2.
    """
    if limit < 2:
        raise ValueError("the limit must leave room for one character")
    line = " ".join(unicodedata.normalize("NFC", text).split())
    if (utf16_length(line) if utf16 else len(line)) <= limit:
        return line
    end = _reach(line, 0, limit - 1, utf16)
    if utf16 and utf16_length(line[:end]) > limit - 1:
        return "…"
    space = line.rfind(" ", end // 2, end + 1)
    cut = space if space > 0 else end
    while cut > 0 and not is_grapheme_boundary(line, cut):
        cut -= 1
    return line[:cut].rstrip(" ,;:–-") + "…"
