"""Where two texts differ, word by word, for the macro `difference`. Pure.

Texts are as hostile as any: templates escape them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

_AROUND = 80
"""Characters shown on either side of what changed."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which two versions differ: pieces that are `same`, `gone` or `new`."""

    field: str
    pieces: Sequence[tuple[str, str]]


def difference(
    field: str, old: str, new: str, *, is_whole: bool = False, whole_below: float = 0.0
) -> Difference:
    """Where two texts differ.

    `is_whole` leaves out nothing of what is the same. Texts that have less than `whole_below` of their words
    in common (0 to 1) stand one behind the other, each in one piece.
    """
    a, b = re.findall(r"\s+|[^\s]+", old), re.findall(r"\s+|[^\s]+", new)
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    if matcher.ratio() < whole_below:
        return Difference(field, [("gone", old), ("same", "\n"), ("new", new)])
    pieces: list[tuple[str, str]] = []
    for tag, i, j, k, end in matcher.get_opcodes():
        if tag == "equal":
            same = "".join(a[i:j])
            pieces.append(("same", same if is_whole else _without_middle(same)))
            continue
        if i < j:
            pieces.append(("gone", "".join(a[i:j])))
        if k < end:
            pieces.append(("new", "".join(b[k:end])))
    return Difference(field, pieces)


def _without_middle(text: str) -> str:
    """What did not change is there to find one's way by, and is not read again."""
    return text if len(text) <= 3 * _AROUND else f"{text[:_AROUND]} […] {text[-_AROUND:]}"
