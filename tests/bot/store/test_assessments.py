"""What a turn says of a self-assessment is kept with it: once, whole, the citizen's own, until forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from bot.dialogue.state import ConversationState
from bot.dialogue.turn import Forget, Outcome, Turn
from bot.flows.results import Evidence
from bot.store import assessments, evidence, schema
from bot.store.assessments import Assessment
from bot.store.conversations import StaleConversation
from bot.store.database import Database
from bot.store.evidence import Kept, State
from connectors.message import ConversationId
from tests.bot.assessing import CODE, LAN, Talk, finished, progress
from tests.conftest import StandingClock

MAI = ConversationId("fake", "oa", "mai")
PHOTO = Evidence(3, "image", "anh.jpg", "https://cdn.example/a?sig=1")
WORDS = Evidence(2, "text", "Tôi đọc báo\x00 mỗi ngày")
VOICE = Evidence(2, "audio", "", "https://cdn.example/v.amr")


@pytest.fixture
def talk(database: Database, clock: StandingClock) -> Talk:
    return Talk(database, clock)


async def kept(database: Database, code: str = CODE) -> Assessment:
    async with database.read() as connection:
        found = await assessments.load(connection, code)
    assert found is not None
    return found


async def given(database: Database, code: str = CODE) -> list[Kept]:
    async with database.read() as connection:
        return await evidence.of_assessment(connection, code)


async def rows(database: Database) -> int:
    async with database.read() as connection:
        tables = (schema.assessments, schema.evidence)
        return sum([await connection.scalar(select(func.count()).select_from(t)) or 0 for t in tables])


async def test_the_furthest_step_is_remembered_also_when_the_citizen_goes_back_or_leaves(talk: Talk) -> None:
    began = talk.clock()
    for step in ("consent", "group", "1", "2", "10", "9", "left"):
        talk.clock.pass_(minutes=1)
        await talk.turn(progress(step, remind=step != "consent"))
    one = await kept(talk.database)
    assert (one.step, one.furthest, one.remind) == ("left", "10", True)
    assert (one.touched_at - one.began_at).total_seconds() == 360
    assert one.began_at > began
    assert (one.points, one.total, one.passed, one.finished_at) == ((), None, None, None)


async def test_a_result_is_kept_with_what_was_given_and_a_late_step_does_not_reopen_it(talk: Talk) -> None:
    await talk.turn(progress("3", evidence=[PHOTO]))
    await talk.turn(finished(talk.clock(), points=(9,) * 9 + (4,), evidence=[PHOTO, WORDS, VOICE]))
    await talk.turn(progress("4", place="  Xã   Mới "))
    one = await kept(talk.database)
    assert (one.total, one.passed, one.points) == (85, False, (9,) * 9 + (4,))
    assert (one.step, one.furthest, one.place) == ("finished", "finished", "Xã Mới")
    assert one.finished_at == talk.clock()
    told = [(e.indicator, e.kind, e.text, e.state, e.url, e.why) for e in await given(talk.database)]
    assert told == [
        (3, "image", "anh.jpg", State.WAITING, PHOTO.url, ""),
        (2, "text", "Tôi đọc báo mỗi ngày", State.NOTED, "", ""),
        (2, "audio", "", State.REFUSED, "", "kind"),
    ]


async def test_a_turn_that_is_repeated_changes_nothing(talk: Talk) -> None:
    before, heard = await talk.hear()
    result = finished(talk.clock(), evidence=[PHOTO, PHOTO, WORDS])
    turn = Turn(Outcome.FLOW, ConversationState(), (), (result,))
    await talk.commit(before, heard, turn)
    first, pieces = await kept(talk.database), await given(talk.database)
    with pytest.raises(StaleConversation):
        await talk.commit(before, heard, turn)
    # Also when it comes with another event, as after a restored backup.
    talk.clock.pass_(hours=1)
    await talk.turn(result)
    assert await kept(talk.database) == first
    assert await given(talk.database) == pieces
    assert len(pieces) == 2


async def test_a_turn_that_fails_keeps_nothing_of_its_result(talk: Talk) -> None:
    before, heard = await talk.hear()
    stale = replace(before, revision=before.revision + 7)
    state = ConversationState(misses=1)
    with pytest.raises(StaleConversation):
        await talk.commit(stale, heard, Turn(Outcome.FLOW, state, (), (finished(talk.clock()),)))
    assert await rows(talk.database) == 0


async def test_a_code_belongs_to_whoever_began_it(talk: Talk) -> None:
    await talk.turn(progress("5"))
    await talk.turn(progress("9", evidence=[WORDS]), finished(talk.clock(), evidence=[WORDS]), who=MAI)
    one = await kept(talk.database)
    assert (one.conversation, one.furthest, one.finished_at) == (LAN, "5", None)
    assert await given(talk.database) == []


async def test_more_evidence_than_anybody_needs_is_left_out(talk: Talk) -> None:
    for start in (0, 30):
        pieces = [Evidence(1, "text", f"việc {n}") for n in range(start, start + 30)]
        await talk.turn(progress("evidence", evidence=pieces))
    assert len(await given(talk.database)) == evidence.MOST_ITEMS


async def test_forgetting_takes_everything_of_this_citizen_and_nothing_of_another(talk: Talk) -> None:
    await talk.turn(finished(talk.clock(), evidence=[PHOTO, WORDS]))
    await talk.turn(progress("4", "KH-AAAA-BBBB", evidence=[PHOTO]))
    await talk.turn(finished(talk.clock(), "KH-CCCC-DDDD", evidence=[WORDS]), who=MAI)
    await talk.turn(Forget())
    assert await rows(talk.database) == 2
    assert (await kept(talk.database, "KH-CCCC-DDDD")).conversation == MAI
    async with talk.database.read() as connection:
        assert await assessments.of_conversation(connection, LAN.key) == []
        assert await evidence.to_remove(connection) == [CODE, "KH-AAAA-BBBB"]
    # And what is begun afterwards is new.
    await talk.turn(progress("consent", "KH-EEEE-FFFF"))
    assert (await kept(talk.database, "KH-EEEE-FFFF")).furthest == "consent"


async def test_a_file_is_fetched_by_one_and_comes_back_when_its_fetcher_dies(talk: Talk) -> None:
    await talk.turn(progress("3", evidence=[PHOTO, Evidence(4, "file", "b.pdf", "https://cdn.example/b")]))
    now = talk.clock()

    async def claim() -> list[tuple[str, int]]:
        at = talk.clock()
        until = at.replace(minute=at.minute + 3)
        claimed = await talk.database.write(lambda c: evidence.claim(c, now=at, until=until, limit=1))
        return [(one.url, one.attempt) for one in claimed]

    assert await claim() == [(PHOTO.url, 1)]
    assert await claim() == [("https://cdn.example/b", 1)]
    assert await claim() == []
    talk.clock.pass_(minutes=4)
    assert await claim() == [(PHOTO.url, 2)]
    assert now < talk.clock()
