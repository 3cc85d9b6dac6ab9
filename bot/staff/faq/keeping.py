"""Dry runs between the report and the officer's word: one small file each, below DATA_DIR/imports.

A file is written once, under a name nobody can guess, and holds just what the report showed: what is written
later is that and nothing else. How far that is stands in bot.store.entry_imports. It is read by
whichever process the next request reaches, outlives a restart, and goes after a day. Web processes on several
machines need the folder in common, as for all of DATA_DIR. All of it is file work: call it in a thread.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from bot.staff.faq.comparing import Planned, Verdict
from bot.store.content import Status

FOLDER = "imports"
"""Beneath the data folder."""
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
            with (self._folder / f"{token}.json").open(encoding="utf-8") as stream:
                return _run(json.loads(next(stream)), map(json.loads, stream))
        except (OSError, ValueError, KeyError, TypeError, StopIteration):
            return None

    def keep_on(self, token: str) -> None:
        """An officer agreed to it: what becomes of it is shown for another KEPT_FOR."""
        with contextlib.suppress(OSError):
            os.utime(self._folder / f"{token}.json")

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
        handle = os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            # A line for each row: whoever reads or writes it all at once holds up everybody in the process.
            for line in chain((_head(run),), map(asdict, run.rows)):
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)


def _head(run: DryRun) -> dict[str, Any]:
    return {
        "name": run.name,
        "by": run.by,
        "at": run.at.isoformat(),
        "revision": run.revision,
        "notes": list(run.notes),
    }


def _run(head: dict[str, Any], rows: Iterable[dict[str, Any]]) -> DryRun:
    planned = [
        Planned(
            **{
                **row,
                "verdict": Verdict(row["verdict"]),
                "status": Status(row["status"]),
                "reasons": tuple(row["reasons"]),
                "notes": tuple(row["notes"]),
            }
        )
        for row in rows
    ]
    return DryRun(
        name=head["name"],
        by=head["by"],
        at=datetime.fromisoformat(head["at"]),
        revision=head["revision"],
        rows=planned,
        notes=tuple(head["notes"]),
    )
