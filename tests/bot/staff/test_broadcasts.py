"""An article for all followers of the Zalo account, from the form to what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.outreach.broadcast import Broadcast, State, Verdict, Why
from bot.store import broadcasts, subscriptions
from bot.store.database import Database
from bot.store.staff import Role
from connectors.zalo import BroadcastTarget
from tests.bot.fakes import FakeChannel
from tests.bot.outreach.people import Person, settle
from tests.bot.staff.conftest import Console
from tests.conftest import StandingClock

PATH = "/staff/bai-viet-zalo"
LINK = "https://officialaccount.example/d?id=4402c73f7e7a9724ce6b&pageId=38861"
HOSTILE = '"><script>alert(1)</script>{{7*7}}'


class ZaloLike(FakeChannel):
    name = "zalo"


@pytest.fixture
async def console(database: Database, clock: StandingClock) -> AsyncIterator[Console]:
    made = Console(database, clock)
    made.desk = replace(made.desk, channels=(ZaloLike(),))
    await made.start()
    await made.become(Role.EDITOR, "cô Lan")
    yield made
    await made.client.close()


async def stored(console: Console, broadcast_id: int = 1) -> Broadcast:
    async with console.database.read() as connection:
        found = await broadcasts.load(connection, broadcast_id)
    assert found is not None
    return found


async def write(console: Console, path: str = f"{PATH}/_moi", **fields: str) -> int:
    """Save the form; gives the status. The clock stands at nine in the morning of 2 October."""
    data = {"ten": "Ngày Khuyến học", "bai": LINK, "luc": "2026-10-02T15:00", **fields}
    return (await console.post(path, **data)).status


async def press(console: Console, name: str, **fields: str) -> int:
    revision = str((await stored(console)).revision)
    return (await console.post(f"{PATH}/1/{name}", phien_ban=revision, **fields)).status


async def call(console: Console, told: Verdict | None) -> None:
    """The sender claimed it; `told` came of its call, or nothing yet."""
    one, now = await stored(console), console.clock()
    await console.database.write(lambda c: broadcasts.claim(c, one, now, now.date()))
    if told is not None:
        await console.database.write(lambda c: broadcasts.answered(c, one.id, now, told))


async def test_an_article_is_written_approved_by_another_and_has_its_time(console: Console) -> None:
    people = [Person("a"), Person("b"), Person("c", topics=())]
    await settle(console.database, people, console.clock())
    await console.database.write(
        lambda c: subscriptions.withdraw(
            c, people[1].id.key, wording="dừng", event_id=None, at=console.clock()
        )
    )
    form = await console.page(f"{PATH}/_moi")
    assert "không bỏ riêng ai ra được" in form
    assert '<span class="badge plain">3</span> người Hội biết' in form
    assert '<span class="badge warn">1</span> người trong đó đã dừng nhận tin' in form
    assert await write(console, **{"gioi-tinh": "2", "tuoi:5": "1", "tuoi:6": "1", "mien:0": "1"}) == 303
    one = await stored(console)
    assert (one.state, one.article) == (State.DRAFT, "4402c73f7e7a9724ce6b")
    assert one.target == BroadcastTarget(gender="2", ages=("5", "6"), regions=("0",))
    assert "nữ; 45 đến 54 tuổi, 55 đến 64 tuổi; miền bắc" in await console.page(f"{PATH}/1")
    assert await press(console, "xin-duyet") == 303
    assert 'action="/staff/bai-viet-zalo/1/duyet"' not in await console.page(f"{PATH}/1")
    assert await press(console, "duyet") == 422
    await console.become(Role.EDITOR, "thầy Minh")
    assert "Bài viết Zalo chờ duyệt" in await console.page("/staff/")
    assert await press(console, "duyet") == 303
    assert (await stored(console)).state is State.SCHEDULED
    assert "hẹn gửi lúc 15:00" in await console.page(PATH)
    assert await press(console, "hen-gio", luc="2026-10-02T23:00") == 422
    assert await press(console, "hen-gio", luc="2026-10-03T08:00") == 303
    await write(console, f"{PATH}/1/sua", **{"phien-ban": str((await stored(console)).revision)})
    assert ((await stored(console)).state, (await stored(console)).approved_by) == (State.DRAFT, "")


async def test_what_cannot_be_saved_keeps_every_word(console: Console) -> None:
    answer = await console.post(
        f"{PATH}/_moi", ten=HOSTILE, bai="chưa có mã nào", luc="2026-10-02T23:30", **{"tuoi:7": "1"}
    )
    page = await answer.text()
    assert answer.status == 422
    assert "Chưa thấy mã bài viết" in page
    assert "22 giờ đến 7 giờ" in page
    assert "chưa có mã nào" in page
    assert 'name="tuoi:7" value="1" checked' in page
    assert "<script>alert(1)" not in page
    for far in ("9999-12-31T10:00", "0001-01-01T10:00", "mai"):
        assert await write(console, luc=far) == 422
    assert await write(console, ten=HOSTILE, luc="") == 303
    page = await console.page(f"{PATH}/1")
    assert "<script>alert(1)" not in page
    assert "chọn giờ gửi rồi xin duyệt" in page
    assert await press(console, "xin-duyet") == 422


async def approved(console: Console) -> None:
    await write(console)
    await press(console, "xin-duyet")
    await console.become(Role.ADMIN, "thầy Hùng")
    await press(console, "duyet")
    console.clock.pass_(hours=6)


async def test_an_unknown_one_is_shown_and_a_person_says_what_became_of_it(console: Console) -> None:
    await approved(console)
    await call(console, None)
    page = await console.page(f"{PATH}/1")
    assert "đang gửi" in page
    assert "Việc tiếp theo" not in page
    console.clock.pass_(seconds=31)
    await console.database.write(lambda c: broadcasts.lost(c, console.clock()))
    today = await console.page("/staff/")
    assert "Bài viết Zalo cần bạn xem" in today
    page = await console.page(f"{PATH}/1")
    assert "không ai nhận hai lần" in page
    assert await press(console, "hen-gio", luc="2026-10-02T16:00") == 422
    assert await press(console, "khong-thay") == 303
    one = await stored(console)
    assert (one.state, one.why, one.given_on) == (State.FAILED, Why.NOT_FOUND.value, None)
    assert await press(console, "hen-gio", luc="2026-10-02T16:00") == 303
    await call(console, Verdict(State.UNKNOWN, "no complete answer from Zalo"))
    assert await press(console, "da-thay") == 303
    assert (await stored(console)).state is State.SENT
    assert "Bài viết Zalo cần bạn xem" not in await console.page("/staff/")


@pytest.mark.parametrize(
    ("state", "why", "said"),
    [
        (State.SCHEDULED, "article still being processed [-214]", "Zalo còn đang xử lý bài viết này."),
        (State.SCHEDULED, "out of quota [-211]", "đã hết lượt gửi bài"),
        (State.FAILED, "OA needs a higher package [-224]", "Quyền hoặc gói của tài khoản Zalo"),
        (State.FAILED, "a parameter is invalid [-201]", "mã bài sai"),
        (State.FAILED, "access token invalid [-216]", "Kênh đang trục trặc"),
        (State.FAILED, "late: article still being processed [-214]", "Đã quá giờ hẹn hơn 6 giờ"),
        (State.UNKNOWN, "no complete answer from Zalo [TimeoutError]", "không rõ bài đã đi chưa"),
    ],
)
async def test_the_reason_is_said_in_plain_words(console: Console, state: State, why: str, said: str) -> None:
    await approved(console)
    later = console.clock() + timedelta(minutes=10)
    await call(console, Verdict(state, why, later if state is State.SCHEDULED else None))
    page = await console.page(f"{PATH}/1")
    assert said in page
    assert why not in page


async def test_without_zalo_the_room_is_not_in_the_menu(database: Database, clock: StandingClock) -> None:
    made = Console(database, clock)
    await made.start()
    await made.become(Role.EDITOR)
    assert f'href="{PATH}"' not in await made.page("/staff/")
    assert "Zalo chưa được nối" in await made.page(PATH)
    assert (await made.post(f"{PATH}/_moi", ten="Bài", bai=LINK)).status == 422
    await made.client.close()
