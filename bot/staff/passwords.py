"""Passwords of staff accounts: made, hashed and checked."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.clock import Clock
from bot.store import staff
from bot.store.database import Database

FIRST_ADMIN = "quantri"
MIN_LENGTH = 10
# Letters and digits that cannot be mistaken for each other when read aloud or off a screen.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_HASHER = PasswordHasher()


def new_password() -> str:
    """A password to be read off a screen: three groups of five, about 74 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(3))


def hash_password(password: str) -> str:
    """The Argon2id hash to keep. Takes some tens of milliseconds on purpose."""
    return _HASHER.hash(password)


def is_password(stored_hash: str, password: str) -> bool:
    """Whether the password belongs to the hash."""
    try:
        return _HASHER.verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False


async def first_admin(database: Database, clock: Clock) -> str:
    """Make the first administrator when there is no account at all; gives the password once, else ""."""
    async with database.read() as connection:
        if await staff.count(connection):
            return ""
    password = new_password()
    hashed = hash_password(password)
    now = clock()
    await database.write(
        lambda c: staff.put(c, name=FIRST_ADMIN, role=staff.Role.ADMIN, password_hash=hashed, now=now)
    )
    return password
