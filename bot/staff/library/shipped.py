"""Documents that come with the program, and which answers rest on them. Read again when content changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.store import content as stored
from bot.store.database import Database
from knowledge.content import Content, Document, Entry, assemble


@dataclass(frozen=True, slots=True)
class Registered:
    """Everything that is registered at one moment."""

    revision: int
    documents: Mapping[str, Document]
    """By number."""
    entries: Mapping[str, Sequence[Entry]]
    """By number: entries that rest on the document or are about it."""


class Register:
    """What is registered now."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Registered | None = None

    async def now(self) -> Registered:
        """What is registered, read anew when something changed."""
        async with self._database.read() as connection:
            revision = await stored.revision(connection)
            if self._known is not None and self._known.revision == revision:
                return self._known
            items = await stored.load(connection)
        known = await asyncio.to_thread(lambda: _registered(revision, assemble(items)[0]))
        self._known = known
        return known


def _registered(revision: int, content: Content) -> Registered:
    entries: dict[str, list[Entry]] = {}
    for entry in content.entries.values():
        facts = entry.facts
        for number in {*entry.about, *(f.document for f in facts), *(f.citation.document for f in facts)}:
            if number in content.documents:
                entries.setdefault(number, []).append(entry)
    return Registered(revision, content.documents, entries)
