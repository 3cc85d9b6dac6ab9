"""Acknowledgements before everything else, where one event loop does it all.

A platform counts the milliseconds until its delivery is acknowledged; nobody counts those until a turn is
begun. Nothing here may make anybody wait for long: it is courtesy, not a lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

GIVE_WAY_SECONDS = 0.01
"""How long one piece of other work waits at most: answers must get on, too, while deliveries pour in."""


class RightOfWay:
    """Who may go on.

    Whoever is about to compute for a millisecond or more passes `give_way`: one at a time in each round of
    the loop, and not while a delivery is being stored, unless that lasts. Without it, as many turns as are
    in hand would run in every one of the rounds an acknowledgement takes.
    """

    def __init__(self) -> None:
        self._urgent = 0
        self._calm = asyncio.Event()
        self._calm.set()
        self._gate = asyncio.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """While an acknowledgement waits for the disk."""
        self._urgent += 1
        self._calm.clear()
        try:
            yield
        finally:
            self._urgent -= 1
            if not self._urgent:
                self._calm.set()

    async def give_way(self) -> None:
        """Returns when it is the caller's turn to compute; GIVE_WAY_SECONDS after those before it at most."""
        async with self._gate:
            await asyncio.sleep(0)
            if not self._calm.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._calm.wait(), GIVE_WAY_SECONDS)
