"""Entries handed out as a file: just what the list shows, in a form that can be taken in again unchanged."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import structlog
from aiohttp import web

from bot.staff.access import Visit, not_found
from bot.staff.faq.listing import Listing, choice_in
from bot.staff.faq.shelf import Shelves
from bot.staff.faq.written import FORMS
from bot.staff.parts import StaffParts
from bot.store.audit import Action, note

log = structlog.get_logger(__name__)

EMPTY = "mau"


class Exporting:
    """Hands out files."""

    def __init__(self, parts: StaffParts, shelves: Shelves, listing: Listing) -> None:
        self._parts = parts
        self._shelves = shelves
        self._listing = listing

    async def export(self, visit: Visit) -> web.StreamResponse:
        """GET …/_xuat: what the list shows with the same words in the address, as `dang` (xlsx, csv, yml).

        EMPTY: a workbook with nothing but its headings and the sheets that help.
        """
        query = visit.request.query
        wanted = query.get("dang", "")
        is_empty = wanted == EMPTY
        form = next((one for one in FORMS if one.name == wanted or (is_empty and one is FORMS[0])), None)
        if form is None:
            raise not_found()
        shelf, choice = await self._shelves.now(), choice_in(query)
        entries = [] if is_empty else await self._listing.chosen(shelf, choice)
        data = await asyncio.to_thread(form.write, entries, shelf.content)
        officer, now = visit.session.officer, self._parts.clock()
        detail = {"entries": len(entries), "form": form.name}
        await self._parts.database.write(
            lambda c: note(c, officer, Action.ENTRIES_EXPORTED, "entries", now, detail)
        )
        log.info("staff_exported_entries", staff_id=officer.id, entries=len(entries), form=form.name)
        what = "mau-cau-hoi" if is_empty else "cau-hoi-thuong-gap"
        name = f"{what}-{now.astimezone(self._parts.zone):%Y%m%d}.{form.name}"
        return web.Response(
            body=data,
            content_type=form.media_type,
            charset="utf-8" if form.name != "xlsx" else None,
            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"},
        )
