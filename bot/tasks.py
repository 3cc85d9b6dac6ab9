"""Ending background tasks for certain."""

from __future__ import annotations

import asyncio

import structlog

log = structlog.get_logger(__name__)

AGAIN_SECONDS = 0.2


async def end(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks and wait until they are done.

    One cancellation is not enough: time-outs inside libraries, and `asyncio.wait_for` before Python 3.12,
    now and then take it for their own and swallow it. What a task raised on the way is logged.
    """
    while waiting := [task for task in tasks if not task.done()]:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=AGAIN_SECONDS)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task_failed", task=task.get_name(), reason=type(error).__name__)
