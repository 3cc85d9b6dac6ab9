"""The self-assessment for "Công dân học tập": consent, group, ten indicators, place, evidence, result.

The door for the rest of the house. What people mean is read in `assessment_hearing`, what a step says stands
in `assessment_questions`, what comes out in `assessment_outcome`. Must never give points nobody gave, and the
result is never called more than the citizen's own estimate.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta, timezone, tzinfo
from typing import Any

from bot.flows import assessment_hearing as hearing
from bot.flows import assessment_outcome as outcome
from bot.flows import assessment_questions as questions
from bot.flows.assessment_moves import KEPT_DAYS, Moves, Stepped, progress_of
from bot.flows.assessment_state import (
    EVIDENCE,
    GROUP,
    PLACE,
    VERSION,
    AssessmentState,
    CriteriaSets,
    begin,
    decode,
    encode,
    kept_results,
)
from bot.flows.flow import Command, Context, Heard, Pressed, Said, Sent, Step, Told
from connectors.message import Part

VIETNAM = timezone(timedelta(hours=7))
_RESULT, _HISTORY = "result", "history"
"""Side doors of `begin`."""


class Assessment:
    """Fulfils `Flow`."""

    name = questions.NAME
    title = "phần tự đánh giá"
    version = VERSION
    kept_for = timedelta(days=KEPT_DAYS)

    def __init__(self, criteria: CriteriaSets, zone: tzinfo = VIETNAM) -> None:
        """`zone` is where citizens live: it decides what last year is."""
        self._sets = criteria
        self._zone = zone

    def begin(self, context: Context, entry: str = "") -> Stepped:
        """Begin with the consent; `result` shows the latest result, `history` all that are kept."""
        if entry in {_RESULT, _HISTORY}:
            return self._show(context, entry)
        state = begin(self._sets.current, context.token)
        return Step(state, self.ask(state, context), (progress_of(state),))

    def hear(self, state: AssessmentState, heard: Heard, context: Context) -> Stepped | None:
        """Take an answer, a change of an earlier one, or evidence. None for anything else."""
        moves = self._from(state, context)
        if isinstance(heard, Pressed):
            return hearing.pressed(moves, heard)
        return hearing.sent(moves, heard) if isinstance(heard, Sent) else hearing.said(moves, heard)

    def command(
        self, state: AssessmentState, command: Command, said: Said | None, context: Context
    ) -> Stepped | None:
        """Back, skip, begin anew, correct."""
        return hearing.command(self._from(state, context), command, said)

    def ask(self, state: AssessmentState, context: Context) -> tuple[Part, ...]:
        """The step's question."""
        criteria = self._from(state, context).criteria
        if context.briefly:
            return (questions.ask_briefly(state, criteria, context.capabilities),)
        return questions.ask(state, criteria, context.capabilities)

    def explain(self, state: AssessmentState, context: Context) -> tuple[Part, ...]:
        """The step's question with an example."""
        return questions.explain(state, self._from(state, context).criteria, context.capabilities)

    def waits(self, state: AssessmentState) -> bool:
        """Every question does."""
        return True

    def leave(self, state: AssessmentState, context: Context) -> Stepped:
        """Kept from the choice of the group on, with the way back."""
        return self._from(state, context).leave()

    def progress(self, state: AssessmentState) -> str:
        """`câu 4/10`, or the step's name."""
        if state.indicator:
            return f"câu {state.indicator}/{len(state.points)}"
        return {GROUP: "chọn nhóm", PLACE: "sắp xong", EVIDENCE: "sắp xong"}.get(state.step, "")

    def told(self, state: AssessmentState | None, kept: Mapping[str, Any]) -> Told:
        """Fulfils `Tells`: of the one in the middle first, then of the latest result."""
        latest = next(iter(kept_results(kept)), None)
        here = Told() if state is None else Told(state.place, state.group)
        before = Told() if latest is None else Told(latest.place, latest.group)
        return Told(here.commune or before.commune, here.group or before.group)

    def encode(self, state: AssessmentState) -> dict[str, Any]:
        """See `assessment_state.encode`."""
        return encode(state)

    def decode(self, version: int, data: Mapping[str, Any]) -> AssessmentState | None:
        """See `assessment_state.decode`."""
        return decode(version, data, self._sets)

    def _from(self, state: AssessmentState, context: Context) -> Moves:
        return Moves(self._sets, self._zone, state, context)

    def _show(self, context: Context, entry: str) -> Stepped:
        results = kept_results(context.kept)
        if not results:
            return Step(None, outcome.nothing_yet())
        if entry == _HISTORY:
            return Step(None, outcome.tell_history(results, self._zone))
        latest = results[0]
        criteria = self._sets.of(latest.criteria)
        if criteria is None or len(criteria.indicators) != len(latest.points):
            return Step(None, outcome.tell_points_alone(latest))
        earlier = outcome.compared_with(latest, results[1:], self._zone)
        return Step(None, outcome.tell(latest, criteria, earlier, self._zone))
