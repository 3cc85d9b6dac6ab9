"""Finding what may be the answer: a question read once, then weighed against everything that can be said.

Looking by words takes a few milliseconds and happens where it is called; embedding a question is handed to
a thread. Whether the first candidate is said, and how, is decided in knowledge.base.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np

from knowledge import follow_up
from knowledge.analysis import Restorer, TextAnalysis
from knowledge.aspects import AspectReader, Aspects
from knowledge.content import Content
from knowledge.embedding import Embedder
from knowledge.index import Question, prepare
from knowledge.judgement import Judgement, Signs
from knowledge.meaning import MeaningIndex, Vector
from knowledge.register import Naming, Register
from knowledge.repertoire import Line, Repertoire, years_in
from knowledge.search import Comparison, Field, Query, Resemblance, WordIndex

_NEAR_BY_WORDS = 30
_NEAR_BY_MEANING = 30
"""Lines looked at more closely for one question, of either kind."""
_TOPIC_SHARE = 0.6
"""Weight of the last answer's topic in a question that goes on from it."""
_ABREAST = 0.02
"""So little behind by words still counts as first."""
_CACHED = 4096


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as it is looked for."""

    question: Question
    """Prepared for looking by meaning, marks put back."""
    query: Query
    naming: Naming
    years: frozenset[int]
    aspects: Aspects
    follows: bool = False
    but: str = ""
    """The line it goes on from, which cannot be the answer."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line that may be the answer."""

    line: Line
    signs: Signs
    probability: float = 0.0


class Finder:
    """Lines of one repertoire, found by words and by meaning. Share it freely."""

    def __init__(
        self,
        content: Content,
        repertoire: Repertoire,
        register: Register,
        analysis: TextAnalysis,
        judgement: Judgement,
        former: Finder | None = None,
    ) -> None:
        """`former` is the finder this one replaces: what it learnt of the language is used on."""
        self._repertoire = repertoire
        self._register = register
        self._analysis = analysis
        self._judgement = judgement
        self._words = WordIndex([line.sayable for line in repertoire.lines], analysis, content.terms)
        self._aspects = AspectReader(analysis)
        known: dict[Line, Aspects] = {} if former is None else former._aspects_by_line
        self._aspects_by_line: dict[Line, Aspects] = {
            line: known.get(line) or self._aspects.of_texts(line.sayable.askings, line.said)
            for line in repertoire.lines
        }
        self._line_aspects = list(self._aspects_by_line.values())
        self._numbers_said = [
            frozenset(
                m.normalised for asking in line.sayable.askings for m in analysis.document_numbers(asking)
            )
            for line in repertoire.lines
        ]
        self._learnt = frozenset(_texts(content))
        if former is None:
            self._restorer: Restorer = analysis.restorer(self._learnt)
        else:
            self._restorer = former._restorer
            self._restorer.learn(self._learnt - former._learnt)
            self._learnt |= former._learnt
        self._meanings: MeaningIndex | None = None
        self._embedder: Embedder | None = None
        self._executor: Executor | None = None
        self._vectors: OrderedDict[str, Vector] = OrderedDict()

    def understand_meaning(
        self, meanings: MeaningIndex, embedder: Embedder, executor: Executor | None
    ) -> None:
        """From now on look by meaning too. Questions are embedded in `executor` (None: the loop's own)."""
        self._meanings, self._embedder, self._executor = meanings, embedder, executor

    def restore(self, text: str) -> str:
        """`text` with its marks put back, as the content has them."""
        return self._restorer.restore(text)

    def read(self, question: str) -> Reading:
        """A question as it stands by itself."""
        naming = self._register.named_in(question)
        years = years_in(question) - self._register.years_of(naming.numbers)
        query = self._words.read(question)
        aspects = self._aspects.of(query.syllables)
        if "%" in question:
            aspects = replace(aspects, asks=aspects.asks | {"share"})
        return Reading(prepare(question, self._analysis, self._restorer), query, naming, years, aspects)

    def going_on(self, question: str, reading: Reading, after: str) -> Reading | None:
        """The question together with what the last answer was about; None when it stands by itself."""
        query = reading.query
        line = self._repertoire.line(after) if after else None
        if line is None or reading.naming.numbers or reading.naming.strangers:
            return None
        if not (follow_up.leans(query.syllables, len(query.words)) or follow_up.may_lean(len(query.words))):
            return None
        topic = follow_up.read_on(line.question, " ".join(query.syllables))
        about = self.read(topic)
        weights = {token: _TOPIC_SHARE * weight for token, weight in about.query.weights.items()}
        merged = Query((*about.query.syllables, *query.syllables), weights | query.weights, Field.OURS)
        naming = replace(about.naming, aliased=tuple(line.about) or about.naming.aliased)
        years = reading.years or about.years
        aspects = Aspects(
            reading.aspects.asks or about.aspects.asks,
            reading.aspects.titles or about.aspects.titles,
            reading.aspects.places or about.aspects.places,
        )
        together = replace(reading.question, restored=f"{reading.question.restored} {topic}")
        return Reading(together, merged, naming, years, aspects, follows=True, but=after)

    async def candidates(self, reading: Reading) -> list[Candidate]:
        """Lines that may be the answer, the first one first."""
        if not reading.query.weights:
            return []
        words = self._words.compare(reading.query)
        by_words = self._weighed(reading, words, {})
        if self._meanings is None or self._is_sure(by_words):
            return by_words
        return self._weighed(
            reading, words, self._meanings.compare(await self._vector(reading.question.restored))
        )

    def _is_sure(self, candidates: list[Candidate]) -> bool:
        """Is looking by words enough?"""
        return bool(candidates) and candidates[0].probability >= self._judgement.sure_at

    def _weighed(self, reading: Reading, words: Comparison, meanings: Mapping[int, float]) -> list[Candidate]:
        near = sorted(meanings, key=lambda place: meanings[place], reverse=True)[:_NEAR_BY_MEANING]
        places = dict.fromkeys([*words.nearest(_NEAR_BY_WORDS), *near])
        possible = [place for place in places if self._may_be(place, reading)]
        signs = self._signs(reading, [(p, words.of(p)) for p in possible])
        if meanings:
            signs = _with_meaning(signs, [meanings.get(p) for p in possible], meanings)
        scores, likely = self._judgement.weigh(signs, with_meaning=bool(meanings))
        first = np.argsort(-scores, kind="stable")
        return [
            Candidate(self._repertoire.lines[possible[p]], signs[p], float(likely[p])) for p in first.tolist()
        ]

    def _may_be(self, place: int, reading: Reading) -> bool:
        """Can this line be the answer at all?

        One for another year never is; nor is a share of nowhere when one of a place, or of no year when one
        of a year is asked for.
        """
        line = self._repertoire.lines[place]
        other_year = bool(reading.years and line.years and not reading.years & line.years)
        asked, its = reading.aspects, self._line_aspects[place]
        share = "share" in asked.asks
        elsewhere = share and bool(asked.places) and not asked.places & its.places
        timeless = share and bool(reading.years) and not line.years
        possible = line.id != reading.but and not (other_year or elsewhere or timeless)
        return possible and self._words.may_answer(place, reading.query)

    def _signs(self, reading: Reading, found: Sequence[tuple[int, Resemblance]]) -> list[Signs]:
        likest = max((r.likeness for _, r in found), default=0.0)
        first = max((r.rank for _, r in found), default=0.0)
        lines = [(self._repertoire.lines[place], self._line_aspects[place], r) for place, r in found]
        # What is not registered and yet spoken of counts where it is spoken of.
        strangers = frozenset(reading.naming.strangers)
        spoken_of = [strangers & self._numbers_said[place] for place, _ in found]
        after = reading.aspects
        query, named = reading.query, frozenset(reading.naming.numbers)
        aliased = frozenset(() if named else reading.naming.aliased)
        ours = query.field is Field.OURS or reading.naming.surely or any(spoken_of)
        return [
            Signs(
                likeness=r.likeness,
                likeness_behind=likest - r.likeness,
                rank=r.rank,
                rank_behind=first - r.rank,
                explained=r.explained,
                in_order=r.in_order,
                strange=0.0 if ours else 1 - r.explained,
                documents_just=float(bool(told) or (bool(named) and named == line.about)),
                documents_some=float(named != line.about and bool(named & line.cites)),
                documents_none=float(bool(named) and not named & line.cites),
                other_name=float(bool(aliased & line.about)),
                year=float(bool(reading.years & line.years)),
                no_year=float(bool(reading.years) and not line.years),
                asks=float(bool(after.asks & its.asks)),
                asks_otherwise=float(bool(after.asks and its.asks) and not after.asks & its.asks),
                title=float(bool(after.titles & its.titles)),
                other_title=float(bool(after.titles and its.titles) and not after.titles & its.titles),
                place=float(bool(after.places & its.places)),
                other_place=float(bool(after.places) and not after.places & its.places),
                ours=float(ours),
                others=float(query.field is Field.OTHERS),
                single=float(len(query.words) <= 1),
                wordy=min(len(query.words) / 12, 1.0),
                fact=float(line.is_fact),
                follows=float(reading.follows),
            )
            for (line, its, r), told in zip(lines, spoken_of, strict=True)
        ]

    async def weighed(self, reading: Reading, *, with_meaning: bool) -> list[Candidate]:
        """The same by words alone or by both, sure or not: for calibrating and measuring."""
        meanings: Mapping[int, float] = {}
        if with_meaning and self._meanings is not None:
            meanings = self._meanings.compare(await self._vector(reading.question.restored))
        return self._weighed(reading, self._words.compare(reading.query), meanings)

    async def by_meaning(self, reading: Reading, k: int) -> list[tuple[Line, float]]:
        """The `k` nearest lines by meaning alone, with their cosines; none without a model."""
        if self._meanings is None:
            return []
        near = self._meanings.compare(await self._vector(reading.question.restored))
        best = sorted(near.items(), key=lambda pair: pair[1], reverse=True)[:k]
        return [(self._repertoire.lines[place], cosine) for place, cosine in best]

    def telling(self, question: str) -> Mapping[str, float]:
        """Words that tell what a question is about, and pairs of them, by weight; empty without a topic."""
        return self._words.read(question).weights

    async def with_vector(self, question: Question) -> Question:
        """The question with its vector, where there is a model."""
        if self._embedder is None:
            return question
        return replace(question, vector=await self._vector(question.restored), model=self._embedder.name)

    async def _vector(self, text: str) -> Vector:
        known = self._vectors.get(text)
        if known is not None:
            return known
        assert self._embedder is not None
        loop = asyncio.get_running_loop()
        rows = await loop.run_in_executor(self._executor, self._embedder.questions, [text])
        vector: Vector = rows[0]
        self._vectors[text] = vector
        if len(self._vectors) > _CACHED:
            self._vectors.popitem(last=False)
        return vector


def _with_meaning(
    signs: Sequence[Signs], cosines: Sequence[float | None], all_cosines: Mapping[int, float]
) -> list[Signs]:
    """The signs with how near in meaning each is. Cosines lie close together here: only differences tell."""
    values = sorted(all_cosines.values(), reverse=True)
    best, usual, least = values[0], values[len(values) // 2], values[-1]
    near = [least if cosine is None else cosine for cosine in cosines]
    return [
        sign._replace(
            meaning=(cosine - 0.85) * 10,
            meaning_behind=(best - cosine) * 10,
            meaning_stands_out=(cosine - usual) * 10,
            agreed=float(cosine == best and sign.likeness_behind + sign.rank_behind <= _ABREAST),
        )
        for sign, cosine in zip(signs, near, strict=True)
    ]


def _texts(content: Content) -> list[str]:
    """Everything written with its marks, to learn from."""
    texts = [t for e in content.entries.values() for t in (e.question, *e.variants, e.answer, e.step)]
    texts += [fact.statement for fact in content.facts.values()]
    texts += [t for d in content.documents.values() for t in (d.title, d.issuer, *d.aliases)]
    return [text for text in texts if text]
