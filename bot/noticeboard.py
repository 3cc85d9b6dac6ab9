"""The rules of the house as every process knows them: looked at every half second, swapped when they change.

Nobody who reads the rules waits for the database. Must never forget the rules in force because the next ones
cannot be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, tzinfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.dialogue.turn import Hearing, Turn, View
from bot.house_rules import HouseRules, read_rules
from bot.office import VIETNAM
from bot.store import house_rules as stored
from bot.store.database import Database, StoreUnavailable
from connectors.message import InboundEvent

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS = 0.5
"""How often the version is looked at: one SELECT of one number. What is set is in force within a second."""


class Noticeboard:
    """Holds the rules in force. Share it; only `follow` changes it."""

    def __init__(self, installation: HouseRules | None = None, zone: tzinfo = VIETNAM) -> None:
        """`installation`: what is in force where staff have set nothing."""
        self._installation = installation or HouseRules()
        self._zone = zone
        self._rules = self._installation
        self._version = stored.NONE_YET
        self._since: datetime | None = None

    @property
    def rules(self) -> HouseRules:
        """What is in force. The same object until something changes."""
        return self._rules

    @property
    def since(self) -> datetime | None:
        """Since when; None while nothing was ever set."""
        return self._since

    @property
    def installation(self) -> HouseRules:
        """What would be in force had staff set nothing."""
        return self._installation

    async def follow(self, database: Database, stop: asyncio.Event) -> None:
        """Take over every change until `stop` is set."""
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_SECONDS)
            try:
                await self.refresh(database)
            except (StoreUnavailable, SQLAlchemyError, OSError) as error:
                log.warning("house_rules_not_looked_at", reason=type(error).__name__)
            except Exception:
                # What is in force stays in force; the next change is another chance.
                log.exception("house_rules_not_taken_over")

    async def refresh(self, database: Database) -> bool:
        """Take over what was set since the last look; True when something was."""
        async with database.glance() as connection:
            if await stored.latest_id(connection) == self._version:
                return False
            version = await stored.latest(connection)
        if version is None:  # a backup from before was put back
            self._rules, self._version, self._since = self._installation, stored.NONE_YET, None
            return True
        self._version = version.id
        if version.body is None:
            log.error("house_rules_unreadable", version=version.id)
            return False
        rules, refused = read_rules(version.body, self._installation, self._zone)
        if refused:
            log.warning("house_rules_partly_unreadable", version=version.id, fields=list(refused))
        self._rules, self._since = rules, version.at
        log.info("house_rules_taken_over", version=version.id)
        return True


class RuledAssistant:
    """Takes each turn by the rules in force when it begins. Fulfils `Hearing`."""

    def __init__(self, board: Noticeboard, make: Callable[[HouseRules], Hearing]) -> None:
        """`make` gives an assistant that goes by the rules it is given; called once for each change."""
        self._board = board
        self._make = make
        self._made_for = board.rules
        self._assistant = make(board.rules)

    async def turn(self, event: InboundEvent, view: View) -> Turn:
        """See `Hearing.turn`."""
        rules = self._board.rules
        if rules is not self._made_for:
            self._assistant, self._made_for = self._make(rules), rules
        return await self._assistant.turn(event, view)
