"""Evidence in SQL: what was given for an assessment, what became of its file, and which files must go.

    waiting ──claimed, fetched──> kept
       │  ^                  ├──> refused    (not a kind that is taken, an address we do not ask, too many)
       │  └─ tried again ────┤    too_large
       └─────────────────────┴──> failed     (gone, or tried often enough)
    noted: words or a link, there is nothing to fetch

The rows are the truth; files are named by them. What must go is written down in the transaction that
deletes the rows, and stays written down long enough for a fetch under way to end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.flows.results import Evidence
from bot.store.schema import assessments
from bot.store.schema import evidence as t
from bot.store.schema import evidence_removals as removals
from connectors.message import ConversationId, clean_text

MOST_ITEMS = 40
"""Of one assessment; more is no evidence any more."""
_FETCHED = frozenset({"image", "file"})
_NOTED = frozenset({"text", "link"})


class State(StrEnum):
    """What became of one piece."""

    WAITING = "waiting"
    KEPT = "kept"
    NOTED = "noted"
    REFUSED = "refused"
    TOO_LARGE = "too_large"
    FAILED = "failed"


LOST = (State.FAILED, State.TOO_LARGE, State.REFUSED)
"""There should be a file, and there is none."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One piece of evidence as it is kept."""

    id: int
    code: str
    indicator: int
    kind: str
    text: str
    """The words, or the file's name as the citizen called it. Hostile until escaped."""
    url: str
    """Only of a link, or while the file waits to be fetched."""
    state: State
    path: str
    """Of the file, below DATA_DIR/evidence; empty where there is none."""
    media_type: str
    bytes: int
    why: str


@dataclass(frozen=True, slots=True)
class Awaited:
    """A file this process is to fetch now."""

    id: int
    code: str
    conversation: ConversationId
    url: str
    attempt: int
    """1 for the first."""


async def add(connection: AsyncConnection, code: str, given: Sequence[Evidence], at: datetime) -> None:
    """Keep what was given for an assessment; what is there already stays as it is."""
    known = set(await connection.scalars(select(t.c.identity).where(t.c.code == code)))
    fresh = {_identity(one): one for one in given if _identity(one) not in known}
    rows = [_new(code, identity, one, at) for identity, one in fresh.items()][: MOST_ITEMS - len(known)]
    if rows:
        make = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
        await connection.execute(make(t).on_conflict_do_nothing(), rows)


async def of_assessment(connection: AsyncConnection, code: str) -> list[Kept]:
    """What was given for an assessment, in order."""
    rows = await connection.execute(select(t).where(t.c.code == code).order_by(t.c.id))
    return [_read(row) for row in rows]


# --- fetching ----------------------------------------------------------------------------------------


async def any_waiting(connection: AsyncConnection, now: datetime) -> bool:
    """Whether a file is to be fetched."""
    found = await connection.execute(select(t.c.id).where(*_due(now)).limit(1))
    return found.first() is not None


async def claim(connection: AsyncConnection, *, now: datetime, until: datetime, limit: int) -> list[Awaited]:
    """Take files to fetch, those waiting longest first. Nobody else gets them before `until`."""
    found = await connection.scalars(
        select(t.c.id)
        .where(*_due(now))
        .order_by(t.c.not_before, t.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # SQLite has one writer and leaves this out
    )
    ids = list(found)
    if not ids:
        return []
    await connection.execute(
        update(t).where(t.c.id.in_(ids)).values(attempts=t.c.attempts + 1, not_before=until)
    )
    rows = await connection.execute(
        select(t.c.id, t.c.code, t.c.url, t.c.attempts, assessments.c.conversation_key)
        .join(assessments, assessments.c.code == t.c.code)
        .where(t.c.id.in_(ids))
        .order_by(t.c.id)
    )
    return [
        Awaited(row.id, row.code, ConversationId.from_key(row.conversation_key), row.url, row.attempts)
        for row in rows
    ]


async def keep(connection: AsyncConnection, id_: int, *, path: str, media_type: str, size: int) -> bool:
    """The file is there. False when it is not waited for any more."""
    return await _settle(
        connection, id_, state=State.KEPT.value, path=path, media_type=media_type, bytes=size, why=None
    )


async def give_up(connection: AsyncConnection, id_: int, state: State, why: str) -> None:
    """There will be no file."""
    await _settle(connection, id_, state=state.value, why=why[:200])


async def try_again(connection: AsyncConnection, id_: int, when: datetime, why: str) -> None:
    """The file could not be had just now."""
    await connection.execute(
        update(t)
        .where(t.c.id == id_, t.c.state == State.WAITING.value)
        .values(not_before=when, why=why[:200])
    )


async def is_there(connection: AsyncConnection, id_: int) -> bool:
    """Whether this piece is still known: it is not once the citizen had everything erased."""
    return (await connection.execute(select(t.c.id).where(t.c.id == id_))).first() is not None


async def bytes_of(connection: AsyncConnection, conversation_key: str) -> int:
    """How much is kept of one citizen's files."""
    theirs = select(assessments.c.code).where(assessments.c.conversation_key == conversation_key)
    return int(await connection.scalar(select(func.sum(t.c.bytes)).where(t.c.code.in_(theirs))) or 0)


# --- erasing -----------------------------------------------------------------------------------------


async def erase(connection: AsyncConnection, codes: Sequence[str], now: datetime) -> None:
    """Delete what was given for these assessments, and write down that their files must go."""
    make = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    marked = make(removals).values([{"path": code, "marked_at": now} for code in codes])
    await connection.execute(
        marked.on_conflict_do_update(index_elements=[removals.c.path], set_={"marked_at": now})
    )
    await connection.execute(delete(t).where(t.c.code.in_(codes)))


async def to_remove(connection: AsyncConnection) -> list[str]:
    """What must go, below DATA_DIR/evidence."""
    return list(await connection.scalars(select(removals.c.path).order_by(removals.c.path)))


async def end_removals(connection: AsyncConnection, marked_before: datetime) -> None:
    """What was marked so long ago is gone for certain."""
    await connection.execute(delete(removals).where(removals.c.marked_at < marked_before))


# --- inside ------------------------------------------------------------------------------------------


def _due(now: datetime) -> tuple[Any, ...]:
    return t.c.state == State.WAITING.value, t.c.not_before <= now


async def _settle(connection: AsyncConnection, id_: int, **values: Any) -> bool:
    done = await connection.execute(
        update(t).where(t.c.id == id_, t.c.state == State.WAITING.value).values(url="", **values)
    )
    return bool(done.rowcount)


def _identity(one: Evidence) -> str:
    given = json.dumps([one.indicator, one.kind, one.text, one.url])
    return hashlib.sha256(given.encode()).hexdigest()


def _new(code: str, identity: str, one: Evidence, at: datetime) -> dict[str, Any]:
    state, why = State.REFUSED, "kind"
    if one.kind in _NOTED:
        state, why = State.NOTED, ""
    elif one.kind in _FETCHED:
        state, why = (State.WAITING, "") if one.url else (State.REFUSED, "no address")
    return {
        "code": code,
        "identity": identity,
        "indicator": one.indicator,
        "kind": one.kind[:20],
        "text": clean_text(one.text),
        "url": clean_text(one.url) if state is not State.REFUSED else "",
        "state": state.value,
        "why": why or None,
        "not_before": at,
        "created_at": at,
    }


def _read(row: Row[*tuple[Any, ...]]) -> Kept:
    return Kept(
        row.id,
        row.code,
        row.indicator,
        row.kind,
        row.text,
        row.url,
        State(row.state),
        row.path or "",
        row.media_type or "",
        row.bytes or 0,
        row.why or "",
    )
