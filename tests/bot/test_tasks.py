"""Background tasks end, also those in which a library swallows the cancellation."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from bot.tasks import end


async def test_a_task_that_swallows_its_first_cancellation_ends_all_the_same() -> None:
    async def stubborn() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    async def failing() -> None:
        raise RuntimeError("of its own")

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(failing())]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end(*tasks)
    assert all(task.done() for task in tasks)
