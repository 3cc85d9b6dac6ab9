"""What the web chat asks of the house: three small protocols and the values they speak in.

The store fulfils Intake and Transcript, Redis fulfils Nudges. The page is right with Nudges dead,
only slower: whatever is shown comes from Transcript.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from connectors.message import ConversationId, File, InboundEvent, Part

_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a conversation: everything up to these two rows has been seen.

    Citizen lines and our lines live in two tables, hence two numbers. Its text form `12.34` is the id
    of a server-sent event.
    """

    inbound: int = 0
    outbound: int = 0

    def __str__(self) -> str:
        return f"{self.inbound}.{self.outbound}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read `12.34`. Raises ValueError on anything else."""
        inbound, dot, outbound = text.partition(".")
        if not (
            dot and inbound.isascii() and inbound.isdigit() and outbound.isascii() and outbound.isdigit()
        ):
            raise ValueError("a cursor is two numbers with a point between them")
        cursor = cls(int(inbound[:20]), int(outbound[:20]))
        if max(cursor.inbound, cursor.outbound) > _LARGEST_ID:
            raise ValueError("a cursor beyond any row")
        return cursor


class Author(StrEnum):
    """Who wrote a line."""

    CITIZEN = "citizen"
    BOT = "bot"
    OFFICER = "officer"


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a conversation, as the page shows it."""

    cursor: Cursor
    """The place right after this line. For our lines `cursor.outbound` is the row's own id."""
    author: Author
    at: datetime
    """Aware."""
    text: str = ""
    """Citizen lines: what the person wrote, or the label of what was pressed."""
    part: Part | None = None
    """Our lines: the fitted part."""
    key: str = ""
    """Citizen lines: `InboundEvent.key`, by which the page knows its own message again."""


class Intake(Protocol):
    """Where messages are handed in."""

    async def accept(self, events: Sequence[InboundEvent]) -> None:
        """Durable when it returns; an event whose key is known already changes nothing.

        Raises when it cannot be stored, whatever the reason: the page then keeps it and tries again.
        """
        ...


class Transcript(Protocol):
    """What was said, read from the store."""

    async def lines(self, conversation: ConversationId, after: Cursor, limit: int) -> Sequence[Line]:
        """At most `limit` lines after the cursor, oldest first, with rising cursors.

        A line once passed over never appears later, so a cursor must not run ahead of a row that is
        still being committed.
        """
        ...

    async def recent(self, conversation: ConversationId, limit: int) -> Sequence[Line]:
        """The last `limit` lines, oldest first. Empty for a conversation nobody began."""
        ...

    async def file(self, conversation: ConversationId, outbound: int) -> File | None:
        """The file said to this conversation in the row `outbound`. None when there is none."""
        ...


class Hints(Protocol):
    """A subscription to one conversation."""

    async def wait(self, timeout: float) -> str | None:  # noqa: ASYNC109 - a pause that ends early, not a deadline
        """`message` or `typing` when something happened, None after `timeout` seconds."""
        ...


class Nudges(Protocol):
    """Word that a conversation moved. Only ever a hint: it may be lost or repeated."""

    def subscribe(self, conversation_key: str) -> AbstractAsyncContextManager[Hints]:
        """Hints for the conversation while the context is open."""
        ...
