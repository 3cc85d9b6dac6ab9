"""The machine a measurement was made on, and which core does what."""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores the service has and which the world outside it (load generator, platforms)."""

    service: frozenset[int]
    outside: frozenset[int]

    @property
    def are_apart(self) -> bool:
        """False on a machine with one core, where nothing can be kept apart."""
        return not self.service & self.outside


def share_out() -> Cores:
    """One core for the service, the others for the world outside."""
    available = sorted(os.sched_getaffinity(0))
    if len(available) == 1:
        return Cores(frozenset(available), frozenset(available))
    return Cores(frozenset(available[:1]), frozenset(available[1:]))


def all_together() -> Cores:
    """Everybody on every core: for several processes of ours on a machine with few cores."""
    available = frozenset(os.sched_getaffinity(0))
    return Cores(available, available)


def describe(folder: Path) -> list[str]:
    """The machine in a few lines. `folder` is where the databases of the measurement are."""
    return [
        f"CPU      {_cpu_model()}, {len(os.sched_getaffinity(0))} cores usable",
        f"Memory   {_memory_gib():.0f} GiB",
        f"System   Linux {platform.release()}, Python {platform.python_version()}",
        f"Disk     {_file_system(folder)}, one small durable write (fdatasync): {_durable_write_ms(folder)}",
        f"Load     {os.getloadavg()[0]:.1f} at the start (anything above 0.5: somebody else is at work here)",
    ]


def cpu_seconds(pids: list[int]) -> float:
    """Processor time these processes have used so far; one that has ended counts as nothing."""
    ticks = 0
    for pid in pids:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        fields = stat.rpartition(")")[2].split()  # from field 3 of proc(5) on
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _file_system(folder: Path) -> str:
    best, kind = "", "unknown file system"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mounted_at, type_, *_ = line.split()
        if str(folder.resolve()).startswith(mounted_at) and len(mounted_at) >= len(best):
            best, kind = mounted_at, type_
    return kind


def _durable_write_ms(folder: Path) -> str:
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(60):
            started = time.perf_counter()
            os.pwrite(file.fileno(), b"x" * 4096, 0)
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - started) * 1000)
    return f"median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms"
