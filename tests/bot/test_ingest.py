"""Files become sources: once, whole or not at all, and never at the cost of those who are being served."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot import reading
from bot.cli import main
from bot.doctor import Level, _readers
from bot.ingest import FOLDER, FileReport, Outcome, describe, ingest_file, ingest_files
from bot.store import content, library
from bot.store.database import Database
from bot.store.library import NewPassage, NewSource, State, Status
from knowledge.content import Kind, item
from knowledge.ingest import Limits
from knowledge.library import LibraryPassage
from tests.conftest import StandingClock
from tests.knowledge.ingest.samples import LETTER, pdf, scanned_pdf, workbook

pytestmark = pytest.mark.service

LIMITS = Limits()
RUINED = "Hoi Khuyén hoc Viét Nam xay dung xa hoi hoc tap, hoc tap suét doi trong cac tang 16p nhan dan tinh"


class Library:
    """Takes files in and looks at what is found afterwards."""

    def __init__(self, database: Database, data_dir: Path, clock: StandingClock) -> None:
        self.database, self.data_dir, self.clock = database, data_dir, clock
        (data_dir / "files").mkdir()

    def file(self, name: str, data: str | bytes) -> Path:
        path = self.data_dir / "files" / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    async def take(self, path: Path, limits: Limits = LIMITS) -> FileReport:
        return await ingest_file(
            self.database, self.data_dir, path, name=path.name, by="lan", clock=self.clock, limits=limits
        )

    async def passages(self) -> list[LibraryPassage]:
        async with self.database.read() as connection:
            return await library.load_passages(connection)

    async def revision(self) -> int:
        async with self.database.read() as connection:
            return await content.revision(connection)

    async def to_review(self) -> list[library.Reviewed]:
        async with self.database.read() as connection:
            return await library.passages_to_review(connection)


@pytest.fixture
def kept(database: Database, data_dir: Path, clock: StandingClock) -> Library:
    return Library(database, data_dir, clock)


async def test_a_document_is_found_with_number_title_and_place(kept: Library) -> None:
    lines = LETTER.splitlines()
    cut = lines.index("2. Đọc sách ở thư viện")
    before = await kept.revision()
    report = await kept.take(kept.file("a.pdf", pdf([lines[:cut], lines[cut:]])))
    assert (report.outcome, report.error, report.damaged) == (Outcome.ADDED, "", 0)
    assert await kept.revision() > before
    found = {one.citation.locator: one for one in await kept.passages()}
    place = found["mục II.2, trang 2"]
    assert (place.citation.document, place.citation.title) == (
        "07/KH-HKH",
        "Kế hoạch 07/KH-HKH ngày 05/03/2024",
    )
    assert place.id.startswith("p")
    assert place.source_id == str(report.source_id)
    # Who receives copies answers nobody's question.
    assert not any("Lưu VT" in one.text for one in found.values())
    (original,) = (kept.data_dir / FOLDER).iterdir()
    assert original.suffix == ".pdf"
    assert original.stat().st_mode & 0o077 == 0


async def test_the_same_bytes_again_change_nothing(kept: Library) -> None:
    first = await kept.take(kept.file("a.txt", LETTER))
    before = await kept.revision(), await kept.passages()
    again = await kept.take(kept.file("another name.txt", LETTER))
    assert (again.outcome, again.source_id, again.passages) == (
        Outcome.UNCHANGED,
        first.source_id,
        first.passages,
    )
    assert (await kept.revision(), await kept.passages()) == before
    assert "không thay đổi" in describe(again)[0]


async def test_a_newer_version_replaces_and_the_older_is_kept(kept: Library) -> None:
    first = await kept.take(kept.file("a.txt", LETTER))
    newer = await kept.take(kept.file("b.txt", LETTER.replace("một giờ cố định", "hai giờ cố định")))
    assert (newer.outcome, newer.version) == (Outcome.REPLACED, 2)
    texts = " ".join(one.text for one in await kept.passages())
    assert "hai giờ cố định" in texts
    assert "một giờ cố định" not in texts
    assert newer.source_id is not None
    async with kept.database.read() as connection:
        history = await library.history(connection, newer.source_id)
        (active,) = await library.sources(connection)
    assert [(one.id, one.status) for one in history] == [
        (newer.source_id, Status.ACTIVE),
        (first.source_id, Status.REPLACED),
    ]
    assert active.id == newer.source_id


async def test_only_the_same_document_is_replaced(kept: Library) -> None:
    """Numbers begin anew every year, and a name alone does not make two numbered documents one."""
    await kept.take(kept.file("a.txt", LETTER))
    next_year = LETTER.replace("tháng 3 năm 2024", "tháng 3 năm 2025")
    other = LETTER.replace("07/KH-HKH", "08/KH-HKH")
    for path in (kept.file("b.txt", next_year), kept.file("a.txt", other)):
        assert (await kept.take(path)).outcome is Outcome.ADDED
    assert (await kept.take(kept.file("note.txt", "Mở cửa lúc bảy giờ."))).outcome is Outcome.ADDED
    assert (await kept.take(kept.file("note.txt", "Mở cửa lúc tám giờ."))).outcome is Outcome.REPLACED


async def test_what_a_person_decided_stays_with_its_text(kept: Library) -> None:
    await kept.take(kept.file("scan.txt", f"I. MỘT\n{RUINED}\nII. HAI\n{RUINED} khac\nIII. BA\nMới."))
    first, second, *_ = await kept.to_review()
    now = kept.clock()
    await kept.database.write(lambda c: library.edit(c, first.id, "Chữ đã sửa.", by="lan", at=now))
    await kept.database.write(lambda c: library.hide(c, second.id, by="lan", at=now))
    newer = f"I. MỘT\n{RUINED}\nII. HAI\n{RUINED} khac\nIII. BA\nThêm một dòng."
    assert (await kept.take(kept.file("scan.txt", newer))).outcome is Outcome.REPLACED
    found = {one.citation.locator: one for one in await kept.passages()}
    assert (found["mục I"].text, found["mục I"].damaged) == ("Chữ đã sửa.", False)
    assert "mục II" not in found
    assert await kept.to_review() == []


async def test_a_damaged_passage_waits_for_a_person(kept: Library) -> None:
    report = await kept.take(kept.file("scan.txt", RUINED))
    (found,) = await kept.passages()
    assert found.damaged
    assert "hỏng" in report.warnings[-1]
    (waiting,) = await kept.to_review()
    assert (waiting.text, waiting.state) == (RUINED, State.REVIEW)
    assert waiting.suggestion.startswith("Hội Khuyến học Việt Nam")
    before = await kept.revision()
    now = kept.clock()
    await kept.database.write(lambda c: library.accept(c, waiting.id, suggested=True, by="lan", at=now))
    (found,) = await kept.passages()
    assert (found.text, found.damaged) == (waiting.suggestion, False)
    assert await kept.revision() > before
    async with kept.database.read() as connection:
        accepted = await library.passage(connection, waiting.id)
    assert accepted is not None
    assert (accepted.original, accepted.changed_by, accepted.state) == (RUINED, "lan", State.ACCEPTED)


async def test_a_source_can_be_switched_off_and_on(kept: Library) -> None:
    report = await kept.take(kept.file("a.txt", LETTER))
    source_id = report.source_id
    assert source_id is not None
    await kept.database.write(lambda c: library.switch_off(c, source_id))
    assert await kept.passages() == []
    again = await kept.take(kept.file("a.txt", LETTER))
    assert again.outcome is Outcome.UNCHANGED
    assert "tắt" in again.warnings[0]
    with pytest.raises(LookupError):
        await kept.database.write(lambda c: library.switch_off(c, source_id))
    await kept.database.write(lambda c: library.switch_on(c, source_id))
    assert await kept.passages()


async def test_one_bad_file_stops_no_other(kept: Library) -> None:
    files = [
        kept.file("cut.pdf", pdf([["x"]])[:100]),
        kept.data_dir / "nowhere.pdf",
        kept.data_dir,
        kept.file("good.txt", LETTER),
    ]
    taken = ingest_files(kept.database, kept.data_dir, files, by="lan", clock=kept.clock, limits=LIMITS)
    reports = [report async for report in taken]
    assert [report.outcome for report in reports] == [Outcome.FAILED] * 3 + [Outcome.ADDED]
    assert all(report.error.endswith(".") for report in reports[:3])
    assert len(list((kept.data_dir / FOLDER).iterdir())) == 1


async def test_two_processes_with_the_same_file_store_it_once(kept: Library) -> None:
    path = kept.file("a.txt", LETTER)
    outcomes = [report.outcome for report in await asyncio.gather(kept.take(path), kept.take(path))]
    assert sorted(outcomes) == [Outcome.ADDED, Outcome.UNCHANGED]
    assert len({one.source_id for one in await kept.passages()}) == 1


async def test_what_a_crash_left_half_stored_is_invisible_and_removed_later(kept: Library) -> None:
    new = NewSource("0" * 64, "a.txt", "txt", "", "Tên", None, "", "", 0, 1.0, {})
    row = NewPassage("text", "", 0, "0", "Nửa chừng.", 1.0, False, State.OK, "")
    source_id = await kept.database.write(lambda c: library.begin(c, new, by="lan", at=kept.clock()))
    await kept.database.write(lambda c: library.add_passages(c, source_id, 0, [row]))
    assert await kept.passages() == []
    kept.clock.pass_(hours=7)
    await kept.take(kept.file("a.txt", LETTER))
    async with kept.database.read() as connection:
        left = await library.sources(connection, statuses=list(Status))
    assert [one.title for one in left] == ["Kế hoạch 07/KH-HKH ngày 05/03/2024"]


async def test_rows_of_a_question_sheet_become_drafts_and_overwrite_nothing(kept: Library) -> None:
    rows = [
        ("Câu hỏi", "Biến thể", "Trả lời", "Nguồn"),
        ("Thư viện mở lúc nào?", "mấy giờ mở cửa", "Từ bảy giờ.", "Nội quy thư viện"),
        ("Thẻ đọc giá bao nhiêu?", "", "", ""),
    ]
    sheet = workbook(kept.data_dir / "files" / "hoi.xlsx", rows)
    report = await kept.take(sheet)
    good, bad = report.faq
    assert (bad["draft"], bad["problem"]) == ("", "thiếu câu trả lời")
    async with kept.database.read() as connection:
        # A draft is not content before somebody publishes it.
        assert await content.load(connection) == []
        (change,) = await content.history(connection, Kind.ENTRY, good["draft"])
    assert change.by == "lan"
    body = {
        "statement": "Sáu giờ.",
        "certainty": "certain",
        "locator": "điều 1",
        "source": {"title": "Nội quy"},
    }
    entry = {"question": "Thư viện mở lúc nào?", "answer": "Sáu giờ.", "facts": [good["draft"]]}
    for kind, one in ((Kind.FACT, body), (Kind.ENTRY, entry)):
        made = item(kind, good["draft"], one)
        await kept.database.write(partial(content.save, item=made, by="hoa", why="", at=kept.clock()))
    sheet.unlink()
    again = await kept.take(workbook(sheet, [*rows, ("Có phòng đọc không?", "", "Có.", "")]))
    assert [bool(row["draft"]) for row in again.faq] == [False, False, True]
    async with kept.database.read() as connection:
        published = {one.id: one.body for one in await content.load(connection) if one.kind is Kind.ENTRY}
    assert published[good["draft"]]["answer"] == "Sáu giờ."


def _instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Something else runs in place of the reading process."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(reading, "_GRACE_SECONDS", 0.0)


async def test_a_file_that_takes_too_long_is_given_up_and_nothing_goes_on(
    kept: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "pid"
    _instead(tmp_path, monkeypatch, f"sleep 50 & echo $! > {left}; wait")
    report = await kept.take(kept.file("a.txt", LETTER), Limits(seconds=0.5))
    assert "quá lâu" in report.error
    with pytest.raises(ProcessLookupError):
        await _until(lambda: os.kill(int(left.read_text()), 0))


async def _until(gone: Callable[[], None]) -> None:
    for _ in range(100):
        gone()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "script", ["exit 3", "kill -9 $$", "echo '[\"document\", {}]'", "head -c 9000000 /dev/zero"]
)
async def test_a_reading_process_that_dies_is_a_refused_file(
    kept: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    _instead(tmp_path, monkeypatch, script)
    report = await kept.take(kept.file("a.txt", LETTER))
    assert "dừng giữa chừng" in report.error
    assert list((kept.data_dir / FOLDER).iterdir()) == []


async def test_the_reading_process_gets_no_secrets(
    kept: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZALO_APP_SECRET", "not for parsers")
    seen = tmp_path / "seen"
    _instead(tmp_path, monkeypatch, f"env > {seen}")
    await kept.take(kept.file("a.txt", LETTER))
    assert "not for parsers" not in seen.read_text()
    assert "PATH=" in seen.read_text()


async def test_memory_is_bounded(kept: Library) -> None:
    bounded = Limits(memory_bytes=70 * 1024 * 1024)
    assert (await kept.take(kept.file("a.txt", LETTER), bounded)).outcome is Outcome.ADDED
    report = await kept.take(kept.file("b.html", "<html>" + "<p>x" * 100_000), bounded)
    assert "bộ nhớ" in report.error or "dừng giữa chừng" in report.error


async def test_a_long_document_does_not_hold_up_the_event_loop(kept: Library) -> None:
    page = [f"Mỗi gia đình học tập đọc sách một giờ trong ngày thứ {n} của tuần." for n in range(30)]
    path = kept.file("long.pdf", pdf([[f"{n}. Việc thứ {n}", *page] for n in range(1, 61)]))
    longest = 0.0
    over = asyncio.Event()

    async def watch() -> None:
        nonlocal longest
        while not over.is_set():
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before)

    watching = asyncio.create_task(watch())
    started = time.perf_counter()
    report = await kept.take(path)
    took = time.perf_counter() - started
    over.set()
    await watching
    assert report.pages == 60
    # Parsing alone takes longer than this; the bound leaves room for a busy machine, not for a parser.
    assert longest < took / 4


def test_the_command_tells_and_fails_when_a_file_did(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(data_dir / "data"))
    good, bad = data_dir / "thu.txt", data_dir / "none.pdf"
    good.write_text(LETTER, encoding="utf-8")
    told = CliRunner().invoke(main, ["ingest", str(good)])
    assert told.exit_code == 0
    assert "Kế hoạch 07/KH-HKH ngày 05/03/2024" in told.stdout
    assert "1373/QĐ-TTg (1)" in told.stdout
    failed = CliRunner().invoke(
        main, ["ingest", "--json", str(bad), str(good), "--data-dir", str(data_dir / "data")]
    )
    assert failed.exit_code == 1
    lines = [json.loads(line) for line in failed.stdout.splitlines()]
    assert [line["outcome"] for line in lines] == ["failed", "unchanged"]
    assert lines[0]["error"] == "Không thấy tệp này."


def test_helpers_that_are_absent_are_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    findings = _readers()
    assert {finding.level for finding in findings} == {Level.OFF}
    assert "tesseract-ocr-vie" in findings[0].remedy


async def test_a_scan_nobody_can_read_is_told(kept: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(kept.data_dir))
    report = await kept.take(kept.file("scan.pdf", scanned_pdf(["Công dân"])))
    assert report.passages == 0
    assert any("Tesseract" in warning for warning in report.warnings)
