"""Forgetting somebody, and forgetting them again when a backup brings them back.

What is kept of a person lies in many tables; `forget` is the one place that goes through all of them. The
list of who was forgotten is in SQL and, for the case that the database itself is replaced, in
DATA_DIR/erasures.txt: digests and moments, neither tells who it was.
"""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.nerves import Nerves
from bot.store import assessments, conversations, erasures, profiles, recipients, subscriptions
from bot.store.database import Database
from bot.store.erasures import Entries

log = structlog.get_logger(__name__)

FILE = "erasures.txt"
"""Below DATA_DIR."""
SETTLED_AFTER = timedelta(days=7)
"""The bare demand and its receipt stay for so long: platforms deliver late and twice."""
_LINE = re.compile(r"([0-9a-f]{64}) (\S{10,40})")
_MOST = 64 * 1024 * 1024
"""Bytes of the file that are read: about six hundred thousand people."""


async def forget(
    connection: AsyncConnection, key: str, at: datetime, *, keep_event: int | None = None
) -> None:
    """Erase everything about one person and put them on the list, in the caller's transaction.

    `keep_event`: the demand, which stays without its content, with the answer to it, until the receipt is
    surely there; None leaves nothing at all. Files of evidence are marked for removal; sheets are the
    cabinet's, and go before.
    """
    if keep_event is None:
        await conversations.remove(connection, key)
    else:
        await conversations.forget(connection, key, keep_event=keep_event)
    await assessments.forget(connection, key, at)
    await recipients.erase(connection, key, at)
    await subscriptions.forget(connection, key)
    await profiles.forget(connection, key)
    await erasures.add(connection, erasures.hash_of(key), at, event_id=keep_event)


# --- the list beside the database --------------------------------------------------------------------


def read(data_dir: Path) -> dict[str, datetime]:
    """The list beside the database; lines that are none are passed over. Blocking. Raises OSError."""
    found: dict[str, datetime] = {}
    try:
        with (data_dir / FILE).open(encoding="ascii", errors="replace") as opened:
            written = opened.read(_MOST)
    except FileNotFoundError:
        return found
    for line in written.splitlines():
        if (entry := _LINE.fullmatch(line)) is None:
            continue
        try:
            at = datetime.fromisoformat(entry[2])
        except ValueError:
            continue
        if at.tzinfo is not None:
            found[entry[1]] = max(at, found.get(entry[1], at))
    return found


def append(data_dir: Path, entries: Entries) -> None:
    """Add to the list beside the database, for certain. Blocking. Raises OSError."""
    if not entries:
        return
    lines = "".join(f"{key} {at.astimezone(UTC).isoformat()}\n" for key, at in entries.items())
    place = data_dir / FILE
    handle = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        # A line a power cut broke off must not swallow the next one.
        os.write(handle, f"\n{lines}".encode("ascii"))
        os.fsync(handle)
    finally:
        os.close(handle)


async def write_beside(database: Database, data_dir: Path, key: str) -> None:
    """After an erasure: the same line beside the database. What fails is caught up at the next start."""
    key_hash = erasures.hash_of(key)
    try:
        async with database.read() as connection:
            at = await erasures.since(connection, key_hash)
        if at is not None:
            await asyncio.to_thread(append, data_dir, {key_hash: at})
    except OSError as error:
        log.warning("erasure_not_beside", reason=type(error).__name__)


# --- again, after a restore --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Replayed:
    """Who was forgotten again."""

    keys: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    """Of their self-assessments: their files go too."""


async def replay(database: Database, known: Entries) -> Replayed:
    """Forget everybody on the list `known` whom the database does not know to be forgotten since then.

    Whoever came back after they were forgotten stands in the database's own list, and stays.
    """
    async with database.read() as connection:
        theirs = await erasures.known(connection)
        missing = {one: at for one, at in known.items() if one not in theirs or theirs[one] < at}
        if not missing:
            return Replayed()
        there = await erasures.people(connection)
    keys, codes = [], []
    for key_hash, at in missing.items():
        key = there.get(key_hash)
        if key is None:
            await database.write(lambda c, h=key_hash, at=at: erasures.add(c, h, at))  # type: ignore[misc]
            continue
        async with database.read() as connection:
            codes += [one.code for one in await assessments.of_conversation(connection, key)]
        await database.write(lambda c, key=key, at=at: forget(c, key, at))  # type: ignore[misc]
        keys.append(key)
    return Replayed(tuple(keys), tuple(codes))


async def catch_up(database: Database, data_dir: Path) -> Replayed:
    """At every start: both lists become one, and who was brought back by a restore is forgotten again."""
    try:
        beside = await asyncio.to_thread(read, data_dir)
        again = await replay(database, beside)
        async with database.read() as connection:
            ours = await erasures.known(connection)
        news = {one: at for one, at in ours.items() if beside.get(one) != at}
        await asyncio.to_thread(append, data_dir, news)
    except OSError as error:
        log.warning("erasures_not_caught_up", reason=type(error).__name__)
        return Replayed()
    if again.keys:
        log.warning("erasures_replayed", people=len(again.keys))
    return again


# --- the last traces ---------------------------------------------------------------------------------


async def settle(database: Database, nerves: Nerves | None, now: datetime) -> int:
    """Remove the bare demand, its receipt and the conversation's row of those who never wrote again."""
    async with database.read() as connection:
        waiting = await erasures.left_behind(connection, now - SETTLED_AFTER)
    gone = 0
    for one in waiting:

        async def job(connection: AsyncConnection, one: erasures.Left = one) -> bool:
            is_theirs = bool(one.conversation_key) and not one.came_back
            if is_theirs and not await erasures.may_go(connection, one):
                return False
            if is_theirs:
                await conversations.remove(connection, one.conversation_key)
            await erasures.settle(connection, one)
            return is_theirs

        if await database.write(job):
            gone += 1
            if nerves is not None:
                await nerves.forget(one.conversation_key)
    return gone
