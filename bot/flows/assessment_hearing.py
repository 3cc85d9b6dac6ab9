"""What a citizen says, presses or sends in a self-assessment, taken for what it means at the step it is at.

None wherever it is no answer: then the rest of the house looks at it. An old button changes the answer it was
offered for, at most; it never leads on.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.dialogue.comments import is_question
from bot.flows import assessment_evidence as evidence
from bot.flows import assessment_questions as questions
from bot.flows.assessment_asides import (
    asks_about_level,
    asks_points_so_far,
    asks_what_this_means,
    between_two,
)
from bot.flows.assessment_corrections import LAST, Correction, read_correction
from bot.flows.assessment_moves import Moves, Stepped
from bot.flows.assessment_place import as_choices, place_of, read_places
from bot.flows.assessment_questions import NO, YES, YES_REMIND
from bot.flows.assessment_state import CONSENT, EVIDENCE, GROUP, PLACE, RESTART
from bot.flows.assessment_words import (
    asks_meaning,
    asks_where,
    command_in,
    is_done,
    phrase_of,
    read_groups,
    read_points,
)
from bot.flows.flow import Command, Pressed, Said, Sent, Step
from connectors.message import Text

_AGREES = frozenset(
    {"co", "dong y", "ok", "bat dau", "bat dau di", "lam luon", "lam di", "san sang", "nhat tri", "duoc"}
)
_LATER = frozenset({"de sau", "khong", "chua", "thoi", "khong dong y", "luc khac"})
_KEEPS = frozenset({"tiep", "tiep tuc", "giu nguyen", "de nguyen", "nhu cu", "khong sua", "khong"})
"""Leaves an answer that was looked at again as it was."""
_NO_REMINDER = ("khong", "dung", "khoi")
_OF_REMINDING = re.compile(r"\bnhac\b(?! lai)(?!.*\b(?:sau|mai|khi|luc)\b)")
"""Chooses with or without a reminder, and so to begin; not `để sau nhắc tôi`."""
_HOW_LONG = re.compile(r"\b(?:bao lau|may phut|lau khong|(?:bao nhieu|may) (?:cau|chi so))\b")
_OTHERWISE = frozenset({"khac", "nhom khac", "viec khac", "nghe khac", "khong co", "khong co nhom nao"})
"""None of the groups, as somebody says who sees none that fits."""
_NO_POINTS_YET = frozenset({CONSENT, GROUP, RESTART})
"""Steps at which nothing can be corrected and nothing be shown."""


# --- pressed -----------------------------------------------------------------------------------------


def pressed(moves: Moves, heard: Pressed) -> Stepped:
    """Something was pressed: now, before, or twice."""
    state = moves.state
    if heard.step in {str(one.number) for one in moves.criteria.indicators}:
        return _points_pressed(moves, int(heard.step), heard.value)
    if heard.step == CONSENT:
        return _consent_pressed(moves, heard.value)
    if heard.step == GROUP:
        known = heard.value in {group.id for group in moves.criteria.groups}
        return moves.in_group(heard.value) if known and state.step != CONSENT else moves.again()
    if heard.step != state.step:
        return moves.again()
    if heard.step == RESTART:
        return moves.anew() if heard.value == YES else moves.not_restarted()
    place = place_of(heard.value) if heard.step == PLACE else ""
    return moves.placed(place) if place else moves.skip() or moves.again()


def _points_pressed(moves: Moves, number: int, value: str) -> Stepped:
    most = moves.criteria.indicators[number - 1].most
    points = int(value) if value.isascii() and value.isdigit() and len(value) <= 3 else most + 1
    if points > most or not moves.state.group:
        return moves.again()
    return moves.give(number, points)


def _consent_pressed(moves: Moves, value: str) -> Stepped:
    if value not in {YES, YES_REMIND, NO}:
        return moves.again()
    if value == NO:
        return moves.refused()
    remind = value == YES_REMIND
    return moves.agreed(remind=remind) if moves.state.step == CONSENT else moves.reminded(remind=remind)


# --- sent --------------------------------------------------------------------------------------------


def sent(moves: Moves, heard: Sent) -> Stepped | None:
    """Pictures and files are evidence once there is something to show."""
    if moves.state.step in _NO_POINTS_YET:
        return None
    given = evidence.sent(heard, moves.state)
    return None if given is None else moves.kept(given)


# --- said --------------------------------------------------------------------------------------------


def said(moves: Moves, heard: Said) -> Stepped | None:
    """Words: a command, a question about the way, a correction, or an answer to the step."""
    plain = command_in(heard.text)
    if plain is not None:
        return command(moves, plain, heard)
    if moves.state.group and asks_where(heard.text):
        return moves.to(moves.state, questions.where(moves.state))
    aside = _about_the_questions(moves, heard)
    if aside is not None:
        return aside
    earlier = None if moves.state.step in _NO_POINTS_YET else _about_another_answer(moves, heard)
    return earlier or _STEPS.get(moves.state.step, _indicator_said)(moves, heard)


def _about_the_questions(moves: Moves, heard: Said) -> Stepped | None:
    """What a level or the question means, and what it adds up to so far."""
    state = moves.state
    if state.step in _NO_POINTS_YET:
        return None
    gives_points = read_points(heard.text, moves.criteria.indicators[0].questions[state.group].levels)
    wants_result = heard.wants("ask_my_result") and not moves.context.kept and gives_points is None
    if state.unanswered and (asks_points_so_far(heard.text) or wants_result):
        return moves.to(state, f"{questions.where(state)} Đến giờ cộng lại là {state.total} điểm.")
    if not state.indicator:
        return None
    if asks_meaning(heard.text) or asks_what_this_means(heard.text):
        return Step(state, questions.explain(state, moves.criteria, moves.context.capabilities))
    levels = moves.criteria.indicators[state.indicator - 1].questions[state.group].levels
    return moves.again() if asks_about_level(heard.text, levels) else None


def command(moves: Moves, wanted: Command, heard: Said | None) -> Stepped | None:
    """Back, skip, begin anew, correct."""
    if wanted is Command.BACK:
        return moves.back()
    if wanted is Command.SKIP:
        return moves.skip()
    if wanted is Command.RESTART:
        return moves.restart()
    if heard is None or moves.state.step in _NO_POINTS_YET:
        return None
    return _change(moves, _correction_in(moves, heard.text) or Correction(LAST, phrase_of(heard.text)))


def _about_another_answer(moves: Moves, heard: Said) -> Stepped | None:
    given = evidence.said(heard, moves.state, is_asked=False)
    if given is not None:
        return moves.kept(given)
    correction = _correction_in(moves, heard.text)
    return None if correction is None else _change(moves, correction)


def _correction_in(moves: Moves, text: str) -> Correction | None:
    state = moves.state
    levels = moves.criteria.indicators[0].questions[state.group].levels
    return read_correction(text, moves.criteria, levels, state.got(state.last) if state.last else None)


def _change(moves: Moves, correction: Correction) -> Stepped | None:
    state = moves.state
    groups = read_groups(correction.words, moves.criteria.groups)
    if len(groups) == 1 and correction.number == LAST:
        return moves.in_group(groups[0])
    if correction.is_group:
        return moves.correcting_group()
    number = correction.number or state.last or state.indicator
    count = len(state.points)
    if number > count:
        return moves.to(state, f"Chỉ có câu 1 đến câu {count} bạn nhé.")
    if not number:
        return None
    return _points_said(moves, number, correction.words) or moves.correcting(number)


def _consent_said(moves: Moves, heard: Said) -> Stepped | None:
    phrase = phrase_of(heard.text)
    if _HOW_LONG.search(phrase):
        return moves.again()
    says_how = _OF_REMINDING.search(phrase) is not None
    agrees = phrase in _AGREES or phrase.startswith("dong y") or heard.wants("affirm") or says_how
    if agrees and not is_question(heard.text):
        return moves.agreed(remind="nhac" in phrase and not any(no in phrase for no in _NO_REMINDER))
    return moves.refused() if phrase in _LATER or heard.wants("deny") else None


def _group_said(moves: Moves, heard: Said) -> Stepped | None:
    if phrase_of(heard.text) in _OTHERWISE:
        return Step(moves.state, questions.explain(moves.state, moves.criteria, moves.context.capabilities))
    found = read_groups(heard.text, moves.criteria.groups)
    if not found or is_question(heard.text):
        return None
    if len(found) == 1:
        return moves.in_group(found[0])
    return Step(moves.state, questions.which_group([moves.criteria.group(id_) for id_ in found]))


def _restart_said(moves: Moves, heard: Said) -> Stepped | None:
    phrase = phrase_of(heard.text)
    if phrase in _LATER or heard.wants("deny", "back", "resume_assessment"):
        return moves.not_restarted()
    return moves.anew() if phrase in _AGREES or heard.wants("affirm") else None


def _indicator_said(moves: Moves, heard: Said) -> Stepped | None:
    state = moves.state
    given = _points_said(moves, state.indicator, heard.text)
    keeps = phrase_of(heard.text) in _KEEPS or heard.wants("affirm", "resume_assessment")
    if given is None and keeps and state.got(state.indicator) is not None:
        return moves.skip()
    return given


def _points_said(moves: Moves, number: int, words: str) -> Stepped | None:
    """Points for one indicator, in figures, in words or as a level."""
    state = moves.state
    indicator = moves.criteria.indicators[number - 1]
    points = read_points(words, indicator.questions[state.group].levels)
    if points is None:
        two = between_two(words)
        return _which_points(moves, number, *two) if two is not None and two[1] <= indicator.most else None
    if not 0 <= points <= indicator.most:
        return moves.to(state, f"Điểm từ 0 đến {indicator.most} bạn nhé, ví dụ: 7.")
    if points == int(points):
        return moves.give(number, int(points))
    return _which_points(moves, number, int(points), int(points) + 1)


def _which_points(moves: Moves, number: int, low: int, high: int) -> Stepped:
    asks = f"Câu {number}: mình chỉ ghi được một số tròn. Bạn chọn {low} hay {high} điểm?"
    return Step(moves.state, (Text(asks, questions.point_options(number, (low, high)), numbered=False),))


def _place_said(moves: Moves, heard: Said) -> Stepped | None:
    places = read_places(heard.text)
    if len(places) == 1:
        return moves.placed(places[0])
    if places:
        return Step(moves.state, questions.which_place(as_choices(places)))
    return moves.skip() if is_done(heard.text) or heard.wants("deny") else None


def _last_said(moves: Moves, heard: Said) -> Stepped | None:
    if is_done(heard.text) or heard.wants("deny", "ask_my_result"):
        return moves.finish()
    given = evidence.said(heard, moves.state, is_asked=True)
    return None if given is None else moves.kept(given)


_STEPS: dict[str, Callable[[Moves, Said], Stepped | None]] = {
    CONSENT: _consent_said,
    GROUP: _group_said,
    RESTART: _restart_said,
    PLACE: _place_said,
    EVIDENCE: _last_said,
}
"""Who takes words at a step; everywhere else it is an indicator's points."""
