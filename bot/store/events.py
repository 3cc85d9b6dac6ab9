"""The inbox in SQL: every event exactly once, until it is handled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import HeardEvent, Outcome
from bot.store.schema import inbound_events as t
from connectors.message import EventKind, InboundEvent, decode_event, encode_event


async def insert(connection: AsyncConnection, events: Sequence[InboundEvent], received_at: datetime) -> None:
    """Store events; one whose platform id is already there is left as it is (redelivery is a no-op)."""
    if not events:
        return
    make = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    rows = [
        {
            "channel": event.channel,
            "account": event.account,
            "event_key": event.key[:300],
            "conversation_key": event.conversation.key[:300] if event.conversation else "",
            "kind": event.kind.value,
            "body": encode_event(event),
            "sent_at": event.sent_at,
            "received_at": received_at,
        }
        for event in events
    ]
    await connection.execute(make(t).on_conflict_do_nothing(), rows)


async def pending(connection: AsyncConnection, conversation_key: str, limit: int) -> list[HeardEvent]:
    """Unhandled events of a conversation, in the order they happened (platforms do not promise order)."""
    query = (
        select(t.c.id, t.c.body, t.c.received_at, t.c.attempts, t.c.not_before)
        .where(t.c.conversation_key == conversation_key, t.c.handled_at.is_(None))
        .order_by(t.c.sent_at, t.c.id)
        .limit(limit)
    )
    return [
        HeardEvent(row.id, decode_event(row.body), row.received_at, row.attempts, row.not_before)
        for row in await connection.execute(query)
    ]


async def unhandled_conversations(
    connection: AsyncConnection, *, received_before: datetime, now: datetime, limit: int
) -> list[str]:
    """Conversations with something to do that was received before a moment (for the sweep)."""
    query = (
        select(t.c.conversation_key)
        .where(
            t.c.handled_at.is_(None),
            t.c.received_at < received_before,
            or_(t.c.not_before.is_(None), t.c.not_before <= now),
        )
        .group_by(t.c.conversation_key)
        .order_by(func.min(t.c.id))
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


async def finish(
    connection: AsyncConnection, event_id: int, outcome: Outcome, now: datetime, error: str = ""
) -> bool:
    """Mark an event handled; False when somebody else already has."""
    done = await connection.execute(
        update(t)
        .where(t.c.id == event_id, t.c.handled_at.is_(None))
        .values(handled_at=now, outcome=outcome.value, error=error[:200] or None)
    )
    return bool(done.rowcount)


async def postpone(connection: AsyncConnection, event_id: int, not_before: datetime, error: str) -> None:
    """Count a failed try and say when to try again."""
    await connection.execute(
        update(t)
        .where(t.c.id == event_id)
        .values(attempts=t.c.attempts + 1, not_before=not_before, error=error[:200])
    )


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much is waiting."""

    unhandled: int
    oldest_at: datetime | None
    parked: int


async def backlog(connection: AsyncConnection) -> Backlog:
    """For metrics, `doctor` and the console."""
    waiting = (
        await connection.execute(
            select(func.count(), func.min(t.c.received_at)).where(t.c.handled_at.is_(None))
        )
    ).one()
    parked = await connection.scalar(
        select(func.count()).where(and_(t.c.outcome == Outcome.PARKED.value, t.c.handled_at.is_not(None)))
    )
    return Backlog(waiting[0], waiting[1], parked or 0)


SaidRow = Row[int, str, datetime]
_SPOKEN = tuple(
    kind.value for kind in (EventKind.TEXT, EventKind.CHOICE, EventKind.ATTACHMENT, EventKind.CONTACT, EventKind.COMMENT)
)


def said(conversation_key: str) -> Select[int, str, datetime]:
    """Query: what the citizen said, oldest first (for the transcript)."""
    return (
        select(t.c.id, t.c.body, t.c.received_at)
        .where(t.c.conversation_key == conversation_key, t.c.kind.in_(_SPOKEN))
        .order_by(t.c.id)
    )


async def blank(connection: AsyncConnection, event_id: int, bare: InboundEvent) -> None:
    """Replace an event's content by the bare fact that it happened."""
    await connection.execute(update(t).where(t.c.id == event_id).values(body=encode_event(bare)))
