"""The protocol every flow fulfils: begin, hear an answer, go back, be interrupted, be taken up again.

A flow is pure: the same state and the same answer give the same step. What it remembers is a small frozen
dataclass of its own, written to JSON with a version, so that a turn repeated after a crash comes out the same
and tomorrow's program can read yesterday's state. It must not do I/O, ask the clock or keep anything itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from bot.dialogue.turn import Effect, Reply
from connectors.channel import Capabilities
from connectors.message import Attachment, Option, Part
from nlu.interpreter import Interpretation

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Said:
    """The citizen typed something."""

    text: str
    meaning: Interpretation

    def wants(self, *intents: str) -> bool:
        """Whether this is surely one of these intents."""
        return self.meaning.is_sure and self.meaning.intent in intents


@dataclass(frozen=True, slots=True)
class Pressed:
    """The citizen pressed something this flow offered (see `option`)."""

    step: str
    """The step it was offered at: an old button, or a second quick tap, names a step that is over."""
    value: str


@dataclass(frozen=True, slots=True)
class Sent:
    """The citizen sent pictures or files, perhaps with words."""

    attachments: tuple[Attachment, ...]
    text: str = ""


Heard = Said | Pressed | Sent


class Command(StrEnum):
    """What a citizen may want of any flow, whatever is being asked."""

    BACK = "back"
    SKIP = "skip"
    RESTART = "restart"
    CORRECT = "correct_answer"
    """Change an answer given before; which one, and to what, may stand in the words."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the citizen told about themselves in a flow, for what that flow does and for nothing else.

    Another flow may ask whether it may use it too; without a yes it must not.
    """

    commune: str = ""
    """By its name of today; empty: not told."""
    group: str = ""
    """Id of a group of the criteria; empty: not told."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a flow may know beside its own state."""

    now: datetime
    """When the message was taken in."""
    capabilities: Capabilities
    token: str
    """Twelve capital letters and digits that are this message's alone, the same when a turn is repeated."""
    kept: Mapping[str, Any] = field(default_factory=dict)
    """What this flow left behind in this conversation when it ended (see `Step.keep`)."""
    told: Told = field(default_factory=Told)
    """What the citizen told in the flows that say so (see `Tells`)."""
    briefly: bool = False
    """What is asked was read a moment ago and comes again below an answer to something else: few words do."""


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """What comes of one answer."""

    state: S | None
    """None: the flow is over."""
    replies: tuple[Reply, ...]
    effects: tuple[Effect, ...] = ()
    keep: Mapping[str, Any] | None = None
    """Small, JSON-able; replaces what this flow kept in the conversation. None leaves it as it is.
    A flow that keeps something shows it by `begin` with the entry `result`."""


class Flow(Protocol[S]):
    """One conversation with a purpose."""

    @property
    def name(self) -> str:
        """Lower-case letters: part of payloads and of stored states. Never changes."""
        ...

    @property
    def title(self) -> str:
        """What a citizen calls it, to be put into a sentence: `phần tự đánh giá`."""
        ...

    @property
    def version(self) -> int:
        """Of the stored state. Raised when `decode` could no longer read the old form."""
        ...

    @property
    def kept_for(self) -> timedelta:
        """How long one that was left in the middle can be taken up again."""
        ...

    def begin(self, context: Context, entry: str = "") -> Step[S]:
        """Begin. `entry` names another door into the same matter (`result`: show the last one)."""
        ...

    def hear(self, state: S, heard: Heard, context: Context) -> Step[S] | None:
        """Take an answer to what is being asked. None when it is none: then somebody else looks at it."""
        ...

    def command(self, state: S, command: Command, said: Said | None, context: Context) -> Step[S] | None:
        """Carry out a command. None when it means nothing here."""
        ...

    def ask(self, state: S, context: Context) -> tuple[Part, ...]:
        """What is being asked, once more: after an interruption, when taken up again, on `repeat`."""
        ...

    def explain(self, state: S, context: Context) -> tuple[Part, ...]:
        """The same in other words and with an example, for somebody whose answer was not understood."""
        ...

    def waits(self, state: S) -> bool:
        """Whether the question stays when something else is said: then it is asked again below the answer.
        False for one asked only in passing: it is over then."""
        ...

    def leave(self, state: S, context: Context) -> Step[S]:
        """The citizen breaks off. A step with a state can be taken up again; with None it is over."""
        ...

    def progress(self, state: S) -> str:
        """Where it was left, to be put in brackets: `câu 4/10`. Empty where there is nothing to say."""
        ...

    def encode(self, state: S) -> dict[str, Any]:
        """The state as JSON-able values."""
        ...

    def decode(self, version: int, data: Mapping[str, Any]) -> S | None:
        """Read back a state of any version. None when it cannot be taken up: then the flow begins anew."""
        ...


@runtime_checkable
class Tells(Protocol[S_contra]):
    """A flow in which citizens tell what others may ask to use."""

    def told(self, state: S_contra | None, kept: Mapping[str, Any]) -> Told:
        """What was told in the one left in the middle, if any, else in those that ended."""
        ...


def option(flow: str, step: str, value: str, label: str) -> Option:
    """Something to press inside a flow. `step` and `value` are lower-case letters, digits, `.`, `_`, `-`."""
    return Option(label, f"f:{flow}:{step}:{value}")
