"""The protocol every door fulfils, so that the house never asks which platform it is talking to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from connectors.message import InboundEvent, Part


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can show and when it may be written to. Numbers come from docs/platforms.md."""

    text_limit: int
    """Characters (NFC code points) in one message."""
    max_options: int
    """Things to press below one message; 0 where options are always written out as text."""
    option_label_limit: int
    window: timedelta | None
    """How long after the person's last action a free reply is allowed; None means always."""
    shows_typing: bool = False
    takes_files: bool = True
    """Whether people can send pictures and files."""
    takes_templates: bool = False
    """Whether a Template goes out as one: paid for, and also when the window is shut. Elsewhere its words
    are an ordinary text."""
    idempotent: bool = False
    """Sending twice shows the message once (our own page). Everywhere else an unconfirmed send waits for
    its echo before it is repeated."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook request, bytes as received: signatures are computed over these and nothing else."""

    body: bytes
    headers: Mapping[str, str]
    """Header names in lower case."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One platform call to make."""

    user: str
    part: Part
    """Already fitted: exactly one call."""
    stamp: str
    """Our identity of this message; stamped on the send where the platform gives it back in the echo."""
    last_heard_at: datetime | None = None
    """When the person last did something that opens the window."""
    by_person: bool = False
    """Written by an officer, not by the bot (Messenger's HUMAN_AGENT tag is for these alone)."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform took the message."""

    message_id: str = ""
    """The platform's id of it; empty where there is none."""
    detail: str = ""
    """What it cost (Zalo's quota_type), for the record."""


@dataclass(frozen=True, slots=True)
class Health:
    """The state of one account, for `doctor`, the console and the metrics."""

    ok: bool
    summary: str
    """One plain Vietnamese sentence an officer understands."""
    remedy: str = ""
    """What to do about it, in Vietnamese; empty when nothing is to be done."""


class Channel(Protocol):
    """One account on one platform."""

    @property
    def name(self) -> str:
        """`zalo`, `messenger` or `web`."""
        ...

    @property
    def account(self) -> str:
        """Our id on the platform."""
        ...

    @property
    def capabilities(self) -> Capabilities: ...

    def fit(self, part: Part, user: str = "") -> tuple[Part, ...]:
        """Split and shape a part for `user` so that each result is exactly one platform call.

        Pure and total: long text is cut at sentence ends and never inside a grapheme, too many options
        become text, and nothing the person must read is dropped.
        """
        ...

    async def send(self, message: Outgoing) -> Receipt:
        """Make the one call. Raises a SendError whose class says what to do next.

        Never retries by itself beyond refreshing a rejected token once, and returns within 10 seconds.
        """
        ...

    async def show_typing(self, user: str) -> None:
        """Let the person see that an answer is coming. Best effort: never raises, returns at once."""
        ...

    async def check(self) -> Health:
        """Ask the platform, cheaply, whether this account works."""
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...


class WebhookChannel(Channel, Protocol):
    """A channel whose events arrive as signed webhooks."""

    def receive(self, delivery: Delivery) -> tuple[InboundEvent, ...]:
        """Verify, then parse every event of the delivery. Pure; raises an InboundError.

        Unknown kinds become IGNORED events, a single bad event never loses its neighbours, and events
        about nobody we serve are left out.
        """
        ...
