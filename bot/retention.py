"""Removes what is older than staff want it kept: once a day, at night, a little at a time.

How long is set on the page "Cài đặt"; where nothing is set, everything is kept. What must never be removed
however old it is, bot.store.retention knows. Whatever is set, the last traces of who asked to be forgotten go
here too (bot.erasures), and pictures no campaign shows. Every run is a line in the audit log, with numbers
and no content; that line is also how all processes know that today's is done.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

import structlog
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import erasures
from bot.clock import Clock
from bot.flows.assessment_moves import KEPT_DAYS
from bot.house_rules import HouseRules
from bot.nerves import Nerves
from bot.noticeboard import Noticeboard
from bot.outreach.pictures import CampaignPictures
from bot.store import audit, retention
from bot.store.audit import Action
from bot.store.database import Database, StoreUnavailable
from bot.store.retention import Kind, Old

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 600.0
NIGHT_BEGINS, NIGHT_ENDS = time(1), time(5)
OVERDUE = timedelta(hours=48)
"""A machine that is switched off every night does it in the daytime, so long after the last time."""
DAY = timedelta(days=1)
AT_ONCE = 200
"""Rows in one transaction."""
PAUSE_SECONDS = 0.05
"""Between transactions, so that citizens' messages go before."""
SUBJECT = "retention"


def what_is_old(rules: HouseRules, now: datetime) -> Old:
    """From when on things are older than staff want them kept."""

    def before(days: int | None) -> datetime | None:
        return None if days is None else now - timedelta(days=days)

    return Old(
        texts=before(rules.keep_texts_days),
        misses=before(rules.keep_misses_days),
        audit=before(rules.keep_audit_days),
        resumable_since=now - timedelta(days=KEPT_DAYS),
    )


def is_due(last: datetime | None, since: datetime, now: datetime, zone: tzinfo) -> bool:
    """Whether it is time: once a night, or by day when too many nights were missed. All aware; pure.

    `last`: the last run; `since`: when the rules in force were set, which stands for it before the first.
    """
    local = now.astimezone(zone)
    if NIGHT_BEGINS <= local.time() < NIGHT_ENDS:
        return last is None or last.astimezone(zone).date() < local.date()
    return now - (last or since) > OVERDUE


class Retention:
    """Looks now and then whether it is time."""

    def __init__(
        self,
        database: Database,
        nerves: Nerves,
        board: Noticeboard,
        clock: Clock,
        zone: tzinfo,
        pictures: CampaignPictures | None = None,
    ) -> None:
        self._database = database
        self._nerves = nerves
        self._board = board
        self._clock = clock
        self._zone = zone
        self._pictures = pictures
        self._pictures_tidied: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Look every SWEEP_SECONDS until `stop` is set; of several processes one at a time."""
        while not stop.is_set():
            try:
                async with self._nerves.lock(SUBJECT) as held:
                    if held:
                        if gone := await erasures.settle(self._database, self._nerves, self._clock()):
                            log.info("last_traces_removed", people=gone)
                        if await self.is_due():
                            await self.apply(stop)
                        await self.tidy_pictures()
            except (RedisError, OSError, StoreUnavailable) as error:
                log.warning("retention_waits", reason=type(error).__name__)
            except Exception:
                log.exception("retention_failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), SWEEP_SECONDS)

    async def tidy_pictures(self) -> None:
        """Once a day: what no campaign shows any more, whatever is set."""
        now = self._clock()
        if self._pictures is None or (self._pictures_tidied and now - self._pictures_tidied < DAY):
            return
        await self._pictures.tidy(self._database, now)
        self._pictures_tidied = now

    async def is_due(self) -> bool:
        """Whether something is to be removed, and now."""
        rules, since = self._board.rules, self._board.since
        if since is None or not any((rules.keep_texts_days, rules.keep_misses_days, rules.keep_audit_days)):
            return False
        async with self._database.read() as connection:
            done = await audit.latest(connection, 1, actions=frozenset({Action.RETENTION_APPLIED}))
        return is_due(done[0].at if done else None, since, self._clock(), self._zone)

    async def apply(self, stop: asyncio.Event | None = None) -> dict[Kind, int]:
        """Remove all that is old by the rules in force; gives how many rows. Stops early with `stop`."""
        now = self._clock()
        old = what_is_old(self._board.rules, now)
        removed = dict.fromkeys(Kind, 0)
        for kind in Kind:
            after: Any = None
            while True:
                if stop is not None and stop.is_set():
                    return removed  # the rest is for next time
                async with self._database.read() as connection:
                    keys = await retention.find(connection, kind, old, after, AT_ONCE)
                if not keys:
                    break
                removed[kind] += await self._remove(kind, old, keys)
                after = keys[-1]
                await asyncio.sleep(PAUSE_SECONDS)
        await self._forget_last_questions(old, now)
        detail = {kind.value: number for kind, number in removed.items()}
        await self._database.write(
            lambda c: audit.note(c, None, Action.RETENTION_APPLIED, SUBJECT, now, detail)
        )
        log.info("retention_applied", **detail)
        return removed

    async def _remove(self, kind: Kind, old: Old, keys: list[Any]) -> int:
        async def job(connection: AsyncConnection) -> int:
            return await retention.remove(connection, kind, old, keys)

        return await self._database.write(job)

    async def _forget_last_questions(self, old: Old, now: datetime) -> None:
        """What a conversation remembers word for word goes with its messages."""
        for _ in range(50):
            async with self._database.read() as connection:
                found = await retention.remembering(connection, old, AT_ONCE)
            for id_ in found:
                await self._database.write(
                    lambda c, id_=id_: retention.forget_last_question(c, id_, now)  # type: ignore[misc]
                )
            if len(found) < AT_ONCE:
                return
