"""How fast one visitor may go: a sliding window in memory.

Each process counts for itself, so several web processes allow a little more in sum. That is enough to
stop a runaway script; it must never be used for a limit somebody is owed.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

_SWEEP_ABOVE = 10_000
"""Remembered names above which those gone quiet are forgotten."""


class SlidingWindow:
    """At most `limit` admissions per `seconds` for each name."""

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float]) -> None:
        """`clock` gives monotonic seconds."""
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._admitted: dict[str, deque[float]] = {}
        self._sweep_at = _SWEEP_ABOVE

    def admit(self, name: str) -> int:
        """0 when admitted (and counted), else whole seconds until the next admission."""
        now = self._clock()
        times = self._admitted.setdefault(name, deque())
        while times and times[0] <= now - self._seconds:
            times.popleft()
        if len(times) >= self._limit:
            return max(1, math.ceil(times[0] + self._seconds - now))
        times.append(now)
        if len(self._admitted) > self._sweep_at:
            self._forget_quiet(now)
        return 0

    def _forget_quiet(self, now: float) -> None:
        self._admitted = {
            name: times for name, times in self._admitted.items() if times and times[-1] > now - self._seconds
        }
        # All of them may be active; doubling keeps the sweep from running on every admission then.
        self._sweep_at = max(_SWEEP_ABOVE, 2 * len(self._admitted))
