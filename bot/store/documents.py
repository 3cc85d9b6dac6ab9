"""A document that was taken in, while staff work on it: lists, what is said about it, decisions on passages.

Whoever changes something hands back the mark it was shown with; when it is another by now, nothing is written
and the newer one is given back. What a document is, and how it is searched, is bot.store.library's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import library
from bot.store.content import begin_change
from bot.store.library import Reviewed, Source, State, Status
from bot.store.schema import library_passages as p
from bot.store.schema import library_sources as s


@dataclass(frozen=True, slots=True)
class Head:
    """What staff may say about a document."""

    title: str
    """What a citizen reads as the source, at most 300 characters."""
    number: str
    """At most 80 characters; empty: it has none."""
    issued: date | None
    issuer: str
    """At most 300 characters."""
    signer: str
    """At most 120 characters."""
    superseded_by: str
    """Number of the document in its place; empty: none."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A document in a list."""

    source: Source
    passages: int
    """Without the hidden ones."""
    to_review: int


class Decision(StrEnum):
    """What a person makes of a passage."""

    SUGGESTION = "suggestion"
    """Take the suggestion."""
    EDIT = "edit"
    """Take the text the person wrote."""
    KEEP = "keep"
    """The text stands as it was read."""
    HIDE = "hide"
    SHOW = "show"
    REOPEN = "reopen"
    """Back to what was read; somebody looks at it again."""


class Stale(Exception):
    """Somebody else changed it since it was shown."""


class NumberTaken(Exception):
    """Another active document has this number, and of two with one number nobody knows which is meant."""

    def __init__(self, other: Source) -> None:
        super().__init__("another document has this number")
        self.other = other


def head_of(source: Source) -> Head:
    """What is said about a document now."""
    return Head(
        source.title,
        source.number,
        source.issued,
        source.issuer,
        source.signer,
        source.superseded_by or "",
    )


def mark_of(source: Source) -> str:
    """Another one whenever another thing is said about the document, or it was switched or replaced."""
    return _mark(*map(str, (head_of(source), source.status)))


def mark_of_passage(one: Reviewed) -> str:
    """Another one after every decision on the passage."""
    return _mark(one.text, one.state.value, str(one.changed_by), str(one.changed_at))


async def listed(connection: AsyncConnection, statuses: Collection[Status]) -> list[Listed]:
    """Documents, the newest first, with their passages counted."""
    counted = await connection.execute(
        select(
            p.c.source_id,
            func.sum(case((p.c.state != State.HIDDEN.value, 1), else_=0)),
            func.sum(case((p.c.state == State.REVIEW.value, 1), else_=0)),
        ).group_by(p.c.source_id)
    )
    counts = {row[0]: (int(row[1]), int(row[2])) for row in counted}
    found = await library.sources(connection, statuses=statuses)
    return [Listed(one, *counts.get(one.id, (0, 0))) for one in found]


async def newer(connection: AsyncConnection, source_id: int) -> Source | None:
    """The version that took the place of this one."""
    found = await connection.scalar(
        select(s.c.id)
        .where(s.c.replaces_id == source_id, s.c.status != Status.LOADING.value)
        .order_by(s.c.id.desc())
        .limit(1)
    )
    return None if found is None else await library.source(connection, found)


async def numbers(connection: AsyncConnection) -> dict[str, str]:
    """Numbers of the documents that are here and in use, each with its title."""
    rows = await connection.execute(
        select(s.c.number, s.c.title)
        .where(s.c.number != "", s.c.status == Status.ACTIVE.value)
        .order_by(s.c.number, s.c.id)
    )
    return {row.number: row.title for row in rows}


async def say(connection: AsyncConnection, source_id: int, mark: str, head: Head) -> None:
    """Write what staff say about a document. Raises LookupError, Stale or NumberTaken."""
    await begin_change(connection)
    now = await _unchanged(connection, source_id, mark)
    if now.status is Status.ACTIVE:
        await _refuse_two_of_one(connection, source_id, head.number, head.issued)
    await connection.execute(
        update(s)
        .where(s.c.id == source_id)
        .values(
            title=head.title,
            number=head.number,
            issued=head.issued,
            issuer=head.issuer,
            signer=head.signer,
            superseded_by=head.superseded_by or None,
        )
    )


async def switch(connection: AsyncConnection, source_id: int, *, on: bool) -> None:
    """Search in a document or do not. Raises LookupError when that is so already, or NumberTaken."""
    if not on:
        await library.switch_off(connection, source_id)
        return
    await begin_change(connection)
    one = await library.source(connection, source_id)
    if one is None:
        raise LookupError(f"there is no source {source_id}")
    await _refuse_two_of_one(connection, source_id, one.number, one.issued)
    await library.switch_on(connection, source_id)


async def next_to_review(connection: AsyncConnection, source_id: int | None, after: int) -> int | None:
    """The passage to look at after another one; from the beginning again when that was the last."""
    for place in (after, 0) if after else (0,):
        found = await library.passages_to_review(connection, source_id=source_id, limit=1, after=place)
        if found:
            return found[0].id
    return None


async def decide(
    connection: AsyncConnection,
    passage_id: int,
    mark: str,
    decision: Decision,
    *,
    text: str = "",
    by: str,
    at: datetime,
) -> None:
    """Write down what a person made of a passage. Raises LookupError, Stale, or ValueError without words."""
    await begin_change(connection)
    now = await library.passage(connection, passage_id)
    if now is None:
        raise LookupError(f"there is no passage {passage_id}")
    if mark_of_passage(now) != mark:
        raise Stale
    match decision:
        case Decision.SUGGESTION | Decision.KEEP:
            suggested = decision is Decision.SUGGESTION
            await library.accept(connection, passage_id, suggested=suggested, by=by, at=at)
        case Decision.EDIT:
            await library.edit(connection, passage_id, text, by=by, at=at)
        case Decision.HIDE:
            await library.hide(connection, passage_id, by=by, at=at)
        case Decision.SHOW:
            await library.show(connection, passage_id, by=by, at=at)
        case Decision.REOPEN:
            await library.reopen(connection, passage_id, by=by, at=at)


async def _unchanged(connection: AsyncConnection, source_id: int, mark: str) -> Source:
    now = await library.source(connection, source_id)
    if now is None or now.status is Status.LOADING:
        raise LookupError(f"there is no source {source_id}")
    if mark_of(now) != mark:
        raise Stale
    return now


async def _refuse_two_of_one(
    connection: AsyncConnection, source_id: int, number: str, issued: date | None
) -> None:
    """Numbers begin anew every year. Raises NumberTaken."""
    if not number:
        return
    rows: Any = await connection.execute(
        select(s.c.id, s.c.issued).where(
            s.c.number == number, s.c.status == Status.ACTIVE.value, s.c.id != source_id
        )
    )
    for row in rows.all():
        if _may_be_one(row, issued) and (other := await library.source(connection, row.id)) is not None:
            raise NumberTaken(other)


def _may_be_one(row: Row[Any], issued: date | None) -> bool:
    return row.issued is None or issued is None or row.issued.year == issued.year


def _mark(*said: str) -> str:
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:20]
