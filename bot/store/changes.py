"""Marks by which an open page learns that something changed. Cheap: an index answers every part of them.

A mark says that the page is worth fetching again and nothing else; it holds no words and no names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import Mode
from bot.store.outbox import OPEN
from bot.store.schema import conversation_notes, conversations, inbound_events, outbox, staff, turns
from bot.store.schema import staff_sessions as sessions

_AT_A_PERSON = conversations.c.mode.in_((Mode.WAITING.value, Mode.PERSON.value))
_OF_ALL = select(
    select(func.max(inbound_events.c.id)).scalar_subquery(),
    select(func.max(outbox.c.id)).scalar_subquery(),
    select(func.max(turns.c.event_id)).scalar_subquery(),
    select(func.count()).select_from(conversations).where(_AT_A_PERSON).scalar_subquery(),
    select(func.sum(conversations.c.revision)).where(_AT_A_PERSON).scalar_subquery(),
)
_key = conversations.c.key
_is_open = outbox.c.state.in_([literal_column(f"'{state}'") for state in OPEN])
"""Written out as the index `ix_outbox_open` has it."""
_of_it = outbox.c.conversation_key == _key
_OF_ONE = select(
    _key,
    conversations.c.revision,
    select(func.max(inbound_events.c.id)).where(inbound_events.c.conversation_key == _key).scalar_subquery(),
    select(func.max(outbox.c.id)).where(_of_it).scalar_subquery(),
    select(func.count()).select_from(outbox).where(_of_it, _is_open).scalar_subquery(),
    select(func.sum(outbox.c.attempts)).where(_of_it, _is_open).scalar_subquery(),
    select(func.max(conversation_notes.c.id))
    .where(conversation_notes.c.conversation_key == _key)
    .scalar_subquery(),
)


async def mark_of_all(connection: AsyncConnection) -> str:
    """Another one whenever the list of conversations may read otherwise."""
    return _mark((await connection.execute(_OF_ALL)).one())


async def marks(connection: AsyncConnection, keys: Collection[str]) -> dict[str, str]:
    """By conversation: another one whenever its page may read otherwise."""
    if not keys:
        return {}
    rows = await connection.execute(_OF_ONE.where(_key.in_(keys)))
    return {row[0]: _mark(row[1:]) for row in rows}


async def living_sessions(
    connection: AsyncConnection, hashes: Collection[str], now: datetime
) -> dict[str, str]:
    """Those of these sessions that still count, with the role of whose they are."""
    if not hashes:
        return {}
    rows = await connection.execute(
        select(sessions.c.token_hash, staff.c.role)
        .join(staff, staff.c.id == sessions.c.staff_id)
        .where(sessions.c.token_hash.in_(hashes), sessions.c.expires_at > now, staff.c.disabled_at.is_(None))
    )
    return {row[0]: row[1] for row in rows}


def _mark(values: Collection[object]) -> str:
    return hashlib.sha256("|".join(map(str, values)).encode()).hexdigest()[:16]
