"""Accounts from the command line, for an office that has locked itself out.

Whoever has a shell on the machine may do everything; what they do is in the audit log all the same, and one
administrator remains here too.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.words import ROLES, moment
from bot.store import audit, invites, staff
from bot.store.audit import Action, account_subject
from bot.store.database import Database
from bot.store.staff import Role


class NoSuchAccount(Exception):
    """There is no account with this name."""


async def put(
    database: Database, name: str, role: Role | None, password_hash: str, now: datetime
) -> tuple[bool, Role]:
    """Create or renew: (is new, the role it has now). Raises LastAdmin.

    Without `role` a new account may look only, and an existing one keeps what it had.
    """

    async def job(connection: AsyncConnection) -> tuple[bool, Role]:
        known = await staff.find(connection, name)
        given = role or (known.role if known else Role.VIEWER)
        if known is not None and known.role is not given:
            await staff.set_role(connection, known.id, given, by=None)
        is_new = await staff.put(connection, name=name, role=given, password_hash=password_hash, now=now)
        made = await staff.find(connection, name)
        if made is not None:
            did = Action.ACCOUNT_CREATED if is_new else Action.PASSWORD_CHANGED
            await audit.note(connection, None, did, account_subject(made.id), now, {"role": given.value})
        return is_new, given

    return await database.write(job)


async def lock(database: Database, name: str, now: datetime) -> None:
    """Raises NoSuchAccount or LastAdmin."""

    async def job(connection: AsyncConnection) -> None:
        known = await staff.find(connection, name)
        if known is None:
            raise NoSuchAccount
        await invites.withdraw_of(connection, known.id)
        await staff.lock(connection, known.id, now, by=None)
        await audit.note(connection, None, Action.ACCOUNT_DISABLED, account_subject(known.id), now)

    await database.write(job)


async def told(database: Database, now: datetime, zone: tzinfo) -> list[str]:
    """A line for each account: name, role, state, last use."""
    async with database.read() as connection:
        accounts = await staff.accounts(connection)
    width = max((len(one.name) for one in accounts), default=0)
    return [
        f"{one.name.ljust(width)}  {f'{one.role.value} ({ROLES[one.role]})':<24}"
        f"  {'đang khóa' if one.disabled_at else 'đang dùng'}"
        f"  {f'dùng lần cuối {moment(one.seen_at, now, zone)}' if one.seen_at else 'chưa đăng nhập'}"
        for one in accounts
    ]
