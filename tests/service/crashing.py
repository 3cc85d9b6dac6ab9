"""Runs the program so that it kills itself, as `kill -9` would, at a named point of a message's path.

    python -m tests.service.crashing POINT serve …

The product has no such hooks: the point is set by wrapping a function of the running program from here.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NoReturn

import bot.outreach.delivery
import bot.outreach.planning
import bot.worker
from bot.cli import main
from bot.dialogue.assistant import Assistant
from bot.download import Downloader
from bot.nerves import Nerves
from bot.outbox import AccountSender
from bot.outreach.delivery import Feeder
from bot.sheets import Cabinet
from bot.worker import Worker
from connectors.messenger import MessengerChannel
from connectors.zalo import ZaloChannel

Wrapped = Callable[..., Awaitable[Any]]


def die() -> NoReturn:
    """kill -9, from inside."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def _before(function: Wrapped) -> Wrapped:
    async def dying(*_args: Any, **_kwargs: Any) -> None:
        die()

    return dying


def _after(function: Wrapped) -> Wrapped:
    async def dying(*args: Any, **kwargs: Any) -> None:
        await function(*args, **kwargs)
        die()

    return dying


def _nobody_else(_: Wrapped) -> Callable[..., AbstractAsyncContextManager[bool]]:
    """A lock that everybody holds, as when Redis forgets who had it."""

    @asynccontextmanager
    async def held(*_args: Any, **_kwargs: Any) -> AsyncIterator[bool]:
        yield True

    return held


POINTS: dict[str, list[tuple[Any, str, Callable[[Wrapped], Callable[..., Any]]]]] = {
    "stored-not-announced": [(Nerves, "announce", _before)],
    "announced-not-taken": [(Worker, "handle", _before)],
    "turn-decided": [(Assistant, "turn", _after)],
    "before-commit": [(bot.worker, "commit_turn", _before)],
    "after-commit": [(bot.worker, "commit_turn", _after)],
    "claimed-not-sent": [(ZaloChannel, "send", _before), (MessengerChannel, "send", _before)],
    "accepted-not-recorded": [(ZaloChannel, "send", _after), (MessengerChannel, "send", _after)],
    "recorded": [(AccountSender, "_sent", _after)],
    "some-recipients-written": [(bot.outreach.planning, "_write", _after)],
    "recipients-written-not-begun": [(bot.outreach.delivery, "write_down", _after)],
    "fed-not-announced": [(Nerves, "hint_outbox", _before)],
    "campaign-stepped": [(Feeder, "_step", _after)],
    "article-claimed-not-sent": [(ZaloChannel, "broadcast", _before)],
    "article-accepted-not-recorded": [(ZaloChannel, "broadcast", _after)],
    "locks-held-by-everybody": [(Nerves, "lock", _nobody_else)],
    "sheet-drawn": [(Cabinet, "_file", _after)],
    "evidence-fetched": [(Downloader, "fetch", _after)],
}

if __name__ == "__main__":
    point = sys.argv.pop(1)
    for owner, name, wrap in POINTS[point]:
        setattr(owner, name, wrap(getattr(owner, name)))
    main()
