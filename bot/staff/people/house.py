"""The pages about staff put together."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from bot.staff.access import Gate, OpenRoute, Route
from bot.staff.pages import NavItem, Pages
from bot.staff.parts import StaffParts
from bot.staff.passwords import PasswordDesk
from bot.staff.people.accounts import Accounts
from bot.staff.people.links import Links
from bot.staff.people.log import Log
from bot.staff.people.own import OwnAccount
from bot.staff.people.rights import Rights, Table


class People:
    """Accounts, links into them, one's own account, the log, and who may do what."""

    def __init__(
        self,
        parts: StaffParts,
        pages: Pages,
        gate: Gate,
        *,
        passwords: PasswordDesk,
        address: Callable[[web.Request], str],
        menu: tuple[NavItem, ...],
        table: Callable[[], Table],
    ) -> None:
        """`table` gives every route with its roles, once all are known; `menu` names the pages."""
        rights = Rights(pages, menu, table)
        self._rooms = (
            Accounts(parts, pages, gate),
            Links(parts, pages, gate, passwords, address),
            OwnAccount(parts, pages, passwords, rights),
            Log(parts, pages),
            rights,
        )

    @property
    def routes(self) -> tuple[Route | OpenRoute, ...]:
        """What these pages serve."""
        return tuple(route for room in self._rooms for route in room.routes)
