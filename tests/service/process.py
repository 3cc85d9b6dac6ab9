"""Starting, watching and ending real `khuyenhoc serve` processes."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp

START_SECONDS = 60.0


def free_port() -> int:
    """A loopback port nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """One installation (data folder, settings) and the processes that run on it."""

    def __init__(self, data_dir: Path, environment: Mapping[str, str], port: int | None = None) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("ZALO_", "MESSENGER_"))}
        self._environment = {**clean, "LOG_FORMAT": "json", "DATA_DIR": str(data_dir)}
        # A new folder would make all vectors anew at every start; looking by words is all these tests need.
        self._environment |= {"EMBEDDER": "none", **environment}
        self._processes: list[asyncio.subprocess.Process] = []
        self.log_path = data_dir / "service.log"

    def configure(self, **settings: str) -> None:
        """Set further settings for processes started from now on."""
        self._environment.update(settings)

    async def start(
        self, *, role: str = "all", crash_at: str = "", ready: bool = True
    ) -> asyncio.subprocess.Process:
        """Start a process; with `crash_at` it will kill itself at that point (tests.service.crashing)."""
        module = ["-m", "tests.service.crashing", crash_at] if crash_at else ["-m", "bot"]
        with self.log_path.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *module,
                "serve",
                "--port",
                str(self.port),
                "--role",
                role,
                env=self._environment,
                stdout=log,
                stderr=log,
                # So that a Ctrl-C typed at the tests does not reach it before we do.
                start_new_session=True,
            )
        self._processes.append(process)
        if ready and role in ("all", "web"):
            await self.wait_until_ready(process)
        return process

    async def wait_until_ready(self, process: asyncio.subprocess.Process) -> None:
        """Until /readyz says 200."""
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
            while True:
                if process.returncode is not None:
                    raise AssertionError(
                        f"ended with {process.returncode}:\n{self.log_path.read_text()[-3000:]}"
                    )
                try:
                    async with session.get(f"{self.url}/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)

    async def is_ready(self) -> bool:
        """Whether /readyz says 200 just now."""
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self.url}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process is started with."""
        return self._environment

    @staticmethod
    async def interrupt(process: asyncio.subprocess.Process) -> int:
        """Ctrl-C; gives the exit status."""
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(10):
            return await process.wait()

    @staticmethod
    async def kill(process: asyncio.subprocess.Process) -> None:
        """kill -9."""
        if process.returncode is None:
            process.kill()
        await process.wait()

    async def end(self) -> None:
        """Stop whatever still runs; a last clean start and stop would be noise, so the embedded server of
        a killed process is stopped here by its id."""
        for process in self._processes:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
                try:
                    async with asyncio.timeout(8):
                        await process.wait()
                except TimeoutError:
                    await self.kill(process)
        for pid in self.valkey_pids():
            os.kill(pid, signal.SIGKILL)

    def valkey_pids(self) -> list[int]:
        """Processes of the embedded server of this data folder."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                is_valkey = b"valkey-server" in (entry / "cmdline").read_bytes()
                if is_valkey and Path(os.readlink(entry / "cwd")) == (self.data_dir / "valkey").resolve():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found
