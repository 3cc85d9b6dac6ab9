"""What was backed up comes back; what is not a backup changes nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot import app
from bot.backup import BackupFailed, back_up, restore
from bot.settings import Settings
from bot.staff.passwords import first_admin
from bot.store import staff
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
