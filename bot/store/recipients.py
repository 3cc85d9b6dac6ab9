"""The recipients of campaigns in SQL.

They are written once, when a campaign begins, and each row is counted in exactly one place. What became of a
message that was handed to the outbox is read from there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.outreach.campaign import (
    Outside,
    State,
)
from bot.outreach.windows import Standing, Why
from bot.store import outbox as outbox_store
from bot.store.outbox import CAMPAIGN, IN_OPEN_INDEX, OPEN, NewMessage
from bot.store.outbox import State as Sending
from bot.store.schema import campaign_recipients as r
from bot.store.schema import campaigns as t
from bot.store.schema import outbox
from connectors.message import ConversationId


class Place(StrEnum):
    """Where a recipient stands, as far as the campaign is concerned."""

    WAITING = "waiting"
    """To be sent when their turn comes."""
    HELD = "held"
    """Kept until they next write."""
    QUEUED = "queued"
    """In the outbox: the rest is told there."""
    SKIPPED = "skipped"
    """Does not get it; `why` says why."""


ERASED = "erased:"
"""How the key of a recipient begins who asked to be forgotten: counted, and nobody."""


@dataclass(frozen=True, slots=True)
class NewRecipient:
    """One person as decided when the campaign begins."""

    conversation_key: str
    channel: str
    account: str
    place: Place
    standing: Standing
    why: Why


@dataclass(frozen=True, slots=True)
class Result:
    """How many recipients share one fate."""

    channel: str
    place: Place
    standing: str
    why: str
    sending: str
    """State in the outbox of those queued: bot.store.outbox.State, `delivered` or `seen`; else empty."""
    error: str
    """Why it could not be sent, as recorded; empty where it was."""
    count: int


_WENT_OUT = frozenset({Sending.SENT.value, "delivered", "seen"})


def went_by_template(results: Iterable[Result]) -> int:
    """How many of these people got a paid template."""
    return sum(one.count for one in results if one.why == Why.BY_TEMPLATE.value and one.sending in _WENT_OUT)


async def forget_all(connection: AsyncConnection, campaign_id: int) -> None:
    """Before recipients are written (again, after a crash in the middle): those of a campaign not planned."""
    unplanned = select(t.c.id).where(t.c.id == campaign_id, t.c.planned_at.is_(None))
    await connection.execute(delete(r).where(r.c.campaign_id.in_(unplanned)))


async def add(
    connection: AsyncConnection, campaign_id: int, people: Sequence[NewRecipient], at: datetime
) -> None:
    """Write recipients down; one that is there already stays as it is."""
    if not people:
        return
    make = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    rows = [
        {
            "campaign_id": campaign_id,
            "conversation_key": one.conversation_key,
            "channel": one.channel,
            "account": one.account,
            "state": one.place.value,
            "standing": one.standing.value,
            "why": one.why.value,
            "decided_at": at,
        }
        for one in people
    ]
    await connection.execute(make(r).on_conflict_do_nothing(), rows)


async def results(connection: AsyncConnection, campaign_id: int) -> list[Result]:
    """Every recipient counted once, by fate. The counts add up to the recipients."""
    sending = case(
        (outbox.c.seen_at.is_not(None), "seen"),
        (outbox.c.delivered_at.is_not(None), "delivered"),
        else_=func.coalesce(outbox.c.state, ""),
    )
    error = case((outbox.c.state == Sending.FAILED.value, func.coalesce(outbox.c.error, "")), else_="")
    columns = (r.c.channel, r.c.state, r.c.standing, r.c.why, sending, error)
    rows = await connection.execute(
        select(*columns, func.count())
        .select_from(r.outerjoin(outbox, outbox.c.id == r.c.outbox_id))
        .where(r.c.campaign_id == campaign_id)
        .group_by(*columns)
    )
    return [Result(row[0], Place(row[1]), row[2], row[3], row[4], row[5], row[6]) for row in rows]


async def without_picture(connection: AsyncConnection, campaign_id: int) -> int:
    """How many recipients' picture failed, or may not have arrived, though their words went on alone."""
    picture = outbox.alias("picture")
    dead = picture.c.state.in_([literal_column("'failed'"), literal_column("'unknown'")])  # as ix_outbox_dead
    together = (
        picture.c.conversation_key == outbox.c.conversation_key,
        picture.c.author == CAMPAIGN,
        picture.c.created_at == outbox.c.created_at,
        picture.c.id < outbox.c.id,
    )
    query = (
        select(func.count(r.c.id.distinct()))
        .select_from(r.join(outbox, outbox.c.id == r.c.outbox_id).join(picture, and_(*together)))
        .where(r.c.campaign_id == campaign_id, dead)
    )
    return await connection.scalar(query) or 0


async def count(connection: AsyncConnection, campaign_id: int, *places: Place) -> int:
    """How many recipients there are (in these places)."""
    query = select(func.count()).where(r.c.campaign_id == campaign_id)
    if places:
        query = query.where(r.c.state.in_([one.value for one in places]))
    return await connection.scalar(query) or 0


@dataclass(frozen=True, slots=True)
class Recipient:
    """One row, for lists and exports."""

    id: int
    conversation_key: str
    channel: str
    place: Place
    standing: str
    why: str
    sending: str
    """As in `Result`."""
    error: str
    decided_at: datetime
    sent_at: datetime | None


async def listed(
    connection: AsyncConnection,
    campaign_id: int,
    limit: int,
    *,
    after: int = 0,
    places: Collection[Place] = tuple(Place),
    unknown: bool = False,
) -> list[Recipient]:
    """Recipients in the order they were written down, from id `after` on; `unknown`: only those whose
    message may or may not have arrived."""
    query = (
        select(r, outbox.c.state.label("sending"), outbox.c.error, outbox.c.sent_at, outbox.c.delivered_at,
               outbox.c.seen_at)
        .select_from(r.outerjoin(outbox, outbox.c.id == r.c.outbox_id))
        .where(r.c.campaign_id == campaign_id, r.c.id > after, r.c.state.in_([one.value for one in places]))
        .order_by(r.c.id)
        .limit(limit)
    )  # fmt: skip
    if unknown:
        query = query.where(outbox.c.state == Sending.UNKNOWN.value)
    return [
        Recipient(
            row.id,
            row.conversation_key,
            row.channel,
            Place(row.state),
            row.standing,
            row.why,
            "seen" if row.seen_at else "delivered" if row.delivered_at else row.sending or "",
            row.error or "",
            row.decided_at,
            row.sent_at,
        )
        for row in await connection.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class Turn:
    """A recipient whose turn it is."""

    id: int
    conversation: ConversationId
    shut_at: datetime | None = None
    """When the platform said that an ordinary message is not taken; None: it did not say so."""


async def next_waiting(
    connection: AsyncConnection, campaign_id: int, channel: str, account: str, after: int, limit: int
) -> list[Turn]:
    """Waiting recipients of one account, in the order they were written down, from id `after` on."""
    rows = await connection.execute(
        select(r.c.id, r.c.conversation_key, r.c.why, r.c.decided_at)
        .where(
            r.c.campaign_id == campaign_id,
            r.c.state == Place.WAITING.value,
            r.c.id > after,
            r.c.channel == channel,
            r.c.account == account,
        )
        .order_by(r.c.id)
        .limit(limit)
    )
    return [
        Turn(
            row.id,
            ConversationId.from_key(row.conversation_key),
            row.decided_at if row.why == Why.WINDOW.value else None,  # see window_was_shut
        )
        for row in rows
    ]


async def held_for(
    connection: AsyncConnection, conversation_key: str, now: datetime
) -> list[tuple[int, int]]:
    """(recipient, campaign) of what is kept for somebody and may still be given, the oldest first."""
    rows = await connection.execute(
        select(r.c.id, r.c.campaign_id)
        .join(t, t.c.id == r.c.campaign_id)
        .where(
            r.c.conversation_key == conversation_key,
            r.c.state == literal_column("'held'"),  # as the index ix_campaign_recipients_held has it
            t.c.state.in_((State.RUNNING.value, State.DONE.value)),
            or_(t.c.hold_until.is_(None), t.c.hold_until > now),
        )
        .order_by(r.c.id)
    )
    return [(row.id, row.campaign_id) for row in rows]


@dataclass(frozen=True, slots=True)
class Handed:
    """One recipient whose message goes into the outbox now."""

    recipient_id: int
    messages: Sequence[NewMessage]
    """In order; the recipient stands with the last of them: the words, after a picture."""
    standing: Standing
    why: Why


_STANDS_WITH = (
    update(r)
    .where(r.c.id == bindparam("recipient"))
    .values(outbox_id=select(outbox.c.id).where(outbox.c.stamp == bindparam("with_stamp")).scalar_subquery())
)


async def queue(connection: AsyncConnection, handed: Sequence[Handed], was: Place, at: datetime) -> int:
    """Hand messages to the outbox, many in a few statements; gives how many recipients they were.

    Of whoever does not stand at `was` any more, nothing is done.
    """
    taken: set[int] = set()
    for standing, why in {(one.standing, one.why) for one in handed}:
        ids = [one.recipient_id for one in handed if (one.standing, one.why) == (standing, why)]
        rows = await connection.execute(
            update(r)
            .where(r.c.id.in_(ids), r.c.state == was.value)
            .values(state=Place.QUEUED.value, standing=standing.value, why=why.value, decided_at=at)
            .returning(r.c.id)
        )
        taken.update(rows.scalars())
    going = [one for one in handed if one.recipient_id in taken]
    messages = [message for one in going for message in one.messages]
    if not messages:
        return 0
    stamps = [one.stamp for one in messages]
    sent = set((await connection.execute(select(outbox.c.stamp).where(outbox.c.stamp.in_(stamps)))).scalars())
    await outbox_store.add(connection, [one for one in messages if one.stamp not in sent], at)
    last = [{"recipient": one.recipient_id, "with_stamp": one.messages[-1].stamp} for one in going]
    await connection.execute(_STANDS_WITH, last)
    return len(going)


async def put(
    connection: AsyncConnection, recipient_id: int, place: Place, standing: Standing, why: Why, at: datetime
) -> None:
    """Somebody who was waiting or held stands elsewhere now."""
    await connection.execute(
        update(r)
        .where(r.c.id == recipient_id, r.c.state.in_((Place.WAITING.value, Place.HELD.value)))
        .values(state=place.value, standing=standing.value, why=why.value, decided_at=at)
    )


async def window_was_shut(connection: AsyncConnection, outbox_id: int, at: datetime) -> bool:
    """A platform says that somebody must write first, though we thought they might be written to.

    They stand where they would stand had we known: kept until they write, waiting for their paid template, or
    left alone, as the campaign says; left alone too where it was the template that was not taken. The message
    leaves the outbox, with what was to go along, so that it can be given later. False,
    changing nothing, where it is no recipient's message.
    """
    found = await connection.execute(
        select(r.c.id, r.c.why, t.c.outside, outbox.c.conversation_key, outbox.c.created_at)
        .select_from(r.join(outbox, outbox.c.id == r.c.outbox_id).join(t, t.c.id == r.c.campaign_id))
        .where(
            r.c.outbox_id == outbox_store.last_of_turn(outbox_id),
            outbox.c.state.in_((Sending.FAILED.value, Sending.WAITING.value)),
        )
    )
    row = found.one_or_none()
    if row is None:
        return False
    place = Place.HELD if row.outside == Outside.HOLD.value else Place.SKIPPED
    if row.outside == Outside.TEMPLATE.value and row.why != Why.BY_TEMPLATE.value:
        place = Place.WAITING
    stands = {"state": place.value, "standing": Standing.CLOSED.value, "why": Why.WINDOW.value}
    await connection.execute(
        update(r).where(r.c.id == row.id).values(**stands, outbox_id=None, decided_at=at)
    )
    await connection.execute(
        delete(outbox).where(
            outbox.c.conversation_key == row.conversation_key,
            outbox.c.author == CAMPAIGN,
            outbox.c.created_at == row.created_at,
            outbox.c.state.in_((Sending.FAILED.value, Sending.WAITING.value)),
        )
    )
    return True


async def count_open(connection: AsyncConnection, channel: str, account: str) -> int:
    """Campaign messages of an account that are on their way out."""
    return (
        await connection.scalar(
            select(func.count())
            .select_from(outbox)
            .where(
                outbox.c.channel == channel,
                outbox.c.account == account,
                outbox.c.author == CAMPAIGN,
                IN_OPEN_INDEX,
            )
        )
        or 0
    )


def _unsent(now: datetime) -> Select[Any]:
    """Messages that surely did not arrive and are not to go now: too late, or the campaign rests."""
    resting = (State.PAUSED.value, State.STOPPED.value)
    return (
        select(r.c.id, r.c.conversation_key)
        .select_from(r.join(outbox, outbox.c.id == r.c.outbox_id).join(t, t.c.id == r.c.campaign_id))
        .where(
            outbox.c.state == Sending.WAITING.value,
            IN_OPEN_INDEX,
            outbox.c.author == CAMPAIGN,
            or_(outbox.c.expires_at <= now, t.c.state.in_(resting)),
        )
        .limit(500)
    )


async def any_unsent(connection: AsyncConnection, now: datetime) -> bool:
    """Whether there is something to take back."""
    return (await connection.execute(_unsent(now).limit(1))).first() is not None


async def take_back(connection: AsyncConnection, now: datetime) -> int:
    """Recipients whose message surely did not go out wait again, and it leaves the outbox; gives how many.

    Those of campaigns that rest, and those whose time ran out. A picture that went ahead of its words stays
    sent; the words follow later, alone.
    """
    rows = (await connection.execute(_unsent(now))).all()
    if not rows:
        return 0
    theirs = outbox.c.conversation_key.in_([row.conversation_key for row in rows])
    unsent = outbox.c.state == Sending.WAITING.value
    await connection.execute(delete(outbox).where(theirs, unsent, outbox.c.author == CAMPAIGN))
    await connection.execute(
        update(r)
        .where(r.c.id.in_([row.id for row in rows]))
        .values(state=Place.WAITING.value, outbox_id=None, decided_at=now)
    )
    return len(rows)


async def erase(connection: AsyncConnection, conversation_key: str, at: datetime) -> None:
    """Somebody asked to be forgotten: they stay counted, and nobody can be found by the rows."""
    mine = r.c.conversation_key == conversation_key
    await connection.execute(
        update(r)
        .where(mine, r.c.state.in_((Place.WAITING.value, Place.HELD.value)))
        .values(state=Place.SKIPPED.value, why=Why.NOT_AGREED.value, decided_at=at)
    )
    await connection.execute(
        update(r).where(mine).values(conversation_key=literal(ERASED) + cast(r.c.id, String), outbox_id=None)
    )


async def any_left(connection: AsyncConnection, campaign_id: int) -> bool:
    """Whether somebody still waits, or a message is still on its way out."""
    waiting = select(r.c.id).where(r.c.campaign_id == campaign_id, r.c.state == Place.WAITING.value).limit(1)
    if (await connection.execute(waiting)).first() is not None:
        return True
    going = (
        select(r.c.id)
        .join(outbox, outbox.c.id == r.c.outbox_id)
        .where(r.c.campaign_id == campaign_id, IN_OPEN_INDEX)
        .limit(1)
    )
    return (await connection.execute(going)).first() is not None


async def accounts_of(connection: AsyncConnection, campaign_id: int) -> list[tuple[str, str]]:
    """(channel, account) of everybody who still waits, or whose message is on its way out."""
    waiting = r.c.state == Place.WAITING.value
    going = and_(r.c.state == Place.QUEUED.value, outbox.c.state.in_(OPEN))
    rows = await connection.execute(
        select(r.c.channel, r.c.account)
        .select_from(r.outerjoin(outbox, outbox.c.id == r.c.outbox_id))
        .where(r.c.campaign_id == campaign_id, or_(waiting, going))
        .distinct()
    )
    return [(row.channel, row.account) for row in rows]


async def let_go(connection: AsyncConnection, now: datetime) -> int:
    """What was held for nobody who came in time, and what is left of stopped campaigns; gives how many."""
    over = select(t.c.id).where(t.c.hold_until <= now)
    stopped = select(t.c.id).where(t.c.state == State.STOPPED.value)
    held = and_(r.c.state == Place.HELD.value, r.c.campaign_id.in_(over))
    left = and_(r.c.state.in_((Place.HELD.value, Place.WAITING.value)), r.c.campaign_id.in_(stopped))
    why = case((left, Why.STOPPED.value), else_=r.c.why)
    done = await connection.execute(
        update(r).where(or_(held, left)).values(state=Place.SKIPPED.value, why=why, decided_at=now)
    )
    return done.rowcount
