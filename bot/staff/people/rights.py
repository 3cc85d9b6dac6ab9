"""Ai được làm gì: what each role may open and do, read off the table of routes.

Nothing here is kept by hand but the names of the pages, which are the menu's; so the page cannot say one
thing while the gate does another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from aiohttp import web

from bot.staff.access import EVERY_ROLE, HOME, Route, Visit
from bot.staff.pages import Drawing, NavItem, Pages
from bot.staff.people.places import OWN, RIGHTS
from bot.staff.words import ROLE_MEANS, ROLES
from bot.store.staff import Role

Table = dict[tuple[str, str], frozenset[Role]]
"""(method, path) → roles; the empty set is open to whoever is not signed in."""
OUTSIDE_THE_MENU = (
    NavItem("/staff/hoi-thu", "Hỏi thử trợ lý", EVERY_ROLE),
    NavItem(OWN, "Tài khoản của tôi", EVERY_ROLE),
    NavItem(RIGHTS, "Ai được làm gì", EVERY_ROLE),
)


_EVERYBODYS = {HOME, *(page.path for page in OUTSIDE_THE_MENU)}


class Level(Enum):
    """How much of a page is a role's."""

    NOTHING = ("Không", "none")
    LOOKING = ("Xem", "look")
    SOME = ("Một phần", "some")
    ALL = ("Toàn bộ", "all")

    @property
    def words(self) -> str:
        """As the page says it."""
        return self.value[0]

    @property
    def tone(self) -> str:
        """For the colour; the words say it too."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class PageRights:
    """One page and what each role may do there, in the order of `Role`."""

    path: str
    label: str
    levels: tuple[tuple[Role, Level], ...]

    def of(self, role: Role) -> Level:
        """What this role may do there."""
        return dict(self.levels)[role]


def rights_of(menu: Sequence[NavItem], table: Table) -> tuple[PageRights, ...]:
    """The pages of the menu and those outside it, each with its rights."""
    pages = (*menu, *OUTSIDE_THE_MENU)
    opening = {page.path: table.get(("GET", page.path), frozenset()) for page in pages}
    things: dict[str, list[frozenset[Role]]] = {page.path: [] for page in pages}
    for (method, path), roles in table.items():
        page = page_of(pages, path)
        # What is looked at by the same people as the page itself is a part of looking.
        if page is not None and roles and (method != "GET" or roles != opening[page.path]):
            things[page.path].append(roles)
    return tuple(
        PageRights(
            page.path,
            page.label,
            tuple((role, _level(role, opening[page.path], things[page.path])) for role in Role),
        )
        for page in pages
    )


def page_of(pages: Sequence[NavItem], path: str) -> NavItem | None:
    """The page a route belongs to: the one whose address its own begins with."""
    fitting = [page for page in pages if path == page.path or path.startswith(f"{page.path}/")]
    return max(fitting, key=lambda page: len(page.path), default=None)


def _level(role: Role, opening: frozenset[Role], things: Sequence[frozenset[Role]]) -> Level:
    if role not in opening:
        return Level.NOTHING
    mine = sum(role in roles for roles in things)
    if not mine:
        return Level.LOOKING
    return Level.ALL if mine == len(things) else Level.SOME


class Rights:
    """The page with the matrix, and one role's share of it for other pages."""

    def __init__(self, pages: Pages, menu: Sequence[NavItem], table: Callable[[], Table]) -> None:
        self._pages = pages
        self._menu = menu
        self._table = table

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        return (Route("GET", RIGHTS, EVERY_ROLE, self.show),)

    def of_role(self, role: Role) -> list[tuple[str, str, Level]]:
        """(path, page, how much) of what this role may open."""
        found = [(one.path, one.label, one.of(role)) for one in rights_of(self._menu, self._table())]
        return [one for one in found if one[2] is not Level.NOTHING and one[0] not in _EVERYBODYS]

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/quyen"""
        values = {
            "rows": rights_of(self._menu, self._table()),
            "roles": [(ROLES[role], ROLE_MEANS[role], role is visit.session.officer.role) for role in Role],
        }
        return self._pages.draw(Drawing("people/rights.html", values), visit.request, visit.session)
