"""The load generator: a process of its own, so that writing requests costs the service nothing.

Reads one plan (JSON) from standard input and writes one outcome (JSON) to standard output. In a *closed
loop* every connection sends its next delivery when the last was answered: the most the service can take.
In an *open loop* deliveries are due at random moments at a mean rate, whether or not earlier ones were
answered, and the wait is counted from the moment a delivery was due: a service that falls behind cannot
hide it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.benchmarks.deliveries import Script, write_requests

GRACE_SECONDS = 15.0
"""How long answers may take after the last delivery was sent."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send where."""

    ports: tuple[int, ...]
    connections: int
    script: Script
    open_rate: float = 0.0
    """Deliveries a second; 0 means a closed loop."""
    closed_seconds: float = 0.0
    """A closed loop ends after this long, or when the script is used up."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        fields = json.loads(text)
        script = fields["script"] | {"questions": tuple(fields["script"]["questions"])}
        return cls(**fields | {"script": Script(**script), "ports": tuple(fields["ports"])})


@dataclass(slots=True)
class Outcome:
    """What came of it. Times in milliseconds, moments in seconds of the machine's monotonic clock."""

    elapsed_seconds: float = 0.0
    waits_ms: list[float] = field(default_factory=list)
    """Per answered delivery: from sending (closed) or from the due moment (open) to the answer."""
    late_ms: list[float] = field(default_factory=list)
    """Open loop: how late the generator itself was. Large values mean that the machine was too busy."""
    statuses: dict[str, int] = field(default_factory=dict)
    due: dict[str, float] = field(default_factory=dict)
    """Open loop: when each person's last delivery was due."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Outcome:
        return cls(**json.loads(text))

    @property
    def accepted(self) -> int:
        """Deliveries answered with 200."""
        return self.statuses.get("200", 0)

    @property
    def refused(self) -> int:
        """Deliveries answered otherwise or not at all."""
        return sum(self.statuses.values()) - self.accepted


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request on its way."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._answer: asyncio.Future[str] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result("lost")
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._received += data
        head = self._received.find(b"\r\n\r\n")
        if head < 0 or self._answer is None:
            return
        headers = bytes(self._received[:head]).lower()
        at = headers.find(b"content-length:")
        length = int(headers[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._received) < head + 4 + length:
            return
        self._received.clear()
        self._answer.set_result(headers[9:12].decode())

    def ask(self, request: bytes) -> asyncio.Future[str]:
        """Send a request; gives the status of its answer as text, or `lost`."""
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport is None:
            self._answer.set_result("lost")
        else:
            self._transport.write(request)
        return self._answer


async def run(plan: Plan) -> Outcome:
    """Carry out the plan."""
    requests = write_requests(plan.script)
    loop = asyncio.get_running_loop()
    connections = []
    for number in range(plan.connections):
        port = plan.ports[number % len(plan.ports)]
        _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
        connections.append(connection)
    gc.collect()
    gc.disable()
    started = time.perf_counter()
    if plan.open_rate:
        outcome = await _OpenLoop(plan, connections).run(requests)
    else:
        outcome = await _closed_loop(connections, iter(requests), plan.closed_seconds)
    outcome.elapsed_seconds = time.perf_counter() - started
    return outcome


async def _closed_loop(connections: list[Connection], requests: Iterator[bytes], seconds: float) -> Outcome:
    outcome, statuses = Outcome(), Counter[str]()
    deadline = time.perf_counter() + seconds

    async def keep_asking(connection: Connection) -> None:
        for request in requests:
            sent = time.perf_counter()
            statuses[await connection.ask(request)] += 1
            answered = time.perf_counter()
            outcome.waits_ms.append((answered - sent) * 1000)
            if answered > deadline:
                return

    await asyncio.gather(*map(keep_asking, connections))
    outcome.statuses = dict(statuses)
    return outcome


class _OpenLoop:
    def __init__(self, plan: Plan, connections: list[Connection]) -> None:
        self._plan = plan
        self._idle = connections
        self._queue: deque[tuple[float, bytes]] = deque()
        self._outcome = Outcome()
        self._statuses = Counter[str]()
        self._open = 0
        self._all_answered = asyncio.Event()

    async def run(self, requests: list[bytes]) -> Outcome:
        # Fixed seed: every run and every round offers the same bursts.
        gaps = random.Random(20260902)
        due = time.monotonic() + 0.05
        self._open = len(requests)
        for number, request in enumerate(requests):
            due += gaps.expovariate(self._plan.open_rate)
            delay = due - time.monotonic()
            if delay > 0:
                await asyncio.sleep(delay)
            self._outcome.due[self._plan.script.user(number)] = due
            self._outcome.late_ms.append((time.monotonic() - due) * 1000)
            self._queue.append((due, request))
            self._send()
        try:
            await asyncio.wait_for(self._all_answered.wait(), GRACE_SECONDS)
        except TimeoutError:
            self._statuses["no answer"] += self._open
        self._outcome.statuses = dict(self._statuses)
        return self._outcome

    def _send(self) -> None:
        if not self._queue or not self._idle:
            return
        due, request = self._queue.popleft()
        connection = self._idle.pop()

        def answered(status: asyncio.Future[str]) -> None:
            self._outcome.waits_ms.append((time.monotonic() - due) * 1000)
            self._statuses[status.result()] += 1
            self._idle.append(connection)
            self._open -= 1
            if not self._open:
                self._all_answered.set()
            self._send()

        connection.ask(request).add_done_callback(answered)


def main() -> None:
    """Plan in, outcome out."""
    plan = Plan.from_json(sys.stdin.read())
    outcome: Any = asyncio.run(run(plan))
    sys.stdout.write(outcome.to_json())


if __name__ == "__main__":
    main()
