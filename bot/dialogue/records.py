"""Events that call for no answer: echoes, receipts, people coming and going. Decided, not carried out."""

from __future__ import annotations

from bot.dialogue.turn import (
    Delivered,
    Effect,
    Forget,
    Mode,
    OfficerWrote,
    OwnEcho,
    SetMode,
    SetReceiving,
)
from connectors.message import EventKind, InboundEvent


def effects_of(event: InboundEvent) -> tuple[Effect, ...]:
    """What an unanswerable event changes. Unknown kinds change nothing."""
    effect: Effect | None = None
    match event.kind:
        case EventKind.HUMAN_ECHO:
            effect = OfficerWrote(event.text, event.message_id, event.sent_at)
        case EventKind.OWN_ECHO:
            effect = OwnEcho(event.stamp, event.message_id, event.text)
        case EventKind.DELIVERED | EventKind.SEEN:
            effect = Delivered(event.refers_to, event.sent_at, event.kind is EventKind.SEEN)
        case EventKind.UNFOLLOW:
            effect = SetReceiving(allowed=False)
        case EventKind.WITHDRAWN:
            effect = Forget()
        case EventKind.CONTROL:
            effect = SetMode(Mode.PERSON if event.payload == "taken" else Mode.BOT)
    return () if effect is None else (effect,)
