"""Tokens: one refresh for all, durable before use, the right pair after a restart, an alarm in time."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import timedelta

import aiohttp
import pytest
from structlog.testing import capture_logs

from connectors.errors import Misconfigured, RetryLater, SendError
from connectors.zalo.config import ZaloConfig
from connectors.zalo.oauth import ZaloOAuth
from connectors.zalo.token_store import RefreshedTokens, TokenPair
from connectors.zalo.tokens import ZaloTokens
from tests.connectors.zalo.fakes import (
    FakeClock,
    MemoryTokenStore,
    ScriptedServer,
    breaks_off,
    hangs_up,
    pair,
    says,
    says_text,
)

CONFIG = ZaloConfig("app", "secret", "oa1", "key")
DUE = timedelta(hours=21)


class FakeRefresher:
    """Trades each refresh token once, as Zalo does (platforms A4)."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.failures: list[SendError] = []
        self.gate: asyncio.Event | None = None

    async def refresh(self, refresh_token: str) -> RefreshedTokens:
        self.asked[refresh_token] += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        if self.asked[refresh_token] > 1:
            raise Misconfigured("spent", code="-14014")
        return RefreshedTokens(f"access-of-{refresh_token}", f"next-of-{refresh_token}", timedelta(hours=25))


class House:
    """One store, one clock and one OAuth server, seen by any number of processes."""

    def __init__(self, stored: TokenPair | None = None) -> None:
        self.store = MemoryTokenStore(stored)
        if stored:
            self.store.seen.add(stored.fingerprint)
        self.refresher = FakeRefresher()
        self.clock = FakeClock()

    def process(self, environment: tuple[str, str] = ("", "")) -> ZaloTokens:
        return ZaloTokens(CONFIG, self.store, self.refresher, clock=self.clock, environment=environment)


async def test_a_young_token_is_used_as_it_is() -> None:
    house = House(pair("a"))

    assert await house.process().current() == "access-a"
    assert house.refresher.asked.total() == 0


async def test_many_callers_in_many_processes_refresh_exactly_once() -> None:
    house = House(pair("a"))
    processes = [house.process(), house.process()]
    for process in processes:
        await process.current()
    house.clock.now += DUE
    barrier = asyncio.Barrier(20)

    async def ask(process: ZaloTokens) -> str:
        await barrier.wait()
        return await process.current()

    tokens = await asyncio.gather(*(ask(processes[n % 2]) for n in range(20)))

    assert set(tokens) == {"access-of-refresh-a"}
    assert house.refresher.asked == {"refresh-a": 1}


async def test_many_rejections_of_one_token_refresh_exactly_once() -> None:
    house = House(pair("a"))
    processes = [house.process(), house.process()]
    for process in processes:
        await process.current()
    house.clock.move(minutes=5)

    tokens = await asyncio.gather(*(processes[n % 2].reject("access-a") for n in range(20)))

    assert set(tokens) == {"access-of-refresh-a"}
    assert house.refresher.asked == {"refresh-a": 1}


async def test_a_late_rejection_of_an_old_token_refreshes_nothing() -> None:
    house = House(pair("b"))
    process = house.process()
    await process.current()

    assert await process.reject("access-a") == "access-b"
    assert house.refresher.asked.total() == 0


async def test_the_new_pair_is_stored_before_anybody_has_it() -> None:
    house = House(pair("a", expires_in=timedelta(0)))
    house.store.failing_saves = 100
    process = house.process()

    with pytest.raises(RetryLater):
        await process.current()
    house.store.failing_saves = 0

    assert await process.current() == "access-of-refresh-a"
    assert house.store.stored is not None
    assert house.store.stored.refresh_token == "next-of-refresh-a"
    assert house.refresher.asked == {"refresh-a": 1}


async def test_a_cancelled_caller_does_not_cancel_the_refresh() -> None:
    house = House(pair("a", expires_in=timedelta(0)))
    house.refresher.gate = asyncio.Event()
    process = house.process()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(process.current(), 0.02)
    house.refresher.gate.set()
    await process.aclose()

    assert house.store.stored is not None
    assert house.store.stored.access_token == "access-of-refresh-a"


async def test_a_crash_between_refresh_and_save_is_noticed() -> None:
    house = House(pair("a"))
    house.clock.now += DUE
    await house.refresher.refresh("refresh-a")  # Zalo gave a new pair to a process that died with it

    with capture_logs() as logs:
        process = house.process()
        assert await process.current() == "access-a"  # perhaps still good: the platform will tell
        with pytest.raises(Misconfigured):
            await process.reject("access-a")

    assert process.state.refused_code == "-14014"
    assert "zalo_token_refresh_refused" in [log["event"] for log in logs]
    assert "refresh-a" not in repr(logs)


async def test_a_refused_refresh_is_not_asked_again_at_once() -> None:
    house = House(pair("a", expires_in=timedelta(0)))
    house.refresher.failures = [Misconfigured("no", code="-14014")]
    process = house.process()

    for _ in range(5):
        with pytest.raises(Misconfigured):
            await process.current()

    assert house.refresher.asked["refresh-a"] == 1


async def test_a_new_pair_from_the_operator_ends_the_alarm_without_a_restart() -> None:
    house = House(pair("a", expires_in=timedelta(0)))
    house.refresher.failures = [Misconfigured("no", code="-14014")]
    process = house.process()
    with pytest.raises(Misconfigured):
        await process.current()

    await house.store.save(pair("b"))

    assert await process.current() == "access-b"
    assert process.state.refused_code == ""


async def test_a_failing_refresh_leaves_the_living_token_in_use_and_pauses() -> None:
    house = House(pair("a"))
    house.clock.now += DUE
    house.refresher.failures = [RetryLater("503"), RetryLater("503")]
    process = house.process()

    assert [await process.current() for _ in range(5)] == ["access-a"] * 5
    assert house.refresher.asked["refresh-a"] == 1
    assert process.state.failing_since == house.clock.now


async def test_a_failing_refresh_of_a_dead_token_is_tried_by_every_caller() -> None:
    house = House(pair("a", expires_in=timedelta(0)))
    house.refresher.failures = [RetryLater("503"), RetryLater("503")]
    process = house.process()

    for _ in range(2):
        with pytest.raises(RetryLater):
            await process.current()
    house.refresher.asked.clear()

    assert await process.current() == "access-of-refresh-a"


async def test_waiting_too_long_for_the_turn_is_tried_again_later() -> None:
    house = House(pair("a", expires_in=timedelta(0)))
    house.store.turn_times_out = True

    with pytest.raises(RetryLater):
        await house.process().current()


async def test_a_new_environment_pair_is_taken_and_an_old_one_is_not() -> None:
    house = House()
    first = ("access-env", "refresh-env")

    assert await house.process(first).current() == "access-env"
    house.clock.now += DUE
    assert await house.process(first).current() == "access-of-refresh-env"
    assert await house.process(first).current() == "access-of-refresh-env"  # the stored pair wins
    assert await house.process(("access-new", "refresh-new")).current() == "access-new"
    assert await house.process(first).current() == "access-new"


async def test_a_refresh_token_alone_is_enough_to_begin() -> None:
    house = House()

    assert await house.process(("", "refresh-env")).current() == "access-of-refresh-env"


async def test_two_processes_adopt_a_new_environment_pair_once() -> None:
    house = House(pair("old"))
    environment = ("access-env", "refresh-env")

    tokens = await asyncio.gather(*(house.process(environment).current() for _ in range(4)))

    assert tokens == ["access-env"] * 4


async def test_no_pair_anywhere_needs_a_person() -> None:
    with pytest.raises(Misconfigured):
        await House().process().current()


async def test_a_rejected_newborn_token_is_not_burned() -> None:
    house = House(pair("a", expires_in=timedelta(0)))
    process = house.process()
    fresh = await process.current()

    with pytest.raises(RetryLater):
        await process.reject(fresh)
    house.clock.move(seconds=4)

    assert await process.reject(fresh) == "access-of-next-of-refresh-a"


async def test_the_token_stays_fresh_without_traffic_and_the_alarm_is_raised_in_time() -> None:
    house = House(pair("a"))
    house.clock.move(hours=21, minutes=30)
    house.refresher.failures = [RetryLater("503")]
    stop = asyncio.Event()
    process = house.process()

    with capture_logs() as logs:
        watch = asyncio.create_task(process.keep_fresh(stop))
        await asyncio.sleep(0.05)
        stop.set()
        await watch
    assert [log["event"] for log in logs] == ["zalo_token_refresh_failed", "zalo_token_expiry_near"]

    stop.clear()
    house.clock.move(minutes=1)
    house.refresher.asked.clear()
    watch = asyncio.create_task(process.keep_fresh(stop))
    await asyncio.sleep(0.05)
    stop.set()
    await watch
    assert house.store.stored is not None
    assert house.store.stored.access_token == "access-of-refresh-a"
    assert not process.state.is_expiry_near


async def test_a_broken_store_is_tried_again_later() -> None:
    house = House(pair("a"))

    async def load() -> TokenPair | None:
        raise OSError("the database is away")

    house.store.load = load  # type: ignore[method-assign]

    with pytest.raises(RetryLater):
        await house.process().current()


def test_tokens_never_show() -> None:
    assert "access-a" not in repr(pair("a"))
    assert "refresh-a" not in repr(pair("a"))
    assert "secret" not in repr(CONFIG)


async def ask_oauth(*answers: object) -> RefreshedTokens:
    async with ScriptedServer() as server, aiohttp.ClientSession() as session:
        server.on("/v4/oa/access_token", *answers)  # type: ignore[arg-type]
        try:
            return await ZaloOAuth(session, server.config()).refresh("refresh-a")
        finally:
            (request,) = server.requests
            assert request.headers["secret_key"] == "appSecretKey"
            assert request.headers["content-type"] == "application/x-www-form-urlencoded"
            assert request.body == {
                "refresh_token": "refresh-a",
                "app_id": "app",
                "grant_type": "refresh_token",
            }


async def test_the_lifetime_comes_as_text() -> None:
    given = await ask_oauth({"access_token": "x", "refresh_token": "y", "expires_in": "90000"})

    assert given == RefreshedTokens("x", "y", timedelta(hours=25))


@pytest.mark.parametrize("expires_in", ["soon", "", None, -5, [], "0"])
async def test_a_nonsense_lifetime_is_not_believed(expires_in: object) -> None:
    given = await ask_oauth({"access_token": "x", "refresh_token": "y", "expires_in": expires_in})

    assert given.lifetime is None


@pytest.mark.parametrize(
    "answer",
    [
        {"error": -14014, "error_name": "Invalid refresh token", "ref_doc": ""},
        {"error": -118},
        {"error": "-14002"},
        {"error_description": "no"},
        {"access_token": ""},
        {},
    ],
    ids=json.dumps,
)
async def test_every_readable_answer_without_a_token_is_a_refusal(answer: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        await ask_oauth(answer)


@pytest.mark.parametrize(
    "answer",
    [
        {"error": -32},
        says({}, 503),
        says_text("<html>", 502),
        says_text("<html>bảo trì"),
        hangs_up,
        breaks_off,
    ],
)
async def test_rate_limits_and_broken_lines_are_tried_again(answer: object) -> None:
    with pytest.raises(RetryLater):
        await ask_oauth(answer)
