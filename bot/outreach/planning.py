"""Who will get a campaign, who will not, and why: shown before anything is sent, written down when it begins.

The preview writes nothing. Writing down is repeatable: a crash in the middle leaves a campaign that is not
planned, and the next try begins anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.outreach.audience import Candidate, candidates, count_without_consent
from bot.outreach.campaign import Campaign, Outside
from bot.outreach.paid import Paid, PaidTemplate, paid_by
from bot.outreach.topics import offer_of
from bot.outreach.windows import TERMS, Recipient, Standing, Terms, Why, standing_of
from bot.store import campaigns, recipients
from bot.store.database import Database
from bot.store.recipients import NewRecipient, Place

_ROWS_AT_ONCE = 200
"""Rows of one transaction: some milliseconds, during which others wait."""
_UNTIL_THEY_WRITE = frozenset({Why.WINDOW, Why.NEVER_WROTE})
"""Reasons that pass when the person next writes: these may be held."""
_LATER = frozenset({Why.DAY_IS_FULL, Why.WITH_A_PERSON})
"""Reasons that pass by themselves: their turn comes later, tomorrow or when the officer is done."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """What would become of everybody meant, if it went out now."""

    by: Mapping[tuple[str, Place, Standing, Why], int]
    """Channel, place, standing and reason to people."""
    not_agreed: int
    """Meant, but did not agree to the topic: not among `by`, and never reached."""

    @property
    def total(self) -> int:
        """Everybody who agreed and is meant."""
        return sum(self.by.values())

    def count(self, place: Place | None = None, standing: Standing | None = None, channel: str = "") -> int:
        """People at a place, of a standing, on a channel."""
        return sum(
            number
            for (on, at, what, _), number in self.by.items()
            if (place is None or at is place)
            and (standing is None or what is standing)
            and (not channel or on == channel)
        )


def place_of(standing: Standing, why: Why, outside: Outside) -> Place:
    """Where somebody of this standing goes when the campaign begins."""
    if standing is not Standing.CLOSED or why in _LATER:
        return Place.WAITING
    return Place.HELD if outside is Outside.HOLD and why in _UNTIL_THEY_WRITE else Place.SKIPPED


def standing_in(
    campaign: Campaign, one: Recipient, now: datetime, terms: Mapping[str, Terms], paid: Paid
) -> tuple[Standing, Why]:
    """Standing and reason of one person in this campaign, with its templates."""
    per_month = offer_of(campaign.topic).per_month
    standing, why = standing_of(one, now, per_month=per_month, terms=terms, by_template=paid.ready)
    is_gone = why in _UNTIL_THEY_WRITE and one.channel in paid.gone
    return standing, Why.TEMPLATE_GONE if is_gone else why


def decided(
    one: Candidate, campaign: Campaign, now: datetime, terms: Mapping[str, Terms], paid: Paid
) -> NewRecipient:
    """What is to become of one person."""
    standing, why = standing_in(campaign, one.recipient, now, terms, paid)
    place = place_of(standing, why, campaign.outside)
    return NewRecipient(one.conversation_key, one.recipient.channel, one.account, place, standing, why)


async def foreseen(
    connection: AsyncConnection,
    campaign: Campaign,
    now: datetime,
    zone: tzinfo,
    terms: Mapping[str, Terms],
    on_offer: Sequence[PaidTemplate] = (),
) -> AsyncIterator[list[NewRecipient]]:
    """Everybody who agreed and is meant, with what becomes of them as of now, in portions. Needs a connection
    of `Database.read`. `on_offer`: the paid templates there are."""
    paid = paid_by(campaign.outside, campaign.message, on_offer)
    async for portion in candidates(connection, campaign.topic, campaign.audience, now, zone):
        yield [decided(one, campaign, now, terms, paid) for one in portion]


async def preview(
    database: Database,
    campaign: Campaign,
    now: datetime,
    zone: tzinfo,
    terms: Mapping[str, Terms] = TERMS,
    on_offer: Sequence[PaidTemplate] = (),
) -> Funnel:
    """The funnel as of now. `terms` holds the channels that are on, `on_offer` the templates there are."""
    counted: Counter[tuple[str, Place, Standing, Why]] = Counter()
    async with database.read() as connection:
        async for portion in foreseen(connection, campaign, now, zone, terms, on_offer):
            counted.update((one.channel, one.place, one.standing, one.why) for one in portion)
        missing = await count_without_consent(connection, campaign.topic, campaign.audience, now)
    return Funnel(dict(counted), missing)


async def write_down(
    database: Database,
    campaign: Campaign,
    clock: Clock,
    zone: tzinfo,
    terms: Mapping[str, Terms] = TERMS,
    on_offer: Sequence[PaidTemplate] = (),
) -> int:
    """Write the recipients of a campaign that is about to begin; gives how many. Once done, does nothing.

    Raises Overtaken when the campaign changed meanwhile: then what was written is written anew next time.
    """
    if campaign.planned_at is not None:
        async with database.read() as connection:
            return await recipients.count(connection, campaign.id)
    await database.write(lambda c: recipients.forget_all(c, campaign.id))
    now, written = clock(), 0
    people: list[NewRecipient] = []
    async with database.read() as connection:
        async for portion in foreseen(connection, campaign, now, zone, terms, on_offer):
            people += portion
            written += len(portion)
            while len(people) >= _ROWS_AT_ONCE:
                rows, people = people[:_ROWS_AT_ONCE], people[_ROWS_AT_ONCE:]
                await _write(database, campaign.id, rows, now)
    await _write(database, campaign.id, people, now)

    async def done(connection: AsyncConnection) -> None:
        await campaigns.note(connection, campaign.id, campaign.revision, {"planned_at": now})

    await database.write(done)
    return written


async def _write(database: Database, campaign_id: int, rows: list[NewRecipient], now: datetime) -> None:
    await database.write(lambda c: recipients.add(c, campaign_id, rows, now))
