"""What is offered to somebody who does not know what to ask: first questions, and things to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.dialogue.answers import as_options
from bot.dialogue.texts import RESUME, WISHES
from connectors.message import Option
from knowledge.answer import Knowledge, Suggestion

ACTIONS = ("start_assessment", "ask_my_result", "submit_story", "human_request")
"""What may be offered, in the order in which it is; names of `WISHES`. A person comes last."""
_OFFERED = 5
"""Buttons in all, where nobody chose the questions."""
_BESIDE_RESUMING = 3


@dataclass(frozen=True, slots=True)
class Menu:
    """What the association wants to be offered."""

    starters: tuple[str, ...] = ()
    """Ids of entries, in order. Empty: the featured ones."""
    actions: tuple[str, ...] = ("start_assessment", "human_request")


def menu_options(
    menu: Menu, knowledge: Knowledge, *, has_flows: bool = True, resumes: bool = False
) -> tuple[Option, ...]:
    """The buttons. `has_flows`: we can lead through things; `resumes`: one was left in the middle.

    Entries that are not published any more are left out; when none is left, the featured ones are offered.
    """
    wanted = (one for one in ACTIONS if one in menu.actions)
    doing = tuple(WISHES[one] for one in wanted if has_flows or one == "human_request")
    if resumes:
        person = tuple(one for one in doing if one is WISHES["human_request"])
        return (RESUME, *_starters(menu, knowledge, _BESIDE_RESUMING)[:_BESIDE_RESUMING], *person)
    return (*_starters(menu, knowledge, max(1, _OFFERED - len(doing))), *doing)


def _starters(menu: Menu, knowledge: Knowledge, count: int) -> tuple[Option, ...]:
    """Those chosen, else `count` of the featured ones."""
    chosen: list[Suggestion] = [one for id_ in menu.starters for one in knowledge.suggestions((id_,))]
    return as_options(chosen or knowledge.starters(count))
