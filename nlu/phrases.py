"""The starter interpreter: intents by folded phrases from data/phrases.yml.

It explains as much of a message as it can by known phrases and takes an intent only when they cover it;
everything else is a question for the documents. It must never take a real question for small talk.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from nlu.entities import find_entities
from nlu.interpreter import ASK_KNOWLEDGE, Interpretation
from nlu.text import VietnameseText, fold, normalise, runs, syllables, vietnamese_text

_WHOLE_MESSAGE = 0.75
"""Share of the telling words that phrases must explain when they are to be the whole message."""
_MAX_SYLLABLES = 60
"""Longer messages are stories or questions, never a phrase; also bounds the work."""


@dataclass(frozen=True, slots=True)
class Word:
    """One syllable: how it compares, and the marks it was written with."""

    folded: str
    marks: Counter[str]

    def fits(self, typed: Word) -> bool:
        """May `typed` be this word? Marks may be left out, but none may contradict: `đúng` is not `dừng`."""
        return typed.folded == self.folded and typed.marks <= self.marks


Phrase = tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class PhraseIntent:
    """One intent of data/phrases.yml, folded."""

    name: str
    phrases: tuple[Phrase, ...]
    """Count when, together, they explain (nearly) the whole message. Includes `anywhere`."""
    anywhere: tuple[Phrase, ...]
    """Count wherever they stand, if they explain `min_share` of the message."""
    min_share: float
    in_questions: bool


@dataclass(frozen=True, slots=True)
class PhraseBook:
    """data/phrases.yml, folded."""

    intents: tuple[PhraseIntent, ...]
    """In order of precedence."""
    filler: frozenset[str]
    question: tuple[Phrase, ...]


@cache
def phrase_book() -> PhraseBook:
    """The shipped phrases. Raises ValueError on a broken file."""
    raw = yaml.safe_load(files("nlu").joinpath("data/phrases.yml").read_text("utf-8"))
    return PhraseBook(
        intents=tuple(_intent(row) for row in raw["intents"]),
        filler=frozenset(word.folded for phrase in _phrases(raw["filler"]) for word in phrase),
        question=_phrases(raw["question"]),
    )


class PhraseInterpreter:
    """Fulfils `Interpreter`. Stateless; well under a millisecond for a message."""

    def __init__(self, book: PhraseBook | None = None, text: VietnameseText | None = None) -> None:
        self._book = book or phrase_book()
        self._text = text or vietnamese_text()

    async def interpret(self, text: str) -> Interpretation:
        """See `Interpreter.interpret`. Confidence is the share of the telling words that is explained."""
        folded = self._text.as_meant(text)
        intent, confidence = self._decide(_words(self._text.open_abbreviations(text), folded))
        return Interpretation(
            intent=intent,
            confidence=confidence,
            text=normalise(text),
            folded=folded,
            entities=find_entities(text),
        )

    def _decide(self, words: Sequence[Word]) -> tuple[str, float]:
        if not words or len(words) > _MAX_SYLLABLES:
            return ASK_KNOWLEDGE, 0.0 if not words else 1.0
        covers = {intent.name: _cover(words, intent.phrases) for intent in self._book.intents}
        explained = frozenset[int]().union(*covers.values())
        asks = self._asks(words)
        for intent in self._book.intents:
            share = self._share(words, _cover(words, intent.anywhere))
            if share >= intent.min_share and (intent.in_questions or not asks - covers[intent.name]):
                return intent.name, self._share(words, explained)
        share = self._share(words, explained)
        if share < _WHOLE_MESSAGE:
            return ASK_KNOWLEDGE, 1 - share
        for intent in self._book.intents:
            cover = covers[intent.name]
            may = intent.in_questions or not asks - cover
            if cover and may and not any(cover < other for other in covers.values()):
                return intent.name, share
        return ASK_KNOWLEDGE, 0.5

    def _asks(self, words: Sequence[Word]) -> frozenset[int]:
        """Places of question words."""
        return _cover(words, self._book.question)

    def _share(self, words: Sequence[Word], cover: frozenset[int]) -> float:
        """How much of the message is explained: telling words covered, of all telling words."""
        telling = [
            place
            for place, word in enumerate(words)
            if place in cover or word.folded not in self._book.filler
        ]
        return sum(place in cover for place in telling) / len(telling) if cover else 0.0


def _cover(words: Sequence[Word], phrases: Iterable[Phrase]) -> frozenset[int]:
    return frozenset(place for phrase in phrases for place in _places(words, phrase))


def _places(words: Sequence[Word], phrase: Phrase) -> Iterator[int]:
    size = len(phrase)
    for start in range(len(words) - size + 1):
        if words[start].folded == phrase[0].folded and all(
            map(Word.fits, phrase, words[start : start + size])
        ):
            yield from range(start, start + size)


def _words(opened: str, folded: str) -> tuple[Word, ...]:
    """The syllables of a message with their marks; without any where the keyboard repair moved them."""
    plain, marked = syllables(folded), runs(opened)
    if len(plain) != len(marked):
        marked = plain
    return tuple(Word(one, _marks(other)) for one, other in zip(plain, marked, strict=True))


def _marks(word: str) -> Counter[str]:
    """Marks with their number, in whatever place they stand: `hoà` and `hòa` have the same."""
    if word.isascii():
        return Counter()
    return Counter(
        c for c in unicodedata.normalize("NFD", word.lower()) if c == "đ" or unicodedata.combining(c)
    )


def _intent(row: dict[str, object]) -> PhraseIntent:
    unknown = set(row) - {"name", "phrases", "anywhere", "min_share", "in_questions"}
    name, share = row.get("name"), row.get("min_share", 1.0)
    if unknown or not isinstance(name, str) or not isinstance(share, int | float):
        raise ValueError(f"phrases.yml: intent {name!r} is malformed or has unknown fields {sorted(unknown)}")
    anywhere = _phrases(row.get("anywhere", []))
    return PhraseIntent(
        name=name,
        phrases=(*_phrases(row.get("phrases", [])), *anywhere),
        anywhere=anywhere,
        min_share=float(share),
        in_questions=bool(row.get("in_questions", False)),
    )


def _phrases(raw: object) -> tuple[Phrase, ...]:
    if not isinstance(raw, list) or not all(isinstance(phrase, str) for phrase in raw):
        raise ValueError(f"phrases.yml: expected a list of texts (quote words like no and on): {raw!r}")
    return tuple(_words(normalise(phrase), fold(phrase)) for phrase in raw)
