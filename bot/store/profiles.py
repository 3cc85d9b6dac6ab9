"""What citizens told about themselves freely, to get what concerns them: commune and learner group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import profiles as t


@dataclass(frozen=True, slots=True)
class Profile:
    """Empty strings: not given."""

    commune: str = ""
    """With its province, as nlu.gazetteer names it."""
    group_id: str = ""


async def load(connection: AsyncConnection, conversation_key: str) -> Profile:
    """What somebody told."""
    row = (await connection.execute(select(t).where(t.c.conversation_key == conversation_key))).one_or_none()
    return Profile() if row is None else Profile(row.commune, row.group_id)


async def save(connection: AsyncConnection, conversation_key: str, told: Profile, at: datetime) -> None:
    """Keep what somebody told; what is empty in `told` stays as it was."""
    before = await load(connection, conversation_key)
    values = {
        "commune": told.commune or before.commune,
        "group_id": told.group_id or before.group_id,
        "given_at": at,
    }
    make = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    await connection.execute(
        make(t)
        .values(conversation_key=conversation_key, **values)
        .on_conflict_do_update(index_elements=[t.c.conversation_key], set_=values)
    )


async def communes(connection: AsyncConnection, keys: Sequence[str]) -> dict[str, str]:
    """By conversation: the name of the commune without its province, of those who told it."""
    rows = await connection.execute(
        select(t.c.conversation_key, t.c.commune).where(t.c.conversation_key.in_(keys), t.c.commune != "")
    )
    return {row.conversation_key: row.commune.partition(",")[0] for row in rows}


async def counted(connection: AsyncConnection) -> list[tuple[str, int]]:
    """Communes with how many people told they live there, the most first."""
    rows = await connection.execute(
        select(t.c.commune, func.count())
        .where(t.c.commune != "")
        .group_by(t.c.commune)
        .order_by(func.count().desc(), t.c.commune)
    )
    return [(row[0], row[1]) for row in rows]


async def counted_by_group(connection: AsyncConnection) -> list[tuple[str, int]]:
    """Ids of groups with how many people told they belong to it, the most first."""
    rows = await connection.execute(
        select(t.c.group_id, func.count())
        .where(t.c.group_id != "")
        .group_by(t.c.group_id)
        .order_by(func.count().desc(), t.c.group_id)
    )
    return [(row[0], row[1]) for row in rows]


async def forget(connection: AsyncConnection, conversation_key: str) -> None:
    """Erase it."""
    await connection.execute(delete(t).where(t.c.conversation_key == conversation_key))
