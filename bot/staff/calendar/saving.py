"""What becomes of an occasion's form: saved, put away, a conflict decided, a campaign drafted at once.

Every change is made over the version its author saw, with its line in the audit log in the same transaction.
Campaigns are proposed from what is saved at the next look (bot.outreach.proposals).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.outreach.campaign import BadText, NotAllowed
from bot.outreach.proposals import proposal
from bot.staff.access import PageError, Visit, not_found, see
from bot.staff.calendar import form as forms
from bot.staff.calendar.addresses import CALENDAR, NEW, path_of
from bot.staff.calendar.form import Typed
from bot.staff.calendar.year import Years
from bot.staff.campaigns import CAMPAIGNS, office_of
from bot.staff.parts import StaffParts
from bot.staff.typed import new_id, one_line
from bot.staff.versions import changed_meanwhile
from bot.store import editing
from bot.store.audit import Action, note
from bot.store.content import Status
from bot.store.editing import NEW as NO_VERSION
from bot.store.editing import Kept, Stale
from bot.store.staff import Officer
from knowledge.calendar import next_from
from knowledge.content import Kind

log = structlog.get_logger(__name__)

_WHAT = "dịp này"
_SAVE = "luu"
_WHY_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """What an occasion's page is about to show."""

    kept: Kept | None
    typed: Typed
    version: str
    problems: Mapping[str, str] = field(default_factory=dict)
    newer: Kept | None = None
    """What a colleague saved meanwhile."""
    told: str = ""
    """A sentence on top, where what is in the form is not what is stored."""
    status: int = 200


class Desk:
    """Takes the forms of an occasion's page."""

    def __init__(
        self,
        parts: StaffParts,
        years: Years,
        draw: Callable[[Visit, Draft], Awaitable[web.StreamResponse]],
    ) -> None:
        self._parts = parts
        self._years = years
        self._draw = draw

    async def write(self, visit: Visit) -> web.StreamResponse:
        """POST …/{id}, …/_moi: save, or show the form again with how it reads."""
        year, form = await self._years.now(self._today()), visit.form
        wanted = visit.request.match_info.get("id", NEW)
        kept = year.shelf.kept.get(wanted)
        if wanted != NEW and kept is None:
            raise not_found()
        version = form.get("phien-ban", NO_VERSION)
        draft = Draft(kept, forms.typed_in(form), version)
        if form.get("viec") != _SAVE:
            return await self._draw(visit, draft)
        if (kept.version if kept else NO_VERSION) != version:
            return await self._draw(visit, _overtaken(draft, kept))
        occasion_id = kept.id if kept else new_id(draft.typed.title, year.shelf.kept, "ngay")
        made, problems = forms.checked(occasion_id, draft.typed, kept.body if kept else {})
        if made is None:
            return await self._draw(visit, replace(draft, problems=problems, status=422))
        why = _why(draft.typed.why, "Thêm ngày mới" if kept is None else "Sửa nội dung")
        by, at = visit.session.officer, self._parts.clock()

        async def job(connection: AsyncConnection) -> None:
            await editing.put(connection, made, version, by=by.name, why=why, at=at, status=Status.PUBLISHED)
            await self._note(connection, by, made.id, {"did": "add" if kept is None else "edit"})

        try:
            await self._parts.database.write(job)
        except Stale as stale:
            return await self._draw(visit, _overtaken(draft, stale.now))
        log.info("staff_saved_occasion", staff_id=by.id)
        return see(path_of(made.id), "da-luu-lich")

    async def archive(self, visit: Visit) -> web.StreamResponse:
        """POST …/luu-tru: no campaign is proposed for it any more; it can be brought back."""
        occasion_id, by, at = visit.request.match_info["id"], visit.session.officer, self._parts.clock()
        version = visit.form.get("phien-ban", NO_VERSION)

        async def job(connection: AsyncConnection) -> None:
            await editing.archive(
                connection, Kind.OCCASION, occasion_id, version, by=by.name, why="Đưa vào lưu trữ", at=at
            )
            await self._note(connection, by, occasion_id, {"did": "archive"})

        try:
            await self._parts.database.write(job)
        except Stale as stale:
            raise changed_meanwhile(stale, _WHAT) from stale
        log.info("staff_archived_occasion", staff_id=by.id)
        return see(CALENDAR, "da-cat-lich")

    async def decide(self, visit: Visit) -> web.StreamResponse:
        """POST …/xung-dot: staff's version stays, or the program's is used."""
        occasion_id, by, at = visit.request.match_info["id"], visit.session.officer, self._parts.clock()
        take: Literal["staff", "shipped"] = "shipped" if visit.form.get("lay") == "moi" else "staff"
        version = visit.form.get("phien-ban", NO_VERSION)

        async def job(connection: AsyncConnection) -> None:
            await editing.decide(connection, Kind.OCCASION, occasion_id, version, take, by=by.name, at=at)
            await self._note(connection, by, occasion_id, {"did": "decide", "take": take})

        try:
            await self._parts.database.write(job)
        except Stale as stale:
            raise changed_meanwhile(stale, _WHAT) from stale
        log.info("staff_decided_occasion", staff_id=by.id, take=take)
        return see(path_of(occasion_id), "da-chon-lich")

    async def draft_campaign(self, visit: Visit) -> web.StreamResponse:
        """POST …/soan: the draft that would be proposed later, now; or the one there is."""
        today = self._today()
        year = await self._years.now(today)
        kept = year.shelf.kept.get(visit.request.match_info["id"])
        occasion = year.shelf.occasion(kept) if kept and kept.status is Status.PUBLISHED else None
        if occasion is None:
            raise not_found()
        coming = next_from(occasion, today)
        try:
            made = await office_of(self._parts).draft(proposal(coming), visit.session.officer)
        except BadText as bad:
            raise PageError(422, "Chưa soạn được chiến dịch", f"{bad} Bạn sửa dịp này trước nhé.") from bad
        except NotAllowed:
            there = (await self._years.now(today)).campaign_for(coming)
            if there is None:
                raise
            return see(f"{CAMPAIGNS}/{there.id}", "co-chien-dich")
        return see(f"{CAMPAIGNS}/{made}", "da-soan-chien-dich")

    async def _note(
        self, connection: AsyncConnection, by: Officer, occasion_id: str, detail: Mapping[str, object]
    ) -> None:
        at = self._parts.clock()
        await note(connection, by, Action.OCCASION_CHANGED, f"occasion:{occasion_id}", at, detail)

    def _today(self) -> date:
        return self._parts.clock().astimezone(self._parts.zone).date()


def _why(typed: str, otherwise: str) -> str:
    return one_line(typed)[:_WHY_LIMIT] or otherwise


def _overtaken(draft: Draft, now: Kept | None) -> Draft:
    """The form as typed beside what a colleague saved meanwhile; saving it again is then a decision."""
    if now is None:
        raise PageError(409, "Dịp này không còn nữa", "Có người vừa xóa dịp này. Bạn mở lại Lịch giúp nhé.")
    return replace(draft, kept=now, newer=now, version=now.version, status=409)
