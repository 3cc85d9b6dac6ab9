"""What a Rasa server's answer says, read without trusting it. Pure.

Shape of `/model/parse` (Rasa 3.6): `{"text", "intent": {"name", "confidence"}, "intent_ranking": [{"name",
"confidence"}], "entities": [{"entity", "value", "start", "end"}]}` and more that is of no use here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Literal

from nlu.interpreter import Entity, Interpretation, Likelihood, is_sure
from nlu.reading import Reading
from nlu.refusals import heed_refusal

Failure = Literal[
    "unreachable", "timeout", "denied", "no_model", "status", "malformed", "unknown_intent", "unexpected"
]
"""Why there is no usable answer: no connection (or it broke), no answer in time, a wrong token, a server
without a model, another HTTP status, an answer nobody can read, an intent our data do not have, our fault."""

_ALTERNATIVES = 3
_ROUNDING = 1e-3
"""How far above one a sum of rounded probabilities may lie."""


class Unusable(Exception):
    """The server gave nothing that can be used. Says why, never what was asked, where, or by what token."""

    def __init__(self, reason: Failure, status: int = 0) -> None:
        super().__init__(f"{reason} {status}" if status else reason)
        self.reason: Failure = reason
        self.status = status
        """HTTP status, or 0."""


def interpretation_of(
    answer: object,
    reading: Reading,
    *,
    asked_from: int = 0,
    intents: Collection[str] | None = None,
) -> Interpretation:
    """The answer about `reading`, of which the text from `asked_from` on was asked.

    `intents` are the names that may come back; None: any. Entities that cannot be read, or lie outside the
    text, are left out. Raises Unusable: `malformed`, or `unknown_intent` when the model learned from other
    data than ours (its guess would be taken for something it does not mean).
    """
    record = _mapping(answer)
    best = _likelihood(record.get("intent"))
    if best is None:
        raise Unusable("malformed")
    if intents is not None and best.intent not in intents:
        raise Unusable("unknown_intent")
    ranking = filter(None, map(_likelihood, _list(record, "intent_ranking")))
    others = {
        one.intent: one
        for one in ranking
        if one.intent != best.intent and (intents is None or one.intent in intents)
    }
    nearest = sorted(others.values(), key=lambda one: -one.confidence)
    found = Interpretation(
        intent=best.intent,
        confidence=best.confidence,
        text=reading.text,
        folded=reading.folded,
        restored=reading.restored,
        entities=tuple(sorted(_entities(record, reading.text, asked_from), key=lambda e: (e.start, e.end))),
        alternatives=tuple(nearest[:_ALTERNATIVES]),
        is_sure=is_sure([best, *nearest]),
    )
    return heed_refusal(found, reading.opened)


def _entities(record: dict[str, Any], text: str, asked_from: int) -> Iterator[Entity]:
    for item in _list(record, "entities"):
        found = item if isinstance(item, dict) else {}
        kind, value = found.get("entity"), found.get("value")
        start, end = found.get("start"), found.get("end")
        if not (isinstance(kind, str) and kind and isinstance(value, str) and value):
            continue
        if type(start) is not int or type(end) is not int:
            continue
        if 0 <= start < end <= len(text) - asked_from:
            yield Entity(kind, value, start + asked_from, end + asked_from)


def _likelihood(value: object) -> Likelihood | None:
    record = value if isinstance(value, dict) else {}
    name, confidence = record.get("name"), record.get("confidence")
    if not isinstance(name, str) or not name:
        return None
    if isinstance(confidence, bool) or not isinstance(confidence, int | float):
        return None
    # Also false for NaN, which JSON as Python reads it may hold.
    if not 0 <= confidence <= 1 + _ROUNDING:
        return None
    return Likelihood(name, min(1.0, float(confidence)))


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unusable("malformed")
    return value


def _list(record: dict[str, Any], name: str) -> list[Any]:
    """A list that a pipeline may leave out."""
    value = record.get(name, [])
    if not isinstance(value, list):
        raise Unusable("malformed")
    return value
