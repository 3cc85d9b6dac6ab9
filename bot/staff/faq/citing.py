"""What a row rests on, as a person writes it: a document and a place in it, or the code of a fact. Pure.

`677/QĐ-TTg, mục tiêu đến 2025` is enough for somebody who knows the document. A document nobody registered
and a place nobody wrote a fact about are never guessed at: the row is told what there is. Where a place holds
several facts, the one nearest to the answer is taken, and a person looks at it before citizens see it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from itertools import pairwise

from knowledge.content import Content, Fact
from knowledge.items import SLUG
from knowledge.support import numbers
from nlu.text import fold, syllables, vietnamese_text

_NEAR = 0.84
"""Likeness of two places that mean the same, with the same numbers in them."""
_LIKE = 0.85
"""Likeness of a number to one that was meant."""
_DRAWS_ON = 0.34
"""Of the words that tell a fact from its neighbours, so many must stand in an answer that rests on it."""
_A_NUMBER = 3
"""A number says as much as so many words."""
_NAMED = 6
"""Places or codes that are named at most."""
_SHOWN, _BRIEFLY = 110, 50
_DAY = re.compile(r"\bngày\s+\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}", re.IGNORECASE)
_LINKS = frozenset({"so", "cua", "tai", "theo", "trong", "va", "o", "la"})
_SHEET = "Trang “Căn cứ” của tệp tải về có sẵn từng dòng để chép."


@dataclass(frozen=True, slots=True)
class Cited:
    """What the lines of a cell stand for."""

    facts: tuple[str, ...] = ()
    """Ids, in order, each once. Codes nobody knows are among them: the content's rules refuse them."""
    notes: tuple[str, ...] = ()
    """How a line was understood."""
    doubts: tuple[str, ...] = ()
    """What a person should look at before citizens see it."""
    problems: tuple[str, ...] = ()
    """Lines that stand for nothing, with what to do."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A document or another source, with what rests on it."""

    name: str
    """A document's number, else a title."""
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class _Number:
    """A document's number in its parts."""

    number: str
    kind: str
    issuer: str
    year: str
    name: str


class Citations:
    """Everything that can be cited."""

    def __init__(self, content: Content) -> None:
        self._facts = content.facts
        self._documents = content.documents
        self._analysis = vietnamese_text()
        by_name: dict[str, dict[str, Fact]] = {number: {} for number in content.documents}
        for fact in content.facts.values():
            for name in self._names_of(fact):
                by_name.setdefault(name, {})[fact.id] = fact
        self._sources = {name: _Source(name, tuple(facts.values())) for name, facts in by_name.items()}
        self._numbers = [
            _Number(one.number, one.kind, one.issuer, one.year, name)
            for name in by_name
            for one in self._analysis.document_numbers(name)[:1]
            if one.normalised == name
        ]
        numbered = {one.name for one in self._numbers}
        titles = {_plain(name): name for name in by_name if name not in numbered}
        titles |= {
            _plain(alias): document.number
            for document in content.documents.values()
            for alias in document.aliases
        }
        self._titles = sorted(titles.items(), key=lambda pair: -len(pair[0]))
        self._kinds = sorted({_plain(one.type) for one in content.documents.values()}, key=len, reverse=True)
        self._statements = {_plain(fact.statement): fact for fact in content.facts.values()}

    # --- for the sheet people copy from --------------------------------------------------------------

    def line_of(self, fact: Fact) -> str:
        """What somebody may write for this fact alone: its place where no other fact stands there."""
        line = f"{self._names_of(fact)[0]}, {fact.citation.locator}"
        return line if self.cited([line]).facts == (fact.id,) and not self.cited([line]).doubts else fact.id

    def places_of(self, number: str) -> tuple[str, ...]:
        """The places of a document that something is known of."""
        source = self._sources.get(number)
        return tuple(dict.fromkeys(one.citation.locator for one in source.facts)) if source else ()

    # --- reading -----------------------------------------------------------------------------------

    def number_of(self, line: str) -> str:
        """The registered document a line names and nothing else; the line itself where that is unclear."""
        found = [one.name for one in self._named(line) if one.name in self._documents]
        return found[0] if line not in self._documents and len(set(found)) == 1 else line

    def cited(self, lines: Iterable[str], said: str = "", former: Sequence[str] = ()) -> Cited:
        """What a cell stands for. `said`: question and answer; `former`: what the entry rests on now."""
        pieces = (piece for line in lines for piece in self._pieces(line))
        found = [one for piece in pieces for one in self._each(piece, said, former)]
        return Cited(
            tuple(dict.fromkeys(one for each in found for one in each.facts)),
            tuple(one for each in found for one in each.notes),
            tuple(one for each in found for one in each.doubts),
            tuple(one for each in found for one in each.problems),
        )

    def _pieces(self, line: str) -> list[str]:
        """What stands between semicolons; a fact's own words stay whole."""
        if _plain(line) in self._statements:
            return [line]
        return [piece for one in line.split(";") if (piece := one.strip(" ,."))]

    def _each(self, piece: str, said: str, former: Sequence[str]) -> list[Cited]:
        codes = self._codes(piece)
        if codes:
            return [Cited(codes)]
        told = self._statements.get(_plain(piece))
        return [Cited((told.id,))] if told else [self._one(one, said, former) for one in self._split(piece)]

    def _codes(self, piece: str) -> tuple[str, ...]:
        tokens = tuple(one for one in re.split(r"[\s,]+", piece) if one)
        if not all(re.fullmatch(SLUG, one) for one in tokens):
            return ()
        is_known = any(one in self._facts for one in tokens)
        return tokens if is_known or (len(tokens) == 1 and "-" in tokens[0]) else ()

    def _split(self, piece: str) -> list[str]:
        """A line that names several documents, cut before each but the first."""
        starts = [one.start for one in self._analysis.document_numbers(piece) if one.kind]
        bounds = [0, *starts[1:], len(piece)]
        cut = [piece[start:stop].strip(" ,.") for start, stop in pairwise(bounds)]
        return [one for one in cut if one]

    def _one(self, line: str, said: str, former: Sequence[str]) -> Cited:
        source, rest = self._source_in(line)
        if source is None:
            return Cited(problems=(rest,))
        if not source.facts:
            why = f"Chưa có điều nào trích từ {source.name} để làm căn cứ. Bạn ghi văn bản khác giúp nhé."
            return Cited(problems=(why,))
        told = self._statements.get(rest)
        fitting = (told,) if told in source.facts and told else _at(source.facts, rest)
        if not fitting:
            return Cited(problems=(_no_such_place(source, line),))
        return self._chosen(line, fitting, said, former)

    def _source_in(self, line: str) -> tuple[_Source | None, str]:
        """The source a line names and the rest of it, plain; without one, what is wrong."""
        mentions = [one for one in self._analysis.document_numbers(line) if one.kind or "/" in line]
        if mentions:
            names = list(dict.fromkeys(one.name for one in self._named(line)))
            if len(names) == 1:
                rest = f"{line[: mentions[0].start]} {line[mentions[0].end :]}"
                return self._sources[names[0]], self._without_links(_DAY.sub(" ", rest))
            if names:
                return None, f"“{_short(line)}” có thể là {_or(names)}. Bạn ghi đủ số hiệu nhé."
            return None, self._no_such_number(mentions[0].normalised)
        plain = f" {_plain(line)} "
        for title, name in self._titles:
            if title and f" {title} " in plain:
                return self._sources[name], self._without_links(plain.replace(f" {title} ", " ", 1))
        return None, self._nothing_found(line)

    def _named(self, line: str) -> list[_Number]:
        return [
            one
            for mention in self._analysis.document_numbers(line)[:1]
            for one in self._numbers
            if one.number == mention.number
            and mention.kind in ("", one.kind)
            and mention.issuer in ("", one.issuer)
            and (not mention.year or not one.year or mention.year == one.year)
        ]

    def _without_links(self, rest: str) -> str:
        """The words of a place, without what only leads to it."""
        words = _plain(rest)
        while True:
            before = words
            for kind in self._kinds:
                words = words.removeprefix(f"{kind} ").removesuffix(f" {kind}")
                words = "" if words == kind else words
            parts = words.split()
            while parts and parts[0] in _LINKS:
                parts = parts[1:]
            while parts and parts[-1] in _LINKS:
                parts = parts[:-1]
            words = " ".join(parts)
            if words == before:
                return words

    def _chosen(self, line: str, fitting: Sequence[Fact], said: str, former: Sequence[str]) -> Cited:
        if len(fitting) == 1:
            (fact,) = fitting
            return Cited((fact.id,), (f"Căn cứ “{_short(line)}” là: {_short(fact.statement)}",))
        kept = [one for one in former if one in {fact.id for fact in fitting}]
        if kept:
            return Cited(tuple(kept))
        nearest = _nearest(fitting, said)
        if not nearest:
            codes = "; ".join(f"{fact.id} ({_short(fact.statement, _BRIEFLY)})" for fact in fitting[:_NAMED])
            more = f"; và {len(fitting) - _NAMED} mã nữa" if len(fitting) > _NAMED else ""
            why = (
                f"“{_short(line)}” có {len(fitting)} điều, chưa rõ câu trả lời dựa vào điều nào. "
                f"Bạn thay bằng mã của điều ấy: {codes}{more}. {_SHEET}"
            )
            return Cited(problems=(why,))
        told = " ".join(f"“{_short(fact.statement)}” ({fact.id})." for fact in nearest)
        why = f"“{_short(line)}” có {len(fitting)} điều, đã chọn điều gần câu trả lời nhất: {told}"
        return Cited(tuple(fact.id for fact in nearest), doubts=(why,))

    # --- what is said where nothing is found -----------------------------------------------------------

    def _no_such_number(self, number: str) -> str:
        names = {fold(one.name): one.name for one in self._numbers}
        near = [names[one] for one in get_close_matches(fold(number), names, 2, _LIKE)]
        hint = f" Có phải {_or(near)} không?" if near else ""
        where = "Các văn bản có sẵn ở trang “Văn bản” của tệp tải về."
        return f"Chưa có văn bản “{_short(number)}” trong danh sách.{hint} {where}"

    def _nothing_found(self, line: str) -> str:
        words = set(syllables(line))
        scored = [
            (len(words & set(syllables(f"{one.citation.title} {one.citation.locator}"))), one)
            for one in self._facts.values()
        ]
        best = max((score for score, _ in scored), default=0)
        hint = ""
        if words and best >= max(2, (len(words) + 1) // 2):
            near = next(fact for score, fact in scored if score == best)
            hint = f"Có phải “{self._names_of(near)[0]}, {near.citation.locator}” không? "
        return (
            f"Chưa tìm thấy căn cứ “{_short(line)}”. {hint}"
            f"Bạn ghi số hiệu và mục, ví dụ “677/QĐ-TTg, mục tiêu đến 2025”. {_SHEET}"
        )

    def _names_of(self, fact: Fact) -> list[str]:
        """What a fact's source is called, the name to be shown first."""
        place = fact.citation
        in_title = [one.normalised for one in self._analysis.document_numbers(place.title) if one.issuer]
        names = [
            place.document,
            *([] if place.document else in_title[:1]),
            "" if place.document else place.title,
        ]
        names.append(fact.document)
        return list(dict.fromkeys(filter(None, names))) or [fact.topic]


def _plain(text: str) -> str:
    return " ".join(syllables(text))


def _short(text: str, most: int = _SHOWN) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _or(names: Sequence[str]) -> str:
    return " hoặc ".join(f"“{one}”" for one in names[:3])


def _at(facts: Sequence[Fact], rest: str) -> tuple[Fact, ...]:
    """The facts at a place, as surely as its words say it; all of them where no place is named."""
    if not rest:
        return tuple(facts)
    places = [(f" {_plain(fact.citation.locator)} ", fact) for fact in facts]
    wanted = f" {rest} "
    for found in (
        [fact for place, fact in places if place == wanted],
        [fact for place, fact in places if wanted in place],
        [fact for place, fact in places if place.strip() and place in wanted],
    ):
        if found:
            return tuple(found)
    like = [
        (SequenceMatcher(None, place, wanted).ratio(), fact)
        for place, fact in places
        if numbers(place) == numbers(wanted)
    ]
    best = max((score for score, _ in like), default=0.0)
    return tuple(fact for score, fact in like if score == best) if best >= _NEAR else ()


def _nearest(facts: Sequence[Fact], said: str) -> tuple[Fact, ...]:
    """What an answer draws on: the fact that shares most with it, and those its other numbers stand in."""
    words = {fact.id: set(syllables(fact.statement)) for fact in facts}
    common = set.intersection(*words.values())
    heard = set(syllables(said))

    def share(fact: Fact) -> float:
        own = words[fact.id] - common
        return _weight(own & heard) / max(_weight(own), 1)

    ranked = sorted(facts, key=share, reverse=True)
    if share(ranked[0]) < _DRAWS_ON or share(ranked[0]) == share(ranked[1]):
        return ()
    chosen = [ranked[0]]
    for fact in ranked[1:]:
        missing = numbers(said) - {one for each in chosen for one in numbers(each.statement)}
        if share(fact) >= _DRAWS_ON and numbers(fact.statement) & missing:
            chosen.append(fact)
    return tuple(chosen)


def _weight(words: Iterable[str]) -> int:
    return sum(_A_NUMBER if one[0].isdigit() else 1 for one in words)


def _no_such_place(source: _Source, line: str) -> str:
    places = list(dict.fromkeys(fact.citation.locator for fact in source.facts))
    more = f"; và {len(places) - _NAMED} mục nữa" if len(places) > _NAMED else ""
    return (
        f"Chưa có mục nào như “{_short(line)}”. {source.name} có: {'; '.join(places[:_NAMED])}{more}. "
        f"Bạn ghi một trong các mục ấy."
    )


def said_in(values: Mapping[str, object]) -> str:
    """Question and answer of a row, to compare facts with."""
    return " ".join(str(values.get(name) or "") for name in ("question", "answer", "step"))
