"""The rules of the house in SQL: every version whole, the highest id in force, none ever changed.

A version is written over the one its writer was shown; when there is a newer one by now, nothing is written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import house_rules as t

NONE_YET = 0
"""The id in force before anything was set."""
_LATEST = select(func.max(t.c.id))


@dataclass(frozen=True, slots=True)
class Version:
    """The rules as somebody set them."""

    id: int
    at: datetime
    by: str
    why: str
    body: Mapping[str, Any] | None
    """What was set, as bot.house_rules.body_of gives it; None where the row cannot be read."""


class Stale(Exception):
    """Somebody set other rules since these were shown; nothing was written."""


async def latest_id(connection: AsyncConnection) -> int:
    """The id in force; NONE_YET when nothing was ever set. One look into an index."""
    return await connection.scalar(_LATEST) or NONE_YET


async def latest(connection: AsyncConnection) -> Version | None:
    """The version in force."""
    row = (await connection.execute(select(t).order_by(t.c.id.desc()).limit(1))).one_or_none()
    return None if row is None else _read(row)


async def find(connection: AsyncConnection, id_: int) -> Version | None:
    """One version."""
    row = (await connection.execute(select(t).where(t.c.id == id_))).one_or_none()
    return None if row is None else _read(row)


async def history(connection: AsyncConnection, limit: int) -> list[Version]:
    """Versions, the newest first."""
    rows = await connection.execute(select(t).order_by(t.c.id.desc()).limit(limit))
    return [_read(row) for row in rows]


async def add(
    connection: AsyncConnection, body: Mapping[str, Any], over: int, *, by: str, why: str, at: datetime
) -> int:
    """Put a version into force over the one with id `over`; gives its id. Raises Stale."""
    if connection.dialect.name == "postgresql":
        # Two officers at once: the second sees what the first wrote. SQLite has one writer.
        await connection.execute(text("LOCK TABLE house_rules IN SHARE ROW EXCLUSIVE MODE"))
    if await latest_id(connection) != over:
        raise Stale
    row = insert(t).values(at=at, by=by[:60], why=why[:300], body=json.dumps(body, ensure_ascii=False))
    return int((await connection.execute(row.returning(t.c.id))).scalar_one())


def _read(row: Row[Any]) -> Version:
    try:
        body = json.loads(row.body)
    except ValueError:
        body = None
    return Version(row.id, row.at, row.by, row.why, body if isinstance(body, dict) else None)
