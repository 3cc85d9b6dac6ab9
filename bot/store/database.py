"""The connection to SQLite or PostgreSQL, and how writes are made durable without making anybody wait long.

`Database.write(job)` runs a job in a transaction and returns after the commit is on disk. On SQLite all
writes of the process go through one connection and share commits: while one commit is being written, the
next jobs gather (group commit), so that hundreds of small durable writes a second stay cheap. On
PostgreSQL each job has a transaction of its own. A failing job never takes its neighbours down: then all
of them are run once more, each behind a savepoint, so a job must do nothing but SQL.

Nothing outside `bot.store` builds SQL; nothing here knows what the tables mean.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy import event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, StaticPool

from bot.store import sqlite
from bot.store.right_of_way import RightOfWay

T = TypeVar("T")
Job = Callable[[AsyncConnection], Awaitable[T]]

BATCH = 64
"""Jobs that share one commit at most: bounds how long the first of them waits for the last."""
SLICE_SECONDS = 0.003
"""Jobs run on the event loop: after this long the rest leave it, and the next commit, to others first."""
BUSY_SECONDS = 10
"""How long a SQLite write waits for another process's transaction."""


_UNAVAILABLE = (DBAPIError, PoolExhausted, OSError)


class StoreUnavailable(Exception):
    """The database cannot be reached or written just now; nothing was stored."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    job: Job[Any]
    done: asyncio.Future[Any]


class _JobFailed(Exception):
    """A job of a batch raised `reason`."""

    def __init__(self, reason: Exception) -> None:
        super().__init__()
        self.reason = reason


def _sqlite_engine(url: URL, *, writes: bool) -> AsyncEngine:
    """Short statements on the loop: the one writer, or the readers of `glance`."""
    path = url.database or ""

    async def connect(*_: object, **__: object) -> sqlite.Connection:
        return sqlite.Connection(path, writes=writes, busy_seconds=BUSY_SECONDS)

    # A connection without transactions whose statements never wait can serve all glances at once.
    engine = create_async_engine(url, poolclass=StaticPool, async_creator=connect)
    _prepare_sqlite(engine, "BEGIN IMMEDIATE" if writes else "")
    return engine


def _prepare_sqlite(engine: AsyncEngine, begin: str) -> None:
    """`begin` starts every transaction; empty: there are none, each statement stands alone."""

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(dbapi_connection: Any, _record: object) -> None:
        if isinstance(dbapi_connection.driver_connection, aiosqlite.Connection):
            # The driver's own transaction handling is switched off; `_begin` below is the only one.
            dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # FULL: an acknowledged message survives a power cut, not only a crash of ours.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    if not begin:
        return

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)


class Database:
    """One database, for reading and for durable writing."""

    def __init__(self, url: str) -> None:
        """`url` as SQLAlchemy writes it, with the aiosqlite or asyncpg driver. Does not connect yet."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._readers = create_async_engine(
                self.url, poolclass=AsyncAdaptedQueuePool, pool_size=4, connect_args={"timeout": BUSY_SECONDS}
            )
            _prepare_sqlite(self._readers, "BEGIN")
            self._glancers = _sqlite_engine(self.url, writes=False)
            self._writer = _sqlite_engine(self.url, writes=True)
        else:
            self._readers = create_async_engine(self.url, pool_size=16, max_overflow=8, pool_pre_ping=True)
            self._glancers = self._writer = self._readers
        self.right_of_way = RightOfWay()
        self._urgent: deque[_Waiting] = deque()
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._committer: asyncio.Task[None] | None = None
        self._closing = False

    async def open(self) -> None:
        """Start accepting writes. Raises StoreUnavailable when the database cannot be reached."""
        try:
            # Not `read`: the thread of a connection that fails to open may outlive its event loop.
            async with self.glance() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError) as error:
            raise StoreUnavailable(f"cannot open the database: {type(error).__name__}") from error
        if self.is_sqlite:
            self._committer = asyncio.create_task(self._commit_forever(), name="sqlite-committer")

    async def close(self) -> None:
        """Finish the writes in hand and disconnect."""
        if self._committer is not None:
            self._closing = True
            self._wake.set()
            await self._committer
        for engine in {self._readers, self._glancers, self._writer}:
            await engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for SELECTs that see one consistent moment."""
        async with self._readers.connect() as connection:
            yield connection

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[AsyncConnection]:
        """For SELECTs that an index answers at once: on SQLite they run on the event loop.

        Each SELECT sees the moment it is made in; use `read` where several must agree.
        """
        async with self._glancers.connect() as connection:
            yield connection

    async def write(self, job: Job[T], *, urgent: bool = False) -> T:
        """Run `job` in a transaction; when this returns, its effects are durable.

        An urgent job (somebody outside waits for an acknowledgement) goes before those already waiting.
        Raises what the job raises (its effects are undone, other jobs' are not), or StoreUnavailable when
        the database itself fails. Jobs must be short and do nothing but SQL.
        """
        if not self.is_sqlite:
            try:
                async with self._writer.begin() as connection:
                    return await job(connection)
            except _UNAVAILABLE as error:
                raise StoreUnavailable(type(error).__name__) from error
        if self._committer is None or self._committer.done():
            raise StoreUnavailable("the database is not open")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._waiting).append(_Waiting(job, done))
        self._wake.set()
        return await done

    async def _commit_forever(self) -> None:
        while not self._closing:
            await self._wake.wait()
            self._wake.clear()
            only_urgent = False
            while self._urgent or self._waiting:
                # Every other commit is for the urgent alone, so that they never wait for two slices.
                only_urgent = bool(self._urgent) and not only_urgent
                ordinary = [] if only_urgent else _taken(self._waiting, BATCH)
                await self._commit(_taken(self._urgent, BATCH), ordinary)

    async def _commit(self, urgent: list[_Waiting], ordinary: list[_Waiting]) -> None:
        wanted = urgent + ordinary
        outcomes: list[Any]
        try:
            outcomes = await self._together(wanted, at_least=len(urgent) + 1)
        except _JobFailed as failure:
            # Which of them it was, savepoints tell; they are too dear for every day.
            outcomes = [failure.reason] if len(wanted) == 1 else await self._apart(wanted)
        except Exception as error:
            outcomes = [error] * len(wanted)
        self._waiting.extendleft(reversed(wanted[len(outcomes) :]))
        for one, outcome in zip(wanted, outcomes, strict=False):
            if one.done.done():
                continue
            if isinstance(outcome, Exception):
                one.done.set_exception(_as_unavailable(outcome))
            else:
                one.done.set_result(outcome)

    async def _together(self, batch: list[_Waiting], at_least: int) -> list[Any]:
        """The results of the first jobs, as many as the time allows.

        Raises _JobFailed, or what the database itself raised; then none of them happened.
        """
        outcomes: list[Any] = []
        async with self._writer.begin() as connection:
            deadline = time.perf_counter() + SLICE_SECONDS
            for one in batch:
                if len(outcomes) >= at_least and time.perf_counter() > deadline:
                    break
                try:
                    outcomes.append(await one.job(connection))
                except Exception as error:
                    raise _JobFailed(error) from error
        return outcomes

    async def _apart(self, batch: list[_Waiting]) -> list[Any]:
        """Each job's result or its own failure."""
        outcomes: list[Any] = []
        try:
            async with self._writer.begin() as connection:
                for one in batch:
                    try:
                        async with connection.begin_nested():
                            outcomes.append(await one.job(connection))
                    except Exception as error:
                        outcomes.append(error)
        except Exception as error:
            return [error] * len(batch)
        return outcomes


def _taken(queue: deque[_Waiting], limit: int) -> list[_Waiting]:
    """The first jobs of a queue that somebody still waits for."""
    taken = [queue.popleft() for _ in range(min(limit, len(queue)))]
    return [one for one in taken if not one.done.done()]


def _as_unavailable(error: Exception) -> Exception:
    """A fault of the database itself as the caller knows it; a job's own exception as it is."""
    return StoreUnavailable(type(error).__name__) if isinstance(error, _UNAVAILABLE) else error
