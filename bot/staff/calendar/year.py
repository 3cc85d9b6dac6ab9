"""The calendar as staff see it: every occasion that is kept, what they rest on, and this year's campaigns.

What is kept is read anew only when the content's revision moves, campaigns every time. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.outreach.campaign import Campaign
from bot.store import campaigns, editing
from bot.store import content as stored
from bot.store.content import Status
from bot.store.database import Database
from bot.store.editing import Kept
from knowledge.calendar import Coming
from knowledge.content import Item, Kind, Occasion, assemble


@dataclass(frozen=True, slots=True)
class Shelf:
    """The occasions and what they may rest on, at one moment."""

    revision: int
    kept: Mapping[str, Kept]
    beneath: Mapping[tuple[Kind, str], Item]
    """Facts and documents in use."""

    def occasion_of(self, made: Item) -> Occasion | None:
        """An occasion with its facts; None where the body is none."""
        facts = [self.beneath.get((Kind.FACT, str(name))) for name in made.body.get("facts", ())]
        numbers = {str(fact.body["document"]) for fact in facts if fact and "document" in fact.body}
        documents = [self.beneath.get((Kind.DOCUMENT, one)) for one in numbers]
        return assemble([made, *filter(None, facts), *filter(None, documents)])[0].occasions.get(made.id)

    def occasion(self, kept: Kept) -> Occasion | None:
        """The same for what is kept."""
        return self.occasion_of(Item(kept.kind, kept.id, kept.body))

    def in_use(self) -> list[Occasion]:
        """Occasions that campaigns are proposed for."""
        live = (kept for kept in self.kept.values() if kept.status is Status.PUBLISHED)
        return [one for one in map(self.occasion, live) if one is not None]


@dataclass(frozen=True, slots=True)
class Year:
    """The shelf with the campaigns there are for its occasions, the newest first."""

    shelf: Shelf
    campaigns: Sequence[Campaign]

    def campaign_for(self, coming: Coming) -> Campaign | None:
        """The campaign for the occasion on its day; else one of that year made for another day."""
        its = [one for one in self.campaigns if one.occasion == coming.occasion.id and one.occasion_on]
        on_day = (one for one in its if one.occasion_on == coming.first)
        in_year = (one for one in its if one.occasion_on and one.occasion_on.year == coming.first.year)
        return next(on_day, None) or next(in_year, None)


class Years:
    """The calendar as it is now."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shelf: Shelf | None = None

    async def now(self, today: date) -> Year:
        """What is kept, and the campaigns since the beginning of last year."""
        async with self._database.read() as connection:
            revision = await stored.revision(connection)
            if self._shelf is None or self._shelf.revision != revision:
                rows = {kind: await editing.every(connection, kind) for kind in _READ}
                self._shelf = Shelf(
                    revision,
                    {kept.id: kept for kept in rows[Kind.OCCASION]},
                    {
                        (kind, kept.id): Item(kind, kept.id, kept.body)
                        for kind in (Kind.FACT, Kind.DOCUMENT)
                        for kept in rows[kind]
                        if kept.status is Status.PUBLISHED
                    },
                )
            shelf = self._shelf
            found = await campaigns.for_occasions(connection, date(today.year - 1, 1, 1))
        return Year(shelf, found)


_READ = (Kind.DOCUMENT, Kind.FACT, Kind.OCCASION)
