"""Signing in and out. The answer, and the time it takes, never tell whether a name exists.

Tries are counted per name and address and, more generously, per address, in this process's memory: enough
against guessing, never a lock on an account. Passwords are checked in a thread, few at a time, because
Argon2 is expensive on purpose.
"""

from __future__ import annotations

import asyncio
import functools
import math
import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from aiohttp import web

from bot.staff.access import EVERY_ROLE, HOME, LOGIN, Gate, OpenRoute, Route, Visit, see, way_back
from bot.staff.pages import Drawing, Pages
from bot.staff.passwords import hash_password, is_password, new_password
from bot.staff.words import duration
from bot.store import staff
from bot.store.staff import Officer
from bot.web.pace import SlidingWindow
from connectors.message import clean_text

log = structlog.get_logger(__name__)

TRIES_PER_NAME = 6
TRIES_PER_ADDRESS = 60
"""A village office shares one address."""
TRIES_SECONDS = 300.0
CHECKS_AT_ONCE = 2
NAME_LIMIT = 60
PASSWORD_LIMIT = 200
WRONG = "Tên hoặc mật khẩu chưa đúng. Bạn xem lại chữ hoa, chữ thường và bộ gõ tiếng Việt nhé."


class SignIn:
    """The sign-in page and what its button does."""

    def __init__(
        self,
        gate: Gate,
        pages: Pages,
        address: Callable[[web.Request], str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`address` gives the visitor's network address, right behind our own proxies."""
        self._gate = gate
        self._pages = pages
        self._address = address
        self._by_name = SlidingWindow(TRIES_PER_NAME, TRIES_SECONDS, monotonic)
        self._by_address = SlidingWindow(TRIES_PER_ADDRESS, TRIES_SECONDS, monotonic)
        self._checks = asyncio.Semaphore(CHECKS_AT_ONCE)

    @property
    def routes(self) -> tuple[OpenRoute | Route, ...]:
        """What this module serves."""
        return (
            OpenRoute("GET", LOGIN, self.form),
            OpenRoute("POST", LOGIN, self.sign_in),
            Route("POST", "/staff/logout", EVERY_ROLE, self.sign_out),
        )

    async def prepare(self, _: web.Application) -> None:
        """Before the first visitor: an unknown name must not take longer than a known one."""
        await asyncio.to_thread(_nobodys_hash)

    async def form(self, request: web.Request) -> web.StreamResponse:
        """GET /staff/login"""
        back = way_back(request.query.get("tiep", ""))
        if await self._gate.session_of(request) is not None:
            return see(back)
        return self._draw(request, back=back)

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """POST /staff/login: origin, pace, password, session: in this order."""
        self._gate.check_origin(request)
        form = await request.post()
        name, password = clean_text(str(form.get("ten", "")))[:NAME_LIMIT], str(form.get("mat-khau", ""))
        back = way_back(str(form.get("tiep", "")))
        address = self._address(request)
        wait = self._by_address.admit(address) or self._by_name.admit(f"{name.casefold()}\n{address}")
        if wait:
            log.warning("staff_sign_in_slowed")
            told = duration(timedelta(minutes=math.ceil(wait / 60)))
            problem = f"Đã thử nhiều lần. Bạn đợi {told} rồi thử lại nhé."
            response = self._draw(request, back=back, name=name, problem=problem, status=429)
            response.headers["Retry-After"] = str(wait)
            return response
        officer = await self._recognised(name, password)
        if officer is None:
            log.warning("staff_sign_in_refused")
            return self._draw(request, back=back, name=name, problem=WRONG, status=401)
        response = see(back)
        await self._gate.begin(request, response, officer.id)
        log.info("staff_signed_in", staff_id=officer.id, role=officer.role.value)
        return response

    async def sign_out(self, visit: Visit) -> web.StreamResponse:
        """POST /staff/logout"""
        response = see(LOGIN, "da-ra")
        await self._gate.end(visit.request, response)
        return response

    async def _recognised(self, name: str, password: str) -> Officer | None:
        async with self._gate.database.read() as connection:
            officer = await staff.find(connection, name)
        stored = officer.password_hash if officer else _nobodys_hash()
        async with self._checks:
            is_right = await asyncio.to_thread(is_password, stored, password[:PASSWORD_LIMIT])
        return officer if is_right and officer is not None and not officer.disabled else None

    def _draw(
        self, request: web.Request, *, back: str, name: str = "", problem: str = "", status: int = 200
    ) -> web.Response:
        values = {"back": "" if back == HOME else back, "name": name, "problem": problem}
        return self._pages.draw(Drawing("login.html", values, status), request)


@functools.cache
def _nobodys_hash() -> str:
    """The hash that unknown names are checked against, so that they take as long as known ones."""
    return hash_password(new_password())
