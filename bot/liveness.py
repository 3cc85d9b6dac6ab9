"""Who holds a lease, and is that process still alive?

A lease (a Redis lock, a claimed outbox row) names its owner. After `kill -9` the owner cannot give it
back; on the same Linux machine anybody can see in /proc that the process is gone and take over at once,
and from anywhere else the lease simply runs out. A wrong "dead" would let two processes do the same
work, so every doubt counts as alive.
"""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path

LEASE_SECONDS = 10.0
"""A lease not renewed for this long is free for anybody (the contract allows 15 s)."""

_PROC = Path("/proc")


def _start_tick(pid: str) -> str:
    """The kernel tick at which the process started; "" where it is not running or cannot be seen."""
    try:
        stat = (_PROC / pid / "stat").read_text()
    except OSError:
        return ""
    # The command name may hold spaces and brackets, so fields are counted after the last bracket:
    # state is the first of them, the start time the twentieth (proc(5), fields 3 and 22).
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


@cache
def _machine() -> str:
    """Host, boot and PID namespace: two containers on one host are two machines here. "" if unknown."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        namespace = (_PROC / "self/ns/pid").stat().st_ino
    except OSError:
        return ""
    return f"{socket.gethostname()}/{boot}/{namespace}"


@cache
def this_process() -> str:
    """The name this process signs its leases with; differs after a restart even if the PID is reused."""
    return name_of(os.getpid())


def name_of(pid: int) -> str:
    """What a running process of this machine is called here; unlike its PID never given twice."""
    return f"{_machine()}#{pid}#{_start_tick(str(pid)) or os.urandom(6).hex()}"


def is_dead(owner: str) -> bool:
    """True only when `owner` certainly was a process of this machine and no longer runs."""
    machine, _, rest = owner.partition("#")
    pid, _, started = rest.partition("#")
    if not machine or machine != _machine() or not pid.isdigit():
        return False
    return _start_tick(pid) != started
