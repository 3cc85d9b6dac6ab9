"""Văn bản: staff send documents in, see what was read of them, put it right, and switch them off and on.

Everything works without a script. A change is live in every process within about a second (bot.librarian
follows the content's revision).
"""

from __future__ import annotations

from bot.staff.access import Route
from bot.staff.library.document import DocumentPages
from bot.staff.library.listing import Listing
from bot.staff.library.receiving import Receiving
from bot.staff.library.review import Review
from bot.staff.library.shipped import Register
from bot.staff.pages import Pages
from bot.staff.parts import StaffParts


class Library:
    """Every page about documents."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        register = Register(parts.database)
        listing = Listing(parts, pages, register)
        receiving = Receiving(parts, pages, listing.draw, listing.draw_queue)
        self._rooms = (
            listing,
            receiving,
            Review(parts, pages),
            DocumentPages(parts, pages, register),
        )

    @property
    def routes(self) -> tuple[Route, ...]:
        """What these pages serve; those with words in their address before those with a number there."""
        return tuple(route for room in self._rooms for route in room.routes)
