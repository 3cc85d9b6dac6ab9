"""Sending articles to all followers when their time comes: each with one call, never with a second in doubt.

The claim is on disk before the call, so a process that dies leaves an article `sending`; whoever looks next
calls it unknown, and a person finds out. One sender at a time (a lock), and safe without the lock: a claim
is one conditional UPDATE, and the database gives each day of an account away once. Must never repeat a call
whose outcome is not known to be a refusal, and never send in the quiet hours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta, tzinfo
from typing import Protocol

import structlog
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.outreach.broadcast import TRY_AGAIN, Broadcast, State, Verdict, Why, is_due, is_late, verdict
from bot.outreach.broadcast_steps import SUBJECT
from bot.store import audit, broadcasts
from bot.store.audit import Action
from bot.store.database import Database, StoreUnavailable
from bot.store.revised import Overtaken
from connectors.channel import Receipt
from connectors.errors import SendError
from connectors.zalo import BroadcastTarget

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS = 5.0
RECORD_AGAIN_SECONDS = 1.0
RECORD_TRIES = 20


class Broadcasting(Protocol):
    """An account that can show articles to its followers: connectors.zalo.ZaloChannel."""

    @property
    def account(self) -> str: ...

    async def broadcast(self, article: str, target: BroadcastTarget) -> Receipt:
        """Make the one call. Raises a SendError."""
        ...


class BroadcastSender:
    """Sends what is due, for one account."""

    def __init__(
        self,
        channel: Broadcasting,
        database: Database,
        nerves: Nerves,
        clock: Clock,
        zone: tzinfo,
        *,
        per_month: int,
        metrics: Metrics | None = None,
    ) -> None:
        self._channel = channel
        self._database = database
        self._nerves = nerves
        self._clock = clock
        self._zone = zone
        self._per_month = per_month
        self._metrics = metrics or Metrics()

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop` is set; of several processes one at a time."""
        while not stop.is_set():
            try:
                async with self._nerves.lock("broadcasts") as held:
                    if held:
                        await self.round()
            except (RedisError, OSError, StoreUnavailable) as error:
                log.warning("broadcasts_wait", reason=type(error).__name__)
            except Exception:
                log.exception("broadcasts_failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_SECONDS)

    async def round(self) -> None:
        """One look at everything that has its time, or was being sent."""
        now = self._clock()
        async with self._database.glance() as connection:
            going = await broadcasts.every(connection, states=(State.SCHEDULED, State.SENDING))
        if any(one.state is State.SENDING for one in going):
            await self._give_up_lost(now)
        for one in reversed(going):
            with suppress(Overtaken):
                await self._look_at(one, now)

    async def _give_up_lost(self, now: datetime) -> None:
        async def job(connection: AsyncConnection) -> list[int]:
            found = await broadcasts.lost(connection, now)
            for broadcast_id in found:
                await self._note(connection, broadcast_id, "unknown", Why.DIED.value)
            return found

        for broadcast_id in await self._database.write(job):
            self._metrics.broadcasts.labels("unknown").inc()
            log.error("broadcast_unknown", broadcast=broadcast_id, reason=Why.DIED.value)

    async def _look_at(self, one: Broadcast, now: datetime) -> None:
        if one.state is not State.SCHEDULED:
            return
        if one.account != self._channel.account:
            await self._put(one, State.FAILED, Why.OTHER_ACCOUNT.value)
        elif is_late(one, now):
            await self._put(one, State.FAILED, f"{Why.LATE}: {one.why}" if one.why else Why.LATE.value)
        elif is_due(one, now, self._zone):
            await self._send(one, now)

    async def _send(self, one: Broadcast, now: datetime) -> None:
        today = now.astimezone(self._zone).date()
        full = await self._claim(one, now, today)
        if full is not None:
            await self._put(one, State.SCHEDULED, full.value, now + TRY_AGAIN)
            return
        try:
            receipt = await self._channel.broadcast(one.article, one.target)
        except SendError as error:
            await self._record(one, now, verdict(error, self._clock()))
        except Exception as error:
            # Whatever broke may have broken after the call: in doubt it went out.
            log.exception("broadcast_call_failed", broadcast=one.id)
            await self._record(one, now, Verdict(State.UNKNOWN, type(error).__name__))
        else:
            await self._record(one, now, receipt)

    async def _claim(self, one: Broadcast, now: datetime, today: date) -> Why | None:
        """Begin the call, or say what is full. Raises Overtaken."""

        async def job(connection: AsyncConnection) -> Why | None:
            if await broadcasts.given(connection, one.account, today, today):
                return Why.DAY_IS_FULL
            first = today.replace(day=1)
            last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
            if await broadcasts.given(connection, one.account, first, last) >= self._per_month:
                return Why.MONTH_IS_FULL
            await broadcasts.claim(connection, one, now, today)
            await self._note(connection, one.id, "send", "")
            return None

        return await self._database.write(job)

    async def _record(self, one: Broadcast, claimed_at: datetime, came_of_it: Receipt | Verdict) -> None:
        """Write down what became of the call; a database that is away for a moment is waited for."""
        state = came_of_it.state if isinstance(came_of_it, Verdict) else State.SENT

        async def job(connection: AsyncConnection) -> bool:
            if isinstance(came_of_it, Verdict):
                done = await broadcasts.answered(connection, one.id, claimed_at, came_of_it)
                why = came_of_it.why
            else:
                now, message_id = self._clock(), came_of_it.message_id
                done = await broadcasts.sent(connection, one.id, claimed_at, message_id, now)
                why = ""
            if done:
                await self._note(connection, one.id, _DID[state], why)
            return done

        for left in reversed(range(RECORD_TRIES)):
            try:
                await self._database.write(job)
                break
            except StoreUnavailable:
                if not left:
                    raise
                await asyncio.sleep(RECORD_AGAIN_SECONDS)
        self._metrics.broadcasts.labels(_DID[state]).inc()
        loud = log.info if state in (State.SENT, State.SCHEDULED) else log.error
        loud("broadcast_answered", broadcast=one.id, outcome=_DID[state])

    async def _put(self, one: Broadcast, to: State, why: str, not_before: datetime | None = None) -> None:
        """It does not go out now, and why. Said once: a reason that stays is not noted again."""

        async def job(connection: AsyncConnection) -> None:
            values: Mapping[str, object] = {"why": why, "not_before": not_before}
            await broadcasts.step(connection, one.id, one.revision, to, values)
            if why != one.why or to is not one.state:
                await self._note(connection, one.id, _DID[to], why)

        await self._database.write(job)
        if to is State.FAILED:
            self._metrics.broadcasts.labels("failed").inc()
            log.error("broadcast_failed", broadcast=one.id, reason=why)

    async def _note(self, connection: AsyncConnection, broadcast_id: int, did: str, why: str) -> None:
        detail = {"did": did, "why": why} if why else {"did": did}
        subject = f"{SUBJECT}:{broadcast_id}"
        await audit.note(connection, None, Action.BROADCAST_STEP, subject, self._clock(), detail)


_DID = {
    State.SENT: "sent",
    State.SCHEDULED: "wait",
    State.FAILED: "failed",
    State.UNKNOWN: "unknown",
}
