"""Bài viết Zalo: written down, approved by a second person, sent at its time, looked back on.

The one thing here that reaches people who said stop: the page says so, with counts, wherever a step is taken.
Everything that is done goes through bot.outreach.broadcast_steps.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import structlog
from aiohttp import web

from bot.outreach.audience import starts_of
from bot.outreach.broadcast import MAY_BE_WRITTEN, Broadcast, State
from bot.outreach.broadcast_steps import SUBJECT, BroadcastOffice
from bot.outreach.campaign import NotAllowed
from bot.staff.access import EDITING, EVERY_ROLE, Route, Visit, not_found, see
from bot.staff.broadcasts import form as forms
from bot.staff.broadcasts.form import Typed
from bot.staff.broadcasts.words import (
    AGES,
    DID,
    GENDERS,
    PLATFORMS,
    REGIONS,
    meant_by,
    state_of,
    why_of,
)
from bot.staff.campaigns.form import moment_typed
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.typed import number_in
from bot.staff.words import moment
from bot.store import audit, broadcasts
from bot.store.revised import Overtaken
from bot.store.staff import Officer

log = structlog.get_logger(__name__)

BROADCASTS = "/staff/bai-viet-zalo"
_NEW = "_moi"
LISTED = 200
OVERTAKEN = "Có người vừa đổi bài này. Dưới đây là bản mới nhất, bạn xem rồi làm lại nhé."
_GROUPS: tuple[tuple[str, frozenset[State]], ...] = (
    ("Cần bạn xem", frozenset({State.UNKNOWN, State.FAILED})),
    ("Đang soạn và chờ duyệt", frozenset({State.DRAFT, State.APPROVAL})),
    ("Đã hẹn giờ", frozenset({State.SCHEDULED, State.SENDING})),
    ("Đã xong", frozenset({State.SENT, State.CANCELLED})),
)
Step = Callable[[BroadcastOffice, Broadcast, Officer, Mapping[str, str]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form is about to show."""

    one: Broadcast | None
    typed: Typed
    problems: Mapping[str, str]
    warning: str = ""
    status: int = 200


def zalo_account(parts: StaffParts) -> str:
    """The Official Account that is on; empty where there is none."""
    return next((channel.account for channel in parts.channels if channel.name == broadcasts.CHANNEL), "")


class Broadcasts:
    """The list, an article's page, its form and its buttons."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        one = f"{BROADCASTS}/{{id}}"
        buttons: dict[str, Step] = {
            "xin-duyet": lambda o, b, by, _: o.ask(b, by),
            "duyet": lambda o, b, by, _: o.approve(b, by),
            "tra-lai": lambda o, b, by, _: o.decline(b, by),
            "hen-gio": lambda o, b, by, form: o.schedule(
                b, moment_typed(form.get("luc", ""), self._parts.zone), by
            ),
            "huy": lambda o, b, by, _: o.cancel(b, by),
            "da-thay": lambda o, b, by, _: o.settle(b, by, went_out=True),
            "khong-thay": lambda o, b, by, _: o.settle(b, by, went_out=False),
        }
        return (
            Route("GET", BROADCASTS, EVERY_ROLE, self.overview),
            Route("GET", f"{BROADCASTS}/{_NEW}", EDITING, self.begin),
            Route("POST", f"{BROADCASTS}/{_NEW}", EDITING, self.write),
            Route("GET", one, EVERY_ROLE, self.show),
            Route("GET", f"{one}/sua", EDITING, self.edit),
            Route("POST", f"{one}/sua", EDITING, self.write),
            *(Route("POST", f"{one}/{name}", EDITING, self._button(do)) for name, do in buttons.items()),
        )

    async def overview(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/bai-viet-zalo"""
        async with self._parts.database.read() as connection:
            found = await broadcasts.every(connection, limit=LISTED)
        groups = [
            (title, [self._card(one) for one in found if one.state in states]) for title, states in _GROUPS
        ]
        values = {
            "groups": [(title, cards) for title, cards in groups if cards],
            "is_cut": len(found) == LISTED,
            "may_edit": visit.session.officer.role in EDITING,
            "is_on": bool(zalo_account(self._parts)),
            "per_month": self._parts.broadcasts_per_month,
        }
        return self._pages.draw(Drawing("broadcasts/list.html", values), visit.request, visit.session)

    # --- writing -----------------------------------------------------------------------------------

    async def begin(self, visit: Visit) -> web.StreamResponse:
        """GET …/_moi: an empty form."""
        return await self._form(visit, Draft(None, Typed(), {}))

    async def edit(self, visit: Visit) -> web.StreamResponse:
        """GET …/sua: what is stored."""
        one = await self._asked_for(visit)
        return await self._form(visit, Draft(one, forms.typed_of(one, self._parts.zone), {}))

    async def write(self, visit: Visit) -> web.StreamResponse:
        """POST …/_moi, …/sua: save as a draft, or show the form again with what is wrong."""
        one = None if "id" not in visit.request.match_info else await self._asked_for(visit)
        typed = forms.typed_in(visit.form)
        new, problems = forms.checked(typed, self._parts.clock(), self._parts.zone)
        draft = Draft(one, typed, problems, status=422)
        if new is None:
            return await self._form(visit, draft)
        office, by = self._office(), visit.session.officer
        try:
            if one is None:
                made = await office.draft(new, by)
                return see(f"{BROADCASTS}/{made}", "da-luu-bai-viet")
            await office.write(replace(one, revision=number_in(visit.form.get("phien-ban", ""))), new, by)
        except Overtaken:
            warning = (
                "Có người vừa lưu bản khác. Bản của bạn còn nguyên dưới đây; lưu lần nữa thì thay bản kia."
            )
            latest = await self._asked_for(visit)
            return await self._form(visit, replace(draft, one=latest, warning=warning, status=409))
        except NotAllowed as refused:
            return await self._form(visit, replace(draft, warning=str(refused)))
        log.info("staff_wrote_broadcast", staff_id=by.id)
        return see(f"{BROADCASTS}/{one.id}", "da-luu-bai-viet")

    async def _form(self, visit: Visit, draft: Draft) -> web.StreamResponse:
        one, parts = draft.one, self._parts
        values = {
            **await self._reach(),
            "path": f"{BROADCASTS}/{one.id}/sua" if one else f"{BROADCASTS}/{_NEW}",
            "back": f"{BROADCASTS}/{one.id}" if one else BROADCASTS,
            "title": one.name if one else "Soạn bài viết Zalo",
            "version": one.revision if one else 0,
            "typed": draft.typed,
            "problems": draft.problems,
            "field_names": forms.FIELDS,
            "warning": draft.warning,
            "genders": GENDERS,
            "ages": AGES,
            "regions": REGIONS,
            "platforms": PLATFORMS,
            "earliest": f"{parts.clock().astimezone(parts.zone):%Y-%m-%dT%H:%M}",
            "is_narrowed": draft.typed.is_narrowed,
        }
        drawing = Drawing("broadcasts/form.html", values, draft.status)
        return self._pages.draw(drawing, visit.request, visit.session)

    # --- one article -------------------------------------------------------------------------------

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET …/{id}; `manh=1` gives the living part alone."""
        return await self._draw(visit, await self._asked_for(visit))

    def _button(self, do: Step) -> Callable[[Visit], Awaitable[web.StreamResponse]]:
        async def press(visit: Visit) -> web.StreamResponse:
            one = await self._asked_for(visit)
            seen = replace(one, revision=number_in(visit.form.get("phien-ban", "")))
            try:
                await do(self._office(), seen, visit.session.officer, visit.form)
            except Overtaken:
                return await self._draw(visit, await self._asked_for(visit), warning=OVERTAKEN, status=409)
            except NotAllowed as refused:
                return await self._draw(visit, one, warning=str(refused), status=422)
            return see(f"{BROADCASTS}/{one.id}")

        return press

    async def _draw(
        self, visit: Visit, one: Broadcast, *, warning: str = "", status: int = 200
    ) -> web.StreamResponse:
        parts, now = self._parts, self._parts.clock()
        async with parts.database.read() as connection:
            lines = await audit.latest(connection, 50, subject=f"{SUBJECT}:{one.id}")
        officer = visit.session.officer
        label, tone = state_of(one)
        values: dict[str, object] = {
            **await self._reach(),
            "path": f"{BROADCASTS}/{one.id}",
            "one": one,
            "state": one.state.value,
            "label": label,
            "tone": tone,
            "why": why_of(one),
            "when": self._when(one),
            "meant": meant_by(one.target),
            "is_narrowed": bool(meant_by(one.target)),
            "may_edit": officer.role in EDITING,
            "may_write": one.state in MAY_BE_WRITTEN,
            "is_own": officer.name in (one.created_by, one.written_by, one.asked_by),
            "earliest": f"{now.astimezone(parts.zone):%Y-%m-%dT%H:%M}",
            "wanted": f"{one.scheduled_at.astimezone(parts.zone):%Y-%m-%dT%H:%M}" if one.scheduled_at else "",
            "history": [
                (
                    line.who or "Chương trình",
                    DID.get(str(line.detail.get("did", "")), ""),
                    moment(line.at, now, parts.zone),
                )
                for line in lines
            ],
        }
        if visit.request.method == "GET" and "manh" in visit.request.query:
            drawing = Drawing("broadcasts/_state.html", values)
            return self._pages.draw_fragment(drawing, visit.request, visit.session)
        if warning:
            values["warning"] = warning
        drawing = Drawing("broadcasts/one.html", values, status)
        return self._pages.draw(drawing, visit.request, visit.session)

    # --- how it is done ----------------------------------------------------------------------------

    def _office(self) -> BroadcastOffice:
        parts = self._parts
        return BroadcastOffice(
            parts.database, parts.clock, parts.zone, zalo_account(parts), parts.broadcasts_per_month
        )

    async def _asked_for(self, visit: Visit) -> Broadcast:
        async with self._parts.database.read() as connection:
            found = await broadcasts.load(connection, number_in(visit.request.match_info["id"]))
        if found is None:
            raise not_found()
        return found

    async def _reach(self) -> dict[str, object]:
        """Whom it would reach, as far as we know them."""
        day, _ = starts_of(self._parts.clock(), self._parts.zone)
        async with self._parts.database.read() as connection:
            return {"followers": await broadcasts.followers(connection, zalo_account(self._parts), day)}

    def _card(self, one: Broadcast) -> dict[str, str]:
        label, tone = state_of(one)
        return {
            "path": f"{BROADCASTS}/{one.id}",
            "name": one.name,
            "state": label,
            "tone": tone,
            "when": self._when(one),
            "by": one.created_by,
            "why": why_of(one),
        }

    def _when(self, one: Broadcast) -> str:
        now, zone = self._parts.clock(), self._parts.zone
        if one.state is State.SENT and one.sent_at:
            return f"gửi lúc {moment(one.sent_at, now, zone)}"
        if one.state is State.UNKNOWN and one.claimed_at:
            return f"bắt đầu gửi lúc {moment(one.claimed_at, now, zone)}"
        if one.scheduled_at and one.state is not State.CANCELLED:
            return f"hẹn gửi lúc {moment(one.scheduled_at, now, zone)}"
        return ""
