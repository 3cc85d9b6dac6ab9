"""What goes to many is uploaded once, whoever comes first, and whatever becomes of whom."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import Refused, RetryLater
from connectors.uploads import REFUSED_FOR, Uploads


class Platform:
    """Counts uploads; the next ones end as `ends` says, the others with a new id."""

    def __init__(self) -> None:
        self.now = datetime(2026, 10, 2, tzinfo=UTC)
        self.uploads = Uploads(timedelta(days=6), lambda: self.now)
        self.count = 0
        self.ends: list[Exception] = []
        self.answers = asyncio.Event()
        self.answers.set()

    async def upload(self) -> str:
        self.count += 1
        number = self.count
        await self.answers.wait()
        if self.ends:
            raise self.ends.pop(0)
        return f"id-{number}"

    async def send(self, digest: str = "d", seconds: float = 5.0) -> str:
        return await self.uploads.share(digest, self.upload, seconds=seconds)


@pytest.fixture
def platform() -> Platform:
    return Platform()


async def test_five_hundred_at_once_share_one_upload_and_another_content_has_its_own(
    platform: Platform,
) -> None:
    got = await asyncio.gather(*(platform.send() for _ in range(500)))
    assert (set(got), platform.count) == ({"id-1"}, 1)
    assert await platform.send("other") == "id-2"
    platform.now += timedelta(days=6)
    assert await platform.send() == "id-3"


async def test_who_is_broken_off_or_has_no_time_left_takes_it_from_nobody(platform: Platform) -> None:
    platform.answers.clear()
    first = asyncio.create_task(platform.send())
    second = asyncio.create_task(platform.send())
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(RetryLater):
        await platform.send(seconds=0.01)
    platform.answers.set()
    assert (await second, platform.count) == ("id-1", 1)


async def test_a_refusal_is_everybodys_for_a_while_and_other_failures_are_tried_again(
    platform: Platform,
) -> None:
    platform.ends = [RetryLater("no answer"), Refused("no right", code="-223")]
    with pytest.raises(RetryLater):
        await platform.send()
    for _ in range(3):
        with pytest.raises(Refused, match="-223"):
            await platform.send()
    assert platform.count == 2
    platform.now += REFUSED_FOR
    assert await platform.send() == "id-3"


async def test_a_late_complaint_about_an_old_id_does_not_cost_the_new_one(platform: Platform) -> None:
    old = await platform.send()
    platform.uploads.forget(old)
    new = await platform.send()
    platform.uploads.forget(old)
    assert (await platform.send(), platform.count) == (new, 2)


async def test_closing_breaks_off_what_is_on_its_way(platform: Platform) -> None:
    platform.answers.clear()
    waiting = asyncio.create_task(platform.send())
    await asyncio.sleep(0)
    await platform.uploads.aclose()
    with pytest.raises(RetryLater):
        await waiting
