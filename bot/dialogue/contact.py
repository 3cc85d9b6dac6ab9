"""Telephone numbers people leave so that somebody calls them back. Finds them; keeps and logs nothing."""

from __future__ import annotations

import re

_TELEPHONE = re.compile(r"(?<![\d.,])(?:\+?84|0)(?:[\s.-]?\d){8,10}(?![\d%])")
"""Nine to eleven digits from 0 or +84 on, however they are grouped."""


def holds_telephone(text: str) -> bool:
    """Whether there is a Vietnamese telephone number in `text`."""
    return _TELEPHONE.search(text[:1000]) is not None
