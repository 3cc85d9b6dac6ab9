"""The record of how each message was understood and answered."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
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
    declined: str = "",
) -> None:
    """Keep why a turn came out as it did. `declined`: an AbstentionReason where there was no answer."""
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
            "declined": declined or None,
        },
    )


@dataclass(frozen=True, slots=True)
class Why:
    """How one event was understood and what was weighed."""

    outcome: str
    intent: str
    confidence: float
    entry_id: str
    passages: tuple[tuple[str, float], ...]
    """Ids and scores, the best first."""
    declined: str


async def of_events(connection: AsyncConnection, event_ids: Collection[int]) -> dict[int, Why]:
    """By event, for those that have a turn."""
    if not event_ids:
        return {}
    rows = await connection.execute(select(t).where(t.c.event_id.in_(event_ids)))
    return {
        row.event_id: Why(
            row.outcome,
            row.intent,
            row.confidence,
            row.entry_id,
            tuple((str(id_), float(score)) for id_, score in json.loads(row.passages)),
            row.declined or "",
        )
        for row in rows
    }
