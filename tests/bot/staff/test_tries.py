"""Tries of a password are few, whichever of the web processes they come to, with Redis and without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.nerves import Nerves
from bot.staff.signin import TRIES_PER_NAME
from bot.staff.tries import Tries
from bot.store.database import Database
from tests.bot.staff.conftest import Console
from tests.conftest import StandingClock


@pytest.fixture
async def other(redis_url: str) -> AsyncIterator[Nerves]:
    """The connection of another web process."""
    made = Nerves(redis_url)
    yield made
    await made.aclose()


async def test_two_web_processes_count_tries_together(
    database: Database,
    clock: StandingClock,
    nerves: Nerves,
    other: Nerves,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("nobody's")
    monkeypatch.setattr("bot.staff.signin._nobodys_hash", lambda: cheap)
    first, second = Console(database, clock), Console(database, clock)
    for console, own in ((first, nerves), (second, other)):
        console.desk = replace(console.desk, shared_tries=own.try_once)
        await console.start()
    try:
        for number in range(TRIES_PER_NAME):
            console = (first, second)[number % 2]
            assert (await console.post("/staff/login", ten="cô Lan", mat_khau="sai")).status == 401
        slowed = await second.post("/staff/login", ten="Cô Lan", mat_khau="sai")
        assert slowed.status == 429
        assert 290 < int(slowed.headers["Retry-After"]) <= 300
        assert (await first.post("/staff/login", ten="thầy Ba", mat_khau="sai")).status == 401
    finally:
        await first.client.close()
        await second.client.close()


async def test_without_redis_each_process_goes_on_counting(nerves: Nerves) -> None:
    is_away = False

    async def shared(name: str, limit: int, seconds: float) -> int:
        if is_away:
            raise RedisError
        return await nerves.try_once(name, limit, seconds)

    tries = Tries("name", 3, 300.0, shared)
    assert [await tries.admit("lan") for _ in range(2)] == [0, 0]
    is_away = True
    assert await tries.admit("lan") == 0
    assert await tries.admit("lan") > 0, "what went through here before is remembered here"
    away = Nerves("redis://127.0.0.1:1/0")
    alone = Tries("name", 1, 300.0, away.try_once)
    assert [await alone.admit("lan") > 0 for _ in range(2)] == [False, True]
    await away.aclose()


async def test_tries_grow_old_and_refused_ones_do_not_keep_the_door_shut(nerves: Nerves) -> None:
    assert await nerves.try_once("lan", 1, 0.3) == 0
    for _ in range(3):
        assert await nerves.try_once("lan", 1, 0.3) == 1
    await asyncio.sleep(0.35)  # the window goes by the clock of Redis
    assert await nerves.try_once("lan", 1, 0.3) == 0


async def test_redis_learns_no_name_and_no_address(nerves: Nerves, redis_url: str) -> None:
    await Tries("name", 3, 300.0, nerves.try_once).admit("lan\n203.0.113.9")
    redis = Redis.from_url(redis_url, decode_responses=True)
    try:
        keys = [key async for key in redis.scan_iter("kh:tries:*")]
        left = await redis.pttl(keys[0])
        held = await redis.zrange(keys[0], 0, -1)
    finally:
        await redis.aclose()
    assert len(keys) == 1
    assert "lan" not in f"{keys} {held}"
    assert "203.0" not in f"{keys} {held}"
    assert 290_000 < left <= 300_000
