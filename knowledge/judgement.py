"""How likely a candidate is the answer: signs that speak for and against it, weighed as calibrated.

The weights in judgement.json come from the development questions (`make calibrate`), never from anything
else; the blind questions only measure. It weighs and nothing more: it knows no question and no wording.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


class Signs(NamedTuple):
    """What speaks for or against one candidate, each about 0 to 1. Where nothing is said, 0."""

    likeness: float
    """Nearest way of asking for it, by words."""
    likeness_behind: float
    """How far another candidate is ahead in that."""
    rank: float
    rank_behind: float
    explained: float
    in_order: float
    strange: float
    """Share of the question nobody of ours explains, when the question is not surely ours."""
    documents_just: float
    """It is about just the documents named by number."""
    documents_some: float
    """It rests on one of them, and on others."""
    documents_none: float
    """It has nothing to do with any."""
    other_name: float
    """It is about a document named by another name."""
    year: float
    """It holds for the year asked about."""
    no_year: float
    """A year is asked about and it has none."""
    asks: float
    """It is asked for in the same way: both ask who, or when, or how many."""
    asks_otherwise: float
    """It is asked for in another way."""
    title: float
    """It is about the title named."""
    other_title: float
    place: float
    """It speaks of the place named."""
    other_place: float
    ours: float
    """The question is surely ours."""
    others: float
    """The question is somebody else's."""
    single: float
    """The question has one telling word only."""
    wordy: float
    """How many telling words the question has; 1 for twelve or more."""
    fact: float
    """A bare fact, not an entry somebody wrote for a question."""
    follows: float
    """The question is understood as going on from the last answer."""
    meaning: float = 0.0
    """Likeness of meaning, stretched from the narrow range the model uses."""
    meaning_behind: float = 0.0
    """How far another candidate is ahead in that."""
    meaning_stands_out: float = 0.0
    """How far it stands above the usual nearness of our content to this question."""
    agreed: float = 0.0
    """It comes first by words and by meaning alike."""


SIGNS = Signs._fields
WORD_SIGNS = SIGNS[: SIGNS.index("meaning")]


@dataclass(frozen=True, slots=True)
class Scale:
    """Weights for one way of looking: which candidate is first, and whether it can be trusted."""

    order: Numbers
    """One weight per sign: what puts a candidate before another."""
    trust: Numbers
    """One weight per sign and a last one for the lead: what makes a candidate an answer."""
    bias: float

    def weigh(self, signs: Numbers) -> tuple[Numbers, Numbers]:
        """For rows of signs: how far each is ahead (any number), and how likely it is an answer (0 to 1)."""
        scores = signs @ self.order
        lead = lead_of(scores)
        sums = np.hstack([signs, lead[:, None]]) @ self.trust + self.bias
        return scores, np.asarray(1.0 / (1.0 + np.exp(-np.clip(sums, -30, 30))))


def lead_of(scores: Numbers) -> Numbers:
    """How far each is ahead of the best of the others, at most 3 either way; 3 for the only one."""
    if len(scores) == 1:
        return np.full(1, 3.0)
    second, first = np.sort(scores)[-2:]
    best = int(scores.argmax())
    others = np.where(np.arange(len(scores)) == best, second, first)
    return np.asarray(np.clip(scores - others, -3.0, 3.0))


@dataclass(frozen=True, slots=True)
class Judgement:
    """Calibrated weights and where the lines are drawn."""

    by_words: Scale
    by_words_and_meaning: Scale
    answer_at: float
    """From this probability on it is the answer."""
    sure_at: float
    """From here on, by words alone, the meaning need not be asked."""
    offer_at: float
    """From here on it is worth offering."""

    def weigh(self, candidates: Sequence[Signs], *, with_meaning: bool) -> tuple[Numbers, Numbers]:
        """Where each candidate stands in order, and how likely it is the answer."""
        if not candidates:
            return np.zeros(0), np.zeros(0)
        table = np.array(candidates, np.float64)
        if with_meaning:
            return self.by_words_and_meaning.weigh(table)
        return self.by_words.weigh(table[:, : len(WORD_SIGNS)])


def shipped_judgement() -> Judgement:
    """The calibration in judgement.json. Raises ValueError when it does not fit this program."""
    raw: dict[str, Any] = json.loads(files("knowledge").joinpath("judgement.json").read_text("utf-8"))

    def scale(name: str, signs: Sequence[str]) -> Scale:
        order, trust = dict(raw[name]["order"]), dict(raw[name]["trust"])
        bias = trust.pop("bias")
        if tuple(order) != tuple(signs) or tuple(trust) != (*signs, "lead"):
            raise ValueError(f"judgement.json: {name} was made for other signs; run `make calibrate`")
        return Scale(np.array(list(order.values())), np.array(list(trust.values())), bias)

    return Judgement(
        by_words=scale("by_words", WORD_SIGNS),
        by_words_and_meaning=scale("by_words_and_meaning", SIGNS),
        answer_at=raw["answer_at"],
        sure_at=raw["sure_at"],
        offer_at=raw["offer_at"],
    )
