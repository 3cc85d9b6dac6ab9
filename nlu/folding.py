"""Unicode form, folding and cutting into syllables: what everything else in this room stands on.

Pure and total for any string, also with lone surrogates or decomposed letters. Folding loses marks on
purpose; what is folded must never be shown to a citizen.
"""

from __future__ import annotations

import re
import unicodedata

_PLAIN_D = {"đ": "d", "ð": "d", "ɖ": "d"}
"""Letters with a stroke have no decomposition. Eth and the African d are common keyboard mix-ups for đ."""

WORD = re.compile(r"[^\W\d_]+|\d+")


class _Folding(dict[int, str]):
    """Code point to its folded form, computed on first use."""

    def __missing__(self, code: int) -> str:
        text = chr(code)
        for _ in range(4):  # compatibility forms can hide further ones; four rounds reach every fixed point
            text = "".join(_PLAIN_D.get(c, c) for c in unicodedata.normalize("NFKD", text).lower())
            text = "".join(c for c in text if unicodedata.category(c) not in {"Mn", "Me", "Cf"})
        self[code] = text
        return text


_FOLDING = _Folding()


def normalise(text: str) -> str:
    """The text in NFC."""
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Lower case without marks: `Hoà Bình` and `HÒA BÌNH` both give `hoa binh`, `đ` gives `d`.

    Works letter by letter, so folding two texts joined is joining their foldings. Full-width and other
    compatibility letters become plain ones; invisible joiners vanish. Idempotent.
    """
    return text.lower() if text.isascii() else text.translate(_FOLDING)


def syllables(text: str) -> tuple[str, ...]:
    """Folded runs of letters and runs of digits, in order: `KL49 là gì` gives `kl`, `49`, `la`, `gi`."""
    return runs(fold(text))


def runs(text: str) -> tuple[str, ...]:
    """Runs of letters and runs of digits as they stand, marks and case kept (give it NFC)."""
    return tuple(WORD.findall(text))


def fold_with_offsets(text: str) -> tuple[str, list[int]]:
    """`fold`, and for each of its characters the place in `text` it comes from."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    folded: list[str] = []
    offsets: list[int] = []
    for index, character in enumerate(text):
        plain = _FOLDING[ord(character)]
        folded.append(plain)
        offsets += [index] * len(plain)
    return "".join(folded), offsets
