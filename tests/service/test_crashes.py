"""kill -9 at every step of a message's path, and at random ones: nothing acknowledged goes unanswered."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from connectors.sandbox import StandIn
from tests.service.conftest import Town

pytestmark = [pytest.mark.crash, pytest.mark.timeout(180)]

QUESTIONS = ("quyet dinh 1373 la gi", "ngay khuyen hoc la ngay nao", "hoi khuyen hoc la gi")
STARTS = ("Quyết định 1373/QĐ-TTg", "Ngày Khuyến học Việt Nam", "Hội Khuyến học Việt Nam")
POINTS = (
    "stored-not-announced",
    "announced-not-taken",
    "turn-decided",
    "before-commit",
    "after-commit",
    "claimed-not-sent",
    "accepted-not-recorded",
    "recorded",
)


def answered(texts: list[str]) -> list[str]:
    """Which of our questions each answer belongs to."""
    return [next(s for s in STARTS if text.startswith(s)) for text in texts]


async def redeliver(stand_in: StandIn) -> None:
    """What the platform does in the end with everything we did not acknowledge; here without its pauses."""
    await stand_in.settled()  # an echo on its way has no outcome yet
    for delivery in list(stand_in.webhooks.deliveries):
        if not delivery.accepted and not delivery.attempts[-1].accepted:
            assert (await stand_in.webhooks.post_again(delivery)).accepted


@pytest.mark.parametrize("platform", ["zalo", "messenger"])
@pytest.mark.parametrize("point", POINTS)
async def test_killed_at_any_step_every_message_is_answered_in_order(
    town: Town, point: str, platform: str
) -> None:
    stand_in = town.zalo if platform == "zalo" else town.graph
    person = (
        town.zalo.person("2512523625412515") if platform == "zalo" else town.graph.person("7654321098765432")
    )
    doomed = await town.service.start(crash_at=point)
    stand_in.webhooks.retries = False
    for question in QUESTIONS:
        await person.says(question)
    async with asyncio.timeout(20):
        assert await doomed.wait() == -9
    await town.service.start()
    await redeliver(stand_in)
    await stand_in.wait_for(lambda s: len(set(answered([m.text for m in s.sent]))) == len(STARTS), timeout=15)
    await asyncio.sleep(1.0)
    got = answered([m.text for m in stand_in.sent])
    assert list(dict.fromkeys(got)) == list(STARTS), "in the order they were asked"
    copies = Counter(got)
    if point == "accepted-not-recorded":
        assert max(copies.values()) <= 2
    else:
        assert copies == Counter(STARTS)


async def test_an_echo_that_arrives_after_the_crash_spares_the_second_copy(town: Town) -> None:
    """The platform repeats its webhooks until we are back; our own words coming home are proof enough."""
    town.zalo.webhooks.retries = False
    person = town.zalo.person("2512523625412515")
    doomed = await town.service.start(crash_at="accepted-not-recorded")
    await person.says(QUESTIONS[0])
    async with asyncio.timeout(20):
        await doomed.wait()
    await town.zalo.settled()
    assert len(town.zalo.sent) == 1
    await town.service.start()
    await redeliver(town.zalo)
    await asyncio.sleep(8)
    assert len(town.zalo.sent) == 1


async def test_random_kills_lose_nothing(town: Town) -> None:
    chance = random.Random(20261002)
    people = [town.zalo.person(f"25125236254125{n:02}") for n in range(6)]
    town.zalo.webhooks.retries = False
    for _ in range(8):
        process = await town.service.start()
        await redeliver(town.zalo)
        kill = asyncio.create_task(_kill_after(town, process, chance.uniform(0.02, 0.5)))
        for person in people:
            await person.says(QUESTIONS[0])
        await kill
    await town.service.start()
    await redeliver(town.zalo)
    await town.zalo.wait_for(lambda s: all(len(s.sent_to(p.id)) >= 8 for p in people), timeout=60)


async def _kill_after(town: Town, process: asyncio.subprocess.Process, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await town.service.kill(process)
