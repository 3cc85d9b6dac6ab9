"""The shape of what the knowledge layer gives back: an answer with its sources, or an honest no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Citation:
    """The place a statement rests on."""

    document: str
    """Document number as registered: `677/QĐ-TTg`. Empty for a source that is not a numbered document."""
    title: str
    """`Quyết định 677/QĐ-TTg ngày 03/6/2022`: what the citizen reads."""
    locator: str = ""
    """The place in it: `mục tiêu đến 2030`."""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of content that was found for a question."""

    id: str
    score: float
    """Comparable within one search only; higher is better."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question the bot can answer, offered to be pressed."""

    entry_id: str
    question: str
    """As a person would ask it, at most 60 characters."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known, in plain words."""

    entry_id: str
    """What gave the answer; hand it back as `after` with the next question of the same person.

    A FAQ entry's id, or `fact:<id>`, `document:<number>`, `library:<passage>`.
    """
    text: str
    citations: tuple[Citation, ...]
    confidence: float
    """0 to 1: how likely this is what was asked, as calibrated on the development questions."""
    passages: tuple[Passage, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    """Where a person may want to go next."""


class AbstentionReason(StrEnum):
    """Why there is no answer."""

    OUT_OF_SCOPE = "out_of_scope"
    """Somebody else's business, or nothing in the content resembles the question."""
    NOT_KNOWN = "not_known"
    """Ours, but the content does not say."""
    TOO_VAGUE = "too_vague"
    """Several different things could be meant."""


@dataclass(frozen=True, slots=True)
class Abstention:
    """An honest no, with the nearest questions that can be answered."""

    reason: AbstentionReason
    suggestions: tuple[Suggestion, ...] = ()
    passages: tuple[Passage, ...] = ()
    reply: str = ""
    """Words for just this case (whose business it is); empty where the usual words do."""


class Knowledge(Protocol):
    """What the assistant asks. None of it raises for any question or blocks the event loop."""

    @property
    def size(self) -> int:
        """How many entries can answer."""
        ...

    async def ask(self, question: str, after: str = "") -> Answer | Abstention:
        """Answer a question as it was typed, or say honestly that it cannot be answered.

        `after` is the `entry_id` of the answer this person got last: "thế còn năm 2030?" is about it.
        """
        ...

    def entry(self, entry_id: str) -> Answer | None:
        """The answer behind a pressed suggestion; None when the entry is gone."""
        ...

    def suggestions(self, entry_ids: Sequence[str]) -> tuple[Suggestion, ...]:
        """The first few of these that can be asked for, as questions."""
        ...

    def starters(self, count: int) -> tuple[Suggestion, ...]:
        """Good first questions, for somebody who does not know what to ask."""
        ...
