"""Passwords of staff accounts: made, judged, hashed and checked.

Passwords are compared as people see them: a letter with its accent is the same letter, however a keyboard
composed it. Nothing here may log a password or a name.
"""

from __future__ import annotations

import asyncio
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.store import audit, staff
from bot.store.audit import Action
from bot.store.database import Database

FIRST_ADMIN = "quantri"
MIN_LENGTH = 10
MAX_LENGTH = 200
_FEWEST_DIFFERENT = 5
_AT_ONCE = 2
_COUNTING = "0123456789" * 3
# Letters and digits that cannot be mistaken for each other when read aloud or off a screen.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_HASHER = PasswordHasher()


def new_password() -> str:
    """A password to be read off a screen: three groups of five, about 74 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(3))


def weakness_of(password: str, name: str) -> str:
    """Why this password will not do for the account `name`, in a sentence; "" when it will."""
    if len(password) < MIN_LENGTH:
        return f"Mật khẩu cần ít nhất {MIN_LENGTH} ký tự. Ba, bốn từ bạn dễ nhớ là tốt nhất."
    if len(password) > MAX_LENGTH:
        return f"Mật khẩu dài nhất là {MAX_LENGTH} ký tự."
    if len(set(password.casefold())) < _FEWEST_DIFFERENT or password in _COUNTING:
        return "Mật khẩu này dễ đoán quá. Bạn dùng ba, bốn từ khác nhau nhé."
    if _plain(password) == _plain(name):
        return "Mật khẩu không được giống tên đăng nhập."
    return ""


def hash_password(password: str) -> str:
    """The Argon2id hash to keep. Takes some tens of milliseconds on purpose."""
    return _HASHER.hash(_composed(password))


def is_password(stored_hash: str, password: str) -> bool:
    """Whether the password belongs to the hash."""
    try:
        return _HASHER.verify(stored_hash, _composed(password))
    except (VerificationError, ValueError):  # the latter when it is no hash at all
        return False


class PasswordDesk:
    """Hashes and checks in threads, few at a time: each costs 64 MB and tens of milliseconds on purpose."""

    def __init__(self) -> None:
        self._few = asyncio.Semaphore(_AT_ONCE)

    async def hashed(self, password: str) -> str:
        """The hash to keep."""
        async with self._few:
            return await asyncio.to_thread(hash_password, password)

    async def matches(self, stored_hash: str, password: str) -> bool:
        """Whether the password belongs to the hash."""
        async with self._few:
            return await asyncio.to_thread(is_password, stored_hash, password[:MAX_LENGTH])


async def first_admin(database: Database, clock: Clock) -> str:
    """Make the first administrator when there is no account at all; gives the password once, else ""."""
    async with database.read() as connection:
        if await staff.count(connection):
            return ""
    password = new_password()
    hashed = hash_password(password)
    now = clock()

    async def job(connection: AsyncConnection) -> bool:
        if await staff.count(connection):
            return False
        made = await staff.create(
            connection, name=FIRST_ADMIN, role=staff.Role.ADMIN, password_hash=hashed, now=now
        )
        await audit.note(connection, None, Action.ACCOUNT_CREATED, audit.account_subject(made), now)
        return True

    return password if await database.write(job) else ""


def _composed(password: str) -> str:
    return unicodedata.normalize("NFC", password)


def _plain(text: str) -> str:
    return "".join(_composed(text).casefold().split())
