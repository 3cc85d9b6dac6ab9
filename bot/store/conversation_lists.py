"""Conversations as officers list them: by who answers, by channel, page by page. Only reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import Mode
from bot.store.conversations import Conversation, read_back
from bot.store.schema import conversations as t

Columns = TypeVarTuple("Columns")
_HEARD = func.coalesce(t.c.last_heard_at, t.c.created_at)
_NOT_ANSWERED = and_(t.c.last_heard_at.is_not(None), t.c.last_heard_at > t.c.person_last_at)
"""The citizen wrote after the officer did."""


class Standing(StrEnum):
    """Who answers a conversation, as one officer sees it."""

    WAITING = "waiting"
    MINE = "mine"
    OTHERS = "others"
    """A colleague has it, or somebody who writes from the platform's own inbox."""
    BOT = "bot"


OpenSince = Mapping[tuple[str, str], datetime | None]
"""By channel and account: whoever was heard after this can be written to now; None: everybody can.
Of a channel that is not named nobody can."""

_ORDERS: dict[Standing, tuple[ColumnElement[object], ...]] = {
    Standing.WAITING: (t.c.mode_since, t.c.key),
    Standing.MINE: (case((_NOT_ANSWERED, 0), else_=1), t.c.last_heard_at, t.c.key),
    Standing.OTHERS: (case((_NOT_ANSWERED, 0), else_=1), t.c.last_heard_at, t.c.key),
}
"""Those who wait first, and of them whoever waits longest."""


async def counts(connection: AsyncConnection, me: str, channel: str = "") -> dict[Standing, int]:
    """How many there are of each; `channel` empty counts all channels."""
    query = select(t.c.mode, func.count()).group_by(t.c.mode)
    by_mode = {row[0]: row[1] for row in await connection.execute(_on(query, channel))}
    mine = select(func.count()).where(_is(Standing.MINE, me))
    own = await connection.scalar(_on(mine, channel)) or 0
    return {
        Standing.WAITING: by_mode.get(Mode.WAITING.value, 0),
        Standing.MINE: own,
        Standing.OTHERS: by_mode.get(Mode.PERSON.value, 0) - own,
        Standing.BOT: by_mode.get(Mode.BOT.value, 0),
    }


async def listed(
    connection: AsyncConnection,
    standing: Standing,
    me: str,
    *,
    channel: str = "",
    limit: int,
    offset: int = 0,
    open_since: OpenSince | None = None,
) -> list[Conversation]:
    """One page of them, in the order in which they need somebody.

    With `open_since`, those of the waiting who cannot be answered now stand behind all who can.
    """
    which = _on(select(t).where(_is(standing, me)), channel)
    if standing is Standing.BOT:
        return await _heard_last(connection, which, limit, offset)
    order = _ORDERS[standing]
    if standing is Standing.WAITING and open_since is not None:
        order = (_shut(open_since), *order)
    rows = await connection.execute(which.order_by(*order).limit(limit).offset(offset))
    return [read_back(row) for row in rows]


async def _heard_last(
    connection: AsyncConnection, which: Select[*Columns], limit: int, offset: int
) -> list[Conversation]:
    """Those heard last first; behind them those never heard in private, comments below a post.

    In two queries: the first, which is all that is asked on most days, takes its order from an index instead
    of sorting every conversation there ever was.
    """
    spoken = which.where(t.c.last_heard_at.is_not(None))
    newest = (t.c.last_heard_at.desc(), t.c.key)
    rows = list(await connection.execute(spoken.order_by(*newest).limit(limit).offset(offset)))
    if len(rows) < limit:
        before = await connection.scalar(select(func.count()).select_from(spoken.subquery())) or 0
        silent = which.where(t.c.last_heard_at.is_(None)).order_by(t.c.created_at.desc(), t.c.key)
        rest = silent.limit(limit - len(rows)).offset(max(0, offset - before))
        rows += await connection.execute(rest)
    return [read_back(row) for row in rows]


def _shut(open_since: OpenSince) -> ColumnElement[object]:
    """1 where nobody can be answered, also where somebody was never heard in private; else 0."""
    reached = [
        and_(
            t.c.channel == channel,
            t.c.account == account,
            *(() if since is None else (t.c.last_heard_at > since,)),
        )
        for (channel, account), since in open_since.items()
    ]
    return case((and_(t.c.can_receive != 0, or_(false(), *reached)), 0), else_=1)


async def keys_lately(connection: AsyncConnection, limit: int) -> list[str]:
    """Keys of the conversations heard last."""
    return list((await connection.execute(select(t.c.key).order_by(_HEARD.desc()).limit(limit))).scalars())


async def by_keys(connection: AsyncConnection, keys: Sequence[str]) -> list[Conversation]:
    """The conversations with these keys, in the order of the keys; those that are gone are left out."""
    if not keys:
        return []
    rows = await connection.execute(select(t).where(t.c.key.in_(keys)))
    found = {row.key: read_back(row) for row in rows}
    return [found[key] for key in keys if key in found]


def _is(standing: Standing, me: str) -> ColumnElement[bool]:
    with_person = t.c.mode == Mode.PERSON.value
    match standing:
        case Standing.WAITING:
            return t.c.mode == Mode.WAITING.value
        case Standing.MINE:
            return and_(with_person, t.c.officer == me)
        case Standing.OTHERS:
            return and_(with_person, or_(t.c.officer.is_(None), t.c.officer != me))
        case Standing.BOT:
            return t.c.mode == Mode.BOT.value


def _on(query: Select[*Columns], channel: str) -> Select[*Columns]:
    return query.where(t.c.channel == channel) if channel else query
