"""What the bot remembers of one conversation between two messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError

from connectors.message import Option

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Underway:
    """A flow that was begun and is not over."""

    flow: str
    """Its name."""
    version: int
    data: Mapping[str, Any]
    """What the flow itself remembers, in its own form of that version."""
    touched_at: datetime
    """When the citizen last took a step in it."""
    unclear: int = 0
    """Answers in a row that were not understood."""


@dataclass(frozen=True, slots=True)
class ConversationState:
    """Small, serialisable, versioned: yesterday's rows must load in tomorrow's program."""

    version: int = 1
    offered: tuple[Option, ...] = ()
    """What could be pressed after our last message: a typed number or label means one of these."""
    numbered: bool = True
    """Whether a typed number chooses among `offered`."""
    proposed: str = ""
    """The payload a plain "yes" to our last message stands for; empty when it asked nothing of the kind."""
    underway: Underway | None = None
    """The flow whose question is being asked."""
    set_aside: tuple[Underway, ...] = ()
    """Flows left in the middle, the latest first, at most one of each."""
    kept: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What flows left behind when they ended, by their name."""
    misses: int = 0
    """Questions in a row without an answer."""
    undisturbed: bool = False
    """The citizen asked not to be written to of our own accord."""
    insults: int = 0
    """Insults met so far: the first is answered, then a person is called."""
    last_entry: str = ""
    """What the last answer came from (`Answer.entry_id`); empty after a question without an answer."""
    last_question: str = ""
    """The last question as typed, masked (see bot.dialogue.misses): for "that is not what I meant"."""
    alternatives: tuple[str, ...] = ()
    """Entries that came next best for it."""
    place: str = ""
    """The commune the citizen named last, for whom to turn to there."""
    minute_began: datetime | None = None
    """Start of the minute in which messages are being counted."""
    in_minute: int = 0
    """Messages counted in that minute."""


_CODEC = TypeAdapter(ConversationState)


def encode_state(state: ConversationState) -> str:
    """The state as JSON text, without what is at its default."""
    return _CODEC.dump_json(state, exclude_defaults=True).decode()


def decode_state(stored: str) -> ConversationState:
    """Read back a state. One that cannot be read is begun anew rather than blocking the conversation."""
    try:
        return _CODEC.validate_json(stored or "{}")
    except ValidationError as error:
        log.warning("state_begun_anew", problems=error.error_count())
        return ConversationState()
