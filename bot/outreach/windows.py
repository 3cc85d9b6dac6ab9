"""May this person be sent something now, what would it cost, and if not, why not. Pure.

The rules are the platforms' (docs/platforms.md A7, A8, B7) and the house's own: consent, quiet hours, how
many a day. The platform has the last word when it is sent; this spares people a message that could not
arrive, and staff a surprise. Said per person before anything is sent, and asked again when it is sent.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum

QUIET_FROM, QUIET_UNTIL = time(22), time(7)
"""Nobody is written to at night of our own accord."""
PER_DAY = 1
"""Campaign messages one person gets in a day, whatever they subscribed to."""


class Standing(StrEnum):
    """What a message to this person would be."""

    FREE = "free"
    PAID = "paid"
    """Allowed, and the platform counts it against the package."""
    CLOSED = "closed"
    """Not allowed now: see `Why`."""


class Why(StrEnum):
    """The reason for a standing; staff read it in words (bot.staff.outreach.words)."""

    OPEN = "open"
    """Inside the free window."""
    BEYOND_FREE = "beyond_free"
    """Inside the window, after its free part (Zalo: 48 hours)."""
    BY_TEMPLATE = "by_template"
    """Outside the window, reached by a paid template."""
    WINDOW = "window"
    """Not written to us for longer than the platform allows."""
    NEVER_WROTE = "never_wrote"
    """Never wrote to us privately."""
    CANNOT_RECEIVE = "cannot_receive"
    """Blocked us, unfollowed, or cannot be reached."""
    NOT_AGREED = "not_agreed"
    """Did not agree to this topic, or took it back."""
    DAY_IS_FULL = "day_is_full"
    """Got as many today as anybody gets."""
    MONTH_IS_FULL = "month_is_full"
    """Got as many this month as the topic promises."""
    CHANNEL_OFF = "channel_off"
    """The channel is not configured, or its account changed."""
    WITH_A_PERSON = "with_a_person"
    """An officer is talking with them: not now."""
    TEMPLATE_GONE = "template_gone"
    """Outside the window, and the paid template that was chosen cannot be used any more."""
    STOPPED = "stopped"
    """The campaign was stopped before their turn came."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One platform's windows, from the connectors' capabilities and docs/platforms.md."""

    window: timedelta | None
    """None: no limit (our own page)."""
    free_for: timedelta | None
    """The free part of the window; None: all of it."""


TERMS: Mapping[str, Terms] = {
    "zalo": Terms(timedelta(days=7), timedelta(hours=48)),
    "messenger": Terms(timedelta(hours=24), None),
    "web": Terms(None, None),
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """What is known of one person when it is decided."""

    channel: str
    last_heard_at: datetime | None
    can_receive: bool
    agreed: bool
    with_a_person: bool = False
    sent_today: int = 0
    """Campaign messages since midnight in the house's zone, of any campaign."""
    sent_this_month: int = 0
    """Campaign messages of this topic since the first of the month."""
    shut_at: datetime | None = None
    """When the platform said that the window is shut although we thought it open; None: it did not."""

    def is_outside(self, window: timedelta | None, now: datetime) -> bool:
        """Whether the platform takes no ordinary message now."""
        if window is None:
            return False
        if self.last_heard_at is None or now - self.last_heard_at >= window:
            return True
        return self.shut_at is not None and self.last_heard_at <= self.shut_at


def standing_of(
    one: Recipient,
    now: datetime,
    *,
    per_month: int,
    terms: Mapping[str, Terms] = TERMS,
    per_day: int = PER_DAY,
    by_template: Container[str] = (),
) -> tuple[Standing, Why]:
    """Standing and reason, the weightiest reason first. `now` aware.

    `by_template`: channels on which those outside the window are reached by a paid template.
    """
    since = None if one.last_heard_at is None else now - one.last_heard_at
    allowed = terms.get(one.channel, Terms(None, None))
    is_outside = one.is_outside(allowed.window, now)
    is_shut = is_outside and one.channel not in by_template
    barred = (
        (Why.CHANNEL_OFF, one.channel not in terms),
        (Why.NOT_AGREED, not one.agreed),
        (Why.CANNOT_RECEIVE, not one.can_receive),
        (Why.MONTH_IS_FULL, one.sent_this_month >= per_month),
        (Why.DAY_IS_FULL, one.sent_today >= per_day),
        (Why.NEVER_WROTE, is_shut and since is None),
        (Why.WINDOW, is_shut),
        (Why.WITH_A_PERSON, one.with_a_person),
    )
    for why, holds in barred:
        if holds:
            return Standing.CLOSED, why
    if is_outside:
        return Standing.PAID, Why.BY_TEMPLATE
    if allowed.free_for is not None and since is not None and since >= allowed.free_for:
        return Standing.PAID, Why.BEYOND_FREE
    return Standing.FREE, Why.OPEN


def is_quiet(moment: datetime, zone: tzinfo) -> bool:
    """Whether nobody may be written to of our own accord: from 22:00 until before 7:00."""
    local = moment.astimezone(zone).time()
    return local >= QUIET_FROM or local < QUIET_UNTIL


def out_of_quiet(moment: datetime, zone: tzinfo) -> datetime:
    """This moment, or the end of the quiet hours it lies in."""
    if not is_quiet(moment, zone):
        return moment
    local = moment.astimezone(zone)
    day = local.date() if local.time() < QUIET_UNTIL else local.date() + timedelta(days=1)
    return datetime.combine(day, QUIET_UNTIL, zone).astimezone(moment.tzinfo)


def quiet_begins(moment: datetime, zone: tzinfo) -> datetime:
    """When the next quiet hours begin; the moment itself inside them."""
    if is_quiet(moment, zone):
        return moment
    return datetime.combine(moment.astimezone(zone).date(), QUIET_FROM, zone).astimezone(moment.tzinfo)
