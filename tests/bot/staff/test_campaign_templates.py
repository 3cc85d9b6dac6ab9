"""Choosing a paid template in a campaign's form: what is shown, refused, kept, and what it would cost."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.house_rules import HouseRules
from bot.noticeboard import Noticeboard
from bot.outreach.campaign import Outside, TemplateChoice
from bot.outreach.paid import PaidTemplate
from bot.store.database import Database
from bot.store.staff import Role
from tests.bot.fakes import FakeChannel
from tests.bot.outreach.people import Person, settle
from tests.bot.staff.conftest import Console
from tests.bot.staff.test_campaigns import PATH, stored, write
from tests.conftest import StandingClock

HOSTILE = '"><script>alert(1)</script>'
REMINDER = PaidTemplate("zalo", "363", "Nhắc lịch", "Chào bạn ở <noi>, hẹn ngày <ngay>.", "300 đồng")
THANKS = PaidTemplate("zalo", "364", HOSTILE, "Cảm ơn <ten>.")
FILLED = {"ngoai_han": "template", "mau:zalo": "363", "gt:zalo:363:noi": "{xa}",
          "gt:zalo:363:ngay": " {ngay} ", "gt:zalo:364:ten": "chưa điền xong"}  # fmt: skip


class TakesTemplates(FakeChannel):
    name = "zalo"
    capabilities = replace(FakeChannel.capabilities, takes_templates=True)


def board(*templates: PaidTemplate) -> Noticeboard:
    return Noticeboard(HouseRules(templates=templates))


@pytest.fixture
async def console(database: Database, clock: StandingClock) -> AsyncIterator[Console]:
    made = Console(database, clock)
    made.desk = replace(made.desk, channels=(TakesTemplates(),), board=board(REMINDER, THANKS))
    await made.start()
    people = [
        Person("a"),
        Person("b", heard_ago=timedelta(hours=50)),
        Person("c", heard_ago=timedelta(days=9)),
    ]
    await settle(database, people, clock())
    await made.become(Role.ADMIN)
    yield made
    await made.client.close()


async def post(console: Console, **fields: str) -> tuple[int, str]:
    data = {"viec": "xem", "ten": "Ngày 2/10", "loai": "month", "noi_dung": "Mời bạn.", **fields}
    answer = await console.post(f"{PATH}/_moi", **data)
    return answer.status, await answer.text()


async def test_the_preview_shows_the_filled_wording_and_both_kinds_of_cost(console: Console) -> None:
    status, page = await post(console, **FILLED)
    assert status == 200
    assert "Chào bạn ở phường Tô Hiệu, hẹn ngày 02/10." in page
    assert "sẽ mất phí: gửi bằng mẫu tin trả phí" in page
    assert "sẽ mất phí: quá 48 giờ" in page
    assert 'value="chưa điền xong"' in page  # of the template that is not chosen: not lost
    assert "<script>alert" not in page


async def test_what_is_chosen_is_saved_and_comes_back(console: Console) -> None:
    assert await write(console, **FILLED) == 303
    campaign = await stored(console)
    assert campaign.outside is Outside.TEMPLATE
    assert campaign.hold_until is None
    assert campaign.message.templates == (TemplateChoice("zalo", "363", {"noi": "{xa}", "ngay": "{ngay}"}),)
    form = await console.page(f"{PATH}/1/sua")
    assert 'value="363" checked' in form
    assert 'name="gt:zalo:363:noi" value="{xa}"' in form
    assert "Chào bạn ở phường Tô Hiệu" in await console.page(f"{PATH}/1")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mau:zalo": ""}, "ít nhất một kênh"),
        ({"mau:zalo": "999"}, "ít nhất một kênh"),
        ({"gt:zalo:363:noi": "  "}, "đang trống"),
        ({"gt:zalo:363:noi": "{ten}"}, "dấu ngoặc nhọn lạ"),
        ({"gt:zalo:363:noi": "x" * 201}, "tối đa 200 ký tự"),
    ],
)
async def test_what_is_missing_is_said_at_its_field(
    console: Console, changed: dict[str, str], said: str
) -> None:
    status, page = await post(console, **{**FILLED, "viec": "luu", **changed})
    assert status == 422
    assert said in html.unescape(page)
    assert "Mời bạn." in page


async def test_with_another_way_chosen_templates_do_not_matter(console: Console) -> None:
    assert await write(console, **{**FILLED, "ngoai_han": "leave", "gt:zalo:363:noi": ""}) == 303
    assert (await stored(console)).message.templates == ()


async def test_without_templates_the_way_there_is_shown_and_a_lost_one_is_named(console: Console) -> None:
    await write(console, **FILLED)
    console.desk.board._rules = HouseRules()
    form = await console.page(f"{PATH}/_moi")
    assert 'value="template"' not in form
    assert "/staff/cai-dat/mau-tin" in form
    lost = await console.page(f"{PATH}/1/sua")
    assert "(mã 363) không còn dùng được" in lost
    assert "mẫu tin trả phí đã chọn không còn dùng được" in await console.page(f"{PATH}/1")
