"""Dry runs between the report and the officer's word: one small file each, below DATA_DIR/imports.

A file is written once, under a name nobody can guess, and holds just what the report showed: what is written
later is that and nothing else. It is read by whichever process the next request reaches, outlives a restart,
and goes after a day. Web processes on several machines need the folder in common, as for all of DATA_DIR.
All of it is file work: call it in a thread.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.staff.faq.comparing import Planned, Verdict
from bot.store.content import Status

KEPT_FOR = timedelta(hours=24)
_TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class DryRun:
    """A file that was compared with what there is."""

    name: str
    """As the file was called. Hostile until escaped."""
    by: str
    at: datetime
    revision: int
    """Of the content it was compared with."""
    rows: Sequence[Planned]
    notes: tuple[str, ...] = ()
    """About the file as a whole."""
    refused: Mapping[int, str] = field(default_factory=dict)
    """Once it is written: rows (by their place) that were not, and why."""
    done_at: datetime | None = None


class DryRuns:
    """The dry runs of this installation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new_upload(self) -> Path:
        """Where a file that is being sent can lie. Whoever asks removes it."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._folder / f"{secrets.token_hex(16)}.upload"

    def keep(self, run: DryRun) -> str:
        """Write it down; gives the token it is found by."""
        token = secrets.token_hex(16)
        self._write(token, run)
        return token

    def find(self, token: str) -> DryRun | None:
        """The dry run of a token; None when it is gone, or never was."""
        if not _TOKEN.fullmatch(token):
            return None
        try:
            return _run(json.loads((self._folder / f"{token}.json").read_text("utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def claim(self, token: str) -> bool:
        """Begin to write it into the content: True for one caller alone, in all processes."""
        try:
            handle = os.open(self._folder / f"{token}.begun", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return False
        os.close(handle)
        return True

    def is_claimed(self, token: str) -> bool:
        """Whether somebody began."""
        return (self._folder / f"{token}.begun").exists()

    def finish(self, token: str, run: DryRun) -> None:
        """Write down what became of it."""
        self._write(token, run)

    def sweep(self) -> None:
        """Remove what is older than KEPT_FOR, also what a killed process left behind."""
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                with contextlib.suppress(OSError):
                    if time.time() - path.stat().st_mtime > KEPT_FOR.total_seconds():
                        path.unlink()

    def _write(self, token: str, run: DryRun) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path, fresh = self._folder / f"{token}.json", self._folder / f"{token}.new"
        text = json.dumps(asdict(run), ensure_ascii=False, default=_plain)
        handle = os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _run(read: dict[str, Any]) -> DryRun:
    rows = [
        Planned(
            **{
                **row,
                "verdict": Verdict(row["verdict"]),
                "status": Status(row["status"]),
                "reasons": tuple(row["reasons"]),
            }
        )
        for row in read["rows"]
    ]
    return DryRun(
        name=read["name"],
        by=read["by"],
        at=datetime.fromisoformat(read["at"]),
        revision=read["revision"],
        rows=rows,
        notes=tuple(read["notes"]),
        refused={int(place): why for place, why in read["refused"].items()},
        done_at=datetime.fromisoformat(read["done_at"]) if read["done_at"] else None,
    )
