"""What many tests share: real stores in temporary folders, a clock that stands still, and a fake channel."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import redis.utils
import structlog
from hypothesis import settings
from redis.asyncio import Redis
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.embedded_valkey import EmbeddedValkey
from bot.nerves import Nerves
from bot.store import database as database_module
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.schema import metadata

# Properties are tried a little at every run, and a lot where time is no object (`.ci/run`). No deadline:
# a busy machine is no fault of the code.
settings.register_profile("quick", max_examples=30, deadline=None)
settings.register_profile("thorough", max_examples=150, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


# What is imported and collected stays until the end: nobody need look through it for garbage again and again.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _forget_log_context() -> Iterator[None]:
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()


@pytest.fixture(autouse=True)
def _keep_logging_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command run inside a test must not silence the loggers of every test after it."""
    if "bot.cli" in sys.modules:
        monkeypatch.setattr("bot.cli.opening.set_up_logging", lambda *_: None)


class StandingClock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 10, 2, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **amount: float) -> None:
        """Let time pass: `clock.pass_(seconds=5)`."""
        self.now += timedelta(**amount)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


def _in_memory() -> Path | None:
    """Where writing costs nothing, if there is much of it; None: wherever temporary files lie."""
    shared = Path("/dev/shm")
    enough = 1 << 30
    return shared if shared.is_dir() and shutil.disk_usage(shared).free > enough else None


@pytest.fixture
def data_dir(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A data folder with a path short enough for Unix sockets; on a real disk where that is tested."""
    needs_disk = any(request.node.get_closest_marker(mark) for mark in ("crash", "load", "service"))
    with tempfile.TemporaryDirectory(prefix="kh-", dir=None if needs_disk else _in_memory()) as folder:
        yield Path(folder)


class _Compiled(dict[Any, Any]):
    """Statements as SQL text, shared by all databases of a process: for SQLite the text is the same."""

    @staticmethod
    def _key(key: tuple[Any, ...]) -> tuple[Any, ...]:
        dialect, *statement = key
        return ("sqlite" if dialect.name == "sqlite" else dialect, *statement)

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(self._key(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(self._key(key), compiled)


# Every test has a database of its own, and would put the same statements into words once more.
database_module.create_async_engine = partial(  # type: ignore[attr-defined]
    create_async_engine, execution_options={"compiled_cache": _Compiled()}
)

# Each client of Redis would read once more which version of its package is installed.
redis.utils.get_lib_version = cache(redis.utils.get_lib_version)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="kh-migrated-")


async def _migrated() -> Path:
    """An empty database file, brought to today's schema once: hundreds of tests want a copy."""
    place = Path(_folder().name) / "empty.db"
    if not place.exists():
        made = Database(f"sqlite+aiosqlite:///{place}")
        await made.open()
        await migrate(made)
        await made.close()
    return place


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """POSTGRES_URL; side by side each test process has a database of its own there."""
    given = make_url(os.environ["POSTGRES_URL"])
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        given = given.set(database=f"{given.database}_{worker}")
    return given.render_as_string(hide_password=False)


_prepared: set[str] = set()


async def _postgres(url: str) -> Database:
    """The database, made where it is missing, emptied, brought to today's schema once."""
    if url not in _prepared and url != os.environ["POSTGRES_URL"]:
        server = create_async_engine(os.environ["POSTGRES_URL"], isolation_level="AUTOCOMMIT")
        async with server.connect() as connection:
            await connection.execute(text(f'DROP DATABASE IF EXISTS "{make_url(url).database}"'))
            await connection.execute(text(f'CREATE DATABASE "{make_url(url).database}"'))
        await server.dispose()
    made = Database(url)
    await made.open()
    if url not in _prepared:
        await migrate(made)
        _prepared.add(url)
    names = ", ".join(f'"{table}"' for table in metadata.tables)
    await made.write(lambda c: c.execute(text(f"TRUNCATE {names} RESTART IDENTITY")))
    return made


@pytest.fixture(scope="session")
def shared_redis_url() -> str:
    """REDIS_TEST_URL; side by side each test process has a numbered database of its own there."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return f"{os.environ['REDIS_TEST_URL'].rpartition('/')[0]}/{number}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def database(request: pytest.FixtureRequest, data_dir: Path) -> AsyncIterator[Database]:
    """A migrated, empty database: SQLite always, PostgreSQL under its marker."""
    if request.param == "sqlite":
        shutil.copyfile(await _migrated(), data_dir / "test.db")
        made = Database(f"sqlite+aiosqlite:///{data_dir / 'test.db'}")
        await made.open()
    else:
        made = await _postgres(request.getfixturevalue("postgres_url"))
    yield made
    await made.close()


@pytest.fixture
async def redis_url(data_dir: Path, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A real Valkey of the test's own; beside PostgreSQL a real Redis, emptied (REDIS_TEST_URL)."""
    if request.node.get_closest_marker("postgres"):
        url: str = request.getfixturevalue("shared_redis_url")
        shared = Redis.from_url(url)
        await shared.flushdb()
        await shared.aclose()
        yield url
        return
    server = EmbeddedValkey(data_dir)
    await server.start()
    yield server.url
    await server.stop()


@pytest.fixture
async def nerves(redis_url: str) -> AsyncIterator[Nerves]:
    made = Nerves(redis_url)
    made.start()
    yield made
    await made.aclose()
