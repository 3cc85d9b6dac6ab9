"""Câu hỏi thường gặp: staff find, correct, add and take away what the bot answers. Its routes."""

from __future__ import annotations

from bot.staff.access import EDITING, EVERY_ROLE, Route
from bot.staff.faq.addresses import EXPORT, FAQ, IMPORT, NEW, TWINS
from bot.staff.faq.entry import EntryPage
from bot.staff.faq.exporting import Exporting
from bot.staff.faq.importing import Importing
from bot.staff.faq.listing import Listing
from bot.staff.faq.saving import Keeper, Saved, nobody
from bot.staff.faq.shelf import Shelves
from bot.staff.faq.twins import Twins
from bot.staff.pages import Pages
from bot.staff.parts import StaffParts


class Faq:
    """All pages of the questions."""

    def __init__(self, parts: StaffParts, pages: Pages, saved: Saved = nobody) -> None:
        """`saved` hears of every entry that is saved, in the transaction that saves it."""
        shelves = Shelves(parts.database)
        self._listing = Listing(parts, pages, shelves)
        self._page = EntryPage(parts, pages, shelves, self._listing)
        self._keeper = Keeper(parts, shelves, self._page, saved)
        self._exporting = Exporting(parts, shelves, self._listing)
        self._importing = Importing(parts, pages, shelves, saved)
        self._twins = Twins(parts, pages, shelves)

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        one, run = f"{FAQ}/{{entry}}", f"{IMPORT}/{{token}}"
        return (
            Route("GET", FAQ, EVERY_ROLE, self._listing.overview),
            Route("GET", TWINS, EVERY_ROLE, self._twins.overview),
            Route("GET", EXPORT, EVERY_ROLE, self._exporting.export),
            Route("GET", IMPORT, EDITING, self._importing.begin),
            Route("POST", IMPORT, EDITING, self._importing.receive, takes_files=True),
            Route("GET", run, EDITING, self._importing.report),
            Route("POST", run, EDITING, self._importing.confirm),
            Route("GET", f"{FAQ}/{NEW}", EDITING, self._page.begin),
            Route("POST", f"{FAQ}/{NEW}", EDITING, self._keeper.write),
            Route("GET", one, EVERY_ROLE, self._page.show),
            Route("POST", one, EDITING, self._keeper.write),
            Route("GET", f"{one}/lich-su", EVERY_ROLE, self._page.history),
            Route("POST", f"{one}/luu-tru", EDITING, self._keeper.archive),
            Route("POST", f"{one}/xung-dot", EDITING, self._keeper.decide),
        )

    async def close(self, _: object = None) -> None:
        """Stop what goes on in the background; for the server's shutdown."""
        await self._twins.close()
        await self._importing.close()
