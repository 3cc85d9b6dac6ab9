"""What is known about each channel account: its tokens, and whether it can send at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import channel_accounts as t
from bot.store.schema import inbound_events, outbox

_STATE = select(t.c.broken_since, t.c.broken_why, t.c.paused_until).where(t.c.key == bindparam("account"))


@dataclass(frozen=True, slots=True)
class AccountState:
    """Whether the account works, as the sends have shown."""

    key: str
    broken_since: datetime | None = None
    broken_why: str = ""
    paused_until: datetime | None = None


async def _ensure(connection: AsyncConnection, key: str) -> None:
    make = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    await connection.execute(make(t).on_conflict_do_nothing().values(key=key))


async def load_tokens(connection: AsyncConnection, key: str) -> str:
    """The token record as JSON text, or ""."""
    return await connection.scalar(select(t.c.tokens).where(t.c.key == key)) or ""


async def save_tokens(connection: AsyncConnection, key: str, record: str) -> None:
    """Replace the token record."""
    await _ensure(connection, key)
    await connection.execute(update(t).where(t.c.key == key).values(tokens=record))


async def take_refresh(
    connection: AsyncConnection, key: str, *, owner: str, now: datetime, until: datetime, dead_owner: str = ""
) -> str:
    """Try to become the one who refreshes: "" on success, else who has the turn.

    `dead_owner` is a holder the caller knows to be dead: its turn is free.
    """
    await _ensure(connection, key)
    free = or_(t.c.refresh_owner.is_(None), t.c.refresh_until < now)
    if dead_owner:
        free = or_(free, t.c.refresh_owner == dead_owner)
    done = await connection.execute(
        update(t).where(t.c.key == key, free).values(refresh_owner=owner, refresh_until=until)
    )
    if done.rowcount:
        return ""
    return await connection.scalar(select(t.c.refresh_owner).where(t.c.key == key)) or "unknown"


async def end_refresh(connection: AsyncConnection, key: str, owner: str) -> None:
    """Give the turn back."""
    await connection.execute(
        update(t)
        .where(t.c.key == key, t.c.refresh_owner == owner)
        .values(refresh_owner=None, refresh_until=None)
    )


async def mark_broken(
    connection: AsyncConnection, key: str, *, why: str, now: datetime, paused_until: datetime
) -> None:
    """Every send would fail: say since when and why, and pause."""
    await _ensure(connection, key)
    await connection.execute(
        update(t).where(t.c.key == key, t.c.broken_since.is_(None)).values(broken_since=now)
    )
    await connection.execute(
        update(t).where(t.c.key == key).values(broken_why=why[:300], paused_until=paused_until)
    )


async def lift_pause(connection: AsyncConnection, key: str) -> None:
    """Let sending be tried at once: somebody may just have repaired the account."""
    await connection.execute(update(t).where(t.c.key == key).values(paused_until=None))


async def mark_working(connection: AsyncConnection, key: str) -> None:
    """A send went through."""
    await connection.execute(
        update(t).where(t.c.key == key).values(broken_since=None, broken_why=None, paused_until=None)
    )


async def state(connection: AsyncConnection, key: str) -> AccountState:
    """Whether the account works, as far as anybody has noticed."""
    row = (await connection.execute(_STATE, {"account": key})).one_or_none()
    if row is None:
        return AccountState(key)
    return AccountState(key, row[0], row[1] or "", row[2])


@dataclass(frozen=True, slots=True)
class Traffic:
    """When the account last took part in a conversation."""

    heard_at: datetime | None
    sent_at: datetime | None


async def last_traffic(connection: AsyncConnection, channel: str, account: str) -> Traffic:
    """The last event of a citizen that came in, and the last message that went out."""
    heard = (
        select(inbound_events.c.received_at)
        .where(
            inbound_events.c.channel == channel,
            inbound_events.c.account == account,
            inbound_events.c.conversation_key != "",
        )
        .order_by(inbound_events.c.id.desc())
        .limit(1)
    )
    sent = (
        select(outbox.c.sent_at)
        .where(outbox.c.channel == channel, outbox.c.account == account, outbox.c.sent_at.is_not(None))
        .order_by(outbox.c.id.desc())
        .limit(1)
    )
    return Traffic(await connection.scalar(heard), await connection.scalar(sent))
