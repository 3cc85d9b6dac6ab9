"""The knowledge base: one question in, one cited answer or an honest no out.

Synchronous and fast (about a millisecond), so it may be called on the event loop. It never words anything
that is not in the content, and declines rather than guess.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from knowledge.analysis import DocumentMention, TextAnalysis
from knowledge.answer import Abstention, AbstentionReason, Answer, Citation, Passage, Suggestion
from knowledge.content import QUESTION_LIMIT, Certainty, Content, Document, Entry, Fact, load_content
from knowledge.search import Candidate, Field, LexicalIndex, Query

# Tuned on the tuning half of tests/knowledge/questions.yml, never on the other half.
_ANSWER_SCORE = 0.5
"""From here on the best entry is the answer."""
_OWN_ANSWER_SCORE = 0.38
"""The same for a question that is surely ours: it names a document we know or uses a term of the field."""
_EXPLAINED = 0.8
"""A question that is not surely ours must be made of words the entry uses, by weight: "số điện thoại" alone
does not make "số điện thoại công an xã" a question for us, nor "324" alone "xe buýt 324"."""
_MARGIN = 0.03
"""Closer than this to the second best, the question could mean either."""
_CLEAR_SCORE = 0.6
"""From here on a close second does not matter: both say the right thing."""
_NEAR_SCORE = 0.2
"""From here on an entry is worth offering when there is no answer."""
_DOCUMENT_BONUS = 0.3
"""For an entry about just the documents the question names."""
_DOCUMENT_PENALTY = 0.3
"""For an entry that has nothing to do with a document the question names."""
_YEAR_PENALTY = 0.3
"""For an entry that holds for another year than the one asked about."""

_SUGGESTIONS = 3
_PASSAGES = 5
_YEAR = re.compile(r"(?:19|20)\d\d")


class KnowledgeBase:
    """Answers questions from content that was loaded once. Immutable; share it freely."""

    def __init__(self, content: Content, analysis: TextAnalysis) -> None:
        self._analysis = analysis
        self._registry = [_registered(document, analysis) for document in content.documents.values()]
        covered = {number for entry in content.entries.values() for number in entry.about}
        plain = [_plain_entry(d, analysis) for d in content.documents.values() if d.number not in covered]
        self._plain = {entry.about[0]: entry for entry in plain}
        self._entries = {**content.entries, **{entry.id: entry for entry in plain}}
        self._introductions = self._find_introductions()
        self._featured = [entry.id for entry in content.entries.values() if entry.featured]
        self._index = LexicalIndex(tuple(content.entries.values()), analysis, content.terms)

    @classmethod
    def load(cls, content_dir: Path, analysis: TextAnalysis) -> KnowledgeBase:
        """Read `content_dir` (see knowledge.content). Raises ContentError naming file and line."""
        return cls(load_content(content_dir), analysis)

    @property
    def size(self) -> int:
        """Number of questions that have an answer."""
        return len(self._entries)

    def entry(self, entry_id: str) -> Answer | None:
        """The answer of one entry, for a suggestion that was pressed. None for an unknown id."""
        entry = self._entries.get(entry_id)
        return self._answer(entry, 1.0, ()) if entry else None

    def starters(self, count: int) -> tuple[Suggestion, ...]:
        """The featured questions, for somebody who does not know what to ask."""
        return tuple(Suggestion(one, self._entries[one].question) for one in self._featured[:count])

    def ask(self, question: str) -> Answer | Abstention:
        """Answer a question as a citizen typed it, or decline with questions that can be answered. Total."""
        named, strangers, surely = self._documents_named(question)
        query = self._index.read(question)
        candidates = self._rank(query, named)
        passages = tuple(Passage(c.entry_id, round(c.score, 4)) for c in candidates[:_PASSAGES])
        if strangers and not named:
            return Abstention(AbstentionReason.NOTHING_FOUND, self._nearest(candidates, named), passages)
        if not query.tokens:
            return Abstention(AbstentionReason.TOO_VAGUE, self._nearest((), named), passages)
        best = candidates[0] if candidates else None
        field = Field.OURS if surely else query.field
        if len(named) == 1 and named[0] in self._plain and (field is Field.OURS or len(query.tokens) == 1):
            return self._answer(self._plain[named[0]], 0.9, passages)
        if best is None or not self._is_good_enough(best, field):
            return Abstention(AbstentionReason.NOTHING_FOUND, self._nearest(candidates, named), passages)
        second = candidates[1].score if len(candidates) > 1 else 0.0
        if best.score < _CLEAR_SCORE and best.score - second < _MARGIN:
            return Abstention(AbstentionReason.TOO_VAGUE, self._nearest(candidates, named), passages)
        return self._answer(self._entries[best.entry_id], min(best.score, 1.0), passages)

    def _is_good_enough(self, best: Candidate, field: Field) -> bool:
        if field is Field.OURS:
            return best.score >= _OWN_ANSWER_SCORE
        if field is Field.OTHERS or self._entries[best.entry_id].only_if:
            return False
        return best.score >= _ANSWER_SCORE and best.explained >= _EXPLAINED

    def _rank(self, query: Query, named: Sequence[str]) -> list[Candidate]:
        years = {int(token) for token in query.tokens if _YEAR.fullmatch(token)}
        ranked = []
        for candidate in self._index.find(query):
            entry = self._entries[candidate.entry_id]
            score = candidate.score + _document_fit(entry, named)
            if years and entry.years and not years & set(entry.years):
                score -= _YEAR_PENALTY
            ranked.append(replace(candidate, score=score))
        return sorted(ranked, key=lambda candidate: candidate.score, reverse=True)

    def _documents_named(self, question: str) -> tuple[list[str], list[DocumentMention], bool]:
        """Registered documents the question names, mentions of documents nobody registered here, and
        whether one of the registered is named as a document (`QĐ 324`) rather than by a bare number."""
        named: dict[str, None] = {}
        strangers = []
        surely = False
        for mention in self._analysis.document_numbers(question):
            fitting = [r.document.number for r in self._registry if r.fits(mention)]
            named |= dict.fromkeys(fitting)
            surely = surely or bool(fitting and mention.kind)
            if not fitting and mention.kind:
                strangers.append(mention)
        return list(named), strangers, surely

    def _find_introductions(self) -> dict[str, str]:
        """Per document the entry that tells what it is: its question names it; else any about it alone."""
        found: dict[str, str] = {}
        for entry in self._entries.values():
            for number in self._documents_named(entry.question)[0]:
                if entry.about == (number,):
                    found[number] = entry.id
        for entry in self._entries.values():
            for number in entry.about:
                found.setdefault(number, entry.id)
        return found

    def _nearest(self, candidates: Sequence[Candidate], named: Sequence[str]) -> tuple[Suggestion, ...]:
        """Entries about the documents named, then those that resemble the question, then the usual ones."""
        about = [self._introductions[number] for number in named]
        near = [c.entry_id for c in candidates if c.score >= _NEAR_SCORE and c.entry_id not in about]
        offered = [*about, *near[:_SUGGESTIONS]]
        if len(offered) < 2:
            offered += [one for one in self._featured if one not in offered]
        return self._suggestions(offered)

    def _suggestions(self, entry_ids: Sequence[str]) -> tuple[Suggestion, ...]:
        return tuple(Suggestion(one, self._entries[one].question) for one in entry_ids[:_SUGGESTIONS])

    def _answer(self, entry: Entry, confidence: float, passages: tuple[Passage, ...]) -> Answer:
        return Answer(
            entry_id=entry.id,
            text=entry.answer,
            citations=entry.citations,
            confidence=round(confidence, 4),
            passages=passages,
            suggestions=self._suggestions(entry.next),
        )


@dataclass(frozen=True, slots=True)
class _Registered:
    """A registered document in the form mentions are compared with."""

    document: Document
    number: str
    kind: str
    issuer: str

    def fits(self, mention: DocumentMention) -> bool:
        return (
            mention.number == self.number
            and mention.kind in {"", self.kind}
            and mention.issuer in {"", self.issuer}
        )


def _registered(document: Document, analysis: TextAnalysis) -> _Registered:
    mentions = analysis.document_numbers(document.number)
    if len(mentions) != 1:
        raise ValueError(f"{document.number} is not a document number that can be recognised")
    return _Registered(document, mentions[0].number, mentions[0].kind, mentions[0].issuer)


def _document_fit(entry: Entry, named: Sequence[str]) -> float:
    """How the documents a question names speak for or against an entry."""
    if not named:
        return 0.0
    if set(named) == set(entry.about):
        return _DOCUMENT_BONUS
    cited = {citation.document for citation in entry.citations} | set(entry.about)
    return 0.0 if cited & set(named) else -_DOCUMENT_PENALTY


def _plain_entry(document: Document, analysis: TextAnalysis) -> Entry:
    """What the register alone tells about a document that has no entry of its own."""
    citation = Citation(document=document.number, title=document.cited_as, locator="thông tin văn bản")
    statement = f"{document.cited_as} của {document.issuer}: {document.title}. Tình trạng: {document.status}."
    doubt = "" if document.certainty is Certainty.CERTAIN else "Theo một nguồn mình đọc được: "
    return Entry(
        id="van-ban-" + "-".join(analysis.syllables(document.number)),
        question=f"{document.type} {document.number} là gì?"[:QUESTION_LIMIT],
        answer=f"{doubt}{statement} Nội dung chi tiết của văn bản này mình chưa có thông tin.",
        facts=(Fact(f"document-{document.number}", statement, document.certainty, citation),),
        about=(document.number,),
    )
