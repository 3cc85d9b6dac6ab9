"""Files staff sent in are read here, one at a time, and each ends as a report; no kill loses one.

The rows (bot.store.uploads) are the truth, the files lie in DATA_DIR/uploads under names of ours. Of several
processes the one that has the file reads it. Taking in the same bytes twice changes nothing (bot.ingest), so
a file whose reader died is simply read again.
"""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from bot.clock import Clock
from bot.ingest import FileReport, Outcome, ingest_file
from bot.store import library, uploads
from bot.store.database import Database, StoreUnavailable
from bot.store.uploads import MOST_ATTEMPTS, Upload, UploadState
from bot.tasks import end
from knowledge.ingest import Limits

log = structlog.get_logger(__name__)

FOLDER = "uploads"
"""Beneath the data folder: files that wait to be read, and those that failed."""
POLL_SECONDS = 1.0
TIDY_SECONDS = 600.0
LEASE = timedelta(seconds=90)
RENEW_SECONDS = 25.0
KEPT_FOR = timedelta(days=7)
"""A file that failed can be tried again for so long."""
ABANDONED = timedelta(hours=6)
"""A file nobody wrote to for so long and no row tells of was left by a process that died."""
LOST_AFTER = timedelta(days=1)
"""A file that no process has seen for so long is gone: another one may have it, and much to do."""
LONGEST_NAME = 150
_LOOKED_AT = 20
_ENDING = 12
_TOO_OFTEN = (
    f"Chương trình đã thử đọc tệp này {MOST_ATTEMPTS} lần mà lần nào cũng bị ngắt giữa chừng. "
    "Bạn thử lại sau, hoặc lưu tệp sang định dạng khác rồi tải lên."
)
_LOST = "Không còn thấy tệp này trên máy chủ. Bạn tải tệp lên lại giúp nhé."


def shown_name(given: str) -> str:
    """What a file was called, fit to be shown on one line: no folders, nothing invisible, not too long.

    It is for reading only. It names nothing on our disk.
    """
    last = unicodedata.normalize("NFC", given.encode("utf-8", "ignore").decode()).replace("\\", "/")
    last = last.rstrip("/").rpartition("/")[2]
    seen = "".join(" " if one.isspace() else one for one in last if one.isspace() or _is_seen(one))
    name = " ".join(seen.split())
    if len(name) > LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        tail = f"…{dot}{ending}" if stem and len(ending) <= _ENDING else "…"
        name = name[: LONGEST_NAME - len(tail)].rstrip() + tail
    return name if name.strip(". ") else "Tệp không tên"


def _is_seen(character: str) -> bool:
    """Not a control, a mark that turns the direction of writing, or a half of a character."""
    return unicodedata.category(character)[0] != "C"


class UploadReader:
    """Reads what waits, in one process."""

    def __init__(self, database: Database, clock: Clock, data_dir: Path, limits: Limits) -> None:
        self._database = database
        self._clock = clock
        self._data_dir = data_dir
        self._limits = limits
        self._owner = secrets.token_hex(12)
        """Another one for every process and every start: nobody takes a lease of the dead for theirs."""

    async def run(self, stop: asyncio.Event) -> None:
        """Keep at it until `stop` is set; a file in hand then goes back into the queue."""
        rounds = asyncio.create_task(self._go_on(), name="uploads")
        tidying = asyncio.create_task(self._tidy_forever(), name="uploads-tidying")
        try:
            await stop.wait()
        finally:
            await end(rounds, tidying)
            try:
                await self._database.write(lambda c: uploads.release(c, self._owner))
            except StoreUnavailable as error:
                log.warning("upload_not_released", reason=str(error))

    async def _go_on(self) -> None:
        while True:
            try:
                while await self.read_next():
                    pass
            except StoreUnavailable as error:
                log.warning("uploads_wait_for_database", reason=str(error))
            except Exception:
                log.exception("uploads_round_failed")
            await asyncio.sleep(POLL_SECONDS)

    async def read_next(self) -> bool:
        """Read the file that waits longest, of those that are here; whether there was one."""
        now = self._clock()
        async with self._database.glance() as connection:
            waiting = await uploads.due(connection, now, _LOOKED_AT)
        for one in waiting:
            is_here = await asyncio.to_thread((self._data_dir / FOLDER / one.path).is_file)
            if not is_here and now - one.at < LOST_AFTER:
                continue  # perhaps another process has it
            claimed = await self._database.write(
                partial(uploads.claim, id_=one.id, owner=self._owner, now=now, until=now + LEASE)
            )
            if claimed is not None:
                await self._settle(claimed, is_here=is_here)
                return True
        return False

    async def _settle(self, one: Upload, *, is_here: bool) -> None:
        if not is_here:
            await self._finish(one, FileReport(one.name, Outcome.FAILED, _LOST))
        elif one.attempts > MOST_ATTEMPTS:
            await self._finish(one, FileReport(one.name, Outcome.FAILED, _TOO_OFTEN))
        else:
            holding = asyncio.create_task(self._hold(one.id), name="upload-lease")
            try:
                report = await self._taken_in(one)
            finally:
                await end(holding)
            await self._finish(one, report)

    async def _taken_in(self, one: Upload) -> FileReport:
        return await ingest_file(
            self._database,
            self._data_dir,
            self._data_dir / FOLDER / one.path,
            name=one.name,
            by=one.by,
            clock=self._clock,
            limits=self._limits,
        )

    async def _hold(self, id_: int) -> None:
        """Renew the lease until cancelled."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            renewed = partial(uploads.renew, id_=id_, owner=self._owner, until=self._clock() + LEASE)
            try:
                await self._database.write(renewed)
            except StoreUnavailable as error:
                log.warning("upload_lease_not_renewed", reason=str(error))

    async def _finish(self, one: Upload, report: FileReport) -> None:
        told = await self._told(one, report)
        state = UploadState.FAILED if report.outcome is Outcome.FAILED else UploadState.DONE
        at = self._clock()
        is_ours = await self._database.write(
            lambda c: uploads.finish(
                c, one.id, self._owner, state, source_id=report.source_id, report=told, at=at
            )
        )
        log.info("upload", id=one.id, outcome=report.outcome.value, attempt=one.attempts, ours=is_ours)
        if is_ours and state is UploadState.DONE:
            await asyncio.to_thread((self._data_dir / FOLDER / one.path).unlink, missing_ok=True)

    async def _told(self, one: Upload, report: FileReport) -> Mapping[str, Any]:
        """The report; that of the reader who died between storing the document and saying so, if one did."""
        if report.outcome is Outcome.UNCHANGED and report.source_id is not None and one.attempts > 1:
            async with self._database.read() as connection:
                source = await library.source(connection, report.source_id)
            if source is not None and source.report and source.added_at >= one.at:
                outcome = Outcome.ADDED if source.replaces_id is None else Outcome.REPLACED
                own = {"source_id": source.id, "version": source.version, "outcome": outcome.value}
                return {**source.report, **own}
        return report.as_json()

    # --- tidying -----------------------------------------------------------------------------------

    async def _tidy_forever(self) -> None:
        while True:
            try:
                await self.tidy()
            except StoreUnavailable as error:
                log.warning("uploads_not_tidied", reason=str(error))
            except OSError as error:
                log.warning("uploads_not_tidied", reason=type(error).__name__)
            await asyncio.sleep(TIDY_SECONDS)

    async def tidy(self) -> None:
        """Remove what was broken off by a kill, what was taken in, and what failed long ago."""
        now = self._clock()
        await self._database.write(lambda c: uploads.forget_failed(c, now - KEPT_FOR))
        async with self._database.read() as connection:
            kept = await uploads.kept_paths(connection)
        await asyncio.to_thread(self._remove, kept, (now - ABANDONED).timestamp())

    def _remove(self, kept: set[str], before: float) -> None:
        folder = self._data_dir / FOLDER
        if not folder.is_dir():
            return
        for one in folder.iterdir():
            if one.name not in kept and one.stat().st_mtime < before:
                one.unlink(missing_ok=True)
                log.info("upload_removed")
