"""The outbox in SQL: replies waiting, being sent, and what became of them.

    waiting ──claim──> sending ──> sent
       ^                 │ ├────> failed     (never, with the reason)
       └──── retry ──────┘ └────> checking ──> waiting (once more) or unknown
                                     └── echo seen ──> sent

Order is kept per conversation and priority: a row is claimed only when no earlier one is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Row,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import conversations
from bot.store.schema import outbox as t
from connectors.message import ConversationId, Part, decode_part, encode_part


class State(StrEnum):
    """Where a message is on its way out."""

    WAITING = "waiting"
    SENDING = "sending"
    CHECKING = "checking"
    """It may have been accepted; the echo is awaited before it is sent once more."""
    SENT = "sent"
    FAILED = "failed"
    """A dead letter, with the reason."""
    UNKNOWN = "unknown"
    """Sent as often as is decent without ever hearing whether it arrived: a dead letter of its own kind."""
    SET_ASIDE = "set_aside"
    """A dead letter an officer has looked at and let go. Keeps its reason; counted nowhere."""


OPEN = (State.WAITING.value, State.SENDING.value, State.CHECKING.value)
_OPEN_LITERALLY: list[ColumnElement[str]] = [literal_column(f"'{state}'") for state in OPEN]
IN_OPEN_INDEX = t.c.state.in_(_OPEN_LITERALLY)
"""Written out as the index `ix_outbox_open` has it: it is what lets a database look there for the few open
messages instead of going through all that were ever sent."""
DEAD = (State.FAILED.value, State.UNKNOWN.value)
REST_DROPPED = "an earlier part of this reply failed"
TOO_LATE = "its time ran out before it could be sent"
CAMPAIGN = "campaign"
"""Author of what a campaign sends: at most once, also where it is not known whether it arrived."""
REPLY_PRIORITY = 0

# What every message passes through is written once: building a statement costs more than running it.
_OF_ACCOUNT = (t.c.channel == bindparam("of_channel"), t.c.account == bindparam("of_account"))
_DUE = (
    *_OF_ACCOUNT,
    t.c.state == State.WAITING.value,
    t.c.not_before <= bindparam("now"),
    or_(t.c.expires_at.is_(None), t.c.expires_at > bindparam("now")),
)
_ADD = insert(t)
_ANY_DUE = select(t.c.id).where(*_DUE).limit(1)
_ANY_CHECKED = (
    select(t.c.id)
    .where(
        *_OF_ACCOUNT,
        t.c.state == State.CHECKING.value,
        IN_OPEN_INDEX,
        t.c.not_before <= bindparam("now"),
    )
    .limit(1)
)
_earlier = t.alias("earlier")
_HAS_EARLIER = (
    select(_earlier.c.id)
    .where(
        _earlier.c.conversation_key == t.c.conversation_key,
        _earlier.c.state.in_(_OPEN_LITERALLY),
        _earlier.c.priority <= t.c.priority,
        _earlier.c.id < t.c.id,
    )
    .exists()
)
_NEXT = (
    select(t.c.id)
    .where(*_DUE, ~_HAS_EARLIER)
    .order_by(t.c.priority, t.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)  # SQLite has one writer and leaves this out
)
_CLAIM = (
    update(t)
    .where(t.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state=State.SENDING.value,
        lease_owner=bindparam("owner"),
        lease_until=bindparam("until"),
        attempts=t.c.attempts + 1,
    )
)
_CLAIMED = (
    select(t, conversations.c.last_heard_at)
    .outerjoin(conversations, conversations.c.key == t.c.conversation_key)
    .where(t.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(t.c.priority, t.c.id)
)
_MARK_SENT = (
    update(t)
    .where(t.c.id == bindparam("message"))
    .values(
        state=State.SENT.value,
        sent_at=bindparam("now"),
        platform_message_id=func.coalesce(
            bindparam("given_id", type_=t.c.platform_message_id.type), t.c.platform_message_id
        ),
        lease_owner=None,
        lease_until=None,
        error=None,
    )
)


@dataclass(frozen=True, slots=True)
class NewMessage:
    """Something to say; already fitted to one platform call."""

    conversation: ConversationId
    part: Part
    stamp: str
    author: str = "bot"
    event_id: int | None = None
    priority: int = REPLY_PRIORITY
    state: State = State.WAITING
    platform_message_id: str = ""
    officer: str = ""
    """Who wrote it in the console."""
    expires_at: datetime | None = None
    """Not to be tried for the first time after this."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message this process is to send now."""

    id: int
    conversation: ConversationId
    part: Part
    stamp: str
    author: str
    event_id: int | None
    attempts: int
    unknowns: int
    created_at: datetime
    last_heard_at: datetime | None


async def add(connection: AsyncConnection, messages: Sequence[NewMessage], now: datetime) -> None:
    """Put messages into the outbox, in order."""
    if not messages:
        return
    rows = [
        {
            "conversation_key": m.conversation.key,
            "channel": m.conversation.channel,
            "account": m.conversation.account,
            "user": m.conversation.user,
            "event_id": m.event_id,
            "author": m.author,
            "part": encode_part(m.part),
            "stamp": m.stamp,
            "priority": m.priority,
            "state": m.state.value,
            "not_before": now,
            "created_at": now,
            "sent_at": now if m.state is State.SENT else None,
            "platform_message_id": m.platform_message_id or None,
            "officer": m.officer or None,
            "expires_at": m.expires_at,
        }
        for m in messages
    ]
    await connection.execute(_ADD, rows)


async def claim(
    connection: AsyncConnection,
    channel: str,
    account: str,
    *,
    owner: str,
    now: datetime,
    lease_until: datetime,
    limit: int,
) -> list[Claimed]:
    """Take up to `limit` messages that may go now, one per conversation and the earliest of each."""
    found = await connection.execute(
        _NEXT, {"of_channel": channel, "of_account": account, "now": now, "most": limit}
    )
    ids = list(found.scalars())
    if not ids:
        return []
    await connection.execute(_CLAIM, {"ids": ids, "owner": owner, "until": lease_until})
    rows = await connection.execute(_CLAIMED, {"ids": ids})
    return [
        Claimed(
            row.id,
            ConversationId(row.channel, row.account, row.user),
            decode_part(row.part),
            row.stamp,
            row.author,
            row.event_id,
            row.attempts,
            row.unknowns,
            row.created_at,
            row.last_heard_at,
        )
        for row in rows
    ]


async def mark_sent(connection: AsyncConnection, id_: int, message_id: str, now: datetime) -> None:
    """The platform took it."""
    await connection.execute(_MARK_SENT, {"message": id_, "now": now, "given_id": message_id or None})


async def release(
    connection: AsyncConnection,
    id_: int,
    *,
    state: State,
    not_before: datetime,
    error: str,
    unknown: bool = False,
) -> None:
    """Put a message that was being sent into another state. One whose echo came meanwhile stays sent."""
    await connection.execute(
        update(t)
        .where(t.c.id == id_, t.c.state == State.SENDING.value)
        .values(
            state=state.value,
            not_before=not_before,
            error=error[:200] or None,
            unknowns=t.c.unknowns + int(unknown),
            lease_owner=None,
            lease_until=None,
        )
    )


async def drop_rest(connection: AsyncConnection, event_id: int, after: int) -> None:
    """The earlier part of a reply failed for good: the later parts would make no sense alone."""
    await connection.execute(
        update(t)
        .where(t.c.event_id == event_id, t.c.id > after, t.c.state == State.WAITING.value)
        .values(state=State.FAILED.value, error=REST_DROPPED)
    )


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A message whose sender may have died while sending it."""

    id: int
    owner: str
    lease_until: datetime
    unknowns: int
    author: str


async def any_due(connection: AsyncConnection, channel: str, account: str, now: datetime) -> bool:
    """Whether an account has something to send now."""
    found = await connection.execute(_ANY_DUE, {"of_channel": channel, "of_account": account, "now": now})
    return found.first() is not None


async def any_checked(connection: AsyncConnection, channel: str, account: str, now: datetime) -> bool:
    """Whether the wait for some echo is over."""
    found = await connection.execute(_ANY_CHECKED, {"of_channel": channel, "of_account": account, "now": now})
    return found.first() is not None


async def leased(connection: AsyncConnection, channel: str, account: str) -> list[Abandoned]:
    """Everything that is being sent on an account, with who holds it."""
    rows = await connection.execute(
        select(t.c.id, t.c.lease_owner, t.c.lease_until, t.c.unknowns, t.c.author).where(
            t.c.channel == channel,
            t.c.account == account,
            t.c.state == State.SENDING.value,
            IN_OPEN_INDEX,
        )
    )
    return [Abandoned(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be sent, for an officer to decide about."""

    id: int
    conversation: ConversationId
    part: Part
    author: str
    state: State
    error: str
    created_at: datetime
    followers: int
    """Later parts of the same reply that were dropped with it; they share its fate."""


# Written out, not bound: only so does the index of the dead answer, among very many that arrived.
_WRITTEN_DEAD: BindParameter[Sequence[str]] = bindparam("dead", DEAD, expanding=True, literal_execute=True)
# What a campaign could not deliver stands with the campaign: sent once more from here it could come twice.
_IS_HEAD = and_(
    t.c.state.in_(_WRITTEN_DEAD), func.coalesce(t.c.error, "") != REST_DROPPED, t.c.author != CAMPAIGN
)


async def count_dead(connection: AsyncConnection) -> int:
    """How many dead letters there are; the dropped rest of a reply counts with its head."""
    return await connection.scalar(select(func.count()).select_from(t).where(_IS_HEAD)) or 0


async def dead_letters(connection: AsyncConnection, limit: int, id_: int | None = None) -> list[DeadLetter]:
    """Dead letters, newest first; with `id_` that one alone."""
    rest = t.alias("rest")
    followers = (
        select(func.count())
        .where(
            rest.c.event_id == t.c.event_id,
            rest.c.id > t.c.id,
            rest.c.state == State.FAILED.value,
            rest.c.error == REST_DROPPED,
        )
        .scalar_subquery()
    )
    query = select(t, followers.label("followers")).where(_IS_HEAD).order_by(t.c.id.desc()).limit(limit)
    if id_ is not None:
        query = query.where(t.c.id == id_)
    return [
        DeadLetter(
            row.id,
            ConversationId(row.channel, row.account, row.user),
            decode_part(row.part),
            row.author,
            State(row.state),
            row.error or "",
            row.created_at,
            row.followers,
        )
        for row in await connection.execute(query)
    ]


async def revive(connection: AsyncConnection, id_: int, now: datetime) -> bool:
    """Let a dead letter, and what was dropped with it, be sent again. False when it is not dead any more."""
    again = {"state": State.WAITING.value, "not_before": now, "attempts": 0, "unknowns": 0, "error": None}
    return await _resolve(connection, id_, again)


async def set_aside(connection: AsyncConnection, id_: int) -> bool:
    """Let a dead letter, and what was dropped with it, rest. False when it is not dead any more."""
    return await _resolve(connection, id_, {"state": State.SET_ASIDE.value})


async def _resolve(connection: AsyncConnection, id_: int, values: dict[str, object]) -> bool:
    done = await connection.execute(
        update(t).where(t.c.id == id_, _IS_HEAD).values(values).returning(t.c.event_id)
    )
    head = done.one_or_none()
    if head is None:
        return False
    if head.event_id is not None:
        rest = and_(t.c.event_id == head.event_id, t.c.id > id_, t.c.error == REST_DROPPED)
        await connection.execute(update(t).where(rest, t.c.state == State.FAILED.value).values(values))
    return True


async def has_stamp(connection: AsyncConnection, stamp: str) -> bool:
    """Whether a message with this stamp was ever put into the outbox."""
    return (await connection.execute(select(t.c.id).where(t.c.stamp == stamp).limit(1))).first() is not None


async def expire(connection: AsyncConnection, now: datetime) -> int:
    """What came too late to be of use is not sent any more; gives how many.

    Campaign messages are not among them: their recipients wait again (campaigns.take_back).
    """
    done = await connection.execute(
        update(t)
        .where(t.c.state == State.WAITING.value, IN_OPEN_INDEX, t.c.expires_at <= now, t.c.author != CAMPAIGN)
        .values(state=State.SET_ASIDE.value, error=TOO_LATE)
    )
    return done.rowcount


async def end_checks(connection: AsyncConnection, now: datetime) -> int:
    """No echo came for these in time: let them be sent once more. Gives how many."""
    done = await connection.execute(
        update(t)
        .where(t.c.state == State.CHECKING.value, IN_OPEN_INDEX, t.c.not_before <= now)
        .values(state=State.WAITING.value)
    )
    return done.rowcount


async def match_echo(
    connection: AsyncConnection, conversation_key: str, *, stamp: str, message_id: str, now: datetime
) -> bool:
    """A platform repeated one of our sends: record it as sent if we had not. False when it is not ours."""
    # The stamp is unique everywhere: the echo of a private reply names the person, not the comment.
    known = [t.c.stamp == stamp] if stamp else []
    if message_id:
        known.append(and_(t.c.conversation_key == conversation_key, t.c.platform_message_id == message_id))
    if not known:
        return False
    row = (await connection.execute(select(t.c.id, t.c.state).where(or_(*known)).limit(1))).one_or_none()
    if row is None:
        return False
    if row.state in (*OPEN, State.UNKNOWN.value):
        await mark_sent(connection, row.id, message_id, now)
    return True


async def unconfirmed(
    connection: AsyncConnection, conversation_key: str, since: datetime
) -> list[tuple[int, Part]]:
    """Messages of a conversation that may or may not have been accepted, oldest first; after them those
    given up since a moment (an echo that comes later is somebody else's)."""
    is_unknown = t.c.state == State.UNKNOWN.value
    rows = await connection.execute(
        select(t.c.id, t.c.part)
        .where(
            t.c.conversation_key == conversation_key,
            or_(
                t.c.state.in_((State.SENDING.value, State.CHECKING.value)),
                and_(is_unknown, t.c.not_before >= since),
                and_(t.c.state == State.WAITING.value, t.c.attempts > 0),
            ),
        )
        .order_by(is_unknown, t.c.id)
    )
    return [(row.id, decode_part(row.part)) for row in rows]


async def mark_delivered(
    connection: AsyncConnection,
    conversation_key: str,
    *,
    message_ids: Sequence[str],
    until: datetime,
    seen: bool,
) -> None:
    """Record receipts. A later state never goes back to an earlier one."""
    which = t.c.platform_message_id.in_(message_ids) if message_ids else t.c.sent_at <= until
    where = and_(t.c.conversation_key == conversation_key, t.c.state == State.SENT.value, which)
    await connection.execute(update(t).where(where, t.c.delivered_at.is_(None)).values(delivered_at=until))
    if seen:
        await connection.execute(update(t).where(where, t.c.seen_at.is_(None)).values(seen_at=until))


@dataclass(frozen=True, slots=True)
class Depth:
    """How much waits to be sent on one account."""

    channel: str
    account: str
    open: int
    oldest_at: datetime | None
    dead: int


async def depth(connection: AsyncConnection) -> list[Depth]:
    """For metrics, `doctor` and the console."""
    is_open, is_dead = t.c.state.in_(OPEN), t.c.state.in_(DEAD)
    rows = await connection.execute(
        select(
            t.c.channel,
            t.c.account,
            func.count().filter(is_open),
            func.min(t.c.created_at).filter(is_open),
            func.count().filter(is_dead),
        )
        .where(or_(is_open, is_dead))
        .group_by(t.c.channel, t.c.account)
    )
    return [Depth(*row) for row in rows]


ToldRow = Row[int, str, str, datetime, str, str | None, int | None, str, str | None]


def answered(
    conversation_key: str,
) -> Select[int, str, str, datetime, str, str | None, int | None, str, str | None]:
    """Query: what was said to the citizen or is on its way, oldest first (for the transcript)."""
    return (
        select(
            t.c.id,
            t.c.author,
            t.c.part,
            t.c.created_at,
            t.c.state,
            t.c.error,
            t.c.event_id,
            t.c.stamp,
            t.c.officer,
        )
        .where(t.c.conversation_key == conversation_key)
        .order_by(t.c.id)
    )


ECHO = "echo:"
"""How the stamp of a line begins that an officer wrote in the platform's own inbox: we never sent it."""


def last_of_turn(id_: int) -> ScalarSelect[int]:
    """The last of the campaign messages that were handed over together with this one: recipients stand with
    it. A picture's words; of words, themselves."""
    # Both under names of their own: whoever asks may be looking at the outbox as well.
    this, last = t.alias("this"), t.alias("last")
    found = (
        select(func.max(last.c.id))
        .select_from(
            this.join(
                last,
                and_(
                    last.c.conversation_key == this.c.conversation_key,
                    last.c.author == this.c.author,
                    last.c.created_at == this.c.created_at,
                ),
            )
        )
        .where(this.c.id == id_, this.c.author == CAMPAIGN)
    )
    return found.scalar_subquery()
