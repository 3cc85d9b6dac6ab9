"""What an interpreter is: text in, intent with confidence and entities out.

The names of intents come from nlu/data; the few that have a meaning of their own for every interpreter are
named here. An interpreter must never raise, never keep what it read, and never say more than it is sure of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

ASK_KNOWLEDGE = "ask_knowledge"
"""A question for the documents; also what an interpreter says when it has nothing better to say."""
OUT_OF_SCOPE = "out_of_scope"
"""About something that is not the association's business."""

SURE_FROM = 0.5
"""Confidence from which acting is better than asking back. See docs/decisions/0009-interpreter.md."""
_LEAD = 0.2
"""How far the likeliest must lead: `dung` is `đúng` and `dừng` alike, and is asked about."""
_SAME_PLACE = frozenset({ASK_KNOWLEDGE, OUT_OF_SCOPE})
"""Both go to the documents, which decide by themselves what is theirs: doubt between the two is no doubt."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A piece of the text with a meaning of its own."""

    kind: str
    """`document`, `year`, `percentage`, `score`, `title` or `place`."""
    value: str
    """Normalised: `1373/QĐ-TTg`, `2030`, `40`, `7.5`, `cong_dan`, `Sơn La`."""
    start: int
    end: int
    """Half-open span in the text as it was given."""


@dataclass(frozen=True, slots=True)
class Likelihood:
    """One intent with how likely it is."""

    intent: str
    confidence: float
    """0 to 1, calibrated: of messages with 0.8, eight in ten are right."""


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What the person seems to want."""

    intent: str
    """A name from nlu/data: the likeliest one, sure or not."""
    confidence: float
    """0 to 1, calibrated (see `Likelihood`)."""
    text: str
    """The text that was interpreted (NFC)."""
    folded: str
    """The same without marks, lower case, abbreviations opened."""
    restored: str = ""
    """The same with its marks put back as far as they can be guessed; never shown as what was typed."""
    entities: tuple[Entity, ...] = ()
    """By place in the text."""
    alternatives: tuple[Likelihood, ...] = ()
    """The next likely intents, best first, at most three, without `intent`."""
    is_sure: bool = True
    """False in the region where asking back is better than acting: `intent` is then a guess."""
    refused: str = ""
    """The wish that was named in order to refuse it; `intent` is then `deny` or `stop` (nlu/refusals.py)."""


def is_sure(ranked: Iterable[Likelihood]) -> bool:
    """Is acting on the first of `ranked` (best first, at least one) better than asking back?"""
    best, *others = ranked
    if best.intent in _SAME_PLACE:
        return sum(one.confidence for one in (best, *others) if one.intent in _SAME_PLACE) >= SURE_FROM
    lead = best.confidence - max((one.confidence for one in others), default=0.0)
    return best.confidence >= SURE_FROM and lead >= _LEAD


class Interpreter(Protocol):
    """Finds the intent of one message. Must not block the event loop for more than 20 ms."""

    async def interpret(self, text: str) -> Interpretation:
        """Interpret `text`. Total: any string gives an Interpretation, never an exception."""
        ...
