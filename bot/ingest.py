"""`khuyenhoc ingest`: files become sources of the library, one after the other; a bad one stops no other.

The same bytes again change nothing. Parsing happens in a process of its own (bot.reading); here a file is
kept, its passages stored in short transactions, and rows of question sheets become drafts. Nothing taken in
is shown to a citizen before the last of these transactions.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock
from bot.reading import Wanted, read_apart
from bot.store import content, library
from bot.store.database import Database
from bot.store.library import NewPassage, NewSource, State
from knowledge.content import Item, Kind, load_shipped
from knowledge.ingest import FaqRow, IngestError, Limits, PassageKind, TakenIn, TakenPassage
from knowledge.ingest.limits import check_size
from knowledge.items import Misfit, item
from knowledge.model import written_date
from nlu.text import syllables

log = structlog.get_logger(__name__)

FOLDER = "library"
"""Beneath the data folder: originals, named by what is in them."""
_PASSAGES_AT_ONCE = 100
"""Rows of one transaction: a few milliseconds."""
_KNOWN_PASSAGES = 3000
_COPY_CHUNK = 1 << 20
_DRAFT_ID_LENGTH = 60


class Outcome(StrEnum):
    """What became of a file."""

    ADDED = "added"
    REPLACED = "replaced"
    """It took the place of an older version."""
    UNCHANGED = "unchanged"
    """Just these bytes are there already."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FileReport:
    """What to tell whoever gave the file. Texts are Vietnamese."""

    file: str
    outcome: Outcome
    error: str = ""
    source_id: int | None = None
    title: str = ""
    media: str = ""
    version: int = 1
    pages: int = 0
    passages: int = 0
    damaged: int = 0
    quality: float = 1.0
    header: Mapping[str, str] = field(default_factory=dict)
    """number, type, title, issued (ISO), place, issuer, signer: what could be read."""
    numbers: tuple[Mapping[str, Any], ...] = ()
    """number, is_known, count."""
    damaged_pages: tuple[int, ...] = ()
    faq: tuple[Mapping[str, Any], ...] = ()
    """line, question, draft (its id, or nothing), problem."""
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For machines: the same fields, without what does not apply."""
        if self.outcome is Outcome.FAILED:
            return {"file": self.file, "outcome": self.outcome.value, "error": self.error}
        return {name: getattr(self, name) for name in self.__slots__ if name != "error"}


@dataclass(frozen=True, slots=True)
class _Register:
    """What is known before the file is read."""

    titles: Mapping[str, str]
    """Registered number to how it is cited: `Kế hoạch 670/KH-UBND ngày 19/01/2022`."""
    known: Sequence[str]


async def ingest_files(
    database: Database, data_dir: Path, paths: Sequence[Path], *, by: str, clock: Clock, limits: Limits
) -> AsyncIterator[FileReport]:
    """Take files in, in order, and report on each. Raises StoreUnavailable only."""
    for path in paths:
        yield await ingest_file(database, data_dir, path, name=path.name, by=by, clock=clock, limits=limits)


async def ingest_file(
    database: Database,
    data_dir: Path,
    path: Path,
    *,
    name: str,
    by: str,
    clock: Clock,
    limits: Limits,
) -> FileReport:
    """Take one file in. `name` is what it was called; `by` who gave it. Raises StoreUnavailable only."""
    try:
        digest, kept, is_new = await asyncio.to_thread(_keep, path, name, data_dir, limits)
    except IngestError as error:
        return FileReport(name, Outcome.FAILED, str(error))
    except OSError as error:
        return FileReport(name, Outcome.FAILED, f"Không đọc hoặc không lưu được tệp ({error.strerror}).")
    async with database.read() as connection:
        same = await library.with_bytes(connection, digest)
        register = await _register(connection)
    if same is not None:
        return _unchanged(name, same)
    try:
        taken = await read_apart(Wanted(kept, name, tuple(register.titles), register.known), limits)
    except IngestError as error:
        if is_new:
            await asyncio.to_thread(kept.unlink, missing_ok=True)
        log.warning("file_not_taken_in", size=kept.stat().st_size if kept.exists() else 0)
        return FileReport(name, Outcome.FAILED, str(error))
    title = register.titles.get(taken.header.number, taken.title)
    drafts = await _save_drafts(database, taken.faq, name, register, by=by, clock=clock)
    report = _report(name, title, taken, drafts)
    return await _store(database, digest, name, title, taken, report, by=by, clock=clock)


def describe(report: FileReport) -> list[str]:
    """The report in Vietnamese lines."""
    if report.outcome is Outcome.FAILED:
        return [f"✘ {report.file}: {report.error}"]
    if report.outcome is Outcome.UNCHANGED:
        return [f"– {report.file}: đã có trong kho, không thay đổi gì.", *_warned(report)]
    done = f"đã thay bản cũ (bản thứ {report.version})" if report.outcome is Outcome.REPLACED else "đã nhận"
    lines = [f"✔ {report.file}: {done}", f"    Nguồn: {report.title}"]
    head = [
        f"{label}: {value}"
        for label, value in (
            ("số", report.header.get("number")),
            ("ngày", _shown_day(report.header.get("issued", ""))),
            ("cơ quan", report.header.get("issuer")),
            ("người ký", report.header.get("signer")),
        )
        if value
    ]
    if head:
        lines.append(f"    Phần đầu văn bản: {'; '.join(head)}")
    pages = f" trong {report.pages} trang" if report.pages else ""
    lines.append(f"    {report.passages} đoạn{pages}; chất lượng chữ {report.quality:.0%}")
    known = [f"{one['number']} ({one['count']})" for one in report.numbers if one["is_known"]]
    new = [f"{one['number']} ({one['count']})" for one in report.numbers if not one["is_known"]]
    if known:
        lines.append(f"    Văn bản đã biết được nhắc đến: {', '.join(known)}")
    if new:
        lines.append(f"    Số hiệu mới, chưa có trong danh mục: {', '.join(new)}")
    if report.faq:
        saved = sum(bool(row["draft"]) for row in report.faq)
        lines.append(f"    {len(report.faq)} câu hỏi đáp, {saved} bản nháp chờ cán bộ duyệt")
        lines += [f"      dòng {row['line']}: {row['problem']}" for row in report.faq if row["problem"]]
    return [*lines, *_warned(report)]


def _warned(report: FileReport) -> list[str]:
    return [f"    ! {warning}" for warning in report.warnings]


def _shown_day(day: str) -> str:
    return f"{date.fromisoformat(day):%d/%m/%Y}" if day else ""


def _keep(path: Path, name: str, data_dir: Path, limits: Limits) -> tuple[str, Path, bool]:
    """Copy the file to where originals lie; gives its hash, its place, and whether it was not there before.

    The copy is what is read: the file given may change meanwhile.
    """
    if not path.is_file():
        raise IngestError("Không thấy tệp này.")
    check_size(path, limits)
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    staged = folder / f".{os.getpid()}-{os.urandom(4).hex()}"
    digest = hashlib.sha256()
    try:
        with path.open("rb") as source, open(os.open(staged, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as copy:
            while chunk := source.read(_COPY_CHUNK):
                digest.update(chunk)
                copy.write(chunk)
        place = folder / f"{digest.hexdigest()}{_extension(name)}"
        is_new = not place.exists()
        shutil.move(staged, place)
    finally:
        staged.unlink(missing_ok=True)
    return digest.hexdigest(), place, is_new


def _extension(name: str) -> str:
    extension = Path(name).suffix.lower()
    return extension if extension[1:].isalnum() and extension.isascii() and len(extension) <= 6 else ""


async def _register(connection: AsyncConnection) -> _Register:
    """Registered numbers with how they are cited, and clean text. Before the first start: what is shipped."""
    items: Sequence[Item] = await content.load(connection)
    if not items:
        items = await asyncio.to_thread(_shipped_items)
    titles, known = {}, []
    for one in items:
        if one.kind is Kind.DOCUMENT:
            day = date.fromisoformat(one.body["issued"])
            titles[one.id] = f"{one.body['type']} {one.id} ngày {written_date(day)}"
            known += [one.body["title"], f"{one.body['type']} của {one.body['issuer']}"]
        elif one.kind is Kind.FACT:
            known.append(one.body["statement"])
    return _Register(titles, [*known, *await library.clean_texts(connection, _KNOWN_PASSAGES)])


@cache
def _shipped_items() -> tuple[Item, ...]:
    return load_shipped().items


async def _store(
    database: Database,
    digest: str,
    name: str,
    title: str,
    taken: TakenIn,
    report: FileReport,
    *,
    by: str,
    clock: Clock,
) -> FileReport:
    header = taken.header
    new = NewSource(
        sha256=digest,
        name=name,
        media=taken.media,
        number=header.number,
        title=title,
        issued=header.issued,
        issuer=header.issuer,
        signer=header.signer,
        pages=taken.pages,
        quality=taken.quality,
        report=json.loads(json.dumps(report.as_json(), default=list)),
    )
    source_id = await database.write(lambda c: library.begin(c, new, by=by, at=clock()))
    for first in range(0, len(taken.passages), _PASSAGES_AT_ONCE):
        rows = [_row(one) for one in taken.passages[first : first + _PASSAGES_AT_ONCE]]
        await database.write(
            lambda c, first=first, rows=rows: library.add_passages(c, source_id, first, rows)  # type: ignore[misc]
        )
    try:
        former = await database.write(lambda c: library.finish(c, source_id, at=clock()))
    except LookupError:
        await database.write(lambda c: library.drop(c, source_id))
        return FileReport(name, Outcome.UNCHANGED)
    log.info("file_taken_in", source=source_id, media=taken.media, passages=len(taken.passages))
    values = {one: getattr(report, one) for one in FileReport.__slots__}
    if former is not None:
        values |= {"outcome": Outcome.REPLACED, "version": former.version + 1}
    return FileReport(**{**values, "source_id": source_id})


def _row(one: TakenPassage) -> NewPassage:
    return NewPassage(
        kind=one.kind.value,
        locator=one.locator,
        page=one.page,
        section=one.section,
        text=one.text,
        quality=one.quality,
        damaged=one.damaged,
        state=_first_state(one),
        suggestion=one.suggestion,
    )


def _first_state(one: TakenPassage) -> State:
    """Who gets copies of a letter answers nobody's question: hidden, until a person shows it."""
    if one.kind is PassageKind.CLOSING:
        return State.HIDDEN
    return State.REVIEW if one.damaged else State.OK


def _unchanged(name: str, same: library.Source) -> FileReport:
    off = ("Nguồn này đang tắt, bot không tìm trong đó.",) if same.status is library.Status.OFF else ()
    return FileReport(
        name,
        Outcome.UNCHANGED,
        source_id=same.id,
        title=same.title,
        media=same.media,
        version=same.version,
        pages=same.pages,
        passages=int(same.report.get("passages", 0)),
        damaged=int(same.report.get("damaged", 0)),
        quality=same.quality,
        header=same.report.get("header", {}),
        numbers=tuple(same.report.get("numbers", ())),
        damaged_pages=tuple(same.report.get("damaged_pages", ())),
        warnings=off,
    )


def _report(name: str, title: str, taken: TakenIn, drafts: Mapping[int, str]) -> FileReport:
    header = taken.header
    said = {
        "number": header.number,
        "type": header.type,
        "title": header.title,
        "issued": header.issued.isoformat() if header.issued else "",
        "place": header.place,
        "issuer": header.issuer,
        "signer": header.signer,
    }
    return FileReport(
        name,
        Outcome.ADDED,
        title=title,
        media=taken.media,
        pages=taken.pages,
        passages=len(taken.passages),
        damaged=sum(one.damaged for one in taken.passages),
        quality=taken.quality,
        header={key: value for key, value in said.items() if value},
        numbers=tuple(
            {"number": one.number, "is_known": one.is_known, "count": one.count} for one in taken.numbers
        ),
        damaged_pages=tuple(sorted({one.page for one in taken.passages if one.damaged and one.page})),
        faq=tuple(
            {
                "line": row.line,
                "question": row.question,
                "draft": drafts.get(row.line, ""),
                "problem": row.problem or ("" if row.line in drafts else "đã có câu này, không ghi đè"),
            }
            for row in taken.faq
        ),
        warnings=taken.warnings,
    )


async def _save_drafts(
    database: Database, rows: Sequence[FaqRow], name: str, register: _Register, *, by: str, clock: Clock
) -> dict[int, str]:
    """Rows that can be entries, saved as drafts: row to entry. One that exists already is left as it is."""
    wanted: dict[str, FaqRow] = {}
    for row in rows:
        if not row.problem:
            wanted.setdefault(_draft_id(row.question), row)
    if not wanted:
        return {}
    async with database.read() as connection:
        taken = await library.taken_ids(connection, Kind.ENTRY.value, list(wanted))
    saved: dict[int, str] = {}
    for entry_id, row in wanted.items():
        if entry_id in taken:
            continue
        try:
            drafts = _draft(entry_id, row, name, register)
        except Misfit:
            continue
        await _save(database, drafts, f"Từ bảng {name}, dòng {row.line}", by, clock)
        saved[row.line] = entry_id
    return saved


async def _save(database: Database, drafts: Sequence[Item], why: str, by: str, clock: Clock) -> None:
    async def job(connection: AsyncConnection) -> None:
        for one in drafts:
            await content.save(connection, one, by=by, why=why, at=clock(), status=content.Status.DRAFT)

    await database.write(job)


def _draft_id(question: str) -> str:
    """A readable slug, the same for the same question however it is accented."""
    words = "-".join(syllables(question))
    mark = hashlib.sha256(words.encode()).hexdigest()[:6]
    return f"bang-{words[:_DRAFT_ID_LENGTH].strip('-')}-{mark}"


def _draft(entry_id: str, row: FaqRow, name: str, register: _Register) -> tuple[Item, Item]:
    """The fact an answer states with its source, and the entry that gives it. Raises Misfit."""
    document = next((number for number in register.titles if number in row.source), "")
    fact = {
        "statement": row.answer,
        "certainty": "single-source",
        "locator": "theo bảng hỏi đáp" if row.source else f"dòng {row.line}",
        "document": document,
        "source": {"title": row.source or f"Bảng hỏi đáp {name}"},
    }
    entry = {
        "question": row.question,
        "variants": list(row.variants),
        "answer": row.answer,
        "facts": [entry_id],
    }
    return item(Kind.FACT, entry_id, fact), item(Kind.ENTRY, entry_id, entry)
