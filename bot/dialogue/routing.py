"""Where a message goes: from what it seems to mean and what the talk is about to what is done with it.

Pure and small on purpose: every decision of "who answers this" is a line of the tables below. It must not
word anything, and must not decide what an answer says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
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
    refused: str = ""
    """The wish that was named in order to refuse it."""


_FLOWS = {
    "start_assessment": ("assessment", ""),
    "ask_my_result": ("assessment", "result"),
    "erase_my_data": ("erasure", ""),
    "submit_story": ("story", ""),
    "subscribe": ("subscription", ""),
    "unsubscribe": ("subscription", "stop"),
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

_HARMLESS = frozenset({"greet", "thanks", "feedback_good", "help", "bot_identity"})
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
_WORTH_OFFERING = 0.2
"""Likelihood from which a guess is worth a button."""
_PERHAPS_BESIDE = 0.05
"""Likelihood from which a long message is searched for the wish for a person, which then must be plain."""


_EARLIER = re.compile(r"\b(?:lich su|cac lan|nhung lan|tung lan|moi lan|may lan|cac nam|tung nam)\b")
"""More than one result is meant."""
_NEAR_QUESTIONS = frozenset(
    {"start_assessment", "ask_my_result", "bot_identity", "help", "change_language", "correct_answer"}
)
"""Wishes whose words are also those of questions: "phần mềm tự chấm điểm do ai làm" wants no assessment."""
_BEYOND_QUESTION = 0.9
"""Confidence from which such a wish is taken even when it is put as a question."""
_RARE_IN_A_FLOW = frozenset({"subscribe", "unsubscribe", "submit_story", "export_my_data", "change_language"})
"""Wishes hardly anybody has in the middle of an answer; their words are those of answers (`hay đọc báo`)."""
_BEYOND_ANSWER = 0.8
"""Confidence from which words in the middle of a flow are such a wish, or ask without a question word."""
_CALLS_WRONG = re.compile(r"\b(?:sai|khong dung|chua dung|khong phai)\b")
_OF_OTHERS = re.compile(
    r"\b(?:cham|danh gia|ra)\b.{0,20}\bcho (?:ca )?(?P<whom>gia dinh|dong ho|don vi|co quan|cong dong)\b"
    r"|\b(?:cham(?: diem)?|danh gia|ra soat) (?P<what>gia dinh|dong ho|don vi|co quan|cong dong)\b"
    r"|^(?P<who>gia dinh|dong ho|don vi|co quan|cong dong) .*\b(?:muon|can|xin) .*\b(?:cham|danh gia)\b"
)
"""An assessment for others than the citizen, whose title is not named."""
_TITLES = {
    "gia dinh": "gia_dinh",
    "dong ho": "dong_ho",
    "don vi": "don_vi",
    "co quan": "don_vi",
    "cong dong": "cong_dong",
}


def route(
    meaning: Interpretation, *, asks: bool = False, in_flow: bool = False, answered: bool = False
) -> Route:
    """Where this goes when no flow has taken it as an answer.

    `asks`: it is put as a question. `in_flow`: a flow is asking something. `answered`: what was said last is
    an answer, and nothing was proposed.
    """
    if meaning.is_sure and meaning.intent == "start_assessment" and (title := _title_of_others(meaning)):
        return Route(Way.FLOW, meaning.intent, "checklist", title)
    near = asks and meaning.intent in _NEAR_QUESTIONS and meaning.confidence < _BEYOND_QUESTION
    strays = in_flow and meaning.intent in _RARE_IN_A_FLOW and meaning.confidence < _BEYOND_ANSWER
    if near or asks_what_points_are_worth(meaning) or strays or not meaning.is_sure:
        return Route(Way.UNSURE, meaning.intent)
    if answered and meaning.intent == "deny" and _CALLS_WRONG.search(meaning.folded):
        return by_intent("feedback_bad")
    if meaning.intent == "ask_my_result" and _EARLIER.search(meaning.folded):
        return Route(Way.GLANCE, meaning.intent, "assessment", "history")
    return replace(by_intent(meaning.intent), refused=meaning.refused)


def is_aside(meaning: Interpretation) -> bool:
    """Whether words without a question word are a question all the same, in the middle of a flow."""
    return meaning.intent == ASK_KNOWLEDGE and meaning.confidence >= _BEYOND_ANSWER


def asks_what_points_are_worth(meaning: Interpretation) -> bool:
    """Whether somebody names their points: then they do not ask which they got."""
    return meaning.intent == "ask_my_result" and any(one.kind == "score" for one in meaning.entities)


def _title_of_others(meaning: Interpretation) -> str:
    """The title of a family, a clan, a community or a unit, when that is what shall be looked at."""
    titles = [entity.value for entity in meaning.entities if entity.kind == "title"]
    if titles:
        return "" if "cong_dan" in titles else titles[0]
    found = _OF_OTHERS.search(meaning.folded)
    return _TITLES[next(filter(None, found.groups()))] if found else ""


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


def may_want_person(meaning: Interpretation) -> bool:
    """Whether a person may be asked for in this message, beside whatever else it holds."""
    others = (one.intent for one in meaning.alternatives if one.confidence >= _PERHAPS_BESIDE)
    return not meaning.refused and "human_request" in (meaning.intent, *others)


def worth_offering(meaning: Interpretation) -> tuple[str, ...]:
    """The wishes a message that is not clear may hold, likeliest first, at most two."""
    likely = [(meaning.intent, meaning.confidence), *((a.intent, a.confidence) for a in meaning.alternatives)]
    return tuple(intent for intent, sure in likely if intent in OFFERABLE and sure >= _WORTH_OFFERING)[:2]
