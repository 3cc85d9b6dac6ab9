"""One move of a self-assessment: what the step after an answer says, and what the house is told.

Bound to one state and one message. What an answer means is read elsewhere; here it is carried out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import tzinfo

from bot.dialogue.turn import AssessmentFinished, Effect
from bot.flows import assessment_answers as answers
from bot.flows import assessment_evidence as evidence
from bot.flows import assessment_outcome as outcome
from bot.flows import assessment_questions as questions
from bot.flows.assessment_state import (
    CONSENT,
    EVIDENCE,
    GROUP,
    RESTART,
    AssessmentState,
    CriteriaSets,
    begin,
    keep_results,
    kept_results,
)
from bot.flows.flow import Context, Step
from bot.flows.results import AssessmentProgress
from connectors.message import Text
from knowledge.criteria import CriteriaSet

FINISHED, LEFT = "finished", "left"
"""Steps the funnel knows beside those of the state."""
KEPT_DAYS = 60
"""How long an assessment left in the middle can be taken up again."""

Stepped = Step[AssessmentState]


@dataclass(frozen=True, slots=True)
class Moves:
    """What can be done from a state. Every method gives the step that comes of it."""

    sets: CriteriaSets
    zone: tzinfo
    state: AssessmentState
    context: Context

    @property
    def criteria(self) -> CriteriaSet:
        """The set this assessment began with."""
        return self.sets.of(self.state.criteria) or self.sets.current

    # --- staying -----------------------------------------------------------------------------------

    def again(self) -> Stepped:
        """The question once more."""
        return self.to(self.state)

    def to(self, after: AssessmentState, news: str = "") -> Stepped:
        """The question of `after`, behind a line of news; told to the funnel when something moved."""
        replies = questions.ask(after, self.criteria, self.context.capabilities, news)
        progress = progress_of(after)
        return Step(after, replies, () if progress == progress_of(self.state) else (progress,))

    def kept(self, given: evidence.Given) -> Stepped:
        """Evidence is remembered; the question stays."""
        after, line = evidence.kept(self.state, given)
        return self.to(after, line)

    # --- answers -----------------------------------------------------------------------------------

    def agreed(self, *, remind: bool) -> Stepped:
        """The terms were accepted."""
        return self.to(answers.agreed(self.state, remind=remind))

    def reminded(self, *, remind: bool) -> Stepped:
        """The wish to be reminded was changed later."""
        if remind == self.state.remind:
            return self.again()
        said = "Nếu bạn làm dở, mình sẽ nhắc một lần." if remind else "Vâng, mình sẽ không nhắc."
        return self.to(replace(self.state, remind=remind), said)

    def refused(self) -> Stepped:
        """The terms were not accepted; once answers are there, nothing is thrown away by that."""
        if not self.state.group:
            return self.leave()
        said = "Bạn muốn nghỉ thì nhắn “dừng”, muốn xóa hết thì nhắn “xóa dữ liệu của tôi” nhé."
        return self.to(self.state, said)

    def in_group(self, group: str) -> Stepped:
        """The group was chosen, or changed at a later step."""
        state = self.state
        name = self.criteria.group(group).name
        if state.step == GROUP:
            news = f"Nhóm của bạn: {name}. Lúc nào cũng được nhắn “bỏ qua”, “quay lại” hoặc “dừng”."
            return self.to(answers.in_group(state, group), news)
        if state.group == group:
            return self.again()
        return self.to(replace(state, group=group), f"Mình đổi sang nhóm “{name}”.")

    def give(self, number: int, points: int) -> Stepped:
        """Points for the indicator being asked, or for another one: then the question stays."""
        state = self.state
        if number == state.indicator:
            news = f"Câu {number}: mình ghi {points} điểm."
            return self.to(answers.answered(state, number, points), news)
        if state.got(number) == points:
            return self.again()
        news = f"Mình sửa câu {number} thành {points} điểm."
        return self.to(answers.changed(state, number, points), news)

    def placed(self, place: str) -> Stepped:
        """The commune was given."""
        return self.to(answers.with_place(self.state, place), f"Mình ghi: {place}.")

    # --- commands ----------------------------------------------------------------------------------

    def back(self) -> Stepped:
        """One step back."""
        after = answers.one_back(self.state)
        return self.to(after, "Đây là bước đầu rồi bạn nhé." if after == self.state else "")

    def skip(self) -> Stepped | None:
        """Without an answer to the next step. None at the consent, which cannot be left out."""
        state = self.state
        if state.step == EVIDENCE:
            return self.finish()
        if state.step == RESTART:
            return self.to(answers.one_back(state))
        if state.step == GROUP:
            said = "Mình cần biết nhóm để hỏi cho đúng. Bạn chọn nhóm gần nhất nhé."
            return self.to(answers.one_back(state) if state.return_to else state, said)
        return None if state.step == CONSENT else self._passed_over()

    def correcting(self, number: int) -> Stepped:
        """An earlier indicator is asked again, to return here afterwards."""
        here = self.state.indicator
        back = f" Xong mình quay lại câu {here}." if here not in {0, number} else ""
        return self.to(answers.gone_to(self.state, str(number)), f"Mình sửa câu {number} nhé.{back}")

    def correcting_group(self) -> Stepped:
        """The group is asked again, to return here afterwards."""
        return self.to(answers.gone_to(self.state, GROUP))

    def restart(self) -> Stepped:
        """Begin anew: at once while few answers are there, else after a question."""
        state = self.state
        if not state.group:
            return self.again()
        if len(state.points) - len(state.unanswered) < answers.FEW_ANSWERS:
            return self.anew()
        return self.to(answers.asked_to_restart(state))

    def not_restarted(self) -> Stepped:
        """Go on where it was asked."""
        return self.to(answers.one_back(self.state))

    def anew(self) -> Stepped:
        """A new assessment, by the current set; what was agreed holds."""
        state = self.state
        fresh = answers.agreed(begin(self.sets.current, self.context.token), remind=state.remind)
        left = replace(progress_of(state), step=LEFT, remind=False)
        capabilities = self.context.capabilities
        replies = questions.ask(fresh, self.sets.current, capabilities, "Mình bắt đầu lại từ đầu nhé.")
        return Step(fresh, replies, (left, progress_of(fresh)))

    # --- ends --------------------------------------------------------------------------------------

    def leave(self) -> Stepped:
        """Broken off: kept from the choice of the group on, with the way back."""
        state = answers.one_back(self.state) if self.state.step == RESTART else self.state
        left = replace(progress_of(state), step=LEFT)
        if not state.group:
            said = "Không sao ạ. Khi nào muốn, bạn nhắn “tự đánh giá” là mình bắt đầu nhé."
            return Step(None, (Text(said),), (replace(left, remind=False),))
        said = (
            f"Vâng, mình giữ phần bạn đã làm trong {KEPT_DAYS} ngày. {questions.where(state)} "
            "Khi nào muốn, bạn nhắn “làm tiếp” nhé."
        )
        return Step(state, (Text(said),), (left,))

    def finish(self) -> Stepped:
        """The result, told and handed over."""
        result = outcome.finish(self.state, self.criteria, self.context.now)
        before = kept_results(self.context.kept)
        earlier = outcome.compared_with(result, before, self.zone)
        progress = replace(progress_of(self.state), step=FINISHED)
        effects: tuple[Effect, ...] = (progress, AssessmentFinished(result))
        replies = outcome.tell(result, self.criteria, earlier, self.zone)
        return Step(None, replies, effects, keep=keep_results(result, before))

    def _passed_over(self) -> Stepped:
        state = self.state
        if not state.indicator or state.got(state.indicator) is not None:
            return self.to(answers.passed_over(state))
        if answers.is_only_one_left(state):
            said = "Còn mỗi câu này là đủ để có kết quả. Chưa làm được gì thì bạn cho 0 điểm cũng được."
            return self.to(state, said)
        return self.to(answers.passed_over(state), "Câu này mình hỏi lại sau nhé.")


def progress_of(state: AssessmentState) -> AssessmentProgress:
    """Where it stands. At the question whether to begin anew it stands where that was asked."""
    step = state.return_to if state.step == RESTART else state.step
    return AssessmentProgress(
        state.code, state.criteria, state.group, step, state.remind, state.place, state.evidence
    )
