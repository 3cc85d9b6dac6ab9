"""What a finished self-assessment tells: verdict in words, what to do next, how to register, what changed.

It is the citizen's own estimate and says so every time. Nothing is said that is not in the set of criteria or
follows from the points; what a step means in detail is left to the knowledge (`q:` options).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from bot.dialogue.texts import ASSESS, PERSON
from bot.dialogue.turn import Reply
from bot.flows.assessment_questions import MOST_LETTERS
from bot.flows.assessment_state import AssessmentState
from bot.flows.results import AssessmentResult, Sheet
from connectors.message import Option, Text
from knowledge.criteria import CriteriaSet, Indicator, Verdict

ESTIMATE = "Đây là bạn tự chấm, chỉ để tham khảo; danh hiệu do cấp có thẩm quyền công nhận."
_REGISTER = Option("Cách đăng ký", "q:dang-ky-o-dau")
_TO_REGISTER = (
    "Muốn được công nhận, bạn đăng ký ở congdanhoctap.vn hoặc hỏi Hội Khuyến học xã, phường nơi bạn ở. "
    "Muốn xem lại, bạn nhắn “kết quả của tôi”."
)
_STEPS = 3
_GOOD_ENOUGH = 8
"""Points from which an indicator needs no advice."""
_MOST_BELOW_NAMED = 3


def finish(state: AssessmentState, criteria: CriteriaSet, now: datetime) -> AssessmentResult:
    """The result of a state in which every indicator has points. Raises ValueError while one has none."""
    if state.unanswered:
        raise ValueError("not every indicator is answered")
    points = tuple(got for got in state.points if got is not None)
    verdict = criteria.verdict(points)
    return AssessmentResult(
        code=state.code,
        criteria=criteria.id,
        group=state.group,
        points=points,
        total=verdict.total,
        passed=verdict.passed,
        finished_at=now,
        place=state.place,
        evidence=state.evidence,
    )


def compared_with(
    result: AssessmentResult, before: Sequence[AssessmentResult], zone: tzinfo
) -> AssessmentResult | None:
    """The earlier result to compare with: the latest of an earlier year, else the latest."""
    others = [one for one in before if one.code != result.code and one.finished_at <= result.finished_at]
    year = result.finished_at.astimezone(zone).year
    earlier = [one for one in others if one.finished_at.astimezone(zone).year < year]
    return next(iter((*earlier, *others)), None)


def tell(
    result: AssessmentResult, criteria: CriteriaSet, before: AssessmentResult | None, zone: tzinfo
) -> tuple[Reply, ...]:
    """Verdict, the two sheets, and last what to do next with what can be pressed."""
    return (
        Text("\n".join(_verdict_lines(result, criteria, before, zone))),
        Sheet(result, "card", before),
        Sheet(result, "paper", before),
        _next_steps(result, criteria),
    )


def tell_points_alone(result: AssessmentResult) -> tuple[Reply, ...]:
    """A result whose set of criteria is not there any more."""
    return (
        Text(f"Lần gần nhất bạn tự chấm được {result.total} điểm (mã {result.code}). {ESTIMATE}", (ASSESS,)),
    )


def tell_history(results: Sequence[AssessmentResult], zone: tzinfo) -> tuple[Reply, ...]:
    """All results that are kept, latest first."""
    lines = [f"• {_day(one.finished_at, zone)}: {one.total} điểm, {_reached(one)}" for one in results]
    return (Text("\n".join(("Những lần bạn tự chấm:", *lines, ESTIMATE)), (ASSESS,), numbered=False),)


def nothing_yet() -> tuple[Reply, ...]:
    """There is no result."""
    said = (
        "Bạn chưa có kết quả tự đánh giá nào ở đây. Tự chấm mất khoảng 5 phút; bạn muốn làm thì bấm "
        "“Tự đánh giá” hoặc nhắn “tự đánh giá” nhé."
    )
    return (Text(said, (ASSESS,), numbered=False),)


def verdict_words(verdict: Verdict, criteria: CriteriaSet, points: Sequence[int]) -> str:
    """`94 điểm nhưng chỉ số 6 (…) mới 4 điểm, nên chưa đạt`: the verdict with its reason."""
    rule, total = verdict.rule, verdict.total
    need = f"cần từ {rule.total} điểm và không chỉ số nào dưới {rule.each}"
    if verdict.passed:
        return f"Bạn được {total}/{criteria.most} điểm: đủ điểm đạt ({need})."
    if not verdict.below:
        return (
            f"Bạn được {total}/{criteria.most} điểm, còn thiếu {verdict.missing} điểm nên chưa đạt ({need})."
        )
    weak = _weak_words(verdict, criteria, points)
    if not verdict.missing:
        return f"Bạn được {total} điểm nhưng {weak}, nên chưa đạt ({need})."
    got = f"{total}/{criteria.most} điểm, còn thiếu {verdict.missing} điểm"
    return f"Bạn được {got}, và {weak}, nên chưa đạt ({need})."


def _weak_words(verdict: Verdict, criteria: CriteriaSet, points: Sequence[int]) -> str:
    below = verdict.below
    if len(below) > _MOST_BELOW_NAMED:
        numbers = ", ".join(map(str, below))
        return f"{len(below)} chỉ số dưới {verdict.rule.each} điểm ({numbers})"
    named = (f"chỉ số {n} ({criteria.indicators[n - 1].name}) mới {points[n - 1]} điểm" for n in below)
    return ", ".join(named)


def _verdict_lines(
    result: AssessmentResult, criteria: CriteriaSet, before: AssessmentResult | None, zone: tzinfo
) -> list[str]:
    verdict = criteria.verdict(result.points)
    lines = [verdict_words(verdict, criteria, result.points)]
    lines += [f"• {one.name}: {got}/{most}" for one, got, most in criteria.by_competency(result.points)]
    if before is not None:
        lines.append(_compared(result, before, zone))
    lines.append(ESTIMATE)
    lines.append(f"Tiêu chí {criteria.document}. Mã phiếu: {result.code}")
    return lines


def _compared(result: AssessmentResult, before: AssessmentResult, zone: tzinfo) -> str:
    change = result.total - before.total
    how = f"tăng {change} điểm" if change > 0 else f"giảm {-change} điểm" if change < 0 else "bằng nhau"
    other = " (theo bộ tiêu chí khác)" if before.criteria != result.criteria else ""
    return f"So với lần {_day(before.finished_at, zone)} ({before.total} điểm{other}): {how}."


def _next_steps(result: AssessmentResult, criteria: CriteriaSet) -> Text:
    weakest = _weakest(result, criteria)
    text = _advice(weakest, result.group)
    while len(text) > MOST_LETTERS and weakest:
        weakest = weakest[:-1]
        text = _advice(weakest, result.group)
    options = tuple(
        Option(f"Thêm về chỉ số {one.number}", f"q:{about}")
        for one in weakest
        if (about := _about(one, result.group))
    )
    return Text(text, (*options, _REGISTER, PERSON), numbered=False)


def _advice(weakest: Sequence[Indicator], group: str) -> str:
    head = "Việc nên làm trước:" if weakest else "Bạn giữ đều như vậy và cất minh chứng cả năm nhé."
    lines = [f"• {one.name}. {_step_of(one, group)}" for one in weakest]
    return "\n".join((head, *lines, _TO_REGISTER))


def _weakest(result: AssessmentResult, criteria: CriteriaSet) -> list[Indicator]:
    pairs = sorted(
        zip(result.points, criteria.indicators, strict=True), key=lambda pair: pair[0] / pair[1].most
    )
    return [one for got, one in pairs if got < _GOOD_ENOUGH and _step_of(one, result.group)][:_STEPS]


def _step_of(indicator: Indicator, group: str) -> str:
    question = indicator.questions.get(group)
    return question.next_step if question is not None else ""


def _about(indicator: Indicator, group: str) -> str:
    question = indicator.questions.get(group)
    return question.about if question is not None else ""


def _reached(result: AssessmentResult) -> str:
    return "đủ điểm đạt" if result.passed else "chưa đạt"


def _day(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day}/{local.month}/{local.year}"
