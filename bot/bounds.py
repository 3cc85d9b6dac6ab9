"""Bounds for a process of ours that opens what came from anywhere: set by itself, before it opens anything.

Imported by such processes alone, and light: they start anew for every file.
"""

from __future__ import annotations

import os
import resource

_NICE = 10
"""Citizens are served first."""


def bind(memory_bytes: int, cpu_seconds: int) -> None:
    """From here on: so much memory, so much processor time, no file written, and after everybody else."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_NICE)
