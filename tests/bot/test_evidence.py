"""Files of evidence: what they are by content, kept once, gone when erased, whatever dies in between."""

from __future__ import annotations

import asyncio
import io
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from bot.dialogue.turn import Forget
from bot.download import Gone, NotAllowed, TooLarge, Unreachable
from bot.evidence import TRY_AGAIN_AFTER, EvidenceKeeper
from bot.file_kinds import kind_of
from bot.flows.results import Evidence
from bot.metrics import Metrics
from bot.store import evidence
from bot.store.database import Database, StoreUnavailable
from bot.store.evidence import Kept, State
from tests.bot.assessing import CODE, Talk, finished, progress
from tests.bot.test_worker import until
from tests.conftest import StandingClock

JPEG = b"\xff\xd8\xff\xe0" + b"j" * 100

PNG = b"\x89PNG\r\n\x1a\n" + b"p" * 100


def docx(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return packed.getvalue()


class FakeDownloader:
    """Gives what a test wants instead of asking anybody."""

    def __init__(self) -> None:
        self.gives: bytes | Exception = JPEG
        self.asked: list[tuple[str, str]] = []

    async def fetch(self, address: str, target: Path, *, stand_in: str = "") -> int:
        self.asked.append((address, stand_in))
        return self._give(target)

    def _give(self, target: Path) -> int:
        if isinstance(self.gives, Exception):
            target.write_bytes(b"a part")
            raise self.gives
        return target.write_bytes(self.gives)


class Desk:
    """A keeper over a real folder and a real database."""

    def __init__(self, database: Database, clock: StandingClock, folder: Path) -> None:
        self.talk, self.database, self.clock, self.folder = Talk(database, clock), database, clock, folder
        self.downloader = FakeDownloader()
        self.keeper = self.new_keeper()

    def new_keeper(self) -> EvidenceKeeper:
        stand_ins = {"fake": "http://127.0.0.1:9"}
        return EvidenceKeeper(self.database, self.clock, Metrics(), self.folder, self.downloader, stand_ins)  # type: ignore[arg-type]

    async def give(self, *urls: str) -> None:
        pieces = [Evidence(1, "image", "../../../etc/passwd", url) for url in urls]
        await self.talk.turn(finished(self.clock(), evidence=pieces))

    async def pieces(self) -> list[Kept]:
        async with self.database.read() as connection:
            return await evidence.of_assessment(connection, CODE)

    @property
    def files(self) -> list[str]:
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        return sorted(path.relative_to(self.folder).as_posix() for path in found)


@pytest.fixture
def desk(database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    return Desk(database, clock, tmp_path / "evidence")


@pytest.mark.parametrize(
    ("content", "extension"),
    [
        *((JPEG, "jpg"), (PNG, "png"), (b"RIFF\0\0\0\0WEBPVP8 ", "webp")),
        *((b"\0\0\0\x18ftypheic\0\0\0\0", "heic"), (b"%PDF-1.7 ...", "pdf")),
        (docx("[Content_Types].xml", "word/document.xml"), "docx"),
        *((docx("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), ""), (docx("a.exe"), "")),
        *((b"", ""), (b"MZ\x90\0", ""), (b"<html>", ""), (b"GIF89a", ""), (b"PK\x03\x04 torn", "")),
        *(
            (b"RIFF\0\0\0\0AVI ", ""),
            (b"\0\0\0\x18ftypmp42", ""),
            (b"#!/bin/sh", ""),
            (b"<svg onload=x>", ""),
        ),
    ],
)
def test_a_file_is_what_its_content_says(tmp_path: Path, content: bytes, extension: str) -> None:
    path = tmp_path / "anh.jpg.pdf"
    path.write_bytes(content)
    kind = kind_of(path)
    assert (kind.extension if kind else "") == extension


async def test_a_file_is_kept_under_a_name_of_ours_and_its_address_is_forgotten(desk: Desk) -> None:
    await desk.give("https://cdn.example/a?sig=1")
    assert await desk.keeper.fetch_some() == 1
    (piece,) = await desk.pieces()
    assert desk.files == [piece.path] == [f"{CODE}/{piece.id}.jpg"]
    assert (piece.state, piece.url, piece.bytes) == (State.KEPT, "", len(JPEG))
    assert (piece.media_type, piece.text) == ("image/jpeg", "../../../etc/passwd")
    assert (desk.folder / piece.path).read_bytes() == JPEG
    assert desk.downloader.asked == [("https://cdn.example/a?sig=1", "http://127.0.0.1:9")]
    assert await desk.keeper.fetch_some() == 0


async def test_a_file_is_fetched_while_the_assessment_is_still_under_way(desk: Desk) -> None:
    await desk.talk.turn(progress("4", evidence=[Evidence(4, "image", "", "https://cdn.example/a")]))
    await desk.keeper.fetch_some()
    await desk.talk.turn(finished(desk.clock(), evidence=[Evidence(4, "image", "", "https://cdn.example/a")]))
    assert await desk.keeper.fetch_some() == 0
    assert [piece.state for piece in await desk.pieces()] == [State.KEPT]


@pytest.mark.parametrize(
    ("comes", "state"),
    [
        (TooLarge("too large"), State.TOO_LARGE),
        (NotAllowed("not a public address"), State.REFUSED),
        (Gone("status 403"), State.FAILED),
        (b"MZ\x90\0 a program called anh.jpg", State.REFUSED),
        (b"", State.REFUSED),
    ],
)
async def test_what_cannot_be_kept_leaves_a_reason_and_no_file(
    desk: Desk, comes: bytes | Exception, state: State
) -> None:
    desk.downloader.gives = comes
    await desk.give("https://cdn.example/a")
    await desk.keeper.fetch_some()
    (piece,) = await desk.pieces()
    assert (piece.state, piece.path, piece.url) == (state, "", "")
    assert piece.why
    assert desk.files == []
    assert await desk.keeper.fetch_some() == 0


async def test_a_server_that_is_down_is_asked_again_and_given_up_some_time(desk: Desk) -> None:
    desk.downloader.gives = Unreachable("status 503")
    await desk.give("https://cdn.example/a")
    for wait in TRY_AGAIN_AFTER:
        assert await desk.keeper.fetch_some() == 1
        assert await desk.keeper.fetch_some() == 0
        desk.clock.pass_(seconds=wait)
    (piece,) = await desk.pieces()
    assert (piece.state, piece.why) == (State.WAITING, "status 503")
    await desk.keeper.fetch_some()
    assert [piece.state for piece in await desk.pieces()] == [State.FAILED]
    assert desk.files == []


async def test_one_that_fails_takes_no_neighbour_down(desk: Desk) -> None:
    await desk.give(*(f"https://cdn.example/{n}" for n in range(6)))
    fetch = desk.downloader.fetch

    async def sometimes(address: str, target: Path, *, stand_in: str = "") -> int:
        if address.endswith("/2"):
            raise RuntimeError("a fault of ours")
        return await fetch(address, target, stand_in=stand_in)

    desk.downloader.fetch = sometimes  # type: ignore[method-assign]
    while await desk.keeper.fetch_some():
        pass
    states = [piece.state for piece in await desk.pieces()]
    assert states == [State.KEPT] * 2 + [State.WAITING] + [State.KEPT] * 3


@pytest.mark.parametrize("dies", ["while fetching", "before the row says so"])
async def test_a_kill_leaves_nothing_but_what_is_fetched_again(
    desk: Desk, dies: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.give("https://cdn.example/a")
    async with desk.database.read() as connection:
        assert await evidence.any_waiting(connection, desk.clock())
    with monkeypatch.context() as broken:
        if dies == "while fetching":
            desk.downloader.gives = RuntimeError("killed")
            (desk.folder / CODE).mkdir(parents=True)
            (desk.folder / CODE / "1.part").write_bytes(b"half")
        else:

            async def killed(*_: object, **__: object) -> bool:
                raise StoreUnavailable("killed")

            broken.setattr("bot.evidence.evidence.keep", killed)
        await desk.keeper.fetch_some()
    desk.downloader.gives = PNG  # even if it is another file by then
    assert [piece.state for piece in await desk.pieces()] == [State.WAITING]
    assert await desk.new_keeper().fetch_some() == 0  # its lease still runs
    desk.clock.pass_(minutes=4)
    assert await desk.new_keeper().fetch_some() == 1
    (piece,) = await desk.pieces()
    assert desk.files == [piece.path] == [f"{CODE}/{piece.id}.png"]


async def test_somebody_who_fills_the_disk_is_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.evidence.MOST_OF_ONE_PERSON", 150)
    await desk.give("https://cdn.example/1")
    await desk.keeper.fetch_some()
    for n in range(2, 5):
        await desk.talk.turn(
            finished(desk.clock(), evidence=[Evidence(1, "image", "", f"https://cdn.example/{n}")])
        )
        await desk.keeper.fetch_some()
    states = [piece.state for piece in await desk.pieces()]
    assert states == [State.KEPT, State.KEPT, State.REFUSED, State.REFUSED]
    monkeypatch.setattr("bot.evidence.LEAST_FREE_BYTES", 1 << 60)
    await desk.talk.turn(progress("1", evidence=[Evidence(1, "image", "", "https://cdn.example/9")]))
    assert await desk.keeper.fetch_some() == 0
    assert (await desk.pieces())[-1].state is State.WAITING


async def test_forgetting_removes_the_files_also_one_that_comes_later(desk: Desk) -> None:
    await desk.give("https://cdn.example/a")
    await desk.keeper.fetch_some()
    assert len(desk.files) == 1
    await desk.talk.turn(Forget())
    # A kill here: the next process knows what must go.
    await desk.new_keeper().remove_marked()
    assert list(desk.folder.iterdir()) == []
    # A fetch that was under way elsewhere writes once more, and dies before it sees that it was late.
    (desk.folder / CODE).mkdir()
    (desk.folder / CODE / "1.jpg").write_bytes(JPEG)
    desk.clock.pass_(hours=1)
    await desk.keeper.remove_marked()
    assert list(desk.folder.iterdir()) == []
    desk.clock.pass_(days=1)
    await desk.keeper.remove_marked()
    async with desk.database.read() as connection:
        assert await evidence.to_remove(connection) == []


async def test_what_is_erased_while_it_is_fetched_is_not_kept(desk: Desk) -> None:
    await desk.give("https://cdn.example/a")
    fetch = desk.downloader.fetch

    async def then_forget(address: str, target: Path, *, stand_in: str = "") -> int:
        size = await fetch(address, target, stand_in=stand_in)
        await desk.talk.turn(Forget())
        return size

    desk.downloader.fetch = then_forget  # type: ignore[method-assign]
    await desk.keeper.fetch_some()
    assert desk.files == []


async def test_the_keeper_goes_on_by_itself_and_stops_at_once_when_told(desk: Desk) -> None:
    await desk.give("https://cdn.example/a")
    stop = asyncio.Event()
    running = asyncio.create_task(desk.keeper.run(stop))

    async def is_kept() -> bool:
        return [piece.state for piece in await desk.pieces()] == [State.KEPT]

    await until(is_kept)
    stop.set()
    async with asyncio.timeout(1):
        await running


async def test_what_cannot_be_removed_stays_marked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.give("https://cdn.example/a")
    await desk.keeper.fetch_some()
    await desk.talk.turn(Forget())
    desk.clock.now += timedelta(days=3)
    with monkeypatch.context() as broken:

        def refuse(_: object) -> None:
            raise PermissionError

        broken.setattr("bot.evidence.shutil.rmtree", refuse)
        await desk.keeper.remove_marked()
    assert len(desk.files) == 1
    await desk.keeper.remove_marked()
    assert desk.files == []
