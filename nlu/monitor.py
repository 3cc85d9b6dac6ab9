"""What interpreters tell about their work: how long it took, and what went wrong. Never a text.

`bot.metrics` counts it; without a monitor nothing is counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from nlu.interpreter import Interpretation, Interpreter


class Monitor(Protocol):
    """Is told what happened. Must neither raise nor wait."""

    def parsed(self, engine: str, seconds: float) -> None:
        """`engine` (`embedded` or `rasa`) interpreted one message in so many seconds."""
        ...

    def failed(self, reason: str) -> None:
        """The server gave nothing that can be used; `reason` is a word of `nlu.rasa.Failure`."""
        ...

    def circuit(self, state: str) -> None:
        """The circuit to the server is now `closed`, `open` or `trying`."""
        ...


class Unwatched:
    """A monitor that forgets everything."""

    def parsed(self, engine: str, seconds: float) -> None:
        """Forget it."""

    def failed(self, reason: str) -> None:
        """Forget it."""

    def circuit(self, state: str) -> None:
        """Forget it."""


class Timed:
    """An interpreter that tells a monitor how long `inner` took."""

    def __init__(
        self,
        inner: Interpreter,
        engine: str,
        monitor: Monitor,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._inner = inner
        self._engine = engine
        self._monitor = monitor
        self._clock = clock

    async def interpret(self, text: str) -> Interpretation:
        """What `inner` says."""
        started = self._clock()
        interpretation = await self._inner.interpret(text)
        self._monitor.parsed(self._engine, self._clock() - started)
        return interpretation
