"""What officers type into fields, made plain; and an id for what they make. Pure."""

from __future__ import annotations

import re
from collections.abc import Container

from connectors.message import clean_text
from nlu.text import syllables

_SLUG_LENGTH = 60


def one_line(text: str) -> str:
    """The words, with single spaces between them."""
    return " ".join(clean_text(text).split())


def new_id(words: str, taken: Container[str], otherwise: str) -> str:
    """An id of its own for something new: its words without marks, or `otherwise` where it has none."""
    stem = "-".join(syllables(words))[:_SLUG_LENGTH].strip("-") or otherwise
    stem = re.sub(r"[^a-z0-9]+", "-", stem).strip("-") or otherwise
    number, made = 2, stem
    while made in taken:
        number, made = number + 1, f"{stem}-{number}"
    return made
