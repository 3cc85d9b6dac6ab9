"""What every stream of server-sent events needs: how it begins, how it waits, how many there may be.

Whatever is streamed, a stream must end as soon as the server stops: nobody waits for an open page.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from aiohttp import web

T = TypeVar("T")
_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold events back until its buffer is full
    "X-Content-Type-Options": "nosniff",
}


async def begin(
    request: web.Request, retry: float, dress: Callable[[web.StreamResponse], object] | None = None
) -> web.StreamResponse:
    """Answer with a stream; `retry` is how many seconds a browser waits before it comes back.

    `dress` may put further headers on the answer: once it has begun it is too late for them.
    """
    response = web.StreamResponse(headers=_HEADERS)
    if dress is not None:
        dress(response)
    await response.prepare(request)
    with suppress(ConnectionResetError):  # whoever writes next hears of it
        await response.write(f"retry: {round(retry * 1000)}\n\n".encode())
    return response


async def unless(closing: asyncio.Event, wanted: Coroutine[Any, Any, T]) -> T | None:
    """What is waited for, or None as soon as the server stops."""
    waiting = asyncio.ensure_future(wanted)
    stopping = asyncio.ensure_future(closing.wait())
    try:
        await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting.done() else None
    finally:
        for task in (waiting, stopping):
            task.cancel()
        await asyncio.gather(waiting, stopping, return_exceptions=True)


class OpenStreams:
    """Counts open streams, by whatever their number is limited by."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextmanager
    def one_more(self, limits: Mapping[str, int]) -> Iterator[bool]:
        """False, counting nothing, when one of the names in `limits` has as many as it may."""
        if any(self._open[name] >= limit for name, limit in limits.items()):
            yield False
            return
        self._open.update(limits.keys())
        try:
            yield True
        finally:
            self._open.subtract(limits.keys())
            for name in limits:
                if self._open[name] <= 0:
                    del self._open[name]
