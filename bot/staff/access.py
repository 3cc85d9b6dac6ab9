"""Who may open what: sessions, roles, and the check that a form came from our own page.

A request passes, in this order: the session behind its cookie → the role the route declares → for a POST,
its origin and the session's token in the form → the handler. The browser holds a random secret; the
database holds only its SHA-256, so a stolen backup opens no session. Nothing here may log a name, a
secret or a form.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import BadHttpMessage
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.staff import cookie
from bot.staff.device import device_of
from bot.staff.pages import Drawing, Pages, guard_headers
from bot.store import audit, staff
from bot.store.audit import Action
from bot.store.database import Database, StoreUnavailable
from bot.store.staff import SEEN_EVERY, Officer, Role, Session
from bot.web.visitor import comes_from, is_https

log = structlog.get_logger(__name__)

COOKIE = cookie.COOKIE
HOME = "/staff/"
LOGIN = "/staff/login"
SESSION_LENGTH = timedelta(hours=12)
LOOK_AGAIN_SECONDS = 5.0
"""How long an answer that is still being given (a live page) outlives its session at most."""
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
    """What works without being signed in: the sign-in page, one-time links, static files, nothing else."""

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
        if route.method not in {"GET", "POST", "*"}:
            raise ValueError(f"{route.method} {route.path}: what changes something is a POST")

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
                await self._seen(request, session)
                visit = Visit(request, session)
                if route.method == "POST":
                    return guard_headers(await route.handler(await self._with_form(visit, route)))
                return guard_headers(await self._while_allowed(visit, route))
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
        secret = self._secret_in(request)
        if not secret:
            return None
        async with self.database.read() as connection:
            return await staff.session(connection, hash_of(secret), self.clock())

    async def begin(self, request: web.Request, response: web.StreamResponse, officer: Officer) -> bool:
        """Sign this browser in: always with a new secret, and the old session is over.

        False when the account was locked, or got another password, since `officer` was read.
        """
        secret, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(24), self.clock()
        old, device = self._secret_in(request), device_of(request.headers.get("User-Agent", ""))

        async def job(connection: AsyncConnection) -> bool:
            known = await staff.by_id(connection, officer.id, hold=True)
            if known is None or known.disabled or known.password_hash != officer.password_hash:
                return False
            if old:
                await staff.end_session(connection, hash_of(old))
            await staff.begin_session(
                connection,
                token_hash=hash_of(secret),
                staff_id=known.id,
                csrf=csrf,
                now=now,
                expires_at=now + SESSION_LENGTH,
                device=device,
            )
            told = {"device": device} if device else {}
            await audit.note(connection, known, Action.SIGNED_IN, audit.account_subject(known.id), now, told)
            return True

        if not await self.database.write(job):
            return False
        cookie.give(
            response, secret, is_https=is_https(request) or self._is_https(request), lasts=SESSION_LENGTH
        )
        return True

    async def end(self, visit: Visit, response: web.StreamResponse) -> None:
        """Sign this browser out, in the database first."""
        officer, now = visit.session.officer, self.clock()
        hashed = hash_of(self._secret_in(visit.request))

        async def job(connection: AsyncConnection) -> None:
            await staff.end_session(connection, hashed)
            await audit.note(connection, officer, Action.SIGNED_OUT, audit.account_subject(officer.id), now)

        await self.database.write(job)
        cookie.take_back(response)

    def address_of(self, request: web.Request) -> str:
        """Where officers find this installation, without a slash at the end: for links they send on."""
        if self.public_url:
            return self.public_url.rstrip("/")
        return f"{'https' if self._is_https(request) else 'http'}://{request.host}"

    def check_origin(self, request: web.Request) -> None:
        """Raise PageError when another site's page sent this form."""
        address = urlsplit(self.public_url)
        ours = (f"{address.scheme}://{address.netloc}",) if address.netloc else ()
        if not comes_from(request, ours):
            log.warning("staff_origin_refused", route=_pattern_of(request))
            raise _forged()

    async def _seen(self, request: web.Request, session: Session) -> None:
        now = self.clock()
        if session.seen_at is not None and now - session.seen_at < SEEN_EVERY:
            return
        hashed, staff_id = hash_of(self._secret_in(request)), session.officer.id
        # A page that can be shown is shown, also when this cannot be written down.
        with suppress(StoreUnavailable):
            await self.database.write(lambda c: staff.saw_session(c, hashed, staff_id, now))

    async def _while_allowed(self, visit: Visit, route: Route) -> web.StreamResponse:
        """The handler's answer; one that takes long (a live page) ends when its session does."""
        work = asyncio.ensure_future(route.handler(visit))
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=LOOK_AGAIN_SECONDS)
                if not work.done() and not await self._may_still(visit.request, route):
                    break
            else:
                return work.result()
        finally:
            if not work.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
        log.info("staff_answer_ended", route=_pattern_of(visit.request))
        if visit.request.transport is not None:
            # Its beginning may be with the browser already: nothing else can be said on this connection.
            visit.request.transport.close()
        return web.Response(status=401)

    async def _may_still(self, request: web.Request, route: Route) -> bool:
        try:
            session = await self.session_of(request)
        except (StoreUnavailable, SQLAlchemyError):
            return True
        return session is not None and session.officer.role in route.roles

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
            log.warning("staff_form_refused", route=_pattern_of(request))
            raise _forged()
        return reader

    async def _form(self, request: web.Request, session: Session) -> Mapping[str, str]:
        posted = await request.post()
        form = {name: value for name, value in posted.items() if isinstance(value, str)}
        if not hmac.compare_digest(form.get("csrf", "").encode(), session.csrf.encode()):
            log.warning("staff_form_refused", route=_pattern_of(request))
            raise _forged()
        return form

    def _secret_in(self, request: web.Request) -> str:
        return cookie.secret_in(request, is_https=self._is_https(request))

    def _is_https(self, request: web.Request) -> bool:
        address = urlsplit(self.public_url)
        if request.secure or (address.scheme, address.netloc) == ("https", request.host):
            return True
        if not self.trusted_proxies:
            return False
        seen = [part.strip() for part in request.headers.get("X-Forwarded-Proto", "").split(",")]
        return "https" in seen[-self.trusted_proxies :]

    def _failed(self, error: Exception, request: web.Request, session: Session | None) -> web.StreamResponse:
        if isinstance(error, web.HTTPRequestEntityTooLarge):
            error = PageError(413, "Nội dung quá dài", "Bạn rút ngắn lại rồi gửi giúp nhé.")
        if isinstance(error, StoreUnavailable | SQLAlchemyError):
            log.error("staff_page_without_database", route=_pattern_of(request), error=type(error).__name__)
            error = PageError(
                503, "Hệ thống đang bận", "Chưa đọc hoặc ghi được dữ liệu. Bạn thử lại sau ít phút nhé."
            )
        if not isinstance(error, PageError):
            log.error("staff_page_failed", route=_pattern_of(request), exc_info=error)
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
        address += f"{'&' if '?' in address else '?'}bao={notice}"
    return web.Response(status=303, headers={"Location": f"{address}{mark}{place}"})


def way_back(wanted: str) -> str:
    """Where to go after signing in: a page of the console and nowhere else."""
    return wanted if _OUR_PAGE.fullmatch(wanted) else HOME


def _pattern_of(request: web.Request) -> str:
    """The address as the route table has it: what stands in its places may be a secret or name somebody."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else ""


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
