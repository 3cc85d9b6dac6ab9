"""Feeding campaigns into the outbox: the right people, at the right pace, each at most once.

One feeder at a time (a lock in Redis); what it does is safe without the lock too, because a recipient is
moved by a conditional UPDATE in the transaction that writes the message, and the message's stamp is unique. A
kill anywhere leaves every recipient in exactly one place. Whether somebody may be written to is decided again
here. Must never send by itself, feed in the quiet hours, or run more than a few seconds' worth ahead.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import structlog
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.outreach.audience import Candidate, as_they_stand
from bot.outreach.campaign import LATE_AFTER, Campaign, Message, State, rendered
from bot.outreach.paid import Offer, Paid, Ready, nothing_on_offer, paid_by
from bot.outreach.pictures import MEDIA_TYPE
from bot.outreach.planning import place_of, standing_in, write_down
from bot.outreach.windows import TERMS, Standing, Why, is_quiet, out_of_quiet, quiet_begins
from bot.store import accounts, audit, campaigns, outbox, profiles, recipients
from bot.store.audit import Action
from bot.store.database import Database, StoreUnavailable
from bot.store.outbox import CAMPAIGN, NewMessage
from bot.store.recipients import Handed, Place, Turn
from bot.store.revised import Overtaken
from connectors.channel import Channel
from connectors.message import ConversationId, File, Option, Part, Text

log = structlog.get_logger(__name__)

PRIORITY = 10
"""Behind every reply."""
ROUND_SECONDS = 0.25
IDLE_SECONDS = 2.0
AHEAD_SECONDS = 2.0
"""What lies in the outbox at most, at the pace that is allowed: pausing takes effect this fast."""
AHEAD_AT_LEAST, AHEAD_AT_MOST = 8, 400
AT_ONCE = 100
"""Recipients of one transaction."""
_TEMPLATE_PLACE = 1000
"""Where the stamps of templates begin: beyond those of any message."""
CLEAR_UP_EVERY = timedelta(seconds=20)
BROKEN = "Kênh {name} đang trục trặc: {why}"
NO_PICTURE = (
    "Không còn thấy ảnh của tin này trên máy chủ. Bạn chép thành chiến dịch mới, chọn lại đúng ảnh ấy rồi "
    "bấm Xem trước; sau đó quay lại đây bấm Gửi tiếp."
)
PICTURE_SHOWN_AS = "Anh-kem-tin.jpg"
"""Its name on people's phones."""
LATE = "Đã quá giờ hẹn hơn 6 giờ khi hệ thống chạy lại. Bạn xem còn nên gửi không."


@dataclass(slots=True)
class Pace:
    """So many a minute, evenly: after a pause it does not catch up."""

    per_minute: float | None
    """None: as fast as the outbox empties."""
    _credit: float = 0.0
    _at: float | None = None

    def allowed(self, now: float) -> int:
        """How many may go at this moment (a monotonic clock, seconds)."""
        if self.per_minute is None:
            return AHEAD_AT_MOST
        if self._at is not None:
            self._credit = min(
                max(1.0, self.per_minute / 60), self._credit + (now - self._at) * self.per_minute / 60
            )
        self._at = now
        return int(self._credit)

    def spend(self, count: int) -> None:
        """So many went."""
        self._credit -= count

    @property
    def ahead(self) -> int:
        """How many may be on their way out."""
        if self.per_minute is None:
            return AHEAD_AT_MOST
        return min(AHEAD_AT_MOST, max(AHEAD_AT_LEAST, int(self.per_minute / 60 * AHEAD_SECONDS)))


@dataclass(frozen=True, slots=True)
class Post:
    """How a campaign's message becomes parts for one person."""

    association: str
    zone: tzinfo
    folder: Path
    """Where pictures of campaigns lie."""
    offer: Offer = nothing_on_offer
    """The paid templates there are now."""

    def words(self, message: Message, commune: str, now: datetime) -> tuple[Part, ...]:
        """What is said, with the button."""
        options = (Option(message.button.label, message.button.payload),) if message.button else ()
        return (Text(rendered(message.text, self.values(commune, now)), options, numbered=False),)

    def values(self, commune: str, now: datetime) -> Mapping[str, str]:
        """What the placeholders stand for."""
        return {
            "hoi": self.association,
            "xa": commune or "nơi bạn ở",
            "ngay": f"{now.astimezone(self.zone):%d/%m}",
        }

    def parts(self, message: Message, commune: str, now: datetime) -> tuple[Part, ...]:
        """A picture, if there is one, then the words."""
        words = self.words(message, commune, now)
        if not message.image:
            return words
        return (File(str(self.folder / message.image), PICTURE_SHOWN_AS, MEDIA_TYPE), *words)

    def lacks_picture(self, message: Message) -> bool:
        """Whether its picture is not where it should be. Blocking."""
        return bool(message.image) and not (self.folder / message.image).is_file()


@dataclass(slots=True)
class _Account:
    """One account while the feeder runs."""

    channel: Channel
    pace: Pace
    after: dict[int, int] = field(default_factory=dict)
    """By campaign: the last recipient looked at in this sweep over those who wait."""


class Feeder:
    """Begins what is due, feeds what runs, ends what is over."""

    def __init__(
        self,
        database: Database,
        nerves: Nerves,
        channels: Sequence[Channel],
        per_minute: Mapping[str, float | None],
        clock: Clock,
        post: Post,
        monotonic: Callable[[], float] = time.monotonic,
        metrics: Metrics | None = None,
    ) -> None:
        """`per_minute` by channel name: the campaigns' share of the account's rate."""
        self._database = database
        self._nerves = nerves
        self._clock = clock
        self._post = post
        self._monotonic = monotonic
        self._metrics = metrics or Metrics()
        self._cleared_up: datetime | None = None
        self._accounts = {
            (one.name, one.account): _Account(one, Pace(per_minute.get(one.name))) for one in channels
        }
        on = {one.name for one in channels}
        self._terms = {name: terms for name, terms in TERMS.items() if name in on}

    async def run(self, stop: asyncio.Event) -> None:
        """Feed until `stop` is set; of several processes one at a time."""
        while not stop.is_set():
            pause = IDLE_SECONDS
            try:
                async with self._nerves.lock("campaigns") as held:
                    while held and not stop.is_set() and await self.round():
                        pause = ROUND_SECONDS
                        with suppress(TimeoutError):
                            await asyncio.wait_for(stop.wait(), ROUND_SECONDS)
            except (RedisError, OSError, StoreUnavailable) as error:
                log.warning("campaigns_wait", reason=type(error).__name__)
            except Exception:
                log.exception("campaigns_failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def round(self) -> bool:
        """One look at everything; True while a campaign runs."""
        now = self._clock()
        async with self._database.glance() as connection:
            going = await campaigns.every(connection, states=(State.SCHEDULED, State.RUNNING), limit=100)
            unsent = await recipients.any_unsent(connection, now)
        if unsent:
            back = await self._database.write(lambda c: recipients.take_back(c, now))
            self._metrics.campaign_messages.labels("taken_back").inc(back)
        for campaign in going:
            if campaign.state is State.SCHEDULED:
                await self._begin_when_due(campaign, now)
        await self._clear_up(now)
        running = [one for one in going if one.state is State.RUNNING]
        for campaign in reversed(running):
            with suppress(Overtaken):
                await self._go_on(campaign, now)
        return bool(running)

    # --- beginning and ending ----------------------------------------------------------------------

    async def _begin_when_due(self, campaign: Campaign, now: datetime) -> None:
        """At its time, or when the quiet hours it lies in are over; much too late only by a person."""
        if campaign.scheduled_at is None:
            return
        due = out_of_quiet(campaign.scheduled_at, self._post.zone)
        if now < due or is_quiet(now, self._post.zone):
            return
        with suppress(Overtaken):
            if now - due > LATE_AFTER:
                await self._pause(campaign, LATE, "late")
                return
            count = await write_down(
                self._database, campaign, self._clock, self._post.zone, self._terms, self._post.offer()
            )
            async with self._database.read() as connection:
                written = await campaigns.load(connection, campaign.id)
            if written is not None and written.planned_at is not None:
                await self._step(
                    written, State.RUNNING, {"started_at": now}, {"did": "begin", "count": count}
                )
                log.info("campaign_began", campaign=campaign.id, recipients=count)

    async def _go_on(self, campaign: Campaign, now: datetime) -> None:
        if is_quiet(now, self._post.zone):
            return
        async with self._database.glance() as connection:
            waiting = await recipients.accounts_of(connection, campaign.id)
        if waiting:
            if await asyncio.to_thread(self._post.lacks_picture, campaign.message):
                await self._pause(campaign, NO_PICTURE, "picture")
                return
            for name, account in waiting:
                await self._feed(campaign, name, account, now)
            return
        async with self._database.read() as connection:
            left = await recipients.any_left(connection, campaign.id)
        if not left:
            await self._step(campaign, State.DONE, {"finished_at": now}, {"did": "done"})
            log.info("campaign_done", campaign=campaign.id)

    async def _clear_up(self, now: datetime) -> None:
        """Now and then: what came too late, and what is kept for nobody any more."""
        if self._cleared_up is not None and now - self._cleared_up < CLEAR_UP_EVERY:
            return
        self._cleared_up = now

        async def job(connection: AsyncConnection) -> None:
            await recipients.let_go(connection, now)
            await outbox.expire(connection, now)

        await self._database.write(job)

    async def _pause(self, campaign: Campaign, why: str, reason: str) -> None:
        await self._step(
            campaign, State.PAUSED, {"paused_why": why[:300]}, {"did": "pause", "why": why[:300]}
        )
        self._metrics.campaigns_paused.labels(reason).inc()
        log.warning("campaign_paused", campaign=campaign.id, reason=reason)

    async def _step(
        self, campaign: Campaign, to: State, values: Mapping[str, object], detail: Mapping[str, object]
    ) -> None:
        async def job(connection: AsyncConnection) -> None:
            await campaigns.step(connection, campaign.id, campaign.revision, to, values)
            at, subject = self._clock(), f"campaign:{campaign.id}"
            await audit.note(connection, None, Action.CAMPAIGN_STEP, subject, at, detail)

        await self._database.write(job)

    # --- feeding -----------------------------------------------------------------------------------

    async def _feed(self, campaign: Campaign, name: str, account: str, now: datetime) -> None:
        """As many as pace and room allow, for one account."""
        at = self._accounts.get((name, account))
        if at is None:
            await self._let_absent_go(campaign, name, account, now)
            return
        async with self._database.glance() as connection:
            state = await accounts.state(connection, f"{name}:{account}")
            on_the_way = await recipients.count_open(connection, name, account)
        is_broken = state.broken_since is not None
        if is_broken and (state.paused_until is None or state.paused_until > now):
            await self._pause(campaign, BROKEN.format(name=name, why=state.broken_why), "account")
            raise Overtaken
        room = min(at.pace.allowed(self._monotonic()), at.pace.ahead - on_the_way, AT_ONCE)
        # Nobody gets half of it: what that is beyond the pace now, it waits for later.
        room = -(-room // campaign.message.pieces)
        if is_broken:
            # Somebody went on, or the pause is over: one message finds out whether the account is well.
            room = min(room, 1 - on_the_way)
        if room <= 0:
            return
        async with self._database.read() as connection:
            after = at.after.get(campaign.id, 0)
            turns = await recipients.next_waiting(connection, campaign.id, name, account, after, room)
            keys = [turn.conversation.key for turn in turns]
            people = await as_they_stand(connection, campaign.topic, keys, now, self._post.zone)
            communes = await profiles.communes(connection, keys)
        at.after[campaign.id] = turns[-1].id if turns else 0
        if not turns:
            return
        paid = paid_by(campaign.outside, campaign.message, self._post.offer())

        async def job(connection: AsyncConnection) -> tuple[int, int]:
            decided = [
                await self._decide(connection, campaign, turn, people, communes, at.channel, paid, now)
                for turn in turns
            ]
            handed = [one for one in decided if one is not None]
            fed = await recipients.queue(connection, handed, Place.WAITING, now)
            return fed, sum(len(one.messages) for one in handed)

        fed, messages = await self._database.write(job)
        at.pace.spend(messages)
        self._metrics.campaign_messages.labels("fed").inc(fed)
        if fed:
            await self._nerves.hint_outbox()

    async def _decide(
        self,
        connection: AsyncConnection,
        campaign: Campaign,
        turn: Turn,
        people: Mapping[str, Candidate],
        communes: Mapping[str, str],
        channel: Channel,
        paid: Paid,
        now: datetime,
    ) -> Handed | None:
        """Decide about one waiting person: their message, or None where they may not have it now."""
        key = turn.conversation.key
        person = people.get(key)
        standing, why = Standing.CLOSED, Why.NOT_AGREED
        if person is not None:
            known = replace(person.recipient, shut_at=turn.shut_at)
            standing, why = standing_in(campaign, known, now, self._terms, paid)
        if standing is Standing.CLOSED:
            place = place_of(standing, why, campaign.outside)
            if place is not Place.WAITING:
                await recipients.put(connection, turn.id, place, standing, why, now)
            return None
        ready = paid.ready[channel.name] if why is Why.BY_TEMPLATE else None
        messages = made(campaign, turn, self._post, channel, communes.get(key, ""), now, ready)
        expiring = [replace(one, expires_at=quiet_begins(now, self._post.zone)) for one in messages]
        return Handed(turn.id, expiring, standing, why)

    async def _let_absent_go(self, campaign: Campaign, name: str, account: str, now: datetime) -> None:
        """The account is not ours any more: nobody on it can be reached."""

        async def job(connection: AsyncConnection) -> None:
            turns = await recipients.next_waiting(connection, campaign.id, name, account, 0, AT_ONCE)
            for turn in turns:
                await recipients.put(
                    connection, turn.id, Place.SKIPPED, Standing.CLOSED, Why.CHANNEL_OFF, now
                )

        await self._database.write(job)


class HeldMessages:
    """What was kept for somebody until they write: given after their question was answered."""

    def __init__(
        self,
        database: Database,
        channels: Sequence[Channel],
        clock: Clock,
        post: Post,
        metrics: Metrics | None = None,
    ) -> None:
        self._database = database
        self._channels = {(one.name, one.account): one for one in channels}
        self._terms = {one.name: TERMS[one.name] for one in channels if one.name in TERMS}
        self._clock = clock
        self._post = post
        self._metrics = metrics or Metrics()

    async def give(self, conversation: ConversationId) -> bool:
        """Give one held message to somebody who was just answered; True when there was one.

        One a day, as always; the next comes another day. In the night nothing is given: it stays held.
        """
        now = self._clock()
        channel = self._channels.get((conversation.channel, conversation.account))
        if channel is None or is_quiet(now, self._post.zone):
            return False
        async with self._database.glance() as connection:
            held = await recipients.held_for(connection, conversation.key, now)
        if not held:
            return False
        given = await self._database.write(lambda c: self._give(c, conversation, channel, held, now))
        self._metrics.campaign_messages.labels("given").inc(given)
        return given

    async def _give(
        self,
        connection: AsyncConnection,
        conversation: ConversationId,
        channel: Channel,
        held: Sequence[tuple[int, int]],
        now: datetime,
    ) -> bool:
        key = conversation.key
        for recipient_id, campaign_id in held:
            campaign = await campaigns.load(connection, campaign_id)
            if campaign is None:
                continue
            people = await as_they_stand(connection, campaign.topic, [key], now, self._post.zone)
            if key not in people:
                await recipients.put(
                    connection, recipient_id, Place.SKIPPED, Standing.CLOSED, Why.NOT_AGREED, now
                )
                continue
            standing, why = standing_in(campaign, people[key].recipient, now, self._terms, Paid())
            if standing is Standing.CLOSED:
                continue
            commune = (await profiles.communes(connection, [key])).get(key, "")
            messages = made(campaign, Turn(recipient_id, conversation), self._post, channel, commune, now)
            handed = [Handed(recipient_id, messages, standing, why)]
            if await recipients.queue(connection, handed, Place.HELD, now):
                return True
        return False


def made(
    campaign: Campaign,
    turn: Turn,
    post: Post,
    channel: Channel,
    commune: str,
    now: datetime,
    ready: Ready | None = None,
) -> list[NewMessage]:
    """The messages of one recipient, or (`ready`) the paid template instead; made again they bear the same
    stamps. The template's are its own: a picture may have gone out before the window was found shut."""
    parts = (ready.part(post.values(commune, now)),) if ready else post.parts(campaign.message, commune, now)
    fitted = [piece for part in parts for piece in channel.fit(part, turn.conversation.user)]
    return [
        NewMessage(
            turn.conversation,
            part,
            stamp_of(campaign.id, turn.id, place),
            author=CAMPAIGN,
            priority=PRIORITY,
        )
        for place, part in enumerate(fitted, _TEMPLATE_PLACE if ready else 0)
    ]


def stamp_of(campaign_id: int, recipient_id: int, place: int) -> str:
    """The identity of one message to one recipient, the same whenever it is made."""
    digest = hashlib.sha256(f"campaign\n{campaign_id}\n{recipient_id}\n{place}".encode()).hexdigest()
    return f"kh:{digest[:24]}"


def share_of(per_minute: int | None, share: float) -> float | None:
    """The campaigns' part of an account's rate; the rest is kept free for answers."""
    return None if per_minute is None else max(1.0, per_minute * share)


def time_left(waiting: int, per_minute: float | None) -> timedelta | None:
    """How long the rest takes at this pace; None when it goes as fast as it can."""
    return None if per_minute is None else timedelta(minutes=waiting / per_minute)
