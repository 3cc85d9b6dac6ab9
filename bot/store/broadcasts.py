"""Articles shown to all followers of a Zalo account, in SQL.

Every change names the revision it was made from, so that of two people (or two processes) who change one at
once exactly one succeeds. A day can be taken once per account: the database itself refuses a second.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, and_, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.outreach.broadcast import (
    COUNTED,
    DIED_AFTER,
    MAY_BE_WRITTEN,
    MAY_FOLLOW,
    Broadcast,
    State,
    Verdict,
    Why,
    target_as_json,
    target_from,
)
from bot.store.outbox import State as Sending
from bot.store.revised import change
from bot.store.schema import broadcasts as t
from bot.store.schema import campaign_recipients, consents, conversations, outbox, subscriptions
from bot.store.subscriptions import OUT
from connectors.zalo import BroadcastTarget

CHANNEL = "zalo"


@dataclass(frozen=True, slots=True)
class NewBroadcast:
    """What a draft is made of."""

    name: str
    article: str
    target: BroadcastTarget
    scheduled_at: datetime | None
    """The time that is wanted; a draft may be without."""


@dataclass(frozen=True, slots=True)
class Followers:
    """What we know of those an article would reach. It reaches others too: followers who never wrote."""

    known: int
    """People on Zalo who wrote to us and have not left."""
    stopped: int
    """Of these: said stop, and would get it all the same."""
    never_agreed: int
    """Of these: were never asked, or never said yes."""
    sent_today: int
    """Of these: a campaign's message went to them today already."""


async def create(
    connection: AsyncConnection, new: NewBroadcast, *, account: str, by: str, at: datetime
) -> int:
    """A new draft; gives its id."""
    done = await connection.execute(
        insert(t)
        .values(
            **_values(new),
            account=account,
            state=State.DRAFT.value,
            created_by=by[:60],
            written_by=by[:60],
            created_at=at,
            revision=1,
        )
        .returning(t.c.id)
    )
    made: int = done.scalar_one()
    return made


async def load(connection: AsyncConnection, broadcast_id: int) -> Broadcast | None:
    """One article."""
    row = (await connection.execute(select(t).where(t.c.id == broadcast_id))).one_or_none()
    return None if row is None else _broadcast(row)


async def every(
    connection: AsyncConnection, *, states: Collection[State] = tuple(State), limit: int = 200
) -> list[Broadcast]:
    """Articles, the newest first."""
    rows = await connection.execute(
        select(t).where(t.c.state.in_([one.value for one in states])).order_by(t.c.id.desc()).limit(limit)
    )
    return [_broadcast(row) for row in rows]


async def sent_between(connection: AsyncConnection, since: datetime, until: datetime) -> list[Broadcast]:
    """What went out, or may have, in a time, in that order."""
    states = [State.SENT.value, State.SENDING.value, State.UNKNOWN.value]
    rows = await connection.execute(
        select(t)
        .where(t.c.state.in_(states), t.c.claimed_at >= since, t.c.claimed_at < until)
        .order_by(t.c.claimed_at, t.c.id)
    )
    return [_broadcast(row) for row in rows]


async def write(
    connection: AsyncConnection, broadcast_id: int, revision: int, new: NewBroadcast, *, by: str
) -> None:
    """Change what it says: a draft again, and whatever was asked or approved before is void."""
    values = {
        **_values(new),
        "written_by": by[:60],
        "asked_by": "",
        "approved_by": "",
        "approved_at": None,
        "why": "",
        "not_before": None,
        "state": State.DRAFT.value,
    }
    await change(connection, t, broadcast_id, revision, MAY_BE_WRITTEN, values)


async def step(
    connection: AsyncConnection,
    broadcast_id: int,
    revision: int,
    to: State,
    values: Mapping[str, object] | None = None,
) -> None:
    """Go to another state, with what goes along. Raises Overtaken, also where the step may not be taken."""
    before = {state for state, after in MAY_FOLLOW.items() if to in after}
    await change(connection, t, broadcast_id, revision, before, {**(values or {}), "state": to.value})


async def note(
    connection: AsyncConnection, broadcast_id: int, revision: int, values: Mapping[str, object]
) -> None:
    """Change columns without going anywhere. Raises Overtaken."""
    await change(connection, t, broadcast_id, revision, set(State), values)


async def claim(connection: AsyncConnection, one: Broadcast, now: datetime, today: date) -> None:
    """Begin the one call: the claim is on disk before it. Raises Overtaken where somebody else has it.

    Takes the account's day with it. Where another took the day at this very moment, the database refuses.
    """
    values = {
        "state": State.SENDING.value,
        "claimed_at": now,
        "given_on": today,
        "why": "",
        "not_before": None,
    }
    await change(connection, t, one.id, one.revision, {State.SCHEDULED}, values)


async def sent(
    connection: AsyncConnection, broadcast_id: int, claimed_at: datetime, message_id: str, now: datetime
) -> bool:
    """The platform took it; also where it was thought lost meanwhile. False: a person decided otherwise."""
    values = {"state": State.SENT.value, "sent_at": now, "message_id": message_id[:120], "why": ""}
    return await _answered(connection, broadcast_id, claimed_at, values)


async def answered(
    connection: AsyncConnection, broadcast_id: int, claimed_at: datetime, told: Verdict
) -> bool:
    """The platform did not take it for certain, or nobody knows: the day is given back unless in doubt."""
    values: dict[str, object] = {
        "state": told.state.value,
        "why": told.why,
        "not_before": told.not_before,
    }
    if told.state is not State.UNKNOWN:
        values |= {"given_on": None, "claimed_at": None}
    return await _answered(connection, broadcast_id, claimed_at, values)


async def lost(connection: AsyncConnection, now: datetime) -> list[int]:
    """Calls whose process died: unknown from now on. Gives their ids."""
    done = await connection.execute(
        update(t)
        .where(t.c.state == State.SENDING.value, t.c.claimed_at < now - DIED_AFTER)
        .values(state=State.UNKNOWN.value, why=Why.DIED.value, revision=t.c.revision + 1)
        .returning(t.c.id)
    )
    return list(done.scalars())


async def given(connection: AsyncConnection, account: str, first: date, last: date, *, but: int = 0) -> int:
    """How many went out (or may have) on these days, both counted in."""
    return (
        await connection.scalar(
            select(func.count()).where(
                t.c.account == account, t.c.given_on >= first, t.c.given_on <= last, t.c.id != but
            )
        )
        or 0
    )


async def planned(
    connection: AsyncConnection, account: str, since: datetime, until: datetime, *, but: int = 0
) -> int:
    """How many have their time in a stretch and wait for it."""
    return (
        await connection.scalar(
            select(func.count()).where(
                t.c.account == account,
                t.c.state == State.SCHEDULED.value,
                t.c.scheduled_at >= since,
                t.c.scheduled_at < until,
                t.c.id != but,
            )
        )
        or 0
    )


async def same_article(
    connection: AsyncConnection, account: str, article: str, *, but: int = 0
) -> Broadcast | None:
    """The latest other one that shows this article and went out, may have, or is about to."""
    row = (
        await connection.execute(
            select(t)
            .where(
                t.c.account == account,
                t.c.article == article,
                t.c.state.in_([one.value for one in COUNTED]),
                t.c.id != but,
            )
            .order_by(t.c.id.desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else _broadcast(row)


async def followers(connection: AsyncConnection, account: str, day: datetime) -> Followers:
    """What we know of an account's followers. `day`: when today began."""
    key = conversations.c.key
    here = and_(
        conversations.c.channel == CHANNEL,
        conversations.c.account == account,
        conversations.c.can_receive == 1,
    )
    agreed = exists().where(subscriptions.c.conversation_key == key)
    said_stop = exists().where(consents.c.conversation_key == key, consents.c.action == OUT)
    may_have = [
        one.value
        for one in (Sending.WAITING, Sending.SENDING, Sending.CHECKING, Sending.SENT, Sending.UNKNOWN)
    ]
    got = (
        select(campaign_recipients.c.conversation_key)
        .join(outbox, outbox.c.id == campaign_recipients.c.outbox_id)
        .where(outbox.c.created_at >= day, outbox.c.state.in_(may_have))
    )
    counts = (
        select(func.count()).where(here),
        select(func.count()).where(here, ~agreed, said_stop),
        select(func.count()).where(here, ~agreed, ~said_stop),
        select(func.count()).where(here, key.in_(got)),
    )
    row = (await connection.execute(select(*(one.scalar_subquery() for one in counts)))).one()
    return Followers(*row)


@dataclass(frozen=True, slots=True)
class Attention:
    """How many articles wait for a person."""

    approval: int
    troubled: int
    """Did not go out, or nobody knows."""


async def attention(connection: AsyncConnection) -> Attention:
    """In one round trip."""
    row = (
        await connection.execute(
            select(
                func.count().filter(t.c.state == State.APPROVAL.value),
                func.count().filter(or_(t.c.state == State.FAILED.value, t.c.state == State.UNKNOWN.value)),
            )
        )
    ).one()
    return Attention(*row)


async def _answered(
    connection: AsyncConnection, broadcast_id: int, claimed_at: datetime, values: Mapping[str, object]
) -> bool:
    done = await connection.execute(
        update(t)
        .where(
            t.c.id == broadcast_id,
            t.c.claimed_at == claimed_at,
            t.c.state.in_([State.SENDING.value, State.UNKNOWN.value]),
        )
        .values(**values, revision=t.c.revision + 1)
    )
    return done.rowcount == 1


def _values(new: NewBroadcast) -> dict[str, object]:
    return {
        "name": new.name,
        "article": new.article,
        "target": json.dumps(target_as_json(new.target)),
        "scheduled_at": new.scheduled_at,
    }


def _broadcast(row: Row[Any]) -> Broadcast:
    return Broadcast(
        id=row.id,
        account=row.account,
        name=row.name,
        article=row.article,
        target=target_from(json.loads(row.target)),
        state=State(row.state),
        scheduled_at=row.scheduled_at,
        created_by=row.created_by,
        written_by=row.written_by,
        created_at=row.created_at,
        revision=row.revision,
        asked_by=row.asked_by,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        why=row.why,
        not_before=row.not_before,
        claimed_at=row.claimed_at,
        given_on=row.given_on,
        sent_at=row.sent_at,
        message_id=row.message_id,
    )
