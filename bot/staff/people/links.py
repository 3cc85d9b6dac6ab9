"""The page behind a one-time link: somebody new, or somebody who lost their password, sets one.

It is open to whoever has the link, so: looking changes nothing (messengers look at links by themselves), the
link is used up exactly once, its secret is in no log and in no Referer, and tries are counted by address.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import datetime

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.access import HOME, LOGIN, Gate, OpenRoute, PageError, see
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.passwords import MAX_LENGTH, MIN_LENGTH, PasswordDesk, weakness_of
from bot.staff.people.places import LINK
from bot.staff.signin import network_of, slower
from bot.staff.tries import Tries
from bot.staff.words import ROLE_MEANS, ROLES, at_start, moment
from bot.store import audit, invites, staff
from bot.store.audit import Action
from bot.store.invites import Invite, LinkDead, NameTaken

log = structlog.get_logger(__name__)

TRIES_PER_ADDRESS = 60
TRIES_SECONDS = 300.0
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    """What stands in a link: 256 bits nobody guesses."""
    return secrets.token_urlsafe(32)


def hash_of_token(token: str) -> str:
    """What the database keeps of it."""
    return hashlib.sha256(token.encode()).hexdigest()


def subject_of(token_hash: str) -> str:
    """What lines of the log about a link are about."""
    return f"invite:{token_hash[:16]}"


class Links:
    """The page and its button."""

    def __init__(
        self,
        parts: StaffParts,
        pages: Pages,
        gate: Gate,
        passwords: PasswordDesk,
        address: Callable[[web.Request], str],
    ) -> None:
        """`address` gives the visitor's network address, right behind our own proxies."""
        self._parts = parts
        self._pages = pages
        self._gate = gate
        self._passwords = passwords
        self._address = address
        self._tries = Tries("link", TRIES_PER_ADDRESS, TRIES_SECONDS, parts.shared_tries)

    @property
    def routes(self) -> tuple[OpenRoute, ...]:
        """What this module serves."""
        one = f"{LINK}/{{token}}"
        return (OpenRoute("GET", one, self.show), OpenRoute("POST", one, self.set_password))

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /staff/loi-moi/{token}"""
        invite = await self._living(request)
        return await self._draw(request, invite)

    async def set_password(self, request: web.Request) -> web.StreamResponse:
        """POST /staff/loi-moi/{token}: the link is used up when, and only when, the password will do."""
        self._gate.check_origin(request)
        invite = await self._living(request)
        form = await request.post()
        password, again = str(form.get("mat-khau", "")), str(form.get("nhac-lai", ""))
        problems = problems_of(password, again, invite.name)
        if problems:
            return await self._draw(request, invite, problems)
        hashed, now = await self._passwords.hashed(password), self._parts.clock()
        try:
            staff_id = await self._parts.database.write(
                lambda connection: self._use_up(connection, invite, hashed, now)
            )
        except LinkDead:
            raise _dead() from None
        except NameTaken:
            raise PageError(
                409,
                "Tên này đã có người dùng",
                "Đã có tài khoản mang tên này. Bạn nhờ người quản trị mời lại với tên khác nhé.",
            ) from None
        log.info("staff_link_used", staff_id=staff_id)
        async with self._parts.database.read() as connection:
            officer = await staff.by_id(connection, staff_id)
        response = see(HOME, "chao-mung")
        if officer is None or not await self._gate.begin(request, response, officer):
            return _quiet(see(LOGIN))
        return _quiet(response)

    async def _use_up(self, connection: AsyncConnection, invite: Invite, hashed: str, now: datetime) -> int:
        staff_id = await invites.use_up(connection, invite.token_hash, hashed, now)
        officer = await staff.by_id(connection, staff_id)
        did = Action.ACCOUNT_CREATED if invite.staff_id is None else Action.PASSWORD_CHANGED
        told = {"role": invite.role.value} if invite.staff_id is None else {"by": "link"}
        await audit.note(connection, officer, did, audit.account_subject(staff_id), now, told)
        return staff_id

    async def _living(self, request: web.Request) -> Invite:
        wait = await self._tries.admit(network_of(self._address(request)))
        if wait:
            log.warning("staff_link_slowed")
            raise PageError(429, "Bạn thử hơi nhanh", slower(wait))
        token = request.match_info["token"]
        if not _TOKEN.fullmatch(token):
            raise _dead()
        async with self._parts.database.read() as connection:
            found = await invites.living(connection, hash_of_token(token), self._parts.clock())
        if found is None:
            raise _dead()
        return found

    async def _draw(
        self, request: web.Request, invite: Invite, problems: dict[str, str] | None = None
    ) -> web.Response:
        session = await self._gate.session_of(request)
        values = {
            "path": request.path,
            "at_start": at_start,
            "is_new": invite.staff_id is None,
            "name": invite.name,
            "role_name": ROLES[invite.role],
            "means": ROLE_MEANS[invite.role],
            "made_by": invite.made_by,
            "until": moment(invite.expires_at, self._parts.clock(), self._parts.zone),
            "signed_in_as": session.officer.name if session else "",
            "problems": problems or {},
            "shortest": MIN_LENGTH,
            "longest": MAX_LENGTH,
        }
        status = 422 if problems else 200
        return _quiet(self._pages.draw(Drawing("people/welcome.html", values, status), request))


def problems_of(password: str, again: str, name: str) -> dict[str, str]:
    """What is wrong with a password typed twice, by field; empty when nothing is."""
    weak = weakness_of(password, name)
    if weak:
        return {"mat-khau": weak}
    return {} if password == again else {"nhac-lai": "Hai ô chưa giống nhau. Bạn gõ lại cả hai ô nhé."}


def _quiet(response: web.Response) -> web.Response:
    # Not `no-referrer`: then browsers send `Origin: null` with the form, which must stay refused.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


def _dead() -> PageError:
    return PageError(
        410,
        "Liên kết này không dùng được nữa",
        "Có thể liên kết đã được dùng, đã quá 72 giờ hoặc đã được rút lại. "
        "Bạn nhờ người quản trị của Hội tạo liên kết mới nhé.",
    )
