"""`python -m tests.benchmarks [--quick] [--only WORD]`: measure, print one table, leave nothing behind."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks import campaigns, measures, postgres
from tests.benchmarks.finding import finding
from tests.benchmarks.machine import Cores, all_together, describe, share_out
from tests.benchmarks.measures import FULL, QUICK, Bench
from tests.benchmarks.report import Row, Section, as_markdown
from tests.benchmarks.service import Stores, outside, service

Part = tuple[str, Callable[[Bench], Iterator[Section]]]


def say(text: str = "") -> None:
    """Print a line of progress or result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def sqlite_web(bench: Bench) -> Iterator[Section]:
    """The doors alone."""
    with (
        _sqlite(bench, "web") as stores,
        service(["web"], stores, bench.cores.service, bench.platforms) as web,
    ):
        rows = measures.at_full_speed(bench, web, bench.cores) + measures.at_steady_rate(
            bench, web, bench.cores
        )
    yield Section("SQLite, `--role web`, one core", tuple(rows))


def sqlite_all(bench: Bench) -> Iterator[Section]:
    """The doors while turns are taken and answers sent in the same process."""
    with (
        _sqlite(bench, "all") as stores,
        service(["all"], stores, bench.cores.service, bench.platforms) as whole,
    ):
        rows = measures.at_steady_rate(bench, whole, bench.cores, rounds=min(2, bench.effort.open_rounds))
        if bench.effort is not QUICK:  # what is taken in at full speed takes long to answer
            rows += measures.at_full_speed(bench, whole, bench.cores, rounds=1)
        rows += measures.end_to_end(bench, whole, bench.cores)
    yield Section("SQLite, `--role all`, one core, answering everything meanwhile", tuple(rows))


def sqlite_turns(bench: Bench) -> Iterator[Section]:
    """Stored events handled by one worker, then sent by one sender."""
    with _sqlite(bench, "turns") as stores:
        yield Section(
            "SQLite, one core, stored work", tuple(_stored_work(bench, stores, bench.cores, workers=1))
        )


def postgres_web(bench: Bench) -> Iterator[Section]:
    """One web process and two, on PostgreSQL and Redis."""
    cores = all_together()
    for count in (1, 2):
        with (
            _postgres(bench, f"web{count}") as stores,
            service(["web"] * count, stores, cores.service, bench.platforms) as web,
        ):
            rows = measures.at_full_speed(bench, web, cores, rounds=min(2, bench.effort.rounds))
            rows += measures.at_steady_rate(bench, web, cores, rounds=min(2, bench.effort.open_rounds))
        plural = "process" if count == 1 else "processes"
        yield Section(f"PostgreSQL + Redis, {count} web {plural}, all cores shared by everybody", tuple(rows))


def postgres_whole(bench: Bench) -> Iterator[Section]:
    """Web, worker and sender as processes of their own, two workers included."""
    cores = all_together()
    with _postgres(bench, "turns") as stores:
        rows = _stored_work(bench, stores, cores, workers=1)
        roles = ["web", "worker", "sender"]
        with service(roles, stores, cores.service, bench.platforms) as whole:
            rows += measures.end_to_end(bench, whole, cores)
    with _postgres(bench, "turns2") as stores:
        rows += _stored_work(bench, stores, cores, workers=2)
    yield Section("PostgreSQL + Redis, separate roles, all cores shared by everybody", tuple(rows))


def campaign(bench: Bench) -> Iterator[Section]:
    """Campaigns planned and sent, and answers meanwhile."""
    yield from campaigns.campaign(bench, lambda name: _sqlite(bench, f"campaign-{name}"))


PARTS: tuple[Part, ...] = (
    ("finding", finding),
    ("sqlite-web", sqlite_web),
    ("sqlite-all", sqlite_all),
    ("sqlite-turns", sqlite_turns),
    ("campaign", campaign),
    ("postgres-web", postgres_web),
    ("postgres-whole", postgres_whole),
)


def _stored_work(bench: Bench, stores: Stores, cores: Cores, workers: int) -> list[Row]:
    """Deliveries are stored while workers and sender stand still; then the workers go, then the sender."""
    with (
        service(["web"], stores, cores.service, bench.platforms) as web,
        service(["worker"] * workers, stores, cores.service, bench.platforms) as turners,
        service(["sender"], stores, cores.service, bench.platforms) as sender,
    ):
        with sender.paused():
            with turners.paused():
                measures.filling(bench, web, cores)
            turns = measures.turns(
                turners, "turns, one worker" if workers == 1 else f"turns, {workers} workers"
            )
        return [turns, measures.sends(sender, "sends (zalo), one sender")]


@contextlib.contextmanager
def _sqlite(bench: Bench, name: str) -> Iterator[Stores]:
    folder = bench.folder / name
    folder.mkdir()
    yield Stores("SQLite", folder)


@contextlib.contextmanager
def _postgres(bench: Bench, name: str) -> Iterator[Stores]:
    folder = bench.folder / f"postgres-{name}"
    folder.mkdir()
    with postgres.database(bench.postgres_url) as url, postgres.redis(folder) as redis:
        yield Stores("PostgreSQL", folder, url, redis)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute, coarse, SQLite alone")
    parser.add_argument(
        "--only", default="", help="only parts whose name contains this: " + ", ".join(n for n, _ in PARTS)
    )
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parts = [part for part in PARTS if arguments.only in part[0]]
    if arguments.quick and not arguments.only:
        parts = [part for part in parts if part[0].startswith("sqlite")]
    began = time.monotonic()
    sections: list[Section] = []
    cores = share_out()
    with tempfile.TemporaryDirectory(prefix="kh-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        header = describe(folder)
        ceiling = stack.enter_context(outside("ceiling", cores.service, folder))
        platforms = stack.enter_context(outside("platforms", cores.outside, folder))
        bench = Bench(QUICK if arguments.quick else FULL, folder, cores, ceiling, platforms)
        for part, measure in parts:
            say(f"measuring {part} …")
            try:
                if part.startswith("postgres") and not bench.postgres_url:
                    bench.postgres_url = stack.enter_context(postgres.server())
                sections.extend(measure(bench))
            except postgres.PostgresMissingError as reason:
                say(f"  left out: {reason}")
    say()
    say("\n".join(header))
    apart = "service on one core, load generator and platforms on another"
    say(f"Cores    {apart if cores.are_apart else 'one core for everybody'}")
    say(f"Took     {time.monotonic() - began:.0f} s")
    say()
    say(as_markdown(sections))


if __name__ == "__main__":
    main()
