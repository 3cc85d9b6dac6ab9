"""Files of entries taken in, behind a dry run that shows every row before anything is written.

What is read in a file is read in a process of its own (bot.reading). A file that is broken, too large or cut
short changes nothing, and neither does one that is never confirmed. An import never takes anything away.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web

from bot.plain_words import duration
from bot.reading import read_entries_apart
from bot.staff.access import PageError, Visit, see
from bot.staff.differences import Difference
from bot.staff.faq import shown
from bot.staff.faq.addresses import FAQ, IMPORT
from bot.staff.faq.applying import ImportWriter
from bot.staff.faq.columns import COLUMNS, Given, given_as_written, given_in, why_nothing
from bot.staff.faq.comparing import WRITTEN, Planned, Verdict, compare, count
from bot.staff.faq.keeping import FOLDER, KEPT_FOR, DryRun, DryRuns
from bot.staff.faq.saving import Saved
from bot.staff.faq.shelf import Shelf, Shelves
from bot.staff.faq.shown import STATUS_WORDS
from bot.staff.pages import Drawing, Pages
from bot.staff.paging import leaf
from bot.staff.parts import StaffParts
from bot.staff.received import received
from bot.staff.typed import number_in
from bot.staff.words import moment
from bot.store import entry_imports
from bot.store.content import Status
from bot.store.entry_imports import EntryImport
from bot.tasks import end
from knowledge.ingest import EntryFile, IngestError, Limits

log = structlog.get_logger(__name__)

FILE_FIELD = "tep"
LIMITS = Limits(
    file_bytes=8 * 1024 * 1024,
    characters=8_000_000,
    unpacked_bytes=80 * 1024 * 1024,
    rows=5_000,
    seconds=60,
    memory_bytes=768 * 1024 * 1024,
)
PER_PAGE = 50
PATIENCE_SECONDS = 3.0
"""How long whoever pressed the button waits: most files are written by then, for others the page tells."""
REMEMBERED = 2 * KEPT_FOR
"""How long it is known what was written: longer than the report that is made of it."""
VERDICTS = {
    Verdict.ADD: ("sẽ thêm", "good"),
    Verdict.CHANGE: ("sẽ sửa", "good"),
    Verdict.HELD: ("giữ nguyên", "warn"),
    Verdict.WRONG: ("lỗi", "bad"),
    Verdict.SAME: ("không đổi", "off"),
}
_DONE = {Verdict.ADD: "đã thêm", Verdict.CHANGE: "đã sửa"}


class Importing:
    """The page on which a file is chosen, and the report of its dry run."""

    def __init__(self, parts: StaffParts, pages: Pages, shelves: Shelves, saved: Saved) -> None:
        self._parts = parts
        self._pages = pages
        self._shelves = shelves
        self._writer: ImportWriter | None = None
        if parts.data_dir is not None:
            self._writer = ImportWriter(parts.database, parts.clock, parts.data_dir, saved)
        self._works: set[asyncio.Task[None]] = set()

    async def begin(self, visit: Visit) -> web.StreamResponse:
        """GET …/_nhap: choose a file."""
        return self._draw_begin(visit)

    async def receive(self, visit: Visit) -> web.StreamResponse:
        """POST …/_nhap: take a file, compare it with what there is, and show what it would change."""
        runs, officer = self._runs(), visit.session.officer
        await asyncio.to_thread(runs.sweep)
        before = self._parts.clock() - REMEMBERED
        await self._parts.database.write(lambda c: entry_imports.forget(c, before))
        sent = await received(visit, FILE_FIELD, LIMITS.file_bytes)
        name, data = sent.name, sent.content
        if not name:
            return self._draw_begin(visit, "Bạn chưa chọn tệp nào.")
        if len(data) > LIMITS.file_bytes:
            most = LIMITS.file_bytes // (1024 * 1024)
            return self._draw_begin(visit, f"Tệp lớn hơn {most} MB. Bạn chia thành vài tệp nhỏ nhé.", name)
        try:
            found = await self._read(runs, name, data)
            given, notes = await asyncio.to_thread(_rows, found)
        except IngestError as error:
            log.info("staff_import_refused", staff_id=officer.id, reason=type(error).__name__)
            return self._draw_begin(visit, str(error), name)
        if not given:
            return self._draw_begin(visit, why_nothing(found.sheets), name)
        if len(given) > LIMITS.rows:
            return self._draw_begin(
                visit, f"Tệp có {len(given)} câu, mỗi lần nhập được nhiều nhất {LIMITS.rows} câu.", name
            )
        shelf = await self._shelves.now()
        rows = await compare(given, shelf, self._parts.base())
        run = DryRun(name, officer.name, self._parts.clock(), shelf.revision, rows, notes)
        token = await asyncio.to_thread(runs.keep, run)
        log.info("staff_import_compared", staff_id=officer.id, rows=len(rows))
        return see(f"{IMPORT}/{token}")

    async def report(self, visit: Visit) -> web.StreamResponse:
        """GET …/_nhap/{token}: every row with what becomes of it; `loc` and `trang` in the address.

        `manh=1` gives how far it is alone.
        """
        token, run = await self._run_of(visit)
        async with self._parts.database.glance() as connection:
            work = await entry_imports.find(connection, token)
        told = self._told(token, run, work)
        if "manh" in visit.request.query:
            drawing = Drawing("faq/_import_told.html", told)
            return self._pages.draw_fragment(drawing, visit.request, visit.session)
        query, shelf = visit.request.query, await self._shelves.now()
        counts, is_over = count(run.rows), work is not None and work.is_over
        refused = work.refused if work else {}
        chosen = next((one for one in Verdict if one.value == query.get("loc", "")), None)
        rows = [(place, row) for place, row in enumerate(run.rows) if chosen in (None, row.verdict)]
        page = leaf(number_in(query.get("trang", "")), len(rows), PER_PAGE)
        path, loc = f"{IMPORT}/{token}", f"loc={chosen.value}&" if chosen else ""
        values = {
            **told,
            "live_path": f"{path}?manh=1" if work and not is_over else "",
            "by": run.by,
            "at": moment(run.at, self._parts.clock(), self._parts.zone),
            "notes": run.notes,
            "tabs_shown": [
                ("Tất cả", len(run.rows), path, chosen is None),
                *(
                    (words[0].capitalize(), counts[one], f"{path}?loc={one.value}", one is chosen)
                    for one, words in VERDICTS.items()
                    if counts[one]
                ),
            ],
            "rows": [
                _row_shown(row, shelf, refused.get(place, ""), is_over=is_over)
                for place, row in page.of(rows)
            ],
            **page.values(lambda number: f"{path}?{loc}trang={number}"),
        }
        return self._pages.draw(Drawing("faq/import_report.html", values), visit.request, visit.session)

    async def confirm(self, visit: Visit) -> web.StreamResponse:
        """POST …/_nhap/{token}: write just what was shown, where nothing changed meanwhile."""
        token, run = await self._run_of(visit)
        total, officer, at = _to_write(run), visit.session.officer, self._parts.clock()
        if total and self._writer is not None:
            await asyncio.to_thread(self._runs().keep_on, token)
            # Pressed twice, or by two at once, it is written once.
            await self._parts.database.write(lambda c: entry_imports.add(c, token, officer.id, total, at))
            work = asyncio.create_task(self._writer.write_all(), name="entry-import")
            self._works.add(work)
            work.add_done_callback(self._works.discard)
            await asyncio.wait({work}, timeout=PATIENCE_SECONDS)
        return see(f"{IMPORT}/{token}")

    async def close(self) -> None:
        """Stop writing; another process, or this one when it is back, goes on."""
        works = tuple(self._works)
        await end(*works)
        if self._writer is not None and works:
            await self._writer.release()

    # --- how it is done ----------------------------------------------------------------------------

    async def _read(self, runs: DryRuns, name: str, data: bytes) -> EntryFile:
        path = await asyncio.to_thread(runs.new_upload)
        try:
            await asyncio.to_thread(_put_down, path, data)
            return await read_entries_apart(path, name, LIMITS)
        finally:
            await asyncio.shield(asyncio.to_thread(path.unlink, missing_ok=True))

    async def _run_of(self, visit: Visit) -> tuple[str, DryRun]:
        token = visit.request.match_info["token"]
        run = await asyncio.to_thread(self._runs().find, token)
        if run is None:
            raise PageError(
                404,
                "Bản xem trước không còn nữa",
                "Bản xem trước chỉ giữ một ngày. Bạn chọn lại tệp để xem trước lần nữa nhé.",
            )
        return token, run

    def _runs(self) -> DryRuns:
        if self._parts.data_dir is None:
            raise PageError(503, "Chưa nhận được tệp", "Máy chủ này không có chỗ giữ tệp.")
        return DryRuns(self._parts.data_dir / FOLDER)

    def _told(self, token: str, run: DryRun, work: EntryImport | None) -> dict[str, Any]:
        """What is to be written, how far that is, and what came of it."""
        counts = count(run.rows)
        return {
            "path": f"{IMPORT}/{token}",
            "faq": FAQ,
            "import_path": IMPORT,
            "name": run.name,
            "kept_for": duration(KEPT_FOR),
            "state": work.state.value if work else "",
            "adding": counts[Verdict.ADD],
            "changing": counts[Verdict.CHANGE],
            "writing": _to_write(run),
            "gone_through": work.position if work else 0,
            "written": work.position - len(work.refused) if work else 0,
            "refused": len(work.refused) if work else 0,
            "live": sum(row.verdict in WRITTEN and row.status is Status.PUBLISHED for row in run.rows),
        }

    def _draw_begin(self, visit: Visit, problem: str = "", name: str = "") -> web.StreamResponse:
        values = {
            "faq": FAQ,
            "path": IMPORT,
            "problem": problem,
            "name": name,
            "columns": COLUMNS,
            "most_rows": f"{LIMITS.rows:,}".replace(",", "."),
            "most_megabytes": LIMITS.file_bytes // (1024 * 1024),
        }
        drawing = Drawing("faq/import.html", values, 422 if problem else 200)
        return self._pages.draw(drawing, visit.request, visit.session)


def _rows(found: EntryFile) -> tuple[list[Given], tuple[str, ...]]:
    if found.entries:
        return [given_as_written(line, keys) for line, keys in found.entries], found.warnings
    given, unknown = given_in(found.sheets)
    notes = (f"Cột không dùng tới: {', '.join(unknown[:8])}.",) if unknown else ()
    return given, (*found.warnings, *notes)


def _to_write(run: DryRun) -> int:
    return sum(row.verdict in WRITTEN for row in run.rows)


def _row_shown(row: Planned, shelf: Shelf, refused: str, *, is_over: bool) -> dict[str, Any]:
    kept = shelf.entries.get(row.id)
    words, tone = VERDICTS[row.verdict]
    if refused:
        words, tone = "chưa ghi", "bad"
    elif is_over and row.verdict in WRITTEN:
        words = _DONE[row.verdict]
    differences: list[Difference] = []
    if not is_over and row.verdict is Verdict.CHANGE and kept and kept.version == row.version:
        differences = shown.differences(kept.body, row.body)
    moved = not is_over and row.verdict in WRITTEN and (kept.version if kept else "") != row.version
    status, status_tone = STATUS_WORDS[row.status]
    return {
        "line": row.line,
        "sheet": row.sheet,
        "verdict": words,
        "tone": tone,
        "question": row.question or "(chưa có câu hỏi)",
        "path": f"{FAQ}/{kept.id}" if kept else "",
        "status": status if row.verdict in WRITTEN else "",
        "status_tone": status_tone,
        "reasons": (*((refused,) if refused else ()), *row.reasons),
        "notes": row.notes,
        "is_draft_only": row.verdict in WRITTEN and bool(row.reasons),
        "answer": str(row.body.get("answer", "")) if row.verdict is Verdict.ADD else "",
        "differences": differences,
        "moved": moved,
    }


def _put_down(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)
