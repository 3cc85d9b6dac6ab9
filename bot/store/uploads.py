"""Files staff sent in, in SQL: each is read once, by whichever process has it, however often one is killed.

    waiting ──claimed──> reading ──> done
       ^                    │  └───> failed   (what it says about itself, or tried too often)
       └─ lease ran out ────┘

Who reads a file holds it by a lease that is renewed while it works. The file itself lies in DATA_DIR/uploads
until it was taken in; what became of it stays in the row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import library_uploads as t

MOST_ATTEMPTS = 3
"""A file that ended so many processes is not given to another one."""


class UploadState(StrEnum):
    """How far a file is."""

    WAITING = "waiting"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NewUpload:
    """A file that was received whole."""

    name: str
    """As it was called, made fit to be shown. Hostile until escaped."""
    bytes: int
    path: str
    """Its name in DATA_DIR/uploads; ours."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent in."""

    id: int
    name: str
    bytes: int
    path: str
    """Empty once the file is not kept any more."""
    state: UploadState
    by: str
    at: datetime
    attempts: int
    finished_at: datetime | None
    source_id: int | None
    report: Mapping[str, Any]
    """As bot.ingest.FileReport.as_json; empty until it is finished."""


async def add(connection: AsyncConnection, new: NewUpload, *, by: str, at: datetime) -> int:
    """Put a file in the queue; gives its number."""
    made = await connection.execute(
        insert(t).values(
            name=new.name[:300],
            bytes=new.bytes,
            path=new.path,
            state=UploadState.WAITING.value,
            by=by[:60],
            at=at,
        )
    )
    assert made.inserted_primary_key is not None
    return int(made.inserted_primary_key[0])


async def find(connection: AsyncConnection, id_: int) -> Upload | None:
    """One file."""
    row = (await connection.execute(select(t).where(t.c.id == id_))).one_or_none()
    return None if row is None else _upload(row)


async def to_show(connection: AsyncConnection, since: datetime, limit: int) -> list[Upload]:
    """What is under way, what failed and nobody set aside, and what was finished since; the newest first."""
    rows = await connection.execute(
        select(t)
        .where(or_(t.c.state != UploadState.DONE.value, t.c.finished_at >= since))
        .order_by(t.c.id.desc())
        .limit(limit)
    )
    return [_upload(row) for row in rows]


async def due(connection: AsyncConnection, now: datetime, limit: int) -> list[Upload]:
    """Files that nobody reads now, in the order they came."""
    rows = await connection.execute(select(t).where(_due(now)).order_by(t.c.id).limit(limit))
    return [_upload(row) for row in rows]


async def claim(
    connection: AsyncConnection, id_: int, owner: str, *, now: datetime, until: datetime
) -> Upload | None:
    """Take a file to read it. None when somebody else was faster."""
    done = await connection.execute(
        update(t)
        .where(t.c.id == id_, _due(now))
        .values(
            state=UploadState.READING.value,
            lease_owner=owner,
            lease_until=until,
            attempts=t.c.attempts + 1,
        )
    )
    return await find(connection, id_) if done.rowcount == 1 else None


async def renew(connection: AsyncConnection, id_: int, owner: str, until: datetime) -> bool:
    """Hold on to a file. False when it is somebody else's by now."""
    done = await connection.execute(update(t).where(_held(id_, owner)).values(lease_until=until))
    return done.rowcount == 1


async def release(connection: AsyncConnection, owner: str) -> None:
    """Give back what this process has in hand, as if it had not begun: it is being stopped in good order."""
    await connection.execute(
        update(t)
        .where(t.c.state == UploadState.READING.value, t.c.lease_owner == owner)
        .values(
            state=UploadState.WAITING.value, lease_owner=None, lease_until=None, attempts=t.c.attempts - 1
        )
    )


async def finish(
    connection: AsyncConnection,
    id_: int,
    owner: str,
    state: UploadState,
    *,
    source_id: int | None,
    report: Mapping[str, Any],
    at: datetime,
) -> bool:
    """Write down what became of a file. False when it is somebody else's by now: that one will.

    One that failed is kept, to be tried again; one that was taken in is not needed here any longer.
    """
    values: dict[str, object] = {
        "state": state.value,
        "lease_owner": None,
        "lease_until": None,
        "finished_at": at,
        "source_id": source_id,
        "report": json.dumps(report, ensure_ascii=False, default=list),
    }
    if state is UploadState.DONE:
        values["path"] = ""
    done = await connection.execute(update(t).where(_held(id_, owner)).values(**values))
    return done.rowcount == 1


async def try_again(connection: AsyncConnection, id_: int) -> bool:
    """Put a file that failed in the queue once more. False unless it failed and is still kept."""
    done = await connection.execute(
        update(t)
        .where(t.c.id == id_, t.c.state == UploadState.FAILED.value, t.c.path != "")
        .values(state=UploadState.WAITING.value, attempts=0, finished_at=None, report=None)
    )
    return done.rowcount == 1


async def set_aside(connection: AsyncConnection, id_: int) -> str | None:
    """Forget a file that failed; gives the path of what to remove, None unless it failed."""
    one = await find(connection, id_)
    if one is None or one.state is not UploadState.FAILED:
        return None
    await connection.execute(delete(t).where(t.c.id == id_, t.c.state == UploadState.FAILED.value))
    return one.path


async def forget_failed(connection: AsyncConnection, before: datetime) -> None:
    """What failed so long ago is not kept to be tried again. The rows say so from now on."""
    await connection.execute(
        update(t)
        .where(t.c.path != "", t.c.state == UploadState.FAILED.value, t.c.finished_at < before)
        .values(path="")
    )


async def kept_paths(connection: AsyncConnection) -> set[str]:
    """Files that are still needed."""
    rows = await connection.execute(select(t.c.path).where(t.c.path != ""))
    return set(rows.scalars())


def _due(now: datetime) -> ColumnElement[bool]:
    return or_(
        t.c.state == UploadState.WAITING.value,
        and_(t.c.state == UploadState.READING.value, t.c.lease_until < now),
    )


def _held(id_: int, owner: str) -> ColumnElement[bool]:
    return and_(t.c.id == id_, t.c.state == UploadState.READING.value, t.c.lease_owner == owner)


def _upload(row: Row[Any]) -> Upload:
    return Upload(
        id=row.id,
        name=row.name,
        bytes=row.bytes,
        path=row.path,
        state=UploadState(row.state),
        by=row.by,
        at=row.at,
        attempts=row.attempts,
        finished_at=row.finished_at,
        source_id=row.source_id,
        report=json.loads(row.report) if row.report else {},
    )
