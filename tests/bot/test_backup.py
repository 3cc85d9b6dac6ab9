"""What was backed up comes back; what is not a backup changes nothing."""

from __future__ import annotations

import json
import sqlite3
import tarfile
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from bot import app, erasures
from bot.backup import BackupFailed, back_up, restore
from bot.dialogue.turn import Forget
from bot.flows.results import Evidence
from bot.settings import Settings
from bot.staff.passwords import first_admin
from bot.store import evidence, staff
from connectors.message import ConversationId
from tests.bot.assessing import CODE, LAN, Talk, finished
from tests.conftest import StandingClock


def settings_for(folder: Path) -> Settings:
    return Settings(data_dir=folder, _env_file=None)


async def accounts_in(settings: Settings) -> int:
    async with app.open_database(settings) as database, database.read() as connection:
        return await staff.count(connection)


async def test_a_backup_taken_while_running_brings_everything_back(
    data_dir: Path, clock: StandingClock
) -> None:
    here, there = settings_for(data_dir / "a"), settings_for(data_dir / "b")
    async with app.open_database(here) as database:
        await first_admin(database, clock)
        back_up(here, data_dir / "all.tar.gz")
    assert (data_dir / "all.tar.gz").stat().st_mode & 0o077 == 0
    restore(there, data_dir / "all.tar.gz")
    assert await accounts_in(there) == 1


async def test_a_broken_file_changes_nothing(data_dir: Path, clock: StandingClock) -> None:
    here = settings_for(data_dir / "a")
    async with app.open_database(here) as database:
        await first_admin(database, clock)
    back_up(here, data_dir / "all.tar.gz")
    whole = (data_dir / "all.tar.gz").read_bytes()
    for broken in (b"", b"not a backup", whole[: len(whole) // 2]):
        (data_dir / "broken").write_bytes(broken)
        with pytest.raises(BackupFailed):
            restore(here, data_dir / "broken")
    assert await accounts_in(here) == 1


async def test_the_former_data_is_kept_beside_the_restored(data_dir: Path, clock: StandingClock) -> None:
    here = settings_for(data_dir / "a")
    async with app.open_database(here) as database:
        back_up(here, data_dir / "empty.tar.gz")
        await first_admin(database, clock)
    kept = restore(here, data_dir / "empty.tar.gz").kept
    assert await accounts_in(here) == 0
    with closing(sqlite3.connect(kept)) as former:
        assert former.execute("SELECT count(*) FROM staff").fetchone() == (1,)


async def test_nothing_is_restored_under_a_running_bot_that_has_a_redis_of_its_own(
    data_dir: Path, clock: StandingClock
) -> None:
    here = Settings(data_dir=data_dir / "a", redis_url="redis://127.0.0.1:1/0", _env_file=None)
    async with app.open_database(here) as database:
        back_up(here, data_dir / "empty.tar.gz")
        await first_admin(database, clock)
        with pytest.raises(BackupFailed):
            restore(here, data_dir / "empty.tar.gz")
    assert await accounts_in(here) == 1


def test_a_place_that_cannot_be_written_is_named(data_dir: Path) -> None:
    here = settings_for(data_dir)
    sqlite3.connect(data_dir / "khuyenhoc.db").close()
    with pytest.raises(BackupFailed):
        back_up(here, data_dir / "missing" / "all.tar.gz")


async def test_files_of_evidence_go_with_their_rows(data_dir: Path, clock: StandingClock) -> None:
    here, there = settings_for(data_dir / "a"), settings_for(data_dir / "b")
    photos = [Evidence(n, "image", "", f"https://cdn.example/{n}") for n in (1, 2, 3)]
    async with app.open_database(here) as database:
        await Talk(database, clock).turn(finished(clock(), evidence=photos))
        for n in (1, 2):
            kept = partial(evidence.keep, id_=n, path=f"{CODE}/{n}.jpg", media_type="image/jpeg", size=5)
            await database.write(kept)
    folder = here.data_dir / "evidence" / CODE
    folder.mkdir(parents=True)
    (folder / "1.jpg").write_bytes(b"photo")
    (folder / "stray.part").write_bytes(b"half")
    back_up(here, data_dir / "all.tar.gz")  # the second file was erased just now
    for _ in range(2):
        kept_at = restore(there, data_dir / "all.tar.gz").kept
    found = sorted(path.name for path in (there.data_dir / "evidence" / CODE).iterdir())
    assert found == ["1.jpg"]
    assert (there.data_dir / "evidence").stat().st_mode & 0o077 == 0
    former = kept_at.with_name(kept_at.name.replace("khuyenhoc.db", "evidence"))
    assert (former / CODE / "1.jpg").read_bytes() == b"photo"


async def test_a_backup_that_reaches_for_other_files_is_refused(data_dir: Path, clock: StandingClock) -> None:
    here = settings_for(data_dir / "a")
    async with app.open_database(here):
        back_up(here, data_dir / "all.tar.gz")
    with tarfile.open(data_dir / "all.tar.gz") as whole:
        whole.extractall(data_dir / "open", filter="data")
    for name in (
        "evidence/../../x/1.jpg", "evidence/KH-A/../1.jpg", "evidence/1.jpg", "evidence/KH-A/a.jpg",
        "library/../khuyenhoc.db", "library/a.pdf", "uploads/a/b", "campaigns/.png", "vectors/x",
        "erasures.txt",
    ):  # fmt: skip
        with tarfile.open(data_dir / "bad.tar.gz", "w:gz") as bad:
            for own in ("khuyenhoc.db", "manifest.json"):
                bad.add(data_dir / "open" / own, own)
            bad.add(data_dir / "open" / "manifest.json", name)
        with pytest.raises(BackupFailed):
            restore(here, data_dir / "bad.tar.gz")


async def test_originals_pictures_and_files_that_wait_go_along_and_nothing_else(
    data_dir: Path, clock: StandingClock
) -> None:
    here, there = settings_for(data_dir / "a"), settings_for(data_dir / "b")
    digest, waiting, done = "a" * 64, "b" * 32, "c" * 32
    shown, unseen = f"campaigns/{'e' * 64}.jpg", f"campaigns/{'f' * 64}.jpg"
    picture = json.dumps({"text": "x", "image": f"{'e' * 64}.jpg", "button": None})
    async with app.open_database(here):
        pass
    with closing(sqlite3.connect(here.data_dir / "khuyenhoc.db")) as opened, opened:
        fill(opened, "library_sources", sha256=digest)
        fill(opened, "library_uploads", path=waiting, state="waiting")
        fill(opened, "library_uploads", path=done, state="done")
        fill(opened, "campaigns", message=picture, occasion="")
    wanted = {f"library/{digest}.pdf", f"uploads/{waiting}", shown}
    stray = {f"library/{'d' * 64}.pdf", f"uploads/{done}", unseen, "library/.123-half"}
    for name in wanted | stray:
        (here.data_dir / name).parent.mkdir(exist_ok=True)
        (here.data_dir / name).write_text(name)
    back_up(here, data_dir / "all.tar.gz")
    restore(there, data_dir / "all.tar.gz")
    found = {
        str(path.relative_to(there.data_dir)): path.read_text()
        for folder in ("library", "uploads", "campaigns")
        for path in (there.data_dir / folder).iterdir()
    }
    assert found == {name: name for name in wanted}


def fill(opened: sqlite3.Connection, table: str, **values: str) -> None:
    """Put a row there, with whatever else it needs."""
    for _, name, kind, is_needed, default, is_key in opened.execute(f"PRAGMA table_info({table})").fetchall():
        if is_needed and default is None and not is_key and name not in values:
            values[name] = "2026-10-02 00:00:00.000000" if "DATE" in kind else "0"
    marks = ", ".join("?" * len(values))
    opened.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", list(values.values()))


async def test_who_was_erased_since_the_backup_does_not_come_back(
    data_dir: Path, clock: StandingClock
) -> None:
    here, binh = settings_for(data_dir / "a"), ConversationId("fake", "oa", "binh")
    photo = [Evidence(1, "image", "", "https://cdn.example/1")]
    async with app.open_database(here) as database:
        talk = Talk(database, clock)
        await talk.turn(finished(clock(), evidence=photo))
        await talk.turn(finished(clock(), "KH-BBBB-BBBB", evidence=photo), who=binh)
        for number, code in ((1, CODE), (2, "KH-BBBB-BBBB")):
            path = f"{code}/{number}.jpg"
            await database.write(
                partial(evidence.keep, id_=number, path=path, media_type="image/jpeg", size=5)
            )
            (here.data_dir / "evidence" / code).mkdir(parents=True)
            (here.data_dir / "evidence" / path).write_bytes(b"photo")
        back_up(here, data_dir / "all.tar.gz")
        clock.pass_(hours=1)
        await talk.turn(Forget("XD-0000-0000"))
    # Known from the database that is replaced; then, as on a new machine, from the list beside it alone.
    for is_new_machine in (False, True):
        if is_new_machine:
            async with app.open_database(here) as database:
                await erasures.catch_up(database, here.data_dir)
            (here.data_dir / "khuyenhoc.db").unlink()
        assert restore(here, data_dir / "all.tar.gz").forgotten == 1
        held = sqlite_text(here.data_dir / "khuyenhoc.db")
        assert LAN.key not in held
        assert binh.key in held
        assert [path.name for path in (here.data_dir / "evidence").iterdir()] == ["KH-BBBB-BBBB"]
    back_up(here, data_dir / "later.tar.gz")
    assert restore(here, data_dir / "later.tar.gz").forgotten == 0


async def test_who_came_back_after_an_erasure_stays(data_dir: Path, clock: StandingClock) -> None:
    here = settings_for(data_dir / "a")
    async with app.open_database(here) as database:
        talk = Talk(database, clock)
        await talk.turn(Forget("XD-0000-0000"))
        clock.pass_(hours=1)
        await talk.turn(finished(clock()))
        back_up(here, data_dir / "all.tar.gz")
    assert restore(here, data_dir / "all.tar.gz").forgotten == 0
    assert CODE in sqlite_text(here.data_dir / "khuyenhoc.db")


def sqlite_text(place: Path) -> str:
    """All a database holds, as one text."""
    with closing(sqlite3.connect(place)) as opened:
        return "\n".join(opened.iterdump())
