"""One-time links: into a new account, or to a new password of an existing one.

Whoever has the link gets in once, so the database keeps its SHA-256 alone. There is one living link for a
name, and one for an account: a newer one takes the older's place. Never holds a password.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import staff
from bot.store.schema import staff as accounts
from bot.store.schema import staff_invites as t
from bot.store.staff import Role

LASTS = timedelta(hours=72)
_KEPT = timedelta(days=30)
"""Used and expired links are forgotten after this long; the audit log remembers them."""
_SHOWN_EXPIRED = timedelta(days=7)


class LinkDead(Exception):
    """The link was used, was withdrawn, has run out, or never was."""


class NameTaken(Exception):
    """There is an account with this name."""


@dataclass(frozen=True, slots=True)
class Invite:
    """A link that was given to somebody."""

    token_hash: str
    staff_id: int | None
    """The account that gets a new password; None: a new account."""
    name: str
    role: Role
    made_by: str
    made_at: datetime
    expires_at: datetime


async def make(connection: AsyncConnection, invite: Invite) -> None:
    """Let a link live from now on; older ones for the same name or account are dead.

    Raises NameTaken when a new account would get a name that is in use.
    """
    same = t.c.staff_id == invite.staff_id
    if invite.staff_id is None:
        if await staff.find(connection, invite.name) is not None:
            raise NameTaken
        same = and_(t.c.staff_id.is_(None), t.c.name == invite.name)
    await connection.execute(delete(t).where(same, t.c.used_at.is_(None)))
    await connection.execute(delete(t).where(t.c.expires_at < invite.made_at - _KEPT))
    await connection.execute(
        insert(t).values(
            token_hash=invite.token_hash,
            staff_id=invite.staff_id,
            name=invite.name,
            role=invite.role.value,
            made_by=invite.made_by,
            made_at=invite.made_at,
            expires_at=invite.expires_at,
        )
    )


async def living(connection: AsyncConnection, token_hash: str, now: datetime) -> Invite | None:
    """The link, if it may still be used: a link to a locked account may not."""
    row = (
        await connection.execute(
            select(t)
            .outerjoin(accounts, accounts.c.id == t.c.staff_id)
            .where(t.c.token_hash == token_hash, t.c.used_at.is_(None), t.c.expires_at > now)
            .where(accounts.c.disabled_at.is_(None))
        )
    ).one_or_none()
    return None if row is None else _invite(row)


async def waiting(connection: AsyncConnection, now: datetime) -> list[Invite]:
    """Links nobody has used, the newest first: the living, and those that ran out lately."""
    query = select(t).where(t.c.used_at.is_(None), t.c.expires_at > now - _SHOWN_EXPIRED)
    return [
        _invite(row) for row in await connection.execute(query.order_by(t.c.made_at.desc(), t.c.token_hash))
    ]


async def use_up(connection: AsyncConnection, token_hash: str, password_hash: str, now: datetime) -> int:
    """Set the password, once: gives the id of the account. Raises LinkDead or NameTaken.

    Of two at the same moment one marks the link and the other finds it marked.
    """
    row = (
        await connection.execute(
            update(t)
            .where(t.c.token_hash == token_hash, t.c.used_at.is_(None), t.c.expires_at > now)
            .values(used_at=now)
            .returning(t)
        )
    ).one_or_none()
    if row is None:
        raise LinkDead
    invite = _invite(row)
    if invite.staff_id is None:
        if await staff.find(connection, invite.name) is not None:
            raise NameTaken
        return await staff.create(
            connection, name=invite.name, role=invite.role, password_hash=password_hash, now=now
        )
    officer = await staff.by_id(connection, invite.staff_id, hold=True)
    if officer is None or officer.disabled:
        raise LinkDead
    await staff.set_password(connection, officer.id, password_hash)
    return officer.id


async def withdraw(connection: AsyncConnection, token_hash: str) -> Invite | None:
    """Make the link dead; gives what it was, or None when it was used or withdrawn already."""
    row = (
        await connection.execute(
            delete(t).where(t.c.token_hash == token_hash, t.c.used_at.is_(None)).returning(t)
        )
    ).one_or_none()
    return None if row is None else _invite(row)


async def withdraw_of(connection: AsyncConnection, staff_id: int) -> None:
    """No link to this account lives any more."""
    await connection.execute(delete(t).where(t.c.staff_id == staff_id, t.c.used_at.is_(None)))


def _invite(row: Row[tuple[object, ...]]) -> Invite:
    return Invite(
        row.token_hash, row.staff_id, row.name, Role(row.role), row.made_by, row.made_at, row.expires_at
    )
