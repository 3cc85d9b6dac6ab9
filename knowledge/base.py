"""The knowledge base: one question in, one cited answer or an honest no out.

It decides what is said of what was found (knowledge.finding), in which order the sources are heard, and when
to decline. Nothing is worded here that is not in the content, and it declines rather than guess.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

from knowledge import follow_up
from knowledge.analysis import TextAnalysis
from knowledge.answer import Abstention, AbstentionReason, Answer, Citation, Passage, Suggestion
from knowledge.content import Content, load_content
from knowledge.embedding import Embedder
from knowledge.excerpts import Library, Sought
from knowledge.finding import Candidate, Finder, Reading
from knowledge.index import Mode
from knowledge.judgement import Judgement, shipped_judgement
from knowledge.meaning import MeaningIndex, Vector
from knowledge.phrases import Phrases
from knowledge.register import Naming, Register, Told
from knowledge.repertoire import Repertoire
from knowledge.search import Field

DOCUMENT = "document:"
_SUGGESTIONS = 3
_PASSAGES = 5
_COMPLETE = 0.9
"""A question this surely understood by itself is not read as going on from the last one."""
_UNDECIDED = 0.7
"""A second candidate this near the best, relatively, makes a question vague rather than unknown."""
_CLAUSE_END = re.compile(r"[,;.?!\n]+(?=\s|$)")
_CLAUSES = 6
_WORDS_OF_A_CLAUSE = 3
"""Telling syllables a clause needs to be a question of its own."""
_CACHED = 4096
_COMPARED = frozenset({"sanh", "khac", "giong", "phan"})
"""Syllables of "so sánh", "khác", "giống", "phân biệt"."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One line in a ranking, for measuring."""

    id: str
    text: str
    score: float


class KnowledgeBase:
    """Answers questions from content that was loaded once. Share it freely; replace it to change anything."""

    def __init__(
        self,
        content: Content,
        analysis: TextAnalysis,
        judgement: Judgement | None = None,
        *,
        former: KnowledgeBase | None = None,
    ) -> None:
        """`former` is the base this one replaces: what it learnt of the language is used on."""
        self._judgement = judgement or shipped_judgement()
        self.repertoire = Repertoire(content)
        self._register = Register(content.documents, analysis)
        self._finder: Finder = Finder(
            content,
            self.repertoire,
            self._register,
            analysis,
            self._judgement,
            former._finder if former else None,
        )
        self._filler = frozenset(p for word in content.terms.filler_words for p in analysis.syllables(word))
        self._boundaries: Phrases[str] = Phrases(
            analysis, ((words, b.reply) for b in content.boundaries.values() for words in b.says)
        )
        self._introductions = self._find_introductions(content)
        self._spoken_of = frozenset(
            mention.normalised
            for line in self.repertoire.lines
            for asking in line.sayable.askings
            for mention in analysis.document_numbers(asking)
        )
        self._library: Library | None = None
        self._cache: OrderedDict[tuple[str, str], Answer | Abstention] = OrderedDict()

    @classmethod
    def load(cls, content_dir: Path, analysis: TextAnalysis) -> KnowledgeBase:
        """Read `content_dir` (see knowledge.content). Raises ContentError naming file and line."""
        return cls(load_content(content_dir), analysis)

    def understand_meaning(
        self, meanings: MeaningIndex, embedder: Embedder, executor: Executor | None
    ) -> None:
        """From now on look by meaning too. Questions are embedded in `executor` (None: the loop's own)."""
        self._finder.understand_meaning(meanings, embedder, executor)
        self._cache.clear()

    def consult(self, library: Library) -> None:
        """From now on look into documents that were taken in, before declining."""
        self._library = library
        self._cache.clear()

    @property
    def size(self) -> int:
        """Number of entries that can answer."""
        return self.repertoire.entries

    def entry(self, entry_id: str) -> Answer | None:
        """The answer of one line, for a suggestion that was pressed. None for an unknown id."""
        if entry_id.startswith(DOCUMENT) and entry_id[len(DOCUMENT) :] in self._register:
            number = entry_id[len(DOCUMENT) :]
            return self._told(number, self._register.introduce(number), 1.0)
        line = self.repertoire.line(entry_id)
        return self.repertoire.say(line, 1.0) if line else None

    def suggestions(self, entry_ids: Sequence[str]) -> tuple[Suggestion, ...]:
        """See `Knowledge.suggestions`."""
        return self.repertoire.suggestions(entry_ids)

    def starters(self, count: int) -> tuple[Suggestion, ...]:
        """The featured questions, for somebody who does not know what to ask."""
        lines = [self.repertoire.line(one) for one in self.repertoire.featured[:count]]
        return tuple(Suggestion(line.id, line.question) for line in lines if line)

    # --- asking ------------------------------------------------------------------------------------

    def restore(self, text: str) -> str:
        """`text` with its marks put back as far as the content tells. Never shown as what was typed."""
        return self._finder.restore(text)

    async def ask(self, question: str, after: str = "") -> Answer | Abstention:
        """See `Knowledge.ask`. Total; the same question gets the same answer as long as this lives."""
        key = (question, after)
        known = self._cache.get(key)
        if known is not None:
            self._cache.move_to_end(key)
            return known
        result = await self._ask(question, after)
        self._cache[key] = result
        if len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
        return result

    async def _ask(self, question: str, after: str) -> Answer | Abstention:
        reading = self._finder.read(question)
        told = self._without_weighing(reading, after)
        if told is not None:
            return told
        going_on = self._finder.going_on(question, reading, after)
        leans = follow_up.leans(reading.query.syllables, len(reading.query.words))
        candidates = await self._finder.candidates(reading)
        if going_on is not None and self._stands_alone(reading, candidates, leans=leans):
            going_on = None
        if going_on is not None:
            followed = await self._finder.candidates(going_on)
            if self._is_answer(followed):
                return self._answer(followed)
        decided = self._decide(reading, candidates)
        if isinstance(decided, Answer):
            return decided
        return (
            await self._from_a_clause(question)
            or self._from_register_at_least(reading)
            or await self._from_library(reading)
            or decided
        )

    async def _from_a_clause(self, question: str) -> Answer | None:
        """The one thing asked in a message that tells a story around it."""
        clauses = [clause for clause in _CLAUSE_END.split(question) if clause.strip()]
        if not 1 < len(clauses) <= _CLAUSES:
            return None
        found: list[Candidate] = []
        for clause in clauses:
            reading = self._finder.read(clause)
            if len(reading.query.words) < _WORDS_OF_A_CLAUSE:
                continue
            told = self._without_weighing(reading, "")
            if told is not None:
                return told if isinstance(told, Answer) else None
            found += (await self._finder.candidates(reading))[:1]
        best = max(found, key=lambda candidate: candidate.probability, default=None)
        if best is None or best.probability < _COMPLETE:
            return None
        return self.repertoire.say(best.line, best.probability, _as_passages([best]))

    def _from_register_at_least(self, reading: Reading) -> Answer | None:
        """A document's own data for a question that asks for them among other words nothing answers."""
        numbers = reading.naming.numbers
        if len(numbers) != 1 or not (reading.naming.surely or reading.query.field is not Field.OTHERS):
            return None
        data = self._register.data_mentioned(reading.query.syllables)
        return self._told(numbers[0], self._register.tell(numbers[0], data), 0.6) if data else None

    async def _from_library(self, reading: Reading) -> Answer | None:
        """What a document that was taken in says about it."""
        library = self._library
        if library is None or not len(library):
            return None
        question = await self._finder.with_vector(reading.question)
        documents = frozenset({*reading.naming.numbers, *reading.naming.strangers})
        sought = Sought(question, reading.query.weights, documents)
        return library.answer(sought, surely_ours=_foreign(reading) is AbstentionReason.NOT_KNOWN)

    def _stands_alone(self, reading: Reading, candidates: Sequence[Candidate], *, leans: bool) -> bool:
        """Is a question that could go on from the last answer understood by itself?"""
        if not leans:
            return self._is_answer(candidates)
        surely = bool(candidates) and candidates[0].probability >= _COMPLETE
        return surely and reading.query.field is Field.OURS

    def _without_weighing(self, reading: Reading, after: str) -> Answer | Abstention | None:
        """What needs no search: the register's data, documents nobody knows, other people's business."""
        told = self._from_register(reading, after)
        if told is not None:
            return told
        naming = reading.naming
        taken_in = self._library.documents if self._library else frozenset()
        if not naming.numbers and any(
            one not in self._spoken_of and one not in taken_in for one in naming.strangers
        ):
            return Abstention(_foreign(reading), self._nearest((), naming))
        boundary = self._boundary(reading)
        if boundary:
            return Abstention(AbstentionReason.OUT_OF_SCOPE, self._nearest((), naming), reply=boundary)
        return None

    def _decide(self, reading: Reading, candidates: list[Candidate]) -> Answer | Abstention:
        naming = reading.naming
        passages = _as_passages(candidates)
        together = frozenset(naming.numbers)
        is_compared = len(together) > 1 and bool(_COMPARED & set(reading.query.syllables))
        if is_compared and not (candidates and together <= candidates[0].line.cites):
            return self._compared(naming.numbers, passages)
        number = naming.numbers[0] if len(naming.numbers) == 1 else ""
        if number and self._asks_only_for(reading, number):
            if self._is_answer(candidates) and number in candidates[0].line.documents_cited:
                return self._answer(candidates)
            return self._told(number, self._register.introduce(number), 0.9, passages)
        if self._is_answer(candidates):
            return self._answer(candidates)
        if number and number not in self._introductions and _foreign(reading) is AbstentionReason.NOT_KNOWN:
            return self._told(number, self._register.introduce(number), 0.9, passages)
        return self._decline(reading, candidates)

    def _decline(self, reading: Reading, candidates: Sequence[Candidate]) -> Abstention:
        reason = _foreign(reading)
        close = len(candidates) > 1 and candidates[1].probability >= _UNDECIDED * candidates[0].probability
        if not reading.query.weights:
            reason, candidates = AbstentionReason.TOO_VAGUE, ()
        elif (
            reason is AbstentionReason.NOT_KNOWN
            and close
            and candidates[0].probability >= self._judgement.offer_at
        ):
            reason = AbstentionReason.TOO_VAGUE
        return Abstention(reason, self._nearest(candidates, reading.naming), _as_passages(candidates))

    # --- what the register answers -----------------------------------------------------------------

    def _from_register(self, reading: Reading, after: str) -> Answer | None:
        """A question for a document's own data, or for the source of the last answer."""
        syllables = reading.query.syllables
        numbers = reading.naming.all
        if len(numbers) == 1 and not reading.naming.strangers:
            data = self._register.data_asked(syllables, numbers[0], self._filler)
            return self._told(numbers[0], self._register.tell(numbers[0], data), 0.97) if data else None
        if numbers or reading.naming.strangers or not after:
            return None
        last = self.entry(after)
        if last is None:
            return None
        if self._register.asks_for_source(syllables, self._filler):
            return replace(last, text=_where_it_stands(last.citations), confidence=0.97, passages=())
        number = self._document_of(after)
        data = self._register.data_asked(syllables, number, self._filler, by_itself=True) if number else ()
        return self._told(number, self._register.tell(number, data), 0.95) if data else None

    def _document_of(self, after: str) -> str:
        """The one document the last answer was about; empty when there is none or several."""
        if after.startswith(DOCUMENT):
            return after[len(DOCUMENT) :]
        line = self.repertoire.line(after)
        if line is None:
            return ""
        about = line.about or {c.document for c in line.citations if c.document}
        return next(iter(about)) if len(about) == 1 else ""

    def _told(self, number: str, told: Told, confidence: float, passages: tuple[Passage, ...] = ()) -> Answer:
        introduction = self._introductions.get(number)
        line = self.repertoire.line(introduction) if introduction else None
        next_ids = (line.id, *line.next) if line else ()
        return Answer(
            f"{DOCUMENT}{number}",
            told.text,
            told.citations,
            confidence,
            passages,
            self.repertoire.suggestions(next_ids),
        )

    def _compared(self, numbers: Sequence[str], passages: tuple[Passage, ...]) -> Answer:
        """Several documents side by side, as far as the register tells them apart."""
        told = [self._register.summary(number) for number in numbers]
        introductions = tuple(self._introductions[n] for n in numbers if n in self._introductions)
        return Answer(
            f"{DOCUMENT}{numbers[0]}",
            "\n".join(f"- {one.text}" for one in told),
            tuple(citation for one in told for citation in one.citations),
            0.8,
            passages,
            self.repertoire.suggestions(introductions),
        )

    def _asks_only_for(self, reading: Reading, number: str) -> bool:
        """Does the question say nothing besides this document, as in "quyết định 677 là gì"?"""
        return self._register.names_only(reading.query.syllables, number, self._filler)

    # --- measuring ---------------------------------------------------------------------------------

    async def candidates(self, question: str, after: str = "", *, with_meaning: bool) -> list[Candidate]:
        """What is weighed for a question, for calibrating and for showing why; empty when nothing is."""
        reading = self._finder.read(question)
        if self._without_weighing(reading, after) is not None or not reading.query.weights:
            return []
        going_on = self._finder.going_on(question, reading, after)
        if going_on is not None and follow_up.leans(reading.query.syllables, len(reading.query.words)):
            reading = going_on
        return await self._finder.weighed(reading, with_meaning=with_meaning)

    async def ranking(self, question: str, mode: Mode, k: int) -> list[Ranked]:
        """The first `k` lines by words, by meaning or by both, whether they would be said or not."""
        reading = self._finder.read(question)
        if mode is Mode.DENSE:
            near = await self._finder.by_meaning(reading, k)
            return [Ranked(line.id, line.text, cosine) for line, cosine in near]
        found = await self._finder.weighed(reading, with_meaning=mode is Mode.HYBRID)
        return [Ranked(c.line.id, c.line.text, c.probability) for c in found[:k]]

    # --- comparing questions with each other ---------------------------------------------------------

    def telling(self, question: str) -> Mapping[str, float]:
        """Words that tell what a question is about, and pairs of them, by weight; empty without a topic."""
        return self._finder.telling(question)

    async def meaning(self, question: str) -> Vector | None:
        """A question as the model reads it, of length 1; None without a model. Some 20 ms in a thread."""
        return (await self._finder.with_vector(self._finder.read(question).question)).vector

    # --- wording -----------------------------------------------------------------------------------

    def _is_answer(self, candidates: Sequence[Candidate]) -> bool:
        return bool(candidates) and candidates[0].probability >= self._judgement.answer_at

    def _answer(self, candidates: Sequence[Candidate]) -> Answer:
        best = candidates[0]
        return self.repertoire.say(best.line, best.probability, _as_passages(candidates))

    def _boundary(self, reading: Reading) -> str:
        """The polite word about something that belongs to others; empty when it may be ours."""
        if reading.query.field is Field.OURS or reading.naming.surely:
            return ""
        return next((reply for _, _, reply in self._boundaries.found(reading.query.syllables)), "")

    def _find_introductions(self, content: Content) -> dict[str, str]:
        """Per document the entry that tells what it is: its question names it; else any about it alone."""
        found: dict[str, str] = {}
        for entry in content.entries.values():
            for number in self._register.named_in(entry.question).numbers:
                if entry.about == (number,):
                    found.setdefault(number, entry.id)
        for entry in content.entries.values():
            for number in entry.about:
                found.setdefault(number, entry.id)
        return found

    def _nearest(self, candidates: Sequence[Candidate], naming: Naming) -> tuple[Suggestion, ...]:
        """Entries about the documents named, then those that resemble the question, then the usual ones."""
        about = [self._introductions[number] for number in naming.all if number in self._introductions]
        near = [c.line.id for c in candidates if c.probability >= self._judgement.offer_at]
        offered = [*about, *[one for one in near if one not in about]]
        if len(self.repertoire.suggestions(offered)) < 2:
            offered += [one for one in self.repertoire.featured if one not in offered]
        return self.repertoire.suggestions(offered)


def _foreign(reading: Reading) -> AbstentionReason:
    """Why there is no answer when nothing else is known about it: ours and unknown, or not ours."""
    ours = reading.query.field is Field.OURS or reading.naming.surely
    return AbstentionReason.NOT_KNOWN if ours else AbstentionReason.OUT_OF_SCOPE


def _as_passages(candidates: Sequence[Candidate]) -> tuple[Passage, ...]:
    return tuple(Passage(c.line.id, round(c.probability, 4)) for c in candidates[:_PASSAGES])


def _where_it_stands(citations: Sequence[Citation]) -> str:
    places = [", ".join(filter(None, (c.title, c.locator))) for c in citations]
    if not places:
        return "Điều vừa rồi mình chưa thấy văn bản nào nêu rõ."
    return f"Điều vừa rồi mình lấy từ: {'; '.join(dict.fromkeys(places))}."
