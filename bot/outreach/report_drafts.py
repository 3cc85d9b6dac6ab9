"""Drafts of the running month, quarter and year, prepared on the 25th; figures renewed once a period is over.

A draft is prepared once, however many processes look and however often: the database refuses a second.
Nothing here makes a report final, and nothing here touches what staff wrote.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.nerves import Nerves
from bot.outreach.report_counting import Bureau
from bot.outreach.report_periods import ReportPeriod, due, period_of
from bot.outreach.reports import as_json
from bot.store import audit, reports
from bot.store.audit import Action
from bot.store.database import StoreUnavailable
from bot.store.reports import Kept, State
from bot.store.staff import Officer

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS = 900.0


def subject_of(period: str) -> str:
    """What lines of the audit log about a report are about."""
    return f"report:{period}"


@dataclass(frozen=True, slots=True)
class ReportDesk:
    """Prepares and renews drafts."""

    bureau: Bureau
    clock: Clock

    async def prepare(self, period: ReportPeriod, by: Officer | None) -> bool:
        """A draft with the figures of now; False when there is a report already."""
        now = self.clock()
        figures = as_json(await self.bureau.count(period, now))

        async def job(connection: AsyncConnection) -> bool:
            made = await reports.prepare(connection, period.key, figures, by=by.name if by else "", at=now)
            if made:
                await _note(connection, by, period.key, "prepared", now)
            return made

        return await self.bureau.database.write(job)

    async def renew(self, kept: Kept, by: Officer | None) -> bool:
        """Count a draft's figures again; False when somebody else just did, or it is final."""
        now = self.clock()
        figures = as_json(await self.bureau.count(period_of(kept.period), now))

        async def job(connection: AsyncConnection) -> bool:
            done = await reports.renew(connection, kept.period, kept.made_at, figures, now)
            if done:
                await _note(connection, by, kept.period, "renewed", now)
            return done

        return await self.bureau.database.write(job)

    async def up_to_date(self, period: str) -> Kept | None:
        """The report of a period; a draft counted before the period was over is counted once more."""
        kept = await self._find(period)
        if kept is None or not self.is_stale(kept):
            return kept
        with suppress(StoreUnavailable):  # what is there can be read all the same
            await self.renew(kept, None)
        return await self._find(period)

    def is_stale(self, kept: Kept) -> bool:
        """A draft from before the end of its period, which has come meanwhile."""
        period, zone = period_of(kept.period), self.bureau.zone
        return (
            kept.state is State.DRAFT
            and not period.is_over(kept.made_at, zone)
            and period.is_over(self.clock(), zone)
        )

    async def _find(self, period: str) -> Kept | None:
        async with self.bureau.database.read() as connection:
            return await reports.find(connection, period)


class ReportDrafts:
    """Looks every quarter of an hour whether a draft is due."""

    def __init__(self, desk: ReportDesk, nerves: Nerves) -> None:
        self._desk = desk
        self._nerves = nerves

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop` is set; of several processes one at a time."""
        while not stop.is_set():
            try:
                async with self._nerves.lock("report_drafts") as held:
                    if held:
                        await self.look()
            except (RedisError, OSError, StoreUnavailable) as error:
                log.warning("report_drafts_wait", reason=type(error).__name__)
            except Exception:
                log.exception("report_drafts_failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_SECONDS)

    async def look(self) -> int:
        """Prepare what is due and not there; gives how many."""
        made = 0
        database = self._desk.bureau.database
        for period in due(self._desk.clock(), self._desk.bureau.zone):
            async with database.read() as connection:
                is_there = await reports.is_there(connection, period.key)
            if not is_there and await self._desk.prepare(period, None):
                made += 1
                log.info("report_prepared", period=period.key)
        return made


async def _note(
    connection: AsyncConnection, by: Officer | None, period: str, did: str, now: datetime
) -> None:
    await audit.note(connection, by, Action.REPORT_CHANGED, subject_of(period), now, {"did": did})
