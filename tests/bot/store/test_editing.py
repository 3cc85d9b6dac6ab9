"""Two officers at one item, on both databases: one wins, the other is told, nothing is half done."""

from __future__ import annotations

import asyncio

import pytest

from bot.store import content, editing
from bot.store.content import Status
from bot.store.database import Database
from bot.store.editing import NEW, Kept, Stale
from knowledge.content import Kind
from tests.bot.store.test_content import entry, fact
from tests.conftest import StandingClock


class Desk:
    """The functions under test, each in a transaction of its own."""

    def __init__(self, database: Database, clock: StandingClock) -> None:
        self.database, self._clock = database, clock

    async def sync(self, answer: str) -> None:
        await self.database.write(lambda c: content.sync(c, (fact("một"), entry(answer)), self._clock()))

    async def put(
        self, answer: str, version: str, by: str = "lan", status: Status = Status.PUBLISHED
    ) -> None:
        at = self._clock()
        await self.database.write(
            lambda c: editing.put(c, entry(answer), version, by=by, why="rõ hơn", at=at, status=status)
        )

    async def archive(self, version: str) -> None:
        at = self._clock()
        await self.database.write(
            lambda c: editing.archive(c, Kind.ENTRY, "e", version, by="lan", why="cũ", at=at)
        )

    async def kept(self) -> Kept:
        async with self.database.read() as connection:
            found = await editing.find(connection, Kind.ENTRY, "e")
        assert found is not None
        return found

    async def revision(self) -> int:
        async with self.database.read() as connection:
            return await content.revision(connection)


@pytest.fixture
def desk(database: Database, clock: StandingClock) -> Desk:
    return Desk(database, clock)


async def test_of_officers_who_save_at_once_exactly_one_wins_and_the_others_are_told(desk: Desk) -> None:
    await desk.sync("A")
    shown, before = await desk.kept(), await desk.revision()
    tries = [desk.put(f"bản {number}", shown.version, f"cán bộ {number}") for number in range(5)]
    ended = await asyncio.gather(*tries, return_exceptions=True)
    refused = [one for one in ended if isinstance(one, Stale)]
    assert (len(refused), ended.count(None)) == (4, 1)
    now = await desk.kept()
    assert all(one.now == now for one in refused)
    async with desk.database.read() as connection:
        lines = await editing.history(connection, Kind.ENTRY, "e")
    assert [line.change.by for line in lines] == [now.changed_by]
    # What is refused is undone as a whole, the number processes look at included.
    after = await desk.revision()
    await desk.put("nữa", now.version)
    assert after - before == await desk.revision() - after > 0


async def test_a_new_item_never_takes_the_place_of_one_that_came_first(desk: Desk) -> None:
    await desk.put("của Lan", NEW, status=Status.DRAFT)
    with pytest.raises(Stale):
        await desk.put("của Hoa", NEW)
    assert (await desk.kept()).status is Status.DRAFT


async def test_an_upgrade_between_showing_and_saving_is_seen(desk: Desk) -> None:
    await desk.sync("A")
    await desk.put("của Lan", (await desk.kept()).version)
    shown = await desk.kept()
    await desk.sync("A2")
    for try_ in (desk.put("lại của Lan", shown.version), desk.archive(shown.version)):
        with pytest.raises(Stale) as stale:
            await try_
        assert stale.value.now is not None
        assert stale.value.now.conflict == entry("A2").body


async def test_saving_over_a_conflict_that_was_shown_decides_it(desk: Desk) -> None:
    await desk.sync("A")
    await desk.put("của Lan", (await desk.kept()).version)
    await desk.sync("A2")
    await desk.put("gộp", (await desk.kept()).version)
    now = await desk.kept()
    assert (now.conflict, now.body["answer"], now.shipped) == (None, "gộp", entry("A2").body)
    await desk.sync("A3")
    await desk.put("A3", (await desk.kept()).version)
    assert (await desk.kept()).conflict is None


async def test_a_conflict_is_decided_only_as_it_was_shown(desk: Desk, clock: StandingClock) -> None:
    await desk.sync("A")
    await desk.put("của Lan", (await desk.kept()).version)
    await desk.sync("A2")
    shown = (await desk.kept()).version
    await desk.sync("A3")

    async def decide(version: str) -> None:
        await desk.database.write(
            lambda c: editing.decide(c, Kind.ENTRY, "e", version, "shipped", by="lan", at=clock())
        )

    with pytest.raises(Stale):
        await decide(shown)
    await decide((await desk.kept()).version)
    assert (await desk.kept()).body == entry("A3").body
    with pytest.raises(Stale):
        await decide((await desk.kept()).version)


async def test_what_was_put_away_comes_back_as_it_was(desk: Desk) -> None:
    await desk.sync("A")
    await desk.archive((await desk.kept()).version)
    gone = await desk.kept()
    assert (gone.status, gone.body) == (Status.ARCHIVED, entry("A").body)
    await desk.put("A", gone.version)
    assert (await desk.kept()).status is Status.PUBLISHED


async def test_every_change_raises_the_revision_by_one_however_much_it_does(desk: Desk) -> None:
    await desk.sync("A")
    await desk.put("của Lan", (await desk.kept()).version)
    await desk.sync("A2")
    before = await desk.revision()
    # Saving over a conflict decides it too; both are one change for whoever follows the number.
    await desk.put("gộp", (await desk.kept()).version)
    assert (await desk.kept()).conflict is None
    await desk.archive((await desk.kept()).version)
    assert await desk.revision() == before + 2


async def test_the_history_keeps_the_words_of_a_draft_without_calling_them_live(desk: Desk) -> None:
    await desk.put("nháp một", NEW, status=Status.DRAFT)
    await desk.put("nháp hai", (await desk.kept()).version, status=Status.DRAFT)
    await desk.put("công bố", (await desk.kept()).version)
    async with desk.database.read() as connection:
        lines = [line.change for line in await editing.history(connection, Kind.ENTRY, "e")]
        also = await content.history(connection, Kind.ENTRY, "e")
    assert lines == also
    assert [(line.before, line.after, line.draft) for line in lines] == [
        (None, entry("công bố").body, None),
        (None, None, entry("nháp hai").body),
        (None, None, entry("nháp một").body),
    ]
