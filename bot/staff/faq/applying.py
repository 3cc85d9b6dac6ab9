"""A dry run made true: just the rows that were shown, each over the version it was compared with.

A few rows go into one transaction, so that nobody waits long for the database; a row somebody was quicker
with is left alone and named. What was written before a failure stays: the same file taken in again finds it
unchanged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.faq.comparing import WRITTEN, Planned, still_right
from bot.staff.faq.keeping import DryRun
from bot.staff.faq.saving import Saved, Writing, drafts_beneath, put_entry
from bot.staff.faq.shelf import Shelf
from bot.store import content
from bot.store.audit import Action, note
from bot.store.database import Database, StoreUnavailable
from bot.store.editing import Stale
from bot.store.staff import Officer

log = structlog.get_logger(__name__)

AT_ONCE = 3
"""Rows written in one transaction: some 15 ms, between which everybody else gets a turn."""
_GONE = "Câu này vừa có người đổi, nên dòng này không ghi đè. Bạn mở câu ấy xem, rồi nhập lại tệp nếu cần."
_BUSY = "Hệ thống đang bận, dòng này chưa ghi. Bạn nhập lại tệp giúp nhé; dòng nào ghi rồi sẽ là “không đổi”."


class Applying:
    """Writes dry runs."""

    def __init__(self, database: Database, saved: Saved) -> None:
        """`saved` hears of every entry that is written."""
        self._database = database
        self._saved = saved

    async def write(self, run: DryRun, shelf: Shelf, officer: Officer, at: datetime) -> dict[int, str]:
        """Write the rows; gives those that were not, by their place in the run, and why."""
        wanted = [(place, row) for place, row in enumerate(run.rows) if row.verdict in WRITTEN]
        refused: dict[int, str] = {}
        if shelf.revision != run.revision:
            wanted, refused = await asyncio.to_thread(_recheck, wanted, shelf)
        written = 0
        for start in range(0, len(wanted), AT_ONCE):
            batch = wanted[start : start + AT_ONCE]
            writings = [(place, _writing(row, run, shelf)) for place, row in batch]
            is_last = start + AT_ONCE >= len(wanted)
            try:
                stale = await self._write_batch(writings, officer, at, written if is_last else None)
            except StoreUnavailable:
                log.error("staff_import_broken_off", staff_id=officer.id, rows_left=len(wanted) - start)
                return refused | {place: _BUSY for place, _ in wanted[start:]}
            refused |= dict.fromkeys(stale, _GONE)
            written += len(batch) - len(stale)
        log.info("staff_imported_entries", staff_id=officer.id, rows=written, refused=len(refused))
        return refused

    async def _write_batch(
        self, writings: Sequence[tuple[int, Writing]], officer: Officer, at: datetime, before: int | None
    ) -> list[int]:
        """One transaction; gives the places of rows somebody was quicker with. `before`: rows written so far,
        when these are the last."""

        async def job(connection: AsyncConnection) -> list[int]:
            await content.begin_change(connection)
            stale = []
            for place, writing in writings:
                try:
                    await put_entry(connection, writing, officer, at, self._saved)
                except Stale:
                    stale.append(place)
            if before is not None:
                detail = {"entries": before + len(writings) - len(stale)}
                await note(connection, officer, Action.ENTRIES_IMPORTED, "entries", at, detail)
            return stale

        return await self._database.write(job)


def _recheck(
    wanted: Sequence[tuple[int, Planned]], shelf: Shelf
) -> tuple[list[tuple[int, Planned]], dict[int, str]]:
    """Other content changed since the rows were compared: which of them can be written all the same."""
    refused = {}
    for place, row in wanted:
        new = [why for why in still_right(row, shelf) if why not in row.reasons]
        if new:
            refused[place] = f"Từ lúc xem trước, nội dung khác đã đổi: {new[0]}"
    return [(place, row) for place, row in wanted if place not in refused], refused


def _writing(row: Planned, run: DryRun, shelf: Shelf) -> Writing:
    why = f"Nhập từ tệp {run.name[:120]}, dòng {row.line}"
    return Writing(row.item, row.version, why, row.status, drafts_beneath(row.item, row.status, shelf))
