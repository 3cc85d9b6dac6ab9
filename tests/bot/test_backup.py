"""What was backed up comes back; what is not a backup changes nothing."""

from __future__ import annotations

import sqlite3
import tarfile
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from bot import app
from bot.backup import BackupFailed, back_up, restore
from bot.flows.results import Evidence
from bot.settings import Settings
from bot.staff.passwords import first_admin
from bot.store import evidence, staff
from tests.bot.assessing import CODE, Talk, finished
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
    kept = restore(here, data_dir / "empty.tar.gz")
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
        kept_at = restore(there, data_dir / "all.tar.gz")
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
    for name in ("evidence/../../x/1.jpg", "evidence/KH-A/../1.jpg", "evidence/1.jpg", "evidence/KH-A/a.jpg"):
        with tarfile.open(data_dir / "bad.tar.gz", "w:gz") as bad:
            for own in ("khuyenhoc.db", "manifest.json"):
                bad.add(data_dir / "open" / own, own)
            bad.add(data_dir / "open" / "manifest.json", name)
        with pytest.raises(BackupFailed):
            restore(here, data_dir / "bad.tar.gz")
