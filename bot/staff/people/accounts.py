"""Người dùng: who may come in, letting somebody in, and every account's page.

What takes power away is decided in the store, in one transaction with its line in the log; here are forms
and words. A link is shown once, in the answer to the form that made it, and is kept nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.access import MANAGING, Gate, PageError, Route, Visit, not_found, see
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.people.links import hash_of_token, new_token, subject_of
from bot.staff.people.log_shown import Names, shown
from bot.staff.people.places import LINK, LOG, PEOPLE, account_path
from bot.staff.typed import number_in
from bot.staff.words import ROLE_MEANS, ROLES, at_start, moment
from bot.store import audit, invites, staff
from bot.store.audit import Action, account_subject
from bot.store.database import Job
from bot.store.invites import Invite, NameTaken
from bot.store.staff import NAME_LIMIT, Account, LastAdmin, NotAllowedNow, OpenSession, Role
from connectors.message import clean_text

T = TypeVar("T")
log = structlog.get_logger(__name__)

LINES = 20
FIELDS = {"ten": "Tên đăng nhập", "quyen": "Quyền"}


@dataclass(frozen=True, slots=True)
class Row:
    """An account in the list."""

    path: str
    name: str
    role: str
    seen: str
    is_locked: bool
    is_me: bool


@dataclass(frozen=True, slots=True)
class InviteRow:
    """A link nobody has used."""

    id: str
    name: str
    role: str
    role_value: str
    is_new: bool
    made: str
    until: str
    is_dead: bool


@dataclass(frozen=True, slots=True)
class Device:
    """A signed-in browser."""

    id: str
    name: str
    began: str
    seen: str
    is_this: bool


@dataclass(frozen=True, slots=True)
class Typed:
    """What is in the form."""

    name: str = ""
    role: str = ""
    is_sure: bool = False


class Accounts:
    """The list, inviting, and an account's page."""

    def __init__(self, parts: StaffParts, pages: Pages, gate: Gate) -> None:
        self._parts = parts
        self._pages = pages
        self._gate = gate

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        one = f"{PEOPLE}/{{id}}"
        return (
            Route("GET", PEOPLE, MANAGING, self.overview),
            Route("POST", PEOPLE, MANAGING, self.invite),
            Route("POST", f"{PEOPLE}/loi-moi/rut", MANAGING, self.withdraw),
            Route("GET", one, MANAGING, self.show),
            Route("POST", f"{one}/quyen", MANAGING, self.set_role),
            Route("POST", f"{one}/khoa", MANAGING, self.lock),
            Route("POST", f"{one}/mo-khoa", MANAGING, self.unlock),
            Route("POST", f"{one}/mat-khau", MANAGING, self.link_to_password),
            Route("POST", f"{one}/phien", MANAGING, self.end_sessions),
        )

    # --- the list and the links ----------------------------------------------------------------------

    async def overview(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/nguoi-dung"""
        return await self._draw_list(visit, Typed())

    async def invite(self, visit: Visit) -> web.StreamResponse:
        """POST /staff/nguoi-dung: a link into a new account, shown once."""
        name = " ".join(clean_text(visit.form.get("ten", "")).split())
        typed = Typed(name, visit.form.get("quyen", ""), bool(visit.form.get("van-dung")))
        async with self._parts.database.read() as connection:
            taken = await staff.find(connection, name) is not None
            alike = await staff.like(connection, name)
        problems = _problems_of(typed, taken=taken, alike=alike)
        if problems:
            return await self._draw_list(visit, typed, problems, alike=alike if not taken else "")
        token = new_token()
        invite = self._invite(visit, token, None, name, Role(typed.role))
        try:
            await self._write(lambda c: self._made(c, visit, invite))
        except NameTaken:
            return await self._draw_list(visit, typed, _problems_of(typed, taken=True, alike=""))
        return self._draw_link(visit, token, invite)

    async def link_to_password(self, visit: Visit) -> web.StreamResponse:
        """POST …/{id}/mat-khau: a link to a new password, shown once. The old one works until it is used."""
        account = await self._asked_for(visit)
        if account.disabled_at is not None:
            return see(account_path(account.id), "dang-khoa")
        token = new_token()
        invite = self._invite(visit, token, account.id, account.name, account.role)
        await self._write(lambda c: self._made(c, visit, invite))
        return self._draw_link(visit, token, invite)

    async def withdraw(self, visit: Visit) -> web.StreamResponse:
        """POST …/loi-moi/rut"""
        token_hash, now = visit.form.get("lien-ket", ""), self._parts.clock()
        officer = visit.session.officer

        async def job(connection: AsyncConnection) -> bool:
            await staff.require_admin(connection, officer)
            gone = await invites.withdraw(connection, token_hash)
            if gone is None:
                return False
            subject = _about(gone)
            await audit.note(connection, officer, Action.INVITE_WITHDRAWN, subject, now, {"name": gone.name})
            return True

        done = await self._write(job)
        return see(f"{PEOPLE}#loi-moi", "da-rut" if done else "rut-roi")

    def _invite(self, visit: Visit, token: str, staff_id: int | None, name: str, role: Role) -> Invite:
        now = self._parts.clock()
        made_by = visit.session.officer.name
        return Invite(hash_of_token(token), staff_id, name, role, made_by, now, now + invites.LASTS)

    async def _made(self, connection: AsyncConnection, visit: Visit, invite: Invite) -> None:
        officer = visit.session.officer
        await staff.require_admin(connection, officer)
        await invites.make(connection, invite)
        did, told = Action.PASSWORD_LINK_MADE, {}
        if invite.staff_id is None:
            did, told = Action.ACCOUNT_INVITED, {"name": invite.name, "role": invite.role.value}
        await audit.note(connection, officer, did, _about(invite), invite.made_at, told)

    # --- an account ------------------------------------------------------------------------------------

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/nguoi-dung/{id}"""
        account, now = await self._asked_for(visit), self._parts.clock()
        async with self._parts.database.read() as connection:
            open_now = await staff.open_sessions(connection, account.id, now)
            lines = await audit.latest_of_account(connection, account.id, LINES)
            names = {one.id: one.name for one in await staff.accounts(connection)}
        known = Names(names, now, self._parts.zone)
        me = visit.session.officer.id == account.id
        values = {
            "path": account_path(account.id),
            "account": account,
            "role_name": ROLES[account.role],
            "roles": _roles(),
            "made": moment(account.created_at, now, self._parts.zone),
            "seen": moment(account.seen_at, now, self._parts.zone) if account.seen_at else "",
            "locked": moment(account.disabled_at, now, self._parts.zone) if account.disabled_at else "",
            "is_me": me,
            "devices": [device_row(one, visit, now, self._parts) for one in open_now],
            "lines": [shown(line, known) for line in lines],
            "log": f"{LOG}?ai={account.id}",
        }
        return self._pages.draw(Drawing("people/account.html", values), visit.request, visit.session)

    async def set_role(self, visit: Visit) -> web.StreamResponse:
        """POST …/quyen"""
        account, officer, now = await self._asked_for(visit), visit.session.officer, self._parts.clock()
        try:
            role = Role(visit.form.get("quyen", ""))
        except ValueError:
            raise not_found() from None

        async def job(connection: AsyncConnection) -> None:
            before = await staff.by_id(connection, account.id)
            await staff.set_role(connection, account.id, role, by=officer)
            if before is None or before.role is role:
                return
            told = {"from": before.role.value, "to": role.value}
            await audit.note(
                connection, officer, Action.ACCOUNT_CHANGED, account_subject(account.id), now, told
            )

        return await self._decided(visit, account, job, "da-doi-quyen")

    async def lock(self, visit: Visit) -> web.StreamResponse:
        """POST …/khoa: nobody gets in with it any more, no link to it works, whoever is in is out."""
        account, officer, now = await self._asked_for(visit), visit.session.officer, self._parts.clock()

        async def job(connection: AsyncConnection) -> None:
            # Links first: whoever uses one up holds the link and then the account, in this order.
            await invites.withdraw_of(connection, account.id)
            await staff.lock(connection, account.id, now, by=officer)
            await audit.note(connection, officer, Action.ACCOUNT_DISABLED, account_subject(account.id), now)

        return await self._decided(visit, account, job, "da-khoa")

    async def unlock(self, visit: Visit) -> web.StreamResponse:
        """POST …/mo-khoa"""
        account, officer, now = await self._asked_for(visit), visit.session.officer, self._parts.clock()

        async def job(connection: AsyncConnection) -> None:
            await staff.unlock(connection, account.id, by=officer)
            await audit.note(connection, officer, Action.ACCOUNT_ENABLED, account_subject(account.id), now)

        return await self._decided(visit, account, job, "da-mo-khoa")

    async def end_sessions(self, visit: Visit) -> web.StreamResponse:
        """POST …/phien: the session `phien`, or all of them."""
        account, officer, now = await self._asked_for(visit), visit.session.officer, self._parts.clock()
        only = visit.form.get("phien", "")

        async def job(connection: AsyncConnection) -> None:
            await staff.require_admin(connection, officer)
            keep = visit.session.id if account.id == officer.id else ""
            await note_ended(
                connection, visit, account.id, now,
                await staff.end_sessions(connection, account.id, only=only, keep=keep),
            )  # fmt: skip

        return await self._decided(visit, account, job, "da-ket-thuc" if only else "da-ket-thuc-het")

    async def _decided(
        self, visit: Visit, account: Account, job: Job[None], notice: str
    ) -> web.StreamResponse:
        try:
            await self._write(job)
        except LastAdmin:
            return see(account_path(account.id), "quan-tri-cuoi")
        log.info("staff_account_decided", staff_id=visit.session.officer.id, about=account.id, did=notice)
        return see(account_path(account.id), notice)

    async def _write(self, job: Job[T]) -> T:
        try:
            return await self._parts.database.write(job)
        except NotAllowedNow:
            raise PageError(
                403,
                "Bạn không còn là người quản trị",
                "Quyền của bạn vừa được đổi, nên thao tác này chưa làm.",
            ) from None

    async def _asked_for(self, visit: Visit) -> Account:
        wanted = number_in(visit.request.match_info["id"])
        async with self._parts.database.read() as connection:
            for account in await staff.accounts(connection):
                if account.id == wanted:
                    return account
        raise not_found()

    # --- drawing ----------------------------------------------------------------------------------------

    async def _draw_list(
        self, visit: Visit, typed: Typed, problems: dict[str, str] | None = None, *, alike: str = ""
    ) -> web.Response:
        now, zone = self._parts.clock(), self._parts.zone
        async with self._parts.database.read() as connection:
            accounts = await staff.accounts(connection)
            links = await invites.waiting(connection, now)
        me = visit.session.officer.id
        values = {
            "rows": [
                Row(
                    account_path(one.id), one.name, ROLES[one.role],
                    moment(one.seen_at, now, zone) if one.seen_at else "",
                    one.disabled_at is not None, one.id == me,
                )
                for one in accounts
            ],
            "invites": [
                InviteRow(
                    one.token_hash, one.name, ROLES[one.role], one.role.value, one.staff_id is None,
                    f"{one.made_by}, {moment(one.made_at, now, zone)}",
                    moment(one.expires_at, now, zone), one.expires_at <= now,
                )
                for one in links
            ],
            "typed": typed,
            "problems": problems or {},
            "fields": FIELDS,
            "alike": alike,
            "roles": _roles(),
            "name_limit": NAME_LIMIT,
            "own_log": LOG,
        }  # fmt: skip
        status = 422 if problems else 200
        return self._pages.draw(Drawing("people/list.html", values, status), visit.request, visit.session)

    def _draw_link(self, visit: Visit, token: str, invite: Invite) -> web.Response:
        log.info("staff_link_made", staff_id=visit.session.officer.id, is_new=invite.staff_id is None)
        values = {
            "link": f"{self._gate.address_of(visit.request)}{LINK}/{token}",
            "name": invite.name,
            "at_start": at_start,
            "role_name": ROLES[invite.role],
            "is_new": invite.staff_id is None,
            "until": moment(invite.expires_at, self._parts.clock(), self._parts.zone),
            "back": PEOPLE if invite.staff_id is None else account_path(invite.staff_id),
            "back_name": "Người dùng" if invite.staff_id is None else invite.name,
        }
        return self._pages.draw(Drawing("people/link.html", values), visit.request, visit.session)


async def note_ended(
    connection: AsyncConnection, visit: Visit, staff_id: int, now: datetime, count: int
) -> None:
    """Write down that sessions were ended from elsewhere, if any were."""
    if count:
        await audit.note(
            connection,
            visit.session.officer,
            Action.SESSION_REVOKED,
            account_subject(staff_id),
            now,
            {"count": count},
        )


def device_row(one: OpenSession, visit: Visit, now: datetime, parts: StaffParts) -> Device:
    """A session as its owner and administrators see it."""
    return Device(
        one.id,
        one.device or "Thiết bị không rõ",
        moment(one.began_at, now, parts.zone),
        moment(one.seen_at or one.began_at, now, parts.zone),
        one.id == visit.session.id,
    )


def _about(invite: Invite) -> str:
    return subject_of(invite.token_hash) if invite.staff_id is None else account_subject(invite.staff_id)


def _roles() -> list[tuple[str, str, str]]:
    return [(role.value, ROLES[role], ROLE_MEANS[role]) for role in Role]


def _problems_of(typed: Typed, *, taken: bool, alike: str) -> dict[str, str]:
    problems = {}
    if not typed.name:
        problems["ten"] = "Bạn viết tên người ấy dùng để đăng nhập, ví dụ cô Lan."
    elif len(typed.name) > NAME_LIMIT:
        problems["ten"] = f"Tên dài nhất là {NAME_LIMIT} ký tự."
    elif taken:
        problems["ten"] = "Đã có tài khoản mang đúng tên này. Bạn thêm họ hoặc tên phường để phân biệt."
    elif alike and not typed.is_sure:
        problems["ten"] = f"Đã có tài khoản “{alike}”, chỉ khác chữ hoa, chữ thường, nên dễ nhầm."
    if typed.role not in {role.value for role in Role}:
        problems["quyen"] = "Bạn chọn một quyền."
    return problems
