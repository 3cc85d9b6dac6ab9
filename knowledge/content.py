"""The shipped content: documents, facts and questions with their answers, read and checked once.

Every answer rests on facts, every fact on a registered document or a named source; a file that breaks this
is refused with its name and line. Nothing here searches or decides what a question means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.answer import Citation

CONTENT_DIR = Path(__file__).parent / "content"
"""The content that ships with the program."""

ANSWER_LIMIT = 500
"""Characters of one answer: what is still read on a phone."""
QUESTION_LIMIT = 60
"""Characters of a question that is offered to be pressed."""


class ContentError(ValueError):
    """A content file that cannot be used. The message names file and line."""

    def __init__(self, file: Path, line: int, reason: str) -> None:
        """`line` counts from 1."""
        super().__init__(f"{file.name}:{line}: {reason}")
        self.file = file
        self.line = line


class Certainty(StrEnum):
    """How well a statement is supported, from best to worst."""

    CERTAIN = "certain"
    """Two independent sources agree, or the document itself was read."""
    SINGLE_SOURCE = "single-source"
    """One source says so and none contradicts: worded as "theo …"."""
    UNVERIFIED = "unverified"
    """Not confirmed, or not known: said as such."""


_DOUBT = list(Certainty)


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
    aliases: tuple[str, ...]
    certainty: Certainty

    @property
    def cited_as(self) -> str:
        """`Quyết định 677/QĐ-TTg ngày 03/6/2022`."""
        return f"{self.type} {self.number} ngày {written_date(self.issued)}"


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement in our own words, and where it stands."""

    id: str
    statement: str
    certainty: Certainty
    citation: Citation


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
class Terms:
    """content/terms.yml: words the search treats in a special way."""

    filler_phrases: tuple[str, ...]
    filler_words: tuple[str, ...]
    """Phrases and words without a topic."""
    own: tuple[str, ...]
    """Phrases that show a question to be surely ours."""
    others: tuple[str, ...]
    """Phrases that look like ours and belong to somebody else's field."""


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that was loaded, by id."""

    documents: Mapping[str, Document]
    facts: Mapping[str, Fact]
    entries: Mapping[str, Entry]
    terms: Terms


_Text = Annotated[str, Field(min_length=1)]
_Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _DocumentRow(_Row):
    number: _Text
    type: _Text
    title: _Text
    date: date
    issuer: _Text
    status: _Text
    aliases: list[_Text] = []
    confidence: Annotated[Certainty, Field(strict=False)]


class _SourceRow(_Row):
    title: _Text
    url: Annotated[str, Field(pattern=r"^(https?://.+)?$")] = ""


class _FactRow(_Row):
    id: _Slug
    document: str = ""
    source: str = ""
    locator: _Text
    certainty: Annotated[Certainty, Field(strict=False)]
    statement: _Text


class _EntryRow(_Row):
    id: _Slug
    question: Annotated[str, Field(min_length=1, max_length=QUESTION_LIMIT)]
    variants: list[_Text] = []
    answer: Annotated[str, Field(min_length=1, max_length=ANSWER_LIMIT)]
    facts: Annotated[list[_Slug], Field(min_length=1)]
    about: list[_Text] = []
    years: list[int] = []
    only_if: list[_Text] = []
    next: list[_Slug] = []
    featured: bool = False


class _DocumentsFile(_Row):
    documents: list[_DocumentRow]


class _FactsFile(_Row):
    sources: dict[str, _SourceRow]
    facts: list[_FactRow]


class _EntriesFile(_Row):
    entries: list[_EntryRow]


class _TermsFile(_Row):
    filler_phrases: list[_Text]
    filler_words: list[_Text]
    own: list[_Text]
    others: list[_Text]


_File = TypeVar("_File", bound=_Row)


@dataclass(frozen=True, slots=True)
class _Source:
    """A parsed YAML file that remembers where everything stands."""

    path: Path
    node: yaml.Node
    data: Any = field(repr=False)

    def error(self, place: tuple[int | str, ...], reason: str) -> ContentError:
        node, line = self.node, self.node.start_mark.line
        for step in place:
            child = _child(node, step)
            if child is None:
                break
            node, line = child, child.start_mark.line
        where = ".".join(str(step) for step in place)
        return ContentError(self.path, line + 1, f"{where}: {reason}" if where else reason)


def load_content(folder: Path = CONTENT_DIR) -> Content:
    """Read and check all files of a content folder. Raises ContentError on the first fault."""
    documents = _load_documents(folder / "documents.yml")
    facts = _load_facts(folder / "facts.yml", documents)
    entries: dict[str, Entry] = {}
    pending: list[tuple[_Source, int, Entry]] = []
    for path in sorted((folder / "faq").glob("*.yml")):
        for source, place, entry in _load_entries(path, documents, facts):
            if entry.id in entries:
                raise source.error(("entries", place, "id"), f"{entry.id} is used twice")
            entries[entry.id] = entry
            pending.append((source, place, entry))
    for source, place, entry in pending:
        for index, follower in enumerate(entry.next):
            if follower not in entries:
                raise source.error(("entries", place, "next", index), f"there is no entry {follower}")
    _, rows = _read(folder / "terms.yml", _TermsFile)
    terms = Terms(tuple(rows.filler_phrases), tuple(rows.filler_words), tuple(rows.own), tuple(rows.others))
    return Content(documents, facts, entries, terms)


def written_date(day: date) -> str:
    """As official writing has it, days and months 1 and 2 with a zero: `03/6/2022`, `10/02/2020`."""
    month = f"{day.month:02}" if day.month < 3 else str(day.month)
    return f"{day.day:02}/{month}/{day.year}"


def _load_documents(path: Path) -> dict[str, Document]:
    source, rows = _read(path, _DocumentsFile)
    documents: dict[str, Document] = {}
    for place, row in enumerate(rows.documents):
        if row.number in documents:
            raise source.error(("documents", place, "number"), f"{row.number} is registered twice")
        documents[row.number] = Document(
            number=row.number,
            type=row.type,
            title=row.title,
            issued=row.date,
            issuer=row.issuer,
            status=row.status,
            aliases=tuple(row.aliases),
            certainty=row.confidence,
        )
    return documents


def _load_facts(path: Path, documents: Mapping[str, Document]) -> dict[str, Fact]:
    source, rows = _read(path, _FactsFile)
    facts: dict[str, Fact] = {}
    for place, row in enumerate(rows.facts):
        at = ("facts", place)
        if row.id in facts:
            raise source.error((*at, "id"), f"{row.id} is used twice")
        if bool(row.document) == bool(row.source):
            raise source.error(at, f"{row.id} needs a document or a source, and not both")
        if row.document and row.document not in documents:
            raise source.error((*at, "document"), f"{row.document} is not in documents.yml")
        if row.source and row.source not in rows.sources:
            raise source.error((*at, "source"), f"{row.source} is not among the sources")
        named = rows.sources.get(row.source)
        facts[row.id] = Fact(
            id=row.id,
            statement=row.statement,
            certainty=row.certainty,
            citation=Citation(
                document=row.document,
                title=named.title if named else documents[row.document].cited_as,
                locator=row.locator,
                url=named.url if named else "",
            ),
        )
    return facts


def _load_entries(
    path: Path, documents: Mapping[str, Document], facts: Mapping[str, Fact]
) -> Iterator[tuple[_Source, int, Entry]]:
    source, rows = _read(path, _EntriesFile)
    for place, row in enumerate(rows.entries):
        at = ("entries", place)
        for index, fact in enumerate(row.facts):
            if fact not in facts:
                raise source.error((*at, "facts", index), f"there is no fact {fact}")
        for index, number in enumerate(row.about):
            if number not in documents:
                raise source.error((*at, "about", index), f"{number} is not in documents.yml")
        entry = Entry(
            id=row.id,
            question=row.question,
            answer=row.answer,
            facts=tuple(facts[fact] for fact in row.facts),
            variants=tuple(row.variants),
            about=tuple(row.about),
            years=tuple(row.years),
            only_if=tuple(row.only_if),
            next=tuple(row.next),
            featured=row.featured,
        )
        yield source, place, entry


def _read(path: Path, shape: type[_File]) -> tuple[_Source, _File]:
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(path.read_text("utf-8"))
        node = loader.get_single_node()
        data = loader.construct_document(node) if node else None
    except OSError as error:
        raise ContentError(path, 1, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ContentError(path, 1, "is not UTF-8 text") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContentError(path, line, f"is not valid YAML: {error.problem}") from error
    if node is None:
        raise ContentError(path, 1, "is empty")
    source = _Source(path, node, data)
    _refuse_repeated_keys(source.path, node)
    try:
        return source, shape.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise source.error(first["loc"], f"{first['msg']} (found {first['input']!r:.80})") from error


def _refuse_repeated_keys(path: Path, node: yaml.Node) -> None:
    """YAML would silently keep the last of two equal keys, and an edit would be lost."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise ContentError(path, key.start_mark.line + 1, f"{key.value} stands twice in one place")
            seen.add(key.value)
            _refuse_repeated_keys(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_repeated_keys(path, value)


def _child(node: yaml.Node, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        found: yaml.Node = node.value[step]
        return found
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    return None
