"""Starting and stopping real processes: the service in its roles, and the world outside it.

Every process is started here, kept on its cores, and ended by its own process id. Settings come from the
measurement alone: neither the caller's environment nor a `.env` file reaches the service.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.embedded_valkey import EmbeddedValkey
from tests.benchmarks.deliveries import GRAPH, ZALO
from tests.benchmarks.load import GRACE_SECONDS, Outcome, Plan
from tests.benchmarks.outside import Sent

START_SECONDS = 20.0
STOP_SECONDS = 12.0
ROOT = Path(__file__).resolve().parents[2]


class BenchmarkError(Exception):
    """A process did not do what the measurement needs."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the service keeps things."""

    name: str
    """As it is called in the table: `SQLite` or `PostgreSQL`."""
    folder: Path
    database_url: str = ""
    redis_url: str = ""

    @property
    def sql_url(self) -> str:
        """The database as SQLAlchemy names it."""
        return self.database_url or f"sqlite+aiosqlite:///{(self.folder / 'data' / 'khuyenhoc.db').resolve()}"


class Process:
    """One child process on its cores."""

    def __init__(
        self,
        arguments: Sequence[str],
        cores: frozenset[int],
        log: Path,
        environment: Mapping[str, str],
        folder: Path,
    ) -> None:
        self.log = log
        with log.open("ab") as errors:
            self._child = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                cwd=folder,
                start_new_session=True,
            )
        os.sched_setaffinity(self._child.pid, cores)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_running(self) -> bool:
        return self._child.poll() is None

    def first_line(self) -> str:
        """What it says first on standard output; waits for it."""
        assert self._child.stdout is not None
        for raw in self._child.stdout:
            if line := raw.decode().strip():
                return line
        raise BenchmarkError(f"a process ended at its start:\n{self.complaints()}")

    def complaints(self) -> str:
        """The end of what it wrote to standard error."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._child.send_signal(number)

    def stop(self) -> bool:
        """Ask it to end, and make it. True when it ended by itself with status 0."""
        if self.is_running:
            self._child.send_signal(signal.SIGINT)
            self._child.send_signal(signal.SIGCONT)
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()
        return self._child.returncode == 0


class Outside:
    """The ceiling or the platforms, running."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.port = port

    def sent(self) -> list[Sent]:
        """What the platforms were given, in order of arrival."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/record", timeout=10) as answer:
            return [(at, channel, user, text) for at, channel, user, text in json.load(answer)]

    def forget(self) -> None:
        """Begin a new record."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/record", method="DELETE")
        urllib.request.urlopen(request, timeout=10).close()


class Service:
    """The service in some roles, one process per role given."""

    def __init__(
        self, stores: Stores, roles: Sequence[str], processes: list[Process], ports: tuple[int, ...]
    ) -> None:
        self.stores = stores
        self.answers = bool({"all", "worker"} & set(roles))
        self.processes = processes
        self.ports = ports

    @property
    def pids(self) -> list[int]:
        """Of our own processes; Valkey and PostgreSQL are not among them."""
        return [process.pid for process in self.processes]

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Ready but standing still, so that all of them begin their work at the same moment."""
        for process in self.processes:
            process.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in self.processes:
                process.signal(signal.SIGCONT)


@contextlib.contextmanager
def outside(what: str, cores: frozenset[int], folder: Path) -> Iterator[Outside]:
    """Run `ceiling` or `platforms`."""
    arguments = [sys.executable, "-m", "tests.benchmarks.outside", what]
    process = Process(arguments, cores, folder / f"{what}.log", _bare_environment(), ROOT)
    try:
        yield Outside(process, int(process.first_line()))
    finally:
        process.stop()


@contextlib.contextmanager
def service(
    roles: Sequence[str],
    stores: Stores,
    cores: frozenset[int],
    platforms: Outside,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Service]:
    """Run `khuyenhoc serve`, one process per role, until the block ends."""
    processes: list[Process] = []
    ports: list[int] = []
    environment = _bare_environment() | _settings(stores, platforms.port) | dict(settings or {})
    command = str(Path(sys.executable).with_name("khuyenhoc"))
    killed = False
    try:
        for number, role in enumerate(roles):
            port = _free_port() if role in ("all", "web") else 0
            arguments = [command, "serve", "--role", role, "--port", str(port)]
            log = stores.folder / f"{role}-{number}-{time.monotonic_ns()}.log"
            process = Process(arguments, cores, log, environment, stores.folder)
            processes.append(process)
            if port:
                _wait_until_ready(process, port)
                ports.append(port)
            else:
                process.first_line()
        yield Service(stores, roles, processes, tuple(ports))
    finally:
        for process in reversed(processes):
            killed |= not process.stop()
        if killed and not stores.redis_url:
            asyncio.run(_end_left_behind_valkey(stores.folder / "data"))
    if killed:
        complaints = "\n".join(process.complaints() for process in processes)
        raise BenchmarkError(f"the service did not end cleanly:\n{complaints}")


def generate_load(plan: Plan, cores: frozenset[int]) -> Outcome:
    """Carry out a plan in a process of its own."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_bare_environment(),
        cwd=ROOT,
        start_new_session=True,
    )
    os.sched_setaffinity(child.pid, cores)
    seconds = plan.closed_seconds + (plan.script.count / plan.open_rate if plan.open_rate else 0)
    try:
        answer, _ = child.communicate(plan.to_json().encode(), timeout=seconds * 2 + GRACE_SECONDS + 30)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    if child.returncode:
        raise BenchmarkError("the load generator failed")
    return Outcome.from_json(answer.decode())


def _bare_environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _settings(stores: Stores, platform_port: int) -> dict[str, str]:
    platforms = f"http://127.0.0.1:{platform_port}"
    return {
        "DATA_DIR": str(stores.folder / "data"),
        "DATABASE_URL": stores.database_url,
        "REDIS_URL": stores.redis_url,
        "LOG_FORMAT": "json",
        "EMBEDDER": "none",  # what the model takes is measured by itself (finding.py)
        "ZALO_APP_ID": ZALO.app_id,
        "ZALO_APP_SECRET": ZALO.app_secret,
        "ZALO_OA_ID": ZALO.oa_id,
        "ZALO_OA_SECRET_KEY": ZALO.oa_secret_key,
        "ZALO_ACCESS_TOKEN": ZALO.access_token,
        "ZALO_REFRESH_TOKEN": ZALO.refresh_token,
        "ZALO_API_BASE": platforms,
        "ZALO_OAUTH_BASE": platforms,
        "ZALO_SENDS_PER_MINUTE": "1000000",
        "MESSENGER_PAGE_ID": GRAPH.page_id,
        "MESSENGER_APP_ID": GRAPH.app_id,
        "MESSENGER_APP_SECRET": GRAPH.app_secret,
        "MESSENGER_VERIFY_TOKEN": GRAPH.verify_token,
        "MESSENGER_PAGE_ACCESS_TOKEN": GRAPH.page_access_token,
        "MESSENGER_GRAPH_BASE": platforms,
        "MESSENGER_SENDS_PER_MINUTE": "1000000",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: Process, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.is_running:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise BenchmarkError(f"the service did not become ready:\n{process.complaints()}")


async def _end_left_behind_valkey(data_dir: Path) -> None:
    """A killed service leaves its Valkey running: take it over and stop it."""
    valkey = EmbeddedValkey(data_dir)
    await valkey.start()
    await valkey.stop()
