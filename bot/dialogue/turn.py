"""What comes out of one event: replies, the next state, and effects to be carried out with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.dialogue.state import ConversationState
from bot.flows.results import AssessmentProgress, AssessmentResult, DataCopy, Sheet
from bot.outreach.topics import Topic
from connectors.channel import Capabilities
from connectors.message import InboundEvent, Part
from knowledge.answer import Citation, Passage
from nlu.interpreter import Entity


class Mode(StrEnum):
    """Who answers this conversation."""

    BOT = "bot"
    WAITING = "waiting"
    """The citizen asked for a person and nobody has written yet; the bot still answers questions."""
    PERSON = "person"
    """An officer is writing: the bot is silent."""


class Outcome(StrEnum):
    """How an event ended. `answered` to `handoff` are the contract's outcomes for `khuyenhoc ask`."""

    ANSWERED = "answered"
    ABSTAINED = "abstained"
    FLOW = "flow"
    SMALLTALK = "smalltalk"
    HANDOFF = "handoff"
    SILENT = "silent"
    """Heard and deliberately not answered: an officer is writing, or the citizen was asked to wait."""
    SLOWED = "slowed"
    """Asked to write more slowly."""
    RECORDED = "recorded"
    """An event that changes records and calls for no answer."""
    PARKED = "parked"
    """Could not be handled after several tries: a dead letter."""


@dataclass(frozen=True, slots=True)
class SetMode:
    """Change who answers."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class OfficerWrote:
    """An officer answered from the platform's own inbox: silence the bot and keep what was written."""

    text: str
    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OwnEcho:
    """The platform repeats a send: by our stamp, its id or, failing both, its words."""

    stamp: str
    message_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """The platform says messages arrived (`seen`: were read): those named, or all sent until `until`."""

    message_ids: tuple[str, ...]
    until: datetime
    seen: bool


@dataclass(frozen=True, slots=True)
class SetReceiving:
    """The citizen may (or may no longer) be written to."""

    allowed: bool


@dataclass(frozen=True, slots=True)
class Forget:
    """Erase what is kept about this citizen."""

    receipt: str = ""
    """The number they are told, by which the log can be asked; empty when the platform passed it on."""


@dataclass(frozen=True, slots=True)
class Missed:
    """A question without a good answer, to be counted for staff."""

    key: str
    """The question folded and masked."""
    sample: str
    """As typed, masked."""
    reason: str
    """An AbstentionReason, or `wrong` when the citizen said so."""
    nearest: str
    """The nearest entry, or the one whose answer was wrong."""


@dataclass(frozen=True, slots=True)
class AssessmentFinished:
    """A self-assessment is complete: keep its result."""

    result: AssessmentResult


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The citizen agreed to be sent these."""

    topics: tuple[Topic, ...]
    wording: str
    """What they were told and said yes to: kept as proof."""


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """The citizen wants nothing more sent."""

    wording: str
    """Their own words, or what they pressed."""


@dataclass(frozen=True, slots=True)
class ToldAboutThemselves:
    """What the citizen told freely, to get what concerns them."""

    commune: str = ""
    """With its province; empty: not told."""
    group: str = ""
    """Id of a group of the current criteria; empty: not told."""


Effect = (
    SetMode
    | OfficerWrote
    | OwnEcho
    | Delivered
    | SetReceiving
    | Forget
    | Missed
    | AssessmentProgress
    | AssessmentFinished
    | Subscribed
    | Unsubscribed
    | ToldAboutThemselves
)


Reply = Part | Sheet | DataCopy
"""What a turn says. A sheet or a copy becomes a file when the turn is carried out (bot.sheets)."""


@dataclass(frozen=True, slots=True)
class View:
    """What the assistant may know when it takes a turn."""

    state: ConversationState
    mode: Mode
    person_last_at: datetime | None
    capabilities: Capabilities
    received_at: datetime
    """When we took the event in: time as far as this turn is concerned."""
    token: str = ""
    """Made from the event's identity: what a turn creates bears the same name when the turn is repeated."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """Why the turn came out as it did, for the record and for `khuyenhoc ask --jsonl`."""

    intent: str = ""
    confidence: float = 0.0
    entry_id: str = ""
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    entities: tuple[Entity, ...] = ()
    """What was recognised in the words. For whoever asks in the console; never recorded."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The whole result of one event."""

    outcome: Outcome
    state: ConversationState
    replies: tuple[Reply, ...] = ()
    effects: tuple[Effect, ...] = ()
    understanding: Understanding = field(default_factory=Understanding)


class Hearing(Protocol):
    """Whoever takes turns: the assistant, or a stand-in in tests."""

    async def turn(self, event: InboundEvent, view: View) -> Turn:
        """Decide about one event. Raises only on a fault of ours."""
        ...


@dataclass(frozen=True, slots=True)
class HeardEvent:
    """An event as it lies in the inbox."""

    id: int
    event: InboundEvent
    received_at: datetime
    attempts: int
    not_before: datetime | None = None
