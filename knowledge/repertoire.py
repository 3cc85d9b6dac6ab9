"""Everything that can be said, as sayables to be found and as answers to be given.

An entry is said in the words somebody wrote for it; a fact that no entry was found for is said as it
stands, with its doubt. Nothing is said here that is not in the content.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.answer import Answer, Citation, Passage, Suggestion
from knowledge.content import Certainty, Content, Document, Entry, Fact
from knowledge.search import Sayable

FACT = "fact:"
_YEAR = re.compile(r"(?<![\d/.-])(?:19|20)\d\d(?!\d)")
_SUGGESTIONS = 3
_MEANT_BY = 4
"""Ways of asking whose meaning, taken together, stands for an entry. As good as a vector each, and the
answer's words add nothing (measured on the development questions); a third of the time to make."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that can be said."""

    id: str
    question: str
    """How one asks for it; the statement itself for a fact."""
    text: str
    citations: tuple[Citation, ...]
    about: frozenset[str]
    """Numbers of the documents it is about."""
    cites: frozenset[str]
    """Numbers of the documents it is about or rests on."""
    years: frozenset[int]
    """Years it holds for."""
    is_fact: bool
    next: tuple[str, ...]
    sayable: Sayable
    meaning: str
    """The text whose meaning stands for it."""

    @property
    def documents_cited(self) -> frozenset[str]:
        """Numbers of the documents its answer cites."""
        return frozenset(citation.document for citation in self.citations if citation.document)

    @property
    def said(self) -> str:
        """Everything it says, with the names it goes by."""
        return f"{self.text} {self.sayable.says}"


class Repertoire:
    """Lines by place and by id. Immutable."""

    def __init__(self, content: Content) -> None:
        entries = list(content.entries.values())
        by_fact = {fact.id: entry for entry in reversed(entries) for fact in entry.facts}
        facts = [
            _fact_line(fact, content.documents, by_fact.get(fact.id))
            for fact in content.facts.values()
            if fact.certainty is not Certainty.UNVERIFIED
        ]
        self.lines: tuple[Line, ...] = (*map(_entry_line, entries), *facts)
        self._places = {line.id: place for place, line in enumerate(self.lines)}
        self._featured = [entry.id for entry in entries if entry.featured]
        self.entries = len(entries)

    def __contains__(self, line_id: str) -> bool:
        return line_id in self._places

    def line(self, line_id: str) -> Line | None:
        """The line of an id, if there is one."""
        place = self._places.get(line_id)
        return None if place is None else self.lines[place]

    def say(self, line: Line, confidence: float, passages: tuple[Passage, ...] = ()) -> Answer:
        """The line as an answer."""
        return Answer(
            entry_id=line.id,
            text=line.text,
            citations=line.citations,
            confidence=round(confidence, 4),
            passages=passages,
            suggestions=self.suggestions(line.next),
        )

    def suggestions(self, line_ids: Sequence[str]) -> tuple[Suggestion, ...]:
        """The first few of these that are entries, each once."""
        questions = {
            one: line.question
            for one in line_ids
            if (line := self.line(one)) is not None and not line.is_fact
        }
        return tuple(Suggestion(one, question) for one, question in list(questions.items())[:_SUGGESTIONS])

    @property
    def featured(self) -> list[str]:
        """Entries offered when nothing nearer can be."""
        return self._featured


def years_in(text: str) -> frozenset[int]:
    """Years that stand alone: `đến 2030`, not the last part of a date."""
    return frozenset(int(year) for year in _YEAR.findall(text))


def _entry_line(entry: Entry) -> Line:
    about = frozenset(entry.about)
    text = f"{entry.answer}\n{entry.step}" if entry.step else entry.answer
    askings = (entry.question, *entry.variants)
    return Line(
        id=entry.id,
        question=entry.question,
        text=text,
        citations=entry.citations,
        about=about,
        cites=about | {citation.document for citation in entry.citations if citation.document},
        years=frozenset(entry.years),
        is_fact=False,
        next=entry.next,
        sayable=Sayable(entry.id, askings, entry.answer, entry.only_if),
        meaning="; ".join(askings[:_MEANT_BY]),
    )


def _fact_line(fact: Fact, documents: Mapping[str, Document], entry: Entry | None) -> Line:
    document = documents.get(fact.document or fact.citation.document)
    names = (document.number, document.type, *document.aliases) if document else (fact.topic,)
    about = frozenset({document.number} if document else ())
    place = fact.citation.locator
    return Line(
        id=f"{FACT}{fact.id}",
        question=fact.statement,
        text=_with_doubt(fact),
        citations=(fact.citation,),
        about=about,
        cites=about | ({fact.citation.document} if fact.citation.document else frozenset()),
        years=years_in(fact.statement) or years_in(place),
        is_fact=True,
        next=(entry.id, *entry.next) if entry else (),
        sayable=Sayable(
            f"{FACT}{fact.id}",
            (fact.statement, " ".join((place, *names[:2]))),
            " ".join(names),
            entry.only_if if entry else (),
        ),
        meaning=fact.statement,
    )


def _with_doubt(fact: Fact) -> str:
    if fact.certainty is Certainty.CERTAIN:
        return fact.statement
    statement = fact.statement
    return f"{fact.citation.title} cho biết: {statement}" if statement[:5].lower() != "theo " else statement
