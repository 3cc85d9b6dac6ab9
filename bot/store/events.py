"""The inbox in SQL: every event exactly once, until it is handled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import Integer, Row, Select, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import HeardEvent, Outcome
from bot.store.schema import inbound_events as t
from connectors.message import ConversationId, EventKind, InboundEvent, decode_event, encode_event

log = structlog.get_logger(__name__)

# What every message passes through is written once: building a statement costs more than running it.
_INSERT = {
    "sqlite": sqlite_insert(t).on_conflict_do_nothing(),
    "postgresql": pg_insert(t).on_conflict_do_nothing(),
}
_UNHANDLED = (t.c.conversation_key == bindparam("conversation"), t.c.handled_at.is_(None))
_PENDING = (
    select(
        t.c.id,
        t.c.channel,
        t.c.account,
        t.c.event_key,
        t.c.body,
        t.c.sent_at,
        t.c.received_at,
        t.c.attempts,
        t.c.not_before,
    )
    .where(*_UNHANDLED)
    .order_by(t.c.sent_at, t.c.id)
    .limit(bindparam("most", type_=Integer))
)
_ANY_PENDING = select(t.c.id).where(*_UNHANDLED).limit(1)
_FINISH = update(t).where(t.c.id == bindparam("event"), t.c.handled_at.is_(None))


async def insert(connection: AsyncConnection, events: Sequence[InboundEvent], received_at: datetime) -> None:
    """Store events; one whose platform id is already there is left as it is (redelivery is a no-op)."""
    if not events:
        return
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
    await connection.execute(_INSERT[connection.dialect.name], rows)


async def pending(connection: AsyncConnection, conversation_key: str, limit: int) -> list[HeardEvent]:
    """Unhandled events of a conversation, in the order they happened (platforms do not promise order)."""
    rows = await connection.execute(_PENDING, {"conversation": conversation_key, "most": limit})
    return [
        HeardEvent(row.id, _read_back(row), row.received_at, row.attempts, row.not_before) for row in rows
    ]


def _read_back(row: Row[*tuple[Any, ...]]) -> InboundEvent:
    """The event as it was stored. One this program cannot read (a newer one wrote it) is passed over as
    IGNORED and stays in its row: it must not block the conversation."""
    try:
        return decode_event(row.body)
    except ValidationError as error:
        log.error("event_unreadable", event_id=row.id, problems=error.error_count())
        return InboundEvent(row.channel, row.account, "", row.event_key, EventKind.IGNORED, row.sent_at)


async def any_pending(connection: AsyncConnection, conversation_key: str) -> bool:
    """Whether a conversation has unhandled events."""
    found = await connection.execute(_ANY_PENDING, {"conversation": conversation_key})
    return found.first() is not None


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
        _FINISH,
        {"event": event_id, "handled_at": now, "outcome": outcome.value, "error": error[:200] or None},
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
SPOKEN = tuple(
    kind.value
    for kind in (EventKind.TEXT, EventKind.CHOICE, EventKind.ATTACHMENT, EventKind.CONTACT, EventKind.COMMENT)
)


def said(conversation_key: str) -> Select[int, str, datetime]:
    """Query: what the citizen said, oldest first (for the transcript)."""
    return (
        select(t.c.id, t.c.body, t.c.received_at)
        .where(t.c.conversation_key == conversation_key, t.c.kind.in_(SPOKEN))
        .order_by(t.c.id)
    )


@dataclass(frozen=True, slots=True)
class Said:
    """Words somebody wrote lately."""

    event_id: int
    conversation: ConversationId
    text: str


async def said_since(connection: AsyncConnection, since: datetime, limit: int = 3000) -> list[Said]:
    """What was written to us since a moment, of the `limit` latest events, newest first. By id, which follows
    the order of arrival and needs no index of its own."""
    latest = select(t.c.id, t.c.conversation_key, t.c.kind, t.c.body, t.c.received_at).order_by(t.c.id.desc())
    rows = await connection.execute(latest.limit(limit))
    return [
        Said(row.id, ConversationId.from_key(row.conversation_key), decode_event(row.body).text)
        for row in rows
        if row.received_at >= since and row.kind == EventKind.TEXT.value and row.conversation_key
    ]


async def blank(connection: AsyncConnection, event_id: int, bare: InboundEvent) -> None:
    """Replace an event's content by the bare fact that it happened."""
    await connection.execute(update(t).where(t.c.id == event_id).values(body=encode_event(bare)))


async def last_words(
    connection: AsyncConnection, conversation_keys: Sequence[str]
) -> dict[str, InboundEvent]:
    """The last thing each citizen said, by conversation."""
    if not conversation_keys:
        return {}
    newest = (
        select(func.max(t.c.id))
        .where(t.c.conversation_key.in_(conversation_keys), t.c.kind.in_(SPOKEN))
        .group_by(t.c.conversation_key)
    )
    rows = await connection.execute(select(t.c.conversation_key, t.c.body).where(t.c.id.in_(newest)))
    return {row.conversation_key: decode_event(row.body) for row in rows}


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event in the record, for officers to look at."""

    id: int
    event: InboundEvent
    at: datetime
    error: str


async def parked(connection: AsyncConnection, limit: int) -> list[Recorded]:
    """Events that could not be handled, newest first."""
    rows = await connection.execute(
        select(t.c.id, t.c.body, t.c.received_at, t.c.error)
        .where(t.c.outcome == Outcome.PARKED.value)
        .order_by(t.c.id.desc())
        .limit(limit)
    )
    return [Recorded(row.id, decode_event(row.body), row.received_at, row.error or "") for row in rows]


async def set_aside(connection: AsyncConnection, event_id: int) -> bool:
    """An officer has looked at a parked event and lets it rest. False when it is not parked any more."""
    done = await connection.execute(
        update(t)
        .where(t.c.id == event_id, t.c.outcome == Outcome.PARKED.value)
        .values(outcome=Outcome.SILENT.value)
    )
    return bool(done.rowcount)
