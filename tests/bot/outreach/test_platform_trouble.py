"""What becomes of a campaign whose platform makes trouble: the real Zalo connector against the stand-in.

Each code leaves every recipient in the one place that is true, and nobody with two copies.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from bot.nerves import Nerves
from bot.outreach import delivery
from bot.outreach.campaign import Audience, Message, Outside, State, TemplateChoice
from bot.outreach.delivery import Feeder
from bot.outreach.paid import PaidTemplate
from bot.outreach.topics import Topic
from bot.store import accounts
from bot.store.campaigns import NewCampaign
from bot.store.database import Database, StoreUnavailable
from connectors.sandbox import Fault, ZaloAccount, ZaloSandbox, running
from connectors.sandbox.zalo_templates import ApprovedTemplate
from connectors.zalo import ZaloChannel, ZaloConfig
from tests.bot.outreach.people import Person, settle
from tests.bot.outreach.test_delivery import NEW, Street, settle_heard
from tests.bot.outreach.test_planning import LAN
from tests.conftest import StandingClock
from tests.connectors.zalo.fakes import MemoryTokenStore

pytestmark = pytest.mark.service  # the real connector talks to the stand-in over HTTP: some seconds

PEOPLE = ("p0", "p1", "p2")


class Oa(Street):
    """A street whose channel is the real one, with the stand-in behind it."""

    def __init__(
        self,
        database: Database,
        nerves: Nerves,
        clock: StandingClock,
        zalo: ZaloSandbox,
        channel: ZaloChannel,
    ) -> None:
        super().__init__(database, nerves, clock, channel)
        self.zalo = zalo

    async def until(self, done: Callable[[Counter[str]], bool], campaign_id: int) -> Counter[str]:
        """Rounds, a few seconds apart, until the fates are so."""
        for _ in range(20):
            fates = await self.fates(campaign_id)
            if done(fates):
                return fates
            self.sender._next_recovery = 0.0
            await self.round()
            self.clock.pass_(seconds=6)
        raise AssertionError(fates)

    def copies(self) -> Counter[str]:
        return Counter(one.user for one in self.zalo.sent)


@pytest.fixture
async def oa(database: Database, nerves: Nerves, clock: StandingClock) -> AsyncIterator[Oa]:
    account = ZaloAccount(oa_id="oa")
    async with running(ZaloSandbox(account, clock=clock)) as zalo:
        config = ZaloConfig(
            app_id=account.app_id,
            app_secret=account.app_secret,
            oa_id=account.oa_id,
            oa_secret_key=account.oa_secret_key,
            api_base=zalo.base_url,
            oauth_base=zalo.base_url,
        )
        tokens = (account.access_token, account.refresh_token)
        channel = ZaloChannel(config, MemoryTokenStore(), environment_tokens=tokens, clock=clock)
        for name in PEOPLE:
            zalo.person(name).last_interaction_at = clock() - timedelta(hours=1)
        await settle(database, [Person(name) for name in PEOPLE], clock())
        yield Oa(database, nerves, clock, zalo, channel)
        await channel.aclose()


def leaving() -> NewCampaign:
    return NewCampaign("Tin", Topic.MONTH, Message("Chào bạn."), Audience(), Outside.LEAVE)


@pytest.mark.parametrize(
    ("fault", "new", "fate"),
    [
        (Fault.error(-213), NEW, "queued:failed"),  # does not follow us any more
        (Fault.error(-227), NEW, "queued:failed"),  # inactive
        (Fault.error(-230), NEW, "held:window"),  # the window was shut though we thought it open
        (Fault.error(-232), NEW, "held:window"),
        (Fault.error(-230), leaving(), "skipped:window"),
        (Fault.error(-201), NEW, "queued:failed"),
        (Fault.error(-200), NEW, "queued:unknown"),  # perhaps in part
        (Fault.truncated(), NEW, "queued:unknown"),
        (Fault.reset(accepted=True), NEW, "queued:unknown"),
        (Fault.reset(accepted=False), NEW, "queued:unknown"),
    ],
)
async def test_what_a_platform_says_about_one_person_is_where_they_stand(
    oa: Oa, fault: Fault, new: NewCampaign, fate: str
) -> None:
    oa.zalo.faults.for_user("p1", fault)
    campaign_id = await oa.begun(new)
    fates = await oa.until(lambda found: sum(found.values()) == 3 and not _going(found), campaign_id)
    assert fates == Counter({"queued:sent": 2, fate: 1})
    await oa.round(3)
    assert (await oa.now(campaign_id)).state is State.DONE
    assert max(oa.copies().values()) == 1
    assert oa.copies()["p1"] == int(fault.accepted)


def with_template(oa: Oa) -> NewCampaign:
    """The campaign of `leaving`, with a paid template for those outside the window."""
    oa.zalo.templates["363"] = ApprovedTemplate("Mời bạn ngày <ngay>.")
    oa.post = replace(oa.post, offer=lambda: (PaidTemplate("zalo", "363", "Mời", "Mời bạn ngày <ngay>."),))
    oa.feeder = oa.another_feeder()
    message = Message("Chào bạn.", templates=(TemplateChoice("zalo", "363", {"ngay": "{ngay}"}),))
    return NewCampaign("Tin", Topic.MONTH, message, Audience(), Outside.TEMPLATE)


async def test_a_window_found_shut_is_followed_by_the_paid_template_once(oa: Oa) -> None:
    oa.zalo.people["p1"].last_interaction_at = oa.clock() - timedelta(days=8)
    campaign_id = await oa.begun(with_template(oa))
    await oa.until(lambda found: found == {"queued:sent": 3}, campaign_id)
    (sent,) = oa.zalo.sent_to("p1")
    assert (sent.kind, sent.text) == ("template", "Mời bạn ngày 02/10.")
    assert oa.copies() == dict.fromkeys(PEOPLE, 1)


async def test_templates_without_money_pause_the_campaign_while_the_account_goes_on(oa: Oa) -> None:
    oa.zalo.people["p1"].last_interaction_at = oa.clock() - timedelta(days=8)
    oa.zalo.faults.next(Fault.error(-321), on="template")
    campaign_id = await oa.begun(with_template(oa))
    await oa.round(8)
    paused = await oa.now(campaign_id)
    assert paused.state is State.PAUSED
    assert "-321" in paused.paused_why
    async with oa.database.read() as connection:
        assert (await accounts.state(connection, "zalo:oa")).broken_since is None
    await oa.office.resume(paused, LAN)
    await oa.until(lambda found: found == {"queued:sent": 3}, campaign_id)
    assert oa.copies() == dict.fromkeys(PEOPLE, 1)


@pytest.mark.parametrize("fault", [Fault.error(-32), Fault.http(429), Fault.http(500), Fault.html(502)])
async def test_what_surely_did_not_arrive_is_tried_again_until_it_does(oa: Oa, fault: Fault) -> None:
    oa.zalo.faults.next(fault, times=4)
    campaign_id = await oa.begun()
    await oa.until(lambda found: found == {"queued:sent": 3}, campaign_id)
    assert oa.copies() == dict.fromkeys(PEOPLE, 1)


async def test_without_quota_it_pauses_says_so_and_nobody_is_lost(oa: Oa) -> None:
    oa.zalo.faults.always(Fault.error(-211))
    campaign_id = await oa.begun()
    await oa.round(3)
    paused = await oa.now(campaign_id)
    assert paused.state is State.PAUSED
    assert "hết lượt gửi" in paused.paused_why
    assert sum((await oa.fates(campaign_id)).values()) == 3
    oa.zalo.faults.clear()
    oa.clock.pass_(hours=1, seconds=1)
    await oa.office.resume(paused, LAN)
    await oa.until(lambda found: found == {"queued:sent": 3}, campaign_id)
    assert oa.copies() == dict.fromkeys(PEOPLE, 1)


async def test_with_a_dead_token_it_pauses_says_so_and_goes_on_when_a_person_says(oa: Oa) -> None:
    oa.zalo.faults.always(Fault.error(-216))
    campaign_id = await oa.begun()
    await oa.round(4)
    paused = await oa.now(campaign_id)
    assert paused.state is State.PAUSED
    assert "-216" in paused.paused_why
    assert sum((await oa.fates(campaign_id)).values()) == 3
    oa.zalo.faults.clear()
    oa.clock.pass_(minutes=2)
    await oa.office.resume(paused, LAN)  # nobody but the campaign's next message finds out that it works
    await oa.until(lambda found: found == {"queued:sent": 3}, campaign_id)
    assert oa.copies() == dict.fromkeys(PEOPLE, 1)


async def test_who_was_found_beyond_the_window_gets_it_when_they_write(oa: Oa) -> None:
    oa.zalo.faults.for_user("p1", Fault.error(-230), times=1)
    campaign_id = await oa.begun()
    await oa.until(lambda found: found["held:window"] == 1 and not _going(found), campaign_id)
    oa.clock.pass_(hours=1)
    await settle_heard(oa, "p1")
    assert await oa.held.give(Person("p1").id)
    await oa.until(lambda found: found == {"queued:sent": 3}, campaign_id)
    assert oa.copies() == dict.fromkeys(PEOPLE, 1)


async def test_a_clock_that_jumps_back_repeats_nothing(oa: Oa) -> None:
    oa.zalo.faults.for_user("p1", Fault.http(500), times=1)
    campaign_id = await oa.begun()
    await oa.round(3)
    oa.clock.pass_(hours=-1)
    await oa.round(3)
    oa.clock.pass_(hours=1)
    await oa.until(lambda found: found == {"queued:sent": 3}, campaign_id)
    assert oa.copies() == dict.fromkeys(PEOPLE, 1)


async def test_the_night_that_falls_in_the_middle_keeps_the_rest_until_the_morning(
    database: Database, nerves: Nerves, clock: StandingClock
) -> None:
    """At a real pace: one a second, the last six seconds before ten at night."""
    street = Street(database, nerves, clock)
    street.per_minute = 60.0
    street.feeder = street.another_feeder()
    people = [Person(f"p{n}", heard_ago=timedelta(hours=-13)) for n in range(14)]
    await settle(database, people, clock())
    clock.now = datetime(2026, 10, 2, 14, 59, 54, tzinfo=UTC)
    campaign_id = await street.begun()

    async def pass_seconds(count: int) -> None:
        for _ in range(count):
            await street.round()
            clock.pass_(seconds=1)
            street.seconds += 1

    await pass_seconds(14)
    before = sum(street.reached().values())
    assert 3 <= before <= 6
    assert (await street.fates(campaign_id))["queued:sent"] == before
    clock.now = datetime(2026, 10, 3, 0, 0, tzinfo=UTC)
    await pass_seconds(16)
    assert street.reached() == Counter({one.name: 1 for one in people})


async def test_while_the_database_is_locked_the_feeder_waits_and_then_goes_on(
    database: Database, nerves: Nerves, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    street = Street(database, nerves, clock)
    await settle(database, [Person(f"p{n}") for n in range(12)], clock())
    campaign_id = await street.begun()
    await street.round(1)
    real, calls = database.write, 0

    async def locked(*given: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls % 2:
            raise StoreUnavailable("database is locked")
        return await real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(database, "write", locked)
    for _ in range(12):
        await asyncio.gather(street.round(), return_exceptions=True)
    monkeypatch.undo()
    street.sender._next_recovery = 0.0
    await street.round(5)
    assert street.reached() == Counter({f"p{n}": 1 for n in range(12)})
    assert await street.fates(campaign_id) == {"queued:sent": 12}


class Mortal:
    """Redis that is away when told so."""

    def __init__(self, nerves: Nerves) -> None:
        self.nerves, self.is_away = nerves, True

    @asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[bool]:
        if self.is_away:
            raise RedisConnectionError
        async with self.nerves.lock(name) as held:
            yield held

    async def hint_outbox(self) -> None:
        await self.nerves.hint_outbox()


async def test_without_redis_the_feeder_waits_and_nothing_doubles(
    database: Database, nerves: Nerves, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "IDLE_SECONDS", 0.02)
    monkeypatch.setattr(delivery, "ROUND_SECONDS", 0.02)
    street, redis = Street(database, nerves, clock), Mortal(nerves)
    await settle(database, [Person(f"p{n}") for n in range(6)], clock())
    campaign_id = await street.begun()
    feeder = Feeder(database, cast("Nerves", redis), (street.on,), {"zalo": None}, clock, street.post)
    stop = asyncio.Event()
    feeding = asyncio.create_task(feeder.run(stop))
    await asyncio.sleep(0.2)
    assert (await street.now(campaign_id)).state is State.SCHEDULED
    redis.is_away = False
    try:
        async with asyncio.timeout(20):
            while (await street.fates(campaign_id))["queued:sent"] < 6:
                await street.sender._round()
                await asyncio.sleep(0.05)
                redis.is_away = not redis.is_away
    finally:
        stop.set()
        await feeding
    assert street.reached() == Counter({f"p{n}": 1 for n in range(6)})


def _going(fates: Counter[str]) -> bool:
    return any(
        fates[name] for name in ("waiting:open", "queued:waiting", "queued:sending", "queued:checking")
    )
