"""Turns of a self-assessment as the store sees them, for the tests of what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.commit import commit_turn
from bot.dialogue.state import ConversationState, Underway
from bot.dialogue.turn import AssessmentFinished, Effect, Forget, HeardEvent, Outcome, Turn
from bot.flows.results import AssessmentProgress, AssessmentResult, Evidence
from bot.store import conversations, events
from bot.store.conversations import Conversation
from bot.store.database import Database
from connectors.message import ConversationId
from tests.bot.fakes import said
from tests.conftest import StandingClock

CODE = "KH-7Q2M-XA4T"
LAN = ConversationId("fake", "oa", "lan")


def progress(
    step: str, code: str = CODE, *, remind: bool = True, evidence: Sequence[Evidence] = (), place: str = ""
) -> AssessmentProgress:
    return AssessmentProgress(code, "324-2023", "nguoi-dan", step, remind, place, tuple(evidence))


def finished(
    at: datetime,
    code: str = CODE,
    *,
    points: tuple[int, ...] = (8,) * 10,
    group: str = "nguoi-dan",
    place: str = "Xã Đọi Sơn",
    evidence: Sequence[Evidence] = (),
) -> AssessmentFinished:
    total = sum(points)
    passed = total >= 80 and min(points) >= 5
    result = AssessmentResult(code, "324-2023", group, points, total, passed, at, place, tuple(evidence))
    return AssessmentFinished(result)


def underway(at: datetime) -> ConversationState:
    """A conversation with a self-assessment begun and not over."""
    return ConversationState(underway=Underway("assessment", 1, {}, at))


class Talk:
    """Commits turns of citizens, one event after the other."""

    def __init__(self, database: Database, clock: StandingClock) -> None:
        self.database, self.clock = database, clock
        self._heard = 0

    async def hear(self, who: ConversationId = LAN) -> tuple[Conversation, HeardEvent]:
        """An event that was taken in and not handled yet, with the conversation as it stands."""
        self._heard += 1
        event = replace(said(f"tin {self._heard}", user=who.user), channel=who.channel, account=who.account)
        await self.database.write(lambda c: events.insert(c, [event], self.clock()))
        async with self.database.read() as connection:
            (heard,) = await events.pending(connection, who.key, 5)
            return await conversations.load(connection, who), heard

    async def turn(self, *effects: Effect, who: ConversationId = LAN) -> None:
        """One message and what comes of it."""
        before, heard = await self.hear(who)
        over = any(isinstance(effect, AssessmentFinished | Forget) for effect in effects)
        state = ConversationState() if over else underway(self.clock())
        await self.commit(before, heard, Turn(Outcome.FLOW, state, (), effects))

    async def commit(self, before: Conversation, heard: HeardEvent, turn: Turn) -> None:
        await commit_turn(self.database, before, heard, turn, (), self.clock, 1.0)
