"""Campaigns proposed ahead of the year's occasions, as drafts. Proposes, never sends.

Once for each occasion and year, however many processes look and however often: the database refuses a second.
A draft that somebody deleted from their list by stopping it is not proposed again either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

import structlog
from redis.exceptions import RedisError

from bot.nerves import Nerves
from bot.outreach.campaign import NAME_LIMIT, Audience, BadText, Button, Message, NotAllowed
from bot.outreach.steps import Office
from bot.outreach.topics import Topic
from bot.store import content as stored
from bot.store.campaigns import NewCampaign
from bot.store.database import StoreUnavailable
from knowledge.calendar import Coming, to_propose
from knowledge.content import Certainty, Kind, Occasion, content_of

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS = 3600.0
_ASSESS = Button("Tự đánh giá", "do:start_assessment")


class Proposals:
    """Looks at the calendar every hour."""

    def __init__(self, office: Office, nerves: Nerves) -> None:
        self._office = office
        self._nerves = nerves

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop` is set; of several processes one at a time."""
        while not stop.is_set():
            try:
                async with self._nerves.lock("proposals") as held:
                    if held:
                        await self.look()
            except (RedisError, OSError, StoreUnavailable) as error:
                log.warning("proposals_wait", reason=type(error).__name__)
            except Exception:
                log.exception("proposals_failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_SECONDS)

    async def look(self) -> int:
        """Propose what is near and was not proposed; gives how many."""
        today = self._office.clock().astimezone(self._office.zone).date()
        made = 0
        for coming in to_propose(await self._occasions(), today):
            try:
                await self._office.draft(proposal(coming), None)
            except NotAllowed:
                continue  # proposed before
            except BadText:
                # Words that cannot be sent must not keep the year's other occasions from being proposed.
                log.warning("campaign_not_proposed", occasion=coming.occasion.id)
                continue
            made += 1
            log.info("campaign_proposed", occasion=coming.occasion.id, on=coming.first.isoformat())
        return made

    async def _occasions(self) -> Iterable[Occasion]:
        async with self._office.database.read() as connection:
            items = await stored.load(connection)
        wanted = [one for one in items if one.kind in (Kind.OCCASION, Kind.FACT, Kind.DOCUMENT)]
        return content_of(wanted).occasions.values()


def proposal(coming: Coming) -> NewCampaign:
    """The draft for an occasion: staff change it as they like before anything is sent."""
    occasion = coming.occasion
    topic = next((one for one in Topic if one.value == occasion.topic), Topic.MONTH)
    return NewCampaign(
        f"{occasion.title[: NAME_LIMIT - len(' 2026')]} {coming.first:%Y}",
        topic,
        Message(occasion.message, button=_ASSESS),
        Audience(),
        occasion=occasion.id,
        occasion_on=coming.first,
        needs_date=occasion.certainty is Certainty.UNVERIFIED,
    )
