"""The list of who asked to be forgotten: digests and moments, nothing that names anybody.

It is read after a restore from a backup, which may hold what was erased since, and kept for as long as
backups can be. A line also remembers the demand's event while the receipt may still be on its way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, union, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import Mode
from bot.store.outbox import IN_OPEN_INDEX
from bot.store.schema import conversations, inbound_events, metadata, outbox
from bot.store.schema import erasures as t
from connectors.message import ANSWERABLE

_SPOKEN = tuple(kind.value for kind in ANSWERABLE)


def hash_of(conversation_key: str) -> str:
    """How a conversation is known on the list: 64 hexadecimal digits."""
    return hashlib.sha256(conversation_key.encode()).hexdigest()


async def add(
    connection: AsyncConnection, key_hash: str, at: datetime, *, event_id: int | None = None
) -> None:
    """Put somebody on the list; who is there already is there from the later moment on.

    `event_id`: the demand, where a receipt for it is still to reach the person.
    """
    make = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    entry = make(t).values(key_hash=key_hash, at=at, event_id=event_id)
    is_later = entry.excluded.at >= t.c.at
    await connection.execute(
        entry.on_conflict_do_update(
            index_elements=[t.c.key_hash],
            set_={"at": entry.excluded.at, "event_id": entry.excluded.event_id},
            where=is_later,
        )
    )


async def known(connection: AsyncConnection) -> dict[str, datetime]:
    """The whole list: since when, by digest."""
    rows = await connection.execute(select(t.c.key_hash, t.c.at))
    return {row.key_hash: row.at for row in rows}


async def since(connection: AsyncConnection, key_hash: str) -> datetime | None:
    """When this one was forgotten last; None: never."""
    found: datetime | None = await connection.scalar(select(t.c.at).where(t.c.key_hash == key_hash))
    return found


async def people(connection: AsyncConnection) -> dict[str, str]:
    """Everybody any table knows something of: conversation keys by digest. Goes through whole tables."""
    named = [select(conversations.c.key)]
    named += [
        select(table.c.conversation_key) for table in metadata.sorted_tables if "conversation_key" in table.c
    ]
    keys = await connection.scalars(union(*named))
    return {hash_of(key): key for key in keys if key}


# --- what is left of them ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody who was forgotten, of whom the demand and its receipt are still there."""

    key_hash: str
    event_id: int
    conversation_key: str
    """Empty: the event is gone already."""
    came_back: bool
    """They wrote again: what is there belongs to a new beginning."""


async def left_behind(connection: AsyncConnection, before: datetime) -> list[Left]:
    """Those forgotten before a moment whose last traces may go now."""
    later = inbound_events.alias("later")
    wrote_again = (
        select(later.c.id)
        .where(
            later.c.conversation_key == inbound_events.c.conversation_key,
            later.c.id != t.c.event_id,
            later.c.kind.in_(_SPOKEN),
        )
        .exists()
    )
    rows = await connection.execute(
        select(t.c.key_hash, t.c.event_id, inbound_events.c.conversation_key, wrote_again)
        .outerjoin(inbound_events, inbound_events.c.id == t.c.event_id)
        .where(t.c.event_id.is_not(None), t.c.at < before)
    )
    found = [Left(row[0], row[1], row[2] or "", bool(row[3])) for row in rows]
    # A number SQLite gave out again is somebody else's event.
    return [one if one.conversation_key and hash_of(one.conversation_key) == one.key_hash
            else Left(one.key_hash, one.event_id, "", came_back=False) for one in found]  # fmt: skip


async def may_go(connection: AsyncConnection, one: Left) -> bool:
    """Whether nothing is on its way to them, nobody writes to them, and no number would be given out again.

    The newest rows stay until there are newer ones: SQLite would use their numbers for somebody else, and an
    open page would take those lines for some it has.
    """
    key = one.conversation_key
    busy = select(conversations.c.key).where(
        conversations.c.key == key, conversations.c.mode != Mode.BOT.value
    )
    going = select(outbox.c.id).where(outbox.c.conversation_key == key, IN_OPEN_INDEX)
    for query in (busy, going):
        if (await connection.execute(query.limit(1))).first() is not None:
            return False
    for table in (inbound_events, outbox):
        mine = select(func.max(table.c.id)).where(table.c.conversation_key == key)
        newest = await connection.scalar(select(func.max(table.c.id)))
        if newest is not None and await connection.scalar(mine) == newest:
            return False
    return True


async def settle(connection: AsyncConnection, one: Left) -> None:
    """Nothing is left of them, or what is there is theirs anew."""
    await connection.execute(
        update(t).where(t.c.key_hash == one.key_hash, t.c.event_id == one.event_id).values(event_id=None)
    )


Entries = Mapping[str, datetime]
"""Since when, by digest: the list as it is handed about."""
