"""Faults a stand-in can be told to show: the ways a real platform fails its callers.

A fault is queued for the next calls, or bound to one person, and is used up by the calls it meets.
`accepted` says whether the call takes effect before it fails: that is what makes a send ambiguous.
Nothing here decides what a platform would answer; it only spoils the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

ANY_CALL = "*"
SEND = "send"


class FaultKind(StrEnum):
    """How a call fails."""

    STATUS = "status"
    """An HTTP error status with no usable body."""
    HTML = "html"
    """A proxy's HTML error page instead of JSON."""
    HANG = "hang"
    """No answer at all until the caller gives up."""
    TRUNCATED = "truncated"
    """A complete HTTP answer whose JSON stops in the middle."""
    DELAY = "delay"
    """The right answer, late."""
    RESET = "reset"
    """The connection is reset."""
    ERROR = "error"
    """An error in the platform's own shape."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail. Use the constructors; they fill in what belongs together."""

    kind: FaultKind
    accepted: bool = False
    """Does the call take effect all the same?"""
    status: int = 200
    code: int = 0
    subcode: int = 0
    seconds: float = 0.0

    @classmethod
    def http(cls, status: int, *, accepted: bool = False) -> Fault:
        """HTTP 500, 503 and their like."""
        return cls(FaultKind.STATUS, accepted=accepted, status=status)

    @classmethod
    def html(cls, status: int = 502) -> Fault:
        """An HTML page; give 200 for the nastiest variant."""
        return cls(FaultKind.HTML, status=status)

    @classmethod
    def hang(cls, seconds: float = 30.0, *, accepted: bool = True) -> Fault:
        """Silence for `seconds`, then a closed connection. Accepted unless told otherwise: ambiguous."""
        return cls(FaultKind.HANG, accepted=accepted, seconds=seconds)

    @classmethod
    def truncated(cls) -> Fault:
        """Accepted, answered with half a JSON document."""
        return cls(FaultKind.TRUNCATED, accepted=True)

    @classmethod
    def delay(cls, seconds: float) -> Fault:
        """Accepted and answered after `seconds`."""
        return cls(FaultKind.DELAY, accepted=True, seconds=seconds)

    @classmethod
    def reset(cls, *, accepted: bool) -> Fault:
        """A connection reset before or after the call took effect."""
        return cls(FaultKind.RESET, accepted=accepted)

    @classmethod
    def error(cls, code: int, subcode: int = 0) -> Fault:
        """The platform's own error body, not accepted."""
        return cls(FaultKind.ERROR, code=code, subcode=subcode)


@dataclass(slots=True)
class _Rule:
    fault: Fault
    on: str
    user: str | None
    left: int | None

    def matches(self, call: str, user: str) -> bool:
        """Does this rule apply to `call` made for `user`?"""
        return self.on in (ANY_CALL, call) and self.user in (None, user)


class Faults:
    """The faults waiting to be met, oldest first."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []
        self.shown = 0
        """How many calls were spoiled so far."""

    def next(self, fault: Fault, *, times: int = 1, on: str = SEND) -> None:
        """Spoil the next `times` calls named `on` (`send`, `token`, `upload`, … or `*`)."""
        self._rules.append(_Rule(fault, on, None, times))

    def for_user(self, user: str, fault: Fault, *, times: int | None = None, on: str = SEND) -> None:
        """Spoil calls that concern `user`: the next `times`, or all until `clear`."""
        self._rules.append(_Rule(fault, on, user, times))

    def always(self, fault: Fault, *, on: str = SEND) -> None:
        """Spoil every call named `on` until `clear`."""
        self._rules.append(_Rule(fault, on, None, None))

    def clear(self) -> None:
        """Behave again."""
        self._rules.clear()

    def take(self, call: str, user: str) -> Fault | None:
        """The fault for this call, used up once; None when it shall go well."""
        for rule in self._rules:
            if not rule.matches(call, user):
                continue
            if rule.left is not None:
                rule.left -= 1
                if rule.left == 0:
                    self._rules.remove(rule)
            self.shown += 1
            return rule.fault
        return None

    @property
    def waiting(self) -> tuple[tuple[Fault, str, str | None, int | None], ...]:
        """What is queued, for the page: fault, call name, user, times left (None: until cleared)."""
        return tuple((rule.fault, rule.on, rule.user, rule.left) for rule in self._rules)


async def spoil(
    fault: Fault,
    request: web.Request,
    *,
    answer: Callable[[], Awaitable[web.Response]],
    refuse: Callable[[int, int], web.Response],
    closing: asyncio.Event,
) -> web.Response:
    """Show `fault` to this request. `answer` performs the call, `refuse` words a platform error.

    Waits no longer than until `closing` is set, so that a hanging answer never holds up a shutdown.
    """
    if fault.kind is FaultKind.DELAY:
        await _pause(closing, fault.seconds)
    response = await answer() if fault.accepted else None
    if fault.kind is FaultKind.DELAY and response is not None:
        return response
    if fault.kind is FaultKind.ERROR:
        return refuse(fault.code, fault.subcode)
    if fault.kind is FaultKind.STATUS:
        return web.Response(status=fault.status, text="")
    if fault.kind is FaultKind.HTML:
        page = "<!doctype html><html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1></html>"
        return web.Response(status=fault.status, text=page, content_type="text/html")
    if fault.kind is FaultKind.TRUNCATED and response is not None:
        whole = bytes(response.body) if isinstance(response.body, bytes) else b"{}"
        return web.Response(body=whole[: max(1, len(whole) // 2)], content_type="application/json")
    if fault.kind is FaultKind.HANG:
        await _pause(closing, fault.seconds)
    _cut(request)
    return web.Response(status=500)  # never arrives: the connection is gone


async def _pause(closing: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(closing.wait(), seconds)


def _cut(request: web.Request) -> None:
    """Reset the connection: SO_LINGER 0 makes the kernel send RST instead of a polite FIN."""
    if request.transport is None:
        return
    sock = request.transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
