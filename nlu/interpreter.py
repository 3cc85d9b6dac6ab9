"""What an interpreter is: text in, intent with confidence and entities out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entity:
    """A piece of the text with a meaning of its own."""

    kind: str
    """`document`, `year`, `percentage`, `score`, `title` or `place`."""
    value: str
    """Normalised: `1373/QĐ-TTg`, `2030`, `40`."""
    start: int
    end: int
    """Half-open span in the text as it was given."""


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What the person seems to want."""

    intent: str
    """A name from nlu/data; `ask_knowledge` when it looks like a question for the documents."""
    confidence: float
    """0 to 1."""
    text: str
    """The text that was interpreted (NFC)."""
    folded: str
    """The same without marks, lower case, abbreviations opened."""
    entities: tuple[Entity, ...] = ()


class Interpreter(Protocol):
    """Finds the intent of one message. Must not block the event loop for more than 20 ms."""

    async def interpret(self, text: str) -> Interpretation:
        """Interpret `text`. Total: any string gives an Interpretation, never an exception."""
        ...
