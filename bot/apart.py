"""Drawing in a process of its own: what it opens comes from anywhere, and what fails there fails alone.

The process gets a wish, none of our settings and no time without end; it answers with bytes, or dies.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
"""Of the environment: what programs need to run, and none of our settings."""
_PIECE = 1 << 16
KILLED = -9
"""The status of a process that said more than it was asked for."""


async def drawn_apart(
    module: str, wish: Mapping[str, object], content: bytes = b"", *, seconds: float, most_bytes: int
) -> tuple[int, bytes]:
    """What `python -m module` answers to a line of JSON and what follows it: its exit status and its output.

    Raises TimeoutError. The process is gone when this returns, however it does.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
    )
    try:
        async with asyncio.timeout(seconds):
            _, answer = await asyncio.gather(
                _tell(process, json.dumps(wish).encode() + b"\n" + content), _hear(process, most_bytes)
            )
            return (KILLED if len(answer) > most_bytes else await process.wait()), answer
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _tell(process: asyncio.subprocess.Process, said: bytes) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):  # its silence says it all
        process.stdin.write(said)
        await process.stdin.drain()
        process.stdin.close()


async def _hear(process: asyncio.subprocess.Process, most_bytes: int) -> bytes:
    """All it says, or a little more than it may."""
    assert process.stdout is not None
    heard = bytearray()
    while len(heard) <= most_bytes and (more := await process.stdout.read(_PIECE)):
        heard += more
    return bytes(heard)
