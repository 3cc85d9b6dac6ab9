"""Content in SQL: an upgrade never undoes what staff decided, however often or by how many it is run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import content, schema
from bot.store.content import Status, SyncReport
from bot.store.database import Database
from knowledge.content import Item, Kind, content_of, item
from tests.conftest import StandingClock
from tests.shipped import shipped


def fact(text: str, fact_id: str = "f") -> Item:
    return item(
        Kind.FACT,
        fact_id,
        {"statement": text, "certainty": "certain", "locator": "đầu", "source": {"title": "Nguồn"}},
    )


def entry(answer: str, entry_id: str = "e", fact_id: str = "f") -> Item:
    return item(Kind.ENTRY, entry_id, {"question": "Hỏi gì?", "answer": answer, "facts": [fact_id]})


class Store:
    """The functions under test, each in a transaction of its own."""

    def __init__(self, database: Database, clock: StandingClock) -> None:
        self.database = database
        self._clock = clock

    async def sync(self, *items: Item) -> SyncReport:
        return await self.database.write(lambda c: content.sync(c, items, self._clock()))

    async def save(self, changed: Item, status: Status = Status.PUBLISHED) -> None:
        at = self._clock()
        await self.database.write(
            lambda c: content.save(c, changed, by="lan", why="gọn hơn", at=at, status=status)
        )

    async def archive(self, gone: Item) -> None:
        at = self._clock()
        await self.database.write(
            lambda c: content.archive(c, gone.kind, gone.id, by="lan", why="cũ rồi", at=at)
        )

    async def resolve(self, about: Item, take: str) -> None:
        at = self._clock()
        await self.database.write(
            lambda c: content.resolve(c, about.kind, about.id, take, by="lan", at=at)  # type: ignore[arg-type]
        )

    async def live(self) -> dict[str, Item]:
        async with self.database.read() as connection:
            return {one.id: one for one in await content.load(connection)}

    async def conflicts(self) -> list[content.Conflict]:
        async with self.database.read() as connection:
            return await content.conflicts(connection)

    async def history(self, about: Item) -> list[content.Change]:
        async with self.database.read() as connection:
            return await content.history(connection, about.kind, about.id)

    async def revision(self) -> int:
        async with self.database.read() as connection:
            return await content.revision(connection)


@pytest.fixture
def store(database: Database, clock: StandingClock) -> Store:
    return Store(database, clock)


async def test_all_that_ships_comes_back_as_it_was(store: Store) -> None:
    everything = shipped()
    report = await store.sync(*everything.items)
    assert len(report.added) == len(everything.items)
    async with store.database.read() as connection:
        stored = await content.load(connection)
    assert content_of(stored) == everything.content


async def test_an_untouched_item_follows_the_program(store: Store) -> None:
    await store.sync(fact("một"), entry("A"), entry("B", "old"))
    report = await store.sync(fact("một"), entry("A2"), entry("C", "new"))
    assert report == SyncReport(
        added=((Kind.ENTRY, "new"),), updated=((Kind.ENTRY, "e"),), retired=((Kind.ENTRY, "old"),)
    )
    assert await store.live() == {"e": entry("A2"), "f": fact("một"), "new": entry("C", "new")}
    (change,) = await store.history(entry("A"))
    assert (change.by, change.why) == ("", content.UPGRADE)
    assert change.before == entry("A").body
    assert change.after == entry("A2").body
    # What was retired may be shipped again later.
    report = await store.sync(fact("một"), entry("A2"), entry("C", "new"), entry("B", "old"))
    assert report.added == ((Kind.ENTRY, "old"),)
    assert (await store.live())["old"] == entry("B", "old")


async def test_repeating_a_sync_changes_nothing(store: Store) -> None:
    items = (fact("một"), entry("A"))
    await store.sync(*items)
    before = await store.revision()
    assert await store.sync(*reversed(items)) == SyncReport()
    assert await store.revision() == before


async def test_what_staff_changed_stays_over_an_upgrade(store: Store) -> None:
    await store.sync(fact("một"), fact("hai", "g"), entry("A"), entry("B", "other"))
    await store.save(entry("của Lan"))
    await store.archive(entry("B", "other"))
    await store.save(entry("riêng", "own"))
    report = await store.sync(fact("một, rõ hơn"), fact("hai", "g"), entry("A"), entry("B", "other"))
    assert report == SyncReport(updated=((Kind.FACT, "f"),))
    assert await store.live() == {
        "e": entry("của Lan"),
        "own": entry("riêng", "own"),
        "f": fact("một, rõ hơn"),
        "g": fact("hai", "g"),
    }


async def test_what_staff_changed_and_the_program_dropped_stays_with_what_it_rests_on(store: Store) -> None:
    await store.sync(fact("một"), entry("A"))
    await store.save(entry("của Lan"))
    report = await store.sync()
    assert report == SyncReport(kept=((Kind.ENTRY, "e"), (Kind.FACT, "f")))
    assert await store.live() == {"e": entry("của Lan"), "f": fact("một")}
    await store.archive(entry("của Lan"))
    assert (await store.sync(fact("khác", "g"))).retired == ((Kind.FACT, "f"),)


async def test_a_change_by_both_waits_for_a_decision(store: Store) -> None:
    await store.sync(fact("một"), entry("A"), entry("B", "gone"))
    await store.save(entry("của Lan"))
    await store.archive(entry("B", "gone"))
    second = (fact("một"), entry("A2"), entry("B2", "gone"))
    assert (await store.sync(*second)).conflicts == ((Kind.ENTRY, "e"), (Kind.ENTRY, "gone"))
    assert await store.live() == {"e": entry("của Lan"), "f": fact("một")}

    about, gone = await store.conflicts()
    assert (about.staff, about.shipped, about.base) == (entry("của Lan"), entry("A2"), entry("A"))
    assert about.changed_by == "lan"
    assert (gone.staff, gone.shipped) == (None, entry("B2", "gone"))

    await store.resolve(entry("A"), "shipped")
    await store.resolve(entry("B", "gone"), "staff")
    assert await store.conflicts() == []
    assert (await store.live())["e"] == entry("A2")
    # Decided is decided: the next version is compared with the one that was decided about.
    report = await store.sync(fact("một"), entry("A3"), entry("B2", "gone"))
    assert report == SyncReport(updated=((Kind.ENTRY, "e"),))
    assert "gone" not in await store.live()
    with pytest.raises(LookupError):
        await store.resolve(entry("A"), "staff")


async def test_a_conflict_follows_the_newest_version_and_ends_when_the_sides_agree(store: Store) -> None:
    await store.sync(fact("một"), entry("A"))
    await store.save(entry("của Lan"))
    await store.sync(fact("một"), entry("A2"))
    await store.sync(fact("một"), entry("A3"))
    assert [conflict.shipped for conflict in await store.conflicts()] == [entry("A3")]
    await store.save(entry("A3"))
    assert await store.conflicts() == []
    assert (await store.sync(fact("một"), entry("A4"))).updated == ((Kind.ENTRY, "e"),)


async def test_a_draft_is_not_shown_and_not_overwritten(store: Store) -> None:
    await store.sync(fact("một"))
    await store.save(entry("chưa xong"), Status.DRAFT)
    report = await store.sync(fact("một"), entry("A"))
    assert report.conflicts == ((Kind.ENTRY, "e"),)
    assert "e" not in await store.live()


async def test_the_history_says_who_changed_what_and_why(store: Store, clock: StandingClock) -> None:
    await store.sync(fact("một"), entry("A"))
    await store.save(entry("của Lan"))
    clock.pass_(hours=1)
    await store.archive(entry("A"))
    archived, reworded = await store.history(entry("A"))
    assert (reworded.by, reworded.why) == ("lan", "gọn hơn")
    assert (reworded.before, reworded.after) == (entry("A").body, entry("của Lan").body)
    assert (archived.at, archived.before, archived.after) == (clock(), entry("của Lan").body, None)


async def test_every_change_raises_the_revision(store: Store) -> None:
    assert await store.revision() == 0
    seen = [0]
    steps: list[Callable[[], Awaitable[object]]] = [
        lambda: store.sync(fact("một"), entry("A")),
        lambda: store.save(entry("của Lan")),
        lambda: store.sync(fact("một"), entry("A2")),
        lambda: store.resolve(entry("A"), "staff"),
        lambda: store.archive(entry("A")),
    ]
    for step in steps:
        await step()
        seen.append(await store.revision())
    assert seen == sorted(set(seen))


async def test_a_crash_in_the_middle_leaves_nothing_behind(store: Store, clock: StandingClock) -> None:
    items = (fact("một"), entry("A"))

    async def crash(connection: AsyncConnection) -> None:
        await content.sync(connection, items, clock())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await store.database.write(crash)
    assert await store.live() == {}
    assert len((await store.sync(*items)).added) == 2


async def test_several_processes_may_sync_and_save_at_once(store: Store, clock: StandingClock) -> None:
    others = [Database(store.database.url.render_as_string(hide_password=False)) for _ in range(3)]
    for other in others:
        await other.open()
    items = tuple(entry(f"trả lời {number}", f"e{number}") for number in range(50))
    try:
        everybody = [Store(each, clock) for each in (store.database, *others)]
        reports = await asyncio.gather(*(each.sync(fact("một"), *items) for each in everybody))
        assert sorted(len(report.added) for report in reports) == [0, 0, 0, 51]
        before = await store.revision()
        await asyncio.gather(*(each.save(entry("của Lan", "e1")) for each in everybody))
        assert await store.revision() == before + 4
        assert len(await store.history(items[1])) == 4
    finally:
        for other in others:
            await other.close()


async def test_a_row_that_no_longer_makes_sense_silences_only_itself(store: Store) -> None:
    await store.sync(fact("một"), fact("hai", "g"), entry("A"), entry("B", "other"))
    t = schema.content_items
    await store.database.write(lambda c: c.execute(update(t).where(t.c.id == "g").values(body="{oops")))
    await store.database.write(
        lambda c: c.execute(update(t).where(t.c.id == "other").values(body='{"question":"?","colour":1}'))
    )
    async with store.database.read() as connection:
        made = content_of(await content.load(connection))
        assert await connection.scalar(select(func.count()).select_from(t)) == 4
    assert (set(made.entries), set(made.facts)) == ({"e"}, {"f"})
