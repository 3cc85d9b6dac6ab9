"""Cài đặt: an overview, a form for each section, the history, and going back to an earlier version.

A form that cannot be saved comes back as it was typed. What is saved is in force in every process within a
second (bot.noticeboard follows the version). A colleague's change of another section is never undone; of the
same section, it is shown first. Everything works without a script.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.house_rules import HouseRules, body_of, problems_in, with_set
from bot.retention import what_is_old
from bot.staff.access import EVERY_ROLE, MANAGING, Handler, Route, Visit, see
from bot.staff.house import shown
from bot.staff.house.channels import CHANNELS_SLUG, ChannelDesk
from bot.staff.house.contacts import Contacts
from bot.staff.house.greeting import Greeting
from bot.staff.house.hours import OfficeHours
from bot.staff.house.numbers import Answering, Keeping
from bot.staff.house.paid import PaidTemplates
from bot.staff.house.past import HISTORY, PastDesk, number_in
from bot.staff.house.rulebook import Rulebook, State
from bot.staff.house.section import House, Section
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.words import moment
from bot.store import audit, retention
from bot.store.audit import Action
from bot.store.house_rules import Stale, Version

SETTINGS = "/staff/cai-dat"
SECTIONS: tuple[Section, ...] = (
    Greeting(),
    OfficeHours(),
    Contacts(),
    Answering(),
    PaidTemplates(),
    Keeping(),
)
_SAVE = "luu"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a section's page is about to show."""

    typed: Any
    rules: HouseRules
    """What the form asks for, as far as it can be read."""
    version: int
    note: str = ""
    problems: Mapping[str, str] | None = None
    overtaken_by: Version | None = None
    """What a colleague saved meanwhile."""
    status: int = 200


class HouseSettings:
    """The pages of "Cài đặt"."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages
        self._book = Rulebook(parts)
        self._past = PastDesk(parts, pages, self._book, SECTIONS, navigation)
        self._channels = ChannelDesk(parts, pages, navigation)

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        routes = [
            Route("GET", SETTINGS, EVERY_ROLE, self.overview),
            Route("GET", HISTORY, EVERY_ROLE, self._past.show),
            Route("GET", f"{HISTORY}/{{id}}", EVERY_ROLE, self._past.version),
            Route("POST", f"{HISTORY}/{{id}}", MANAGING, self._past.go_back),
            Route("GET", f"{SETTINGS}/{CHANNELS_SLUG}", EVERY_ROLE, self._channels.show),
            Route("POST", f"{SETTINGS}/{CHANNELS_SLUG}/{{id}}/kiem-tra", MANAGING, self._channels.test),
        ]
        for section in SECTIONS:
            routes.append(Route("GET", path_of(section), EVERY_ROLE, self._of(section, self.show)))
            routes.append(Route("POST", path_of(section), MANAGING, self._of(section, self.write)))
        return tuple(routes)

    # --- looking -----------------------------------------------------------------------------------

    async def overview(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/cai-dat: everything that is in force."""
        state = await self._book.state()
        lines = shown.lines_of(state.rules, self._parts.base())
        values = {
            "nav": navigation(""),
            "sections": [
                {
                    "title": section.title,
                    "about": section.about,
                    "path": path_of(section),
                    "lines": [lines[name] for name in section.sets],
                }
                for section in SECTIONS
            ],
            "changed": self._changed(state.version),
            "history": HISTORY,
            "may_edit": visit.session.officer.role in MANAGING,
        }
        return self._pages.draw(Drawing("house/overview.html", values), visit.request, visit.session)

    async def show(self, visit: Visit, section: Section) -> web.StreamResponse:
        """GET …/{muc}: the form as the rules in force fill it in."""
        state = await self._book.state()
        house = self._book.house(state)
        return await self._draw(visit, section, house, Draft(section.typed_of(house), state.rules, state.id))

    # --- changing ----------------------------------------------------------------------------------

    async def write(self, visit: Visit, section: Section) -> web.StreamResponse:
        """POST …/{muc}: `viec` `luu` saves; anything else shows the form again with its preview."""
        state = await self._book.state()
        house = self._book.house(state)
        typed = section.typed_in(visit.form)
        note = visit.form.get("ghi-chu", "")[:200]
        wanted = section.read(typed, house)
        rules = with_set(state.rules, house.installation, wanted.values)
        version = number_in(visit.form.get("phien-ban", ""))
        draft = Draft(typed, rules, version, note)
        if visit.form.get("viec") != _SAVE:
            return await self._draw(visit, section, house, draft)
        problems = dict(wanted.problems)
        if not problems:
            problems = {name: said for name, said in problems_in(rules).items() if name in section.sets}
        if problems:
            return await self._draw(visit, section, house, replace(draft, problems=problems, status=422))
        return await self._save(visit, section, state, draft)

    async def _save(self, visit: Visit, section: Section, state: State, draft: Draft) -> web.StreamResponse:
        """Over the version that was shown; over a newer one when that changed other sections alone."""
        path, house = path_of(section), self._book.house(state)
        if draft.version != state.id and await self._is_touched(section, draft.version, state):
            overtaken = replace(draft, version=state.id, overtaken_by=state.version, status=409)
            return await self._draw(visit, section, house, overtaken)
        if body_of(draft.rules) == body_of(state.rules):
            return see(path, "cai-dat-nhu-cu")
        try:
            await self._book.put(visit, draft.rules, state.id, draft.note, [section.slug])
        except Stale:
            newer = await self._book.state()
            overtaken = replace(draft, version=newer.id, overtaken_by=newer.version, status=409)
            return await self._draw(visit, section, self._book.house(newer), overtaken)
        return see(path, "da-luu-cai-dat")

    async def _is_touched(self, section: Section, shown_id: int, state: State) -> bool:
        """Whether what this section sets is another by now than it was in the version that was shown."""
        then = await self._book.rules_at(shown_id)
        return then is None or bool(shown.changed_rules(then, state.rules) & set(section.sets))

    # --- how it is done ----------------------------------------------------------------------------

    async def _draw(self, visit: Visit, section: Section, house: House, draft: Draft) -> web.StreamResponse:
        lines = shown.lines_of(house.rules, house.base)
        values: dict[str, Any] = {
            "nav": navigation(section.slug),
            "title": section.title,
            "about": section.about,
            "path": path_of(section),
            "typed": draft.typed,
            "version": draft.version,
            "note": draft.note,
            "problems": draft.problems or {},
            "field_names": section.fields,
            "lines": [lines[name] for name in section.sets],
            "set_here": house.rules.set_here,
            "may_edit": visit.session.officer.role in MANAGING,
            "newer": self._newer(section, house, draft),
            **await section.shown(draft.typed, draft.rules, house),
        }
        if isinstance(section, Greeting):
            values["previews"] = shown.welcome_in(self._parts.channels, draft.rules, house.base)
            values["hello"] = draft.rules.texts.greeting
        if isinstance(section, PaidTemplates):
            takes = {one.name for one in self._parts.channels if one.capabilities.takes_templates}
            values["cannot"] = [label for name, label in values["channels"].items() if name not in takes]
        if isinstance(section, Keeping):
            values |= await self._removals(draft.rules, house.now)
        drawing = Drawing(f"house/{_TEMPLATES[section.slug]}", values, draft.status)
        return self._pages.draw(drawing, visit.request, visit.session)

    async def _removals(self, rules: HouseRules, now: datetime) -> dict[str, Any]:
        """What would go tonight by these rules, and what went last time."""
        actions = frozenset({Action.RETENTION_APPLIED})
        async with self._parts.database.read() as connection:
            counts = await retention.count(connection, what_is_old(rules, now))
            last = await audit.latest(connection, 1, actions=actions)
        return {
            "counts": {kind.value: number for kind, number in counts.items()},
            "last_run": self._moment(last[0].at) if last else "",
            "last_removed": sum(v for v in last[0].detail.values() if isinstance(v, int)) if last else 0,
        }

    def _newer(self, section: Section, house: House, draft: Draft) -> dict[str, Any] | None:
        if draft.overtaken_by is None:
            return None
        labels = {line.label for name, line in shown.lines_of(house.rules, house.base).items()
                  if name in section.sets}  # fmt: skip
        found = shown.differences(house.rules, draft.rules, house.base)
        return {
            "by": draft.overtaken_by.by,
            "at": self._moment(draft.overtaken_by.at),
            "differences": [one for one in found if one.field in labels],
        }

    def _changed(self, version: Version | None) -> str:
        if version is None:
            return "Chưa ai đổi gì. Mọi thứ đang theo bản cài đặt ban đầu."
        return f"{version.by} đổi lần cuối lúc {self._moment(version.at)}."

    def _moment(self, at: datetime) -> str:
        return moment(at, self._parts.clock(), self._parts.zone)

    def _of(self, section: Section, handle: Callable[[Visit, Section], Any]) -> Handler:
        async def handled(visit: Visit) -> web.StreamResponse:
            answer: web.StreamResponse = await handle(visit, section)
            return answer

        return handled


_TEMPLATES = {
    "loi-chao": "greeting.html",
    "gio-lam-viec": "hours.html",
    "lien-he": "contacts.html",
    "tra-loi": "answering.html",
    "mau-tin": "paid.html",
    "luu-giu": "keeping.html",
}


def path_of(section: Section) -> str:
    """The address of a section's page."""
    return f"{SETTINGS}/{section.slug}"


def navigation(here: str) -> list[tuple[str, str, bool]]:
    """The pages of "Cài đặt": (name, address, is here)."""
    sections = [(one.title, one.slug) for one in SECTIONS]
    pages = [("Tổng quan", ""), *sections, ("Kênh", CHANNELS_SLUG), ("Lịch sử", "lich-su")]
    return [(name, f"{SETTINGS}/{slug}".rstrip("/"), slug == here) for name, slug in pages]
