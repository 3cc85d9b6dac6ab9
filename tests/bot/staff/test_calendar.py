"""Staff keep the year's occasions: nothing typed is lost, no work undone unseen, campaigns follow."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.nerves import Nerves
from bot.outreach.campaign import State
from bot.outreach.proposals import Proposals
from bot.outreach.steps import Office
from bot.staff.calendar.form import day_in
from bot.store import campaigns, content, editing, schema
from bot.store.content import Status
from bot.store.editing import Kept
from bot.store.staff import Role
from knowledge.content import Item, Kind, item
from tests.bot.staff.conftest import Console
from tests.conftest import StandingClock

PATH = "/staff/lich"
HOSTILE = '"><script>alert(1)</script>{{7*7}}'
FIELDS = {
    "ten": "Ngày thành lập Hội",
    "tu": "2/10",
    "den": "",
    "chac": "certain",
    "ghi_chu": "Theo quyết định của phường.",
    "loai": "local",
    "tin": "Chào bạn ở {xa}, {hoi} mời bạn.",
    "truoc": "20",
}


def shipped(last: str = "10-07", note: str = "") -> list[Item]:
    """What the program brings: a week, and the fact it rests on."""
    fact = {
        "statement": "Tuần lễ từ 1/10.",
        "certainty": "certain",
        "locator": "mục 2",
        "source": {"title": "Kế hoạch 12"},
    }
    week = {"title": "Tuần lễ", "first": "10-01", "last": last, "certainty": "certain", "facts": ["tuan"]}
    if note:
        week["note"] = note
    return [item(Kind.FACT, "tuan", fact), item(Kind.OCCASION, "tuan-le", week)]


@pytest.fixture
async def console(console: Console) -> Console:
    await console.database.write(lambda c: content.sync(c, shipped(), console.clock()))
    await console.become(Role.EDITOR, "thầy Minh")
    return console


async def kept(console: Console, occasion_id: str) -> Kept:
    async with console.database.read() as connection:
        found = await editing.find(connection, Kind.OCCASION, occasion_id)
    assert found is not None
    return found


async def add(console: Console, **changed: str) -> int:
    return (await console.post(f"{PATH}/_moi", None, viec="luu", **{**FIELDS, **changed})).status


async def edit(console: Console, occasion_id: str, version: str = "", **changed: str) -> int:
    seen = version or (await kept(console, occasion_id)).version
    data = {**FIELDS, **changed, "phien_ban": seen}
    return (await console.post(f"{PATH}/{occasion_id}", None, viec="luu", **data)).status


def proposals(console: Console, nerves: Nerves) -> Proposals:
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    return Proposals(Office(console.database, console.clock, zone, frozenset({"web"}), 10), nerves)


async def audited(console: Console) -> list[tuple[object, object]]:
    lines = await console.rows(schema.audit_log)
    return [(one["subject"], one["detail"]) for one in lines if one["action"] == "occasion_changed"]


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("2/9", "09-02"),
        ("02/09", "09-02"),
        (" 2 - 9 ", "09-02"),
        ("2.9", "09-02"),
        ("29/02", "02-29"),
        ("", ""),
    ],
)
def test_a_day_is_understood_however_it_is_written(typed: str, written: str) -> None:
    assert day_in(typed) == (written, "")


@pytest.mark.parametrize(
    "typed", ["31/4", "30/2", "2/13", "0/1", "1/0", "2/9/2026", "mồng 2", "٢/٩", "2/9\u202e"]
)
def test_what_is_no_day_is_refused_with_what_to_do(typed: str) -> None:
    written, wrong = day_in(typed)
    assert written == ""
    assert wrong


async def test_a_day_of_our_own_is_proposed_at_the_next_look_and_so_is_every_change(
    console: Console, clock: StandingClock, nerves: Nerves
) -> None:
    clock.now = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)
    look = proposals(console, nerves).look
    assert await look() == 0  # the week has no words to begin with
    assert await add(console) == 303
    page = await console.page(PATH)
    assert "Thứ Sáu, 02/10/2026" in page
    assert "còn 18 ngày" in page
    assert await look() == 1
    page = await console.page(PATH)
    assert "Ngày thành lập Hội 2026" in page
    assert page.count("/soan") == 0  # there is one for it already
    # Moved, it is another day: proposed anew, and the page says that the campaign is for the former one.
    assert await edit(console, "ngay-thanh-lap-hoi", tu="4/10") == 303
    assert "soạn cho ngày 02/10/2026, khác ngày trên lịch" in await console.page(PATH)
    assert await look() == 1
    version = (await kept(console, "ngay-thanh-lap-hoi")).version
    assert (await console.post(f"{PATH}/ngay-thanh-lap-hoi/luu-tru", phien_ban=version)).status == 303
    clock.now = datetime(2027, 10, 1, 2, 0, tzinfo=UTC)
    assert await look() == 0
    await console.become(Role.VIEWER)
    assert "Không dùng nữa" in await console.page(PATH)
    assert [subject for subject, _ in await audited(console)] == ["occasion:ngay-thanh-lap-hoi"] * 3


async def test_words_nobody_can_send_keep_no_other_occasion_from_being_proposed(
    console: Console, clock: StandingClock, nerves: Nerves
) -> None:
    clock.now = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)
    broken = item(
        Kind.OCCASION,
        "a",
        {"title": "A", "first": "10-01", "certainty": "certain", "message": "{la}", "lead_days": 30},
    )
    await console.database.write(lambda c: content.save(c, broken, by="", why="", at=clock()))
    assert await add(console, ten="N" * 120) == 303  # with its year longer than a campaign's name may be
    assert await proposals(console, nerves).look() == 1


async def test_a_campaign_is_drafted_at_once_and_only_once(console: Console) -> None:
    await add(console, tu="20/12")
    first = await console.post(f"{PATH}/ngay-thanh-lap-hoi/soan")
    assert first.headers["Location"].startswith("/staff/chien-dich/1?")
    again = await console.post(f"{PATH}/ngay-thanh-lap-hoi/soan")
    assert again.headers["Location"] == "/staff/chien-dich/1?bao=co-chien-dich"
    assert "Dịp này có chiến dịch rồi" in await console.page(again.headers["Location"])
    async with console.database.read() as connection:
        (made,) = await campaigns.every(connection)
    assert (made.state, made.created_by, str(made.occasion_on)) == (State.DRAFT, "thầy Minh", "2026-12-20")
    assert (await console.post(f"{PATH}/tuan-le/soan")).status == 422  # it has no words yet


async def test_who_confirmed_an_uncertain_date_is_shown_for_that_year_alone(
    console: Console, clock: StandingClock
) -> None:
    await add(console, chac="unverified", tu="20/12")
    assert "Khi có chiến dịch, bạn xác nhận ngày" in await console.page(PATH)
    await console.post(f"{PATH}/ngay-thanh-lap-hoi/soan")
    assert "xác nhận trên chiến dịch." in await console.page(PATH)
    await console.post("/staff/chien-dich/1/xac-nhan-ngay", phien_ban="1")
    page = await console.page(PATH)
    assert "thầy Minh đã xác nhận ngày này cho năm 2026." in page
    assert "Chưa có trong lịch điện thoại" not in page
    clock.now = datetime(2027, 1, 2, 2, 0, tzinfo=UTC)
    await console.become(Role.VIEWER)
    page = await console.page(PATH)
    assert "đã xác nhận ngày này" not in page
    assert "Chưa có trong lịch điện thoại" in page
    assert "Soạn chiến dịch ngay" not in page


async def test_two_officers_at_once_the_second_is_told_and_loses_nothing(console: Console) -> None:
    version = (await kept(console, "tuan-le")).version
    assert await edit(console, "tuan-le", ten="Bản thứ nhất", tu="1/10") == 303
    await console.become(Role.ADMIN, "chị Hoa")
    mine = {**FIELDS, "ten": "Bản thứ hai", "tu": "3/10", "viec": "luu"}
    refused = await console.post(f"{PATH}/tuan-le", None, phien_ban=version, **mine)
    told = await refused.text()
    assert refused.status == 409
    assert "thầy Minh vừa lưu một bản khác" in told
    assert 'value="Bản thứ hai"' in told
    assert re.search(r"<del>.*01/10</del>", told)
    assert (await kept(console, "tuan-le")).body["title"] == "Bản thứ nhất"
    assert (await console.post(f"{PATH}/tuan-le/luu-tru", phien_ban=version)).status == 409
    newer = re.search(r'name="phien-ban" value="(\w+)"', told)
    assert newer is not None
    assert (await console.post(f"{PATH}/tuan-le", None, phien_ban=newer[1], **mine)).status == 303
    now = await kept(console, "tuan-le")
    assert (now.body["title"], now.body["facts"]) == ("Bản thứ hai", ["tuan"])  # what the form does not show


async def test_what_is_wrong_is_said_by_its_field_and_nothing_typed_is_lost(console: Console) -> None:
    wrong = {
        "ten": " ",
        "tu": "31/4",
        "den": "mồng 5",
        "chac": "",
        "tin": "Chào {ten}",
        "truoc": "0",
        "ghi_chu": "g" * 301,
    }
    answer = await console.post(f"{PATH}/_moi", None, viec="luu", **{**FIELDS, **wrong})
    page = await answer.text()
    assert answer.status == 422
    for field in ("title", "first", "last", "certainty", "message", "lead_days", "note"):
        assert f'id="sai-{field}"' in page
    assert "Tháng 4 không có ngày 31." in page
    assert 'value="mồng 5"' in page
    assert "Chào {ten}" in page
    assert await add(console, tu="10/5", den="1/5") == 422  # the two in the wrong order
    assert await add(console, loai="khong-co") == 422


async def test_over_the_turn_of_the_year_and_on_29_february(console: Console, clock: StandingClock) -> None:
    await add(console, ten="Tết ông", tu="25/12", den="5/1")
    await add(console, ten="Ngày nhuận", tu="29/2")
    clock.now = datetime(2026, 12, 31, 18, 0, tzinfo=UTC)  # in Vietnam the new year has begun
    await console.become(Role.VIEWER)
    page = await console.page(PATH)
    assert "Thứ Sáu, 25/12/2026 đến thứ Ba, 05/01/2027" in page
    assert "đang diễn ra, còn 4 ngày" in page
    assert "Chủ nhật, 28/02/2027" in page
    assert "Năm không có ngày 29/02 thì tính là 28/02." in page
    assert page.index("Tết ông") < page.index("Ngày nhuận") < page.index("Tuần lễ")


async def test_the_programs_new_version_and_ours_are_put_before_somebody(
    console: Console, clock: StandingClock
) -> None:
    await edit(console, "tuan-le", ten="Tuần lễ của phường", tu="1/10", den="7/10")
    await console.database.write(lambda c: content.sync(c, shipped("10-09", "dời ngày"), clock()))
    assert "có hai bản, cần chọn" in await console.page(PATH)
    page = await console.page(f"{PATH}/tuan-le")
    assert re.search(r"<ins>.*09/10</ins>", page)
    assert 'value="09/10"' in await console.page(f"{PATH}/tuan-le?lay=moi")
    version = (await kept(console, "tuan-le")).version
    taken = await console.post(f"{PATH}/tuan-le/xung-dot", phien_ban=version, lay="moi")
    assert taken.status == 303
    now = await kept(console, "tuan-le")
    assert (now.body["last"], now.conflict, now.status) == ("10-09", None, Status.PUBLISHED)
    past = await console.page(f"{PATH}/tuan-le/lich-su")
    assert re.search(r"<del>.* của phường</del>", past)
    back = re.search(r"ban-cu=(\d+)", past)
    assert back is not None
    assert 'value="Tuần lễ của phường"' in await console.page(f"{PATH}/tuan-le?ban-cu={back[1]}")
    assert ("occasion:tuan-le", '{"did": "decide", "take": "shipped"}') in await audited(console)


async def test_hostile_words_are_only_words(console: Console) -> None:
    assert await add(console, ten=HOSTILE, ghi_chu=HOSTILE, tin="Chào <b>bạn</b>") == 303
    assert await add(console, ten="🙂") == 303
    occasion_id = next(
        str(row["id"]) for row in await console.rows(schema.content_items) if "script" in str(row["body"])
    )
    await edit(console, occasion_id, ten=HOSTILE * 2, vi_sao=HOSTILE)
    for path in (PATH, f"{PATH}/{occasion_id}", f"{PATH}/{occasion_id}/lich-su"):
        page = await console.page(path)
        assert "<script>alert" not in page
        assert "<b>bạn" not in page
        assert "49" not in re.sub(r"\d{4,}|\w*49\w+|\w+49\w*", "", page.split("<main")[1])
    for strange in ("?ban-cu=x", "?ban-cu=999999999999999999999", "?lay=moi"):
        assert (await console.get(f"{PATH}/{occasion_id}{strange}")).status == 200


async def test_the_page_says_what_a_day_rests_on_and_where_phones_find_it(console: Console) -> None:
    page = await console.page(PATH)
    assert "Tuần lễ từ 1/10." in page
    assert "Kế hoạch 12, mục 2" in page
    assert "webcal://hoi.example.vn/lich.ics" in page
