"""Questions that got no good answer, counted for staff. No personal data: whoever records has masked it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import misses as t


@dataclass(frozen=True, slots=True)
class Miss:
    """One question, however often it was asked."""

    key: str
    sample: str
    """As it was typed last."""
    count: int
    first_at: datetime
    last_at: datetime
    reason: str
    nearest_entry: str
    """Empty where nothing was near."""


async def record(
    connection: AsyncConnection, *, key: str, sample: str, reason: str, nearest: str, at: datetime
) -> None:
    """Count a miss. `key` is the question folded and masked, `sample` as typed and masked."""
    latest = {
        "sample": _storable(sample)[:500],
        "last_at": at,
        "reason": reason[:20],
        "nearest_entry": nearest[:120],
    }
    make = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    await connection.execute(
        make(t)
        .values(key=_storable(key)[:200], count=1, first_at=at, **latest)
        .on_conflict_do_update(index_elements=[t.c.key], set_={"count": t.c.count + 1, **latest})
    )


async def most_common(connection: AsyncConnection, limit: int) -> list[Miss]:
    """The questions missed most often, the latest first among equals."""
    rows = await connection.execute(
        select(t).order_by(t.c.count.desc(), t.c.last_at.desc(), t.c.key).limit(limit)
    )
    return [
        Miss(
            key=row.key,
            sample=row.sample,
            count=row._mapping["count"],  # plain `row.count` is a tuple's method
            first_at=row.first_at,
            last_at=row.last_at,
            reason=row.reason,
            nearest_entry=row.nearest_entry,
        )
        for row in rows
    ]


def _storable(text: str) -> str:
    """Without what PostgreSQL refuses in a text and a stranger can still type."""
    return text.encode("utf-8", "ignore").decode("utf-8").replace("\x00", "")
