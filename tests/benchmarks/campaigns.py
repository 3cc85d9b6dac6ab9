"""Campaigns: planning a hundred thousand recipients, sending, the configured rate, what answers feel of it.

People are written into the tables directly; everything else is the program: `khuyenhoc serve` feeds and
sends, the platform says "accepted". Answers with and without a campaign take turns.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from bot.outreach.campaign import Audience, Campaign, Message
from bot.outreach.planning import preview, write_down
from bot.outreach.steps import Office
from bot.outreach.topics import Topic
from bot.store import campaigns
from bot.store.campaigns import NewCampaign
from bot.store.database import Database
from bot.store.migrate import migrate
from nlu.embedded import INSTALLED
from tests.benchmarks.deliveries import ZALO
from tests.benchmarks.load import Plan
from tests.benchmarks.machine import all_together, cpu_seconds
from tests.benchmarks.measures import FULL, GENTLE_RATE, Bench
from tests.benchmarks.report import Row, Section, percentile
from tests.benchmarks.service import BenchmarkError, Stores, generate_load, service
from tests.bot.outreach.people import Person, settle, where_it_is_noon

NEW = NewCampaign("Đo", Topic.MONTH, Message("Chào bạn ở {xa}, {hoi} mời bạn ngày {ngay}."), Audience())
PLANNED = 100_000
SLOW_RATE = 1500
"""A minute: what campaigns may send where keeping to the rate is measured."""
T = TypeVar("T")
Room = Callable[[str], AbstractContextManager[Stores]]


class Archive:
    """The database of one measurement, opened for each look at it, as the command line does."""

    def __init__(self, stores: Stores) -> None:
        self._url = stores.sql_url
        (stores.folder / "data").mkdir(mode=0o700, exist_ok=True)
        self.zone = where_it_is_noon()

    def does(self, work: Callable[[Database], Awaitable[T]]) -> T:
        """Carry something out."""

        async def run() -> T:
            database = Database(self._url)
            await database.open()
            try:
                await migrate(database)
                return await work(database)
            finally:
                await database.close()

        return asyncio.run(run())

    def office(self, database: Database) -> Office:
        return Office(database, lambda: datetime.now(UTC), ZoneInfo(self.zone), frozenset({"zalo"}), 10**7)

    def drafted(self, count: int) -> int:
        """So many people who wrote an hour ago, and a campaign to all of them."""

        async def work(database: Database) -> int:
            people = [Person(f"25{n:010}", account=ZALO.oa_id, commune="Mộc Châu") for n in range(count)]
            await settle(database, people, datetime.now(UTC) - timedelta(hours=1))
            return await self.office(database).draft(NEW, None)

        return self.does(work)

    def steps(self, campaign_id: int, step: str) -> None:
        """Set its time, pause it or go on."""

        async def work(database: Database) -> None:
            office, one = self.office(database), await load(database, campaign_id)
            if step == "begin":
                await office.schedule(one, None, None)
            elif step == "pause":
                await office.pause(one, None)
            else:
                await office.resume(one, None)

        self.does(work)


async def load(database: Database, campaign_id: int) -> Campaign:
    """A campaign that is there."""
    async with database.read() as connection:
        found = await campaigns.load(connection, campaign_id)
    assert found is not None
    return found


def learn(bench: Bench, stores: Stores) -> None:
    """What a first start does once must not be measured as sending. `make setup` may have done it already."""
    with service(["sender"], stores, bench.cores.service, bench.platforms):
        deadline = time.monotonic() + 120
        while not any([*INSTALLED.glob("*.npz"), *(stores.folder / "data" / "nlu").glob("*.npz")]):
            if time.monotonic() > deadline:
                raise BenchmarkError("the interpreter was not taught")
            time.sleep(0.2)


def _know(stores: Stores, learned: Stores) -> None:
    """Begin with what was learned and an otherwise empty database."""
    shutil.copytree(
        learned.folder / "data", stores.folder / "data", ignore=shutil.ignore_patterns("valkey", "*.sock")
    )


def planning(stores: Stores) -> list[Row]:
    """The funnel, and the recipients written down, in a process that does nothing else."""
    archive = Archive(stores)
    campaign_id = archive.drafted(PLANNED)

    async def work(database: Database) -> list[Row]:
        zone, one = ZoneInfo(archive.zone), await load(database, campaign_id)
        began = (time.perf_counter(), time.process_time())
        funnel = await preview(database, one, datetime.now(UTC), zone)
        seen = (time.perf_counter(), time.process_time())
        written = await write_down(database, one, lambda: datetime.now(UTC), zone)
        done = (time.perf_counter(), time.process_time())
        if written != PLANNED or funnel.total != PLANNED:
            raise BenchmarkError(f"{written} of {PLANNED} recipients were written down")
        return [
            _timed(f"funnel of {PLANNED:,}", began, seen),
            _timed(f"{PLANNED:,} recipients written down", seen, done),
        ]

    return archive.does(work)


def _timed(what: str, began: tuple[float, float], done: tuple[float, float]) -> Row:
    """Both moments by the clock and by processor time, in seconds."""
    took, used = done[0] - began[0], done[1] - began[1]
    note = f"{took:.1f} s, of processor time {used:.1f} s"
    return Row(what, per_second=PLANNED / took, cpu_ms=used * 1000 / PLANNED, note=note)


def sending(bench: Bench, stores: Stores) -> Row:
    """With no limit in the way: one sender feeds and sends."""
    count = 4000 if bench.effort is FULL else 1000
    arrived, cpu = _sent(bench, stores, count, per_minute=1_000_000)
    return Row("campaign, no limit, one sender", per_second=_rate(arrived), cpu_ms=cpu * 1000 / count)


def keeping_the_rate(bench: Bench, stores: Stores) -> Row:
    """What arrives in a minute, when so many a minute are allowed."""
    seconds = 64 if bench.effort is FULL else 14
    arrived, cpu = _sent(bench, stores, SLOW_RATE * seconds // 60, per_minute=SLOW_RATE)
    # The first second fills what may be on the way; the end has nobody left to wait for.
    within = [at for at in arrived if 2 <= at - arrived[0] < seconds - 2]
    rate = len(within) / (seconds - 4)
    off = 100 * (rate / (SLOW_RATE / 60) - 1)
    return Row(
        f"campaign at {SLOW_RATE / 60:.0f}/s for {seconds - 4} s",
        per_second=rate,
        cpu_ms=cpu * 1000 / len(arrived),
        note=f"{off:+.1f} % of the configured rate",
    )


def answers_meanwhile(bench: Bench, stores: Stores) -> list[Row]:
    """Webhook to answer, with a campaign going out at the usual rate and without, in turns."""
    archive, cores = Archive(stores), all_together()
    campaign_id = archive.drafted(5000)
    settings = {"TIMEZONE": archive.zone, "ZALO_SENDS_PER_MINUTE": "2000"}
    waits: dict[str, list[float]] = {"without": [], "with": []}
    by_round: dict[str, list[float]] = {"without": [], "with": []}
    with service(["all"], stores, cores.service, bench.platforms, settings) as whole:
        _answered(bench, whole.ports, 2.0)  # whatever is done once, is done now
        archive.steps(campaign_id, "begin")
        for turn in range(2 * (4 if bench.effort is FULL else 1)):
            name = "with" if turn % 2 else "without"
            archive.steps(campaign_id, "resume" if turn % 2 else "pause")
            time.sleep(3)
            measured = _answered(bench, whole.ports, 2 * bench.effort.gentle_seconds)
            waits[name] += measured
            by_round[name].append(percentile(measured, 0.99))
    return [
        Row(
            f"zalo: webhook to answer, {GENTLE_RATE:.0f}/s, {name} a campaign at 1,000 a minute",
            p50_ms=percentile(found, 0.5),
            p99_ms=percentile(found, 0.99),
            worst_ms=max(found),
            note="p99 by round " + " ".join(f"{one:.0f}" for one in by_round[name]),
        )
        for name, found in waits.items()
    ]


def campaign(bench: Bench, room: Room) -> Iterator[Section]:
    """Everything about campaigns, on SQLite."""
    with room("learning") as learned:
        learn(bench, learned)
    with room("planning") as stores:
        rows = planning(stores)
    for name, measure in (("sending", sending), ("rate", keeping_the_rate)):
        with room(name) as stores:
            _know(stores, learned)
            rows.append(measure(bench, stores))
    with room("answers") as stores:
        _know(stores, learned)
        rows += answers_meanwhile(bench, stores)
    yield Section("SQLite, campaigns", tuple(rows))


def _sent(bench: Bench, stores: Stores, count: int, per_minute: int) -> tuple[list[float], float]:
    """When each of so many messages arrived, in seconds, and the processor time of the sender."""
    archive = Archive(stores)
    archive.steps(archive.drafted(count), "begin")
    bench.platforms.forget()
    settings = {"TIMEZONE": archive.zone, "ZALO_SENDS_PER_MINUTE": str(per_minute), "CAMPAIGN_SHARE": "1"}
    with service(["sender"], stores, bench.cores.service, bench.platforms, settings) as sender:
        before = cpu_seconds(sender.pids)
        deadline = time.monotonic() + 30 + 3 * count / min(per_minute / 60, 100)
        while len(arrived := bench.platforms.sent()) < count:
            if time.monotonic() > deadline:
                raise BenchmarkError(f"{len(arrived)} of {count} campaign messages arrived")
            time.sleep(0.5)
        used = cpu_seconds(sender.pids) - before
    if len({user for _, _, user, _ in arrived}) != count:
        raise BenchmarkError("somebody got a campaign message twice")
    return sorted(at for at, _, _, _ in arrived), used


def _rate(arrived: list[float]) -> float:
    return (len(arrived) - 1) / (arrived[-1] - arrived[0])


def _answered(bench: Bench, ports: tuple[int, ...], seconds: float) -> list[float]:
    """Milliseconds from the moment each webhook was due to its first answer at the platform."""
    bench.platforms.forget()
    count = int(GENTLE_RATE * seconds)
    script = bench.script("zalo", count, count, GENTLE_RATE)
    outcome = generate_load(Plan(ports, 8, script, open_rate=GENTLE_RATE), bench.cores.outside)
    deadline = time.monotonic() + 30
    while True:
        first: dict[str, float] = {}
        for at, _, user, _ in bench.platforms.sent():
            first.setdefault(user, at)
        if all(user in first for user in outcome.due):
            return [(first[user] - due) * 1000 for user, due in outcome.due.items()]
        if time.monotonic() > deadline:
            raise BenchmarkError("not everybody was answered")
        time.sleep(0.2)
