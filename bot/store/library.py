"""Documents that were taken in, in SQL: sources, their passages, and what people decided about them.

A source comes in over many short transactions and counts only from the last one on, so that a long document
holds nobody up and a crash leaves nothing half visible. Every change that searching must notice raises the
revision of the content. Texts are stored as read; only a person changes one, and what was read is kept.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.content import begin_change
from bot.store.schema import content_items as items
from bot.store.schema import library_passages as p
from bot.store.schema import library_sources as s
from knowledge.answer import Citation
from knowledge.library import LibraryPassage

_ABANDONED = timedelta(hours=6)
"""A source that is loading for longer was left by a process that died."""
_ROWS_AT_ONCE = 1000


class Status(StrEnum):
    """What a source counts for."""

    LOADING = "loading"
    """Coming in; nobody sees it yet."""
    ACTIVE = "active"
    REPLACED = "replaced"
    """A newer version is active; kept as history."""
    OFF = "off"
    """A person switched it off."""


class State(StrEnum):
    """What a passage counts for."""

    OK = "ok"
    REVIEW = "review"
    """Damaged: found, never quoted, until a person looked at it."""
    ACCEPTED = "accepted"
    """A person accepted or rewrote it."""
    HIDDEN = "hidden"
    """Not searched."""


@dataclass(frozen=True, slots=True)
class NewSource:
    """A document to store."""

    sha256: str
    name: str
    media: str
    number: str
    title: str
    issued: date | None
    issuer: str
    signer: str
    pages: int
    quality: float
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewPassage:
    """A passage to store."""

    kind: str
    locator: str
    page: int
    section: str
    text: str
    quality: float
    damaged: bool
    state: State
    suggestion: str


@dataclass(frozen=True, slots=True)
class Source:
    """A document that is stored."""

    id: int
    sha256: str
    name: str
    media: str
    number: str
    title: str
    issued: date | None
    issuer: str
    signer: str
    pages: int
    quality: float
    version: int
    replaces_id: int | None
    status: Status
    added_at: datetime
    added_by: str
    report: Mapping[str, Any]
    superseded_by: str | None = None
    """Number of the document that stands in its place now; it is still searched, and says so."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A passage as staff see it."""

    id: int
    source_id: int
    source_title: str
    locator: str
    page: int
    text: str
    quality: float
    damaged: bool
    state: State
    suggestion: str
    original: str | None
    changed_by: str | None
    changed_at: datetime | None


async def with_bytes(connection: AsyncConnection, sha256: str) -> Source | None:
    """The source made of just these bytes that is active or switched off; replaced ones do not count."""
    row = (
        await connection.execute(
            select(s)
            .where(s.c.sha256 == sha256, s.c.status.in_([Status.ACTIVE.value, Status.OFF.value]))
            .order_by(s.c.id.desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else _source(row)


async def begin(connection: AsyncConnection, new: NewSource, *, by: str, at: datetime) -> int:
    """Start storing a source; add its passages, then `finish` it. What others left half-way is removed."""
    left = select(s.c.id).where(s.c.status == Status.LOADING.value, s.c.added_at < at - _ABANDONED)
    await connection.execute(delete(p).where(p.c.source_id.in_(left)))
    await connection.execute(delete(s).where(s.c.id.in_(left)))
    made = await connection.execute(
        insert(s).values(
            sha256=new.sha256,
            name=new.name[:300],
            media=new.media,
            number=new.number[:80],
            title=new.title[:300],
            issued=new.issued,
            issuer=new.issuer[:300],
            signer=new.signer[:120],
            pages=new.pages,
            quality=new.quality,
            version=1,
            status=Status.LOADING.value,
            added_at=at,
            added_by=by[:60],
            report=json.dumps(new.report, ensure_ascii=False),
        )
    )
    assert made.inserted_primary_key is not None
    return int(made.inserted_primary_key[0])


async def add_passages(
    connection: AsyncConnection, source_id: int, first: int, passages: Sequence[NewPassage]
) -> None:
    """Store passages; `first` is the ordinal of the first of them."""
    rows = [
        {
            "source_id": source_id,
            "ordinal": ordinal,
            "kind": one.kind,
            "locator": one.locator[:300],
            "page": one.page,
            "section": one.section[:40],
            "text": one.text,
            "quality": one.quality,
            "damaged": int(one.damaged),
            "state": one.state.value,
            "suggestion": one.suggestion,
        }
        for ordinal, one in enumerate(passages, first)
    ]
    if rows:
        await connection.execute(insert(p), rows)


async def finish(connection: AsyncConnection, source_id: int, *, at: datetime) -> Source | None:
    """Make a stored source count, in place of its former version; what people decided stays with its text.

    Gives the source it replaced, or None. When the same bytes came in meanwhile, ours is dropped and
    LookupError raised.
    """
    await begin_change(connection)
    new = await source(connection, source_id)
    if new is None or await with_bytes(connection, new.sha256) is not None:
        await drop(connection, source_id)
        raise LookupError(f"source {source_id} came in twice")
    former = await _former(connection, new)
    values: dict[str, object] = {"status": Status.ACTIVE.value, "added_at": at}
    if former is not None:
        values |= {"version": former.version + 1, "replaces_id": former.id, **_said_by_staff(former, new)}
        await connection.execute(update(s).where(s.c.id == former.id).values(status=Status.REPLACED.value))
        await _carry_over(connection, former.id, source_id)
    await connection.execute(update(s).where(s.c.id == source_id).values(**values))
    return former


async def drop(connection: AsyncConnection, source_id: int) -> None:
    """Forget a source that was never finished."""
    unfinished = exists().where(s.c.id == p.c.source_id, s.c.status == Status.LOADING.value)
    await connection.execute(delete(p).where(p.c.source_id == source_id, unfinished))
    await connection.execute(delete(s).where(s.c.id == source_id, s.c.status == Status.LOADING.value))


async def source(connection: AsyncConnection, source_id: int) -> Source | None:
    """One source, whatever its status."""
    row = (await connection.execute(select(s).where(s.c.id == source_id))).one_or_none()
    return None if row is None else _source(row)


async def sources(
    connection: AsyncConnection, *, statuses: Collection[Status] = (Status.ACTIVE, Status.OFF)
) -> list[Source]:
    """Sources, the newest first."""
    rows = await connection.execute(
        select(s).where(s.c.status.in_([one.value for one in statuses])).order_by(s.c.id.desc())
    )
    return [_source(row) for row in rows]


async def history(connection: AsyncConnection, source_id: int) -> list[Source]:
    """A source and the versions it replaced, the newest first."""
    found: list[Source] = []
    place: int | None = source_id
    while place is not None and (one := await source(connection, place)) is not None:
        found.append(one)
        place = one.replaces_id
    return found


async def load_passages(connection: AsyncConnection) -> list[LibraryPassage]:
    """Everything searching may find, by source and place; damaged passages are marked.

    Comes in small portions: the event loop goes on in between. Needs a connection of `Database.read`.
    """
    active = await connection.execute(
        select(s.c.id, s.c.number, s.c.title, s.c.superseded_by).where(s.c.status == Status.ACTIVE.value)
    )
    titles = {row.id: (row.number, _cited_as(row.title, row.superseded_by)) for row in active}
    statement = (
        select(p.c.id, p.c.source_id, p.c.text, p.c.locator, p.c.page, p.c.section, p.c.damaged)
        .where(
            p.c.source_id.in_(select(s.c.id).where(s.c.status == Status.ACTIVE.value)),
            p.c.state != State.HIDDEN.value,
        )
        .order_by(p.c.source_id, p.c.ordinal)
    )
    found: list[LibraryPassage] = []
    result = await connection.stream(statement)
    with _no_collections():
        async for rows in result.partitions(_ROWS_AT_ONCE):
            found += [_passage(row, *titles[row[1]]) for row in rows if row[1] in titles]
    return found


async def clean_texts(connection: AsyncConnection, limit: int) -> list[str]:
    """Texts of undamaged passages, the newest first: what damaged text may be repaired towards."""
    rows = await connection.execute(
        select(p.c.text)
        .join(s, s.c.id == p.c.source_id)
        .where(
            s.c.status == Status.ACTIVE.value,
            p.c.damaged == 0,
            p.c.state.in_([State.OK.value, State.ACCEPTED.value]),
        )
        .order_by(p.c.id.desc())
        .limit(limit)
    )
    return list(rows.scalars())


async def passages_to_review(
    connection: AsyncConnection, *, source_id: int | None = None, limit: int = 50, after: int = 0
) -> list[Reviewed]:
    """Damaged passages of active sources nobody has looked at, in order; `after`: id of the last one seen."""
    statement = (
        select(p, s.c.title)
        .join(s, s.c.id == p.c.source_id)
        .where(p.c.state == State.REVIEW.value, s.c.status == Status.ACTIVE.value, p.c.id > after)
        .order_by(p.c.id)
        .limit(limit)
    )
    if source_id is not None:
        statement = statement.where(p.c.source_id == source_id)
    return [_reviewed(row) for row in await connection.execute(statement)]


async def passages_of(
    connection: AsyncConnection, source_id: int, *, skip: int = 0, limit: int = 50
) -> list[Reviewed]:
    """Passages of a source in the order of its text, hidden ones too."""
    rows = await connection.execute(
        select(p, s.c.title)
        .join(s, s.c.id == p.c.source_id)
        .where(p.c.source_id == source_id)
        .order_by(p.c.ordinal)
        .offset(skip)
        .limit(limit)
    )
    return [_reviewed(row) for row in rows]


async def count_passages(connection: AsyncConnection, source_id: int) -> int:
    """How many passages a source has, hidden ones too."""
    counted = select(func.count()).select_from(p).where(p.c.source_id == source_id)
    return await connection.scalar(counted) or 0


async def count_to_review(connection: AsyncConnection, source_id: int | None = None) -> int:
    """How many passages wait for somebody, in all active sources or in one."""
    statement = (
        select(func.count())
        .select_from(p.join(s, s.c.id == p.c.source_id))
        .where(p.c.state == State.REVIEW.value, s.c.status == Status.ACTIVE.value)
    )
    if source_id is not None:
        statement = statement.where(p.c.source_id == source_id)
    return await connection.scalar(statement) or 0


async def passage(connection: AsyncConnection, passage_id: int) -> Reviewed | None:
    """One passage."""
    row = (
        await connection.execute(
            select(p, s.c.title).join(s, s.c.id == p.c.source_id).where(p.c.id == passage_id)
        )
    ).one_or_none()
    return None if row is None else _reviewed(row)


async def accept(
    connection: AsyncConnection, passage_id: int, *, suggested: bool, by: str, at: datetime
) -> None:
    """A person takes the suggestion (`suggested`), or the text as it stands. Raises LookupError."""
    one = await _existing(connection, passage_id)
    await edit(connection, passage_id, (one.suggestion if suggested else "") or one.text, by=by, at=at)


async def edit(connection: AsyncConnection, passage_id: int, text: str, *, by: str, at: datetime) -> None:
    """A person says what the passage reads; what was read first is kept. Raises LookupError or ValueError."""
    if not text.strip():
        raise ValueError("a passage needs words; hide it instead")
    one = await _existing(connection, passage_id)
    original = one.original if one.original is not None else one.text
    await _change(
        connection,
        passage_id,
        {
            "text": text.strip(),
            "original": None if original == text.strip() else original,
            "state": State.ACCEPTED.value,
            "damaged": 0,
        },
        by,
        at,
    )


async def hide(connection: AsyncConnection, passage_id: int, *, by: str, at: datetime) -> None:
    """Take a passage out of searching. Raises LookupError."""
    await _existing(connection, passage_id)
    await _change(connection, passage_id, {"state": State.HIDDEN.value}, by, at)


async def show(connection: AsyncConnection, passage_id: int, *, by: str, at: datetime) -> None:
    """Put a hidden passage back into searching. Raises LookupError."""
    one = await _existing(connection, passage_id)
    state = State.REVIEW if one.damaged else State.OK
    await _change(connection, passage_id, {"state": state.value}, by, at)


async def reopen(connection: AsyncConnection, passage_id: int, *, by: str, at: datetime) -> None:
    """Take back what a person decided: as it was read, and waiting for somebody. Raises LookupError."""
    one = await _existing(connection, passage_id)
    as_read = one.text if one.original is None else one.original
    values = {"text": as_read, "original": None, "state": State.REVIEW.value, "damaged": 1}
    await _change(connection, passage_id, values, by, at)


async def switch_off(connection: AsyncConnection, source_id: int) -> None:
    """Nothing of this source is found any more. Raises LookupError unless it is active."""
    await _switch(connection, source_id, Status.ACTIVE, Status.OFF)


async def switch_on(connection: AsyncConnection, source_id: int) -> None:
    """Undo `switch_off`. Raises LookupError unless it is off."""
    await _switch(connection, source_id, Status.OFF, Status.ACTIVE)


async def taken_ids(connection: AsyncConnection, kind: str, ids: Collection[str]) -> set[str]:
    """Which of these content items exist, in whatever state: drafts must never be laid over them."""
    rows = await connection.execute(select(items.c.id).where(items.c.kind == kind, items.c.id.in_(ids)))
    return set(rows.scalars())


async def _former(connection: AsyncConnection, new: Source) -> Source | None:
    """The active version a new source takes the place of.

    The same number of the same year, or the same file name while one of them has no number: numbers begin
    anew every year, and a name alone must not make two numbered documents one.
    """
    rows = await connection.execute(
        select(s)
        .where(
            s.c.status == Status.ACTIVE.value,
            s.c.id != new.id,
            or_(and_(s.c.number == new.number, s.c.number != ""), s.c.name == new.name),
        )
        .order_by(s.c.id.desc())
    )
    return next((one for one in map(_source, rows) if _is_same_document(one, new)), None)


def _is_same_document(one: Source, other: Source) -> bool:
    if one.number and other.number:
        same_year = one.issued is None or other.issued is None or one.issued.year == other.issued.year
        return one.number == other.number and same_year
    return one.name == other.name


def _said_by_staff(former: Source, new: Source) -> dict[str, object]:
    """What a person wrote about the former version, wherever both files say the same of themselves."""
    kept: dict[str, object] = {"superseded_by": former.superseded_by}
    for name, was_read in _as_read(former.report).items():
        if getattr(former, name) != was_read == getattr(new, name):
            kept[name] = getattr(former, name)
    return kept


def _as_read(report: Mapping[str, Any]) -> dict[str, str | date | None]:
    """The head of a document as it was read, in the columns of a source."""
    header = report.get("header", {})
    issued = header.get("issued")
    return {
        "title": report.get("title", "")[:300],
        "number": header.get("number", "")[:80],
        "issued": date.fromisoformat(issued) if issued else None,
        "issuer": header.get("issuer", "")[:300],
        "signer": header.get("signer", "")[:120],
    }


async def _carry_over(connection: AsyncConnection, former_id: int, new_id: int) -> None:
    """Where the same text came again, what a person made of it stays."""
    decided = await connection.execute(
        select(p).where(p.c.source_id == former_id, p.c.changed_by.is_not(None)).order_by(p.c.ordinal)
    )
    for row in decided.all():
        was_read = row.text if row.original is None else row.original
        await connection.execute(
            update(p)
            .where(p.c.source_id == new_id, p.c.text == was_read)
            .values(
                text=row.text,
                original=row.original,
                state=row.state,
                damaged=row.damaged,
                changed_by=row.changed_by,
                changed_at=row.changed_at,
            )
        )


async def _existing(connection: AsyncConnection, passage_id: int) -> Reviewed:
    one = await passage(connection, passage_id)
    if one is None:
        raise LookupError(f"there is no passage {passage_id}")
    return one


async def _change(
    connection: AsyncConnection, passage_id: int, values: Mapping[str, object], by: str, at: datetime
) -> None:
    await begin_change(connection)
    await connection.execute(
        update(p).where(p.c.id == passage_id).values(**values, changed_by=by[:60], changed_at=at)
    )


async def _switch(connection: AsyncConnection, source_id: int, was: Status, becomes: Status) -> None:
    await begin_change(connection)
    done = await connection.execute(
        update(s).where(s.c.id == source_id, s.c.status == was.value).values(status=becomes.value)
    )
    if done.rowcount != 1:
        raise LookupError(f"source {source_id} is not {was}")


@contextmanager
def _no_collections() -> Iterator[None]:
    """Hundreds of thousands of new objects, none of them garbage, set the collector off again and again: it
    took half of the time and held up everybody for 0.1 to 0.2 s."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _cited_as(title: str, superseded_by: str | None) -> str:
    """What a citizen reads as the source: never an old document as if it were the one in force."""
    return f"{title} (đã được thay bằng {superseded_by})" if superseded_by else title


def _passage(row: Sequence[Any], number: str, title: str) -> LibraryPassage:
    id_, source_id, text, locator, page, section, damaged = row
    if page:
        locator = f"{locator}, trang {page}" if locator else f"trang {page}"
    citation = Citation(number, title, locator)
    return LibraryPassage(f"p{id_}", str(source_id), text, citation, bool(damaged), f"{source_id}:{section}")


def _source(row: Row[Any]) -> Source:
    values = dict(row._mapping)
    return Source(**{**values, "status": Status(values["status"]), "report": json.loads(values["report"])})


def _reviewed(row: Row[Any]) -> Reviewed:
    return Reviewed(
        id=row.id,
        source_id=row.source_id,
        source_title=row.title,
        locator=row.locator,
        page=row.page,
        text=row.text,
        quality=row.quality,
        damaged=bool(row.damaged),
        state=State(row.state),
        suggestion=row.suggestion,
        original=row.original,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )
