"""Figures of the week: every question in its day, the same on both databases."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert

from bot.dialogue.turn import Mode, Outcome
from bot.store import figures
from bot.store.database import Database
from bot.store.figures import AskedEntry, Wait
from bot.store.schema import (
    assessments,
    content_items,
    conversations,
    evidence,
    library_uploads,
    outbox,
    turns,
)

NOON = datetime(2026, 10, 2, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_ids = itertools.count(1)


async def turn(
    database: Database, at: datetime, outcome: Outcome = Outcome.ANSWERED, entry: str = "", who: str = "lan"
) -> None:
    row = {
        "event_id": next(_ids), "conversation_key": who, "at": at, "outcome": outcome.value, "intent": "ask",
        "confidence": 1.0, "entry_id": entry, "passages": "[]", "took_ms": 1.0,
    }  # fmt: skip
    await database.write(lambda c: c.execute(insert(turns).values(**row)))


async def line(database: Database, at: datetime, author: str = "officer", who: str = "lan") -> None:
    row = {
        "conversation_key": who, "channel": "fake", "account": "oa", "user": who, "author": author,
        "part": "{}", "stamp": f"kh:{next(_ids)}", "priority": 0, "state": "sent", "not_before": at,
        "created_at": at,
    }  # fmt: skip
    await database.write(lambda c: c.execute(insert(outbox).values(**row)))


async def test_questions_fall_between_the_bounds_and_only_questions_count(database: Database) -> None:
    bounds = [NOON - DAY, NOON, NOON, NOON + DAY]
    for at in (NOON - DAY - HOUR, NOON - DAY, NOON - timedelta(microseconds=1), NOON, NOON + DAY):
        await turn(database, at)
    await turn(database, NOON, Outcome.ABSTAINED)
    await turn(database, NOON, Outcome.HANDOFF)
    for silent in (Outcome.SMALLTALK, Outcome.FLOW, Outcome.SILENT, Outcome.SLOWED):
        await turn(database, NOON, silent)
    async with database.read() as connection:
        first, nothing, last = await figures.questions(connection, bounds)
    assert +first == {Outcome.ANSWERED: 2}
    assert not nothing.total()
    assert last == {Outcome.ANSWERED: 1, Outcome.ABSTAINED: 1, Outcome.HANDOFF: 1}


async def test_the_most_asked_of_one_span_with_what_they_had_in_another(database: Database) -> None:
    for entry, now, before in (("a", 3, 0), ("b", 1, 4), ("c", 2, 2), ("d", 0, 9)):
        for _ in range(now):
            await turn(database, NOON, entry=entry)
        for _ in range(before):
            await turn(database, NOON - 7 * DAY, entry=entry)
    await turn(database, NOON, entry="")
    await turn(database, NOON, Outcome.ABSTAINED, entry="b")
    this, then = (NOON - DAY, NOON + DAY), (NOON - 8 * DAY, NOON - 6 * DAY)
    async with database.read() as connection:
        found = await figures.most_asked(connection, this, then, 2)
        nothing = await figures.most_asked(connection, (NOON + DAY, NOON + 2 * DAY), then, 2)
    assert found == [AskedEntry("a", 3, 0), AskedEntry("c", 2, 2)]
    assert nothing == []


async def test_a_wait_lasts_from_the_first_request_to_the_first_officers_line(database: Database) -> None:
    await turn(database, NOON, Outcome.HANDOFF)
    await turn(database, NOON + HOUR, Outcome.HANDOFF)  # asked again, still nobody
    await line(database, NOON + HOUR, "bot")
    await line(database, NOON + 2 * HOUR)
    await line(database, NOON + 3 * HOUR)
    await turn(database, NOON + 5 * HOUR, Outcome.HANDOFF)  # waits anew
    await line(database, NOON + 6 * HOUR)
    await turn(database, NOON, Outcome.HANDOFF, who="hoa")  # nobody ever came
    await line(database, NOON - HOUR, who="hoa")
    await turn(database, NOON, Outcome.HANDOFF, who="mai")  # about something else, long after
    await line(database, NOON + 8 * DAY, who="mai")
    async with database.read() as connection:
        found = await figures.waits(connection, NOON, NOON + DAY)
        earlier = await figures.waits(connection, NOON - DAY, NOON)
    assert sorted(found, key=lambda one: (one.since, one.answered_at or NOON)) == [
        Wait(NOON, None),
        Wait(NOON, None),
        Wait(NOON, NOON + 2 * HOUR),
        Wait(NOON + 5 * HOUR, NOON + 6 * HOUR),
    ]
    assert [one.length for one in found if one.answered_at] == [2 * HOUR, HOUR]
    assert earlier == []


@pytest.fixture
async def furnished(database: Database) -> Database:
    talk = {
        "channel": "fake", "account": "oa", "user": "u", "state": "{}", "revision": 1, "mode_since": NOON,
        "can_receive": 1, "created_at": NOON,
    }  # fmt: skip
    item = {"body": "{}", "kind": "entry"}
    given = {"code": "KH-1", "indicator": 1, "kind": "image", "text": "", "url": "", "not_before": NOON}
    upload = {"name": "a.pdf", "bytes": 1, "path": "a", "by": "cô Lan", "at": NOON}
    rows = (
        (conversations, {**talk, "key": "1", "mode": Mode.PERSON.value, "officer": "cô Lan"}),
        (conversations, {**talk, "key": "2", "mode": Mode.PERSON.value, "officer": "chú Hùng"}),
        (conversations, {**talk, "key": "3", "mode": Mode.BOT.value, "officer": "cô Lan"}),
        (content_items, {**item, "id": "a", "status": "draft"}),
        (content_items, {**item, "id": "b", "status": "published", "conflict": "{}"}),
        (content_items, {**item, "id": "c", "status": "draft", "kind": "fact"}),
        (library_uploads, {**upload, "state": "failed"}),
        (library_uploads, {**upload, "state": "done"}),
        (evidence, {**given, "identity": "1", "state": "failed", "created_at": NOON}),
        (evidence, {**given, "identity": "2", "state": "failed", "created_at": NOON - 30 * DAY}),
        (evidence, {**given, "identity": "3", "state": "kept", "created_at": NOON}),
    )
    for table, values in rows:
        await database.write(lambda c, t=table, v=values: c.execute(insert(t).values(**v)))  # type: ignore[misc]
    return database


async def test_what_waits_for_a_person_is_counted_for_whom_it_waits(furnished: Database) -> None:
    async with furnished.read() as connection:
        found = await figures.pending(connection, "cô Lan", NOON - 14 * DAY)
    assert found == figures.Pending(mine=1, drafts=1, conflicts=1, failed_uploads=1, lost_evidence=1)


async def test_assessments_count_where_they_began_and_where_they_ended(database: Database) -> None:
    row = {
        "conversation_key": "k", "channel": "fake", "criteria": "324-2023", "group_id": "", "place": "",
        "step": "1", "furthest": "1", "remind": 0, "touched_at": NOON,
    }  # fmt: skip
    spans = ((NOON - 2 * DAY, NOON), (NOON, NOON + HOUR), (NOON + HOUR, None))
    for number, (began, ended) in enumerate(spans):
        values = {**row, "code": f"KH-{number}", "began_at": began, "finished_at": ended}
        await database.write(lambda c, v=values: c.execute(insert(assessments).values(**v)))  # type: ignore[misc]
    async with database.read() as connection:
        assert await figures.assessments_in(connection, NOON, NOON + DAY) == (2, 2)
        assert await figures.assessments_in(connection, NOON - 2 * DAY, NOON) == (1, 0)


@pytest.mark.parametrize("name", ["ix_turns_at_outcome_entry_id", "ix_outbox_officers"])
async def test_the_week_is_read_by_its_indexes(database: Database, name: str) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL plans by the number of rows")
    statements: list[str] = []
    async with database.read() as connection:
        engine = connection.sync_engine
        event.listen(engine, "before_cursor_execute", lambda *a: statements.append(_filled(a[2], a[3])))
        await figures.questions(connection, [NOON - DAY, NOON])
        await figures.waits(connection, NOON - DAY, NOON)
        plans: list[Any] = []
        for statement in statements[:]:  # explaining adds to them
            plans += (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")).all()
    assert any(name in str(row) for row in plans)
    assert not any(str(row[3]).startswith("SCAN ") for row in plans), plans


def _filled(statement: str, parameters: tuple[object, ...]) -> str:
    for value in parameters:
        statement = statement.replace("?", repr(value) if isinstance(value, str | int) else f"'{value}'", 1)
    return statement
