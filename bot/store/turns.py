"""The record of how each message was understood and answered."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import Outcome, Understanding
from bot.store.schema import turns as t

_ADD = insert(t)


async def add(
    connection: AsyncConnection,
    *,
    event_id: int,
    conversation_key: str,
    at: datetime,
    outcome: Outcome,
    understanding: Understanding,
    took_ms: float,
) -> None:
    """Keep why a turn came out as it did."""
    await connection.execute(
        _ADD,
        {
            "event_id": event_id,
            "conversation_key": conversation_key,
            "at": at,
            "outcome": outcome.value,
            "intent": understanding.intent,
            "confidence": understanding.confidence,
            "entry_id": understanding.entry_id,
            "passages": json.dumps([[p.id, round(p.score, 4)] for p in understanding.passages]),
            "took_ms": round(took_ms, 2),
        },
    )
