"""Lịch sử: who set what, when and why, and using an earlier version again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from aiohttp import web

from bot.house_rules import HouseRules
from bot.staff.access import MANAGING, Visit, not_found, see
from bot.staff.house import shown
from bot.staff.house.rulebook import Rulebook
from bot.staff.house.section import Section
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.words import moment
from bot.store.house_rules import NONE_YET, Stale

HISTORY = "/staff/cai-dat/lich-su"
SHOWN_VERSIONS = 100
Navigation = Callable[[str], list[tuple[str, str, bool]]]


class PastDesk:
    """The list of versions, and one of them beside what is in force."""

    def __init__(
        self,
        parts: StaffParts,
        pages: Pages,
        book: Rulebook,
        sections: Sequence[Section],
        navigation: Navigation,
    ) -> None:
        self._parts = parts
        self._pages = pages
        self._book = book
        self._sections = sections
        self._navigation = navigation

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET …/lich-su: who, when, why, and what changed."""
        versions = await self._book.history(SHOWN_VERSIONS + 1)
        base = self._parts.base()
        rules = [*map(self._book.rules_of, versions), self._parts.board.installation]
        values = {
            "nav": self._navigation("lich-su"),
            "lines": [
                {
                    "by": one.by,
                    "at": self._moment(one.at),
                    "why": one.why,
                    "differences": shown.differences(rules[place + 1], rules[place], base),
                    "is_in_force": place == 0,
                    "path": f"{HISTORY}/{one.id}",
                }
                for place, one in enumerate(versions[:SHOWN_VERSIONS])
            ],
            "installation": f"{HISTORY}/{NONE_YET}" if versions else "",
            "may_edit": visit.session.officer.role in MANAGING,
        }
        return self._pages.draw(Drawing("house/history.html", values), visit.request, visit.session)

    async def version(self, visit: Visit) -> web.StreamResponse:
        """GET …/lich-su/{id}: what would change if this version were used again; 0 is the installation."""
        return await self._draw_version(visit)

    async def go_back(self, visit: Visit) -> web.StreamResponse:
        """POST …/lich-su/{id}: an old version is written once more, as the newest."""
        wanted, state = await self._wanted(visit), await self._book.state()
        changed = shown.changed_rules(state.rules, wanted)
        if number_in(visit.form.get("phien-ban", "")) != state.id:
            return await self._draw_version(visit, is_overtaken=True)
        sections = [one.slug for one in self._sections if changed & set(one.sets)]
        why = visit.form.get("ghi-chu", "")[:200] or "Quay lại bản cũ"
        try:
            await self._book.put(visit, wanted, state.id, why, sections)
        except Stale:
            return await self._draw_version(visit, is_overtaken=True)
        return see(HISTORY, "da-luu-cai-dat")

    async def _draw_version(self, visit: Visit, *, is_overtaken: bool = False) -> web.StreamResponse:
        wanted, state = await self._wanted(visit), await self._book.state()
        id_ = number_in(visit.request.match_info["id"])
        version = await self._book.version(id_)
        name = (
            f"Bản {version.by} lưu lúc {self._moment(version.at)}" if version else "Bản của cài đặt ban đầu"
        )
        values = {
            "nav": self._navigation("lich-su"),
            "name": name,
            "path": f"{HISTORY}/{id_}",
            "back": HISTORY,
            "version": state.id,
            "differences": shown.differences(state.rules, wanted, self._parts.base()),
            "is_overtaken": is_overtaken,
            "note": f"Quay lại: {name[0].lower()}{name[1:]}",
            "may_edit": visit.session.officer.role in MANAGING,
        }
        drawing = Drawing("house/version.html", values, 409 if is_overtaken else 200)
        return self._pages.draw(drawing, visit.request, visit.session)

    async def _wanted(self, visit: Visit) -> HouseRules:
        rules = await self._book.rules_at(number_in(visit.request.match_info["id"]))
        if rules is None:
            raise not_found()
        return rules

    def _moment(self, at: datetime) -> str:
        return moment(at, self._parts.clock(), self._parts.zone)


def number_in(given: str) -> int:
    """A version's number as an address or a form gives it; -1 for anything else."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else -1
