"""Staff accounts and their sessions. Passwords are kept as Argon2 hashes only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import staff as t
from bot.store.schema import staff_sessions as sessions


class Role(StrEnum):
    """What a member of staff may do."""

    ADMIN = "admin"
    EDITOR = "editor"
    AGENT = "agent"
    """Answers conversations."""
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Officer:
    """A member of staff."""

    id: int
    name: str
    role: Role
    password_hash: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser."""

    officer: Officer
    csrf: str
    expires_at: datetime


async def count(connection: AsyncConnection) -> int:
    """How many accounts there are."""
    return await connection.scalar(select(func.count()).select_from(t)) or 0


async def find(connection: AsyncConnection, name: str) -> Officer | None:
    """The account with this name."""
    row = (await connection.execute(select(t).where(t.c.name == name))).one_or_none()
    return (
        None
        if row is None
        else Officer(row.id, row.name, Role(row.role), row.password_hash, row.disabled_at is not None)
    )


async def put(
    connection: AsyncConnection, *, name: str, role: Role, password_hash: str, now: datetime
) -> bool:
    """Create the account, or give an existing one a new role and password. True when it is new.

    A changed password ends every session of the account.
    """
    existing = await find(connection, name)
    if existing is None:
        await connection.execute(
            insert(t).values(name=name, role=role.value, password_hash=password_hash, created_at=now)
        )
        return True
    await connection.execute(
        update(t)
        .where(t.c.id == existing.id)
        .values(role=role.value, password_hash=password_hash, disabled_at=None)
    )
    await connection.execute(delete(sessions).where(sessions.c.staff_id == existing.id))
    return False


async def begin_session(
    connection: AsyncConnection,
    *,
    token_hash: str,
    staff_id: int,
    csrf: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Remember a signed-in browser; sessions that have run out are removed on the way."""
    await connection.execute(delete(sessions).where(sessions.c.expires_at < now))
    await connection.execute(
        insert(sessions).values(
            token_hash=token_hash, staff_id=staff_id, csrf=csrf, created_at=now, expires_at=expires_at
        )
    )


async def session(connection: AsyncConnection, token_hash: str, now: datetime) -> Session | None:
    """The session behind a cookie, if it still counts."""
    row = (
        await connection.execute(
            select(sessions.c.csrf, sessions.c.expires_at, t)
            .join(t, t.c.id == sessions.c.staff_id)
            .where(
                sessions.c.token_hash == token_hash, sessions.c.expires_at > now, t.c.disabled_at.is_(None)
            )
        )
    ).one_or_none()
    if row is None:
        return None
    officer = Officer(row.id, row.name, Role(row.role), row.password_hash, disabled=False)
    return Session(officer, row.csrf, row.expires_at)


async def end_session(connection: AsyncConnection, token_hash: str) -> None:
    """Sign the browser out."""
    await connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash))
