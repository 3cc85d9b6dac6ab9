"""What the bot has learnt to answer is found out by asking again, and nothing else is called solved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot import misses_again
from bot.misses_again import Known, MissesAgain, Report
from bot.store import content as stored
from bot.store import misses
from bot.store.content import Status
from bot.store.database import Database
from bot.store.misses import Miss, State
from knowledge.base import KnowledgeBase
from knowledge.content import Item, Kind, content_of, item
from nlu.text import vietnamese_text
from tests.conftest import StandingClock

ASKED, UNKNOWN = "quên mật khẩu tài khoản", "thời tiết hôm nay"


class Held:
    """Locks that are free, or are not."""

    def __init__(self) -> None:
        self.is_free = True

    @asynccontextmanager
    async def lock(self, _: str) -> AsyncIterator[bool]:
        yield self.is_free


class House:
    """Content in a database, and a base that is made of it when told to."""

    def __init__(self, database: Database, clock: StandingClock) -> None:
        self.database, self.clock, self.nerves = database, clock, Held()
        self.known = Known(-1, KnowledgeBase(content_of(()), vietnamese_text()))
        self.again = MissesAgain(database, self.nerves, lambda: self.known, clock)

    async def publish(self, entry_id: str, question: str, *variants: str) -> None:
        source = {"title": "Điều lệ"}
        fact = {"statement": "Hội.", "certainty": "certain", "locator": "1", "source": source}
        body = {"question": question, "variants": [*variants], "answer": "Đây.", "facts": ["f"]}
        for one in (item(Kind.FACT, "f", fact), item(Kind.ENTRY, entry_id, body)):
            await self._save(one)
        await self.take_over()

    async def take_over(self) -> None:
        async with self.database.read() as connection:
            revision = await stored.revision(connection)
            items = await stored.load(connection)
        self.known = Known(revision, KnowledgeBase(content_of(items), vietnamese_text()))

    async def _save(self, one: Item) -> None:
        at = self.clock()
        await self.database.write(
            lambda c: stored.save(c, one, by="Lan", why="", at=at, status=Status.PUBLISHED)
        )

    async def miss(self, text: str, reason: str = "not_known", nearest: str = "") -> None:
        key, at = vietnamese_text().fold(text), self.clock()
        await self.database.write(
            lambda c: misses.record(c, key=key, sample=text, reason=reason, nearest=nearest, at=at)
        )

    async def kept(self, text: str) -> Miss:
        async with self.database.read() as connection:
            (found,) = await misses.find(connection, [vietnamese_text().fold(text)])
        return found


@pytest.fixture
async def house(database: Database, clock: StandingClock, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(misses_again, "PAUSE_SECONDS", 0)
    made = House(database, clock)
    await made.publish("gio", "Hội làm việc giờ nào?")
    return made


async def test_what_is_answered_now_is_solved_and_says_by_what(house: House) -> None:
    await house.miss(ASKED)
    await house.miss(UNKNOWN)
    assert await house.again.ask_again() == Report(2, 0)
    house.clock.pass_(hours=1)
    await house.publish("mat-khau", "Quên mật khẩu thì làm sao?", "quên mật khẩu tài khoản")
    assert await house.again.ask_again() == Report(2, 1)
    solved, still = await house.kept(ASKED), await house.kept(UNKNOWN)
    assert (solved.state, solved.answered_by, solved.decided_by, solved.decided_at) == (
        State.SOLVED,
        "mat-khau",
        "",
        house.clock(),
    )
    assert still.state is State.OPEN
    assert await house.again.ask_again() == Report(0, 0)


async def test_the_answer_somebody_found_wrong_does_not_solve_it_until_it_is_changed(house: House) -> None:
    await house.publish("mat-khau", "Quên mật khẩu thì làm sao?", ASKED)
    house.clock.pass_(hours=1)
    await house.miss(ASKED, misses.WRONG, "mat-khau")
    assert await house.again.ask_again() == Report(1, 0)
    await house.publish("gio", "Hội mở cửa giờ nào?")
    assert await house.again.ask_again() == Report(1, 0)
    house.clock.pass_(hours=1)
    await house.publish("mat-khau", "Quên mật khẩu thì lấy lại thế nào?", ASKED)
    assert await house.again.ask_again() == Report(1, 1)


async def test_what_was_added_for_nothing_is_free_again_and_remembers_to_what(house: House) -> None:
    await house.miss(UNKNOWN)
    await house.miss(ASKED)
    await house.publish("mat-khau", "Quên mật khẩu thì làm sao?", ASKED)
    at, revision = house.clock(), house.known.revision
    keys = [vietnamese_text().fold(one) for one in (ASKED, UNKNOWN)]
    await house.database.write(lambda c: misses.hand_to(c, keys, "mat-khau", revision, by="Lan", at=at))
    assert await house.again.ask_again() == Report(2, 1)
    solved, free = await house.kept(ASKED), await house.kept(UNKNOWN)
    assert (solved.state, solved.decided_by, solved.decided_at) == (State.SOLVED, "Lan", at)
    assert (free.state, free.answered_by) == (State.OPEN, "mat-khau")


async def test_what_lay_in_the_group_an_answer_was_written_for_is_free_again(house: House) -> None:
    await house.miss(UNKNOWN)
    await house.miss(ASKED)
    at, keys = house.clock(), [vietnamese_text().fold(one) for one in (ASKED, UNKNOWN)]
    await house.database.write(lambda c: misses.decide(c, keys, State.TAKEN, by="Lan", at=at))
    assert await house.again.ask_again() == Report(2, 0)
    assert (await house.kept(UNKNOWN)).state is State.TAKEN
    await house.publish("mat-khau", "Quên mật khẩu thì làm sao?", ASKED)
    assert await house.again.ask_again() == Report(2, 1)
    assert [(await house.kept(one)).state for one in (ASKED, UNKNOWN)] == [State.SOLVED, State.OPEN]


async def test_only_the_newest_are_asked_in_one_go(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(misses_again, "ASKED_AT_MOST", 2)
    monkeypatch.setattr(misses_again, "PORTION", 1)
    for text in ("một", "hai", "ba"):
        await house.miss(text)
        house.clock.pass_(minutes=1)
    assert (await house.again.ask_again()).asked == 2
    async with house.database.read() as connection:
        left = await misses.to_ask_again(connection, house.known.revision, 10)
    assert [one.key for one in left] == ["mot"]
    assert (await house.again.ask_again()).asked == 1


async def test_two_processes_asking_at_once_end_as_one_would(house: House) -> None:
    await house.miss(ASKED)
    await house.publish("mat-khau", "Quên mật khẩu thì làm sao?", ASKED)
    reports = await asyncio.gather(house.again.ask_again(), house.again.ask_again())
    assert sum(one.solved for one in reports) == 1
    assert (await house.kept(ASKED)).state is State.SOLVED


async def test_it_looks_by_itself_after_every_change_and_not_while_another_process_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(misses_again, "LOOK_EVERY_SECONDS", 0.01)
    await house.miss(ASKED)
    stop = asyncio.Event()
    house.nerves.is_free = False
    running = asyncio.create_task(house.again.run(stop))
    try:
        await house.publish("mat-khau", "Quên mật khẩu thì làm sao?", ASKED)
        await asyncio.sleep(0.1)
        assert (await house.kept(ASKED)).state is State.OPEN
        house.nerves.is_free = True
        await _until_solved(house, ASKED)
        await house.miss(UNKNOWN)
        await house.publish("troi", "Thời tiết hôm nay?")
        await _until_solved(house, UNKNOWN)
    finally:
        stop.set()
        await running


async def test_nothing_is_asked_of_a_base_that_is_not_whole(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(misses_again, "LOOK_EVERY_SECONDS", 0.01)
    await house.miss("Hội làm việc giờ nào")
    house.known = replace(house.known, revision=-1)
    stop = asyncio.Event()
    running = asyncio.create_task(house.again.run(stop))
    await asyncio.sleep(0.1)
    stop.set()
    await running
    assert (await house.kept("Hội làm việc giờ nào")).state is State.OPEN


async def _until_solved(house: House, text: str) -> None:
    for _ in range(250):
        if (await house.kept(text)).state is State.SOLVED:
            return
        await asyncio.sleep(0.02)
    pytest.fail("it was not asked again within 5 s")
