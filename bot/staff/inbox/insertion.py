"""An answer the bot knows, put into an officer's own reply: found as the bot finds it, with its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.ask import source_line
from bot.dialogue.sources import as_sources
from bot.staff.words import shortened
from knowledge.base import KnowledgeBase
from knowledge.index import Mode
from knowledge.repertoire import FACT

OFFERED = 5
LONGEST = 200
_LOOKED_AT = 20
_HARDLY = 0.03
"""Less likely than this is not worth reading."""


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer that can be put into a reply."""

    id: str
    question: str
    answer: str


async def found(base: KnowledgeBase, words: str) -> Sequence[Ready]:
    """The likeliest entries for what was typed, the best first."""
    ranked = await base.ranking(words[:LONGEST], Mode.HYBRID, _LOOKED_AT)
    near = [one.id for one in ranked if one.score >= _HARDLY and not one.id.startswith(FACT)]
    lines = [line for line in map(base.repertoire.line, near[:OFFERED]) if line is not None]
    return [Ready(line.id, line.question, shortened(" ".join(line.text.split()), 220)) for line in lines]


def with_answer(typed: str, entry_id: str, base: KnowledgeBase) -> str | None:
    """What was typed with the answer and its sources below it; None when the entry is gone."""
    answer = base.entry(entry_id)
    if answer is None:
        return None
    sources = "\n".join(source_line(source) for source in as_sources(answer.citations))
    added = f"{answer.text}\n{sources}" if sources else answer.text
    return f"{typed.rstrip()}\n\n{added}" if typed.strip() else added
