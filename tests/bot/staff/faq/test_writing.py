"""A file that was agreed to is written once, whatever happens to who writes it; servers hear of it once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.faq.applying import AT_ONCE, LEASE, ImportWriter
from bot.staff.faq.comparing import Planned, Verdict
from bot.staff.faq.keeping import FOLDER, DryRun, DryRuns
from bot.staff.faq.saving import Saving, nobody
from bot.store import content, editing, entry_imports, schema
from bot.store.audit import Action
from bot.store.content import Status
from bot.store.database import StoreUnavailable
from bot.store.entry_imports import MOST_ATTEMPTS, EntryImport, ImportState
from bot.store.staff import Role
from knowledge.content import Kind
from tests.bot.staff.conftest import Console
from tests.bot.staff.faq.desk import FAQ, edit, entry
from tests.conftest import StandingClock

COUNT = 2 * AT_ONCE + 3


def new_rows(count: int = COUNT, status: Status = Status.PUBLISHED) -> list[Planned]:
    made = [entry(f"moi-{n}", f"Câu mới thứ {n}?", "Từ 80 điểm.", "nguong") for n in range(count)]
    return [
        Planned(n + 2, "", Verdict.ADD, one.id, one.body["question"], status, body=one.body)
        for n, one in enumerate(made)
    ]


class Office:
    """An import an officer agreed to, and processes that may write it."""

    def __init__(self, console: Console, clock: StandingClock, data_dir: Path) -> None:
        self.console, self.clock, self.data_dir = console, clock, data_dir
        self.database = console.database
        self.fails_at = ""
        self.token = ""

    async def agree(self, rows: Sequence[Planned]) -> None:
        async with self.database.read() as connection:
            revision = await content.revision(connection)
        officer: Any
        (officer,) = [row for row in await self.console.rows(schema.staff) if row["role"] == Role.EDITOR]
        run = DryRun("câu hỏi.csv", officer["name"], self.clock(), revision, rows)
        self.token = DryRuns(self.data_dir / FOLDER).keep(run)
        await self.database.write(
            lambda c: entry_imports.add(c, self.token, officer["id"], len(rows), self.clock())
        )

    async def saved(self, connection: AsyncConnection, saving: Saving) -> None:
        if saving.item.id == self.fails_at:
            raise StoreUnavailable("the process dies here")

    def process(self) -> ImportWriter:
        return ImportWriter(self.database, self.clock, self.data_dir, self.saved)

    async def now(self) -> EntryImport:
        async with self.database.read() as connection:
            found = await entry_imports.find(connection, self.token)
        assert found is not None
        return found

    async def revision(self) -> int:
        async with self.database.read() as connection:
            return await content.revision(connection)

    async def written(self) -> list[str]:
        async with self.database.read() as connection:
            return [one.id for one in await editing.every(connection, Kind.ENTRY) if "moi-" in one.id]


async def test_who_goes_on_after_a_process_died_writes_nothing_twice_and_leaves_nothing_out(
    faq: Console, clock: StandingClock, tmp_path: Path
) -> None:
    office = Office(faq, clock, tmp_path)
    await office.agree(new_rows())
    revision = await office.revision()
    office.fails_at = f"moi-{AT_ONCE + 4}"
    await office.process().write_all()
    told = await office.now()
    assert (told.state, told.position) == (ImportState.WRITING, AT_ONCE)
    assert len(await office.written()) == AT_ONCE  # the part that failed left nothing behind
    assert await office.revision() == revision  # servers take over the whole, not its parts
    page = await faq.page(f"{FAQ}/_nhap/{office.token}")
    assert "Đang ghi" in page
    assert f'data-live="{FAQ}/_nhap/{office.token}?manh=1"' in page
    assert f"<strong>{AT_ONCE}</strong> trong {COUNT} câu" in page
    office.fails_at = ""
    await office.process().write_all()
    assert (await office.now()).position == AT_ONCE  # it may still be alive
    clock.now += LEASE + timedelta(seconds=1)
    await office.process().write_all()
    told = await office.now()
    assert (told.state, told.position, told.refused) == (ImportState.DONE, COUNT, {})
    assert len(await office.written()) == COUNT
    assert await office.revision() == revision + 1
    lines = [str(row["item_id"]) for row in await faq.rows(schema.content_history)]
    assert sorted(one for one in lines if one.startswith("moi-")) == sorted(f"moi-{n}" for n in range(COUNT))
    log = [(row["action"], row["subject"]) for row in await faq.rows(schema.audit_log)]
    assert len([one for one in log if one[0] == Action.ENTRY_SAVED]) == COUNT == len(set(log)) - 1
    assert log.count((Action.ENTRIES_IMPORTED, "entries")) == 1
    piece = await faq.page(f"{FAQ}/_nhap/{office.token}?manh=1")
    assert f"Đã ghi {COUNT} câu" in piece
    assert "<html" not in piece


async def test_a_process_whose_import_was_taken_over_writes_no_more(
    faq: Console, clock: StandingClock, tmp_path: Path
) -> None:
    office = Office(faq, clock, tmp_path)
    await office.agree(new_rows())
    slow = office.process()
    taken: list[str] = []

    async def stalls(connection: AsyncConnection, saving: Saving) -> None:
        """The first process sleeps so long that another one has the import meanwhile."""
        if saving.item.id == "moi-0" and not taken:
            taken.append(saving.item.id)
            later = clock() + LEASE + timedelta(seconds=1)
            assert await entry_imports.claim(
                connection, office.token, "another", now=later, until=later + LEASE
            )

    slow = ImportWriter(office.database, clock, tmp_path, stalls)
    await slow.write_all()
    assert await office.written() == []  # its part was taken back, the other one's claim with it
    assert (await office.now()).position == 0


async def test_what_changes_while_it_is_written_is_judged_anew_and_not_overwritten(
    faq: Console, clock: StandingClock, tmp_path: Path
) -> None:
    office = Office(faq, clock, tmp_path)
    rows = new_rows()
    await office.agree(rows)
    office.fails_at = f"moi-{AT_ONCE}"
    await office.process().write_all()
    # A colleague gives another entry the words of a row that waits, and takes the place of one more.
    await edit(faq, "dat", cach_hoi=f"Câu mới thứ {AT_ONCE + 1}?")
    taken = entry(f"moi-{AT_ONCE + 2}", "Của chị Hoa?", "Từ 80 điểm.", "nguong")
    await office.database.write(
        lambda c: editing.put(c, taken, editing.NEW, by="Hoa", why="", at=clock(), status=Status.PUBLISHED)
    )
    office.fails_at = ""
    clock.now += LEASE + timedelta(seconds=1)
    await office.process().write_all()
    told = await office.now()
    assert told.state is ImportState.DONE
    assert sorted(told.refused) == [AT_ONCE + 1, AT_ONCE + 2]
    assert "nội dung khác đã đổi" in told.refused[AT_ONCE + 1]
    assert "không ghi đè" in told.refused[AT_ONCE + 2]
    async with office.database.read() as connection:
        found = await editing.find(connection, Kind.ENTRY, taken.id)
    assert found is not None
    assert found.body["question"] == "Của chị Hoa?"
    assert f"Đã ghi {COUNT - 2} câu, 2 câu chưa ghi" in await faq.page(f"{FAQ}/_nhap/{office.token}")


async def test_what_fails_again_and_again_is_given_up_and_said_so(
    faq: Console, clock: StandingClock, tmp_path: Path
) -> None:
    office = Office(faq, clock, tmp_path)
    await office.agree(new_rows())
    revision = await office.revision()
    office.fails_at = f"moi-{AT_ONCE}"
    for _ in range(MOST_ATTEMPTS + 1):
        await office.process().write_all()
        clock.now += LEASE + timedelta(seconds=1)
    assert (await office.now()).state is ImportState.FAILED
    assert await office.revision() == revision + 1  # what was written before is live
    page = await faq.page(f"{FAQ}/_nhap/{office.token}")
    assert f"Đã ghi {AT_ONCE} câu, còn {COUNT - AT_ONCE} câu chưa ghi" in page
    # An account that was closed meanwhile writes no more.
    await office.agree([])
    other = Office(faq, clock, tmp_path)
    await other.agree([*new_rows(1, Status.DRAFT)])
    await office.database.write(lambda c: c.execute(schema.staff.update().values(disabled_at=clock())))
    await ImportWriter(office.database, clock, tmp_path, nobody).write_all()
    assert (await other.now()).state is ImportState.FAILED


_PROCESS = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from bot.clock import utc_now
from bot.staff.faq.applying import ImportWriter
from bot.staff.faq.saving import nobody
from bot.store.database import Database

async def main(url, data_dir, seconds):
    database = Database(url)
    await database.open()
    later = timedelta(seconds=float(seconds))
    print("begins", flush=True)
    await ImportWriter(database, lambda: utc_now() + later, Path(data_dir), nobody).write_all()
    await database.close()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.crash
@pytest.mark.timeout(240)
async def test_killed_again_and_again_every_row_is_written_once(
    faq: Console, clock: StandingClock, tmp_path: Path
) -> None:
    office = Office(faq, clock, tmp_path)
    await office.agree(new_rows(1_500))
    url, kills, places = office.database.url.render_as_string(hide_password=False), 0, [0]
    for attempt in range(40):
        seconds = str((attempt + 1) * (LEASE.total_seconds() + 1))  # its lease is a thing of the past
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PROCESS, url, str(tmp_path), seconds, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"begins\n"
        ended = asyncio.ensure_future(process.wait())
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                # The first dies as it begins, the others some way on: by rows, for machines differ in haste.
                while attempt and (await office.now()).position < places[-1] + 200:
                    await asyncio.wait({ended}, timeout=0.01)
                    if ended.done():
                        break
        if not ended.done():
            process.kill()
            kills += 1
        await ended
        places.append((await office.now()).position)
        if (await office.now()).is_over:
            break
    assert kills >= 3, places
    assert (await office.now()).state is ImportState.DONE, places
    assert len(await office.written()) == 1_500
    lines = [str(row["item_id"]) for row in await faq.rows(schema.content_history)]
    assert len(lines) == len(set(lines)) == 1_500
    log = [row["action"] for row in await faq.rows(schema.audit_log)]
    assert (log.count(Action.ENTRY_SAVED), log.count(Action.ENTRIES_IMPORTED)) == (1_500, 1)
