"""Content as items (kind, id, body): the one form in which it is stored, compared, edited and assembled.

An item stands for itself: a fact carries what a citizen reads as its source, so that it can be kept in a
database row. Whoever assembles items decides what a fault means: files are refused, a database row is left
out, so that a slip of the pen never silences the bot. Nothing here reads files or a database.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, TypeVar

import structlog
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from knowledge.answer import Citation
from knowledge.model import (
    ANSWER_LIMIT,
    QUESTION_LIMIT,
    REPLY_LIMIT,
    STEP_LIMIT,
    Boundary,
    Certainty,
    Content,
    Document,
    Entry,
    Fact,
    Level,
    Occasion,
    Terms,
    YearDay,
)

_log = structlog.get_logger(__name__)

Place = tuple[int | str, ...]
"""Where in a body: `("variants", 2)`."""

SLUG = r"[a-z0-9]+(?:-[a-z0-9]+)*"
TERMS_ID = "terms"
"""There is one item of this kind."""

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?![\d/])")


class Kind(StrEnum):
    """What an item is."""

    DOCUMENT = "document"
    FACT = "fact"
    ENTRY = "entry"
    BOUNDARY = "boundary"
    TERMS = "terms"
    OCCASION = "occasion"


@dataclass(frozen=True)
class Item:
    """One piece of content. Equal items have equal hashes, whatever order their keys were written in."""

    kind: Kind
    id: str
    """A document's number as registered; else a slug, unique within the kind."""
    body: Mapping[str, Any] = field(hash=False)
    """JSON values only, without what has its default: as `item` makes it."""

    @cached_property
    def text(self) -> str:
        """The body as canonical JSON."""
        return json.dumps(self.body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @cached_property
    def content_hash(self) -> str:
        """Stable over programs and machines."""
        return hashlib.sha256(f"{self.kind}\n{self.id}\n{self.text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an item does not fit."""

    kind: Kind
    id: str
    place: Place
    reason: str
    missing: tuple[Kind, str] | None = None
    """The item it names, where that is not there."""
    left_out: bool = True
    """False where only the reference at `place` was left out, and the item stays."""


class Misfit(ValueError):
    """A body that is not one of its kind."""

    def __init__(self, faults: list[tuple[Place, str]]) -> None:
        """At least one fault: where in the body, and why."""
        super().__init__("; ".join(f"{'.'.join(map(str, place))}: {reason}" for place, reason in faults))
        self.faults = faults


def _day(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("a day is written yyyy-mm-dd")
    return date.fromisoformat(value)


def _month_day(value: str) -> str:
    match = re.fullmatch(r"(\d\d)-(\d\d)", value)
    try:
        date(2024, int(match[1]), int(match[2])) if match else date(0, 0, 0)  # a leap year has every day
    except ValueError:
        raise ValueError("a day of the year is written mm-dd") from None
    return value


_Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
_Slug = Annotated[str, Field(pattern=rf"^{SLUG}$")]
_Number = Annotated[str, Field(pattern=r"^\S*\d\S*$", max_length=120)]
_Url = Annotated[str, Field(pattern=r"^(https?://\S+)?$")]
_Day = Annotated[date, BeforeValidator(_day)]
_MonthDay = Annotated[str, AfterValidator(_month_day)]
_Certainty = Annotated[Certainty, Field(strict=False)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class DocumentRow(_Row):
    """Body of a document; its id is the number."""

    type: _Text
    title: _Text
    issued: _Day
    issuer: _Text
    signer: str = ""
    effective: _Day | None = None
    level: Annotated[Level, Field(strict=False)]
    status: _Text
    certainty: _Certainty
    aliases: list[_Text] = []
    replaces: list[_Number] = []
    replaced_by: list[_Number] = []
    implements: list[_Number] = []
    url: _Url = ""


class SourceRow(_Row):
    """What a citizen reads as the source of a fact that stands in no registered document."""

    title: _Text
    url: _Url = ""


class FactRow(_Row):
    """Body of a fact. It rests on `source` where there is one, else on `document`."""

    statement: Annotated[_Text, Field(max_length=ANSWER_LIMIT)]
    certainty: _Certainty
    locator: _Text
    document: str = ""
    topic: str = ""
    source: SourceRow | None = None


class EntryRow(_Row):
    """Body of an entry."""

    question: Annotated[_Text, Field(max_length=QUESTION_LIMIT)]
    variants: list[_Text] = []
    answer: Annotated[_Text, Field(max_length=ANSWER_LIMIT)]
    facts: Annotated[list[_Slug], Field(min_length=1)]
    about: list[_Text] = []
    years: list[Annotated[int, Field(ge=1900, le=2199)]] | None = None
    only_if: list[_Text] = []
    next: list[_Slug] = []
    featured: bool = False
    step: Annotated[str, Field(max_length=STEP_LIMIT)] = ""


class BoundaryRow(_Row):
    """Body of a boundary."""

    says: Annotated[list[_Text], Field(min_length=1)]
    reply: Annotated[_Text, Field(max_length=REPLY_LIMIT)]


class TermsRow(_Row):
    """Body of the terms."""

    filler_phrases: list[_Text]
    filler_words: list[_Text]
    own: list[_Text]
    others: list[_Text]


class OccasionRow(_Row):
    """Body of an occasion. Days are written `month-day`: "10-02"."""

    title: Annotated[_Text, Field(max_length=120)]
    first: _MonthDay
    last: _MonthDay | None = None
    certainty: _Certainty
    facts: list[_Slug] = []
    note: Annotated[str, Field(max_length=300)] = ""
    topic: Annotated[str, Field(pattern=r"^[a-z_]*$", max_length=20)] = ""
    message: Annotated[str, Field(max_length=1200)] = ""
    lead_days: Annotated[int, Field(ge=1, le=90)] = 14


_ROWS: Mapping[Kind, type[_Row]] = {
    Kind.DOCUMENT: DocumentRow,
    Kind.FACT: FactRow,
    Kind.ENTRY: EntryRow,
    Kind.BOUNDARY: BoundaryRow,
    Kind.TERMS: TermsRow,
    Kind.OCCASION: OccasionRow,
}


def item(kind: Kind, item_id: str, body: object) -> Item:
    """Check a body as it was written and bring it to its canonical form. Raises Misfit with every fault."""
    pattern = r"\S*\d\S*" if kind is Kind.DOCUMENT else SLUG
    if not re.fullmatch(pattern, item_id) or len(item_id) > 120:
        wanted = "a number as registered" if kind is Kind.DOCUMENT else "lower-case-words-with-hyphens"
        raise Misfit([(("id",), f"{item_id!r} is not {wanted}")])
    row = row_of(_ROWS[kind], body)
    return Item(kind, item_id, row.model_dump(mode="json", exclude_defaults=True))


_R = TypeVar("_R", bound=BaseModel)


def row_of(shape: type[_R], body: object) -> _R:
    """A checked row of this shape. Raises Misfit with every fault."""
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        faults: list[tuple[Place, str]] = []
        for fault in error.errors(include_url=False, include_context=False):
            found = "" if fault["type"] == "missing" else f" (found {fault['input']!r:.80})"
            faults.append((fault["loc"], fault["msg"].removeprefix("Value error, ") + found))
        raise Misfit(faults) from error


def digest(items: Iterable[Item]) -> str:
    """One hash for a whole collection, whatever its order: equal only when every item is."""
    hashes = sorted(one.content_hash for one in items)
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


class _Assembly:
    """Builds content from items, noting every fault on the way."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.problems: list[Problem] = []
        self._by_kind: dict[Kind, dict[str, Item]] = {kind: {} for kind in Kind}
        for one in items:
            if one.id in self._by_kind[one.kind]:
                self._left_out(one, ("id",), f"{one.id} is used twice")
                continue
            self._by_kind[one.kind][one.id] = one

    def _left_out(
        self, one: Item, place: Place, reason: str, missing: tuple[Kind, str] | None = None
    ) -> None:
        self.problems.append(Problem(one.kind, one.id, place, reason, missing))

    def _each(self, kind: Kind, shape: type[_R]) -> Iterable[tuple[Item, _R]]:
        for _, one in sorted(self._by_kind[kind].items()):
            try:
                yield one, row_of(shape, one.body)
            except Misfit as misfit:
                for place, reason in misfit.faults:
                    self._left_out(one, place, reason)

    def content(self) -> Content:
        documents = self._documents()
        facts = self._facts(documents)
        entries = self._entries(documents, facts)
        boundaries = {
            one.id: Boundary(one.id, tuple(row.says), row.reply)
            for one, row in self._each(Kind.BOUNDARY, BoundaryRow)
        }
        return Content(documents, facts, entries, self._terms(), boundaries, self._occasions(facts))

    def _occasions(self, facts: Mapping[str, Fact]) -> dict[str, Occasion]:
        return {
            one.id: Occasion(
                id=one.id,
                title=row.title,
                first=_year_day(row.first),
                last=_year_day(row.last or row.first),
                certainty=row.certainty,
                facts=tuple(facts[name] for name in self._known(one, "facts", row.facts, Kind.FACT, facts)),
                note=row.note,
                topic=row.topic,
                message=row.message,
                lead_days=row.lead_days,
            )
            for one, row in self._each(Kind.OCCASION, OccasionRow)
        }

    def _documents(self) -> dict[str, Document]:
        return {
            one.id: Document(
                number=one.id,
                type=row.type,
                title=row.title,
                issued=row.issued,
                issuer=row.issuer,
                status=row.status,
                aliases=tuple(row.aliases),
                certainty=row.certainty,
                level=row.level,
                signer=row.signer,
                effective=row.effective,
                replaces=tuple(row.replaces),
                replaced_by=tuple(row.replaced_by),
                implements=tuple(row.implements),
                url=row.url,
            )
            for one, row in self._each(Kind.DOCUMENT, DocumentRow)
        }

    def _facts(self, documents: Mapping[str, Document]) -> dict[str, Fact]:
        facts: dict[str, Fact] = {}
        for one, row in self._each(Kind.FACT, FactRow):
            if row.document and row.document not in documents:
                reason = f"the document {row.document} is not registered"
                self._left_out(one, ("document",), reason, (Kind.DOCUMENT, row.document))
                continue
            if row.source is not None:
                citation = Citation("", row.source.title, row.locator, row.source.url)
            elif row.document:
                document = documents[row.document]
                citation = Citation(document.number, document.cited_as, row.locator, document.url)
            else:
                self._left_out(one, (), f"{one.id} needs a document or a source")
                continue
            facts[one.id] = Fact(
                one.id, row.statement, row.certainty, citation, document=row.document, topic=row.topic
            )
        return facts

    def _entries(self, documents: Mapping[str, Document], facts: Mapping[str, Fact]) -> dict[str, Entry]:
        rows: dict[str, tuple[Item, EntryRow]] = {}
        for one, row in self._each(Kind.ENTRY, EntryRow):
            missing = [(index, name) for index, name in enumerate(row.facts) if name not in facts]
            for index, name in missing:
                self._left_out(one, ("facts", index), f"there is no fact {name}", (Kind.FACT, name))
            if not missing:
                rows[one.id] = (one, row)
        entries: dict[str, Entry] = {}
        for one, row in rows.values():
            entries[one.id] = Entry(
                id=one.id,
                question=row.question,
                answer=row.answer,
                facts=tuple(facts[name] for name in row.facts),
                variants=tuple(row.variants),
                about=self._known(one, "about", row.about, Kind.DOCUMENT, documents),
                years=_years(row.question) if row.years is None else tuple(row.years),
                only_if=tuple(row.only_if),
                next=self._known(one, "next", row.next, Kind.ENTRY, rows),
                featured=row.featured,
                step=row.step,
            )
        return entries

    def _known(
        self, one: Item, key: str, names: list[str], kind: Kind, there: Container[str]
    ) -> tuple[str, ...]:
        """The names that exist: a reference that leads nowhere is no reason to drop an answer."""
        for index, name in enumerate(names):
            if name not in there:
                reason = f"there is no {kind} {name}"
                self.problems.append(
                    Problem(one.kind, one.id, (key, index), reason, (kind, name), left_out=False)
                )
        return tuple(name for name in names if name in there)

    def _terms(self) -> Terms:
        for _, row in self._each(Kind.TERMS, TermsRow):
            return Terms(
                tuple(row.filler_phrases), tuple(row.filler_words), tuple(row.own), tuple(row.others)
            )
        return Terms()


def _year_day(written: str) -> YearDay:
    month, _, day = written.partition("-")
    return YearDay(int(month), int(day))


def _years(question: str) -> tuple[int, ...]:
    """Years the question itself names; not those inside a document number (`25/2023/TT`)."""
    return tuple(dict.fromkeys(int(year) for year in _YEAR.findall(question)))


def assemble(items: Iterable[Item]) -> tuple[Content, tuple[Problem, ...]]:
    """Content from all items that fit together, and every reason why something did not. Never raises."""
    assembly = _Assembly(items)
    content = assembly.content()
    return content, tuple(assembly.problems)


def content_of(items: Iterable[Item]) -> Content:
    """Content from items that were stored: what does not fit is left out and said in the log."""
    content, problems = assemble(items)
    for problem in problems:
        _log.warning(
            "content_item_left_out" if problem.left_out else "content_reference_left_out",
            kind=problem.kind.value,
            id=problem.id,
            place=".".join(map(str, problem.place)),
            reason=problem.reason,
        )
    return content
