"""Uploading once what goes to many: ids by content, and whoever comes while it is on its way waits for it.

Uploads are counted by the month and their ids expire (platforms A6, B6); a campaign's picture goes to
thousands. The memory is this process's own: losing it costs one upload.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

from connectors.errors import Refused, RetryLater

T = TypeVar("T")

_REMEMBERED = 500
REFUSED_FOR = timedelta(minutes=10)
"""What could not be uploaded is not tried again for everybody of a campaign: nobody mends it sooner."""


class Uploads:
    """Uploaded ids by content, until shortly before the platform forgets them. Belongs to one event loop."""

    def __init__(self, lifetime: timedelta, clock: Callable[[], datetime]) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._known: dict[str, tuple[str, datetime]] = {}
        self._refused: dict[str, tuple[Refused, datetime]] = {}
        self._under_way: dict[str, asyncio.Task[str]] = {}

    def get(self, digest: str) -> str:
        """The id of this content, or nothing."""
        uploaded, at = self._known.get(digest, ("", self._clock()))
        return uploaded if self._clock() < at + self._lifetime else ""

    async def share(
        self, digest: str, upload: Callable[[], Coroutine[Any, Any, str]], *, seconds: float
    ) -> str:
        """The id of this content, by `upload` where nobody has it and nobody is at it.

        Raises what `upload` raises, to all who waited for it; Refused also for a while after that; RetryLater
        when it takes longer than `seconds`, and then it goes on for whoever comes next.
        """
        if known := self.get(digest):
            return known
        if digest in self._refused:
            refused, at = self._refused.pop(digest)
            if self._clock() < at + REFUSED_FOR:
                self._refused[digest] = refused, at
                raise Refused(refused.reason, code=refused.code)
        task = self._under_way.get(digest)
        if task is None:
            task = asyncio.create_task(self._made(digest, upload), name="upload")
            self._under_way[digest] = task
            task.add_done_callback(lambda done: self._over(digest, done))
        await asyncio.wait({task}, timeout=seconds)
        if not task.done() or task.cancelled():
            raise RetryLater("the upload is still under way")
        return task.result()

    def forget(self, uploaded: str) -> None:
        """The platform says that this id is no good. A newer one of the same content stays."""
        self._known = {digest: one for digest, one in self._known.items() if one[0] != uploaded}

    async def aclose(self) -> None:
        """Break off what is on its way."""
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _made(self, digest: str, upload: Callable[[], Coroutine[Any, Any, str]]) -> str:
        try:
            uploaded = await upload()
        except Refused as error:
            _put(self._refused, digest, (error, self._clock()))
            raise
        _put(self._known, digest, (uploaded, self._clock()))
        return uploaded

    def _over(self, digest: str, task: asyncio.Task[str]) -> None:
        del self._under_way[digest]
        if not task.cancelled():
            task.exception()  # whoever waits gets it; perhaps nobody does any more


def _put(where: dict[str, T], digest: str, what: T) -> None:
    """Remember it, forgetting the oldest when there are very many."""
    where.pop(digest, None)
    if len(where) >= _REMEMBERED:
        del where[next(iter(where))]
    where[digest] = what
