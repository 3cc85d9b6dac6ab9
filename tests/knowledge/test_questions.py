"""Questions people ask, none of them in the content: right answers, wrong ones, and honest refusals.

Even places were used for tuning, odd places were held out. The thresholds stand at what was reached.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from knowledge.answer import Answer
from knowledge.base import KnowledgeBase
from knowledge.content import Content
from nlu.text import vietnamese_text

QUESTIONS: dict[str, list[dict[str, object]]] = yaml.safe_load(
    Path(__file__).with_name("questions.yml").read_text("utf-8")
)


@dataclass
class Score:
    """Counts over one half."""

    right: int = 0
    declined: int = 0
    in_scope: int = 0
    out_of_scope: int = 0
    wrong: list[str] = field(default_factory=list)
    """In scope, and answered with something else."""
    invented: list[str] = field(default_factory=list)
    """Out of scope, and answered."""


def _score(knowledge: KnowledgeBase, remainder: int) -> Score:
    score = Score()
    for question in (q for style in QUESTIONS.values() for q in style[remainder::2]):
        text, expected = str(question["q"]), question.get("expect")
        result = knowledge.ask(text)
        answered = result.entry_id if isinstance(result, Answer) else None
        if isinstance(expected, list):
            score.in_scope += 1
            score.right += answered in expected
            if answered and answered not in expected:
                score.wrong.append(text)
        else:
            score.out_of_scope += 1
            score.declined += answered is None
            if answered:
                score.invented.append(text)
    return score


@pytest.mark.parametrize(("half", "right"), [("tuning", 0.98), ("held out", 0.93)])
def test_citizens_get_right_answers_and_honest_refusals(
    knowledge: KnowledgeBase, half: str, right: float
) -> None:
    score = _score(knowledge, 0 if half == "tuning" else 1)
    assert score.right / score.in_scope >= right
    assert score.declined / score.out_of_scope >= 0.95, score.invented
    assert len(score.wrong) / score.in_scope <= 0.03, score.wrong


def test_the_questions_are_many_varied_and_not_copied_into_the_content(content: Content) -> None:
    text = vietnamese_text()
    known = {
        text.syllables(text.as_meant(v)) for e in content.entries.values() for v in (e.question, *e.variants)
    }
    asked = [str(q["q"]) for style in QUESTIONS.values() for q in style]
    assert len(asked) == len(set(asked)) >= 120
    assert min(len(style) for style in QUESTIONS.values()) >= len(asked) * 0.3
    assert sum("decline" in q for style in QUESTIONS.values() for q in style) >= len(asked) * 0.25
    assert [q for q in asked if text.syllables(text.as_meant(q)) in known] == []
    named = {e for style in QUESTIONS.values() for q in style for e in _expected(q)}
    assert named <= set(content.entries)


def _expected(question: dict[str, object]) -> list[str]:
    expected = question.get("expect", [])
    return [str(entry) for entry in expected] if isinstance(expected, list) else []


@pytest.mark.parametrize("half", ["tuning", "held_out"])
def test_questions_of_other_fields_in_our_own_words_are_declined(knowledge: KnowledgeBase, half: str) -> None:
    questions = yaml.safe_load(Path(__file__).with_name("lookalikes.yml").read_text("utf-8"))[half]
    answered = [question for question in questions if isinstance(knowledge.ask(question), Answer)]
    assert len(answered) / len(questions) <= 0.04, answered
