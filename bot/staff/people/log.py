"""Nhật ký: what everybody did, filtered by kind, officer and day; the same as a file.

Pages go by the id of their last line, so that lines written meanwhile move nothing. Must never show a
citizen's words, numbers or ids: bot.staff.people.log_shown sees to that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff import long_tables
from bot.staff.access import MANAGING, Route, Visit
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.people.log_shown import Names, actions_of, as_recorded, shown
from bot.staff.people.log_words import KINDS
from bot.staff.people.places import LOG
from bot.store import audit, staff
from bot.store.audit import Action, Line

log = structlog.get_logger(__name__)

PER_PAGE = 50
_AT_ONCE = 500
HEADING = ("Số", "Ngày", "Giờ", "Ai", "Việc", "Về", "Chi tiết", "Ghi trong máy")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters, as they stand in the address."""

    kind: str = ""
    staff_id: int | None = None
    since: date | None = None
    until: date | None = None
    before: int | None = None

    @property
    def is_all(self) -> bool:
        """Nothing is filtered."""
        return not (self.kind or self.staff_id or self.since or self.until)

    def address(self, path: str = LOG, before: int | None = None) -> str:
        """The page with these filters; `before` goes on from a line."""
        asked = {
            "viec": self.kind,
            "ai": self.staff_id,
            "tu": self.since,
            "den": self.until,
            "truoc": before,
        }
        query = urlencode({name: str(value) for name, value in asked.items() if value})
        return f"{path}?{query}" if query else path


class Log:
    """The page and its export."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        return (
            Route("GET", LOG, MANAGING, self.show),
            Route("GET", f"{LOG}/nhat-ky.csv", MANAGING, self.export),
        )

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/nhat-ky: `viec`, `ai`, `tu`, `den`, `truoc` in the address."""
        wanted = wanted_of(visit.request.query)
        async with self._parts.database.read() as connection:
            lines = await self._lines(connection, wanted, PER_PAGE + 1, wanted.before)
            officers = await staff.accounts(connection)
        names = self._names({one.id: one.name for one in officers})
        rows = [shown(line, names) for line in lines[:PER_PAGE]]
        values = {
            "rows": rows,
            "wanted": wanted,
            "kinds": [(code, label) for code, (label, _) in KINDS.items()],
            "officers": [(one.id, one.name) for one in officers],
            "since": wanted.since.isoformat() if wanted.since else "",
            "until": wanted.until.isoformat() if wanted.until else "",
            "older": wanted.address(before=rows[-1].id) if len(lines) > PER_PAGE else "",
            "newest": wanted.address() if wanted.before else "",
            "export": wanted.address(f"{LOG}/nhat-ky.csv"),
            "path": LOG,
        }
        return self._pages.draw(Drawing("people/log.html", values), visit.request, visit.session)

    async def export(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/nhat-ky/nhat-ky.csv: everything the filters let through, the newest first."""
        wanted, officer = wanted_of(visit.request.query), visit.session.officer
        now = self._parts.clock()
        await self._parts.database.write(
            lambda c: audit.note(c, officer, Action.AUDIT_EXPORTED, audit.account_subject(officer.id), now)
        )
        log.info("staff_log_exported", staff_id=officer.id)
        async with self._parts.database.read() as connection:
            names = self._names({one.id: one.name for one in await staff.accounts(connection)})
        today = now.astimezone(self._parts.zone)
        name = f"nhat-ky-{today:%Y%m%d}.csv"
        return await long_tables.stream(visit.request, name, HEADING, self._exported(wanted, names))

    async def _exported(self, wanted: Wanted, names: Names) -> AsyncIterator[Sequence[Sequence[str]]]:
        before: int | None = None
        while True:
            # A reading of its own for each stretch: a slow line must not hold the database's past open.
            async with self._parts.database.read() as connection:
                lines = await self._lines(connection, wanted, _AT_ONCE, before)
            yield [_cells(line, names) for line in lines]
            if len(lines) < _AT_ONCE:
                return
            before = lines[-1].id

    async def _lines(
        self, connection: AsyncConnection, wanted: Wanted, limit: int, before: int | None
    ) -> list[Line]:
        return await audit.latest(
            connection,
            limit,
            before=before,
            actions=actions_of(wanted.kind),
            staff_id=wanted.staff_id,
            since=self._midnight(wanted.since),
            until=self._midnight(wanted.until + timedelta(days=1) if wanted.until else None),
        )

    def _midnight(self, day: date | None) -> datetime | None:
        return None if day is None else datetime.combine(day, time(), self._parts.zone)

    def _names(self, accounts: Mapping[int, str]) -> Names:
        return Names(accounts, self._parts.clock(), self._parts.zone)


def wanted_of(query: Mapping[str, str]) -> Wanted:
    """What an address asks for; what makes no sense is as if it were not there."""
    kind = query.get("viec", "")
    return Wanted(
        kind if kind in KINDS else "",
        _number(query.get("ai", "")),
        _day(query.get("tu", "")),
        _day(query.get("den", "")),
        _number(query.get("truoc", "")),
    )


def _number(given: str) -> int | None:
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 18 else None


def _day(given: str) -> date | None:
    try:
        day = date.fromisoformat(given)
    except ValueError:
        return None
    # At the ends of the calendar there is no day after, and no moment in UTC.
    return day if 2000 <= day.year <= 9000 else None


def _cells(line: Line, names: Names) -> list[str]:
    one, at = shown(line, names), line.at.astimezone(names.zone)
    return [
        str(line.id), f"{at:%d/%m/%Y}", f"{at:%H:%M:%S}", one.who, one.did, one.about, one.facts,
        as_recorded(line.detail),
    ]  # fmt: skip
