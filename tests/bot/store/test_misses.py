"""Questions without a good answer are counted, not piled up."""

from __future__ import annotations

import asyncio

from bot.store import misses
from bot.store.database import Database
from tests.conftest import StandingClock


async def test_a_question_asked_again_is_counted_and_remembered_as_last_typed(
    database: Database, clock: StandingClock
) -> None:
    async def miss(key: str, sample: str, reason: str = "unknown") -> None:
        at = clock()
        await database.write(
            lambda c: misses.record(c, key=key, sample=sample, reason=reason, nearest="e", at=at)
        )

    began = clock()
    await miss("hoc phi bao nhieu", "học phí bao nhiêu")
    await miss("thoi tiet", "thời tiết?")
    clock.pass_(days=1)
    await asyncio.gather(*(miss("hoc phi bao nhieu", "Hoc phi bao nhieu?", "vague") for _ in range(5)))
    await miss("x" * 400 + "\x00", "\ud800\x00" + "y" * 900)

    async with database.read() as connection:
        first, second, _ = await misses.most_common(connection, 10)
        assert await misses.most_common(connection, 1) == [first]
    assert (first.key, first.sample, first.count) == ("hoc phi bao nhieu", "Hoc phi bao nhieu?", 6)
    assert (first.first_at, first.last_at, first.reason) == (began, clock(), "vague")
    assert (second.key, second.sample) == ("x" * 200, "y" * 500)
