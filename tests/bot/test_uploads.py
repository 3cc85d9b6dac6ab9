"""A file that was sent in is read once and reported on, whoever dies while reading it."""

from __future__ import annotations

import asyncio
import os
import unicodedata
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bot.uploads
from bot.ingest import FileReport, Outcome, ingest_file
from bot.store import library, uploads
from bot.store.database import Database
from bot.store.uploads import MOST_ATTEMPTS, NewUpload, Upload, UploadState
from bot.uploads import FOLDER, LEASE, LONGEST_NAME, UploadReader, shown_name
from knowledge.ingest import Limits
from tests.conftest import StandingClock
from tests.knowledge.ingest.samples import LETTER

Take = Callable[..., Awaitable[FileReport]]


class Queue:
    """The queue, and files lying in it."""

    def __init__(self, database: Database, data_dir: Path, clock: StandingClock) -> None:
        self.database, self.data_dir, self.clock = database, data_dir, clock
        self.folder = data_dir / FOLDER
        self.folder.mkdir()

    async def send(self, name: str, text: str) -> int:
        path = f"file-{len(list(self.folder.iterdir()))}"
        (self.folder / path).write_text(text, encoding="utf-8")
        new = NewUpload(name, len(text), path)
        return await self.database.write(lambda c: uploads.add(c, new, by="lan", at=self.clock()))

    def reader(self) -> UploadReader:
        return UploadReader(self.database, self.clock, self.data_dir, Limits())

    async def one(self, id_: int) -> Upload:
        async with self.database.read() as connection:
            found = await uploads.find(connection, id_)
        assert found is not None
        return found

    async def claim(self, id_: int, owner: str) -> Upload | None:
        now = self.clock()
        return await self.database.write(lambda c: uploads.claim(c, id_, owner, now=now, until=now + LEASE))

    async def sources(self) -> list[library.Source]:
        async with self.database.read() as connection:
            return await library.sources(connection)


@pytest.fixture
def queue(database: Database, data_dir: Path, clock: StandingClock) -> Queue:
    return Queue(database, data_dir, clock)


def taking(monkeypatch: pytest.MonkeyPatch, take: Take) -> None:
    monkeypatch.setattr(bot.uploads, "ingest_file", take)


async def added(*_: object, name: str, **__: object) -> FileReport:
    return FileReport(name, Outcome.ADDED, title="Kế hoạch", passages=3)


async def refused(*_: object, name: str, **__: object) -> FileReport:
    return FileReport(name, Outcome.FAILED, "Tệp bị hỏng.")


@given(st.text())
def test_any_name_can_be_shown_on_one_line_and_leads_nowhere(given_name: str) -> None:
    name = shown_name(given_name)
    assert name.strip()
    assert len(name) <= LONGEST_NAME
    assert not set(name) & set("/\\\n\t")
    assert all(unicodedata.category(one)[0] != "C" for one in name)
    assert shown_name(name) == name


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Lan\\Kế hoạch.docx", "Kế hoạch.docx"),
        ("đơn\u202efdp.exe", "đơnfdp.exe"),
        ("a\x00b\nc.pdf", "ab c.pdf"),
        ("...", "Tệp không tên"),
        ("", "Tệp không tên"),
        ("\ud800.pdf", ".pdf"),
    ],
)
def test_a_name_from_outside_is_made_fit_to_be_shown(given_name: str, name: str) -> None:
    assert shown_name(given_name) == name


def test_a_long_name_keeps_its_ending() -> None:
    name = shown_name("ă" * 300 + ".docx")
    assert len(name) == LONGEST_NAME
    assert name.endswith("….docx")


async def test_of_two_readers_one_gets_a_file_and_only_that_one_reports(queue: Queue) -> None:
    id_ = await queue.send("a.txt", "a")
    first, second = await asyncio.gather(queue.claim(id_, "một"), queue.claim(id_, "hai"))
    assert [first is None, second is None].count(True) == 1
    queue.clock.pass_(seconds=LEASE.total_seconds() + 1)
    taken_over = await queue.claim(id_, "ba")
    assert taken_over is not None
    assert taken_over.attempts == 2

    async def finish(owner: str) -> bool:
        return await queue.database.write(
            lambda c: uploads.finish(
                c, id_, owner, UploadState.DONE, source_id=1, report={}, at=queue.clock()
            )
        )

    winner = "một" if first is not None else "hai"
    assert [await finish(winner), await finish("ba"), await finish("ba")] == [False, True, False]


async def test_a_lease_that_is_renewed_does_not_run_out(queue: Queue) -> None:
    id_ = await queue.send("a.txt", "a")
    assert await queue.claim(id_, "một")
    queue.clock.pass_(seconds=60)
    until = queue.clock() + LEASE
    assert await queue.database.write(lambda c: uploads.renew(c, id_, "một", until))
    queue.clock.pass_(seconds=60)
    assert await queue.claim(id_, "hai") is None


async def test_files_are_read_in_order_and_gone_when_taken_in(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def take(*_: object, name: str, **__: object) -> FileReport:
        seen.append(name)
        return FileReport(name, Outcome.ADDED, title=name)

    taking(monkeypatch, take)
    first, second = await queue.send("một.txt", "1"), await queue.send("hai.txt", "2")
    reader = queue.reader()
    assert [await reader.read_next(), await reader.read_next(), await reader.read_next()] == [
        True,
        True,
        False,
    ]
    assert seen == ["một.txt", "hai.txt"]
    for id_ in (first, second):
        one = await queue.one(id_)
        assert (one.state, one.path) == (UploadState.DONE, "")
    assert list(queue.folder.iterdir()) == []


async def test_a_file_that_failed_says_why_and_can_be_tried_again(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking(monkeypatch, refused)
    id_ = await queue.send("a.pdf", "hỏng")
    assert await queue.reader().read_next()
    one = await queue.one(id_)
    assert (one.state, one.report["error"]) == (UploadState.FAILED, "Tệp bị hỏng.")
    assert not await queue.reader().read_next()
    assert await queue.database.write(lambda c: uploads.try_again(c, id_))
    taking(monkeypatch, added)
    assert await queue.reader().read_next()
    assert (await queue.one(id_)).state is UploadState.DONE
    assert not await queue.database.write(lambda c: uploads.try_again(c, id_))


async def test_a_file_that_ends_its_reader_again_and_again_is_given_up(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    async def die(*_: object, **__: object) -> FileReport:
        nonlocal tried
        tried += 1
        raise KeyError("as if the process were gone")

    taking(monkeypatch, die)
    id_ = await queue.send("a.pdf", "a")
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(KeyError):
            await queue.reader().read_next()
        queue.clock.pass_(seconds=LEASE.total_seconds() + 1)
    assert await queue.reader().read_next()
    one = await queue.one(id_)
    assert (tried, one.state) == (MOST_ATTEMPTS, UploadState.FAILED)
    assert "ngắt giữa chừng" in one.report["error"]


async def test_stopping_in_good_order_gives_the_file_back_unharmed(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def never(*_: object, **__: object) -> FileReport:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    taking(monkeypatch, never)
    id_ = await queue.send("a.pdf", "a")
    stop = asyncio.Event()
    running = asyncio.create_task(queue.reader().run(stop))
    await asyncio.wait_for(begun.wait(), 5)
    assert (await queue.one(id_)).state is UploadState.READING
    stop.set()
    await asyncio.wait_for(running, 5)
    one = await queue.one(id_)
    assert (one.state, one.attempts) == (UploadState.WAITING, 0)


async def test_a_file_on_another_machine_is_left_to_it_for_a_day(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking(monkeypatch, added)
    elsewhere, here = await queue.send("xa.txt", "1"), await queue.send("gần.txt", "2")
    (queue.folder / (await queue.one(elsewhere)).path).unlink()
    assert await queue.reader().read_next()
    assert (await queue.one(here)).state is UploadState.DONE
    assert not await queue.reader().read_next()
    assert (await queue.one(elsewhere)).state is UploadState.WAITING
    queue.clock.pass_(hours=25)
    assert await queue.reader().read_next()
    one = await queue.one(elsewhere)
    assert one.state is UploadState.FAILED
    assert "Không còn thấy" in one.report["error"]


async def test_only_what_nobody_needs_is_tidied_away(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    taking(monkeypatch, refused)
    failed, waiting = await queue.send("hỏng.pdf", "1"), await queue.send("chờ.pdf", "2")
    assert await queue.reader().read_next()
    long_ago = (queue.clock() - timedelta(days=30)).timestamp()
    for name in ("bỏ dở", (await queue.one(failed)).path, (await queue.one(waiting)).path):
        (queue.folder / name).touch()
        os.utime(queue.folder / name, (long_ago, long_ago))
    (queue.folder / "đang tới").touch()
    os.utime(queue.folder / "đang tới", (queue.clock().timestamp(),) * 2)
    await queue.reader().tidy()
    assert {one.name for one in queue.folder.iterdir()} == {
        "đang tới",
        (await queue.one(failed)).path,
        (await queue.one(waiting)).path,
    }
    queue.clock.pass_(days=8)
    await queue.reader().tidy()
    assert {one.name for one in queue.folder.iterdir()} == {(await queue.one(waiting)).path}
    assert not await queue.database.write(lambda c: uploads.try_again(c, failed))


@pytest.mark.service
async def test_a_kill_between_storing_and_saying_so_leaves_one_document_and_the_true_report(
    queue: Queue,
) -> None:
    id_ = await queue.send("kế hoạch.txt", LETTER)
    one = await queue.claim(id_, "died")
    assert one is not None
    report = await ingest_file(
        queue.database,
        queue.data_dir,
        queue.folder / one.path,
        name=one.name,
        by=one.by,
        clock=queue.clock,
        limits=Limits(),
    )
    assert not await queue.reader().read_next()  # the dead one's lease still holds
    queue.clock.pass_(seconds=LEASE.total_seconds() + 1)
    assert await queue.reader().read_next()
    (source,) = await queue.sources()
    finished = await queue.one(id_)
    assert (finished.state, finished.source_id) == (UploadState.DONE, source.id)
    assert (finished.report["outcome"], finished.report["passages"]) == ("added", report.passages)
    # Sent in once more it says so, and nothing doubles.
    again = await queue.send("bản sao.txt", LETTER)
    assert await queue.reader().read_next()
    assert (await queue.one(again)).report["outcome"] == "unchanged"
    assert len(await queue.sources()) == 1
