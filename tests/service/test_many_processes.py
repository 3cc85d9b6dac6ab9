"""Several of each role behave as one: every message answered once and in order, whoever handled it."""

from __future__ import annotations

import asyncio

import pytest

from bot.store.database import Database
from connectors.sandbox import ZaloPerson
from tests.service.conftest import Town

pytestmark = pytest.mark.timeout(300)

QUESTIONS = (
    ("quyet dinh 1373 la gi", "Quyết định 1373/QĐ-TTg"),
    ("ngay khuyen hoc la ngay nao", "Ngày Khuyến học Việt Nam"),
    ("hoi khuyen hoc la gi", "Hội Khuyến học Việt Nam"),
)
ROLES = ("web", "worker", "worker", "sender", "sender")


async def ask_all_and_check(town: Town) -> None:
    people = [town.zalo.person(f"25125236254125{n:02}") for n in range(15)]

    async def ask(person: ZaloPerson) -> None:
        for question, _ in QUESTIONS * 2:
            assert (await person.says(question)).accepted

    await asyncio.gather(*map(ask, people))
    expected = [start for _, start in QUESTIONS * 2]
    await town.zalo.wait_for(lambda s: len(s.sent) >= len(people) * len(expected), timeout=150)
    await asyncio.sleep(1)
    for person in people:
        got = [message.text for message in town.zalo.sent_to(person.id)]
        assert len(got) == len(expected)
        assert all(text.startswith(start) for text, start in zip(got, expected, strict=True))


@pytest.fixture
def shared_stores(town: Town, database: Database, request: pytest.FixtureRequest) -> None:
    """PostgreSQL (emptied by the `database` fixture) and Redis instead of what the program brings along."""
    if not database.is_sqlite:
        town.service.configure(
            DATABASE_URL=request.getfixturevalue("postgres_url"),
            REDIS_URL=request.getfixturevalue("shared_redis_url"),
        )


@pytest.mark.service
@pytest.mark.usefixtures("shared_stores")
async def test_several_processes_of_each_role_behave_as_one(town: Town) -> None:
    for role in ROLES:
        await town.service.start(role=role)
    await ask_all_and_check(town)


@pytest.mark.service
@pytest.mark.usefixtures("shared_stores")
async def test_when_one_of_two_workers_is_killed_the_other_takes_over(town: Town) -> None:
    started = [await town.service.start(role=role) for role in ROLES]
    people = [town.zalo.person(f"25125236254125{n:02}") for n in range(10)]
    for person in people:
        assert (await person.says(QUESTIONS[0][0])).accepted
    await town.service.kill(started[1])
    for person in people:
        assert (await person.says(QUESTIONS[1][0])).accepted
    await town.zalo.wait_for(lambda s: len(s.sent) >= 2 * len(people), timeout=150)
    for person in people:
        assert len(town.zalo.sent_to(person.id)) == 2
