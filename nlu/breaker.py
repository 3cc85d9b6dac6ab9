"""A circuit breaker: stop asking a server that does not answer, and find out sparingly when it does again.

    closed ── so many failures in a row ──> open ── the pause is over ──> one try ── it worked ──> closed
                                             ^                               │
                                             └── it failed: a longer pause ──┘

Pure: it knows no server and no time but the clock it was given, and must never wait or raise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Circuit = Literal["closed", "open", "trying"]
"""`closed`: every question goes out. `open`: none, until the pause is over. `trying`: one is out to see
whether the server answers again; the others do without it."""


class Breaker:
    """Counts failures in a row. For one event loop; not for threads.

    `clock` gives seconds that never go back (`time.monotonic`). Pauses are seconds; each try that fails
    doubles the pause, up to `longest_pause`.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        failures: int = 3,
        first_pause: float = 1.0,
        longest_pause: float = 30.0,
    ) -> None:
        self._clock = clock
        self._allowed = failures
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._circuit: Circuit = "closed"
        self._failures = 0
        self._pause = first_pause
        self._open_until = 0.0
        self._round = 0

    @property
    def circuit(self) -> Circuit:
        """Where it stands now."""
        return self._circuit

    def ask(self) -> int | None:
        """A ticket to ask the server once, or None: do not. Each is given back by one of the three below.

        One from before the circuit last changed counts no more then: what it says is old.
        """
        if self._circuit == "open" and self._clock() >= self._open_until:
            self._turn("trying")
            return self._round
        return self._round if self._circuit == "closed" else None

    def worked(self, ticket: int) -> None:
        """The server answered."""
        if ticket != self._round:
            return
        self._failures = 0
        if self._circuit == "trying":
            self._pause = self._first_pause
            self._turn("closed")

    def failed(self, ticket: int) -> None:
        """It did not, or not with anything that can be used."""
        if ticket != self._round:
            return
        self._failures += 1
        if self._circuit == "trying":
            self._pause = min(self._pause * 2, self._longest_pause)
            self._open()
        elif self._failures >= self._allowed:
            self._open()

    def given_up(self, ticket: int) -> None:
        """Nobody waited for the answer: nothing was learned, and the next may try."""
        if ticket == self._round and self._circuit == "trying":
            self._turn("open")

    def _open(self) -> None:
        self._failures = 0
        self._open_until = self._clock() + self._pause
        self._turn("open")

    def _turn(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._round += 1
