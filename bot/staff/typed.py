"""What officers type into fields, and what addresses say, made plain; and an id for what they make. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

from connectors.message import clean_text
from nlu.text import syllables

_SLUG_LENGTH = 60


def one_line(text: str) -> str:
    """The words, with single spaces between them."""
    return " ".join(clean_text(text).split())


def text_in(form: Mapping[str, str], name: str) -> str:
    """A field as typed, line ends made plain."""
    return form.get(name, "").replace("\r\n", "\n").replace("\r", "\n")


def number_in(given: str) -> int:
    """A number out of an address or a hidden field, as large as an id may be; 0 for anything else."""
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 18 else 0


def new_id(words: str, taken: Container[str], otherwise: str) -> str:
    """An id of its own for something new: its words without marks, or `otherwise` where it has none."""
    stem = "-".join(syllables(words))[:_SLUG_LENGTH].strip("-") or otherwise
    stem = re.sub(r"[^a-z0-9]+", "-", stem).strip("-") or otherwise
    number, made = 2, stem
    while made in taken:
        number, made = number + 1, f"{stem}-{number}"
    return made
