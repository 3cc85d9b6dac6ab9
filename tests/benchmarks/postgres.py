"""A PostgreSQL and a Redis for the measurement: those the caller names, or servers of our own.

Ours live in temporary folders, listen on a Unix socket and on 127.0.0.1 only, keep PostgreSQL's
default durability (fsync and synchronous_commit on), and end with the measurement.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import asyncpg  # type: ignore[import-untyped]
from redis import Redis
from sqlalchemy.engine import make_url

from bot.embedded_valkey import EmbeddedValkey
from tests.benchmarks.service import BenchmarkError

START_SECONDS = 15.0


class PostgresMissingError(Exception):
    """There is none here and none can be started; the message says why."""


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The URL of a PostgreSQL on which databases may be made. Raises PostgresMissingError."""
    if given := os.environ.get("POSTGRES_URL"):
        yield given
        return
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = shutil.which("initdb") or next(map(str, reversed(found)), None)
    if initdb is None:
        raise PostgresMissingError("PostgreSQL is not installed, and POSTGRES_URL is not set")
    account = _account()
    with tempfile.TemporaryDirectory(prefix="kh-bench-pg-") as name, contextlib.ExitStack() as stack:
        home = Path(name)
        if account:
            shutil.chown(home, account)
        log = stack.enter_context((home / "postgres.log").open("ab"))
        _make_cluster(initdb, home, account, log)
        child = subprocess.Popen(
            [str(Path(initdb).resolve().with_name("postgres")), *_options(home, port := _free_port())],
            stdout=log,
            stderr=log,
            user=account,
            cwd=home,
            start_new_session=True,
        )
        stack.callback(_stop, child)
        url = f"postgresql+asyncpg://bench@127.0.0.1:{port}/postgres"
        _wait_until_up(url, child)
        yield url


def _make_cluster(initdb: str, home: Path, account: str | None, log: IO[bytes]) -> None:
    made = subprocess.run(
        [initdb, "-D", str(home / "data"), "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
        stdout=log,
        stderr=log,
        user=account,
        cwd=home,
        check=False,
    )
    if made.returncode:
        raise PostgresMissingError(f"initdb ended with status {made.returncode}")


def _options(home: Path, port: int) -> list[str]:
    return ["-D", str(home / "data"), "-p", str(port), "-k", str(home), "-c", "listen_addresses=127.0.0.1"]


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGINT)  # "fast shutdown": PostgreSQL does not wait for its clients
    try:
        child.wait(15)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


@contextlib.contextmanager
def database(server_url: str) -> Iterator[str]:
    """A database of the measurement's own, dropped at its end."""
    name = f"khuyenhoc_bench_{os.getpid()}_{secrets.token_hex(3)}"
    asyncio.run(_run(server_url, f'CREATE DATABASE "{name}"'))
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        asyncio.run(_run(server_url, f'DROP DATABASE "{name}" WITH (FORCE)'))


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """The URL of an empty Redis: REDIS_TEST_URL, whose keys of ours are removed, or a Valkey of our own."""
    if given := os.environ.get("REDIS_TEST_URL"):
        with Redis.from_url(given) as client:
            for key in client.scan_iter("kh:*"):
                client.delete(key)
        yield given
        return
    with asyncio.Runner() as runner:
        valkey = EmbeddedValkey(folder)
        runner.run(valkey.start())
        try:
            yield valkey.url
        finally:
            runner.run(valkey.stop())


def _account() -> str | None:
    """PostgreSQL refuses to run as root: then the account `postgres` or `nobody`, otherwise our own."""
    if os.getuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(url: str, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        try:
            asyncio.run(_run(url, "SELECT 1"))
        except (OSError, asyncpg.PostgresError):
            time.sleep(0.1)
        else:
            return
    raise BenchmarkError("PostgreSQL did not start")


async def _run(url: str, statement: str) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
