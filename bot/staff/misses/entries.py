"""The entries, and whose way of asking each question is. Read anew when content changed."""

from __future__ import annotations

from collections.abc import Mapping

from bot.staff.faq.shelf import Shelf, Shelves
from bot.staff.misses import adding
from bot.staff.misses.adding import Owners
from bot.store.database import Database
from bot.store.editing import Kept


class EntryShelf:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self._shelves = Shelves(database)
        self._owners: tuple[Shelf | None, Owners] = (None, {})
        self._live: tuple[Shelf | None, Mapping[str, Kept]] = (None, {})

    async def now(self) -> Shelf:
        """Everything that is kept."""
        return await self._shelves.now()

    def owners(self, shelf: Shelf) -> Owners:
        """Entries by their ways of asking, for the shelf that `now` gave."""
        if self._owners[0] is not shelf:
            self._owners = (shelf, adding.owners(shelf.entries.values()))
        return self._owners[1]

    def live(self, shelf: Shelf) -> Mapping[str, Kept]:
        """What citizens get and ways of asking may be added to: published, and nothing to be decided."""
        if self._live[0] is not shelf:
            entries = shelf.entries.values()
            self._live = (shelf, {kept.id: kept for kept in entries if adding.is_live(kept)})
        return self._live[1]
