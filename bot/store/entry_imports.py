"""Imports of entries in SQL: each is written once, by one process at a time, however often one is killed.

    waiting ──claimed──> writing ──> done
       ^                    │  └───> failed   (its file is gone, or it was tried too often)
       └─ lease ran out ────┘

How far it is stands in the row and moves in the very transaction that writes the entries, so whoever goes on
after a kill begins with the first row that was not written. The rows themselves lie in DATA_DIR/imports.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import entry_imports as t

MOST_ATTEMPTS = 5
"""An import that ended so many processes without getting on is not taken up by another one."""


class ImportState(StrEnum):
    """How far an import is."""

    WAITING = "waiting"
    WRITING = "writing"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EntryImport:
    """An import an officer agreed to."""

    token: str
    staff_id: int
    state: ImportState
    total: int
    position: int
    """Of the rows to be written, the first that was not gone through."""
    refused: Mapping[int, str]
    """Why a row was not written, by its place in the dry run."""
    at: datetime
    attempts: int
    finished_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Nothing more will be written."""
        return self.state in (ImportState.DONE, ImportState.FAILED)


class NotOurs(Exception):
    """Another process goes on with it: what this one was about to write must not be written."""


async def add(connection: AsyncConnection, token: str, staff_id: int, total: int, at: datetime) -> bool:
    """Have a dry run written. False when somebody said so before."""
    upsert = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    values = {"token": token, "staff_id": staff_id, "total": total, "at": at}
    made = await connection.execute(
        upsert(t).values(**values, state=ImportState.WAITING.value, refused="{}").on_conflict_do_nothing()
    )
    return made.rowcount == 1


async def find(connection: AsyncConnection, token: str) -> EntryImport | None:
    """One import; None where nobody agreed to it."""
    row = (await connection.execute(select(t).where(t.c.token == token))).one_or_none()
    return None if row is None else _import(row)


async def due(connection: AsyncConnection, now: datetime) -> list[EntryImport]:
    """Imports nobody writes now, the oldest first."""
    rows = await connection.execute(select(t).where(_due(now)).order_by(t.c.at, t.c.token))
    return [_import(row) for row in rows]


async def claim(
    connection: AsyncConnection, token: str, owner: str, *, now: datetime, until: datetime
) -> EntryImport | None:
    """Take an import to write it. None when somebody else was faster."""
    done = await connection.execute(
        update(t)
        .where(t.c.token == token, _due(now))
        .values(
            state=ImportState.WRITING.value,
            lease_owner=owner,
            lease_until=until,
            attempts=t.c.attempts + 1,
        )
    )
    return await find(connection, token) if done.rowcount == 1 else None


async def advance(
    connection: AsyncConnection,
    token: str,
    owner: str,
    *,
    position: int,
    refused: Mapping[int, str],
    until: datetime,
) -> None:
    """Say in the transaction that writes rows that they are written, and hold on. Raises NotOurs."""
    # What gets on is no reason to give up, however often processes are killed.
    values = {"position": position, "refused": _text(refused), "lease_until": until, "attempts": 1}
    done = await connection.execute(update(t).where(_held(token, owner)).values(**values))
    if done.rowcount != 1:
        raise NotOurs


async def finish(
    connection: AsyncConnection, token: str, owner: str, state: ImportState, at: datetime
) -> None:
    """Nothing more will be written. Raises NotOurs."""
    values = {"state": state.value, "lease_owner": None, "lease_until": None, "finished_at": at}
    done = await connection.execute(update(t).where(_held(token, owner)).values(**values))
    if done.rowcount != 1:
        raise NotOurs


async def release(connection: AsyncConnection, owner: str) -> None:
    """Give back what this process has in hand: it is being stopped in good order."""
    await connection.execute(
        update(t)
        .where(t.c.state == ImportState.WRITING.value, t.c.lease_owner == owner)
        .values(
            state=ImportState.WAITING.value, lease_owner=None, lease_until=None, attempts=t.c.attempts - 1
        )
    )


async def forget(connection: AsyncConnection, before: datetime) -> None:
    """Let go of imports that were over before then: their reports are gone, too."""
    await connection.execute(delete(t).where(t.c.finished_at < before))


def _due(now: datetime) -> ColumnElement[bool]:
    lapsed = and_(t.c.state == ImportState.WRITING.value, t.c.lease_until <= now)
    return or_(t.c.state == ImportState.WAITING.value, lapsed)


def _held(token: str, owner: str) -> ColumnElement[bool]:
    return and_(t.c.token == token, t.c.state == ImportState.WRITING.value, t.c.lease_owner == owner)


def _text(refused: Mapping[int, str]) -> str:
    return json.dumps({str(place): why for place, why in refused.items()}, ensure_ascii=False)


def _import(row: Row[Any]) -> EntryImport:
    return EntryImport(
        token=row.token,
        staff_id=row.staff_id,
        state=ImportState(row.state),
        total=row.total,
        position=row.position,
        refused={int(place): why for place, why in json.loads(row.refused).items()},
        at=row.at,
        attempts=row.attempts,
        finished_at=row.finished_at,
    )
