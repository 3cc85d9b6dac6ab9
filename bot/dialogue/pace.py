"""How fast somebody writes: counted by arrival, so that a backlog is not taken for a flood. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.dialogue.state import ConversationState

MINUTE = timedelta(minutes=1)


def counted(state: ConversationState, now: datetime) -> tuple[ConversationState, int]:
    """The state with this message counted in its minute, and the count."""
    if state.minute_began is None or not timedelta() <= now - state.minute_began < MINUTE:
        return replace(state, minute_began=now, in_minute=1), 1
    return replace(state, in_minute=state.in_minute + 1), state.in_minute + 1
