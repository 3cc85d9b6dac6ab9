"""Questions without a good answer are counted, not piled up, and what was decided about them holds."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from bot.store import misses
from bot.store.database import Database
from bot.store.misses import Miss, State
from tests.conftest import StandingClock


async def miss(
    database: Database, key: str, at: datetime, sample: str = "", reason: str = "not_known"
) -> None:
    await database.write(
        lambda c: misses.record(c, key=key, sample=sample or key, reason=reason, nearest="e", at=at)
    )


async def kept(database: Database, key: str) -> Miss:
    async with database.read() as connection:
        (found,) = await misses.find(connection, [key])
    return found


async def decide(database: Database, key: str, state: State, by: str, at: datetime) -> int:
    return await database.write(lambda c: misses.decide(c, [key], state, by=by, at=at))


async def solve(database: Database, key: str, answer: str, at: datetime) -> bool:
    seen = await kept(database, key)
    return await database.write(lambda c: misses.note_answered(c, seen, answer, 2, at))


async def test_a_question_asked_again_is_counted_and_remembered_as_last_typed(
    database: Database, clock: StandingClock
) -> None:
    began = clock()
    await miss(database, "hoc phi bao nhieu", began, "học phí bao nhiêu")
    await miss(database, "thoi tiet", began, "thời tiết?")
    clock.pass_(days=1)
    again = [
        miss(database, "hoc phi bao nhieu", clock(), "Hoc phi bao nhieu?", "too_vague") for _ in range(5)
    ]
    await asyncio.gather(*again)
    await miss(database, "x" * 400 + "\x00", clock(), "\ud800\x00" + "y" * 900)

    async with database.read() as connection:
        first, second, _ = await misses.most_common(connection, 10)
        assert await misses.most_common(connection, 1) == [first]
    assert (first.key, first.sample, first.count) == ("hoc phi bao nhieu", "Hoc phi bao nhieu?", 6)
    assert (first.first_at, first.last_at, first.reason) == (began, clock(), "too_vague")
    assert (second.key, second.sample) == ("x" * 200, "y" * 500)


async def test_of_two_officers_deciding_at_once_one_wins(database: Database, clock: StandingClock) -> None:
    await miss(database, "thoi tiet", clock())
    changed = await asyncio.gather(
        decide(database, "thoi tiet", State.OUTSIDE, "Lan", clock()),
        decide(database, "thoi tiet", State.SKIPPED, "Hoa", clock()),
    )
    assert sorted(changed) == [0, 1]
    winner = "Lan" if changed[0] else "Hoa"
    assert (await kept(database, "thoi tiet")).decided_by == winner


async def test_what_a_colleague_is_writing_is_not_taken_over_but_may_be_let_go(
    database: Database, clock: StandingClock
) -> None:
    await miss(database, "hoc bong", clock())
    assert await decide(database, "hoc bong", State.TAKEN, "Lan", clock())
    assert not await decide(database, "hoc bong", State.TAKEN, "Hoa", clock())
    assert await decide(database, "hoc bong", State.TAKEN, "Lan", clock())  # going on with one's own
    async with database.read() as connection:
        assert await misses.count_open(connection, clock() - timedelta(days=7)) == 1
        assert await misses.count_open(connection, clock() + timedelta(days=7)) == 0
    assert await database.write(lambda c: misses.take_back(c, "Hoa", clock())) == 0
    assert await database.write(lambda c: misses.take_back(c, "Lan", clock())) == 1
    assert (await kept(database, "hoc bong")).state is State.OPEN


async def test_a_solved_question_opens_again_only_when_it_is_missed_after_that(
    database: Database, clock: StandingClock
) -> None:
    await miss(database, "hoc bong", clock())
    asked = clock()
    clock.pass_(hours=1)
    assert await solve(database, "hoc bong", "hoc-bong", clock())
    await miss(database, "hoc bong", asked)  # a turn that began before, written down late
    solved = await kept(database, "hoc bong")
    assert (solved.state, solved.answered_by, solved.decided_by, solved.count) == (
        State.SOLVED,
        "hoc-bong",
        "",
        2,
    )
    clock.pass_(minutes=1)
    await miss(database, "hoc bong", clock())
    again = await kept(database, "hoc bong")
    assert (again.state, again.answered_by, again.decided_at, again.count) == (State.OPEN, "", None, 3)


@pytest.mark.parametrize("state", [State.OUTSIDE, State.SKIPPED])
async def test_what_was_put_aside_stays_there_and_is_counted_on(
    database: Database, clock: StandingClock, state: State
) -> None:
    await miss(database, "thoi tiet", clock())
    await decide(database, "thoi tiet", state, "Lan", clock())
    clock.pass_(days=3)
    await miss(database, "thoi tiet", clock())
    now = await kept(database, "thoi tiet")
    assert (now.state, now.count, now.decided_by, now.last_at) == (state, 2, "Lan", clock())
    assert await database.write(lambda c: misses.reopen(c, ["thoi tiet"], clock())) == 1
    assert (await kept(database, "thoi tiet")).reason == "not_known"


async def test_missed_once_more_while_it_is_asked_again_it_is_not_called_solved(
    database: Database, clock: StandingClock
) -> None:
    await miss(database, "hoc bong", clock())
    seen = await kept(database, "hoc bong")
    await miss(database, "hoc bong", clock())
    assert not await database.write(lambda c: misses.note_answered(c, seen, "e", 1, clock()))
    assert (await kept(database, "hoc bong")).state is State.OPEN


async def test_an_answer_an_officer_opened_again_is_known_to_be_wrong(
    database: Database, clock: StandingClock
) -> None:
    await miss(database, "hoc bong", clock())
    await solve(database, "hoc bong", "hoi-phi", clock())
    clock.pass_(minutes=5)
    await database.write(lambda c: misses.reopen(c, ["hoc bong"], clock()))
    now = await kept(database, "hoc bong")
    assert (now.state, now.reason, now.nearest_entry, now.decided_at) == (
        State.OPEN,
        misses.WRONG,
        "hoi-phi",
        clock(),
    )


async def test_a_question_is_asked_once_of_each_revision(database: Database, clock: StandingClock) -> None:
    await miss(database, "cu", clock())
    clock.pass_(days=1)
    await miss(database, "moi", clock())

    async def to_ask(revision: int, limit: int = 10) -> list[Miss]:
        async with database.read() as connection:
            return await misses.to_ask_again(connection, revision, limit)

    assert [one.key for one in await to_ask(3, limit=1)] == ["moi"]
    asked = await to_ask(3)
    await database.write(lambda c: misses.note_unanswered(c, asked, 3))
    assert await to_ask(3) == []
    assert len(await to_ask(4)) == 2
    # Handed to an entry with revision 4: asked of that one and no earlier one, whoever looks first.
    assert await database.write(lambda c: misses.hand_to(c, ["cu"], "hoc-bong", 4, by="Lan", at=clock()))
    assert await to_ask(3) == []
    assert [one.answered_by for one in await to_ask(4)] == ["", "hoc-bong"]


async def test_what_is_beyond_the_limits_goes(
    database: Database, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("mot lan", "hai lan", "hai lan", "rat cu", "rat cu"):
        await miss(database, key, clock() - timedelta(days=800 if key == "rat cu" else 200))
    for day in range(4):
        await miss(database, f"moi {day}", clock() - timedelta(days=day))
    assert await database.write(lambda c: misses.tidy(c, clock())) == 2
    monkeypatch.setattr(misses, "KEPT_AT_MOST", 3)
    assert await database.write(lambda c: misses.tidy(c, clock())) == 2
    async with database.read() as connection:
        left = [one.key for one in await misses.most_common(connection, 10)]
    assert left == ["hai lan", "moi 0", "moi 1"]


async def test_the_mark_of_a_state_changes_with_what_is_in_it(
    database: Database, clock: StandingClock
) -> None:
    async def mark() -> object:
        async with database.read() as connection:
            return await misses.changes(connection)

    seen = [await mark()]
    await miss(database, "thoi tiet", clock())
    seen.append(await mark())
    await miss(database, "thoi tiet", clock())
    seen.append(await mark())
    await decide(database, "thoi tiet", State.TAKEN, "Lan", clock())
    seen.append(await mark())
    await decide(database, "thoi tiet", State.OUTSIDE, "Lan", clock())
    seen.append(await mark())
    assert all(one not in seen[:place] for place, one in enumerate(seen))
