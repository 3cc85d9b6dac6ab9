"""Cài đặt: what is saved is in force, what is wrong is said beside its field, and nothing typed is lost."""

from __future__ import annotations

import asyncio
import html
import json
from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from bot.house_rules import HouseRules
from bot.noticeboard import Noticeboard
from bot.office import ClosedDays, Hours
from bot.staff.house.contacts import placed
from bot.staff.house.hours import read_closed, read_hours
from bot.store import house_rules as stored
from bot.store import schema
from bot.store.database import Database
from bot.store.staff import Role
from connectors.channel import Health
from knowledge.base import KnowledgeBase
from knowledge.content import Kind, content_of
from nlu.text import vietnamese_text
from tests.bot.fakes import FakeChannel
from tests.bot.staff.conftest import Console
from tests.conftest import StandingClock
from tests.shipped import shipped

SETTINGS = "/staff/cai-dat"
WELCOME, HOURS, CONTACTS = f"{SETTINGS}/loi-chao", f"{SETTINGS}/gio-lam-viec", f"{SETTINGS}/lien-he"
ANSWERING, KEEPING, PAST = f"{SETTINGS}/tra-loi", f"{SETTINGS}/luu-giu", f"{SETTINGS}/lich-su"
PAID = f"{SETTINGS}/mau-tin"
STARTERS = ("cong-dan-hoc-tap", "dang-ky-o-dau")
GREETING = "Chào bạn, mình là trợ lý tự động của Hội."
WEEK = {f"ngay-{day}": "7h30-11h30, 13h30–17h" for day in range(5)} | {"ngay-5": "", "ngay-6": ""}


@cache
def _known() -> KnowledgeBase:
    """Two entries of the shipped content, with what they rest on."""
    items = shipped().items
    entries = [one for one in items if one.kind is Kind.ENTRY and one.id in STARTERS]
    facts = {name for one in entries for name in one.body["facts"]}
    rest = [one for one in items if one.kind is not Kind.ENTRY]
    rest = [one for one in rest if one.kind is not Kind.FACT or one.id in facts]
    return KnowledgeBase(content_of([*rest, *entries]), vietnamese_text())


@pytest.fixture
async def house(console: Console, database: Database, clock: StandingClock) -> Console:
    await console.become(Role.ADMIN, "cô Lan")
    return console


async def in_force(console: Console) -> HouseRules:
    """What a process that has just looked goes by."""
    board = Noticeboard()
    await board.refresh(console.database)
    return board.rules


async def version(console: Console) -> str:
    async with console.database.read() as connection:
        return str(await stored.latest_id(connection))


async def save(console: Console, path: str, over: str = "", **fields: str) -> tuple[int, str]:
    data = {"viec": "luu", "phien-ban": over or await version(console), **fields}
    answer = await console.post(path, **data)
    return answer.status, html.unescape(await answer.text())


async def test_what_is_saved_is_in_force_and_written_down(house: Console) -> None:
    status, _ = await save(house, WELCOME, **{"loi-chao": GREETING, "nut:human-request": "1"})
    assert status == 303
    rules = await in_force(house)
    assert (rules.welcome, rules.greeting, rules.actions) == (GREETING, "", ("human_request",))
    (line,) = await house.rows(schema.house_rules)
    assert line["by"] == "cô Lan"
    changed = [row for row in await house.rows(schema.audit_log) if row["action"] == "rules_changed"]
    assert json.loads(str(changed[0]["detail"])) == {"version": 1, "sections": ["loi-chao"]}
    assert GREETING not in str(changed)
    assert GREETING in html.unescape(await house.page(SETTINGS))
    status, _ = await save(house, WELCOME, **{"loi-chao": GREETING, "nut:human-request": "1"})
    assert len(await house.rows(schema.house_rules)) == 1  # nothing changed, nothing was written


async def test_a_welcome_that_hides_the_machine_is_refused_and_nothing_typed_is_lost(
    house: Console,
) -> None:
    typed = "Chào bạn, tôi là cô Lan đây."
    status, page = await save(
        house, WELCOME, **{"loi-chao": typed, "chao-lai": "Chào <b>lại</b>", "ghi-chu": "cho gần gũi"}
    )
    assert status == 422
    assert "phải có cụm từ “trợ lý tự động”" in page
    assert 'aria-invalid="true"' in page
    for kept in (typed, "Chào <b>lại</b>", 'value="cho gần gũi"'):
        assert kept in page
    assert await house.rows(schema.house_rules) == []


async def test_the_preview_shows_what_is_typed_as_each_channel_sends_it_and_saves_nothing(
    house: Console,
) -> None:
    answer = await house.post(WELCOME, **{"viec": "xem", "loi-chao": GREETING, "nut:start-assessment": "1"})
    page = await answer.text()
    beside = page[page.index('id="xem-truoc"') :]
    assert GREETING in beside
    assert "Tự đánh giá" in beside
    assert "Gặp cán bộ" not in beside
    assert await house.rows(schema.house_rules) == []


async def test_starters_are_found_chosen_and_put_in_order(database: Database, clock: StandingClock) -> None:
    console = Console(database, clock)
    console.desk = replace(console.desk, base=_known)
    await console.start()
    await console.become(Role.ADMIN)
    try:
        found = await (await console.post(WELCOME, viec="xem", tim="dang ky o dau")).text()
        assert 'name="cau:dang-ky-o-dau"' in found
        chosen = {"cau:cong-dan-hoc-tap": "1", "cau:dang-ky-o-dau": "1", "loi-chao": ""}
        raised = await console.post(
            WELCOME, **chosen, **{"thu-tu": "cong-dan-hoc-tap", "viec": "len:dang-ky-o-dau"}
        )
        assert 'name="thu-tu" value="dang-ky-o-dau cong-dan-hoc-tap"' in await raised.text()
        order = {"thu-tu": "dang-ky-o-dau cong-dan-hoc-tap"}
        assert (await save(console, WELCOME, **chosen, **order))[0] == 303
        assert (await in_force(console)).starters == ("dang-ky-o-dau", "cong-dan-hoc-tap")
        status, page = await save(console, WELCOME, **{f"cau:x{n}": "1" for n in range(7)})
        assert status == 422
        assert "nhiều nhất 6 câu" in page
    finally:
        await console.client.close()


# --- hours -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("7:30-11:30, 13:30-17:00", (Hours(450, 690), Hours(810, 1020))),
        ("13g30 đến 17h chiều; sáng 7h30 – 11h30", (Hours(450, 690), Hours(810, 1020))),
        ("8-12", (Hours(480, 720),)),
        ("từ 7 giờ 30 đến 11 giờ", (Hours(450, 660),)),
        ("22:00-2:00 hôm sau", (Hours(1320, 1560),)),
        ("0:00-24:00", (Hours(0, 1440),)),
        ("Cả ngày", (Hours(0, 1440),)),
        ("nghỉ", ()),
        ("", ()),
    ],
)
def test_hours_are_read_as_people_write_them(typed: str, read: tuple[Hours, ...]) -> None:
    assert read_hours(typed) == read


@pytest.mark.parametrize(
    "typed",
    [
        "sáng",
        "7:30",
        "7:30-11:30 và chiều",
        "25-26",
        "7:75-8",
        "8-12, 11-13",
        "9-9",
        "1h30-5h chiều",
        "chiều 1:30-5:00",
        "<b>8-12</b>",
        "8" * 500,
    ],
)
def test_hours_that_are_none_are_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(ValueError, match=r"^[A-ZĐ].*\.$"):
        read_hours(typed)


def test_closed_days_are_read_with_their_reason() -> None:
    tet = ClosedDays(date(2027, 2, 5), date(2027, 2, 12), "nghỉ Tết")
    assert read_closed("05/02/2027 - 12/2/2027: nghỉ Tết") == tet
    assert read_closed("30/4/2027") == ClosedDays(date(2027, 4, 30), date(2027, 4, 30))
    for wrong in ("30/02/2027", "mai nghỉ", "05/02/2027 - 01/02/2027", "30/4"):
        with pytest.raises(ValueError, match="“"):
            read_closed(wrong)


async def test_hours_are_saved_and_the_promise_is_shown_for_now_and_for_the_other_case(
    house: Console,
) -> None:
    fields = {"noi-gio": "co", **WEEK, "nghi": "05/02/2027 nghỉ Tết"}
    seen = await (await house.post(HOURS, viec="xem", **fields)).text()
    assert "đến 11:30 trưa nay" in seen  # it is nine o'clock on a Friday
    assert "từ 13:30 chiều nay" in seen
    assert (await save(house, HOURS, **fields))[0] == 303
    office = (await in_force(house)).office
    assert office is not None
    assert office.in_words() == "thứ Hai đến thứ Sáu, 7:30–11:30 và 13:30–17:00"
    again = await house.page(HOURS)
    assert 'value="7:30–11:30, 13:30–17:00"' in again
    status, page = await save(house, HOURS, **{**fields, "ngay-2": "sáng thôi", "nghi": "mai"})
    assert status == 422
    assert 'href="#o-day-2"' in page
    assert 'href="#o-closed"' in page
    assert 'value="sáng thôi"' in page
    assert (await save(house, HOURS, **{"noi-gio": "co"}))[0] == 422  # a week without any hour
    assert (await save(house, HOURS, **{**fields, "noi-gio": "khong"}))[0] == 303
    assert (await in_force(house)).office is None


# --- contacts ----------------------------------------------------------------------------------------


def test_a_commune_is_put_as_it_is_called_today_and_never_guessed() -> None:
    assert placed("chieng mai, son la") == ("xã Chiềng Mai, tỉnh Sơn La", "")
    assert "Ghi tên xã hiện nay" in placed("xã Không Có Thật")[1]
    assert "nơi tên như vậy" in placed("xã Tân Tiến")[1]
    assert placed("tỉnh Sơn La")[1]


def contact(number: int, place: str, name: str = "bà Hoa", telephone: str = "0912 345 678") -> dict[str, str]:
    values = {"xa": place, "ten": name, "vai": "", "dien-thoai": telephone}
    return {f"{field}-{number}": value for field, value in values.items()}


async def test_contacts_are_saved_by_commune_and_errors_stand_at_their_row(house: Console) -> None:
    two = contact(0, "chieng mai son la") | contact(1, "", "", "") | contact(2, "Mường La, Sơn La", "ông Nam")
    status, _ = await save(house, CONTACTS, **two)
    assert status == 303
    rules = await in_force(house)
    assert [one.place for one in rules.contacts] == ["xã Chiềng Mai, tỉnh Sơn La", "xã Mường La, tỉnh Sơn La"]
    wrong = contact(0, "chieng mai son la") | contact(1, "xã Chiềng Mai, Sơn La", "<script>", "gọi nhé")
    status, page = await save(house, CONTACTS, **wrong)
    assert status == 422
    assert "Liên hệ thứ 2" in page
    assert "<script>" not in await (await house.post(CONTACTS, viec="xem", **wrong)).text()
    status, _ = await save(house, CONTACTS, **two, **{"bo-0": "1"})
    assert [one.name for one in (await in_force(house)).contacts] == ["ông Nam"]


def paid(number: int, **fields: str) -> dict[str, str]:
    values = {
        "kenh": "zalo",
        "ma": "363",
        "ten": "Nhắc lịch",
        "loi": "Chào <ten>.",
        "gia": "300 đồng",
    } | fields
    return {f"{field}-{number}": value for field, value in values.items()}


async def test_paid_templates_are_saved_with_their_marks_and_errors_stand_at_their_row(
    house: Console,
) -> None:
    on_page = {"kenh": "messenger", "ma": "nhac_lich", "loi": "Hẹn bạn ngày {{1}}."}
    status, _ = await save(house, PAID, **paid(0), **paid(1, **on_page))
    assert status == 303
    zalo, page = (await in_force(house)).templates
    assert (zalo.id, zalo.marks, zalo.price) == ("363", ("ten",), "300 đồng")
    assert (page.channel, page.marks) == ("messenger", ("1",))
    shown = await house.page(PAID)
    assert "cần điền: ten" in shown
    assert "chưa gửi được mẫu tin" in shown  # the console's channels are fakes that take none
    status, wrong = await save(house, PAID, **paid(0), **paid(1, ten="<script>x</script>", gia=""))
    assert status == 422
    assert "Mẫu thứ 2" in wrong
    assert "cùng kênh, cùng mã" in wrong
    status, wrong = await save(house, PAID, **paid(0, loi="Chào <tên bạn>."))
    assert (status, "viết liền, không dấu" in wrong) == (422, True)
    status, _ = await save(house, PAID, **paid(0), **{"bo-0": "1"})
    assert (await in_force(house)).templates == ()
    assert await house.page(f"{PAST}/1")


async def test_an_empty_field_goes_back_to_the_installation_which_is_said(house: Console) -> None:
    await save(house, CONTACTS, **{"lien-he": "cô Hoa 0912 345 678"})
    assert (await in_force(house)).contact_line == "cô Hoa 0912 345 678"
    await save(house, CONTACTS, **{"lien-he": ""})
    rules = await in_force(house)
    assert rules.set_here == frozenset()
    assert "theo bản cài đặt" in await house.page(SETTINGS)


async def test_numbers_are_read_checked_and_counted_before_anything_is_removed(house: Console) -> None:
    assert (await save(house, ANSWERING, **{"so-gio": "4,5"}))[0] == 303
    assert (await save(house, KEEPING, **{"loi-nhan": "30", "nhat-ky": ""}))[0] == 303
    rules = await in_force(house)
    assert (rules.handoff_return_hours, rules.keep_texts_days, rules.keep_audit_days) == (4.5, 30, None)
    for path, field, value in (
        (ANSWERING, "so-gio", "ba"),
        (KEEPING, "loi-nhan", "3"),
        (KEEPING, "nhat-ky", "-1"),
    ):
        status, page = await save(house, path, **{field: value})
        assert status == 422
        assert f'value="{value}"' in page
    await house.hear("lời cũ", user="lan")
    await house.hear("lời mới", user="hoa")
    house.clock.pass_(days=40)
    await house.become(Role.ADMIN)
    page = await house.page(KEEPING)
    assert "<strong>1</strong> lời sẽ xóa" in page  # the newest row stays, whatever its age
    assert len(await house.rows(schema.inbound_events)) == 2


# --- two at once, and going back ---------------------------------------------------------------------


async def test_a_colleagues_change_of_the_same_section_is_shown_first_of_another_it_is_kept(
    house: Console,
) -> None:
    shown = await version(house)
    await save(house, ANSWERING, over=shown, **{"so-gio": "4"})
    status, page = await save(house, ANSWERING, over=shown, **{"so-gio": "6", "ghi-chu": "lý do của tôi"})
    assert status == 409
    assert "chưa lưu" in page
    assert 'value="6"' in page
    assert "lý do của tôi" in page
    assert (await in_force(house)).handoff_return_hours == 4
    status, _ = await save(house, CONTACTS, over=shown, **{"lien-he": "cô Hoa 0912 345 678"})
    assert status == 303
    rules = await in_force(house)
    assert (rules.handoff_return_hours, rules.contact_line) == (4, "cô Hoa 0912 345 678")
    status, _ = await save(house, ANSWERING, over=await version(house), **{"so-gio": "6"})
    assert status == 303


async def test_two_who_save_the_same_section_at_once_do_not_undo_each_other(house: Console) -> None:
    shown = await version(house)
    both = [save(house, ANSWERING, over=shown, **{"so-gio": hours}) for hours in ("4", "6")]
    answers = await asyncio.gather(*both)
    assert sorted(status for status, _ in answers) == [303, 409]
    assert len(await house.rows(schema.house_rules)) == 1


async def test_an_old_version_is_shown_beside_what_is_in_force_and_written_again(house: Console) -> None:
    await save(house, ANSWERING, **{"so-gio": "4"})
    await save(house, ANSWERING, **{"so-gio": "6", "ghi-chu": "thử"})
    page = await house.page(PAST)
    assert "thử" in page
    assert '<ins><span class="sr-only">thêm: </span>6</ins>' in page
    old = await house.page(f"{PAST}/1")
    assert '<ins><span class="sr-only">thêm: </span>4</ins>' in old
    answer = await house.post(f"{PAST}/1", **{"phien-ban": "1"})
    assert answer.status == 409  # the page was older than what is in force
    answer = await house.post(f"{PAST}/1", **{"phien-ban": "2"})
    assert answer.status == 303
    assert (await in_force(house)).handoff_return_hours == 4
    assert len(await house.rows(schema.house_rules)) == 3
    await house.post(f"{PAST}/0", **{"phien-ban": "3"})
    assert await in_force(house) == HouseRules()
    assert (await house.get(f"{PAST}/99")).status == 404


async def test_who_may_not_change_sees_what_is_in_force_and_no_form(house: Console) -> None:
    await save(house, HOURS, **{"noi-gio": "co", **WEEK})
    await house.become(Role.VIEWER)
    for path in (SETTINGS, WELCOME, HOURS, CONTACTS, ANSWERING, KEEPING, PAST, f"{SETTINGS}/kenh"):
        page = await house.page(path)
        assert 'name="phien-ban"' not in page
    assert "thứ Hai đến thứ Sáu" in await house.page(HOURS)


async def test_what_staff_type_is_text_wherever_it_is_shown(house: Console) -> None:
    hostile = f"<script>alert(1)</script>{{{{99999*99999}}}} {GREETING}"
    await save(house, WELCOME, **{"loi-chao": hostile, "ghi-chu": "<img src=x>"})
    for path in (SETTINGS, WELCOME, PAST, f"{PAST}/0"):
        page = await house.page(path)
        assert "<script>alert" not in page
        assert "<img src=x>" not in page
        assert "9999800001" not in page


# --- channels ----------------------------------------------------------------------------------------


async def test_a_channel_is_asked_with_a_limit_not_again_at_once_and_it_is_written_down(
    house: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await house.page(f"{SETTINGS}/kenh")
    assert "Kiểm tra kết nối" in page
    assert "Đang tắt" in page  # Zalo is not configured here
    asked = 0

    async def check(_: FakeChannel) -> Health:
        nonlocal asked
        asked += 1
        if asked == 2:
            await asyncio.sleep(60)
        if asked == 3:
            raise RuntimeError("hỏng")
        return Health(ok=True, summary="OA đang hoạt động.")

    monkeypatch.setattr(FakeChannel, "check", check)
    monkeypatch.setattr("bot.staff.house.channels.CHECK_SECONDS", 0.05)
    test = f"{SETTINGS}/kenh/fake/kiem-tra"
    assert "OA đang hoạt động." in await (await house.post(test)).text()
    assert "vừa được kiểm tra" in await (await house.post(test)).text()
    assert asked == 1
    house.clock.pass_(minutes=1)
    assert "không trả lời trong 10 giây" in await (await house.post(test)).text()
    house.clock.pass_(minutes=1)
    assert "hệ thống gặp lỗi" in await (await house.post(test)).text()
    lines = [row for row in await house.rows(schema.audit_log) if row["action"] == "channel_tested"]
    assert [row["subject"] for row in lines] == ["fake:oa"] * 3
    assert (await house.post(f"{SETTINGS}/kenh/zalo/kiem-tra")).status == 404


async def test_a_channels_traffic_is_told(house: Console) -> None:
    await house.hear("Xin chào")
    await house.tell("chào bạn")
    page = await house.page(f"{SETTINGS}/kenh")
    assert page.count("09:00") >= 2
    assert "không có tin nào chờ" in page
