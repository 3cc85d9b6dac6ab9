"""Keeping the files of evidence: fetched soon after they were given, gone soon after they were erased.

The rows (`bot.store.evidence`) are the truth; files lie in DATA_DIR/evidence/<code>/ under the row's number,
never under a name from outside. A kill at any moment leaves at worst a file that is written over, or
removed with its assessment. Several processes may work at once.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.download import Downloader, DownloadFailed, NotAllowed, TooLarge, Unreachable
from bot.file_kinds import kind_of
from bot.metrics import Metrics
from bot.store import evidence
from bot.store.database import Database, StoreUnavailable
from bot.store.evidence import Awaited, State
from bot.tasks import end

log = structlog.get_logger(__name__)

FOLDER = "evidence"
"""Below DATA_DIR."""
POLL_SECONDS = 3.0
AT_ONCE = 4
LEASE = timedelta(minutes=3)
"""A file that was claimed is nobody else's for so long: three times what a download may take."""
TRY_AGAIN_AFTER = (10.0, 60.0, 300.0, 1800.0, 7200.0)
"""Seconds after each try that failed; after the one behind the last, it is given up."""
MOST_OF_ONE_PERSON = 100 * 1024 * 1024
LEAST_FREE_BYTES = 300 * 1024 * 1024
"""With less room on the disk, files wait rather than stop the database."""
MARKED_FOR = timedelta(days=1)
"""What must go stays marked for longer than any download: what a late one writes goes as well."""
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,19}")
_PLACE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,19}/\d{1,19}\.[a-z]{1,8}")


class EvidenceKeeper:
    """Fetches what waits and removes what must go."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        metrics: Metrics,
        folder: Path,
        downloader: Downloader,
        stand_ins: Mapping[str, str],
    ) -> None:
        """`stand_ins`: by channel, the loopback origin its files may come from; normally none."""
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._folder = folder
        self._downloader = downloader
        self._stand_ins = stand_ins

    async def run(self, stop: asyncio.Event) -> None:
        """Keep at it until `stop` is set; what is being fetched then is fetched after the next start."""
        rounds = asyncio.create_task(self._go_on(), name="evidence")
        try:
            await stop.wait()
        finally:
            await end(rounds)

    async def _go_on(self) -> None:
        while True:
            try:
                await self.remove_marked()
                while await self.fetch_some():
                    pass
            except StoreUnavailable as error:
                log.warning("evidence_waits_for_database", reason=str(error))
            except Exception:
                log.exception("evidence_round_failed")
            await asyncio.sleep(POLL_SECONDS)

    # --- fetching ----------------------------------------------------------------------------------

    async def fetch_some(self) -> int:
        """Fetch a few of the files that wait; gives how many were tried."""
        now = self._clock()
        async with self._database.glance() as connection:
            if not await evidence.any_waiting(connection, now):
                return 0
        if not await asyncio.to_thread(self._has_room):
            log.error("evidence_waits_for_room")
            return 0
        claimed = await self._database.write(
            lambda c: evidence.claim(c, now=now, until=now + LEASE, limit=AT_ONCE)
        )
        async with asyncio.TaskGroup() as group:
            for one in claimed:
                group.create_task(self._fetch(one))  # raises nothing: one must not end the others
        return len(claimed)

    def _has_room(self) -> bool:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return shutil.disk_usage(self._folder).free > LEAST_FREE_BYTES

    async def _fetch(self, one: Awaited) -> None:
        try:
            outcome = await self._fetched(one)
        except StoreUnavailable as error:
            log.warning("evidence_waits_for_database", reason=str(error))
            return
        except Exception:
            log.exception("evidence_failed", id=one.id, attempt=one.attempt)
            return
        self._metrics.evidence.labels(one.conversation.channel, outcome).inc()
        log.info("evidence", id=one.id, outcome=outcome, attempt=one.attempt)

    async def _fetched(self, one: Awaited) -> str:
        """Fetch one file and write down what became of it; gives that in one word."""
        if one.attempt > len(TRY_AGAIN_AFTER) + 1:  # whoever tried last died of it
            return await self._without(one, State.FAILED, "tried too often")
        async with self._database.glance() as connection:
            theirs = await evidence.bytes_of(connection, one.conversation.key)
        if theirs >= MOST_OF_ONE_PERSON:
            return await self._without(one, State.REFUSED, "too many")
        part = self._folder_of(one.code) / f"{one.id}.part"
        stand_in = self._stand_ins.get(one.conversation.channel, "")
        try:
            await asyncio.to_thread(self._clear, one)
            size = await self._downloader.fetch(one.url, part, stand_in=stand_in)
            return await self._put(one, part, size)
        except (Unreachable, OSError) as error:
            reason = str(error) if isinstance(error, Unreachable) else type(error).__name__
            return await self._later(one, reason)
        except DownloadFailed as error:
            states = {TooLarge: State.TOO_LARGE, NotAllowed: State.REFUSED}
            return await self._without(one, states.get(type(error), State.FAILED), str(error))
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    async def _put(self, one: Awaited, part: Path, size: int) -> str:
        kind = await asyncio.to_thread(kind_of, part)
        if kind is None:
            return await self._without(one, State.REFUSED, "type")
        place = part.with_suffix(f".{kind.extension}")
        await asyncio.to_thread(_move, part, place)
        path = f"{one.code}/{place.name}"

        async def job(connection: AsyncConnection) -> bool:
            kept = await evidence.keep(connection, one.id, path=path, media_type=kind.media_type, size=size)
            return kept or await evidence.is_there(connection, one.id)

        if not await self._database.write(job):
            # Erased while it was being fetched.
            await asyncio.to_thread(place.unlink, missing_ok=True)
            return "erased"
        return State.KEPT.value

    async def _without(self, one: Awaited, state: State, why: str) -> str:
        await self._database.write(lambda c: evidence.give_up(c, one.id, state, why))
        return state.value

    async def _later(self, one: Awaited, why: str) -> str:
        if one.attempt > len(TRY_AGAIN_AFTER):
            return await self._without(one, State.FAILED, why)
        when = self._clock() + timedelta(seconds=TRY_AGAIN_AFTER[one.attempt - 1])
        await self._database.write(lambda c: evidence.try_again(c, one.id, when, why))
        return "later"

    def _clear(self, one: Awaited) -> None:
        """Make the folder, without what an earlier try that was killed may have left there."""
        folder = self._folder_of(one.code)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in folder.glob(f"{one.id}.*"):
            left.unlink(missing_ok=True)

    def _folder_of(self, code: str) -> Path:
        """Raises ValueError on what is not an assessment's code: it must not lead anywhere else."""
        if not _CODE.fullmatch(code):
            raise ValueError("not the code of an assessment")
        return self._folder / code

    # --- removing ----------------------------------------------------------------------------------

    async def remove_marked(self) -> None:
        """Remove the files of what was erased; once it is certain that none comes after, forget about it."""
        async with self._database.glance() as connection:
            codes = await evidence.to_remove(connection)
        if not codes:
            return
        if not await asyncio.to_thread(self._remove, codes):
            return
        before = self._clock() - MARKED_FOR
        await self._database.write(lambda c: evidence.end_removals(c, before))

    def _remove(self, codes: list[str]) -> bool:
        """Whether all of it is gone; what is not stays marked and is tried again."""
        is_all_gone = True
        for code in codes:
            folder = self._folder / code
            if not _CODE.fullmatch(code) or not folder.exists():
                continue
            try:
                shutil.rmtree(folder)
            except OSError as error:
                log.warning("evidence_not_removed", code=code, reason=type(error).__name__)
                is_all_gone = False
            else:
                log.info("evidence_removed", code=code)
        return is_all_gone


def place_of(data_dir: Path, path: str) -> Path | None:
    """Where a file that is kept lies (`path` of its row); None when it is not there, or leads elsewhere."""
    if not _PLACE.fullmatch(path):
        return None
    place = data_dir / FOLDER / path
    return place if place.is_file() and not place.is_symlink() else None


def _move(part: Path, place: Path) -> None:
    """Put a file in place, for certain: the row will say that it is there."""
    part.replace(place)
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
