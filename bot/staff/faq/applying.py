"""A dry run made true: just the rows that were shown, each over the version it was compared with.

It is written behind the request that asked for it, a few rows to a transaction, so that nobody waits long for
the database and no proxy for the page. How far it is stands in the database (bot.store.entry_imports) and
moves with the rows: whoever goes on after a kill writes nothing twice and leaves nothing out. A row somebody
was quicker with is left alone and named. Running servers take the change over once, when all is written.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.staff.faq.comparing import WRITTEN, Planned, still_right
from bot.staff.faq.keeping import FOLDER, DryRun, DryRuns
from bot.staff.faq.saving import Saved, Saving, drafts_beneath
from bot.staff.faq.shelf import Shelf, Shelves
from bot.store import content, editing, entry_imports, staff
from bot.store.audit import Action, note, note_many
from bot.store.content import Status
from bot.store.database import Database, StoreUnavailable
from bot.store.editing import Put
from bot.store.entry_imports import MOST_ATTEMPTS, EntryImport, ImportState, NotOurs
from bot.store.staff import Officer
from bot.tasks import end

log = structlog.get_logger(__name__)

AT_ONCE = 25
"""Rows written in one transaction: some 10 ms, between which everybody else gets a turn."""
LEASE = timedelta(seconds=20)
"""Renewed with every transaction: one that stands still for so long has lost its process."""
POLL_SECONDS = 2.0
_GONE = "Câu này vừa có người đổi, nên dòng này không ghi đè. Bạn mở câu ấy xem, rồi nhập lại tệp nếu cần."


class _Moved(Exception):
    """Content changed since the rows were judged."""


@dataclass(slots=True)
class _Work:
    """An import in hand."""

    token: str
    name: str
    officer: Officer
    wanted: Sequence[tuple[int, Planned]]
    """Rows to be written, by their place in the dry run."""
    revision: int
    """Of the content they were compared with."""
    position: int
    refused: dict[int, str]
    became_live: set[str]
    """Drafts of facts that were published with their first entry."""


class ImportWriter:
    """Writes what officers agreed to, in one process."""

    def __init__(self, database: Database, clock: Clock, data_dir: Path, saved: Saved) -> None:
        """`saved` hears of every entry that is written."""
        self._database = database
        self._clock = clock
        self._saved = saved
        self._runs = DryRuns(data_dir / FOLDER)
        self._shelves = Shelves(database)
        self._owner = secrets.token_hex(12)
        """Another one for every process and every start: nobody takes a lease of the dead for theirs."""
        self._one_at_a_time = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Go on with what a process left behind, until `stop` is set."""
        rounds = asyncio.create_task(self._go_on(), name="entry-imports")
        try:
            await stop.wait()
        finally:
            await end(rounds)
            await self.release()

    async def release(self) -> None:
        """Give back what is in hand: the process is being stopped in good order."""
        try:
            await self._database.write(lambda c: entry_imports.release(c, self._owner))
        except StoreUnavailable as error:
            log.warning("import_not_released", reason=str(error))

    async def write_all(self) -> None:
        """Write whatever waits. Never raises: what fails is taken up again when its lease ran out."""
        async with self._one_at_a_time:
            try:
                while await self._write_next():
                    pass
            except StoreUnavailable as error:
                log.warning("import_waits_for_database", reason=str(error))
            except NotOurs:
                log.warning("import_taken_over_by_another_process")
            except Exception:
                log.exception("import_failed")

    async def _go_on(self) -> None:
        while True:
            await self.write_all()
            await asyncio.sleep(POLL_SECONDS)

    async def _write_next(self) -> bool:
        """Write the import that waits longest; whether there was one."""
        now = self._clock()
        async with self._database.glance() as connection:
            waiting = await entry_imports.due(connection, now)
        for one in waiting:
            claimed = await self._database.write(
                partial(entry_imports.claim, token=one.token, owner=self._owner, now=now, until=now + LEASE)
            )
            if claimed is not None:
                await self._settle(claimed)
                return True
        return False

    async def _settle(self, one: EntryImport) -> None:
        run = await asyncio.to_thread(self._runs.find, one.token)
        async with self._database.glance() as connection:
            officer = await staff.by_id(connection, one.staff_id)
        if run is None or officer is None or officer.disabled or one.attempts > MOST_ATTEMPTS:
            await self._give_up(one, officer)
            return
        work = _work(one, run, officer)
        shelf = await self._shelves.now()
        while work.position < len(work.wanted):
            try:
                await self._write_some(work, shelf)
            except _Moved:
                shelf = await self._shelves.now()
        log.info(
            "staff_imported_entries",
            staff_id=officer.id,
            rows=len(work.wanted) - len(work.refused),
            refused=len(work.refused),
        )

    async def _write_some(self, work: _Work, shelf: Shelf) -> None:
        """The next rows in one transaction, with how far that is. Raises _Moved, NotOurs."""
        some = work.wanted[work.position : work.position + AT_ONCE]
        unfit: dict[int, str] = {}
        if shelf.revision != work.revision:
            unfit = await asyncio.to_thread(_unfit, some, shelf)
        fitting = [(place, row) for place, row in some if place not in unfit]
        position, at = work.position + len(some), self._clock()

        async def job(connection: AsyncConnection) -> tuple[dict[int, str], set[str]]:
            if await content.begin_part(connection) != shelf.revision:
                raise _Moved
            by, puts = work.officer, [_put(row, work.name) for _, row in fitting]
            stale = await editing.put_many_begun(connection, puts, by=by.name, at=at)
            refused = work.refused | unfit | {place: _GONE for place, row in fitting if row.id in stale}
            written = [row for _, row in fitting if row.id not in stale]
            live = await self._make_live(connection, written, shelf, work, at)
            about = [(row.id, {"status": row.status.value}) for row in written]
            await note_many(connection, by, Action.ENTRY_SAVED, about, at)
            for row in written:
                await self._saved(connection, Saving(row.item, row.status, "", by, at))
            await entry_imports.advance(
                connection, work.token, self._owner, position=position, refused=refused, until=at + LEASE
            )
            if position == len(work.wanted):
                await self._end(connection, work.token, ImportState.DONE, by, position - len(refused))
            return refused, live

        await self._database.right_of_way.give_way()
        work.refused, work.became_live = await self._database.write(job)
        work.position = position

    @staticmethod
    async def _make_live(
        connection: AsyncConnection, written: Sequence[Planned], shelf: Shelf, work: _Work, at: datetime
    ) -> set[str]:
        """Publish what came with drafts that are published now; gives all that was, by this import."""
        live = set(work.became_live)
        for row in written:
            for fact in drafts_beneath(row.item, row.status, shelf):
                if fact.id not in live:
                    live.add(fact.id)
                    why, by = _why(row, work.name), work.officer.name
                    await content.save_begun(connection, fact, by=by, why=why, at=at, status=Status.PUBLISHED)
        return live

    async def _give_up(self, one: EntryImport, officer: Officer | None) -> None:
        """Say so, and show running servers what was written before."""
        written = one.position - len(one.refused)

        async def job(connection: AsyncConnection) -> None:
            await content.begin_part(connection)
            await self._end(connection, one.token, ImportState.FAILED, officer, written)

        await self._database.write(job)
        log.error("staff_import_given_up", rows_left=one.total - one.position, attempts=one.attempts)

    async def _end(
        self,
        connection: AsyncConnection,
        token: str,
        state: ImportState,
        officer: Officer | None,
        written: int,
    ) -> None:
        at = self._clock()
        if written:
            await content.tell(connection)
        detail = {"entries": written}
        await note(connection, officer, Action.ENTRIES_IMPORTED, "entries", at, detail)
        await entry_imports.finish(connection, token, self._owner, state, at)


def _work(one: EntryImport, run: DryRun, officer: Officer) -> _Work:
    wanted = [(place, row) for place, row in enumerate(run.rows) if row.verdict in WRITTEN]
    return _Work(
        token=one.token,
        name=run.name,
        officer=officer,
        wanted=wanted,
        revision=run.revision,
        position=one.position,
        refused=dict(one.refused),
        became_live=set(),
    )


def _unfit(rows: Sequence[tuple[int, Planned]], shelf: Shelf) -> dict[int, str]:
    """Other content changed since the rows were compared: which cannot be written any more, and why."""
    unfit = {}
    for place, row in rows:
        new = [why for why in still_right(row, shelf) if why not in row.reasons]
        if new:
            unfit[place] = f"Từ lúc xem trước, nội dung khác đã đổi: {new[0]}"
    return unfit


def _put(row: Planned, name: str) -> Put:
    return Put(row.item, row.version, _why(row, name), row.status)


def _why(row: Planned, name: str) -> str:
    return f"Nhập từ tệp {name[:120]}, dòng {row.line}"
