"""What staff may change of the public page: its first words, what it offers, and whom to turn to. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.dialogue.menu import menu_options
from bot.house_rules import HouseRules
from connectors.message import Option
from knowledge.answer import Knowledge


@dataclass(frozen=True, slots=True)
class Front:
    """The page as it is to read at the moment."""

    contact_line: str
    """To follow `liên hệ`."""
    welcome: str = ""
    """Empty: the page's own words."""
    offers: tuple[Option, ...] = ()
    """Empty: the page's own examples."""


def front_of(rules: HouseRules, knowledge: Knowledge) -> Front:
    """The page under these rules; what staff have not set stays the page's own."""
    is_chosen = bool(rules.set_here & {"starters", "actions"})
    offers = menu_options(rules.menu, knowledge) if is_chosen else ()
    return Front(rules.contact_line, rules.welcome, offers)
