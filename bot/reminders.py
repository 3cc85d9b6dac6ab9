"""One gentle reminder to whoever left a self-assessment in the middle and agreed to be reminded.

About a day after the last step, in the daytime, while the platform lets us write, and never when a person
has the conversation. Taking the reminder and putting it into the outbox are one transaction: a kill repeats
nothing, and of two processes one wins. Must never remind twice, and never say anything about the answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, time, timedelta, tzinfo

import structlog
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.dialogue.answers import offering
from bot.dialogue.state import ConversationState
from bot.dialogue.texts import RESUME, WISHES
from bot.dialogue.turn import Mode
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.store import assessments, conversations, outbox
from bot.store.assessments import Assessment
from bot.store.conversations import Conversation, StaleConversation
from bot.store.database import Database, StoreUnavailable
from bot.store.outbox import NewMessage
from connectors.channel import Channel
from connectors.message import Text

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 300.0
FLOW = "assessment"
AFTER = timedelta(hours=20)
"""About a day, and before a window of one day closes."""
AFTER_AT_LEAST = timedelta(hours=9)
"""Where that would be too late or in the night: so long after the last step at the earliest."""
NOT_AFTER = timedelta(hours=60)
"""What nobody could be reminded of by then is left alone."""
BEFORE_CLOSING = timedelta(minutes=30)
"""The message must still be on its way inside the window."""
ROOM = timedelta(hours=1)
"""Left for looking, where there is a last moment."""
QUIET = timedelta(minutes=20)
"""Nobody is interrupted who is talking with us just now."""
DAY_BEGINS, DAY_ENDS = time(8), time(20)
PRIORITY = 10
"""Behind every reply."""


def time_to_remind(touched_at: datetime, closes_at: datetime | None, zone: tzinfo) -> datetime | None:
    """When to remind of something last touched at a moment: a day later, or before the window closes.

    `closes_at` None: the channel has no window. None when there is no decent moment. Pure; all aware.
    """
    due = _into_the_day(touched_at + AFTER, zone)
    if closes_at is None or due <= closes_at - BEFORE_CLOSING:
        return due
    latest = _back_into_the_day(closes_at - BEFORE_CLOSING - ROOM, zone)
    return latest if latest - touched_at >= AFTER_AT_LEAST else None


def is_daytime(moment: datetime, zone: tzinfo) -> bool:
    """Whether people may be written to of our own accord: from 8:00 until before 20:00."""
    return DAY_BEGINS <= moment.astimezone(zone).time() < DAY_ENDS


def _into_the_day(moment: datetime, zone: tzinfo) -> datetime:
    """This moment, or the next morning's first."""
    local = moment.astimezone(zone)
    if DAY_BEGINS <= local.time() < DAY_ENDS:
        return moment
    day = local.date() if local.time() < DAY_BEGINS else local.date() + timedelta(days=1)
    return datetime.combine(day, DAY_BEGINS, zone)


def _back_into_the_day(moment: datetime, zone: tzinfo) -> datetime:
    """This moment, or shortly before the end of the last evening."""
    local = moment.astimezone(zone)
    if DAY_BEGINS <= local.time() < DAY_ENDS:
        return moment
    day = local.date() - timedelta(days=1) if local.time() < DAY_BEGINS else local.date()
    return datetime.combine(day, DAY_ENDS, zone) - ROOM


def wording(step: str) -> Text:
    """What the reminder says."""
    where = f", đến câu {step}" if step.isdecimal() else ""
    return Text(
        f"Chào bạn! Phần tự đánh giá “Công dân học tập” của bạn mình vẫn giữ{where}. "
        "Bạn có muốn làm tiếp không? Mình chỉ nhắc một lần này thôi; lúc nào rảnh, bạn nhắn “làm tiếp” "
        "là được.",
        options=(RESUME, WISHES["stop"]),
        numbered=False,  # a typed number may be the score that was asked for
    )


class Reminders:
    """Looks now and then for whom to remind."""

    def __init__(
        self,
        database: Database,
        nerves: Nerves,
        channels: Mapping[tuple[str, str], Channel],
        clock: Clock,
        metrics: Metrics,
        zone: tzinfo,
        new_stamp: Callable[[], str],
    ) -> None:
        self._database = database
        self._nerves = nerves
        self._channels = channels
        self._clock = clock
        self._metrics = metrics
        self._zone = zone
        self._new_stamp = new_stamp

    async def run(self, stop: asyncio.Event) -> None:
        """Look every SWEEP_SECONDS until `stop` is set; of several processes one at a time."""
        while not stop.is_set():
            try:
                async with self._nerves.lock("reminders") as held:
                    if held:
                        await self.sweep()
            except (RedisError, OSError, StoreUnavailable) as error:
                log.warning("reminders_wait", reason=type(error).__name__)
            except Exception:
                log.exception("reminders_failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), SWEEP_SECONDS)

    async def sweep(self) -> int:
        """Remind everybody whose time has come; gives how many."""
        now = self._clock()
        if not is_daytime(now, self._zone):
            return 0
        async with self._database.read() as connection:
            left = await assessments.unfinished(connection, now - NOT_AFTER, now - AFTER_AT_LEAST)
        reminded = 0
        for one in left:
            if await self._looks_due(one, now) and await self._take(one, now):
                self._metrics.reminders.labels(one.conversation.channel).inc()
                reminded += 1
        if reminded:
            log.info("reminded", count=reminded)
            await self._nerves.hint_outbox()
        return reminded

    async def _looks_due(self, one: Assessment, now: datetime) -> bool:
        """A look that costs no write: most are not due."""
        async with self._database.glance() as connection:
            conversation = await conversations.load(connection, one.conversation)
        return self._is_due(one, conversation, now)

    async def _take(self, one: Assessment, now: datetime) -> bool:
        try:
            return await self._database.write(lambda connection: self._remind(connection, one, now))
        except StaleConversation:
            return False  # the citizen is writing just now

    async def _remind(self, connection: AsyncConnection, one: Assessment, now: datetime) -> bool:
        """Take the reminder and put it into the outbox, if it is due. Raises StaleConversation."""
        conversation = await conversations.load(connection, one.conversation)
        if not self._is_due(one, conversation, now):
            return False
        if not await assessments.mark_reminded(connection, one, now):
            return False
        said = wording(one.step)
        state = offering(conversation.state, said, RESUME.payload)
        await conversations.save(connection, replace(conversation, state=state), now)
        parts = self._channel_of(one).fit(said, one.conversation.user)
        messages = [
            NewMessage(one.conversation, part, self._new_stamp(), priority=PRIORITY) for part in parts
        ]
        await outbox.add(connection, messages, now)
        return True

    def _is_due(self, one: Assessment, conversation: Conversation, now: datetime) -> bool:
        heard = conversation.last_heard_at
        if conversation.mode is not Mode.BOT or not conversation.can_receive or heard is None:
            return False
        who = one.conversation
        if (who.channel, who.account) not in self._channels:
            return False
        if now - heard < QUIET or not _can_go_on(conversation.state):
            return False
        window = self._channel_of(one).capabilities.window
        closes = None if window is None else heard + window
        if closes is not None and now > closes - BEFORE_CLOSING:
            return False
        due = time_to_remind(one.touched_at, closes, self._zone)
        return due is not None and due <= now

    def _channel_of(self, one: Assessment) -> Channel:
        return self._channels[one.conversation.channel, one.conversation.account]


def _can_go_on(state: ConversationState) -> bool:
    """Whether what was begun is still there to be taken up, and nobody asked us to leave them in peace."""
    if state.undisturbed:
        return False
    begun = (state.underway, *state.set_aside)
    return any(one is not None and one.flow == FLOW for one in begun)
