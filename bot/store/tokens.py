"""Zalo's token pair in SQL: durable before it is used, refreshed by one process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.liveness import is_dead, this_process
from bot.store import accounts
from bot.store.database import Database
from connectors.zalo import TokenPair

TURN = timedelta(seconds=20)
"""How long one refresh may take before another process on another machine may try."""
WAIT_SECONDS = 10.0
FINGERPRINTS_KEPT = 200


@dataclass(frozen=True, slots=True)
class _Record:
    """What one account row holds. Tokens are secrets: this never reaches a log."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    obtained_at: datetime
    seen: tuple[str, ...] = ()


_CODEC = TypeAdapter(_Record)


class StoredTokens:
    """The pair of one account. Fulfils connectors.zalo.tokens.TokenStore."""

    def __init__(self, database: Database, account_key: str, clock: Clock) -> None:
        self._database = database
        self._key = account_key
        self._clock = clock

    async def _record(self) -> _Record | None:
        async with self._database.read() as connection:
            stored = await accounts.load_tokens(connection, self._key)
        return _CODEC.validate_json(stored) if stored else None

    async def load(self) -> TokenPair | None:
        """The stored pair, or None before the first."""
        record = await self._record()
        if record is None:
            return None
        return TokenPair(record.access_token, record.refresh_token, record.expires_at, record.obtained_at)

    async def save(self, pair: TokenPair) -> None:
        """Store the pair and remember its fingerprint; durable when it returns."""

        async def job(connection: AsyncConnection) -> None:
            stored = await accounts.load_tokens(connection, self._key)
            seen = _CODEC.validate_json(stored).seen if stored else ()
            seen = (*(known for known in seen if known != pair.fingerprint), pair.fingerprint)
            record = _Record(
                pair.access_token,
                pair.refresh_token,
                pair.expires_at,
                pair.obtained_at,
                seen[-FINGERPRINTS_KEPT:],
            )
            await accounts.save_tokens(connection, self._key, _CODEC.dump_json(record).decode())

        await self._database.write(job)

    async def has_seen(self, fingerprint: str) -> bool:
        """Was a pair with this fingerprint ever saved?"""
        record = await self._record()
        return record is not None and fingerprint in record.seen

    @asynccontextmanager
    async def refresh_turn(self) -> AsyncIterator[None]:
        """Admit one refresher across all processes; raises TimeoutError after about 10 seconds."""
        async with asyncio.timeout(WAIT_SECONDS):
            await self._take_turn()
        try:
            yield
        finally:
            await self._database.write(lambda c: accounts.end_refresh(c, self._key, this_process()))

    async def _take_turn(self) -> None:
        dead = ""
        while True:
            now = self._clock()

            async def job(connection: AsyncConnection, now: datetime = now, dead: str = dead) -> str:
                return await accounts.take_refresh(
                    connection,
                    self._key,
                    owner=this_process(),
                    now=now,
                    until=now + TURN,
                    dead_owner=dead,
                )

            holder = await self._database.write(job)
            if not holder:
                return
            dead = holder if is_dead(holder) else ""
            await asyncio.sleep(0 if dead else 0.1)
