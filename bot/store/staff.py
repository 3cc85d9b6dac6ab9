"""Staff accounts and their sessions. Passwords are kept as Argon2 hashes only.

What takes power away (a smaller role, a lock) is decided in one transaction that holds every administrator:
of two administrators who lock each other at the same moment one succeeds, and one always remains.
Links that let somebody in for the first time: bot.store.invites.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Row, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import staff as t
from bot.store.schema import staff_sessions as sessions

NAME_LIMIT = 60
SEEN_EVERY = timedelta(minutes=1)
"""A session's last use is written down this often at most."""
_ID_LENGTH = 16
"""Of a session's hash: enough to tell one person's sessions apart, useless for anything else."""


class Role(StrEnum):
    """What a member of staff may do."""

    ADMIN = "admin"
    EDITOR = "editor"
    AGENT = "agent"
    """Answers conversations."""
    VIEWER = "viewer"


class LastAdmin(Exception):
    """After this nobody could let people in any more."""


class NotAllowedNow(Exception):
    """Whoever asks for this was an administrator when they opened the page, and is none any more."""


@dataclass(frozen=True, slots=True)
class Officer:
    """A member of staff."""

    id: int
    name: str
    role: Role
    password_hash: str = field(repr=False)
    disabled: bool


@dataclass(frozen=True, slots=True)
class Account:
    """An account as administrators see it."""

    id: int
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser."""

    officer: Officer
    csrf: str = field(repr=False)
    expires_at: datetime
    seen_at: datetime | None = None
    id: str = ""
    """Tells the sessions of one account apart; opens nothing."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A signed-in browser in a list."""

    id: str
    device: str
    """In plain words (bot.staff.device); empty: not known."""
    began_at: datetime
    seen_at: datetime | None


# --- accounts ------------------------------------------------------------------------------------------


async def count(connection: AsyncConnection) -> int:
    """How many accounts there are."""
    return await connection.scalar(select(func.count()).select_from(t)) or 0


async def find(connection: AsyncConnection, name: str) -> Officer | None:
    """The account with exactly this name."""
    row = (await connection.execute(select(t).where(t.c.name == name))).one_or_none()
    return None if row is None else _officer(row)


async def by_id(connection: AsyncConnection, staff_id: int, *, hold: bool = False) -> Officer | None:
    """The account; `hold` keeps others from changing it until the transaction ends."""
    query = select(t).where(t.c.id == staff_id)
    row = (await connection.execute(query.with_for_update() if hold else query)).one_or_none()
    return None if row is None else _officer(row)


async def accounts(connection: AsyncConnection) -> list[Account]:
    """All accounts: those in use first, by name."""
    found = [
        Account(row.id, row.name, Role(row.role), row.created_at, row.disabled_at, row.seen_at)
        for row in await connection.execute(select(t))
    ]
    return sorted(found, key=lambda one: (one.disabled_at is not None, one.name.casefold(), one.id))


async def like(connection: AsyncConnection, name: str) -> str:
    """The name of an account that differs from `name` by capital letters alone, or ""."""
    # The database's own lower() knows no Vietnamese on SQLite; an office has a few dozen accounts.
    for found in (await connection.execute(select(t.c.name).order_by(t.c.id))).scalars():
        if found != name and found.casefold() == name.casefold():
            return str(found)
    return ""


async def put(
    connection: AsyncConnection, *, name: str, role: Role, password_hash: str, now: datetime
) -> bool:
    """Create the account, or give an existing one a new role and password. True when it is new.

    A changed password ends every session of the account.
    """
    existing = await find(connection, name)
    if existing is None:
        await create(connection, name=name, role=role, password_hash=password_hash, now=now)
        return True
    await connection.execute(
        update(t)
        .where(t.c.id == existing.id)
        .values(role=role.value, password_hash=password_hash, disabled_at=None)
    )
    await end_sessions(connection, existing.id)
    return False


async def create(
    connection: AsyncConnection, *, name: str, role: Role, password_hash: str, now: datetime
) -> int:
    """A new account; gives its id. The name must be free (the database refuses it otherwise)."""
    made = await connection.execute(
        insert(t)
        .values(name=name, role=role.value, password_hash=password_hash, created_at=now)
        .returning(t.c.id)
    )
    return int(made.scalar_one())


async def set_password(
    connection: AsyncConnection, staff_id: int, password_hash: str, *, keep: str = ""
) -> None:
    """A new password; every session ends but the one whose id is `keep`."""
    await connection.execute(update(t).where(t.c.id == staff_id).values(password_hash=password_hash))
    await end_sessions(connection, staff_id, keep=keep)


async def set_role(connection: AsyncConnection, staff_id: int, role: Role, *, by: Officer | None) -> None:
    """Another role. Raises LastAdmin, or NotAllowedNow when `by` (None: the command line) is no admin."""
    await _hold_admins(connection, by, without=None if role is Role.ADMIN else staff_id)
    await connection.execute(update(t).where(t.c.id == staff_id).values(role=role.value))


async def lock(connection: AsyncConnection, staff_id: int, now: datetime, *, by: Officer | None) -> None:
    """Nobody gets in with this account any more, and whoever is in is out. Raises like `set_role`."""
    await _hold_admins(connection, by, without=staff_id)
    await connection.execute(
        update(t).where(t.c.id == staff_id, t.c.disabled_at.is_(None)).values(disabled_at=now)
    )
    await end_sessions(connection, staff_id)


async def unlock(connection: AsyncConnection, staff_id: int, *, by: Officer | None) -> None:
    """The account may be used again, with the password it had. Raises NotAllowedNow."""
    await _hold_admins(connection, by)
    await connection.execute(update(t).where(t.c.id == staff_id).values(disabled_at=None))


async def require_admin(connection: AsyncConnection, by: Officer) -> None:
    """Raises NotAllowedNow unless `by` is an administrator in this very transaction."""
    await _hold_admins(connection, by)


async def _hold_admins(connection: AsyncConnection, by: Officer | None, without: int | None = None) -> None:
    """Hold all administrators, in one order, so that two such transactions go one after the other."""
    active = (t.c.role == Role.ADMIN.value, t.c.disabled_at.is_(None))
    query = select(t.c.id).where(*active).order_by(t.c.id).with_for_update()
    admins = set((await connection.execute(query)).scalars())
    if by is not None and by.id not in admins:
        raise NotAllowedNow
    if admins == {without}:
        raise LastAdmin


# --- sessions ------------------------------------------------------------------------------------------


async def begin_session(
    connection: AsyncConnection,
    *,
    token_hash: str,
    staff_id: int,
    csrf: str,
    now: datetime,
    expires_at: datetime,
    device: str = "",
) -> None:
    """Remember a signed-in browser; sessions that have run out are removed on the way."""
    await connection.execute(delete(sessions).where(sessions.c.expires_at < now))
    await connection.execute(
        insert(sessions).values(
            token_hash=token_hash,
            staff_id=staff_id,
            csrf=csrf,
            created_at=now,
            expires_at=expires_at,
            seen_at=now,
            device=device,
        )
    )
    await connection.execute(update(t).where(t.c.id == staff_id).values(seen_at=now))


async def session(connection: AsyncConnection, token_hash: str, now: datetime) -> Session | None:
    """The session behind a cookie, if it still counts."""
    row = (
        await connection.execute(
            select(sessions.c.csrf, sessions.c.expires_at, sessions.c.seen_at.label("used_at"), t)
            .join(t, t.c.id == sessions.c.staff_id)
            .where(
                sessions.c.token_hash == token_hash, sessions.c.expires_at > now, t.c.disabled_at.is_(None)
            )
        )
    ).one_or_none()
    if row is None:
        return None
    return Session(_officer(row), row.csrf, row.expires_at, row.used_at, token_hash[:_ID_LENGTH])


async def saw_session(connection: AsyncConnection, token_hash: str, staff_id: int, now: datetime) -> None:
    """Write down that it was used, unless somebody has within SEEN_EVERY."""
    before = now - SEEN_EVERY
    done = await connection.execute(
        update(sessions)
        .where(sessions.c.token_hash == token_hash)
        .where(or_(sessions.c.seen_at.is_(None), sessions.c.seen_at <= before))
        .values(seen_at=now)
    )
    if done.rowcount:
        await connection.execute(update(t).where(t.c.id == staff_id).values(seen_at=now))


async def open_sessions(connection: AsyncConnection, staff_id: int, now: datetime) -> list[OpenSession]:
    """The browsers this account is signed in with, the one used last first."""
    used = func.coalesce(sessions.c.seen_at, sessions.c.created_at)
    rows = await connection.execute(
        select(sessions)
        .where(sessions.c.staff_id == staff_id, sessions.c.expires_at > now)
        .order_by(used.desc(), sessions.c.token_hash)
    )
    return [OpenSession(row.token_hash[:_ID_LENGTH], row.device, row.created_at, row.seen_at) for row in rows]


async def end_session(connection: AsyncConnection, token_hash: str) -> None:
    """Sign the browser out."""
    await connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash))


async def end_sessions(connection: AsyncConnection, staff_id: int, *, only: str = "", keep: str = "") -> int:
    """End an account's sessions: all, the one whose id is `only`, or all but `keep`. Gives how many."""
    short = func.substr(sessions.c.token_hash, 1, _ID_LENGTH)
    gone = delete(sessions).where(sessions.c.staff_id == staff_id)
    if only:
        gone = gone.where(short == only)
    if keep:
        gone = gone.where(short != keep)
    return (await connection.execute(gone)).rowcount


def _officer(row: Row[tuple[object, ...]]) -> Officer:
    return Officer(row.id, row.name, Role(row.role), row.password_hash, row.disabled_at is not None)
