"""Who may open what: sessions, roles, and the check that a form came from our own page.

A request passes, in this order: the session behind its cookie → the role the route declares → for a POST,
its origin and the session's token in the form → the handler. The browser holds a random secret; the
database holds only its SHA-256, so a stolen backup opens no session. Nothing here may log a name, a
secret or a form.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import BadHttpMessage
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.staff.pages import Drawing, Pages, guard_headers
from bot.store import staff
from bot.store.database import Database, StoreUnavailable
from bot.store.staff import Role, Session
from bot.web.visitor import comes_from, is_https

log = structlog.get_logger(__name__)

COOKIE = "kh_staff"
HOME = "/staff/"
LOGIN = "/staff/login"
SESSION_LENGTH = timedelta(hours=12)
EVERY_ROLE = frozenset(Role)
ANSWERING = frozenset({Role.ADMIN, Role.AGENT})
"""Those who read and answer conversations."""
EDITING = frozenset({Role.ADMIN, Role.EDITOR})
"""Those who change what the bot says."""
READING_QUESTIONS = ANSWERING | {Role.EDITOR}
"""Those who read what was asked, without seeing by whom."""
MANAGING = frozenset({Role.ADMIN})
"""Those who let people in and set the rules of the house."""
_TOKEN_BYTES = 256
_OUR_PAGE = re.compile(r"/staff(/[A-Za-z0-9_-]+)*/?")


@dataclass(frozen=True, slots=True)
class Visit:
    """A request by a member of staff that passed every check."""

    request: web.Request
    session: Session
    form: Mapping[str, str] = field(default_factory=dict)
    files: MultipartReader | None = None
    """Of a route that takes files: what follows the token in the form, not read yet."""


Handler = Callable[[Visit], Awaitable[web.StreamResponse]]
OpenHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """A page or action, and the roles that may use it."""

    method: str
    path: str
    roles: frozenset[Role]
    handler: Handler
    takes_files: bool = False
    """The form may hold files. They are handed on unread, and the token must be the form's first field."""


@dataclass(frozen=True, slots=True)
class OpenRoute:
    """What works without being signed in: the sign-in page and static files, nothing else."""

    method: str
    path: str
    handler: OpenHandler


class PageError(Exception):
    """A request that ends in a page saying what is wrong."""

    def __init__(self, status: int, title: str, text: str) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.text = text


def not_found() -> PageError:
    """For a thing that is not there (or not any more)."""
    return PageError(404, "Không có trang này", "Có thể đường dẫn đã cũ, hoặc nội dung đã được xóa.")


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets requests through to handlers."""

    database: Database
    clock: Clock
    pages: Pages
    public_url: str = ""
    trusted_proxies: int = 0

    def guarded(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The route's handler behind every check. A route nobody may use is a mistake."""
        if not route.roles:
            raise ValueError(f"{route.method} {route.path} declares no role")

        async def handle(request: web.Request) -> web.StreamResponse:
            session: Session | None = None
            try:
                session = await self.session_of(request)
                if session is None:
                    return guard_headers(_to_sign_in(request))
                if session.officer.role not in route.roles:
                    raise PageError(
                        403,
                        "Bạn chưa được mở trang này",
                        "Cần thì nhờ người quản trị đổi quyền giúp bạn nhé.",
                    )
                visit = Visit(request, session)
                if route.method == "POST":
                    visit = await self._with_form(visit, route)
                return guard_headers(await route.handler(visit))
            except Exception as error:
                return self._failed(error, request, session)

        return handle

    def opened(self, route: OpenRoute) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """An open route's handler, with the same headers and error pages."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return guard_headers(await route.handler(request))
            except Exception as error:
                return self._failed(error, request, None)

        return handle

    async def session_of(self, request: web.Request) -> Session | None:
        """The session behind the request's cookie, if it still counts."""
        secret = request.cookies.get(COOKIE, "")
        if not secret:
            return None
        async with self.database.read() as connection:
            return await staff.session(connection, hash_of(secret), self.clock())

    async def begin(self, request: web.Request, response: web.StreamResponse, staff_id: int) -> None:
        """Sign this browser in: always with a new secret, and the old session is over."""
        secret, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(24), self.clock()
        old = request.cookies.get(COOKIE, "")

        async def job(connection: AsyncConnection) -> None:
            if old:
                await staff.end_session(connection, hash_of(old))
            await staff.begin_session(
                connection,
                token_hash=hash_of(secret),
                staff_id=staff_id,
                csrf=csrf,
                now=now,
                expires_at=now + SESSION_LENGTH,
            )

        await self.database.write(job)
        response.set_cookie(
            COOKIE,
            secret,
            max_age=int(SESSION_LENGTH.total_seconds()),
            path="/staff",
            httponly=True,
            secure=self._is_https(request),
            samesite="Lax",
        )

    async def end(self, request: web.Request, response: web.StreamResponse) -> None:
        """Sign this browser out, in the database first."""
        secret = request.cookies.get(COOKIE, "")
        await self.database.write(lambda connection: staff.end_session(connection, hash_of(secret)))
        response.del_cookie(COOKIE, path="/staff")

    def check_origin(self, request: web.Request) -> None:
        """Raise PageError when another site's page sent this form."""
        address = urlsplit(self.public_url)
        ours = (f"{address.scheme}://{address.netloc}",) if address.netloc else ()
        if not comes_from(request, ours):
            log.warning("staff_origin_refused", path=request.path)
            raise _forged()

    async def _with_form(self, visit: Visit, route: Route) -> Visit:
        """The visit with what was sent. Raises PageError unless our own page sent it."""
        self.check_origin(visit.request)
        if route.takes_files and visit.request.content_type == "multipart/form-data":
            return replace(visit, files=await self._files(visit.request, visit.session))
        return replace(visit, form=await self._form(visit.request, visit.session))

    async def _files(self, request: web.Request, session: Session) -> MultipartReader:
        """The form behind its token: of one that is not ours, nothing but the token was read."""
        token = b""
        try:
            reader = await request.multipart()
            first = await reader.next()
            if isinstance(first, BodyPartReader) and first.name == "csrf":
                while not first.at_eof() and len(token) < _TOKEN_BYTES:
                    token += await first.read_chunk(_TOKEN_BYTES)
        except (ValueError, RuntimeError, BadHttpMessage):
            token = b""  # no form at all
        if not hmac.compare_digest(token, session.csrf.encode()):
            log.warning("staff_form_refused", path=request.path)
            raise _forged()
        return reader

    async def _form(self, request: web.Request, session: Session) -> Mapping[str, str]:
        posted = await request.post()
        form = {name: value for name, value in posted.items() if isinstance(value, str)}
        if not hmac.compare_digest(form.get("csrf", "").encode(), session.csrf.encode()):
            log.warning("staff_form_refused", path=request.path)
            raise _forged()
        return form

    def _is_https(self, request: web.Request) -> bool:
        if is_https(request):
            return True
        if not self.trusted_proxies:
            return False
        seen = [part.strip() for part in request.headers.get("X-Forwarded-Proto", "").split(",")]
        return "https" in seen[-self.trusted_proxies :]

    def _failed(self, error: Exception, request: web.Request, session: Session | None) -> web.StreamResponse:
        if isinstance(error, web.HTTPRequestEntityTooLarge):
            error = PageError(413, "Nội dung quá dài", "Bạn rút ngắn lại rồi gửi giúp nhé.")
        if isinstance(error, StoreUnavailable | SQLAlchemyError):
            log.error("staff_page_without_database", path=request.path, error=type(error).__name__)
            error = PageError(
                503, "Hệ thống đang bận", "Chưa đọc hoặc ghi được dữ liệu. Bạn thử lại sau ít phút nhé."
            )
        if not isinstance(error, PageError):
            log.error("staff_page_failed", path=request.path, exc_info=error)
            error = PageError(
                500,
                "Trang này đang gặp lỗi",
                "Lỗi đã được ghi lại. Bạn thử lại sau, hoặc báo người quản trị nhé.",
            )
        drawing = Drawing("error.html", {"title": error.title, "text": error.text}, error.status)
        return guard_headers(self.pages.draw(drawing, request, session))


def hash_of(secret: str) -> str:
    """What the database keeps of a session's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def see(path: str, notice: str = "") -> web.Response:
    """After a POST: go and look at `path`, which says `notice` (a code of pages.NOTICES) on top."""
    address, mark, place = path.partition("#")
    if notice:
        address += f"?bao={notice}"
    return web.Response(status=303, headers={"Location": f"{address}{mark}{place}"})


def way_back(wanted: str) -> str:
    """Where to go after signing in: a page of the console and nowhere else."""
    return wanted if _OUR_PAGE.fullmatch(wanted) else HOME


def _to_sign_in(request: web.Request) -> web.Response:
    if "manh" in request.query:
        return web.Response(status=401, text="")
    if request.method != "GET":
        return see(LOGIN, "het-phien")
    back = f"?tiep={quote(request.path)}" if request.path != HOME else ""
    return web.Response(status=303, headers={"Location": f"{LOGIN}{back}"})


def _forged() -> PageError:
    return PageError(
        403,
        "Chưa nhận thao tác này",
        "Trang bạn bấm đã cũ hoặc không phải trang của Hội. Bạn mở lại trang rồi thử lần nữa nhé.",
    )
