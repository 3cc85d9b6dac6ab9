"""`khuyenhoc backup` and `restore`: one file that holds all an installation knows.

For SQLite installations; a PostgreSQL installation uses PostgreSQL's own tools, and the commands say so.
Redis is not in the backup: everything in it can be lost. The file holds personal data and tokens: it is
written readable for its owner only. Whoever was erased since a backup was made is erased again when it is
put back: who that is, the database it replaces and the list beside it know (bot.erasures).
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot import erasures
from bot.erasures import Replayed
from bot.settings import Settings
from bot.sheets.cabinet import remove_sheets
from bot.store.database import Database, StoreUnavailable
from bot.store.erasures import Entries
from bot.store.migrate import SchemaTooNew, migrate
from connectors.message import ConversationId

FORMAT = 1
_DATABASE, _MANIFEST, _EVIDENCE, _SHEETS = "khuyenhoc.db", "manifest.json", "evidence", "sheets"
_FILES: Mapping[str, re.Pattern[str]] = {
    _EVIDENCE: re.compile(r"evidence/[A-Z0-9-]{1,20}/\d{1,19}\.[a-z]{1,8}"),
    "library": re.compile(r"library/[0-9a-f]{64}(?:\.[a-z0-9]{1,5})?"),
    "uploads": re.compile(r"uploads/[0-9a-f]{32}"),
    "campaigns": re.compile(r"campaigns/[0-9a-f]{64}\.jpg"),
}
"""Folders below DATA_DIR that go along, and how every file in them is called: our names, nobody else's."""
MAX_BYTES = 64 * 1024**3
"""A restore unpacks no more than this."""


class BackupFailed(Exception):
    """The backup or restore could not be done; nothing was changed. The message is in Vietnamese."""


def _database_path(settings: Settings) -> Path:
    if settings.database_url:
        raise BackupFailed(
            "Bản cài này dùng DATABASE_URL; hãy dùng công cụ của PostgreSQL (pg_dump, pg_restore)."
        )
    return settings.data_dir / _DATABASE


def back_up(settings: Settings, target: Path) -> int:
    """Write everything to `target` (a .tar.gz), also while the bot runs; gives its size in bytes.

    An existing file is replaced only when the new one is complete. Raises BackupFailed.
    """
    source = _database_path(settings)
    if not source.exists():
        raise BackupFailed(f"Không thấy dữ liệu trong {settings.data_dir}.")
    if not os.access(target.parent, os.W_OK):
        raise BackupFailed(f"Không ghi được vào thư mục {target.parent}.")
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        copy, packed = Path(folder) / _DATABASE, Path(folder) / "packed"
        with (
            closing(sqlite3.connect(source, timeout=30)) as live,
            closing(sqlite3.connect(copy)) as stand,
        ):
            live.backup(stand)
        manifest = Path(folder) / _MANIFEST
        made_at = datetime.now(UTC).isoformat()
        manifest.write_text(json.dumps({"format": FORMAT, "made_at": made_at, "folders": list(_FILES)}))
        packed.touch(mode=0o600)
        with tarfile.open(packed, "w:gz") as archive:
            archive.add(manifest, _MANIFEST)
            archive.add(copy, _DATABASE)
            for name in _files_of(copy, settings.data_dir):
                # One that was removed since the copy was made is gone, and stays gone.
                with suppress(FileNotFoundError):
                    archive.add(settings.data_dir / name, name, recursive=False)
        packed.replace(target)
    return target.stat().st_size


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    kept: Path
    """Where the former database was kept, if there was one."""
    forgotten: int
    """People who were erased since the backup was made, and were erased again."""


def restore(settings: Settings, source: Path) -> Restored:
    """Put the data of a backup in place of what is there.

    The bot must not be running. The backup is checked whole, and whoever was erased since is erased in it,
    before anything is touched. Raises BackupFailed.
    """
    place = _database_path(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if _is_running(settings):
        raise BackupFailed("Bot đang chạy trên thư mục dữ liệu này. Dừng bot rồi khôi phục.")
    with tempfile.TemporaryDirectory(dir=settings.data_dir) as name:
        folder = Path(name)
        fresh, folders = _unpacked(source, folder)
        again = _forget_again(fresh, folder, _erased_here(settings))
        kept = place.with_name(f"{_DATABASE}.{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.truoc-khoi-phuc")
        if place.exists():
            _close_log(place)
            place.replace(kept)
        for leftover in (f"{_DATABASE}-wal", f"{_DATABASE}-shm"):
            (settings.data_dir / leftover).unlink(missing_ok=True)
        for one in folders:
            _put(folder / one, settings.data_dir / one, kept)
        fresh.replace(place)
        for key in again.keys:
            remove_sheets(settings.data_dir / _SHEETS, ConversationId.from_key(key))
    return Restored(kept, len(again.keys))


# --- who was erased ----------------------------------------------------------------------------------


def _erased_here(settings: Settings) -> Entries:
    """Everybody who is known here to have been erased: by the database in place and by the list beside it."""
    try:
        known = erasures.read(settings.data_dir)
    except OSError as error:
        raise BackupFailed(f"Không đọc được {erasures.FILE} ({type(error).__name__}).") from error
    place = settings.data_dir / _DATABASE
    if not place.exists():
        return known
    try:
        with closing(sqlite3.connect(place, timeout=1)) as former:
            rows = former.execute("SELECT key_hash, at FROM erasures").fetchall()
    except sqlite3.DatabaseError:
        return known  # from before there was a list, or beyond reading: then the one beside it has to do
    for key_hash, written in rows:
        at = datetime.fromisoformat(written).replace(tzinfo=UTC)
        known[key_hash] = max(at, known.get(key_hash, at))
    return known


def _forget_again(fresh: Path, folder: Path, known: Entries) -> Replayed:
    """Erase in an unpacked backup whoever was erased since, their files of evidence too."""
    if not known:
        return Replayed()

    async def forget() -> Replayed:
        database = Database(f"sqlite+aiosqlite:///{fresh}")
        try:
            await database.open()
            await migrate(database)
            return await erasures.replay(database, known)
        finally:
            await database.close()

    try:
        with ThreadPoolExecutor(1) as pool:  # there may be a loop in this thread
            again = pool.submit(asyncio.run, forget()).result()
    except SchemaTooNew as error:
        raise BackupFailed("Bản sao lưu do một phiên bản mới hơn tạo ra. Nâng cấp rồi khôi phục.") from error
    except StoreUnavailable as error:
        raise BackupFailed("Dữ liệu trong bản sao lưu bị hỏng.") from error
    _close_log(fresh)
    for code in again.codes:
        shutil.rmtree(folder / _EVIDENCE / code, ignore_errors=True)
    return again


# --- files -------------------------------------------------------------------------------------------


def _files_of(database: Path, data_dir: Path) -> list[str]:
    """The files that the rows of a database tell of, below the data folder. Nothing else goes along."""
    with closing(sqlite3.connect(database)) as opened:
        told = [f"{_EVIDENCE}/{path}" for path in _told(opened, "SELECT path FROM evidence WHERE path <> ''")]
        waiting = "SELECT path FROM library_uploads WHERE path <> '' AND state <> 'done'"
        told += [f"uploads/{path}" for path in _told(opened, waiting)]
        messages = _told(opened, "SELECT message FROM campaigns")
        told += [f"campaigns/{image}" for one in messages if (image := json.loads(one).get("image"))]
        digests = set(_told(opened, "SELECT sha256 FROM library_sources"))
    originals = data_dir / "library"
    if originals.is_dir():
        told += [f"library/{one.name}" for one in originals.iterdir() if one.name[:64] in digests]
    return sorted({name for name in told if _is_ours(name)})


def _told(opened: sqlite3.Connection, query: str) -> list[str]:
    try:
        return [row[0] for row in opened.execute(query)]
    except sqlite3.OperationalError:
        return []  # a database from before there was such a table


def _is_ours(name: str) -> bool:
    pattern = _FILES.get(name.partition("/")[0])
    return pattern is not None and pattern.fullmatch(name) is not None


def _put(fresh: Path, place: Path, kept: Path) -> None:
    """The files go with their rows; the former ones are kept beside the former database."""
    if place.exists():
        place.replace(kept.with_name(kept.name.replace(_DATABASE, place.name, 1)))
    if fresh.exists():
        fresh.chmod(0o700)
        fresh.replace(place)


def _close_log(place: Path) -> None:
    """Bring what a killed process left in the log into the database that is kept.

    SQLite leaves the log only when nobody else has the database open: with a Redis of its own
    (REDIS_URL) a running bot is known by this alone.
    """
    try:
        with closing(sqlite3.connect(place, timeout=1)) as former:
            former.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise BackupFailed("Có chương trình đang mở dữ liệu này. Dừng bot rồi khôi phục.") from error
    except sqlite3.DatabaseError:
        return  # what is there is beyond reading: it is kept as it is


def _unpacked(source: Path, folder: Path) -> tuple[Path, tuple[str, ...]]:
    """The database of a backup, and which folders it holds. Raises BackupFailed."""
    try:
        with tarfile.open(source, "r:gz") as archive:
            names = {member.name for member in archive.getmembers() if member.isfile()}
            ours = {name for name in names if not _is_ours(name)}
            if ours != {_DATABASE, _MANIFEST} or sum(m.size for m in archive.getmembers()) > MAX_BYTES:
                raise BackupFailed(f"{source.name} không phải bản sao lưu của chương trình này.")
            archive.extractall(folder, filter="data")
        manifest = json.loads((folder / _MANIFEST).read_text())
    except (OSError, tarfile.TarError, ValueError, EOFError) as error:
        raise BackupFailed(f"Không đọc được {source.name} ({type(error).__name__}).") from error
    if manifest.get("format") != FORMAT:
        raise BackupFailed(f"{source.name} do một phiên bản khác tạo ra.")
    fresh = folder / _DATABASE
    try:
        with closing(sqlite3.connect(fresh)) as checked:
            (verdict,) = checked.execute("PRAGMA quick_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise BackupFailed(f"Dữ liệu trong {source.name} bị hỏng.") from error
    if verdict != "ok":
        raise BackupFailed(f"Dữ liệu trong {source.name} bị hỏng.")
    fresh.chmod(0o600)
    # Backups of older versions hold evidence alone: what they know nothing of stays where it is.
    told = manifest.get("folders", [_EVIDENCE])
    return fresh, tuple(one for one in _FILES if one in told)


def _is_running(settings: Settings) -> bool:
    """Whether a process of ours uses the folder: each holds the embedded server's users' lock."""
    lock = settings.data_dir / "valkey" / "users.lock"
    if settings.redis_url or not lock.exists():
        return False
    handle = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
