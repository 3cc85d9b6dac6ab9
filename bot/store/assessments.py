"""Self-assessments in SQL: how far each got, its result, and whom to remind once.

A row is known by its code, and only the conversation that began it can change it. Writing the same again
changes nothing. Whatever is deleted here takes its evidence along (`bot.store.evidence`).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import structlog
from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.flows.results import AssessmentProgress, AssessmentResult
from bot.store import evidence
from bot.store.schema import assessments as t
from bot.store.schema import evidence as evidence_table
from connectors.message import ConversationId, clean_text

log = structlog.get_logger(__name__)

FINISHED = "finished"
_BEFORE = {"consent": 0, "group": 1}
_AFTER = {"place": 1000, "evidence": 1001, FINISHED: 1002}
_INDICATORS_FROM = 10
_AT_ONCE = 200
"""Rows read at a time: the event loop goes on in between."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """One self-assessment as it is kept."""

    code: str
    conversation: ConversationId
    criteria: str
    group: str
    place: str
    step: str
    furthest: str
    remind: bool
    began_at: datetime
    touched_at: datetime
    reminded_at: datetime | None
    finished_at: datetime | None
    points: tuple[int, ...]
    """Empty until it is finished."""
    total: int | None
    passed: bool | None


def rank(step: str) -> int:
    """How far along a step is; -1 for one that is no place on the way (`left`)."""
    if step.isdecimal():
        return _INDICATORS_FROM + int(step)
    return _BEFORE.get(step, _AFTER.get(step, -1))


# --- what turns change -------------------------------------------------------------------------------


async def move_on(
    connection: AsyncConnection, who: ConversationId, progress: AssessmentProgress, at: datetime
) -> None:
    """A step was taken. One that is finished stays finished; only its place can still be told."""
    row = await _find(connection, progress.code)
    if row is None:
        await _begin(connection, who, progress, at)
    elif not _is_theirs(row, who):
        return
    else:
        await _advance(connection, row, progress, at)
    if progress.evidence:
        await evidence.add(connection, progress.code, progress.evidence, at)


async def _advance(
    connection: AsyncConnection, row: Row[*tuple[Any, ...]], progress: AssessmentProgress, at: datetime
) -> None:
    values: dict[str, Any] = {}
    if progress.place:
        values["place"] = _place(progress.place)
    if row.finished_at is None:
        is_further = rank(progress.step) > rank(row.furthest)
        values |= {
            "criteria": progress.criteria,
            "group_id": progress.group or row.group_id,
            "step": progress.step,
            "furthest": progress.step if is_further else row.furthest,
            "remind": int(progress.remind),
            "touched_at": max(row.touched_at, at),
        }
    if values:
        await connection.execute(update(t).where(t.c.code == progress.code).values(**values))


async def finish(
    connection: AsyncConnection, who: ConversationId, result: AssessmentResult, at: datetime
) -> None:
    """Keep a result and what was given as evidence. Told again with other points, the last word counts."""
    row = await _find(connection, result.code)
    if row is None:
        begun = AssessmentProgress(result.code, result.criteria, result.group, FINISHED, remind=False)
        await _begin(connection, who, begun, result.finished_at)
    elif not _is_theirs(row, who):
        return
    place = {"place": _place(result.place)} if result.place else {}
    await connection.execute(
        update(t)
        .where(t.c.code == result.code)
        .values(
            criteria=result.criteria,
            group_id=result.group,
            step=FINISHED,
            furthest=FINISHED,
            finished_at=result.finished_at,
            points=json.dumps(result.points),
            total=result.total,
            passed=int(result.passed),
            **place,
        )
    )
    await evidence.add(connection, result.code, result.evidence, at)


async def forget(connection: AsyncConnection, conversation_key: str, now: datetime) -> None:
    """Erase every assessment of a conversation, with its evidence."""
    codes = await connection.scalars(select(t.c.code).where(t.c.conversation_key == conversation_key))
    await erase(connection, list(codes), now)


async def erase(connection: AsyncConnection, codes: Sequence[str], now: datetime) -> None:
    """Erase assessments with their evidence; files go soon after (`bot.evidence`)."""
    if not codes:
        return
    await evidence.erase(connection, codes, now)
    await connection.execute(delete(t).where(t.c.code.in_(codes)))


# --- looking -----------------------------------------------------------------------------------------


async def load(connection: AsyncConnection, code: str) -> Assessment | None:
    """The assessment with this code."""
    row = await _find(connection, code)
    return None if row is None else _read(row)


async def of_conversation(connection: AsyncConnection, conversation_key: str) -> list[Assessment]:
    """Everything one citizen began here, the latest first."""
    rows = await connection.execute(
        select(t).where(t.c.conversation_key == conversation_key).order_by(t.c.began_at.desc(), t.c.code)
    )
    return [_read(row) for row in rows]


class Counted(NamedTuple):
    """What is counted of one: no more of it is read, for there may be very many."""

    person: str
    """The same for the same citizen."""
    channel: str
    criteria: str
    group: str
    place: str
    furthest: str
    began_at: datetime
    finished_at: datetime | None
    points: str | None
    """A JSON list, by indicator; None until it is finished."""
    total: int | None
    passed: int | None


async def counted(connection: AsyncConnection, since: datetime, until: datetime) -> AsyncIterator[Counted]:
    """Those begun or finished in [since, until), without holding all of them at once."""
    columns = (
        t.c.conversation_key, t.c.channel, t.c.criteria, t.c.group_id, t.c.place, t.c.furthest,
        t.c.began_at, t.c.finished_at, t.c.points, t.c.total, t.c.passed,
    )  # fmt: skip
    begun = and_(t.c.began_at >= since, t.c.began_at < until)
    ended = and_(t.c.finished_at >= since, t.c.finished_at < until)
    found = await connection.stream(select(*columns).where(or_(begun, ended)))
    async for rows in found.partitions(_AT_ONCE):
        for row in rows:
            yield Counted(*row)


class Standing(StrEnum):
    """Which of them to list."""

    FINISHED = "finished"
    PASSED = "passed"
    NOT_PASSED = "not_passed"
    UNFINISHED = "unfinished"
    WITHOUT_FILE = "without_file"
    """A file of evidence was given and could not be had."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list shows: finished in [since, until), or begun in it where it is not finished."""

    standing: Standing
    since: datetime
    until: datetime
    group: str = ""
    """Empty: every group."""


async def count_of(connection: AsyncConnection, wanted: Wanted) -> int:
    """How many a list has."""
    return int(await connection.scalar(select(func.count()).select_from(t).where(*_listed(wanted))) or 0)


async def page_of(connection: AsyncConnection, wanted: Wanted, limit: int, offset: int) -> list[Assessment]:
    """A part of a list, the latest first."""
    rows = await connection.execute(
        select(t).where(*_listed(wanted)).order_by(_when(wanted).desc(), t.c.code).limit(limit).offset(offset)
    )
    return [_read(row) for row in rows]


async def all_of(connection: AsyncConnection, wanted: Wanted) -> AsyncIterator[Assessment]:
    """A whole list, the latest first, without holding all of it at once."""
    query = select(t).where(*_listed(wanted)).order_by(_when(wanted).desc(), t.c.code)
    found = await connection.stream(query)
    async for rows in found.partitions(_AT_ONCE):
        for row in rows:
            yield _read(row)


def _when(wanted: Wanted) -> ColumnElement[datetime]:
    match wanted.standing:
        case Standing.UNFINISHED:
            return t.c.began_at
        case Standing.WITHOUT_FILE:
            return t.c.touched_at
        case _:
            return t.c.finished_at


def _listed(wanted: Wanted) -> list[ColumnElement[bool]]:
    if wanted.standing is Standing.WITHOUT_FILE:
        lost = select(evidence_table.c.code).where(
            evidence_table.c.code == t.c.code,
            evidence_table.c.state.in_([one.value for one in evidence.LOST]),
            evidence_table.c.created_at >= wanted.since,
            evidence_table.c.created_at < wanted.until,
        )
        found: list[ColumnElement[bool]] = [lost.exists()]
    else:
        found = [_when(wanted) >= wanted.since, _when(wanted) < wanted.until]
    if wanted.group:
        found.append(t.c.group_id == wanted.group)
    if wanted.standing is Standing.UNFINISHED:
        found.append(t.c.finished_at.is_(None))
    elif wanted.standing in (Standing.PASSED, Standing.NOT_PASSED):
        found.append(t.c.passed == int(wanted.standing is Standing.PASSED))
    return found


# --- reminding ---------------------------------------------------------------------------------------


async def unfinished(connection: AsyncConnection, since: datetime, until: datetime) -> list[Assessment]:
    """Those that may be reminded of, last touched in [since, until].

    Only the latest of a conversation: whoever began anew has let go of the earlier one.
    """
    later = t.alias("later")
    has_later = (
        select(later.c.code)
        .where(
            later.c.conversation_key == t.c.conversation_key,
            or_(
                later.c.began_at > t.c.began_at,
                and_(later.c.began_at == t.c.began_at, later.c.code > t.c.code),
            ),
        )
        .exists()
    )
    rows = await connection.execute(
        select(t)
        .where(*_NOT_REMINDED, t.c.touched_at >= since, t.c.touched_at <= until, ~has_later)
        .order_by(t.c.touched_at, t.c.code)
    )
    return [_read(row) for row in rows]


_NOT_REMINDED = (t.c.remind == 1, t.c.reminded_at.is_(None), t.c.finished_at.is_(None))


async def mark_reminded(connection: AsyncConnection, seen: Assessment, now: datetime) -> bool:
    """Take the one reminder, if nobody took it and the citizen has not moved on since `seen`."""
    done = await connection.execute(
        update(t)
        .where(t.c.code == seen.code, t.c.touched_at == seen.touched_at, *_NOT_REMINDED)
        .values(reminded_at=now)
    )
    return bool(done.rowcount)


# --- inside ------------------------------------------------------------------------------------------


async def _find(connection: AsyncConnection, code: str) -> Row[*tuple[Any, ...]] | None:
    return (await connection.execute(select(t).where(t.c.code == code))).one_or_none()


async def _begin(
    connection: AsyncConnection, who: ConversationId, progress: AssessmentProgress, at: datetime
) -> None:
    make = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    await connection.execute(
        make(t)
        .values(
            code=progress.code,
            conversation_key=who.key,
            channel=who.channel,
            criteria=progress.criteria,
            group_id=progress.group,
            place=_place(progress.place),
            step=progress.step,
            furthest=progress.step if rank(progress.step) >= 0 else "consent",
            remind=int(progress.remind),
            began_at=at,
            touched_at=at,
        )
        .on_conflict_do_nothing()
    )


def _is_theirs(row: Row[*tuple[Any, ...]], who: ConversationId) -> bool:
    """Codes are made from hashes: that two citizens get the same is next to impossible, and harmless."""
    if row.conversation_key == who.key:
        return True
    log.warning("assessment_code_taken", code=row.code)
    return False


def _place(name: str) -> str:
    return " ".join(clean_text(name).split())[:200]


def _read(row: Row[*tuple[Any, ...]]) -> Assessment:
    return Assessment(
        code=row.code,
        conversation=ConversationId.from_key(row.conversation_key),
        criteria=row.criteria,
        group=row.group_id,
        place=row.place,
        step=row.step,
        furthest=row.furthest,
        remind=bool(row.remind),
        began_at=row.began_at,
        touched_at=row.touched_at,
        reminded_at=row.reminded_at,
        finished_at=row.finished_at,
        points=tuple(json.loads(row.points)) if row.points else (),
        total=row.total,
        passed=None if row.passed is None else bool(row.passed),
    )
