"""The gold questions, put to the assistant as citizens put them: right answers and honest refusals.

`development.yml` serves tuning, and its failures are shown here. Any other file is blind: only sums are told.
"""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

import pytest

from bot import app
from bot.evaluation import Graded, Report, evaluate, report_lines, tally
from bot.gold import STYLES, load_gold
from bot.settings import Settings
from knowledge.content import Content
from nlu.text import vietnamese_text

FILES = sorted(Path(__file__).with_name("gold").glob("*.yml"))
DEVELOPMENT = Path(__file__).with_name("gold") / "development.yml"

RIGHT = {"accented": 0.95, "unaccented": 0.93, "teencode": 0.88}
"""Answered right, of the questions that have an answer."""
REFUSED = 0.95
"""Declined, of the questions that are not ours."""
WRONG = 0.03
"""Answered with what is not so or not known, at most, of the questions that are ours."""

by_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


@cache
def _graded(path: Path) -> tuple[Graded, ...]:
    """What came of every question; asked once, looked at by several tests."""
    assistant = app.make_assistant(Settings(_env_file=None), app.load_knowledge())
    return tuple(asyncio.run(evaluate(assistant, load_gold(path))))


def _told(path: Path) -> str:
    return "\n" + "\n".join(report_lines(Report(path, _graded(path)), failures=path == DEVELOPMENT))


@by_file
@pytest.mark.parametrize("style", STYLES)
def test_what_is_known_is_answered_right_however_it_is_typed(path: Path, style: str) -> None:
    share = tally(_graded(path), style).right_share
    assert share >= RIGHT[style], _told(path)


@by_file
def test_what_is_not_ours_is_declined(path: Path) -> None:
    share = tally(_graded(path)).refused_share
    assert share >= REFUSED, _told(path)


@by_file
def test_hardly_anything_wrong_is_said(path: Path) -> None:
    share = tally(_graded(path)).wrong_share
    assert share <= WRONG, _told(path)


@by_file
def test_no_question_is_copied_into_the_content(path: Path, content: Content) -> None:
    text = vietnamese_text()
    known = {
        text.syllables(text.as_meant(variant)): f"{entry.id}: {variant}"
        for entry in content.entries.values()
        for variant in (entry.question, *entry.variants)
    }
    # A follow-up is a few words anybody would use ("ai ký vậy?") and proves nothing.
    asked = [text.syllables(text.as_meant(q.text)) for q in load_gold(path) if not q.after]
    assert [known[question] for question in asked if question in known] == []


def test_the_development_questions_are_many_and_of_every_kind() -> None:
    questions = load_gold(DEVELOPMENT)
    styles = [question.style for question in questions]
    assert len(questions) == len({(q.text, q.after) for q in questions}) >= 360
    assert min(styles.count(style) for style in STYLES) >= len(questions) * 0.3
    assert sum(question.decline is not None for question in questions) >= len(questions) * 0.22
    assert sum(bool(question.after) for question in questions) >= 20
