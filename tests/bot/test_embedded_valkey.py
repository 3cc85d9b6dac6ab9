"""The embedded server: one per folder, whatever was left behind, and never a reason not to start."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.embedded_valkey import EmbeddedValkey


def servers_of(folder: Path) -> list[int]:
    """Running processes whose working folder is the server's."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                lives_there = (entry / "cwd").resolve(strict=True) == (folder / "valkey").resolve()
            except OSError:
                continue
            if lives_there:
                found.append(int(entry.name))
    return found


@pytest.mark.service
async def test_a_server_that_hangs_is_ended_before_another_one_starts(data_dir: Path) -> None:
    first, second = EmbeddedValkey(data_dir), EmbeddedValkey(data_dir)
    await first.start()
    (hung,) = servers_of(data_dir)
    os.kill(hung, signal.SIGSTOP)
    await second.start()
    running = servers_of(data_dir)
    await first.stop()
    await second.stop()
    assert len(running) == 1
    assert hung not in running
    assert servers_of(data_dir) == []


@pytest.mark.service
async def test_no_server_is_left_when_it_hangs_at_the_end(data_dir: Path) -> None:
    valkey = EmbeddedValkey(data_dir)
    await valkey.start()
    (server,) = servers_of(data_dir)
    os.kill(server, signal.SIGSTOP)
    await valkey.stop()
    assert servers_of(data_dir) == []


async def test_a_damaged_file_is_put_aside(data_dir: Path) -> None:
    valkey = EmbeddedValkey(data_dir)
    await valkey.start()
    async with Redis.from_url(valkey.url) as client:
        for number in range(50):
            await client.set(f"key {number}", "value")
    await valkey.stop()
    (log,) = (data_dir / "valkey" / "appendonlydir").glob("*.incr.aof")
    log.write_bytes(log.read_bytes()[:500] + bytes(4096))

    await valkey.start()
    async with Redis.from_url(valkey.url) as client:
        assert await client.ping()
    await valkey.stop()


async def test_a_folder_may_have_any_name(data_dir: Path) -> None:
    valkey = EmbeddedValkey(data_dir / "dữ liệu 50%20?#")
    await valkey.start()
    async with Redis.from_url(valkey.url) as client:
        assert await client.ping()
    await valkey.stop()
