"""The schema, shared commits, and the token store: what everything else trusts."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import schema
from bot.store.database import Database, StoreUnavailable
from bot.store.migrate import SchemaTooNew, is_current, migrate
from bot.store.tokens import StoredTokens
from connectors.zalo import TokenPair
from tests.conftest import StandingClock


async def test_the_migrations_lead_exactly_to_the_schema(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), schema.metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []
    assert await is_current(database)


async def test_several_processes_may_start_on_a_new_database_at_once(data_dir: Path) -> None:
    made = [Database(f"sqlite+aiosqlite:///{data_dir / 'new.db'}") for _ in range(4)]
    for database in made:
        await database.open()
    await asyncio.gather(*map(migrate, made))
    assert all([await is_current(database) for database in made])
    for database in made:
        await database.close()


async def test_a_database_from_the_future_is_left_alone(database: Database) -> None:
    stamp = text("UPDATE alembic_version SET version_num = :revision")
    async with database.read() as connection:
        current = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    await database.write(lambda c: c.execute(stamp, {"revision": "9999"}))
    try:
        with pytest.raises(SchemaTooNew):
            await migrate(database)
    finally:
        await database.write(lambda c: c.execute(stamp, {"revision": current}))


async def put(connection: AsyncConnection, key: str) -> None:
    await connection.execute(insert(schema.channel_accounts).values(key=key))


async def count(database: Database) -> int:
    async with database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(schema.channel_accounts)) or 0


async def test_a_failing_write_takes_no_neighbour_down(database: Database) -> None:
    await database.write(lambda c: put(c, "taken"))
    keys = [f"k{n}" if n % 5 else "taken" for n in range(40)]
    results = await asyncio.gather(
        *(database.write(lambda c, key=key: put(c, key)) for key in keys),  # type: ignore[misc]
        return_exceptions=True,
    )
    failed = [key for key, result in zip(keys, results, strict=True) if isinstance(result, Exception)]
    assert failed == ["taken"] * 8
    assert await count(database) == 1 + 32


async def test_a_write_that_is_reported_is_there_for_another_connection(database: Database) -> None:
    other = Database(database.url.render_as_string(hide_password=False))
    await other.open()
    for n in range(10):
        await database.write(lambda c, n=n: put(c, f"k{n}"))  # type: ignore[misc]
        assert await count(other) == n + 1
    await other.close()


async def test_an_unreachable_database_says_so_and_stores_nothing(data_dir: Path) -> None:
    missing = Database(f"sqlite+aiosqlite:///{data_dir / 'no' / 'such' / 'folder.db'}")
    with pytest.raises(StoreUnavailable):
        await missing.open()
    await missing.close()
    with pytest.raises(StoreUnavailable):
        await missing.write(lambda c: put(c, "k"))


def pair(clock: StandingClock, name: str) -> TokenPair:
    return TokenPair(f"access-{name}", f"refresh-{name}", clock() + timedelta(hours=25), clock())


async def test_a_token_pair_is_kept_and_every_pair_ever_kept_is_recognised(
    database: Database, clock: StandingClock
) -> None:
    store = StoredTokens(database, "zalo:1", clock)
    assert await store.load() is None
    first, second = pair(clock, "a"), pair(clock, "b")
    await store.save(first)
    await store.save(second)
    assert await StoredTokens(database, "zalo:1", clock).load() == second
    assert await store.has_seen(first.fingerprint)
    assert not await store.has_seen(pair(clock, "c").fingerprint)
    assert await StoredTokens(database, "zalo:2", clock).load() is None


async def test_one_refresher_at_a_time_and_a_dead_one_does_not_block_for_ever(
    database: Database, clock: StandingClock
) -> None:
    inside: list[int] = []
    most = 0

    async def refresh(number: int) -> None:
        nonlocal most
        async with StoredTokens(database, "zalo:1", clock).refresh_turn():
            inside.append(number)
            most = max(most, len(inside))
            await asyncio.sleep(0.05)
            inside.remove(number)

    await asyncio.gather(*map(refresh, range(5)))
    assert most == 1
    await database.write(
        lambda c: c.execute(
            schema.channel_accounts.update().values(
                refresh_owner="another machine#1#1", refresh_until=clock() + timedelta(seconds=20)
            )
        )
    )
    waiting = asyncio.create_task(refresh(9))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    clock.pass_(seconds=21)
    await waiting
