"""The content that ships with the program, read from its files and checked as a whole.

`python -m knowledge.shipped [folder]` prints what there is, or every fault with file and line. A fault in
any file means that nothing of the folder is used: a release with broken content must not start.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.checklists import read_checklists
from knowledge.criteria_files import CHECKLISTS, read_criteria
from knowledge.items import TERMS_ID, Item, Kind, Misfit, Place, SourceRow, assemble, item, row_of
from knowledge.located import ContentError, Faults, Located, parse, read_text
from knowledge.model import Content
from knowledge.statements import Statement, StatementFile, read_statements

CONTENT_DIR = Path(__file__).parent / "content"
"""The content that ships with the program."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """A whole content folder without a fault."""

    items: tuple[Item, ...]
    content: Content


def load_content(folder: Path = CONTENT_DIR) -> Content:
    """What stands in the files of a content folder. Raises the first ContentError."""
    return load_shipped(folder).content


def load_shipped(folder: Path = CONTENT_DIR) -> Shipped:
    """The same with the items it is made of, for the database. Raises the first ContentError."""
    try:
        return read_folder(folder)
    except Faults as faults:
        raise faults.errors[0] from faults


def read_folder(folder: Path) -> Shipped:
    """Read and check all files of a content folder. Raises Faults with every fault of every file."""
    reading = _Reading()
    reading.statement_files(folder / "directives", reading.directive)
    reading.statement_files(folder / "topics", reading.topic)
    for path in sorted((folder / "faq").glob("*.yml")):
        reading.rows(path, "entries", Kind.ENTRY)
    if (folder / "boundaries.yml").exists():
        reading.rows(folder / "boundaries.yml", "boundaries", Kind.BOUNDARY)
    if (folder / "calendar.yml").exists():
        reading.rows(folder / "calendar.yml", "occasions", Kind.OCCASION)
    reading.terms(folder / "terms.yml")
    return reading.finished()


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where an item stands: a part of a YAML file, or a line of a Markdown file."""

    located: Located
    line: int = 0

    def error(self, place: Place, reason: str) -> ContentError:
        if self.line:
            return ContentError(self.located.file, self.line, reason)
        return self.located.error(place, reason)


class _Reading:
    """Everything found in a folder so far."""

    def __init__(self) -> None:
        self._errors: list[ContentError] = []
        self._items: list[Item] = []
        self._spots: dict[tuple[Kind, str], _Spot] = {}
        self._unread = False
        """A whole file could not be read: then nobody can say which references lead nowhere."""

    def statement_files(self, folder: Path, take: Any) -> None:
        for path in sorted(folder.glob("*.md")):
            try:
                file, errors = read_statements(path)
            except Faults as faults:
                self._not_read(faults)
                continue
            self._errors += errors
            for broken in file.broken:
                self._spots.setdefault((Kind.FACT, broken), _Spot(file.front, 1))
            take(file)

    def directive(self, file: StatementFile) -> None:
        body = dict(file.front.data)
        number = body.pop("number", None)
        sources = self._sources(file, body.pop("sources", {}))
        self._add(Kind.DOCUMENT, number, body, _Spot(file.front))
        for statement in file.statements:
            self._fact(file, statement, {"document": str(number)}, sources)

    def topic(self, file: StatementFile) -> None:
        body = dict(file.front.data)
        title, sources = body.pop("title", None), self._sources(file, body.pop("sources", {}))
        if not isinstance(title, str) or not title.strip():
            self._errors.append(file.front.error(("title",), "a topic needs a title"))
        for key in body:
            self._errors.append(file.front.error((key,), "is not known: a topic has title and sources"))
        for statement in file.statements:
            if not statement.source:
                self._fault(file, statement, f"{statement.id} names no source: (certain; source)")
                continue
            self._fact(file, statement, {"topic": str(title)}, sources)
        if not file.statements:
            self._errors.append(ContentError(file.path, 1, "the topic has no statements"))

    def rows(self, path: Path, key: str, kind: Kind) -> None:
        located = self._yaml(path)
        if located is None:
            return
        if not isinstance(located.data, dict) or not isinstance(located.data.get(key), list):
            self._errors.append(located.error((key,), f"the file must hold a list named {key}"))
            return
        for other in located.data:
            if other != key:
                self._errors.append(located.error((other,), f"is not known: only {key} stands in this file"))
        for index, row in enumerate(located.data[key]):
            place = located.at(key, index)
            if isinstance(row, dict):
                body = {name: value for name, value in row.items() if name != "id"}
                self._add(kind, row.get("id"), body, _Spot(place))
            else:
                self._errors.append(place.error((), "must be `key: value` lines"))

    def terms(self, path: Path) -> None:
        located = self._yaml(path)
        if located is not None:
            self._add(Kind.TERMS, TERMS_ID, located.data, _Spot(located))

    def finished(self) -> Shipped:
        content, problems = assemble(self._items)
        for problem in problems:
            # What stands in the files and does not fit was named already; so was a file that is unreadable.
            if problem.missing and (problem.missing in self._spots or self._unread):
                continue
            spot = self._spots[problem.kind, problem.id]
            self._errors.append(spot.error(problem.place, problem.reason))
        if self._errors:
            raise Faults(sorted(self._errors, key=lambda error: (str(error.file), error.line)))
        return Shipped(tuple(sorted(self._items, key=lambda one: (one.kind, one.id))), content)

    def _yaml(self, path: Path) -> Located | None:
        try:
            located = parse(path, read_text(path))
        except Faults as faults:
            self._not_read(faults)
            return None
        if located.node is None:
            self._errors.append(ContentError(path, 1, "is empty"))
            return None
        return located

    def _not_read(self, faults: Faults) -> None:
        self._errors += faults.errors
        self._unread = True

    def _sources(self, file: StatementFile, rows: object) -> dict[str, SourceRow | None]:
        """Sources by key; None for one that is named there and does not fit."""
        if not isinstance(rows, dict):
            self._errors.append(file.front.error(("sources",), "must be `key: {title: …}` lines"))
            return {}
        sources: dict[str, SourceRow | None] = {}
        for key, row in rows.items():
            try:
                sources[str(key)] = row_of(SourceRow, row)
            except Misfit as misfit:
                sources[str(key)] = None
                self._errors += [
                    file.front.error(("sources", key, *place), reason) for place, reason in misfit.faults
                ]
        return sources

    def _fact(
        self,
        file: StatementFile,
        statement: Statement,
        belongs: Mapping[str, str],
        sources: Mapping[str, SourceRow | None],
    ) -> None:
        body: dict[str, object] = {
            **belongs,
            "statement": statement.text,
            "certainty": statement.certainty.value,
            "locator": statement.heading,
        }
        if statement.source:
            if statement.source not in sources:
                self._fault(file, statement, f"{statement.source} is not among the sources of this file")
            source = sources.get(statement.source) or SourceRow(title="?")
            body["source"] = source.model_dump()
        self._add(Kind.FACT, statement.id, body, _Spot(file.front, statement.line))

    def _fault(self, file: StatementFile, statement: Statement, reason: str) -> None:
        self._errors.append(ContentError(file.path, statement.line, reason))

    def _add(self, kind: Kind, item_id: object, body: object, spot: _Spot) -> None:
        if not isinstance(item_id, str):
            key = "number" if kind is Kind.DOCUMENT else "id"
            found = "is missing" if item_id is None else f"must be text (found {item_id!r:.80})"
            self._errors.append(spot.error((key,), found))
            return
        known = self._spots.get((kind, item_id))
        if known is not None:
            first = known.error((), "")
            where = f"{first.file.name}:{first.line}"
            self._errors.append(spot.error(("id",), f"{item_id} is used twice, first in {where}"))
            return
        self._spots[kind, item_id] = spot
        try:
            self._items.append(item(kind, item_id, body))
        except Misfit as misfit:
            self._errors += [spot.error(place, reason) for place, reason in misfit.faults]


def main(arguments: list[str]) -> int:
    """Check a folder, its criteria too, and say what was found; 1 when there is a fault."""
    folder = Path(arguments[0]) if arguments else CONTENT_DIR
    criteria = folder / "criteria"
    found: list[str] = []
    errors: list[ContentError] = []
    readings: list[Callable[[], str]] = [lambda: _sizes(read_folder(folder).content)]
    if criteria.exists():
        readings.append(lambda: f"{len(read_criteria(criteria).sets)} criteria sets")
        readings.append(lambda: f"{len(read_checklists(criteria / CHECKLISTS))} checklists")
    for reading in readings:
        try:
            found.append(reading())
        except Faults as faults:
            errors += faults.errors
    sys.stdout.writelines(f"{error}\n" for error in errors)
    if not errors:
        sys.stdout.write(f"OK: {', '.join(found)}\n")
    return 1 if errors else 0


def _sizes(content: Content) -> str:
    return f"{len(content.documents)} documents, {len(content.facts)} facts, {len(content.entries)} entries"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
