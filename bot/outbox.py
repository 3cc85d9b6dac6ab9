"""Sending what waits in the outbox: in order per conversation, at the account's rate, never silently lost.

One `AccountSender` per channel account, so that one platform's trouble delays no other. A message is
claimed by a lease just before its one platform call and its outcome is recorded at once; what an error
means is decided by `decide` alone. A message whose outcome is unknown (time-out, a sender that died)
waits for its echo and is then sent once more: at most two copies after time-outs.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.dialogue.turn import Mode
from bot.liveness import is_dead, this_process
from bot.logs import digest_of
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.outreach.campaign import QUOTA_IS_OUT, TEMPLATE_NOT_TAKEN
from bot.store import accounts, audit, campaigns, conversations, outbox, recipients
from bot.store.audit import Action
from bot.store.database import Database, Job, StoreUnavailable
from bot.store.outbox import CAMPAIGN, Claimed, State
from bot.tasks import end
from connectors.channel import Channel, Outgoing, Receipt
from connectors.errors import (
    Deferred,
    HandledElsewhere,
    Misconfigured,
    OutcomeUnknown,
    RetryLater,
    SendError,
    TemplatesUnavailable,
    WindowClosed,
)
from connectors.message import File

log = structlog.get_logger(__name__)

CALL_SECONDS = 10.0
"""No platform call may take longer (contract); the lease outlives it."""
LEASE = timedelta(seconds=CALL_SECONDS + 3)
ECHO_WAIT = timedelta(seconds=4)
"""How long an echo may take to tell us that an unconfirmed send arrived after all."""
COPIES_AFTER_TIMEOUT = 2
UNKNOWNS_AFTER_CRASH = 3
"""A sender that died usually had not sent yet, so one more try is allowed than after time-outs."""
SLOW_SECONDS = 1.5
"""A call in flight for longer gives up its place: a platform that hangs for some holds up no others."""
SLOW_PLACES = 16
"""How many times `in_flight` calls there are at most, with those that hang."""
POLL_SECONDS = 1.0
PAUSE_WHEN_BROKEN = timedelta(seconds=30)
BACKOFF_SECONDS = (0.7, 3.0, 8.0, 20.0, 60.0, 120.0, 300.0)
"""Pauses before each further try; with the poll the first comes within 2 seconds (contract)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a message after a failed send."""

    state: State
    not_before: datetime
    unknown: bool = False
    pause_until: datetime | None = None
    """Set when the whole account must rest."""


def decide(error: SendError, message: Claimed, now: datetime, give_up_after: timedelta) -> Verdict:
    """What a failed send means for the message and its account. Pure; the table of platforms A11/B10."""
    too_old = now - message.created_at > give_up_after
    match error:
        case OutcomeUnknown():
            last = message.author == CAMPAIGN or message.unknowns + 1 >= COPIES_AFTER_TIMEOUT
            return Verdict(State.UNKNOWN if last else State.CHECKING, now + ECHO_WAIT, unknown=True)
        case Deferred(until=until) if not too_old:
            return Verdict(State.WAITING, until)
        case Misconfigured() if not too_old:
            pause = now + PAUSE_WHEN_BROKEN
            return Verdict(State.WAITING, pause, pause_until=pause)
        case RetryLater(retry_after=wait) if not too_old:
            backoff = BACKOFF_SECONDS[min(message.attempts, len(BACKOFF_SECONDS)) - 1]
            return Verdict(State.WAITING, now + timedelta(seconds=max(backoff, wait or 0.0)))
        case _:
            return Verdict(State.FAILED, now)


class AccountSender:
    """Sends for one account."""

    def __init__(
        self,
        channel: Channel,
        database: Database,
        nerves: Nerves,
        clock: Clock,
        metrics: Metrics,
        *,
        per_minute: int | None,
        in_flight: int = 16,
        give_up_after: timedelta = timedelta(hours=24),
    ) -> None:
        """`per_minute` None means that nothing limits the rate (our own web chat)."""
        self._channel = channel
        self._key = f"{channel.name}:{channel.account}"
        self._database = database
        self._nerves = nerves
        self._clock = clock
        self._metrics = metrics
        self._per_minute = per_minute
        self._in_flight = in_flight
        self._give_up_after = give_up_after
        self._tasks: dict[asyncio.Task[None], float] = {}
        """Calls in flight, with when they began."""
        self._wake = asyncio.Event()
        self._was_broken = True  # unknown at start: the first success clears an old mark
        self._next_recovery = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set, then let the calls in flight end."""
        # A restart is how a repaired account comes back: do not sit out an old pause.
        with suppress(StoreUnavailable):
            await self._database.write(lambda connection: accounts.lift_pause(connection, self._key))
        listener = asyncio.create_task(self._listen(), name=f"outbox-hints-{self._channel.name}")
        try:
            while not stop.is_set():
                self._wake.clear()
                try:
                    pause = await self._round()
                except StoreUnavailable as error:
                    log.warning("outbox_waits_for_database", reason=str(error))
                    pause = 0.5
                except Exception:
                    log.exception("outbox_round_failed", channel=self._channel.name)
                    pause = 0.5
                if pause is not None:
                    await asyncio.sleep(pause)
                    continue
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
        finally:
            await end(listener)
            if self._tasks:
                await asyncio.wait(list(self._tasks))

    async def _listen(self) -> None:
        async with self._nerves.outbox_hints() as hints:
            while True:
                if await hints.wait(60) is not None:
                    self._wake.set()

    async def _round(self) -> float | None:
        """Claim and launch what may go. Returns None when idle, else seconds until the next round."""
        if time.monotonic() >= self._next_recovery:
            self._next_recovery = time.monotonic() + POLL_SECONDS
            await self._recover()
        free = self._free_places()
        if free <= 0:
            # Not idle: the next place comes free when a call ends or has taken too long.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SLOW_SECONDS / 5)
            return 0.0
        now = self._clock()
        async with self._database.glance() as connection:
            account = await accounts.state(connection, self._key)
            waiting = await outbox.any_due(connection, self._channel.name, self._channel.account, now)
        if account.broken_since is not None:
            self._was_broken = True  # perhaps noticed by another process; whoever succeeds clears it
        if not waiting or (account.paused_until is not None and account.paused_until > now):
            return None
        allowed, wait = free, 0.0
        if self._per_minute is not None:
            allowed, wait = await self._nerves.take(self._key, self._per_minute, free)
        if not allowed:
            return min(wait, POLL_SECONDS)
        claimed = await self._claim(allowed)
        if self._per_minute is not None and len(claimed) < allowed:
            await self._nerves.take(self._key, self._per_minute, len(claimed) - allowed)
        for message in claimed:
            task = asyncio.create_task(self._deliver(message))
            self._tasks[task] = time.monotonic()
            task.add_done_callback(self._done)
        return 0.0 if claimed else None

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        self._wake.set()

    def _free_places(self) -> int:
        slow_since = time.monotonic() - SLOW_SECONDS
        quick = sum(1 for began in self._tasks.values() if began > slow_since)
        return min(self._in_flight - quick, self._in_flight * SLOW_PLACES - len(self._tasks))

    async def _claim(self, limit: int) -> list[Claimed]:
        now = self._clock()
        return await self._database.write(
            lambda connection: outbox.claim(
                connection,
                self._channel.name,
                self._channel.account,
                owner=this_process(),
                now=now,
                lease_until=now + LEASE,
                limit=limit,
            )
        )

    async def _deliver(self, message: Claimed) -> None:
        """Make the one call and record its outcome at once."""
        called = digest_of(message.conversation.key)
        structlog.contextvars.bind_contextvars(conversation=called, outbox_id=message.id)
        await self._database.right_of_way.give_way()
        started = time.perf_counter()
        outgoing = Outgoing(
            message.conversation.user,
            message.part,
            message.stamp,
            message.last_heard_at,
            by_person=message.author == "officer",
        )
        try:
            async with asyncio.timeout(CALL_SECONDS):
                receipt = await self._channel.send(outgoing)
        except SendError as error:
            await self._failed(message, error)
        except TimeoutError:
            await self._failed(message, OutcomeUnknown("the call took too long"))
        except Exception as error:
            # A fault of ours in rendering or parsing: retrying would repeat it or, worse, the message.
            log.exception("send_raised")
            await self._failed(message, SendError(f"{type(error).__name__} while sending"))
        else:
            await self._sent(message, receipt)
        finally:
            self._metrics.send_seconds.labels(self._channel.name).observe(time.perf_counter() - started)

    async def _sent(self, message: Claimed, receipt: Receipt) -> None:
        now = self._clock()

        async def job(connection: AsyncConnection) -> None:
            await outbox.mark_sent(connection, message.id, receipt.message_id, now)
            if self._was_broken:
                await accounts.mark_working(connection, self._key)

        await self._record(job)
        self._was_broken = False
        self._metrics.sends.labels(self._channel.name, "sent").inc()
        log.info("sent", attempts=message.attempts, quota=receipt.detail)

    async def _failed(self, message: Claimed, error: SendError) -> None:
        now = self._clock()
        verdict = decide(error, message, now, self._give_up_after)
        self._metrics.sends.labels(self._channel.name, error.outcome).inc()
        log.warning(
            "send_failed", outcome=error.outcome, code=error.code, reason=error.reason, state=verdict.state
        )

        async def job(connection: AsyncConnection) -> None:
            await outbox.release(
                connection,
                message.id,
                state=verdict.state,
                not_before=verdict.not_before,
                error=str(error),
                unknown=verdict.unknown,
            )
            # Words make no sense without those before them, but they do without a picture or a document.
            is_needed = not isinstance(message.part, File)
            if verdict.state is State.FAILED and message.event_id is not None and is_needed:
                await outbox.drop_rest(connection, message.event_id, message.id)
            if isinstance(error, WindowClosed) and message.author == CAMPAIGN:
                await recipients.window_was_shut(connection, message.id, now)
            if isinstance(error, Deferred) and error.needs_operator and message.author == CAMPAIGN:
                is_template = isinstance(error, TemplatesUnavailable)
                why = TEMPLATE_NOT_TAKEN.format(code=error.code) if is_template else QUOTA_IS_OUT
                paused = await campaigns.pause_of(connection, message.id, why)
                if paused is not None:
                    subject, detail = f"campaign:{paused}", {"did": "pause", "why": error.reason}
                    await audit.note(connection, None, Action.CAMPAIGN_STEP, subject, now, detail)
            if isinstance(error, HandledElsewhere):
                await conversations.set_mode(connection, message.conversation, Mode.PERSON, now)
            if verdict.pause_until is not None:
                self._was_broken = True
                await accounts.mark_broken(
                    connection, self._key, why=str(error), now=now, paused_until=verdict.pause_until
                )

        await self._record(job)

    async def _record(self, job: Job[None]) -> None:
        """Write an outcome down, for as long as it takes: while the database is away the outcome must not
        be lost, or an accepted message would be sent again."""
        while True:
            try:
                await self._database.write(job)
            except StoreUnavailable as error:
                log.warning("outcome_waits_for_database", reason=str(error))
                await asyncio.sleep(0.2)
            else:
                return

    async def _recover(self) -> None:
        """Take care of sends whose sender died, and of those whose echo did not come."""
        now = self._clock()
        async with self._database.glance() as connection:
            held = await outbox.leased(connection, self._channel.name, self._channel.account)
            checking = await outbox.any_checked(connection, self._channel.name, self._channel.account, now)
        lost = [row for row in held if row.lease_until < now or is_dead(row.owner)]
        if not lost and not checking:
            return

        async def job(connection: AsyncConnection) -> None:
            for row in lost:
                if self._channel.capabilities.idempotent:
                    await outbox.release(connection, row.id, state=State.WAITING, not_before=now, error="")
                    continue
                last = row.author == CAMPAIGN or row.unknowns + 1 >= UNKNOWNS_AFTER_CRASH
                await outbox.release(
                    connection,
                    row.id,
                    state=State.UNKNOWN if last else State.CHECKING,
                    # A sender found dead before its lease ran out was alone: while it was down no echo could
                    # reach us, and the platform's next try needs its time. Otherwise the echo has had it.
                    not_before=now + ECHO_WAIT if row.lease_until > now else now,
                    error="the sender died while sending",
                    unknown=True,
                )
            await outbox.end_checks(connection, now)

        await self._database.write(job)
        if lost:
            log.warning("sends_recovered", count=len(lost))
