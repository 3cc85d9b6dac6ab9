"""Writes share commits without sharing failures, and acknowledgements go first without stopping the rest."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.inbox import Inbox
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.store import events
from bot.store.database import Database, StoreUnavailable
from bot.store.migrate import migrate
from bot.store.right_of_way import RightOfWay
from bot.store.schema import inbound_events
from connectors.message import InboundEvent
from tests.bot.fakes import said
from tests.conftest import StandingClock


async def _stored(database: Database) -> set[str]:
    async with database.read() as connection:
        return set((await connection.execute(select(inbound_events.c.event_key))).scalars())


async def test_deliveries_that_wait_together_are_stored_together(
    database: Database, nerves: Nerves, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    insert = events.insert

    async def counted(connection: AsyncConnection, heard: Sequence[InboundEvent], at: datetime) -> None:
        sizes.append(len(heard))
        await insert(connection, heard, at)

    monkeypatch.setattr(events, "insert", counted)
    inbox = Inbox(database, nerves, clock, Metrics())
    await asyncio.gather(*[inbox.accept([said(f"câu {n}", key=f"k{n}")]) for n in range(50)])
    assert await _stored(database) == {f"k{n}" for n in range(50)}
    assert sum(sizes) == 50
    assert len(sizes) < 10


async def test_a_delivery_that_cannot_be_stored_is_refused_alone(
    database: Database, nerves: Nerves, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = events.insert

    async def picky(connection: AsyncConnection, heard: Sequence[InboundEvent], at: datetime) -> None:
        await insert(connection, heard, at)
        if any(event.key == "bad" for event in heard):
            raise ValueError("this one cannot be stored")

    monkeypatch.setattr(events, "insert", picky)
    inbox = Inbox(database, nerves, clock, Metrics())
    keys = ["k1", "k2", "bad", "k3"]
    outcomes = await asyncio.gather(
        *[inbox.accept([said(key, key=key)]) for key in keys], return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), type(None), ValueError, type(None)]
    assert await _stored(database) == {"k1", "k2", "k3"}


async def test_an_urgent_write_goes_before_those_already_waiting(data_dir: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{data_dir / 'test.db'}")
    await database.open()
    done: list[str] = []

    async def write(name: str, *, urgent: bool) -> None:
        async def job(connection: AsyncConnection) -> None:
            await connection.execute(text("SELECT 1"))
            done.append(name)

        await database.write(job, urgent=urgent)

    await asyncio.gather(*[write(f"turn {n}", urgent=False) for n in range(3)], write("ack", urgent=True))
    await database.close()
    assert done == ["ack", "turn 0", "turn 1", "turn 2"]


async def test_a_write_waits_for_another_process_without_stopping_the_loop(data_dir: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{data_dir / 'test.db'}")
    await database.open()
    await migrate(database)
    other = sqlite3.connect(data_dir / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(database.write(lambda c: c.execute(text("DELETE FROM turns"))))
    ticks = 0
    for _ in range(20):
        await asyncio.sleep(0.01)
        ticks += 1
    assert ticks == 20
    assert not writing.done()
    other.execute("COMMIT")
    other.close()
    await asyncio.wait_for(writing, 2)
    await database.close()


async def test_a_write_that_meets_a_lock_for_too_long_is_refused(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.database.BUSY_SECONDS", 0.1)
    database = Database(f"sqlite+aiosqlite:///{data_dir / 'test.db'}")
    await database.open()
    await migrate(database)
    other = sqlite3.connect(data_dir / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        await database.write(lambda c: c.execute(text("DELETE FROM turns")))
    other.execute("ROLLBACK")
    other.close()
    await database.write(lambda c: c.execute(text("DELETE FROM turns")))
    await database.close()


async def test_others_give_way_to_an_acknowledgement_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.store.right_of_way.GIVE_WAY_SECONDS", 5.0)
    way = RightOfWay()
    order: list[str] = []

    async def turn() -> None:
        await way.give_way()
        order.append("turn")

    with way.taken():
        waiting = asyncio.create_task(turn())
        await asyncio.sleep(0.002)
        order.append("acknowledged")
    await waiting
    monkeypatch.setattr("bot.store.right_of_way.GIVE_WAY_SECONDS", 0.01)
    with way.taken():
        await asyncio.wait_for(turn(), 5)
    assert order == ["acknowledged", "turn", "turn"]
