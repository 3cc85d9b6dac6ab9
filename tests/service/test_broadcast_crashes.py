"""kill -9 between the claim of an article for all followers and the record: it is never called twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.outreach.broadcast import Broadcast, State, Why
from bot.outreach.broadcast_steps import BroadcastOffice
from bot.store import broadcasts
from bot.store.broadcasts import NewBroadcast
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.staff import Officer, Role
from connectors.sandbox import SandboxClock
from connectors.zalo import BroadcastTarget
from tests.bot.outreach.people import where_it_is_noon
from tests.service.citizens import until
from tests.service.conftest import Town
from tests.service.test_campaign_crashes import has_learned, killed_at

LAN, MINH = (Officer(n, name, Role.EDITOR, "", False) for n, name in enumerate(("cô Lan", "thầy Minh"), 1))
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.crash
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("point", "went_out"), [("article-claimed-not-sent", 0), ("article-accepted-not-recorded", 1)]
)
async def test_an_article_in_the_middle_of_its_call_is_unknown_after_a_kill_and_stays_so(
    town: Town, point: str, went_out: int
) -> None:
    zone = where_it_is_noon()
    town.service.configure(TIMEZONE=zone)
    assert isinstance(town.zalo.clock, SandboxClock)
    town.zalo.clock.advance(timedelta(hours=(12 - datetime.now(VIETNAM).hour) % 24))  # by day there too
    await has_learned(town)
    database = Database(f"sqlite+aiosqlite:///{town.service.data_dir / 'khuyenhoc.db'}")
    await database.open()
    try:
        await migrate(database)
        account = town.zalo.account.oa_id
        office = BroadcastOffice(database, lambda: datetime.now(UTC), ZoneInfo(zone), account, 4)
        soon = datetime.now(UTC) + timedelta(seconds=1)
        await office.draft(NewBroadcast("Tuần lễ", "4402c73f", BroadcastTarget(), soon), LAN)

        async def now() -> Broadcast:
            async with database.read() as connection:
                found = await broadcasts.load(connection, 1)
            assert found is not None
            return found

        await office.ask(await now(), LAN)
        await office.approve(await now(), MINH)
        await killed_at(town, point)
        assert (await now()).state is State.SENDING
        assert len(town.zalo.broadcasts) == went_out
        await town.service.start(role="sender")

        async def is_settled() -> bool:
            return (await now()).state is not State.SENDING

        await until(is_settled, 90)
        found = await now()
        assert (found.state, found.why) == (State.UNKNOWN, Why.DIED.value)
        assert len(town.zalo.broadcasts) == went_out
    finally:
        await database.close()
