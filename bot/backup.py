"""`khuyenhoc backup` and `restore`: one file that holds all an installation knows.

For SQLite installations; a PostgreSQL installation uses PostgreSQL's own tools, and the commands say so.
Redis is not in the backup: everything in it can be lost. The file holds personal data and tokens: it is
written readable for its owner only.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import sqlite3
import tarfile
import tempfile
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from bot.settings import Settings

FORMAT = 1
_DATABASE, _MANIFEST, _EVIDENCE = "khuyenhoc.db", "manifest.json", "evidence"
_EVIDENCE_FILE = re.compile(r"evidence/[A-Z0-9-]{1,20}/\d{1,19}\.[a-z]{1,8}")
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
        manifest.write_text(json.dumps({"format": FORMAT, "made_at": datetime.now(UTC).isoformat()}))
        packed.touch(mode=0o600)
        with tarfile.open(packed, "w:gz") as archive:
            archive.add(manifest, _MANIFEST)
            archive.add(copy, _DATABASE)
            for name in _evidence_of(copy):
                # One that was erased since the copy was made is gone, and stays gone.
                with suppress(FileNotFoundError):
                    archive.add(settings.data_dir / name, name, recursive=False)
        packed.replace(target)
    return target.stat().st_size


def restore(settings: Settings, source: Path) -> Path:
    """Put the data of a backup in place of what is there; gives where the former database was kept.

    The bot must not be running. The backup is checked whole before anything is touched. Raises BackupFailed.
    """
    place = _database_path(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if _is_running(settings):
        raise BackupFailed("Bot đang chạy trên thư mục dữ liệu này. Dừng bot rồi khôi phục.")
    with tempfile.TemporaryDirectory(dir=settings.data_dir) as folder:
        fresh = _unpacked(source, Path(folder))
        kept = place.with_name(f"{_DATABASE}.{datetime.now(UTC):%Y%m%d-%H%M%S}.truoc-khoi-phuc")
        if place.exists():
            _close_log(place)
            place.replace(kept)
        for leftover in (f"{_DATABASE}-wal", f"{_DATABASE}-shm"):
            (settings.data_dir / leftover).unlink(missing_ok=True)
        _put_evidence(Path(folder) / _EVIDENCE, settings.data_dir / _EVIDENCE, kept)
        fresh.replace(place)
    return kept


def _evidence_of(database: Path) -> list[str]:
    """The files of evidence that the rows of a database tell of, below the data folder."""
    with closing(sqlite3.connect(database)) as opened:
        try:
            rows = opened.execute("SELECT path FROM evidence WHERE path IS NOT NULL ORDER BY path").fetchall()
        except sqlite3.OperationalError:
            return []  # a database from before there was evidence
    names = [f"{_EVIDENCE}/{path}" for (path,) in rows]
    return [name for name in names if _EVIDENCE_FILE.fullmatch(name)]


def _put_evidence(fresh: Path, place: Path, kept: Path) -> None:
    """The files go with their rows; the former ones are kept beside the former database."""
    if place.exists():
        place.replace(kept.with_name(kept.name.replace(_DATABASE, _EVIDENCE, 1)))
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


def _unpacked(source: Path, folder: Path) -> Path:
    try:
        with tarfile.open(source, "r:gz") as archive:
            names = {member.name for member in archive.getmembers() if member.isfile()}
            ours = {name for name in names if not _EVIDENCE_FILE.fullmatch(name)}
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
    return fresh


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
