"""`khuyenhoc eval`: gold questions put to the assistant as citizens put them, and what came of it.

Judges what a citizen would see, sources included. Must never change anything: it stores and sends nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeVar

from bot.ask import as_text, ask
from bot.dialogue.assistant import Assistant
from bot.dialogue.turn import Mode as Answering
from bot.dialogue.turn import Outcome, Turn, View
from bot.gold import STYLES, Decline, GoldQuestion, says_it_is_not_known
from connectors.channel import Capabilities
from connectors.message import EventKind, InboundEvent, clean_text

GOLD_FOLDER = Path(__file__).resolve().parent.parent / "tests" / "knowledge" / "gold"
"""Where a checkout keeps its gold files; not part of an installed package."""
DEPTH = 10
"""How many units a ranking is judged by."""

_PLAIN = Capabilities(text_limit=4000, max_options=0, option_label_limit=120, window=None)
_NAMES = {"accented": "có dấu", "unaccented": "không dấu", "teencode": "viết tắt", "": "tất cả"}


class Grade(StrEnum):
    """What became of one question."""

    RIGHT = "right"
    WRONG = "wrong"
    """Answered, with key facts missing or with what must not be there."""
    MISSED = "missed"
    """Not answered though it is known."""
    REFUSED = "refused"
    """Not ours, and not answered."""
    INVENTED = "invented"
    """Not ours, and answered."""
    ADMITTED = "admitted"
    """Nobody knows, and the citizen is told so."""
    ASSERTED = "asserted"
    """Nobody knows, and it was answered all the same."""

    @property
    def is_good(self) -> bool:
        """Whether this is what should become of it."""
        return self in (Grade.RIGHT, Grade.REFUSED, Grade.ADMITTED)


_VERDICTS = {
    Grade.WRONG: "trả lời sai hoặc thiếu",
    Grade.MISSED: "bỏ lỡ câu biết",
    Grade.INVENTED: "trả lời câu ngoài phạm vi",
    Grade.ASSERTED: "khẳng định điều chưa biết",
}


@dataclass(frozen=True, slots=True)
class Graded:
    """One question with what came of it."""

    question: GoldQuestion
    grade: Grade
    outcome: Outcome
    answer: str
    """What the citizen sees, sources included."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over some questions, and the shares that matter. A share over nothing is 1 or 0: no fault."""

    counts: Counter[Grade]

    @property
    def questions(self) -> int:
        """How many questions there were."""
        return self.counts.total()

    @property
    def known(self) -> int:
        """Questions that have an answer."""
        return self.counts[Grade.RIGHT] + self.counts[Grade.WRONG] + self.counts[Grade.MISSED]

    @property
    def out_of_scope(self) -> int:
        """Questions that are not ours."""
        return self.counts[Grade.REFUSED] + self.counts[Grade.INVENTED]

    @property
    def unknown(self) -> int:
        """Questions that are ours and have no answer."""
        return self.counts[Grade.ADMITTED] + self.counts[Grade.ASSERTED]

    @property
    def right_share(self) -> float:
        """Answered right, of those that have an answer."""
        return self.counts[Grade.RIGHT] / self.known if self.known else 1.0

    @property
    def refused_share(self) -> float:
        """Declined, of those that are not ours."""
        return self.counts[Grade.REFUSED] / self.out_of_scope if self.out_of_scope else 1.0

    @property
    def admitted_share(self) -> float:
        """Declined or said to be unknown, of those nobody knows."""
        return self.counts[Grade.ADMITTED] / self.unknown if self.unknown else 1.0

    @property
    def wrong_share(self) -> float:
        """Answered with what is not so or not known, of all that are ours."""
        ours = self.known + self.unknown
        return (self.counts[Grade.WRONG] + self.counts[Grade.ASSERTED]) / ours if ours else 0.0


# --- putting the questions --------------------------------------------------------------------------


async def evaluate(assistant: Assistant, questions: Iterable[GoldQuestion]) -> list[Graded]:
    """Every question in a conversation of its own, graded, in order."""
    return [grade(question, await _put(assistant, question)) for question in questions]


async def _put(assistant: Assistant, question: GoldQuestion) -> Turn:
    if not question.after:
        return await ask(assistant, question.text)
    before = await ask(assistant, question.after)
    now = datetime.now(UTC)
    event = InboundEvent("cli", "cli", "cli", "cli-2", EventKind.TEXT, now, text=clean_text(question.text))
    return await assistant.turn(event, View(before.state, Answering.BOT, None, _PLAIN, now))


def grade(question: GoldQuestion, turn: Turn) -> Graded:
    """Judge one turn."""
    answer = as_text(turn)
    return Graded(question, _grade(question, turn.outcome, answer), turn.outcome, answer)


def _grade(question: GoldQuestion, outcome: Outcome, answer: str) -> Grade:
    answered = outcome is Outcome.ANSWERED
    if question.decline is Decline.OUT_OF_SCOPE:
        return Grade.INVENTED if answered else Grade.REFUSED
    if question.decline is Decline.UNKNOWN:
        # A greeting is no answer to somebody who asked what nobody knows; a person on the way is one.
        is_owned = outcome in (Outcome.ABSTAINED, Outcome.HANDOFF) or says_it_is_not_known(answer)
        return Grade.ADMITTED if is_owned else Grade.ASSERTED
    if not answered:
        return Grade.MISSED
    return Grade.RIGHT if question.accepts(answer) else Grade.WRONG


def tally(graded: Iterable[Graded], style: str = "") -> Tally:
    """Count; an empty style counts all."""
    return Tally(Counter(one.grade for one in graded if style in ("", one.question.style)))


# --- ranking ----------------------------------------------------------------------------------------

ModeT_contra = TypeVar("ModeT_contra", contravariant=True)
"""How to rank; `knowledge.index.Mode` in the house."""


class Ranked(Protocol):
    """One unit that was found."""

    @property
    def id(self) -> str:
        """Its name."""
        ...

    @property
    def text(self) -> str:
        """What it says."""
        ...

    @property
    def score(self) -> float:
        """Higher is better, within one search."""
        ...


class Ranks(Protocol[ModeT_contra]):
    """Whoever can rank the content for a question."""

    async def ranking(self, question: str, mode: ModeT_contra, k: int) -> Sequence[Ranked]:
        """The best `k` units, best first."""
        ...


@dataclass(frozen=True, slots=True)
class RankingQuality:
    """How well one mode finds what answers the questions of one style."""

    style: str
    """Empty for all."""
    mode: str
    questions: int
    recall_1: float
    recall_5: float
    mrr_10: float


async def evaluate_ranking(
    knowledge: Ranks[ModeT_contra], questions: Iterable[GoldQuestion], modes: Mapping[str, ModeT_contra]
) -> list[RankingQuality]:
    """Quality per style and mode, over the questions that have an answer and stand alone.

    A unit is relevant when its text passes the question's key facts: a little generous, the same for
    every mode.
    """
    asked = [question for question in questions if question.has and not question.after]
    qualities: list[RankingQuality] = []
    for name, mode in modes.items():
        places = [(q.style, _place(q, await knowledge.ranking(q.text, mode, DEPTH))) for q in asked]
        qualities += [_quality(style, name, places) for style in (*STYLES, "")]
    return sorted(qualities, key=lambda quality: (*STYLES, "").index(quality.style))


def _place(question: GoldQuestion, found: Sequence[Ranked]) -> float:
    """The place of the first relevant unit from 1; infinite when there is none."""
    return next((i for i, unit in enumerate(found[:DEPTH], 1) if question.accepts(unit.text)), math.inf)


def _quality(style: str, mode: str, places: Sequence[tuple[str, float]]) -> RankingQuality:
    own = [place for of, place in places if style in ("", of)]
    count = max(len(own), 1)
    return RankingQuality(
        style=style,
        mode=mode,
        questions=len(own),
        recall_1=sum(place <= 1 for place in own) / count,
        recall_5=sum(place <= 5 for place in own) / count,
        mrr_10=sum(1 / place for place in own) / count,
    )


# --- reports ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one file."""

    path: Path
    graded: Sequence[Graded]
    ranking: Sequence[RankingQuality] = ()

    @property
    def failures(self) -> list[Graded]:
        """What did not go as it should."""
        return [one for one in self.graded if not one.grade.is_good]


async def report_on(
    path: Path,
    questions: Sequence[GoldQuestion],
    assistant: Assistant,
    knowledge: Ranks[ModeT_contra],
    modes: Mapping[str, ModeT_contra],
) -> Report:
    """Evaluate the questions of one file, and the rankings of each of `modes`."""
    graded = await evaluate(assistant, questions)
    return Report(path, graded, await evaluate_ranking(knowledge, questions, modes))


def shipped_gold() -> list[Path]:
    """The gold files of the checkout this runs from; none when only the package is installed."""
    return sorted(GOLD_FOLDER.glob("*.yml"), key=lambda path: (path.name != "development.yml", path.name))


def interval(successes: int, of: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a share; 0 to 1 over nothing."""
    if not of:
        return 0.0, 1.0
    z = 1.96
    share = successes / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def report_lines(report: Report, *, failures: bool) -> list[str]:
    """The report as a person reads it."""
    lines = [
        f"{report.path.name}: {len(report.graded)} câu hỏi",
        f"{'':<11}{'trả lời đúng':>16} {'[khoảng 95%]':<15}{'sai':>5}{'bỏ lỡ':>7}"
        f"{'ngoài phạm vi':>16}{'chưa biết':>14}{'nói sai':>10}",
    ]
    for style in (*STYLES, ""):
        sums = tally(report.graded, style)
        if not sums.questions:
            continue
        right = sums.counts[Grade.RIGHT]
        low, high = interval(right, sums.known)
        lines.append(
            f"{_NAMES[style]:<11}{_share(right, sums.known):>16} {f'[{low:.0%}–{high:.0%}]':<15}"
            f"{sums.counts[Grade.WRONG]:>5}{sums.counts[Grade.MISSED]:>7}"
            f"{_share(sums.counts[Grade.REFUSED], sums.out_of_scope):>16}"
            f"{_share(sums.counts[Grade.ADMITTED], sums.unknown):>14}"
            f"{sums.wrong_share:>10.1%}"
        )
    if report.ranking:
        lines += ["", f"{'tìm':<11}{'cách':<10}{'câu':>5}{'R@1':>8}{'R@5':>8}{'MRR@10':>8}"]
        lines += [
            f"{_NAMES[q.style]:<11}{q.mode:<10}{q.questions:>5}{q.recall_1:>8.3f}{q.recall_5:>8.3f}{q.mrr_10:>8.3f}"
            for q in report.ranking
        ]
    if failures:
        for one in report.failures:
            lines += ["", *_failure_lines(one)]
    return lines


def _share(part: int, of: int) -> str:
    return f"{part}/{of} {part / of:.1%}" if of else "–"


def _failure_lines(one: Graded) -> list[str]:
    question = one.question
    expected = "; ".join(" | ".join(group) for group in question.has) or f"từ chối ({question.decline})"
    if question.never:
        expected += f"; không có {', '.join(question.never)}"
    return [
        f"✘ dòng {question.line} ({_NAMES[question.style]}), {_VERDICTS[one.grade]}: {question.text}",
        *([f"    sau câu: {question.after}"] if question.after else []),
        f"    cần: {expected}",
        f"    bot ({one.outcome}): {' ⏎ '.join(one.answer.splitlines())}",
    ]


def report_record(report: Report, *, failures: bool) -> dict[str, Any]:
    """The report for programs; its shape is written down in docs/commands.md."""
    record: dict[str, Any] = {
        "file": report.path.name,
        "styles": {style: _tally_record(tally(report.graded, style)) for style in STYLES},
        "total": _tally_record(tally(report.graded)),
    }
    if report.ranking:
        record["retrieval"] = [
            {
                "style": quality.style or "total",
                "mode": quality.mode,
                "questions": quality.questions,
                "r1": round(quality.recall_1, 4),
                "r5": round(quality.recall_5, 4),
                "mrr10": round(quality.mrr_10, 4),
            }
            for quality in report.ranking
        ]
    if failures:
        record["failures"] = [
            {
                "line": one.question.line,
                "style": one.question.style,
                "q": one.question.text,
                "after": one.question.after,
                "grade": one.grade.value,
                "outcome": one.outcome.value,
                "answer": one.answer,
            }
            for one in report.failures
        ]
    return record


def _tally_record(sums: Tally) -> dict[str, Any]:
    return {
        "questions": sums.questions,
        "known": sums.known,
        "out_of_scope": sums.out_of_scope,
        "unknown": sums.unknown,
        **{grade.value: sums.counts[grade] for grade in Grade},
        "right_share": round(sums.right_share, 4),
        "refused_share": round(sums.refused_share, 4),
        "admitted_share": round(sums.admitted_share, 4),
        "wrong_share": round(sums.wrong_share, 4),
    }
