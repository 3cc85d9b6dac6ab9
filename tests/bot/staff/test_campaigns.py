"""A campaign from the first word to the last recipient, as staff make it in the console."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.outreach.campaign import Campaign, State
from bot.outreach.delivery import Feeder, Post
from bot.store import campaigns, schema
from bot.store.database import Database
from bot.store.staff import Role
from tests.bot.fakes import FakeChannel
from tests.bot.outreach.people import Person, settle
from tests.bot.staff.conftest import Console
from tests.conftest import StandingClock

PATH = "/staff/chien-dich"
TEXT = "Chào bạn ở {xa}, {hoi} mời bạn ngày {ngay}."
HOSTILE = '"><script>alert(1)</script>{{7*7}}'


class ZaloLike(FakeChannel):
    name = "zalo"


@pytest.fixture
async def console(database: Database, clock: StandingClock) -> AsyncIterator[Console]:
    made = Console(database, clock)
    made.desk = replace(made.desk, channels=(ZaloLike(),), approval_above=2)
    await made.start()
    yield made
    await made.client.close()


async def stored(console: Console, campaign_id: int = 1) -> Campaign:
    async with console.database.read() as connection:
        found = await campaigns.load(connection, campaign_id)
    assert found is not None
    return found


async def write(console: Console, **fields: str) -> int:
    """Save the form; gives the status."""
    data = {"viec": "luu", "ten": "Ngày 2/10", "loai": "month", "noi_dung": TEXT, **fields}
    return (await console.post(f"{PATH}/_moi", **data)).status


async def press(console: Console, name: str, **fields: str) -> int:
    revision = str((await stored(console)).revision)
    return (await console.post(f"{PATH}/1/{name}", phien_ban=revision, **fields)).status


def feeder(console: Console) -> Feeder:
    post = Post("Hội", console.desk.zone, Path("pictures"))
    return Feeder(
        console.database, console.nudge, console.desk.channels, {"zalo": None}, console.clock, post  # type: ignore[arg-type]
    )  # fmt: skip


async def test_a_campaign_is_written_approved_by_another_sent_and_looked_back_on(console: Console) -> None:
    people = [
        Person("a"),
        Person("b", heard_ago=timedelta(days=9)),
        Person("c", heard_ago=timedelta(hours=50)),
    ]
    await settle(console.database, people, console.clock())
    await console.become(Role.EDITOR, "thầy Minh")
    form = await console.page(f"{PATH}/_moi")
    assert "{xa}" in form
    seen = await console.post(f"{PATH}/_moi", viec="xem", ten="Ngày 2/10", loai="month", noi_dung=TEXT)
    preview = await seen.text()
    assert "Chào bạn ở phường Tô Hiệu, Hội Khuyến học phường An Bình mời bạn ngày 02/10." in preview
    assert "gửi ngay, miễn phí" in preview
    assert await write(console) == 303
    drafted = await console.page(f"{PATH}/1")
    assert "cần một người thứ hai duyệt" in drafted
    assert "1 người trên Zalo đã lâu không nhắn" in drafted
    assert await press(console, "hen-gio", khi="ngay") == 422
    assert await press(console, "xin-duyet") == 303
    assert await press(console, "duyet") == 422  # not by oneself
    await console.become(Role.ADMIN, "cô Lan")
    assert await press(console, "duyet") == 303
    foreseen = (await (await console.get(f"{PATH}/1/nguoi-nhan.csv")).text()).splitlines()
    assert len(foreseen) == 4
    assert sum("giữ lại đến khi họ nhắn" in line for line in foreseen) == 1
    assert await press(console, "hen-gio", khi="ngay") == 303
    feeding = feeder(console)
    await feeding.round()
    await feeding.round()
    page = await console.page(f"{PATH}/1")
    assert "Tiến độ" in page
    assert "giữ lại đến khi họ nhắn" in page
    assert "thầy Minh xin duyệt" in page
    rows = await console.page(f"{PATH}/1/nguoi-nhan")
    assert rows.count("<tr>") == 4
    table = (await (await console.get(f"{PATH}/1/nguoi-nhan.csv")).text()).splitlines()
    assert len(table) == 4
    assert not any(person.name == cell for person in people for line in table for cell in line.split(","))
    assert {row["action"] for row in await console.rows(schema.audit_log)} >= {
        "campaign_changed", "campaign_step", "recipients_viewed", "recipients_exported",
    }  # fmt: skip


async def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(console: Console) -> None:
    await console.become(Role.EDITOR)
    answer = await console.post(
        f"{PATH}/_moi", viec="luu", ten="", noi_dung="Chào {ten}", giu_den="2020-01-01"
    )
    assert answer.status == 422
    page = await answer.text()
    for said in ("Đặt một tên", "dấu ngoặc nhọn lạ", "Ngày này đã qua", "Chào {ten}"):
        assert said in page
    assert await console.rows(schema.campaigns) == []


async def test_two_officers_at_once_make_one_change_and_the_other_is_told(console: Console) -> None:
    await settle(console.database, [Person("a")], console.clock())
    await console.become(Role.ADMIN)
    await write(console)
    answers = await asyncio.gather(
        press(console, "hen-gio", khi="ngay"), press(console, "hen-gio", khi="ngay")
    )
    assert min(answers) == 303
    assert max(answers) in {409, 422}  # overtaken while it pressed, or just before
    stale = await console.post(f"{PATH}/1/sua", phien_ban="1", viec="luu", ten="Khác", noi_dung=TEXT)
    assert stale.status == 409
    page = await stale.text()
    assert "Có người vừa lưu bản khác" in page
    assert 'value="Khác"' in page
    assert (await stored(console)).name == "Ngày 2/10"


async def test_a_schedule_is_read_in_the_time_of_the_house(console: Console) -> None:
    await settle(console.database, [Person("a")], console.clock())
    await console.become(Role.ADMIN)
    await write(console)
    assert await press(console, "hen-gio", khi="hen", luc="") == 422
    assert await press(console, "hen-gio", khi="hen", luc="2026-10-02T08:59") == 422
    assert await press(console, "hen-gio", khi="hen", luc="2026-10-03T08:30") == 303
    one = await stored(console)
    assert one.state is State.SCHEDULED
    assert one.scheduled_at is not None
    assert one.scheduled_at.isoformat() == "2026-10-03T01:30:00+00:00"
    assert await press(console, "tam-dung") == 303
    assert await press(console, "dung-han") == 303
    assert await press(console, "gui-tiep") == 409


async def test_hostile_words_are_shown_and_do_nothing(console: Console) -> None:
    await settle(console.database, [Person("a", commune=HOSTILE)], console.clock())
    await console.become(Role.ADMIN)
    await write(console, ten=HOSTILE, noi_dung=HOSTILE.replace("{{7*7}}", ""))
    for path in (PATH, f"{PATH}/1", f"{PATH}/1/sua", "/staff/nguoi-nhan-tin"):
        page = await console.page(path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


async def test_small_places_are_not_counted_out_to_those_who_see_no_people(console: Console) -> None:
    people = [Person(f"p{i}", commune="Mộc Châu, tỉnh Sơn La", group="lao-dong") for i in range(5)]
    alone = Person("q", commune="Tô Múa, tỉnh Sơn La", group="hoc-sinh")
    await settle(console.database, [*people, alone], console.clock())
    await console.become(Role.VIEWER)
    page = await console.page("/staff/nguoi-nhan-tin")
    assert page.count("dưới 5") == 2, "one place, one group"
    assert ">lao-dong</td>" in page, "a group no set of this house has stands with its id"
    await console.become(Role.ADMIN)
    assert "dưới 5" not in await console.page("/staff/nguoi-nhan-tin")
