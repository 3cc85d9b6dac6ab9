"""Starting, watching and ending a real Rasa server, in its own environment, on a free loopback port."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-rasa/bin/python"
MODELS = ROOT / ".rasa-models"
LIGHT = MODELS / "config.tar.gz"
_START_SECONDS = 120.0
_END_SECONDS = 20.0


def environment(cache: Path | None = None) -> dict[str, str]:
    """What Rasa's programs are started with, as the Makefile does it."""
    wanted = {
        "PYTHONPATH": str(ROOT),
        "RASA_TELEMETRY_ENABLED": "false",
        "RASA_CACHE_DIRECTORY": str(cache or MODELS / "cache"),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    }
    return {**os.environ, **wanted}


class RasaServer:
    """One server process at a time; it may be killed and started again on the same port."""

    def __init__(self, model: Path, folder: Path) -> None:
        """`folder` takes its log. Nothing runs before `start`."""
        self.token = secrets.token_urlsafe(16)
        self.log_path = folder / "rasa.log"
        self._model = model
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start, and wait until it has a model and answers; gives the seconds that took."""
        began = time.monotonic()
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [PYTHON, ROOT / "nlu/rasa/serve.py", "--model", self._model, "--port", str(self.port)],
                env={**environment(), "RASA_TOKEN": self.token},
                stdout=log,
                stderr=log,
                # A Ctrl-C typed at the tests must not reach it before we do.
                start_new_session=True,
            )
        while time.monotonic() < began + _START_SECONDS:
            if self._process.poll() is not None:
                break
            if self.status() == 200:
                return time.monotonic() - began
            time.sleep(0.1)
        self.end()
        raise AssertionError(f"Rasa did not start:\n{self.log_path.read_text('utf-8')[-3000:]}")

    def status(self, token: str | None = None, path: str = "/status") -> int:
        """HTTP status of `path`, asked with `token` (its own by default); 0 when nobody answers."""
        query = f"?token={self.token if token is None else token}"
        try:
            with urllib.request.urlopen(f"{self.url}{path}{query}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def resident_megabytes(self) -> float:
        """Memory the process holds now."""
        assert self._process is not None
        lines = Path(f"/proc/{self._process.pid}/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024

    @property
    def command_line(self) -> str:
        """What everybody on the machine can read of it."""
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/cmdline").read_text("utf-8")

    def kill(self) -> None:
        """End it as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end and wait; gives its exit status."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(how)
            try:
                self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        return self._process.returncode
