"""Campaigns in SQL: what is to be said to whom, and the step each stands at.

Every change names the revision it was made from, so that of two people (or two processes) who change a
campaign at once exactly one succeeds. Who gets it is in bot.store.recipients.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Row,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.outreach.campaign import (
    MAY_FOLLOW,
    Audience,
    Campaign,
    Message,
    Outside,
    State,
    as_json,
    audience_as_json,
    audience_from,
    message_from,
)
from bot.outreach.topics import Topic
from bot.store.outbox import CAMPAIGN, last_of_turn
from bot.store.outbox import State as Sending
from bot.store.revised import change
from bot.store.schema import campaign_recipients as r
from bot.store.schema import campaigns as t
from bot.store.schema import outbox


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """What a draft is made of."""

    name: str
    topic: Topic
    message: Message
    audience: Audience
    outside: Outside = Outside.HOLD
    hold_until: datetime | None = None
    occasion: str = ""
    occasion_on: date | None = None
    needs_date: bool = False


async def create(connection: AsyncConnection, new: NewCampaign, *, by: str, at: datetime) -> int | None:
    """A new draft; None when there is one for this occasion on this day already."""
    make = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    done = await connection.execute(
        make(t)
        .values(
            name=new.name,
            topic=new.topic.value,
            state=State.DRAFT.value,
            message=_json(as_json(new.message)),
            audience=_json(audience_as_json(new.audience)),
            outside=new.outside.value,
            hold_until=new.hold_until,
            created_by=by[:60],
            created_at=at,
            revision=1,
            occasion=new.occasion,
            occasion_on=new.occasion_on,
            needs_date=int(new.needs_date),
        )
        .on_conflict_do_nothing()
        .returning(t.c.id)
    )
    made: int | None = done.scalar_one_or_none()
    return made


async def load(connection: AsyncConnection, campaign_id: int) -> Campaign | None:
    """One campaign."""
    row = (await connection.execute(select(t).where(t.c.id == campaign_id))).one_or_none()
    return None if row is None else _campaign(row)


async def every(
    connection: AsyncConnection, *, states: Collection[State] = tuple(State), limit: int = 200
) -> list[Campaign]:
    """Campaigns, the newest first."""
    rows = await connection.execute(
        select(t).where(t.c.state.in_([one.value for one in states])).order_by(t.c.id.desc()).limit(limit)
    )
    return [_campaign(row) for row in rows]


async def pictures(connection: AsyncConnection) -> set[str]:
    """The names of all pictures that some campaign shows."""
    told = await connection.execute(select(t.c.message).where(t.c.message.like('%.jpg"%')))
    return {message_from(json.loads(one)).image for one in told.scalars()} - {""}


async def for_occasions(connection: AsyncConnection, since: date) -> list[Campaign]:
    """Campaigns for the calendar's occasions that begin on a day or later, the newest first."""
    rows = await connection.execute(
        select(t).where(t.c.occasion != "", t.c.occasion_on >= since).order_by(t.c.id.desc())
    )
    return [_campaign(row) for row in rows]


async def write(connection: AsyncConnection, campaign_id: int, revision: int, new: NewCampaign) -> None:
    """Change what a draft says. Whatever was asked or approved before is void. Raises Overtaken."""
    await change(
        connection,
        t,
        campaign_id,
        revision,
        from_states={State.DRAFT, State.APPROVAL, State.SCHEDULED},
        values={
            "name": new.name,
            "topic": new.topic.value,
            "message": _json(as_json(new.message)),
            "audience": _json(audience_as_json(new.audience)),
            "outside": new.outside.value,
            "hold_until": new.hold_until,
            "state": State.DRAFT.value,
            "scheduled_at": None,
            "asked_by": "",
            "approved_by": "",
            "approved_at": None,
        },
    )


async def step(
    connection: AsyncConnection,
    campaign_id: int,
    revision: int,
    to: State,
    values: Mapping[str, object] | None = None,
) -> None:
    """Go to another state, with what goes along. Raises Overtaken, also where the step may not be taken."""
    before = {state for state, after in MAY_FOLLOW.items() if to in after}
    await change(
        connection,
        t,
        campaign_id,
        revision,
        from_states=before,
        values={**(values or {}), "state": to.value},
    )


async def note(
    connection: AsyncConnection, campaign_id: int, revision: int, values: Mapping[str, object]
) -> None:
    """Change columns without going anywhere. Raises Overtaken."""
    await change(connection, t, campaign_id, revision, from_states=set(State), values=values)


@dataclass(frozen=True, slots=True)
class Attention:
    """How much of campaigns waits for a person."""

    approval: int
    """Waiting for a second person's yes."""
    troubled: int
    """Paused by themselves, with a reason."""
    proposed: int
    """Drafts the calendar made, for a day that is not over."""
    unknown: int
    """Messages of which nobody knows whether they arrived."""


async def attention(connection: AsyncConnection, today: date) -> Attention:
    """In one round trip; numbers only."""
    dead = outbox.c.state.in_([literal_column("'failed'"), literal_column("'unknown'")])  # as ix_outbox_dead
    counts = (
        select(func.count()).where(t.c.state == State.APPROVAL.value),
        select(func.count()).where(t.c.state == State.PAUSED.value, t.c.paused_why != ""),
        select(func.count()).where(
            t.c.state == State.DRAFT.value, t.c.created_by == "", t.c.occasion != "", t.c.occasion_on >= today
        ),
        select(func.count()).where(
            dead, outbox.c.state == Sending.UNKNOWN.value, outbox.c.author == CAMPAIGN
        ),
    )
    row = (await connection.execute(select(*(one.scalar_subquery() for one in counts)))).one()
    return Attention(*row)


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _campaign(row: Row[Any]) -> Campaign:
    return Campaign(
        id=row.id,
        name=row.name,
        topic=Topic(row.topic),
        state=State(row.state),
        message=message_from(json.loads(row.message)),
        audience=audience_from(json.loads(row.audience)),
        outside=Outside(row.outside),
        hold_until=row.hold_until,
        scheduled_at=row.scheduled_at,
        created_by=row.created_by,
        created_at=row.created_at,
        revision=row.revision,
        asked_by=row.asked_by,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        planned_at=row.planned_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        paused_why=row.paused_why,
        occasion=row.occasion,
        occasion_on=row.occasion_on,
        date_confirmed_by=row.date_confirmed_by,
        needs_date=bool(row.needs_date),
    )


async def pause_of(connection: AsyncConnection, outbox_id: int, why: str) -> int | None:
    """Pause the running campaign a message belongs to; gives its id, None where there is none to pause."""
    mine = select(r.c.campaign_id).where(r.c.outbox_id == last_of_turn(outbox_id))
    done = await connection.execute(
        update(t)
        .where(t.c.id.in_(mine), t.c.state == State.RUNNING.value)
        .values(state=State.PAUSED.value, paused_why=why[:300], revision=t.c.revision + 1)
        .returning(t.c.id)
    )
    paused: int | None = done.scalar_one_or_none()
    return paused
