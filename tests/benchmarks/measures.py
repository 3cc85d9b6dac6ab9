"""What is measured, and how: each function gives the rows of one part of the table.

Throughput is measured in rounds in which the ceiling and the service take turns, so that a neighbour on
the machine slows both; the share of the ceiling is the median of the rounds' shares. Nothing is measured
before everything earlier is answered and sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks import books
from tests.benchmarks.deliveries import ChannelName, Script
from tests.benchmarks.load import Outcome, Plan
from tests.benchmarks.machine import Cores, cpu_seconds
from tests.benchmarks.report import Row, middle, percentile
from tests.benchmarks.service import Outside, Service, generate_load

CHANNELS: tuple[ChannelName, ...] = ("zalo", "messenger")
OPEN_RATE = 300.0
"""Deliveries a second: the aim of the project is stated at this rate."""
GENTLE_RATE = 20.0
CLOSED_CONNECTIONS = 64
OPEN_CONNECTIONS = 64
CLOSED_LIMIT = 9000
"""Deliveries a second the generator has in store for a closed loop."""
DRAIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure."""

    rounds: int
    closed_seconds: float
    open_rounds: int
    open_seconds: float
    events: int
    """Stored events in the turn measurement."""
    gentle_seconds: float


FULL = Effort(rounds=3, closed_seconds=1.2, open_rounds=3, open_seconds=2.5, events=700, gentle_seconds=5.0)
QUICK = Effort(rounds=1, closed_seconds=1.0, open_rounds=1, open_seconds=2.0, events=300, gentle_seconds=2.5)


@dataclass
class Bench:
    """What every measurement needs."""

    effort: Effort
    folder: Path
    cores: Cores
    ceiling: Outside
    platforms: Outside
    postgres_url: str = ""
    """A server on which databases may be made, once there is one."""
    _runs: Iterator[int] = field(default_factory=lambda: iter(range(1000, 10_000)))

    def script(self, channel: ChannelName, count: int, users: int, per_second: float) -> Script:
        """A script whose people and messages nobody has used yet."""
        return Script(channel, count, users, str(next(self._runs)), per_second)


def at_full_speed(bench: Bench, service: Service, cores: Cores, *, rounds: int | None = None) -> list[Row]:
    """Closed loop: the ceiling, then signed deliveries of each channel."""
    effort = bench.effort
    results: dict[str, list[tuple[Outcome, float]]] = {"ceiling": [], "zalo": [], "messenger": []}
    for _ in range(rounds or effort.rounds):
        results["ceiling"].append(
            _full_speed(bench, cores, (bench.ceiling.port,), [bench.ceiling.process.pid], "zalo")
        )
        for channel in CHANNELS:
            results[channel].append(_full_speed(bench, cores, service.ports, service.pids, channel))
            _settle(service)
    ceilings = [_rate(outcome) for outcome, _ in results["ceiling"]]
    rows = []
    for name, measured in results.items():
        outcomes = [outcome for outcome, _ in measured]
        shares = [_rate(outcome) / ceiling for outcome, ceiling in zip(outcomes, ceilings, strict=True)]
        rows.append(
            Row(
                "plain handler, full speed" if name == "ceiling" else f"{name} webhooks, full speed",
                per_second=middle(map(_rate, outcomes)),
                of_ceiling=None if name == "ceiling" else middle(shares),
                cpu_ms=middle(cpu for _, cpu in measured),
                p50_ms=middle(percentile(outcome.waits_ms, 0.5) for outcome in outcomes),
                p99_ms=middle(percentile(outcome.waits_ms, 0.99) for outcome in outcomes),
                worst_ms=max(max(outcome.waits_ms) for outcome in outcomes),
                note=_trouble(outcomes),
            )
        )
    return rows


def at_steady_rate(bench: Bench, service: Service, cores: Cores, *, rounds: int | None = None) -> list[Row]:
    """Open loop at OPEN_RATE: waits are counted from the moment a delivery was due."""
    effort = bench.effort
    pooled: dict[str, list[tuple[Outcome, float]]] = {"ceiling": [], "zalo": [], "messenger": []}
    for _ in range(rounds or effort.open_rounds):
        pooled["ceiling"].append(
            _steady(bench, cores, (bench.ceiling.port,), [bench.ceiling.process.pid], "zalo")
        )
        for channel in CHANNELS:
            pooled[channel].append(_steady(bench, cores, service.ports, service.pids, channel))
            _settle(service)
    rows = []
    for name, measured in pooled.items():
        outcomes = [outcome for outcome, _ in measured]
        waits = [wait for outcome in outcomes for wait in outcome.waits_ms]
        late = percentile([ms for outcome in outcomes for ms in outcome.late_ms], 0.99)
        subject = "plain handler" if name == "ceiling" else f"{name} webhooks"
        rows.append(
            Row(
                f"{subject}, {OPEN_RATE:.0f}/s",
                per_second=middle(map(_rate, outcomes)),
                cpu_ms=middle(cpu for _, cpu in measured),
                p50_ms=percentile(waits, 0.5),
                p99_ms=percentile(waits, 0.99),
                worst_ms=max(waits),
                note=_join(
                    f"p99 by round {_by_round(outcomes)}",
                    f"generator late p99 {late:.1f}",
                    _trouble(outcomes),
                ),
            )
        )
    return rows


def filling(bench: Bench, service: Service, cores: Cores) -> None:
    """Store `effort.events` deliveries without anybody handling them."""
    count = bench.effort.events
    script = bench.script("zalo", count, max(1, count // 3), 1000)
    outcome = generate_load(Plan(service.ports, CLOSED_CONNECTIONS, script, closed_seconds=60), cores.outside)
    if outcome.accepted != count:
        raise AssertionError(f"{outcome.refused} of {count} deliveries were not taken")


def turns(service: Service, what: str) -> Row:
    """How fast workers handle what lies stored. Call with the workers started."""
    url, before = service.stores.sql_url, cpu_seconds(service.pids)
    left = books.wait_until_done(url, DRAIN_SECONDS, sends=False)
    pace = books.turn_pace(url)
    cpu = cpu_seconds(service.pids) - before
    return Row(
        what,
        per_second=pace.per_second,
        cpu_ms=cpu * 1000 / max(1, pace.count),
        note=f"{left.events} left undone" if left.events else "",
    )


def sends(service: Service, what: str) -> Row:
    """How fast senders empty the outbox. Call with the senders started."""
    url, before = service.stores.sql_url, cpu_seconds(service.pids)
    left = books.wait_until_done(url, DRAIN_SECONDS)
    pace = books.send_pace(url)
    cpu = cpu_seconds(service.pids) - before
    trouble = f"{left.sends} left, {left.dead} dead" if left.sends or left.dead else ""
    return Row(what, per_second=pace.per_second, cpu_ms=cpu * 1000 / max(1, pace.count), note=trouble)


def end_to_end(bench: Bench, service: Service, cores: Cores) -> list[Row]:
    """From the moment a webhook is due to the arrival of the answer at the platform, at GENTLE_RATE."""
    rows = []
    for channel in CHANNELS:
        bench.platforms.forget()
        count = int(GENTLE_RATE * bench.effort.gentle_seconds)
        script = bench.script(channel, count, count, GENTLE_RATE)
        outcome = generate_load(Plan(service.ports, 8, script, open_rate=GENTLE_RATE), cores.outside)
        left = books.wait_until_done(service.stores.sql_url, DRAIN_SECONDS)
        first: dict[str, float] = {}
        for at, _, user, _ in bench.platforms.sent():
            first.setdefault(user, at)
        waits = [(first[user] - due) * 1000 for user, due in outcome.due.items() if user in first]
        missing = count - len(waits)
        rows.append(
            Row(
                f"{channel}: webhook to answer, {GENTLE_RATE:.0f}/s",
                p50_ms=percentile(waits, 0.5),
                p99_ms=percentile(waits, 0.99),
                worst_ms=max(waits, default=0.0),
                note=_join(
                    f"{missing} unanswered" if missing else "", f"{left.dead} dead" if left.dead else ""
                ),
            )
        )
    return rows


def _full_speed(
    bench: Bench, cores: Cores, ports: Sequence[int], pids: list[int], channel: ChannelName
) -> tuple[Outcome, float]:
    count = int(CLOSED_LIMIT * bench.effort.closed_seconds)
    script = bench.script(channel, count, count // 3, CLOSED_LIMIT)
    plan = Plan(tuple(ports), CLOSED_CONNECTIONS, script, closed_seconds=bench.effort.closed_seconds)
    return _with_cpu(plan, cores, pids)


def _steady(
    bench: Bench, cores: Cores, ports: Sequence[int], pids: list[int], channel: ChannelName
) -> tuple[Outcome, float]:
    count = int(OPEN_RATE * bench.effort.open_seconds)
    script = bench.script(channel, count, count // 3, OPEN_RATE)
    return _with_cpu(Plan(tuple(ports), OPEN_CONNECTIONS, script, open_rate=OPEN_RATE), cores, pids)


def _with_cpu(plan: Plan, cores: Cores, pids: list[int]) -> tuple[Outcome, float]:
    before = cpu_seconds(pids)
    outcome = generate_load(plan, cores.outside)
    return outcome, (cpu_seconds(pids) - before) * 1000 / max(1, outcome.accepted)


def _settle(service: Service) -> None:
    """Let a service that also answers finish answering: the next measurement must not inherit work."""
    if service.answers:
        left = books.wait_until_done(service.stores.sql_url, DRAIN_SECONDS)
        if left.events or left.sends or left.dead:
            raise AssertionError(f"not everything was answered: {left}")


def _rate(outcome: Outcome) -> float:
    return outcome.accepted / outcome.elapsed_seconds


def _by_round(outcomes: list[Outcome]) -> str:
    return " ".join(f"{percentile(outcome.waits_ms, 0.99):.0f}" for outcome in outcomes)


def _trouble(outcomes: list[Outcome]) -> str:
    refused = sum(outcome.refused for outcome in outcomes)
    return f"{refused} NOT acknowledged" if refused else ""


def _join(*notes: str) -> str:
    return "; ".join(filter(None, notes))
