"""Questions that got no good answer: counted, decided about, asked again. No personal data: whoever records
has masked it.

Only what is open is ever decided about, so of two officers pressing at once one wins and the other is told.
What one officer decided in one moment can be taken back together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import misses as t

STILL_ANSWERED_BEFORE = timedelta(seconds=10)
"""A miss counted so shortly after the question was solved may come from a process that did not know yet."""
SINGLES_KEPT = timedelta(days=180)
"""How long a question that was asked once is kept after that."""
KEPT = timedelta(days=730)
"""How long any other is kept after it was asked last."""
KEPT_AT_MOST = 20_000
"""Questions that are kept at all; of more, those asked least and longest ago go."""
WRONG = "wrong"
"""The reason of a question that was answered, and not as was meant."""
_AT_ONCE = 500


class State(StrEnum):
    """What became of a missed question."""

    OPEN = "open"
    TAKEN = "taken"
    """Still open; an officer is writing an answer, or added it to one that is not asked yet."""
    SOLVED = "solved"
    OUTSIDE = "outside"
    """Not the association's business: counted, and never open again by itself."""
    SKIPPED = "skipped"
    """Nothing to be done: likewise."""


UNSOLVED = frozenset({State.OPEN, State.TAKEN})


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
    state: State = State.OPEN
    decided_by: str = ""
    """The officer; empty when nobody decided, or the bot answered it when asked again."""
    decided_at: datetime | None = None
    """When somebody decided or the bot answered it; on an open one, when an officer opened it again."""
    answered_by: str = ""
    """What answers it now: an entry's id, or `fact:…` and the like. Of an open one: the entry that was to."""


@dataclass(frozen=True, slots=True)
class Change:
    """The questions in one state at a glance: another one whenever any of them changed. For caches."""

    rows: int
    asked: int
    last_at: datetime
    decided_at: datetime | None


async def record(
    connection: AsyncConnection, *, key: str, sample: str, reason: str, nearest: str, at: datetime
) -> None:
    """Count a miss. `key` is the question folded and masked, `sample` as typed and masked.

    One that was solved is open again: the answer did not help after all.
    """
    latest = {
        "sample": _storable(sample)[:500],
        "last_at": at,
        "reason": reason[:20],
        "nearest_entry": nearest[:120],
    }
    again = and_(t.c.state == State.SOLVED.value, t.c.decided_at < at - STILL_ANSWERED_BEFORE)
    reopened = {
        "state": case((again, State.OPEN.value), else_=t.c.state),
        "decided_by": case((again, None), else_=t.c.decided_by),
        "decided_at": case((again, None), else_=t.c.decided_at),
        "answered_by": case((again, None), else_=t.c.answered_by),
    }
    await connection.execute(
        _insert(connection)(t)
        .values(key=_storable(key)[:200], count=1, first_at=at, **latest)
        .on_conflict_do_update(index_elements=[t.c.key], set_={"count": t.c.count + 1, **latest, **reopened})
    )


# --- looking -------------------------------------------------------------------------------------------


async def most_common(connection: AsyncConnection, limit: int) -> list[Miss]:
    """The questions missed most often, the latest first among equals."""
    rows = await connection.execute(
        select(t).order_by(t.c.count.desc(), t.c.last_at.desc(), t.c.key).limit(limit)
    )
    return [_miss(row) for row in rows]


async def newest(connection: AsyncConnection, states: Collection[State], limit: int) -> list[Miss]:
    """The questions in these states that were asked last, the latest first."""
    rows = await connection.execute(
        select(t).where(_in(states)).order_by(t.c.last_at.desc(), t.c.key).limit(limit)
    )
    return [_miss(row) for row in rows]


async def find(connection: AsyncConnection, keys: Sequence[str]) -> list[Miss]:
    """Those of these questions that are there, in the order given."""
    found: dict[str, Miss] = {}
    for some in _portions(keys):
        rows = await connection.execute(select(t).where(t.c.key.in_(some)))
        found |= {row.key: _miss(row) for row in rows}
    return [found[key] for key in dict.fromkeys(keys) if key in found]


async def decided_together(connection: AsyncConnection, by: str, at: datetime) -> list[Miss]:
    """What an officer decided at one moment and nobody decided otherwise since."""
    rows = await connection.execute(
        select(t).where(t.c.decided_by == by[:60], t.c.decided_at == at).order_by(t.c.count.desc(), t.c.key)
    )
    return [_miss(row) for row in rows]


async def count_open(connection: AsyncConnection, since: datetime) -> int:
    """How many different questions asked since then still have no answer. Cheap: an index answers it."""
    query = select(func.count()).select_from(t).where(_in(UNSOLVED), t.c.last_at >= since)
    return int(await connection.scalar(query) or 0)


async def changes(connection: AsyncConnection) -> Mapping[State, Change]:
    """See `Change`; a few milliseconds for all questions there may be. States nothing is in are left out."""
    rows = await connection.execute(
        select(
            t.c.state,
            func.count().label("rows"),
            func.sum(t.c.count).label("asked"),
            func.max(t.c.last_at).label("last_at"),
            func.max(t.c.decided_at).label("decided_at"),
        ).group_by(t.c.state)
    )
    return {
        State(row.state): Change(int(row.rows), int(row.asked), row.last_at, row.decided_at) for row in rows
    }


# --- deciding ------------------------------------------------------------------------------------------


async def decide(
    connection: AsyncConnection, keys: Iterable[str], state: State, *, by: str, at: datetime
) -> int:
    """An officer decides about what nobody else did; gives how many questions that changed."""
    free = _in(UNSOLVED) if state is not State.TAKEN else _free_for(by)
    values = {"state": state.value, "decided_by": by[:60], "decided_at": at, "answered_by": None}
    return await _change(connection, keys, free, values)


async def hand_to(
    connection: AsyncConnection, keys: Iterable[str], entry_id: str, revision: int, *, by: str, at: datetime
) -> int:
    """An officer made these questions ways of asking an entry, with this revision of the content.

    They are solved once the bot, asked again, answers them; gives how many questions that changed.
    """
    values = {
        "state": State.TAKEN.value,
        "decided_by": by[:60],
        "decided_at": at,
        "answered_by": entry_id[:120],
        "asked_revision": revision - 1,
    }
    return await _change(connection, keys, _free_for(by), values)


async def reopen(connection: AsyncConnection, keys: Iterable[str], at: datetime) -> int:
    """Whatever became of them, these questions are open again; gives how many were not.

    Of one that was solved an officer says so that the answer is not right: the same answer does not solve it.
    """
    was_solved = t.c.state == State.SOLVED.value
    values = {
        **_UNDECIDED,
        "decided_at": at,
        "reason": case((was_solved, WRONG), else_=t.c.reason),
        "nearest_entry": case((was_solved, func.coalesce(t.c.answered_by, "")), else_=t.c.nearest_entry),
    }
    return await _change(connection, keys, t.c.state != State.OPEN.value, values)


async def take_back(connection: AsyncConnection, by: str, at: datetime) -> int:
    """Undo what an officer decided at one moment, as far as nobody decided otherwise since."""
    done = await connection.execute(
        update(t).where(t.c.decided_by == by[:60], t.c.decided_at == at).values(**_UNDECIDED)
    )
    return int(done.rowcount)


# --- asking again --------------------------------------------------------------------------------------


async def to_ask_again(connection: AsyncConnection, revision: int, limit: int) -> list[Miss]:
    """Open questions that were not asked of this revision of the content yet, the newest first."""
    rows = await connection.execute(
        select(t)
        .where(_in(UNSOLVED), t.c.asked_revision < revision)
        .order_by(t.c.last_at.desc(), t.c.key)
        .limit(limit)
    )
    return [_miss(row) for row in rows]


async def note_answered(
    connection: AsyncConnection, miss: Miss, answered_by: str, revision: int, at: datetime
) -> bool:
    """The bot answers it now. An officer who had taken it stays named. False when it was missed meanwhile,
    or decided about."""
    values: dict[str, object] = {
        "state": State.SOLVED.value,
        "answered_by": answered_by[:120],
        "asked_revision": revision,
    }
    if miss.state is State.OPEN:
        values |= {"decided_by": None, "decided_at": at}
    done = await connection.execute(update(t).where(_as_seen(miss)).values(**values))
    return done.rowcount == 1


async def note_unanswered(connection: AsyncConnection, asked: Sequence[Miss], revision: int) -> None:
    """The bot still does not answer these: what an officer added to an entry for nothing is anybody's again.

    It stays written to which entry and by whom.
    """
    for miss in asked:
        freed = {"state": State.OPEN.value} if miss.answered_by else {}
        await connection.execute(update(t).where(_as_seen(miss)).values(asked_revision=revision, **freed))


async def release(connection: AsyncConnection, by: str, at: datetime) -> int:
    """What was taken at one moment is free again, where the answer that came of it did not cover it."""
    done = await connection.execute(
        update(t)
        .where(t.c.state == State.TAKEN.value, t.c.decided_by == by[:60], t.c.decided_at == at)
        .values(**_UNDECIDED)
    )
    return int(done.rowcount)


async def tidy(connection: AsyncConnection, now: datetime) -> int:
    """Let go of what is beyond the limits; gives how many questions."""
    too_old = or_(
        and_(t.c.count == 1, t.c.last_at < now - SINGLES_KEPT),
        t.c.last_at < now - KEPT,
    )
    gone = int((await connection.execute(delete(t).where(too_old))).rowcount)
    total = int(await connection.scalar(select(func.count()).select_from(t)) or 0)
    if total <= KEPT_AT_MOST:
        return gone
    least = select(t.c.key).order_by(t.c.count, t.c.last_at, t.c.key).limit(total - KEPT_AT_MOST)
    return gone + int((await connection.execute(delete(t).where(t.c.key.in_(least)))).rowcount)


_UNDECIDED: Mapping[str, Any] = {
    "state": State.OPEN.value,
    "decided_by": None,
    "decided_at": None,
    "answered_by": None,
}


def _free_for(by: str) -> ColumnElement[bool]:
    """What no colleague has taken."""
    mine = and_(t.c.state == State.TAKEN.value, t.c.decided_by == by[:60])
    return or_(t.c.state == State.OPEN.value, mine)


async def _change(
    connection: AsyncConnection, keys: Iterable[str], where: ColumnElement[bool], values: Mapping[str, Any]
) -> int:
    changed = 0
    for some in _portions([*dict.fromkeys(keys)]):
        done = await connection.execute(update(t).where(t.c.key.in_(some), where).values(**values))
        changed += int(done.rowcount)
    return changed


def _portions(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))


def _in(states: Collection[State]) -> ColumnElement[bool]:
    return t.c.state.in_(sorted(state.value for state in states))


def _as_seen(miss: Miss) -> ColumnElement[bool]:
    return and_(t.c.key == miss.key, t.c.state == miss.state.value, t.c.count == miss.count)


def _insert(connection: AsyncConnection) -> Any:
    return sqlite_insert if connection.dialect.name == "sqlite" else pg_insert


def _miss(row: Row[Any]) -> Miss:
    return Miss(
        key=row.key,
        sample=row.sample,
        count=row._mapping["count"],  # plain `row.count` is a tuple's method
        first_at=row.first_at,
        last_at=row.last_at,
        reason=row.reason,
        nearest_entry=row.nearest_entry,
        state=State(row.state),
        decided_by=row.decided_by or "",
        decided_at=row.decided_at,
        answered_by=row.answered_by or "",
    )


def _storable(text: str) -> str:
    """Without what PostgreSQL refuses in a text and a stranger can still type."""
    return text.encode("utf-8", "ignore").decode("utf-8").replace("\x00", "")
