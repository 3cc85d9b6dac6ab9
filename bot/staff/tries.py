"""How often one may try a secret: a sliding window all web processes share, where Redis is there.

Each process also counts what passes through itself, so that without Redis, or with one that came back empty,
guessing stays slow. Names and addresses leave the process only as a hash.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import structlog
from redis.exceptions import RedisError

from bot.web.pace import SlidingWindow

log = structlog.get_logger(__name__)


class SharedTries(Protocol):
    """The count beyond this process (`Nerves.try_once`)."""

    async def __call__(self, name: str, limit: int, seconds: float) -> int:
        """0 when admitted and counted, else whole seconds until the next. Raises RedisError or OSError."""
        ...


class Tries:
    """At most `limit` tries per `seconds` for each name."""

    def __init__(
        self,
        what: str,
        limit: int,
        seconds: float,
        shared: SharedTries | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`what` keeps the names of one door apart from those of another."""
        self._what = what
        self._limit = limit
        self._seconds = seconds
        self._shared = shared
        self._here = SlidingWindow(limit, seconds, monotonic)

    async def admit(self, name: str) -> int:
        """0 when admitted (and counted), else whole seconds until the next try."""
        return await self._elsewhere(name) or self._here.admit(name)

    async def _elsewhere(self, name: str) -> int:
        if self._shared is None:
            return 0
        try:
            return await self._shared(f"{self._what}\n{name}", self._limit, self._seconds)
        except (RedisError, OSError) as error:
            log.warning("tries_counted_alone", reason=type(error).__name__)
            return 0
