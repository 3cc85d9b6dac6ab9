"""The clock and the ids of the stand-ins, passed in so that windows and expiries can be tested.

Never used by the bot itself: its own clock is somebody else's business.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Gives the present moment, aware and in UTC."""


class SandboxClock:
    """A clock that can be moved forward. Real time plus a shift, or frozen at `start`."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start
        self._shift = timedelta()

    def __call__(self) -> datetime:
        return (self._start or datetime.now(UTC)) + self._shift

    def advance(self, by: timedelta) -> None:
        """Move on by `by`; every later reading is that much later."""
        self._shift += by


class IdSource:
    """Unique ids that look like a platform's. A fresh `seed` per process, because the bot remembers ids
    of earlier runs and would take a repeated one for a redelivery."""

    def __init__(self, seed: str | None = None) -> None:
        self._seed = seed or secrets.token_hex(6)
        self._numbers = itertools.count(1)

    def message(self) -> str:
        """`96d3cdf3af150460909`: hexadecimal text."""
        return f"{self._seed}{next(self._numbers):07x}"

    def number(self) -> str:
        """Digits alone, nineteen of them: more than 2^53, so that parsing it as a number shows."""
        return f"9{int(self._seed, 16) % 10**11:011d}{next(self._numbers):07d}"


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970, the platforms' unit."""
    return round(moment.timestamp() * 1000)
