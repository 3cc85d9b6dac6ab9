"""A question with everything that is worked out of it once, before anything is looked for.

What was typed is kept as it is; what the model is to read is a guess and is only ever used for comparing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from knowledge.analysis import Restorer, TextAnalysis
from knowledge.dense import Vectors

USUAL_MARKS = 0.8
"""Share of syllables with a mark in ordinary marked text."""
_QUESTION_CHARACTERS = 1_500
"""What is read of a question; bounds the time for abusive ones."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with everything that is worked out once."""

    typed: str
    tokens: tuple[str, ...]
    """Folded syllables as meant: abbreviations opened, slips of the keyboard undone."""
    marked: tuple[str, ...]
    """Syllables with the marks that were typed."""
    share_of_marks: float
    """Share of the syllables that carry a mark, 0 to 1."""
    restored: str
    """With its marks back, for the model."""
    trust: float
    """0 to 1: how far `restored` can be relied on. 1 for a question that carries its marks."""
    vector: Vectors | None = field(default=None, compare=False)
    """Shape (dimensions,); None while no model has read it."""
    model: str = ""
    """Name of the embedder that made `vector`."""


def prepare(question: str, analysis: TextAnalysis, restorer: Restorer | None = None) -> Question:
    """Everything about a question but its vector; about 0.3 ms for a short one."""
    typed = question[:_QUESTION_CHARACTERS]
    share = analysis.share_of_marks(typed)
    # Keyboard slips are undone in folded text only; where marks were typed they are worth more than that.
    folded = analysis.as_meant(typed)
    meant = analysis.open_abbreviations(typed) if share >= 0.2 else folded
    restored, trust = meant, 1.0 if share >= USUAL_MARKS else share / USUAL_MARKS
    if restorer is not None:
        restoration = restorer.restoration(meant)
        restored = restoration.text
        trust = 1 - (1 - restoration.sureness) * (1 - trust)
    return Question(
        typed=typed,
        tokens=analysis.syllables(folded),
        marked=analysis.marked_syllables(typed),
        share_of_marks=share,
        restored=restored,
        trust=trust,
    )
