"""What the assistant knows, as the rest of the program sees it: documents, facts, questions, boundaries.

Plain frozen types without behaviour worth testing; how they come out of files or the database is written in
knowledge.items. Nothing here searches or decides what a question means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from knowledge.answer import Citation

ANSWER_LIMIT = 500
"""Characters of one answer: what is still read on a phone."""
QUESTION_LIMIT = 60
"""Characters of a question that is offered to be pressed."""
STEP_LIMIT = 160
"""Characters of the next step suggested after an answer."""
REPLY_LIMIT = 300
"""Characters of the polite word about what is not ours."""


class Certainty(StrEnum):
    """How well a statement is supported, from best to worst."""

    CERTAIN = "certain"
    """Two independent sources agree, or the document itself was read."""
    SINGLE_SOURCE = "single-source"
    """One source says so and none contradicts: worded as "theo …"."""
    UNVERIFIED = "unverified"
    """Not confirmed, or not known: said as such."""


_DOUBT = list(Certainty)


class Level(StrEnum):
    """Whose document it is."""

    CENTRAL = "trung-uong"
    """Party, Government, ministries."""
    ASSOCIATION = "hoi"
    """The association itself, at any level."""
    PROVINCE = "tinh"
    """A province's Party committee or authorities."""


@dataclass(frozen=True, slots=True)
class Document:
    """A directive, decision, plan … the assistant may name."""

    number: str
    """As registered: `677/QĐ-TTg`, `49-KL/TW`."""
    type: str
    """`Quyết định`, `Kết luận` …"""
    title: str
    issued: date
    issuer: str
    status: str
    """What is known about its being in force: a Vietnamese fragment."""
    aliases: tuple[str, ...]
    """Other names people use."""
    certainty: Certainty
    """Of what is said here about the document, not of what stands in it."""
    level: Level = Level.CENTRAL
    signer: str = ""
    """`Phó Thủ tướng Vũ Đức Đam`; empty where not known."""
    effective: date | None = None
    """First day it is in force, where that is known and another day than `issued`."""
    replaces: tuple[str, ...] = ()
    """Numbers as registered, as are the two below; they need not be registered here."""
    replaced_by: tuple[str, ...] = ()
    implements: tuple[str, ...] = ()
    url: str = ""
    """An official page with the text; empty where none is known."""

    @property
    def cited_as(self) -> str:
        """`Quyết định 677/QĐ-TTg ngày 03/6/2022`."""
        return f"{self.type} {self.number} ngày {written_date(self.issued)}"


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement in our own words, and where it stands."""

    id: str
    statement: str
    """Understandable standing alone: it may be the whole answer."""
    certainty: Certainty
    citation: Citation
    document: str = ""
    """Number of the document it is about, also where it rests on something else; empty for a topic's fact."""
    topic: str = ""
    """Title of the topic it belongs to; empty for a document's fact."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A question people ask and its answer."""

    id: str
    question: str
    answer: str
    facts: tuple[Fact, ...]
    variants: tuple[str, ...] = ()
    """Other ways people ask it."""
    about: tuple[str, ...] = ()
    """Numbers of the documents the entry is about."""
    years: tuple[int, ...] = ()
    """Years the answer holds for; empty where none are meant."""
    only_if: tuple[str, ...] = ()
    """Words of which the question must say one (the name of a province); empty where none is needed."""
    next: tuple[str, ...] = ()
    """Entries a person may want to read next."""
    featured: bool = False
    """Offered when nothing nearer can be."""
    step: str = ""
    """One suggested next step, shown after the answer; may be empty."""

    @property
    def certainty(self) -> Certainty:
        """That of the least certain fact."""
        return max((fact.certainty for fact in self.facts), key=_DOUBT.index)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Where the answer stands, each place once. What was not found is no source."""
        known = [fact.citation for fact in self.facts if fact.certainty is not Certainty.UNVERIFIED]
        return tuple(dict.fromkeys(known))


@dataclass(frozen=True, slots=True)
class Boundary:
    """Something that belongs to others: said politely, with what we can help with instead."""

    id: str
    says: tuple[str, ...]
    """Phrases of which the question says one."""
    reply: str


@dataclass(frozen=True, slots=True, order=True)
class YearDay:
    """A day of the year."""

    month: int
    day: int

    def in_year(self, year: int) -> date:
        """That day in a year; 29 February falls on the 28th where there is none."""
        try:
            return date(year, self.month, self.day)
        except ValueError:
            return date(year, 2, 28)

    def __str__(self) -> str:
        return f"{self.day}/{self.month}"


@dataclass(frozen=True, slots=True)
class Occasion:
    """A day or some days of every year that people may be written to about."""

    id: str
    title: str
    first: YearDay
    last: YearDay
    """The same as `first` for one day; before it where the turn of the year lies between."""
    certainty: Certainty
    """Of its date. What is unverified must be confirmed by a person before anything is scheduled."""
    facts: tuple[Fact, ...] = ()
    """What the date and the message rest on."""
    note: str = ""
    """What staff should know: that places may move it, for example."""
    topic: str = ""
    """Id of what people agreed to be sent, see bot.outreach.topics; checked there."""
    message: str = ""
    """A message to begin with; may hold placeholders in braces."""
    lead_days: int = 14
    """So long before, a campaign is proposed."""


@dataclass(frozen=True, slots=True)
class Terms:
    """content/terms.yml: words the search treats in a special way."""

    filler_phrases: tuple[str, ...] = ()
    filler_words: tuple[str, ...] = ()
    """Phrases and words without a topic."""
    own: tuple[str, ...] = ()
    """Phrases that show a question to be surely ours."""
    others: tuple[str, ...] = ()
    """Phrases that look like ours and belong to somebody else's field."""


@dataclass(frozen=True, slots=True)
class Content:
    """Everything the assistant knows, by id and in the order of ids: the same whichever way it came."""

    documents: Mapping[str, Document]
    facts: Mapping[str, Fact]
    entries: Mapping[str, Entry]
    terms: Terms
    boundaries: Mapping[str, Boundary]
    occasions: Mapping[str, Occasion] = field(default_factory=dict)


def written_date(day: date) -> str:
    """As official writing has it, days and months 1 and 2 with a zero: `03/6/2022`, `10/02/2020`."""
    month = f"{day.month:02}" if day.month < 3 else str(day.month)
    return f"{day.day:02}/{month}/{day.year}"
