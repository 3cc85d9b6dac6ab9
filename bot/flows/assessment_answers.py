"""From one step of a self-assessment to the next: what an answer, a skip or a step back does to its state.

Every function gives a sound state (`assessment_state.is_sound`). Nothing here words anything or reads what
people write.
"""

from __future__ import annotations

from dataclasses import replace

from bot.flows.assessment_state import CONSENT, EVIDENCE, GROUP, PLACE, RESTART, AssessmentState

FEW_ANSWERS = 3
"""Below this many answers nothing is lost by beginning anew."""


def agreed(state: AssessmentState, *, remind: bool) -> AssessmentState:
    """The terms were accepted."""
    return _onwards(replace(state, remind=remind), GROUP)


def in_group(state: AssessmentState, group: str) -> AssessmentState:
    """The group was chosen; answers given before stay."""
    return _onwards(replace(state, group=group), _first_unanswered(state, 0))


def answered(state: AssessmentState, number: int, points: int) -> AssessmentState:
    """The indicator being asked got its points."""
    given = state.with_points(number, points)
    return _onwards(given, _first_unanswered(given, number))


def changed(state: AssessmentState, number: int, points: int) -> AssessmentState:
    """Another indicator than the one being asked got points: what is being asked stays."""
    return state.with_points(number, points)


def passed_over(state: AssessmentState) -> AssessmentState:
    """The step was left without an answer. An indicator without points comes again at the end."""
    number = state.indicator
    if number:
        return _onwards(state, _first_unanswered(state, number))
    if state.step == PLACE:
        return _onwards(state, EVIDENCE)
    return state


def with_place(state: AssessmentState, place: str) -> AssessmentState:
    """The commune was given."""
    return _onwards(replace(state, place=place), EVIDENCE)


def one_back(state: AssessmentState) -> AssessmentState:
    """The step before this one in their order (the first stays); from a detour, where it began."""
    if state.return_to:
        return replace(state, step=state.return_to, return_to="")
    before = {GROUP: CONSENT, PLACE: str(len(state.points)), EVIDENCE: PLACE}
    number = state.indicator
    step = before.get(state.step, state.step)
    if number:
        step = str(number - 1) if number > 1 else GROUP
    return replace(state, step=step, return_to="")


def gone_to(state: AssessmentState, step: str) -> AssessmentState:
    """Back to an earlier step, to return to this one when it is answered."""
    if step == state.step:
        return state
    return replace(state, step=step, return_to=state.return_to or state.step)


def asked_to_restart(state: AssessmentState) -> AssessmentState:
    """Asked whether everything is to be thrown away."""
    return state if state.step == RESTART else replace(state, step=RESTART, return_to=state.step)


def is_only_one_left(state: AssessmentState) -> bool:
    """Whether the indicator being asked is the last one without points."""
    return state.unanswered == (state.indicator,)


def _onwards(state: AssessmentState, step: str) -> AssessmentState:
    """To `step`, or to where an earlier answer was changed from."""
    return replace(state, step=state.return_to or step, return_to="")


def _first_unanswered(state: AssessmentState, after: int) -> str:
    """The next indicator without points, from the beginning again after the last one; else what follows."""
    left = state.unanswered
    later = [number for number in left if number > after]
    found = (later or list(left))[:1]
    return str(found[0]) if found else PLACE
