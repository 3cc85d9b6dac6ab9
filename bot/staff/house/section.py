"""What the sections of the settings page have in common: a form, and what it is read with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Protocol

from bot.house_rules import HouseRules
from knowledge.base import KnowledgeBase


@dataclass(frozen=True, slots=True)
class House:
    """What a form is read and previewed with."""

    rules: HouseRules
    """In force now."""
    installation: HouseRules
    """In force where staff set nothing."""
    base: KnowledgeBase
    now: datetime
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a form asks for: new values of rules, and what is wrong with what was typed, by field."""

    values: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


class Section(Protocol):
    """One section: pure, but for searching what the bot knows."""

    @property
    def slug(self) -> str:
        """In its address."""
        ...

    @property
    def title(self) -> str: ...

    @property
    def about(self) -> str:
        """One sentence: what it is for."""
        ...

    @property
    def fields(self) -> Mapping[str, str]:
        """Fields of the form by their names in `problems`, as staff call them; those of rules among them."""
        ...

    @property
    def sets(self) -> tuple[str, ...]:
        """The rules it sets, as bot.house_rules calls them."""
        ...

    def typed_of(self, house: House) -> Any:
        """The form as the rules in force fill it in."""
        ...

    def typed_in(self, form: Mapping[str, str]) -> Any:
        """The form as it was sent."""
        ...

    def read(self, typed: Any, house: House) -> Wanted:
        """What it asks for."""
        ...

    async def shown(self, typed: Any, rules: HouseRules, house: House) -> Mapping[str, Any]:
        """What its template needs besides; `rules` are those the form asks for, as far as it can be read."""
        ...
