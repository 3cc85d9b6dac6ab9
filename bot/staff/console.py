"""The console's routes in one table: every page, every action, and the roles that may use it.

A later page adds a module with a `routes` property and is listed in `_modules`; there is no other way in.
"""

from __future__ import annotations

from aiohttp import web

from bot.staff.access import (
    ANSWERING,
    EVERY_ROLE,
    HOME,
    MANAGING,
    READING_QUESTIONS,
    Gate,
    OpenRoute,
    Route,
    Visit,
    not_found,
)
from bot.staff.assessments import ASSESSMENTS, Assessments
from bot.staff.broadcasts import BROADCASTS, Broadcasts
from bot.staff.calendar import CALENDAR, CalendarPages
from bot.staff.campaigns import CAMPAIGNS, SUBSCRIBERS, Campaigns, Subscribers
from bot.staff.faq import FAQ, Faq
from bot.staff.house import SETTINGS, HouseSettings
from bot.staff.inbox import INBOX, Inbox
from bot.staff.library import LIBRARY, Library
from bot.staff.misses import MISSES, Misses, entry_saved
from bot.staff.pages import NavItem, Pages
from bot.staff.parts import StaffParts
from bot.staff.passwords import PasswordDesk
from bot.staff.people import LOG, PEOPLE, People
from bot.staff.reports import REPORTS, Reports
from bot.staff.signin import SignIn
from bot.staff.today import Today
from bot.staff.trouble import TROUBLE, Trouble
from bot.staff.trying import Trying
from bot.store.staff import Role
from bot.web.address import address_behind

TALKS, CONTENT, OUTREACH, RESULTS, HOUSE = "Trò chuyện", "Nội dung", "Nhắc tin", "Kết quả", "Quản lý"
MENU = (
    NavItem(HOME, "Hôm nay", EVERY_ROLE),
    NavItem(INBOX, "Hộp thư", ANSWERING, TALKS),
    NavItem(TROUBLE, "Tin lỗi", ANSWERING, TALKS),
    NavItem(ASSESSMENTS, "Tự đánh giá", EVERY_ROLE, TALKS),
    NavItem(FAQ, "Câu hỏi thường gặp", EVERY_ROLE, CONTENT),
    NavItem(LIBRARY, "Văn bản", EVERY_ROLE, CONTENT),
    NavItem(MISSES, "Chưa trả lời được", READING_QUESTIONS, CONTENT),
    NavItem(CAMPAIGNS, "Chiến dịch", EVERY_ROLE, OUTREACH),
    NavItem(BROADCASTS, "Bài viết Zalo", EVERY_ROLE, OUTREACH),
    NavItem(CALENDAR, "Lịch", EVERY_ROLE, OUTREACH),
    NavItem(SUBSCRIBERS, "Người nhận tin", EVERY_ROLE, OUTREACH),
    NavItem(REPORTS, "Báo cáo", EVERY_ROLE, RESULTS),
    NavItem(SETTINGS, "Cài đặt", EVERY_ROLE, HOUSE),
    NavItem(PEOPLE, "Người dùng", MANAGING, HOUSE),
    NavItem(LOG, "Nhật ký", MANAGING, HOUSE),
)
"""In the order of work; what has the same heading stands together."""

_FOR_GOOD = "public, max-age=31536000, immutable"
ROLES_OF = web.AppKey("staff_roles_of", dict[tuple[str, str], frozenset[Role]])
"""(method, path) → roles, of everything registered; the empty set is open to whoever is not signed in."""


def menu_of(desk: StaffParts) -> tuple[NavItem, ...]:
    """The menu of this installation: articles on Zalo only where there is Zalo."""
    has_zalo = any(channel.name == "zalo" for channel in desk.channels)
    return tuple(item for item in MENU if has_zalo or item.path != BROADCASTS)


def add_staff_routes(app: web.Application, desk: StaffParts) -> None:
    """Put the console into `app` at /staff/."""
    menu = menu_of(desk)
    pages = Pages(desk.association_name, menu)
    gate = Gate(desk.database, desk.clock, pages, desk.public_url, desk.trusted_proxies)
    address, passwords = address_behind(desk.trusted_proxies), PasswordDesk()
    signin = SignIn(gate, pages, address, passwords, desk.shared_tries)
    app.on_startup.append(signin.prepare)
    inbox, misses = Inbox(desk, pages), Misses(desk, pages)
    faq = Faq(desk, pages, entry_saved)
    app.on_shutdown.append(faq.close)
    app.on_shutdown.append(inbox.close)
    app.on_shutdown.append(misses.close)
    people = People(
        desk,
        pages,
        gate,
        passwords=passwords,
        address=address,
        menu=menu,
        table=lambda: app[ROLES_OF],
    )
    routes: list[Route | OpenRoute] = [
        *Campaigns(desk, pages).routes,
        *Broadcasts(desk, pages).routes,
        *CalendarPages(desk, pages, gate).routes,
        *Subscribers(desk, pages).routes,
        *Reports(desk, pages).routes,
        *signin.routes,
        *Today(desk, pages).routes,
        *inbox.routes,
        *Trouble(desk, pages).routes,
        *Assessments(desk, pages).routes,
        *faq.routes,
        *misses.routes,
        *Library(desk, pages).routes,
        *people.routes,
        *HouseSettings(desk, pages).routes,
        *Trying(desk, pages).routes,
        *_rest(pages),
    ]
    for route in routes:
        handler = gate.guarded(route) if isinstance(route, Route) else gate.opened(route)
        app.router.add_route(route.method, route.path, handler)
    app[ROLES_OF] = {
        (route.method, route.path): route.roles if isinstance(route, Route) else frozenset()
        for route in routes
    }


def _rest(pages: Pages) -> tuple[Route | OpenRoute, ...]:
    async def asset(request: web.Request) -> web.StreamResponse:
        found = pages.asset(request.match_info["name"])
        if found is None:
            raise not_found()
        is_lasting = request.match_info["version"] == pages.version
        return found.answer(request, {"Cache-Control": _FOR_GOOD if is_lasting else "no-cache"})

    async def bare(_: web.Request) -> web.StreamResponse:
        return web.Response(status=308, headers={"Location": HOME})

    async def nowhere(_: Visit) -> web.StreamResponse:
        raise not_found()

    return (
        OpenRoute("GET", "/staff/assets/{version}/{name}", asset),
        OpenRoute("GET", "/staff", bare),
        Route("*", "/staff/{rest:.+}", EVERY_ROLE, nowhere),
    )
