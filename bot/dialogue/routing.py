"""Where a message goes: from what it seems to mean and what the talk is about to what is done with it.

Pure and small on purpose: every decision of "who answers this" is a line of the tables below. It must not
word anything, and must not decide what an answer says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.flows.flow import Command
from nlu.interpreter import ASK_KNOWLEDGE, OUT_OF_SCOPE, Interpretation


class Way(StrEnum):
    """Who takes a message."""

    FLOW = "flow"
    """Begin a flow."""
    GLANCE = "glance"
    """Show something of a flow without beginning it."""
    RESUME = "resume"
    """Take up what was left in the middle."""
    COMMAND = "command"
    """A command to whatever is underway."""
    KNOWLEDGE = "knowledge"
    SMALL_TALK = "small_talk"
    PERSON = "person"
    """Hand over to an officer."""
    YES = "yes"
    NO = "no"
    STOP = "stop"
    REPEAT = "repeat"
    WRONG = "wrong"
    """The last answer missed the point."""
    ABUSE = "abuse"
    UNSURE = "unsure"
    """Not clear enough to act: the documents are asked, then the citizen."""


@dataclass(frozen=True, slots=True)
class Route:
    """A way, with what it needs to know."""

    way: Way
    intent: str
    flow: str = ""
    entry: str = ""
    command: Command | None = None


_FLOWS = {
    "start_assessment": ("assessment", ""),
    "ask_my_result": ("assessment", "result"),
    "erase_my_data": ("erasure", ""),
    "submit_story": ("story", ""),
}
"""Intent to flow and the door into it."""

_WAYS = {
    ASK_KNOWLEDGE: Way.KNOWLEDGE,
    OUT_OF_SCOPE: Way.KNOWLEDGE,  # the documents know better than a guess whether they have an answer
    "resume_assessment": Way.RESUME,
    "human_request": Way.PERSON,
    "affirm": Way.YES,
    "deny": Way.NO,
    "stop": Way.STOP,
    "repeat": Way.REPEAT,
    "feedback_bad": Way.WRONG,
    "abuse": Way.ABUSE,
}

_HARMLESS = frozenset({"greet", "thanks", "goodbye", "feedback_good", "help", "bot_identity"})
"""A wrong guess costs nobody anything."""
_REPLIES = frozenset({"affirm", "deny"})
"""Harmless too, where something was proposed; else they mean nothing."""
_LIKELY = 0.4
"""Likelihood from which a harmless guess is taken."""
_MAY_ASK = 0.2
"""Likelihood of being a question from which the documents are asked first."""

OFFERABLE = (
    "start_assessment",
    "resume_assessment",
    "ask_my_result",
    "human_request",
    "submit_story",
    "subscribe",
    "unsubscribe",
    "erase_my_data",
    "export_my_data",
)
"""What a citizen can be asked whether they meant it."""
_WORTH_OFFERING = 0.15
"""Likelihood from which a guess is worth a button."""


_EARLIER = re.compile(r"\b(?:lich su|cac lan|nhung lan|tung lan|moi lan|may lan|cac nam|tung nam)\b")
"""More than one result is meant."""
_NEAR_QUESTIONS = frozenset(
    {"start_assessment", "ask_my_result", "bot_identity", "help", "change_language", "correct_answer"}
)
"""Wishes whose words are also those of questions: "phần mềm tự chấm điểm do ai làm" wants no assessment."""
_BEYOND_QUESTION = 0.9
"""Confidence from which such a wish is taken even when it is put as a question."""


def route(meaning: Interpretation, *, asks: bool = False) -> Route:
    """Where this goes when no flow has taken it as an answer. `asks`: it is put as a question."""
    if meaning.is_sure and meaning.intent == "start_assessment" and (title := _title_of_others(meaning)):
        return Route(Way.FLOW, meaning.intent, "checklist", title)
    near = asks and meaning.intent in _NEAR_QUESTIONS and meaning.confidence < _BEYOND_QUESTION
    # Whoever names the points does not ask which they got but what they are worth.
    names_points = meaning.intent == "ask_my_result" and _has(meaning, "score")
    if near or names_points or not meaning.is_sure:
        return Route(Way.UNSURE, meaning.intent)
    if meaning.intent == "ask_my_result" and _EARLIER.search(meaning.folded):
        return Route(Way.GLANCE, meaning.intent, "assessment", "history")
    return by_intent(meaning.intent)


def _has(meaning: Interpretation, kind: str) -> bool:
    return any(entity.kind == kind for entity in meaning.entities)


def _title_of_others(meaning: Interpretation) -> str:
    """The title of a family, a clan, a community or a unit, when that is what shall be looked at."""
    titles = [entity.value for entity in meaning.entities if entity.kind == "title"]
    return "" if "cong_dan" in titles or not titles else titles[0]


def by_intent(intent: str) -> Route:
    """Where a sure intent goes; every name that has no way of its own is small talk."""
    if intent in _FLOWS:
        flow, entry = _FLOWS[intent]
        return Route(Way.GLANCE if entry else Way.FLOW, intent, flow, entry)
    if intent in set(Command):
        return Route(Way.COMMAND, intent, command=Command(intent))
    return Route(_WAYS.get(intent, Way.SMALL_TALK), intent)


def is_small_talk(meaning: Interpretation, *, proposed: bool) -> bool:
    """Whether a message that is not clear may be taken for the small talk it looks like."""
    harmless = meaning.intent in _HARMLESS or (proposed and meaning.intent in _REPLIES)
    return harmless and meaning.confidence >= _LIKELY


def may_ask(meaning: Interpretation) -> bool:
    """Whether a message that looks like something else may be a question all the same."""
    return any(one.intent == ASK_KNOWLEDGE and one.confidence >= _MAY_ASK for one in meaning.alternatives)


def worth_offering(meaning: Interpretation) -> tuple[str, ...]:
    """The wishes a message that is not clear may hold, likeliest first, at most two."""
    likely = [(meaning.intent, meaning.confidence), *((a.intent, a.confidence) for a in meaning.alternatives)]
    return tuple(intent for intent, sure in likely if intent in OFFERABLE and sure >= _WORTH_OFFERING)[:2]
