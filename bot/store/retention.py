"""What is old enough to be removed, and removing it, some rows at a time.

Never touched: events nobody has handled or that an officer has to look at, messages on their way or
undelivered, conversations that wait for a person or have one, and those with a self-assessment that can
still be taken up. The newest row of a table stays too: SQLite would give its number out again.
Whatever is found is checked once more in the transaction that removes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import Mode, Outcome
from bot.store import conversations
from bot.store.conversations import StaleConversation
from bot.store.outbox import State
from bot.store.schema import (
    assessments,
    audit_log,
    conversation_notes,
    inbound_events,
    misses,
    outbox,
)
from bot.store.schema import conversations as talks
from connectors.message import ConversationId

_LAST_QUESTION = '%"last_question"%'


class Kind(StrEnum):
    """What may be removed."""

    HEARD = "heard"
    """What citizens wrote."""
    TOLD = "told"
    """What they were answered."""
    NOTES = "notes"
    """What officers noted beside a conversation."""
    MISSES = "misses"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Old:
    """From when on things count as old. None: they are kept for good."""

    texts: datetime | None
    misses: datetime | None
    audit: datetime | None
    resumable_since: datetime
    """A self-assessment touched since then can still be taken up."""

    def of(self, kind: Kind) -> datetime | None:
        """The moment for one kind."""
        special = {Kind.MISSES: self.misses, Kind.AUDIT: self.audit}
        return special.get(kind, self.texts)


_KEYS: Mapping[Kind, Column[Any]] = {
    Kind.HEARD: inbound_events.c.id,
    Kind.TOLD: outbox.c.id,
    Kind.NOTES: conversation_notes.c.id,
    Kind.MISSES: misses.c.key,
    Kind.AUDIT: audit_log.c.id,
}


async def count(connection: AsyncConnection, old: Old) -> dict[Kind, int]:
    """How many rows of each kind would be removed."""
    found = dict.fromkeys(Kind, 0)
    for kind in Kind:
        if (condition := _condition(kind, old)) is not None:
            query = select(func.count()).select_from(_table(kind)).where(condition)
            found[kind] = await connection.scalar(query) or 0
    return found


async def find(connection: AsyncConnection, kind: Kind, old: Old, after: Any, limit: int) -> list[Any]:
    """Keys of rows to remove, in order, behind the key `after` (None: from the first)."""
    condition, key = _condition(kind, old), _KEYS[kind]
    if condition is None:
        return []
    query = select(key).where(condition).order_by(key).limit(limit)
    if after is not None:
        query = query.where(key > after)
    return list(await connection.scalars(query))


async def remove(connection: AsyncConnection, kind: Kind, old: Old, keys: Sequence[Any]) -> int:
    """Remove those of the rows that may still be removed; gives how many."""
    condition = _condition(kind, old)
    if condition is None or not keys:
        return 0
    done = await connection.execute(delete(_table(kind)).where(_KEYS[kind].in_(keys), condition))
    return done.rowcount


async def remembering(connection: AsyncConnection, old: Old, limit: int) -> list[ConversationId]:
    """Conversations silent for so long that still hold their last question."""
    if old.texts is None:
        return []
    rows = await connection.scalars(
        select(talks.c.key)
        .where(
            talks.c.last_heard_at < old.texts,
            talks.c.state.like(_LAST_QUESTION),
            ~_needed(talks.c.key, old),
        )
        .order_by(talks.c.key)
        .limit(limit)
    )
    return [ConversationId.from_key(key) for key in rows]


async def forget_last_question(connection: AsyncConnection, id_: ConversationId, now: datetime) -> None:
    """The conversation goes on without it, unless something happened in it meanwhile."""
    before = await conversations.load(connection, id_)
    if not before.state.last_question:
        return
    try:
        bare = replace(before.state, last_question="")
        await conversations.save(connection, replace(before, state=bare), now)
    except StaleConversation:
        return


def _table(kind: Kind) -> Table:
    table = _KEYS[kind].table
    assert isinstance(table, Table)
    return table


def _condition(kind: Kind, old: Old) -> ColumnElement[bool] | None:
    before = old.of(kind)
    if before is None:
        return None
    if kind is Kind.MISSES:
        return misses.c.last_at < before
    newest = select(func.max(_table(kind).alias("newest").c.id)).scalar_subquery()
    if kind is Kind.AUDIT:
        return and_(audit_log.c.at < before, audit_log.c.id < newest)
    if kind is Kind.NOTES:
        t = conversation_notes
        return and_(t.c.at < before, t.c.id < newest, ~_needed(t.c.conversation_key, old))
    if kind is Kind.TOLD:
        gone = outbox.c.state.in_((State.SENT.value, State.SET_ASIDE.value))
        recent = and_(outbox.c.created_at < before, outbox.c.id < newest)
        return and_(gone, recent, ~_needed(outbox.c.conversation_key, old))
    t = inbound_events
    return and_(
        t.c.handled_at.is_not(None),
        func.coalesce(t.c.outcome, "") != Outcome.PARKED.value,
        t.c.received_at < before,
        t.c.id < newest,
        ~_needed(t.c.conversation_key, old),
    )


def _needed(key: ColumnElement[str], old: Old) -> ColumnElement[bool]:
    """Whether somebody still needs what was said in this conversation."""
    a = assessments
    with_a_person = exists().where(talks.c.key == key, talks.c.mode != Mode.BOT.value)
    unfinished = exists().where(
        a.c.conversation_key == key, a.c.finished_at.is_(None), a.c.touched_at >= old.resumable_since
    )
    if key is talks.c.key:
        return or_(talks.c.mode != Mode.BOT.value, unfinished)
    return or_(with_a_person, unfinished)
