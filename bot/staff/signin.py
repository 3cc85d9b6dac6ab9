"""Signing in and out. The answer, and the time it takes, never tell whether a name exists.

Tries are counted per name and address and, more generously, per address, by all web processes together
(`bot.staff.tries`): enough against guessing, never a lock on an account. Passwords are checked in a thread,
few at a time, because Argon2 is expensive on purpose.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import math
from collections.abc import Callable
from datetime import timedelta

import structlog
from aiohttp import web

from bot.plain_words import duration
from bot.staff.access import EVERY_ROLE, HOME, LOGIN, Gate, OpenRoute, Route, Visit, see, way_back
from bot.staff.pages import Drawing, Pages
from bot.staff.passwords import PasswordDesk, hash_password, new_password
from bot.staff.tries import SharedTries, Tries
from bot.store import staff
from bot.store.staff import NAME_LIMIT, Officer
from connectors.message import clean_text

log = structlog.get_logger(__name__)

TRIES_PER_NAME = 6
TRIES_PER_ADDRESS = 60
"""A village office shares one address."""
TRIES_SECONDS = 300.0
WRONG = "Tên hoặc mật khẩu chưa đúng. Bạn xem lại chữ hoa, chữ thường và bộ gõ tiếng Việt nhé."


class SignIn:
    """The sign-in page and what its button does."""

    def __init__(
        self,
        gate: Gate,
        pages: Pages,
        address: Callable[[web.Request], str],
        passwords: PasswordDesk,
        shared: SharedTries | None = None,
    ) -> None:
        """`address` gives the visitor's network address, right behind our own proxies; `shared` counts tries
        for all processes."""
        self._gate = gate
        self._pages = pages
        self._address = address
        self._passwords = passwords
        self._by_name = Tries("name", TRIES_PER_NAME, TRIES_SECONDS, shared)
        self._by_address = Tries("address", TRIES_PER_ADDRESS, TRIES_SECONDS, shared)

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
        address = network_of(self._address(request))
        wait = await self._by_address.admit(address)
        wait = wait or await self._by_name.admit(f"{name.casefold()}\n{address}")
        if wait:
            log.warning("staff_sign_in_slowed")
            response = self._draw(request, back=back, name=name, problem=slower(wait), status=429)
            response.headers["Retry-After"] = str(wait)
            return response
        officer = await self._recognised(name, password)
        response = see(back)
        if officer is None or not await self._gate.begin(request, response, officer):
            log.warning("staff_sign_in_refused")
            return self._draw(request, back=back, name=name, problem=WRONG, status=401)
        log.info("staff_signed_in", staff_id=officer.id, role=officer.role.value)
        return response

    async def sign_out(self, visit: Visit) -> web.StreamResponse:
        """POST /staff/logout"""
        response = see(LOGIN, "da-ra")
        await self._gate.end(visit, response)
        return response

    async def _recognised(self, name: str, password: str) -> Officer | None:
        async with self._gate.database.read() as connection:
            officer = await staff.find(connection, name)
        is_right = await self._passwords.matches(
            officer.password_hash if officer else _nobodys_hash(), password
        )
        return officer if is_right and officer is not None and not officer.disabled else None

    def _draw(
        self, request: web.Request, *, back: str, name: str = "", problem: str = "", status: int = 200
    ) -> web.Response:
        values = {"back": "" if back == HOME else back, "name": name, "problem": problem}
        return self._pages.draw(Drawing("login.html", values, status), request)


def slower(wait: int) -> str:
    """What somebody is told who tried too often; `wait` in seconds."""
    told = duration(timedelta(minutes=math.ceil(wait / 60)))
    return f"Đã thử nhiều lần. Bạn đợi {told} rồi thử lại nhé."


def network_of(address: str) -> str:
    """What tries are counted by: with IPv6 one visitor has a whole /64 of addresses."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((int(known) >> 64 << 64, 64)))


@functools.cache
def _nobodys_hash() -> str:
    """The hash that unknown names are checked against, so that they take as long as known ones."""
    return hash_password(new_password())
