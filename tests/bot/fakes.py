"""Fakes for the house's own tests: a channel that records what it is asked to send, and simple events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.dialogue.records import effects_of
from bot.dialogue.state import ConversationState
from bot.dialogue.turn import Outcome, Turn, Understanding, View
from connectors.channel import Capabilities, Health, Outgoing, Receipt
from connectors.message import ANSWERABLE, EventKind, InboundEvent, Part, Text

START = datetime(2026, 10, 2, 2, 0, tzinfo=UTC)


class FakeChannel:
    """A channel without a platform. `behave` decides what each send does; everything is recorded."""

    name = "fake"
    account = "oa"
    capabilities = Capabilities(
        text_limit=2000, max_options=5, option_label_limit=35, window=timedelta(days=7)
    )

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.tried: list[Outgoing] = []
        self.behave: Callable[[Outgoing], Exception | float | None] = lambda _message: None
        """An exception is raised instead of sending; a number is a delay in seconds before it is sent."""

    @property
    def words(self) -> list[str]:
        """The texts that went out, in order."""
        return [m.part.text for m in self.sent if isinstance(m.part, Text)]

    def fit(self, part: Part, user: str = "") -> tuple[Part, ...]:
        return (part,)

    async def send(self, message: Outgoing) -> Receipt:
        self.tried.append(message)
        outcome = self.behave(message)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is not None:
            await asyncio.sleep(outcome)
        self.sent.append(message)
        return Receipt(f"mid-{len(self.sent)}")

    async def show_typing(self, user: str) -> None:
        """Nothing to show."""

    async def check(self) -> Health:
        return Health(ok=True, summary="ổn")

    async def aclose(self) -> None:
        """Nothing to close."""


class EchoAssistant:
    """Answers with the citizen's own words; raises on those in `poison`."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.poison: set[str] = set()
        self.delay = 0.0

    async def turn(self, event: InboundEvent, view: View) -> Turn:
        if event.kind not in ANSWERABLE:
            return Turn(Outcome.RECORDED, view.state, effects=effects_of(event))
        self.heard.append(event.text)
        if self.delay:
            await asyncio.sleep(self.delay)
        if event.text in self.poison:
            raise RuntimeError("a fault of ours")
        state = ConversationState(misses=view.state.misses + 1)
        return Turn(Outcome.ANSWERED, state, (Text(f"re: {event.text}"),), (), Understanding("test", 1.0))


def said(words: str, *, user: str = "lan", key: str = "", after: float = 0.0) -> InboundEvent:
    """A citizen's text; `after` seconds into the story."""
    return InboundEvent(
        "fake",
        "oa",
        user,
        key or f"m:{user}:{words}",
        EventKind.TEXT,
        START + timedelta(seconds=after),
        text=words,
    )
