"""Turning events into replies: one conversation at a time, in order, each turn whole or not at all.

A conversation is taken under its Redis lock; its unhandled events are handled oldest first. What a turn
decides (event handled, new state, replies in the outbox, the record of why) is committed in one SQL
transaction: a crash before it repeats the turn without a visible trace, after it nothing repeats. The
lock only saves work; that two workers never both commit is guarded by the conversation's revision.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog
from redis.exceptions import RedisError

from bot.clock import Clock
from bot.commit import commit_notice, commit_parked, commit_turn
from bot.dialogue.turn import Forget, HeardEvent, Hearing, Outcome, Turn, View
from bot.erasures import write_beside
from bot.flows.results import DataCopy, Sheet
from bot.logs import digest_of
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.outreach.delivery import HeldMessages
from bot.sheets import Cabinet
from bot.store import conversations, events
from bot.store.conversations import StaleConversation
from bot.store.database import Database, StoreUnavailable
from bot.tasks import end
from connectors.channel import Channel
from connectors.message import ANSWERABLE, ConversationId, EventKind, InboundEvent, Part, Text

log = structlog.get_logger(__name__)

RETRY_AFTER = (timedelta(seconds=0.5), timedelta(seconds=2), timedelta(seconds=5))
"""Pauses after a turn that raised; after the last one the event is parked and the talk goes on."""
SWEEP_SECONDS = 2.0
SWEEP_AGE = timedelta(seconds=3)
"""The sweep leaves younger events to their own announcement."""
SWEEP_LIMIT = 500
PAGE = 20
"""Events of one conversation read at a time."""
_MAY_BE_FOLLOWED = frozenset({Outcome.ANSWERED, Outcome.SMALLTALK})
"""After these there is room for something we kept; not after a question we could not answer."""


def new_stamp() -> str:
    """A fresh identity for one outgoing message."""
    return f"kh:{secrets.token_hex(12)}"


class Worker:
    """Takes announced conversations and handles what is new in them."""

    def __init__(  # noqa: PLR0913 - every effect is handed in by name
        self,
        database: Database,
        nerves: Nerves,
        assistant: Hearing,
        channels: Mapping[tuple[str, str], Channel],
        apology: str,
        clock: Clock,
        metrics: Metrics,
        *,
        cabinet: Cabinet | None = None,
        held: HeldMessages | None = None,
        data_dir: Path | None = None,
        concurrency: int = 8,
    ) -> None:
        """`apology` is what a citizen is told when their message could not be handled. `data_dir`: where the
        list of who was forgotten is kept beside the database.

        Without a cabinet no sheet can be handed over: one in a turn counts as a fault of ours.
        """
        self._database = database
        self._nerves = nerves
        self._assistant = assistant
        self._channels = channels
        self._apology = apology
        self._clock = clock
        self._metrics = metrics
        self._cabinet = cabinet
        self._held = held
        self._data_dir = data_dir
        self._slots = asyncio.Semaphore(concurrency)
        self._tasks: set[asyncio.Task[None]] = set()
        self._later: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish the turns in hand."""
        sweeper = asyncio.create_task(self._sweep_forever(stop), name="sweep")
        try:
            while not stop.is_set():
                await self._take_announced(stop)
        finally:
            await end(sweeper, *self._later)
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def _take_announced(self, stop: asyncio.Event) -> None:
        try:
            keys = await self._nerves.announced(count=16)
        except (RedisError, OSError) as error:
            log.warning("announcements_unreachable", reason=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.5)
            return
        for key in dict.fromkeys(keys):
            await self._slots.acquire()
            task = asyncio.create_task(self._handle_announced(key))
            self._tasks.add(task)
            task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._slots.release()

    async def _handle_announced(self, key: str) -> None:
        structlog.contextvars.bind_contextvars(conversation=digest_of(key))
        try:
            await self.handle(key)
        except StaleConversation:
            # Another worker was first, or an officer took over meanwhile: take the turn on what is now.
            self._announce_later(key, timedelta(seconds=0.1))
        except (RedisError, OSError, StoreUnavailable) as error:
            # Nothing is lost: the event is still unhandled in SQL, and the sweep announces it again.
            log.warning("conversation_left_for_later", reason=type(error).__name__)
        except Exception:
            log.exception("conversation_failed")

    async def handle(self, key: str) -> None:
        """Handle everything unhandled in one conversation, unless another worker has it in hand."""
        while True:
            async with self._nerves.lock(key) as held:
                if not held:
                    return
                next_try = await self._handle_pending(key)
            # An event stored after our last look, whose announcement met our lock, is found here.
            if next_try is None and not await self._any_pending(key):
                return
            if next_try is not None:
                self._announce_later(key, next_try)
                return

    async def _any_pending(self, key: str) -> bool:
        async with self._database.glance() as connection:
            return await events.any_pending(connection, key)

    async def _pending(self, key: str) -> list[HeardEvent]:
        async with self._database.glance() as connection:
            return await events.pending(connection, key, PAGE)

    async def _handle_pending(self, key: str) -> timedelta | None:
        """Handle events in order; returns when to come back if one must wait for its next try."""
        while heard := await self._pending(key):
            for one in heard:
                now = self._clock()
                if one.not_before is not None and one.not_before > now:
                    return one.not_before - now
                if not await self._handle_one(key, one):
                    return RETRY_AFTER[min(one.attempts, len(RETRY_AFTER) - 1)]
            if len(heard) < PAGE:
                break
        return None

    async def _handle_one(self, key: str, heard: HeardEvent) -> bool:
        """Take the turn and commit it; False when the turn raised and the event must wait."""
        event = heard.event
        if not key:
            await commit_notice(self._database, heard, self._clock)
            if event.kind is EventKind.NOTICE:
                log.warning("platform_notice", channel=event.channel, reason=event.detail.get("reason", ""))
            return True
        channel = self._channels.get((event.channel, event.account))
        async with self._database.glance() as connection:
            conversation = await conversations.load(connection, ConversationId.from_key(key))
        await self._database.right_of_way.give_way()
        started = time.perf_counter()
        try:
            if channel is None:
                raise LookupError(f"no channel {event.channel}")
            if event.kind in ANSWERABLE and channel.capabilities.shows_typing:
                await channel.show_typing(event.user)
            view = View(
                conversation.state,
                conversation.mode,
                conversation.person_last_at,
                channel.capabilities,
                heard.received_at,
            )
            turn = await self._assistant.turn(event, view)
            parts = await self._drawn(conversation.id, turn)
            fitted = tuple(piece for part in parts for piece in channel.fit(part, event.user))
        except Exception as error:
            return await self._turn_raised(conversation, heard, error, channel)
        took = time.perf_counter() - started
        stamped = tuple((part, new_stamp()) for part in fitted)
        await commit_turn(self._database, conversation, heard, turn, stamped, self._clock, took * 1000)
        self._metrics.turn_seconds.labels(event.channel).observe(took)
        self._metrics.turns.labels(event.channel, turn.outcome.value).inc()
        if any(isinstance(effect, Forget) for effect in turn.effects):
            await self._after_erasure(key)
        log.info("turn", outcome=turn.outcome.value, intent=turn.understanding.intent, replies=len(fitted))
        if stamped:
            await self._nerves.hint_outbox()
            await self._give_held(conversation, event, turn)
        return True

    async def _give_held(
        self, conversation: conversations.Conversation, event: InboundEvent, turn: Turn
    ) -> None:
        """What a campaign kept for this person, behind the answer to what they asked. A turn is whole without
        it: what fails here stays held for the next time."""
        is_talking = event.kind in ANSWERABLE and event.kind is not EventKind.COMMENT
        if self._held is None or not is_talking or turn.outcome not in _MAY_BE_FOLLOWED:
            return
        if turn.state.underway is not None or turn.state.undisturbed:
            return
        try:
            if await self._held.give(conversation.id):
                await self._nerves.hint_outbox()
        except StoreUnavailable as error:
            log.warning("held_message_waits", reason=type(error).__name__)
        except Exception:
            log.exception("held_message_not_given")

    async def _after_erasure(self, key: str) -> None:
        """What is best done at once and is caught up otherwise; the erasure itself is on disk."""
        await self._nerves.forget(key)
        if self._data_dir is not None:
            await write_beside(self._database, self._data_dir, key)

    async def _drawn(self, conversation: ConversationId, turn: Turn) -> tuple[Part, ...]:
        """The replies with sheets as files. Whoever is forgotten loses their files before it is committed:
        a crash in between repeats the turn, and with it the removal."""
        if self._cabinet is None:
            if sheets := [reply for reply in turn.replies if isinstance(reply, Sheet | DataCopy)]:
                raise LookupError(f"{len(sheets)} sheets and no cabinet")
            return tuple(reply for reply in turn.replies if not isinstance(reply, Sheet | DataCopy))
        if any(isinstance(effect, Forget) for effect in turn.effects):
            await self._cabinet.forget(conversation)
        return await self._cabinet.drawn(conversation, turn.replies)

    async def _turn_raised(
        self,
        conversation: conversations.Conversation,
        heard: HeardEvent,
        error: Exception,
        channel: Channel | None,
    ) -> bool:
        name = type(error).__name__
        self._metrics.turn_failures.labels(heard.event.channel, name).inc()
        log.exception("turn_raised", attempt=heard.attempts + 1, event_id=heard.id)
        if heard.attempts < len(RETRY_AFTER):
            when = self._clock() + RETRY_AFTER[heard.attempts]
            await self._database.write(lambda c: events.postpone(c, heard.id, when, name))
            return False
        apology = Text(self._apology) if channel and heard.event.kind in ANSWERABLE else None
        await commit_parked(self._database, conversation, heard, name, apology, new_stamp(), self._clock)
        self._metrics.turns.labels(heard.event.channel, "parked").inc()
        await self._nerves.hint_outbox()
        return True

    def _announce_later(self, key: str, delay: timedelta) -> None:
        async def announce() -> None:
            await asyncio.sleep(delay.total_seconds())
            await self._nerves.announce([key])

        task = asyncio.create_task(announce())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _sweep_forever(self, stop: asyncio.Event) -> None:
        """Announce again what SQL says is unhandled: after a crash, after Redis was lost, after a retry."""
        age = timedelta()  # what lay there before we started was announced to nobody alive
        while not stop.is_set():
            try:
                turn = await self._nerves.may_sweep(SWEEP_SECONDS * 0.9)
                if not age or (turn and await self._nerves.backlog() < SWEEP_LIMIT):
                    await self._sweep(age)
                    age = SWEEP_AGE
            except (RedisError, OSError) as error:
                log.warning("sweep_waits_for_redis", reason=type(error).__name__)
            except Exception:
                log.exception("sweep_failed")
            await asyncio.sleep(SWEEP_SECONDS if age else 0.2)

    async def _sweep(self, age: timedelta) -> None:
        now = self._clock()
        async with self._database.read() as connection:
            keys = await events.unhandled_conversations(
                connection, received_before=now - age, now=now, limit=SWEEP_LIMIT
            )
        if keys:
            log.info("sweep_announced", conversations=len(keys))
            await self._nerves.announce(keys)
