"""Tài khoản của tôi: what one may do, one's password, and where one is signed in."""

from __future__ import annotations

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.access import EVERY_ROLE, Route, Visit, see
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.passwords import MAX_LENGTH, MIN_LENGTH, PasswordDesk
from bot.staff.people.accounts import device_row, note_ended
from bot.staff.people.links import problems_of
from bot.staff.people.places import OWN
from bot.staff.people.rights import Rights
from bot.staff.signin import TRIES_PER_NAME, TRIES_SECONDS, slower
from bot.staff.tries import Tries
from bot.staff.words import ROLE_MEANS, ROLES
from bot.store import audit, invites, staff
from bot.store.audit import Action, account_subject

log = structlog.get_logger(__name__)


class OwnAccount:
    """The page and its buttons."""

    def __init__(
        self,
        parts: StaffParts,
        pages: Pages,
        passwords: PasswordDesk,
        rights: Rights,
    ) -> None:
        self._parts = parts
        self._pages = pages
        self._passwords = passwords
        self._rights = rights
        # An open browser somebody else sits at must not be a way to find out the password.
        self._tries = Tries("own", TRIES_PER_NAME, TRIES_SECONDS, parts.shared_tries)

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        return (
            Route("GET", OWN, EVERY_ROLE, self.show),
            Route("POST", f"{OWN}/mat-khau", EVERY_ROLE, self.change_password),
            Route("POST", f"{OWN}/phien", EVERY_ROLE, self.end_sessions),
        )

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/toi"""
        return await self._draw(visit)

    async def change_password(self, visit: Visit) -> web.StreamResponse:
        """POST /staff/toi/mat-khau: with the old one; all other sessions and open links end."""
        officer, now = visit.session.officer, self._parts.clock()
        old, new = visit.form.get("cu", ""), visit.form.get("mat-khau", "")
        wait = await self._tries.admit(str(officer.id))
        if wait:
            return await self._draw(visit, {"cu": slower(wait)}, 429)
        problems = problems_of(new, visit.form.get("nhac-lai", ""), officer.name)
        if not await self._passwords.matches(officer.password_hash, old):
            problems = {"cu": "Mật khẩu đang dùng chưa đúng.", **problems}
        if problems:
            return await self._draw(visit, problems, 422)
        hashed = await self._passwords.hashed(new)

        async def job(connection: AsyncConnection) -> bool:
            # Links first: whoever uses one up holds the link and then the account, in this order.
            await invites.withdraw_of(connection, officer.id)
            known = await staff.by_id(connection, officer.id, hold=True)
            if known is None or known.disabled or known.password_hash != officer.password_hash:
                return False
            await staff.set_password(connection, officer.id, hashed, keep=visit.session.id)
            await audit.note(connection, officer, Action.PASSWORD_CHANGED, account_subject(officer.id), now)
            return True

        if not await self._parts.database.write(job):
            return await self._draw(visit, {"cu": "Mật khẩu vừa được đổi ở nơi khác. Bạn thử lại nhé."}, 409)
        log.info("staff_password_changed", staff_id=officer.id)
        return see(OWN, "da-doi-mat-khau")

    async def end_sessions(self, visit: Visit) -> web.StreamResponse:
        """POST /staff/toi/phien: the session `phien`, or all but this one."""
        officer, now, only = visit.session.officer, self._parts.clock(), visit.form.get("phien", "")

        async def job(connection: AsyncConnection) -> None:
            ended = await staff.end_sessions(connection, officer.id, only=only, keep=visit.session.id)
            await note_ended(connection, visit, officer.id, now, ended)

        await self._parts.database.write(job)
        return see(f"{OWN}#thiet-bi", "da-ket-thuc" if only else "da-ket-thuc-het")

    async def _draw(
        self, visit: Visit, problems: dict[str, str] | None = None, status: int = 200
    ) -> web.Response:
        officer, now = visit.session.officer, self._parts.clock()
        async with self._parts.database.read() as connection:
            open_now = await staff.open_sessions(connection, officer.id, now)
        values = {
            "name": officer.name,
            "role_name": ROLES[officer.role],
            "means": ROLE_MEANS[officer.role],
            "may": self._rights.of_role(officer.role),
            "devices": [device_row(one, visit, now, self._parts) for one in open_now],
            "problems": problems or {},
            "fields": {
                "cu": "Mật khẩu đang dùng", "mat-khau": "Mật khẩu mới", "nhac-lai": "Gõ lại mật khẩu mới"
            },
            "shortest": MIN_LENGTH,
            "longest": MAX_LENGTH,
        }  # fmt: skip
        return self._pages.draw(Drawing("people/own.html", values, status), visit.request, visit.session)
