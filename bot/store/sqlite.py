"""SQLite for an event loop: short statements run where they are asked, only the disk is waited for elsewhere.

A driver that hands every statement to a thread pays more for the handing over than for the statement, and
under load each hand-over waits for the interpreter's lock. Here a statement runs at once (microseconds: the
tables are indexed and the writes few), `COMMIT` of a writer runs in a thread (it waits for the disk), and a
`BEGIN` that meets another process's transaction is tried again without blocking anybody.

This is the small part of the aiosqlite interface that SQLAlchemy's dialect uses, and nothing more. Long
questions (reports, transcripts, counts) do not belong here: they would hold up the event loop.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

BUSY_RETRY_SECONDS = 0.002
_STATEMENTS_KEPT = 256


class Cursor:
    """A cursor whose methods can be awaited and never wait."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor = connection.raw.cursor()

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        """Run one statement; the beginning of a transaction may take several tries."""
        if sql.startswith("BEGIN"):
            await self._connection.begin(sql)
        else:
            self._cursor.execute(sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Self:
        """Run one statement for many rows."""
        self._cursor.executemany(sql, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return self._cursor.fetchall()

    async def close(self) -> None:
        """Give the statement back."""
        self._cursor.close()

    @property
    def description(self) -> Any:
        """Column names, as DB-API has it."""
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        """Rows changed by the last statement."""
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        """Key of the row inserted last."""
        return self._cursor.lastrowid


class Connection:
    """One connection, to be used by one task at a time (SQLAlchemy's pool sees to that)."""

    def __init__(self, path: str, *, writes: bool, busy_seconds: float) -> None:
        """`busy_seconds`: how long to wait for another process's transaction."""
        self.raw = sqlite3.connect(
            path,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS_KEPT,
            timeout=0 if writes else 0.25,
        )
        self._busy_seconds = busy_seconds
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="sqlite-commit") if writes else None
        # By this name SQLAlchemy asks whether the connection is open.
        self._connection: sqlite3.Connection | None = self.raw

    def __await__(self) -> Any:
        return self._self().__await__()

    async def _self(self) -> Self:
        return self

    def cursor(self) -> Cursor:
        """A new cursor."""
        return Cursor(self)

    async def begin(self, sql: str) -> None:
        """Start a transaction; while another process writes, try again until the time is over."""
        deadline = time.monotonic() + self._busy_seconds
        while True:
            try:
                self.raw.execute(sql)
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(BUSY_RETRY_SECONDS)
            else:
                return

    async def commit(self) -> None:
        """Make the transaction durable; the loop goes on while the disk works."""
        if not self.raw.in_transaction:
            return
        if self._disk is None:
            self.raw.commit()
        else:
            await asyncio.get_running_loop().run_in_executor(self._disk, self.raw.commit)

    async def rollback(self) -> None:
        """Undo the transaction."""
        self.raw.rollback()

    async def close(self) -> None:
        """Close the file."""
        self.stop()

    def stop(self) -> None:
        """Close the file without waiting."""
        if self._disk is not None:
            self._disk.shutdown()
        self.raw.close()
        self._connection = None

    async def create_function(self, name: str, arguments: int, function: Any, **options: Any) -> None:
        """Let SQL call a Python function (SQLAlchemy defines `regexp`)."""
        self.raw.create_function(name, arguments, function, **options)
