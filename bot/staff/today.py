"""Hôm nay: what needs a person now, and the week in small charts.

What waits keeps itself fresh; the week is read when the page is opened, not every few seconds.
"""

from __future__ import annotations

from aiohttp import web

from bot.staff.access import EVERY_ROLE, HOME, Route, Visit
from bot.staff.channels import channel_states
from bot.staff.duties import UNANSWERED_FOR, board
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.week import week
from bot.staff.words import day

__all__ = ["UNANSWERED_FOR", "Today"]


class Today:
    """The first page."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        return (Route("GET", HOME, EVERY_ROLE, self.show),)

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/; `?manh=1` gives what waits alone."""
        now, parts = self._parts.clock(), self._parts
        is_part = "manh" in visit.request.query
        async with parts.database.read() as connection:
            channels = list((await channel_states(parts, connection, now)).values())
            found = await board(connection, visit.session.officer, channels, now)
            this_week = None if is_part else await week(connection, now, parts.zone, parts.base)
        values: dict[str, object] = {"tasks": found.tasks, "calm": found.calm, "channels": channels}
        if is_part:
            return self._pages.draw_fragment(Drawing("_today.html", values), visit.request, visit.session)
        values |= {"day": day(now, parts.zone), "week": this_week}
        return self._pages.draw(Drawing("today.html", values), visit.request, visit.session)
