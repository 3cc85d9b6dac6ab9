"""Reports in SQL: one row for a period, a draft until somebody makes it final.

Figures of a draft may be counted again; what staff write goes by revision, so of two who write at once one is
told. What is final does not change until somebody opens it again on purpose.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import reports as t


class State(StrEnum):
    """Whether it may still change."""

    DRAFT = "draft"
    FINAL = "final"


class Overtaken(Exception):
    """Somebody changed the report since it was shown, made it final or opened it: nothing was written."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A report as it is kept."""

    period: str
    state: State
    made_at: datetime
    """When its figures were counted."""
    made_by: str
    """Empty: the program prepared it."""
    figures: Mapping[str, Any]
    notes: Mapping[str, str]
    """By section."""
    revision: int


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list."""

    period: str
    state: State
    made_at: datetime
    made_by: str


LETTERHEAD = ("cap-tren", "noi-lap")
"""Notes that the next report begins with: they are the same every time."""


async def prepare(
    connection: AsyncConnection, period: str, figures: Mapping[str, Any], *, by: str, at: datetime
) -> bool:
    """Put a draft there; False, changing nothing, when there is a report of this period already."""
    latest = await connection.scalar(select(t.c.notes).order_by(t.c.id.desc()).limit(1))
    notes = {name: said for name, said in json.loads(latest or "{}").items() if name in LETTERHEAD}
    make = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    done = await connection.execute(
        make(t)
        .values(
            period=period,
            state=State.DRAFT.value,
            made_at=at,
            made_by=by[:60],
            figures=_json(figures),
            notes=_json(notes),
            revision=1,
        )
        .on_conflict_do_nothing()
    )
    return done.rowcount == 1


async def find(connection: AsyncConnection, period: str) -> Kept | None:
    """The report of a period."""
    row = (await connection.execute(select(t).where(t.c.period == period))).one_or_none()
    return None if row is None else _kept(row)


async def is_there(connection: AsyncConnection, period: str) -> bool:
    """Whether there is one."""
    return (await connection.execute(select(t.c.id).where(t.c.period == period))).first() is not None


async def every(connection: AsyncConnection, limit: int) -> list[Listed]:
    """What there is, the latest period first."""
    rows = await connection.execute(
        select(t.c.period, t.c.state, t.c.made_at, t.c.made_by).order_by(t.c.period.desc()).limit(limit)
    )
    return [Listed(row.period, State(row.state), row.made_at, row.made_by) for row in rows]


async def renew(
    connection: AsyncConnection, period: str, was: datetime, figures: Mapping[str, Any], at: datetime
) -> bool:
    """New figures for a draft whose figures are still those of `was`; False when they are not.

    The revision stays: nobody who is writing a note is interrupted.
    """
    done = await connection.execute(
        update(t)
        .where(t.c.period == period, t.c.state == State.DRAFT.value, t.c.made_at == was)
        .values(figures=_json(figures), made_at=at)
    )
    return done.rowcount == 1


async def write_notes(
    connection: AsyncConnection, period: str, revision: int, notes: Mapping[str, str]
) -> None:
    """What staff write. Raises Overtaken."""
    await _change(connection, period, revision, {"notes": _json(notes)})


async def make_final(connection: AsyncConnection, period: str, revision: int) -> None:
    """Nothing of it changes from now on. Raises Overtaken."""
    await _change(connection, period, revision, {"state": State.FINAL.value})


async def reopen(connection: AsyncConnection, period: str, revision: int) -> None:
    """A final report is a draft again, with its figures and notes. Raises Overtaken, also for a draft."""
    await _change(connection, period, revision, {"state": State.DRAFT.value}, was=State.FINAL)


async def _change(
    connection: AsyncConnection,
    period: str,
    revision: int,
    values: Mapping[str, object],
    was: State = State.DRAFT,
) -> None:
    done = await connection.execute(
        update(t)
        .where(t.c.period == period, t.c.revision == revision, t.c.state == was.value)
        .values(**values, revision=revision + 1)
    )
    if done.rowcount != 1:
        raise Overtaken


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _kept(row: Row[Any]) -> Kept:
    return Kept(
        row.period,
        State(row.state),
        row.made_at,
        row.made_by,
        json.loads(row.figures),
        json.loads(row.notes),
        row.revision,
    )
