"""Lịch: the coming twelve months, and each occasion with its form, its history and this year's campaign.

Draws what is stored or what was typed; what becomes of a form is bot.staff.calendar.saving's. A form that
cannot be saved comes back as it was typed; everything works without a script.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from aiohttp import web

from bot.outreach.campaign import PLACEHOLDERS, TEXT_LIMIT, Message
from bot.outreach.topics import OFFERS, Topic
from bot.outreach.windows import TERMS
from bot.staff.access import EDITING, EVERY_ROLE, Gate, Route, Visit, not_found
from bot.staff.calendar import form as forms
from bot.staff.calendar import shown
from bot.staff.calendar.addresses import CALENDAR, NEW, path_of
from bot.staff.calendar.form import Typed
from bot.staff.calendar.saving import Desk, Draft
from bot.staff.calendar.year import Year, Years
from bot.staff.campaigns.shown import Sample, samples
from bot.staff.history import History
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.store.content import Status
from bot.store.editing import NEW as NO_VERSION
from bot.store.editing import Kept
from bot.web.ics import PATH as FEED
from knowledge.calendar import coming, next_from
from knowledge.content import Item, Kind

_STATUS = {
    Status.PUBLISHED: ("đang dùng", "good"),
    Status.DRAFT: ("bản nháp", "warn"),
    Status.ARCHIVED: ("lưu trữ", "off"),
}


class CalendarPages:
    """The pages of the calendar."""

    def __init__(self, parts: StaffParts, pages: Pages, gate: Gate) -> None:
        self._parts = parts
        self._pages = pages
        self._gate = gate
        self._years = Years(parts.database)
        self._history = History(parts, Kind.OCCASION, shown.differences)
        self._desk = Desk(parts, self._years, self.draw)

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        one, new = f"{CALENDAR}/{{id}}", f"{CALENDAR}/{NEW}"
        return (
            Route("GET", CALENDAR, EVERY_ROLE, self.overview),
            Route("GET", new, EDITING, self.begin),
            Route("POST", new, EDITING, self._desk.write),
            Route("GET", one, EVERY_ROLE, self.show),
            Route("POST", one, EDITING, self._desk.write),
            Route("GET", f"{one}/lich-su", EVERY_ROLE, self.history),
            Route("POST", f"{one}/luu-tru", EDITING, self._desk.archive),
            Route("POST", f"{one}/xung-dot", EDITING, self._desk.decide),
            Route("POST", f"{one}/soan", EDITING, self._desk.draft_campaign),
        )

    async def overview(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/lich"""
        today = self._today()
        year = await self._years.now(today)
        aside = [kept for kept in year.shelf.kept.values() if kept.status is not Status.PUBLISHED]
        address = f"{self._gate.address_of(visit.request)}{FEED}"
        values = {
            "cards": [shown.card(one, year, today) for one in coming(year.shelf.in_use(), today)],
            "aside": [
                {"path": path_of(one.id), "title": _title(one), "status": _STATUS[one.status]}
                for one in aside
            ],
            "may_edit": visit.session.officer.role in EDITING,
            "feed": FEED,
            "address": address,
            "subscribe": f"webcal://{address.partition('://')[2]}",
            "new": f"{CALENDAR}/{NEW}",
        }
        return self._pages.draw(Drawing("calendar/list.html", values), visit.request, visit.session)

    async def begin(self, visit: Visit) -> web.StreamResponse:
        """GET …/_moi: an empty form."""
        return await self.draw(visit, Draft(None, Typed(topic=Topic.LOCAL.value), NO_VERSION))

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET …/{id}: as stored; `ban-cu` (a line of the history) or `lay=moi` fills in another text."""
        kept = await self._asked_for(visit)
        draft = Draft(kept, forms.typed_of(kept.body), kept.version)
        if other := await self._history.other_text(kept, visit.request.query):
            draft = replace(draft, typed=forms.typed_of(other.body, other.why), told=other.told)
        return await self.draw(visit, draft)

    async def history(self, visit: Visit) -> web.StreamResponse:
        """GET …/lich-su: who, when, why, and what changed."""
        kept = await self._asked_for(visit)
        values = {
            "path": path_of(kept.id),
            "title": _title(kept),
            "what": "dịp này",
            "may_edit": visit.session.officer.role in EDITING,
            "lines": await self._history.past(kept),
        }
        return self._pages.draw(Drawing("kept_history.html", values), visit.request, visit.session)

    async def draw(self, visit: Visit, draft: Draft) -> web.StreamResponse:
        """The page of one occasion with this in its form."""
        today = self._today()
        year = await self._years.now(today)
        kept, typed = draft.kept, draft.typed
        made, _ = forms.checked(kept.id if kept else "moi", typed, kept.body if kept else {})
        values: dict[str, Any] = {
            "path": path_of(kept.id if kept else NEW),
            "back": CALENDAR,
            "title": _title(kept) if kept else "Thêm ngày của Hội",
            "is_new": kept is None,
            "may_edit": visit.session.officer.role in EDITING,
            "status": _STATUS[kept.status] if kept else ("chưa lưu", "plain"),
            "is_live": kept is not None and kept.status is Status.PUBLISHED,
            "is_archived": kept is not None and kept.status is Status.ARCHIVED,
            "changed": self._history.last_change(kept),
            "typed": typed,
            "version": draft.version,
            "problems": draft.problems,
            "field_names": forms.FIELDS,
            "told": draft.told,
            "newer": self._history.newer(draft.newer, lambda now: forms.body_of(typed, now.body)[0]),
            "conflict": self._history.conflict(kept),
            "card": self._card(made, year, today),
            "samples": self._samples(made),
            "certainties": [(one.value, words) for one, (words, _) in shown.CERTAINTY.items()],
            "topics": [(one.topic.value, one.label, one.promise) for one in OFFERS],
            "placeholders": PLACEHOLDERS,
            "limits": {"title": forms.TITLE_LIMIT, "note": forms.NOTE_LIMIT, "message": TEXT_LIMIT},
            "lead": forms.LEAD_DAYS,
        }
        return self._pages.draw(
            Drawing("calendar/occasion.html", values, draft.status), visit.request, visit.session
        )

    def _card(self, made: Item | None, year: Year, today: date) -> shown.Card | None:
        occasion = year.shelf.occasion_of(made) if made else None
        return shown.card(next_from(occasion, today), year, today) if occasion else None

    def _samples(self, made: Item | None) -> list[Sample]:
        text = str(made.body.get("message", "")) if made else ""
        if not text:
            return []
        parts = self._parts
        on = [one for one in parts.channels if one.name in TERMS]
        return samples(Message(text), on, parts.board.rules.association, parts.clock(), parts.zone)

    async def _asked_for(self, visit: Visit) -> Kept:
        year = await self._years.now(self._today())
        kept = year.shelf.kept.get(visit.request.match_info["id"])
        if kept is None:
            raise not_found()
        return kept

    def _today(self) -> date:
        return self._parts.clock().astimezone(self._parts.zone).date()


def _title(kept: Kept) -> str:
    return str(kept.body.get("title") or kept.id)
