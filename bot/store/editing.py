"""One piece of content while staff work on it: what there is, and changes that never undo a colleague's.

Whoever changes an item hands back the version it was shown in; when the item is another by now, nothing is
written and the newer one is given back instead. What is written, and its history, is bot.store.content's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import content
from bot.store.content import Status
from bot.store.schema import content_history as past
from bot.store.schema import content_items as t
from knowledge.content import Item, Kind

NEW = ""
"""The version of an item that is not there yet."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An item as it lies in the database, whether citizens get to see it or not."""

    kind: Kind
    id: str
    body: Mapping[str, Any]
    """As written last; empty when the row cannot be read."""
    status: Status
    version: str
    """Another one after every change of what the item says or of where it stands."""
    shipped: Mapping[str, Any] | None
    """What the program brought when staff's work on it began; None for an item of staff's own."""
    conflict: Mapping[str, Any] | None
    """What a newer program brought and nobody has decided about."""
    changed_by: str
    """Empty where no officer changed it."""
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an item's history, with what may be brought back."""

    id: int
    change: content.Change


class Stale(Exception):
    """Somebody changed the item since it was shown; `now` is what they made of it (None: it is gone)."""

    def __init__(self, now: Kept | None) -> None:
        super().__init__("the item was changed meanwhile")
        self.now = now


async def every(connection: AsyncConnection, kind: Kind) -> list[Kept]:
    """All items of a kind in the order of ids, whatever their status."""
    rows = await connection.execute(select(t).where(t.c.kind == kind.value).order_by(t.c.id))
    return [_kept(row) for row in rows]


async def find(connection: AsyncConnection, kind: Kind, item_id: str) -> Kept | None:
    """One item, or None."""
    row = (
        await connection.execute(select(t).where(and_(t.c.kind == kind.value, t.c.id == item_id)))
    ).one_or_none()
    return None if row is None else _kept(row)


async def put(
    connection: AsyncConnection, item: Item, version: str, *, by: str, why: str, at: datetime, status: Status
) -> None:
    """Write an item over the version that was shown, or a new one over NEW. Raises Stale.

    Work on an item that waits for a decision takes the newer program's version into account, and so is one.
    """
    await content.begin_change(connection)
    await put_begun(connection, item, version, by=by, why=why, at=at, status=status)


async def put_begun(
    connection: AsyncConnection, item: Item, version: str, *, by: str, why: str, at: datetime, status: Status
) -> None:
    """`put` within a change that this transaction has begun already (`content.begin_change`)."""
    now = await _unchanged(connection, item.kind, item.id, version)
    await content.save_begun(connection, item, by=by, why=why, at=at, status=status)
    if now is None or now.conflict is None:
        return
    after = await find(connection, item.kind, item.id)
    if after is not None and after.conflict is not None:
        await content.resolve_begun(connection, item.kind, item.id, "staff", by=by, at=at)


@dataclass(frozen=True, slots=True)
class Put:
    """An item to be written over the version that was shown."""

    item: Item
    version: str
    why: str
    status: Status


async def put_many_begun(
    connection: AsyncConnection, puts: Sequence[Put], *, by: str, at: datetime
) -> set[str]:
    """`put_begun` for different items of one kind, in a few statements; gives ids of those found stale."""
    if not puts:
        return set()
    ids = [put.item.id for put in puts]
    found = await connection.execute(select(t).where(t.c.kind == puts[0].item.kind.value, t.c.id.in_(ids)))
    rows = {row.id: row for row in found}
    stale: set[str] = set()
    plain: list[tuple[content.Saving, Row[Any] | None]] = []
    for one in puts:
        row = rows.get(one.item.id)
        if (NEW if row is None else _kept(row).version) != one.version:
            stale.add(one.item.id)
        elif row is not None and row.conflict is not None:
            await put_begun(connection, one.item, one.version, by=by, why=one.why, at=at, status=one.status)
        else:
            plain.append((content.Saving(one.item, one.why, one.status), row))
    if plain:
        await content.save_many_begun(connection, plain, by=by, at=at)
    return stale


async def archive(
    connection: AsyncConnection, kind: Kind, item_id: str, version: str, *, by: str, why: str, at: datetime
) -> None:
    """Take an item away from citizens. Raises Stale."""
    await content.begin_change(connection)
    if await _unchanged(connection, kind, item_id, version) is None:
        raise Stale(None)
    await content.archive_begun(connection, kind, item_id, by=by, why=why, at=at)


async def decide(
    connection: AsyncConnection,
    kind: Kind,
    item_id: str,
    version: str,
    take: Literal["staff", "shipped"],
    *,
    by: str,
    at: datetime,
) -> None:
    """End a conflict as it was shown. Raises Stale."""
    await content.begin_change(connection)
    now = await _unchanged(connection, kind, item_id, version)
    if now is None or now.conflict is None:
        raise Stale(now)
    await content.resolve_begun(connection, kind, item_id, take, by=by, at=at)


async def history(connection: AsyncConnection, kind: Kind, item_id: str) -> list[Entry]:
    """Who changed an item, when and why, the newest first, each line with its number."""
    rows = await connection.execute(
        select(past).where(past.c.kind == kind.value, past.c.item_id == item_id).order_by(past.c.id.desc())
    )
    return [
        Entry(
            row.id,
            content.Change(
                row.at,
                row.changed_by,
                row.why,
                _object(row.before),
                _object(row.after),
                _object(row.draft),
            ),
        )
        for row in rows
    ]


async def _unchanged(connection: AsyncConnection, kind: Kind, item_id: str, version: str) -> Kept | None:
    """What there is now that nobody else can change it. Raises Stale when it is not `version`."""
    now = await find(connection, kind, item_id)
    if (NEW if now is None else now.version) != version:
        raise Stale(now)
    return now


def _kept(row: Row[Any]) -> Kept:
    said = "\n".join((row.status, row.body, row.shipped or "", row.conflict or ""))
    return Kept(
        kind=Kind(row.kind),
        id=row.id,
        body=_object(row.body) or {},
        status=Status(row.status),
        version=hashlib.sha256(said.encode()).hexdigest()[:20],
        shipped=_object(row.shipped),
        conflict=_object(row.conflict),
        changed_by=row.changed_by or "",
        changed_at=row.changed_at,
    )


def _object(text: str | None) -> Mapping[str, Any] | None:
    """A stored body; None where there is none, or where it cannot be read."""
    try:
        read = json.loads(text) if text is not None else None
    except ValueError:
        return None
    return read if isinstance(read, dict) else None
