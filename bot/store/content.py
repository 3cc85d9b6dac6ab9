"""What the assistant knows, in SQL: shipped content, staff's changes to it, and how both came to be.

Every writer first takes the one row of `content_revision`, so content changes one transaction at a time in
all processes, and its number tells a reader whether anything changed. What an upgrade means for an item is
decided in knowledge.upgrade; this module stores it. It never decides whether an item makes sense: what does
not is left out when content is assembled.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

import structlog
from sqlalchemy import ColumnElement, Row, and_, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import content_history as past
from bot.store.schema import content_items as t
from bot.store.schema import content_revision as turn
from knowledge.content import Item, Kind
from knowledge.items import digest
from knowledge.upgrade import Action, Key, Step, plan

_log = structlog.get_logger(__name__)

_THE_ROW = 1
UPGRADE = "Bản mới của chương trình"
"""Why an item changed when no person did it; staff read it in the history."""


class Status(StrEnum):
    """Whether citizens get to see an item."""

    PUBLISHED = "published"
    DRAFT = "draft"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What taking over the shipped content did. All empty when there was nothing new."""

    added: tuple[Key, ...] = ()
    updated: tuple[Key, ...] = ()
    retired: tuple[Key, ...] = ()
    kept: tuple[Key, ...] = ()
    """Shipped no more, but changed by staff or still in use: these stay."""
    conflicts: tuple[Key, ...] = ()
    """Changed by both sides: staff's version is live until somebody chooses."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One item that both staff and a new version changed."""

    kind: Kind
    id: str
    staff: Item | None
    """What is live; None where staff took the item away."""
    shipped: Item
    """What the new version brought."""
    base: Item | None
    """What staff's version was made from; None where the item is staff's own."""
    changed_by: str
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of an item's history."""

    at: datetime
    by: str
    """Name of the officer; empty for a new version of the program."""
    why: str
    before: Mapping[str, Any] | None
    """Body that was live before; None where none was."""
    after: Mapping[str, Any] | None
    """Body that is live from then on; None where none is."""
    draft: Mapping[str, Any] | None = None
    """Body that was saved without being shown to citizens; None unless this was such a change."""


async def load(connection: AsyncConnection) -> list[Item]:
    """Everything that is published, ordered by kind and id. A row that is no item at all is left out."""
    rows = await connection.execute(
        select(t.c.kind, t.c.id, t.c.body)
        .where(t.c.status == Status.PUBLISHED.value)
        .order_by(t.c.kind, t.c.id)
    )
    items = (_item(kind, item_id, body) for kind, item_id, body in rows)
    return [item for item in items if item is not None]


async def revision(connection: AsyncConnection) -> int:
    """Grows with every change of content; 0 before the first."""
    return await connection.scalar(select(turn.c.number)) or 0


async def sync(connection: AsyncConnection, shipped: Sequence[Item], at: datetime) -> SyncReport:
    """Take over what this version of the program ships, without touching what staff changed.

    Repeating it changes nothing; when the shipped content is the one taken last it costs one SELECT.
    """
    wanted = digest(shipped)
    if await connection.scalar(select(turn.c.shipped_digest)) == wanted:
        return SyncReport()
    await _take_turn(connection)
    # Read again: another process may have done it while this one waited for its turn.
    if await connection.scalar(select(turn.c.shipped_digest)) == wanted:
        return SyncReport()
    rows = {(row.kind, row.id): row for row in await connection.execute(select(t))}
    base, current = _sides(rows.values())
    steps = plan(base, {(item.kind, item.id): item for item in shipped}, current)
    await _store(connection, steps, rows, at)
    await connection.execute(update(turn).values(number=turn.c.number + 1, shipped_digest=wanted))
    return _report(steps)


async def save(
    connection: AsyncConnection,
    item: Item,
    *,
    by: str,
    why: str,
    at: datetime,
    status: Status = Status.PUBLISHED,
) -> None:
    """Put a version of an item in place: staff's work, kept over every upgrade from now on.

    Saved as a draft, an item is not shown to citizens, in no version, until it is published. One that is
    made just what is shipped counts as untouched again. `item` must come from knowledge.content.item, which
    checks it.
    """
    await begin_change(connection)
    await save_begun(connection, item, by=by, why=why, at=at, status=status)


async def save_begun(
    connection: AsyncConnection, item: Item, *, by: str, why: str, at: datetime, status: Status
) -> None:
    """`save` within a change that this transaction has begun already."""
    row = await _row(connection, item.kind, item.id)
    await _save_all(connection, [(Saving(item, why, status), row)], by, at)


@dataclass(frozen=True, slots=True)
class Saving:
    """A version of an item that is put in place."""

    item: Item
    why: str
    status: Status


async def save_many_begun(
    connection: AsyncConnection, savings: Sequence[tuple[Saving, Row[Any] | None]], *, by: str, at: datetime
) -> None:
    """`save_begun` for different items at once, in three statements; each with its row as it is, or None."""
    await _save_all(connection, savings, by, at)


async def _save_all(
    connection: AsyncConnection, savings: Sequence[tuple[Saving, Row[Any] | None]], by: str, at: datetime
) -> None:
    lines: list[dict[str, object]] = []
    fresh: list[dict[str, object]] = []
    changed: list[dict[str, object]] = []
    for saving, row in savings:
        item, text = saving.item, saving.item.text
        after, draft = (text, None) if saving.status is Status.PUBLISHED else (None, text)
        lines.append(_line((item.kind, item.id), at, by, saving.why, _live(row), after, draft))
        untouched = row is not None and after is not None and after == row.shipped
        values = {
            "body": text,
            "status": saving.status.value,
            "changed_by": None if untouched else by,
            "changed_at": None if untouched else at,
        }
        if row is None:
            fresh.append({"kind": item.kind.value, "id": item.id, **values})
            continue
        values |= {"shipped": row.shipped, "conflict": row.conflict}
        if after is not None and after == row.conflict:
            values |= {"shipped": row.conflict, "conflict": None, "changed_by": None, "changed_at": None}
        changed.append({"its_kind": item.kind.value, "its_id": item.id, **values})
    await connection.execute(insert(past), lines)
    if fresh:
        await connection.execute(insert(t), fresh)
    if changed:
        its = and_(t.c.kind == bindparam("its_kind"), t.c.id == bindparam("its_id"))
        names = ("body", "status", "changed_by", "changed_at", "shipped", "conflict")
        await connection.execute(
            update(t).where(its).values({name: bindparam(name) for name in names}), changed
        )


async def archive(
    connection: AsyncConnection, kind: Kind, item_id: str, *, by: str, why: str, at: datetime
) -> None:
    """Take an item away from citizens; an upgrade does not bring it back. Raises LookupError."""
    await begin_change(connection)
    await archive_begun(connection, kind, item_id, by=by, why=why, at=at)


async def archive_begun(
    connection: AsyncConnection, kind: Kind, item_id: str, *, by: str, why: str, at: datetime
) -> None:
    """`archive` within a change that this transaction has begun already."""
    row = await _row(connection, kind, item_id)
    if row is None:
        raise LookupError(f"there is no {kind} {item_id}")
    await connection.execute(insert(past).values(_line((kind, item_id), at, by, why, _live(row), None)))
    await connection.execute(
        update(t).where(_is(kind, item_id)).values(status=Status.ARCHIVED.value, changed_by=by, changed_at=at)
    )


async def conflicts(connection: AsyncConnection) -> list[Conflict]:
    """Items that wait for a decision, ordered by kind and id."""
    rows = await connection.execute(select(t).where(t.c.conflict.is_not(None)).order_by(t.c.kind, t.c.id))
    found = []
    for row in rows:
        shipped = _item(row.kind, row.id, row.conflict)
        if shipped is None:
            continue
        live, base = _live(row), row.shipped
        found.append(
            Conflict(
                kind=shipped.kind,
                id=row.id,
                staff=_item(row.kind, row.id, live) if live is not None else None,
                shipped=shipped,
                base=_item(row.kind, row.id, base) if base is not None else None,
                changed_by=row.changed_by or "",
                changed_at=row.changed_at,
            )
        )
    return found


async def resolve(
    connection: AsyncConnection,
    kind: Kind,
    item_id: str,
    take: Literal["staff", "shipped"],
    *,
    by: str,
    at: datetime,
) -> None:
    """End a conflict: staff's version stays, or the shipped one goes live. Raises LookupError without one."""
    await begin_change(connection)
    await resolve_begun(connection, kind, item_id, take, by=by, at=at)


async def resolve_begun(
    connection: AsyncConnection,
    kind: Kind,
    item_id: str,
    take: Literal["staff", "shipped"],
    *,
    by: str,
    at: datetime,
) -> None:
    """`resolve` within a change that this transaction has begun already."""
    row = await _row(connection, kind, item_id)
    if row is None or row.conflict is None:
        raise LookupError(f"there is no conflict about {kind} {item_id}")
    values: dict[str, object] = {"shipped": row.conflict, "conflict": None}
    why = "Giữ bản của cơ quan" if take == "staff" else "Nhận bản của chương trình"
    live = _live(row)
    if take == "shipped":
        values |= {
            "body": row.conflict,
            "status": Status.PUBLISHED.value,
            "changed_by": None,
            "changed_at": None,
        }
    await connection.execute(
        insert(past).values(
            _line((kind, item_id), at, by, why, live, live if take == "staff" else row.conflict)
        )
    )
    await connection.execute(update(t).where(_is(kind, item_id)).values(**values))


async def history(connection: AsyncConnection, kind: Kind, item_id: str) -> list[Change]:
    """Who changed an item, when and why, the newest first. Adding it with the program is no change."""
    rows = await connection.execute(
        select(past).where(past.c.kind == kind.value, past.c.item_id == item_id).order_by(past.c.id.desc())
    )
    return [
        Change(row.at, row.changed_by, row.why, _body(row.before), _body(row.after), _body(row.draft))
        for row in rows
    ]


def _upsert(connection: AsyncConnection) -> Any:
    return sqlite_insert if connection.dialect.name == "sqlite" else pg_insert


async def _take_turn(connection: AsyncConnection) -> None:
    """Until this transaction ends no other one changes content."""
    first = {"id": _THE_ROW, "number": 0, "shipped_digest": ""}
    await connection.execute(_upsert(connection)(turn).values(**first).on_conflict_do_nothing())
    await connection.execute(select(turn.c.id).with_for_update())


async def begin_change(connection: AsyncConnection) -> None:
    """Tell running servers, and hold other writers of content until this transaction ends.

    Once in a transaction is enough: what follows uses the functions that end in `_begun`.
    """
    await _take_turn(connection)
    await tell(connection)


async def begin_part(connection: AsyncConnection) -> int:
    """`begin_change` for a part of a change that takes several transactions; gives the revision.

    Running servers are not told, so that they take a large change over once and not part by part: whoever
    begins so must `tell` with the last part, and when no other part will come.
    """
    await _take_turn(connection)
    return await revision(connection)


async def tell(connection: AsyncConnection) -> None:
    """Tell running servers that content changed. Only in a change that was begun."""
    await connection.execute(update(turn).values(number=turn.c.number + 1))


def _is(kind: Kind, item_id: str) -> ColumnElement[bool]:
    return and_(t.c.kind == kind.value, t.c.id == item_id)


async def _row(connection: AsyncConnection, kind: Kind, item_id: str) -> Row[Any] | None:
    return (await connection.execute(select(t).where(_is(kind, item_id)))).one_or_none()


def _live(row: Row[Any] | None) -> str | None:
    return row.body if row is not None and row.status == Status.PUBLISHED.value else None


def _body(text: str | None) -> Mapping[str, Any] | None:
    return None if text is None else json.loads(text)


def _item(kind: str, item_id: str, text: str) -> Item | None:
    try:
        body = json.loads(text)
        if not isinstance(body, dict):
            raise ValueError("the body is no object")
        return Item(Kind(kind), item_id, body)
    except ValueError as error:
        _log.warning("content_row_left_out", kind=kind, id=item_id, reason=type(error).__name__)
        return None


def _sides(rows: Iterable[Row[Any]]) -> tuple[dict[Key, Item], dict[Key, Item | None]]:
    """What each item was taken from, and what is live: None for what staff took away."""
    base: dict[Key, Item] = {}
    current: dict[Key, Item | None] = {}
    for row in rows:
        try:
            key = (Kind(row.kind), row.id)
        except ValueError:
            continue
        if row.shipped is not None and (shipped := _item(row.kind, row.id, row.shipped)) is not None:
            base[key] = shipped
        if row.status == Status.PUBLISHED.value:
            current[key] = _item(row.kind, row.id, row.body)
        elif row.changed_at is not None:
            current[key] = None
    return base, current


async def _store(
    connection: AsyncConnection, steps: Sequence[Step], rows: Mapping[tuple[str, str], Row[Any]], at: datetime
) -> None:
    """All steps in a few statements: an upgrade changes hundreds of rows, and on SQLite others wait."""
    fresh: list[dict[str, object]] = []
    changed: dict[tuple[str, ...], list[dict[str, object]]] = {}
    lines: list[dict[str, object]] = []
    for step in steps:
        kind, item_id = step.key
        row = rows.get((kind.value, item_id))
        values = _values(step, row)
        if row is None:
            if values:
                fresh.append({"kind": kind.value, "id": item_id, **values})
            continue
        if step.action in (Action.ADD, Action.TAKE, Action.RETIRE):
            after = step.item.text if step.item is not None else None
            lines.append(_line(step.key, at, "", UPGRADE, _live(row), after))
        if any(getattr(row, name) != value for name, value in values.items()):
            whose = {"its_kind": kind.value, "its_id": item_id}
            changed.setdefault(tuple(values), []).append({**whose, **values})
    if fresh:
        await connection.execute(insert(t), fresh)
    for names, sets in changed.items():
        its = and_(t.c.kind == bindparam("its_kind"), t.c.id == bindparam("its_id"))
        await connection.execute(update(t).where(its).values({name: bindparam(name) for name in names}), sets)
    if lines:
        await connection.execute(insert(past), lines)


def _values(step: Step, row: Row[Any] | None) -> dict[str, object]:
    """What a step changes in the row of its item."""
    text = step.item.text if step.item is not None else None
    untouched = {"changed_by": None, "changed_at": None}
    match step.action:
        case Action.ADD | Action.TAKE:
            published = {"body": text, "shipped": text, "status": Status.PUBLISHED.value}
            return {**published, "conflict": None, **untouched}
        case Action.AGREE:
            return {"shipped": text, "conflict": None, **untouched}
        case Action.RETIRE:
            return {"shipped": None, "conflict": None, "status": Status.ARCHIVED.value, **untouched}
        case Action.THEIRS:
            return {"shipped": None, "conflict": None}
        case Action.CONFLICT:
            return {"conflict": text}
        case Action.KEEP | Action.IN_USE:
            return {"conflict": None} if row is not None else {}


def _report(steps: Iterable[Step]) -> SyncReport:
    by_action: dict[Action, list[Key]] = {action: [] for action in Action}
    for step in steps:
        by_action[step.action].append(step.key)
    return SyncReport(
        added=tuple(by_action[Action.ADD]),
        updated=tuple(by_action[Action.TAKE]),
        retired=tuple(by_action[Action.RETIRE]),
        kept=tuple(sorted(by_action[Action.THEIRS] + by_action[Action.IN_USE])),
        conflicts=tuple(by_action[Action.CONFLICT]),
    )


def _line(
    key: Key, at: datetime, by: str, why: str, before: str | None, after: str | None, draft: str | None = None
) -> dict[str, object]:
    """One row of the history."""
    kind, item_id = key
    who = {"kind": kind.value, "item_id": item_id, "at": at, "changed_by": by[:60]}
    return {**who, "why": why[:300], "before": before, "after": after, "draft": draft}
