"""What is old goes at night; what somebody still needs never does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Table, func, insert, select, update

from bot.dialogue.state import ConversationState
from bot.dialogue.turn import Mode, Outcome
from bot.flows.results import AssessmentProgress
from bot.house_rules import HouseRules, body_of, with_set
from bot.nerves import Nerves
from bot.noticeboard import Noticeboard
from bot.retention import AT_ONCE, Retention, is_due, what_is_old
from bot.store import (
    assessments,
    audit,
    conversations,
    events,
    house_rules,
    misses,
    outbox,
    retention,
    schema,
)
from bot.store.database import Database
from bot.store.outbox import NewMessage, State
from bot.store.retention import Kind
from connectors.message import ConversationId, Text
from tests.bot.fakes import said
from tests.conftest import StandingClock

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
EVERYTHING = {"keep_texts_days": 30, "keep_misses_days": 30, "keep_audit_days": 180}
YEARS = timedelta(days=800)


class House:
    """A house long lived in: each citizen wrote once and was answered once, years ago."""

    def __init__(self, database: Database, clock: StandingClock, nerves: Nerves | None = None) -> None:
        self.database, self.clock = database, clock
        self.board = Noticeboard()
        self.retention = Retention(database, cast("Nerves", nerves), self.board, clock, ZONE)

    async def keep(self, **days: int | None) -> None:
        rules = with_set(HouseRules(), HouseRules(), days)
        now = self.clock()

        async def job(connection: Any) -> None:
            over = await house_rules.latest_id(connection)
            await house_rules.add(connection, body_of(rules), over, by="cô Lan", why="", at=now)

        await self.database.write(job)
        await self.board.refresh(self.database)

    async def heard(
        self, user: str, *, mode: Mode = Mode.BOT, handled: bool = True, outcome: Outcome = Outcome.ANSWERED
    ) -> ConversationId:
        """A citizen wrote now; the conversation is in `mode` since."""
        id_, now = ConversationId("fake", "oa", user), self.clock()
        event = said(f"lời của {user}", user=user, key=f"{user}{now.isoformat()}")

        async def job(connection: Any) -> None:
            await events.insert(connection, [event], now)
            if handled:
                (one,) = await events.pending(connection, id_.key, 5)
                await events.finish(connection, one.id, outcome, now)
            before = await conversations.load(connection, id_)
            state = ConversationState(last_question=f"câu hỏi của {user}")
            after = replace(before, state=state, mode=mode, mode_since=now, last_heard_at=now)
            await conversations.save(connection, after, now)

        await self.database.write(job)
        return id_

    async def told(self, id_: ConversationId, state: State = State.SENT) -> None:
        now = self.clock()
        count = len(await self.rows(schema.outbox))
        message = NewMessage(id_, Text(f"trả lời {id_.user}"), f"kh:{count}", state=state)
        await self.database.write(lambda c: outbox.add(c, [message], now))

    async def rows(self, table: Table) -> list[dict[str, Any]]:
        async with self.database.read() as connection:
            return [dict(row._mapping) for row in await connection.execute(select(table))]

    async def left(self, table: Table) -> set[str]:
        """Whose messages are still there."""
        return {ConversationId.from_key(row["conversation_key"]).user for row in await self.rows(table)}


@pytest.fixture
def house(database: Database, clock: StandingClock) -> House:
    return House(database, clock)


async def test_what_is_old_goes_and_what_somebody_still_needs_stays(
    house: House, clock: StandingClock
) -> None:
    for user in ("cu", "cho", "nguoi", "do-dang", "loi", "chua-xu-ly", "chua-gui", "hong"):
        mode = {"cho": Mode.WAITING, "nguoi": Mode.PERSON}.get(user, Mode.BOT)
        outcome = Outcome.PARKED if user == "loi" else Outcome.ANSWERED
        id_ = await house.heard(user, mode=mode, handled=user != "chua-xu-ly", outcome=outcome)
        state = {"chua-gui": State.WAITING, "hong": State.FAILED}.get(user, State.SENT)
        await house.told(id_, state)
    clock.pass_(days=800)
    halfway = AssessmentProgress("KH-1", "324-2023", "g1", "4", remind=False)
    at = clock() - timedelta(days=40)
    lan = ConversationId("fake", "oa", "do-dang")
    await house.database.write(lambda c: assessments.move_on(c, lan, halfway, at))
    await house.told(await house.heard("moi"))
    await house.keep(**EVERYTHING)
    async with house.database.read() as connection:
        counted = await retention.count(connection, what_is_old(house.board.rules, clock()))
    removed = await house.retention.apply()
    assert removed == counted
    assert (removed[Kind.HEARD], removed[Kind.TOLD]) == (3, 3)
    assert await house.left(schema.inbound_events) == {
        "cho", "nguoi", "do-dang", "loi", "chua-xu-ly", "moi",
    }  # fmt: skip
    assert await house.left(schema.outbox) == {"cho", "nguoi", "do-dang", "chua-gui", "hong", "moi"}
    assert len(await house.rows(schema.assessments)) == 1
    remembered = {row["user"] for row in await house.rows(schema.conversations) if "câu hỏi" in row["state"]}
    assert remembered == {"cho", "nguoi", "do-dang", "moi"}
    assert await house.retention.apply() == dict.fromkeys(Kind, 0)


async def test_without_a_limit_nothing_is_removed(house: House, clock: StandingClock) -> None:
    for user in ("lan", "hoa", "moi"):
        await house.told(await house.heard(user))
    clock.pass_(days=4000)
    assert not await house.retention.is_due()
    await house.keep(keep_misses_days=30)
    await house.retention.apply()
    assert len(await house.rows(schema.inbound_events)) == len(await house.rows(schema.outbox)) == 3


async def test_more_than_one_transaction_holds_is_removed_to_the_last_row(
    house: House, clock: StandingClock
) -> None:
    count, now = 2 * AT_ONCE + 7, clock()

    async def job(connection: Any) -> None:
        for number in range(count):
            key = f"câu {number}"
            await misses.record(connection, key=key, sample=key, reason="x", nearest="", at=now)

    await house.database.write(job)
    clock.pass_(days=31)
    await house.database.write(
        lambda c: misses.record(c, key="mới", sample="mới", reason="x", nearest="", at=clock())
    )
    await house.keep(keep_misses_days=30)
    assert (await house.retention.apply())[Kind.MISSES] == count
    assert [row["key"] for row in await house.rows(schema.misses)] == ["mới"]


async def test_the_newest_row_keeps_its_number_from_being_given_out_again(
    house: House, clock: StandingClock
) -> None:
    for user in ("lan", "hoa"):
        await house.told(await house.heard(user))
    clock.pass_(days=800)
    await house.keep(**EVERYTHING)
    await house.retention.apply()
    await house.heard("moi")
    assert [row["id"] for row in await house.rows(schema.inbound_events)] == [2, 3]


async def test_a_conversation_taken_over_between_looking_and_removing_is_left_alone(
    house: House, clock: StandingClock
) -> None:
    id_ = await house.heard("lan")
    await house.heard("sau")
    clock.pass_(days=800)
    await house.keep(keep_texts_days=30)
    old = what_is_old(house.board.rules, clock())
    async with house.database.read() as connection:
        keys = await retention.find(connection, Kind.HEARD, old, None, 10)
    assert keys == [1]
    t = schema.conversations
    await house.database.write(
        lambda c: c.execute(update(t).where(t.c.key == id_.key).values(mode=Mode.PERSON.value))
    )
    assert await house.database.write(lambda c: retention.remove(c, Kind.HEARD, old, keys)) == 0


async def test_it_runs_once_a_night_whatever_number_of_processes_there_are(
    house: House, nerves: Nerves, clock: StandingClock
) -> None:
    clock.now = datetime(2026, 10, 2, 8, tzinfo=UTC)  # three in the afternoon
    await house.keep(**EVERYTHING)
    assert not await house.retention.is_due()
    clock.now = datetime(2026, 10, 2, 19, tzinfo=UTC)  # two at night
    other = Retention(house.database, nerves, house.board, clock, ZONE)
    assert await house.retention.is_due()
    stop = asyncio.Event()
    stop.set()
    assert await house.retention.apply(stop) == dict.fromkeys(Kind, 0)  # told to stop: not done
    assert await other.is_due()
    async with nerves.lock("retention") as held:
        assert held
        running = asyncio.create_task(other.run(stop := asyncio.Event()))
        await asyncio.sleep(0.1)
        stop.set()
        await running
    lines = await house.rows(schema.audit_log)
    assert lines == []
    await house.retention.apply()
    assert not await other.is_due()
    (line,) = await house.rows(schema.audit_log)
    assert (line["action"], line["staff_id"], line["subject"]) == ("retention_applied", None, "retention")
    clock.pass_(days=1)
    assert await other.is_due()


NIGHT = datetime(2026, 10, 2, 19, tzinfo=UTC)
NOON = datetime(2026, 10, 2, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "since", "now", "due"),
    [
        (None, NIGHT - YEARS, NIGHT, True),
        (NIGHT - timedelta(minutes=40), NIGHT - YEARS, NIGHT, False),
        (NIGHT - timedelta(days=1), NIGHT - YEARS, NIGHT, True),
        (NOON - timedelta(hours=20), NOON - YEARS, NOON, False),
        (NOON - timedelta(hours=49), NOON - YEARS, NOON, True),  # switched off every night
        (None, NOON - timedelta(hours=1), NOON, False),
        (None, NOON - timedelta(hours=49), NOON, True),
    ],
)
def test_the_time_is_the_night_or_after_missed_nights_the_day(
    last: datetime | None, since: datetime, now: datetime, due: bool
) -> None:
    assert is_due(last, since, now, ZONE) is due


async def test_old_lines_of_the_audit_log_and_old_notes_go(house: House, clock: StandingClock) -> None:
    id_ = await house.heard("lan")
    for _ in range(2):
        await house.database.write(lambda c: audit.note(c, None, audit.Action.SIGNED_IN, "x", clock()))
        await house.database.write(
            lambda c: c.execute(
                insert(schema.conversation_notes).values(
                    conversation_key=id_.key, at=clock(), author="cô Lan", text="ghi chú"
                )
            )
        )
        clock.pass_(days=181)
    await house.keep(**EVERYTHING)
    removed = await house.retention.apply()
    assert (removed[Kind.AUDIT], removed[Kind.NOTES]) == (1, 1)
    async with house.database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(schema.audit_log)) == 2
