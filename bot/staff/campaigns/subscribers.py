"""Người nhận tin: how many people agreed to what, where they live, what they do. Small numbers are hidden."""

from __future__ import annotations

from aiohttp import web

from bot.outreach.topics import OFFERS
from bot.staff.access import ANSWERING, EVERY_ROLE, Route, Visit
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.store import profiles, subscriptions

SUBSCRIBERS = "/staff/nguoi-nhan-tin"
FEW = 5
"""Fewer people of one place or group than this are not counted out to those who may not see people."""


class Subscribers:
    """One page."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        return (Route("GET", SUBSCRIBERS, EVERY_ROLE, self.show),)

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/nguoi-nhan-tin"""
        async with self._parts.database.read() as connection:
            counted = await subscriptions.count_by_topic(connection)
            communes = await profiles.counted(connection)
            groups = await profiles.counted_by_group(connection)
        exact = visit.session.officer.role in ANSWERING
        values = {
            "topics": [(one.label, one.promise, counted[one.topic], one.per_month) for one in OFFERS],
            "communes": [(name, _told(count, exact=exact)) for name, count in communes],
            "groups": [(self._group(id_), _told(count, exact=exact)) for id_, count in groups],
        }
        return self._pages.draw(Drawing("campaigns/subscribers.html", values), visit.request, visit.session)

    def _group(self, id_: str) -> str:
        """Its name; of a group no set has any more, its id."""
        groups = (group for one in self._parts.criteria.sets for group in one.groups)
        return {group.id: group.name for group in groups}.get(id_, id_)


def _told(count: int, *, exact: bool) -> str:
    return str(count) if exact or count >= FEW else f"dưới {FEW}"
