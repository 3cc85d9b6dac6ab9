"""The versions of the rules as the settings pages use them: reading one, and putting one into force."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.house_rules import HouseRules, body_of, read_rules
from bot.staff.access import Visit
from bot.staff.house.section import House
from bot.staff.parts import StaffParts
from bot.staff.typed import one_line
from bot.store import audit
from bot.store import house_rules as stored
from bot.store.audit import Action
from bot.store.house_rules import NONE_YET, Version

log = structlog.get_logger(__name__)

SUBJECT = "house_rules"


@dataclass(frozen=True, slots=True)
class State:
    """What is in force, and what it is known by when it is changed."""

    rules: HouseRules
    version: Version | None

    @property
    def id(self) -> int:
        """For the optimistic lock."""
        return self.version.id if self.version else NONE_YET


class Rulebook:
    """Every version there is. Reads the database itself, so that a page never shows what was a second ago."""

    def __init__(self, parts: StaffParts) -> None:
        self._parts = parts

    async def state(self) -> State:
        """What is in force."""
        async with self._parts.database.read() as connection:
            version = await stored.latest(connection)
        if version is not None and version.body is None:
            return State(self._parts.board.rules, version)  # unreadable: what was in force before still is
        return State(self.rules_of(version), version)

    async def version(self, id_: int) -> Version | None:
        """One version."""
        async with self._parts.database.read() as connection:
            return await stored.find(connection, id_)

    async def history(self, limit: int) -> list[Version]:
        """Versions, the newest first."""
        async with self._parts.database.read() as connection:
            return await stored.history(connection, limit)

    async def rules_at(self, id_: int) -> HouseRules | None:
        """The rules of a version, NONE_YET being the installation's; None when there is no such version."""
        version = await self.version(id_) if id_ != NONE_YET else None
        return None if version is None and id_ != NONE_YET else self.rules_of(version)

    def rules_of(self, version: Version | None) -> HouseRules:
        """The rules of a version; None: the installation's."""
        body = version.body if version else None
        rules, _ = read_rules(body or {}, self._parts.board.installation, self._parts.zone)
        return rules

    def house(self, state: State) -> House:
        """What forms are read with."""
        parts = self._parts
        return House(state.rules, parts.board.installation, parts.base(), parts.clock(), parts.zone)

    async def put(self, visit: Visit, rules: HouseRules, over: int, why: str, sections: list[str]) -> None:
        """Put rules into force over version `over`. Raises bot.store.house_rules.Stale."""
        at, officer = self._parts.clock(), visit.session.officer

        async def job(connection: AsyncConnection) -> None:
            id_ = await stored.add(
                connection, body_of(rules), over, by=officer.name, why=one_line(why), at=at
            )
            detail = {"version": id_, "sections": sections}
            await audit.note(connection, officer, Action.RULES_CHANGED, SUBJECT, at, detail)

        await self._parts.database.write(job)
        log.info("staff_changed_rules", staff_id=officer.id, sections=sections)
