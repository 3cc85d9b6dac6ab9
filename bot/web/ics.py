"""GET /lich.ics: the year's occasions for anybody's phone. Holds nothing about any person.

Phones ask again and again: who has these very bytes gets 304, and a proxy may keep them for an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

import structlog
from aiohttp import web
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.outreach.ics import Dated, feed
from bot.store import campaigns, editing
from bot.store.content import Status
from bot.store.database import Database, StoreUnavailable
from bot.store.schema import content_history as past
from bot.web.pages import page
from knowledge.content import Item, Kind, content_of

log = structlog.get_logger(__name__)

PATH = "/lich.ics"
_HEADERS = {
    "Cache-Control": "public, max-age=3600",
    "Content-Disposition": 'inline; filename="lich-khuyen-hoc.ics"',
    "X-Content-Type-Options": "nosniff",
}
_NEVER_CHANGED = datetime(2026, 1, 1, tzinfo=UTC)
"""Stands for the moment of what came with the program and nobody changed."""


@dataclass(frozen=True, slots=True)
class _Feed:
    database: Database
    clock: Clock
    zone: tzinfo
    name: Callable[[], str]
    home: str

    async def answer(self, request: web.Request) -> web.StreamResponse:
        today = self.clock().astimezone(self.zone).date()
        try:
            async with self.database.read() as connection:
                found = await dated(connection, today)
        except (StoreUnavailable, SQLAlchemyError) as error:
            log.warning("calendar_without_database", error=type(error).__name__)
            return web.Response(status=503, headers={"Retry-After": "300", "Cache-Control": "no-store"})
        name = self.name()
        body = feed(found, name, self.home or name, today)
        return page(body, "text/calendar").answer(request, _HEADERS)


def add_calendar_route(
    app: web.Application,
    database: Database,
    clock: Clock,
    zone: tzinfo,
    *,
    name: Callable[[], str],
    home: str = "",
) -> None:
    """Serve the feed. `name`: the association's; `home`: the address of this installation, where known."""
    app.router.add_get(PATH, _Feed(database, clock, zone, name, home).answer)


async def dated(connection: AsyncConnection, today: date) -> list[Dated]:
    """Every occasion in use, with when it changed and the days somebody confirmed since last year."""
    kept = await editing.every(connection, Kind.OCCASION)
    # What the days rest on is not told here, so it need not be there.
    items = [
        Item(one.kind, one.id, {name: value for name, value in one.body.items() if name != "facts"})
        for one in kept
        if one.status is Status.PUBLISHED
    ]
    changed, confirmed = await _changed(connection), await _confirmed(connection, today)
    return [
        Dated(one, changed.get(one.id, _NEVER_CHANGED), confirmed.get(one.id, ()))
        for one in content_of(items).occasions.values()
    ]


async def _changed(connection: AsyncConnection) -> Mapping[str, datetime]:
    """When each occasion last changed, of those that did."""
    rows = await connection.execute(
        select(past.c.item_id, func.max(past.c.at).label("at"))
        .where(past.c.kind == Kind.OCCASION.value)
        .group_by(past.c.item_id)
    )
    return {row.item_id: row.at for row in rows}


async def _confirmed(connection: AsyncConnection, today: date) -> Mapping[str, tuple[date, ...]]:
    found: dict[str, tuple[date, ...]] = {}
    for one in await campaigns.for_occasions(connection, date(today.year - 1, 1, 1)):
        if one.date_confirmed_by and one.occasion_on is not None:
            found[one.occasion] = (*found.get(one.occasion, ()), one.occasion_on)
    return found
