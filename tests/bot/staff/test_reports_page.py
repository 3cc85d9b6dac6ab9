"""Reports in the console: prepared, commented, made final, handed in; each role sees what it may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.store import schema
from bot.store.database import Database
from bot.store.staff import Role
from tests.bot.outreach.reporting import HOSTILE, furnish
from tests.bot.staff.conftest import Console
from tests.conftest import StandingClock

PATH = "/staff/bao-cao"
OCTOBER = f"{PATH}/2026-10"


@pytest.fixture
async def console(database: Database, clock: StandingClock) -> AsyncIterator[Console]:
    clock.now = datetime(2026, 10, 25, 1, tzinfo=UTC)
    await furnish(database)
    made = Console(database, clock)
    await made.start()
    yield made
    await made.client.close()


async def did(console: Console) -> list[tuple[str, str]]:
    return [
        (str(row["action"]), str(row["detail"]))
        for row in await console.rows(schema.audit_log)
        if str(row["action"]).startswith("report")
    ]


async def test_a_report_is_prepared_commented_made_final_and_handed_in(console: Console) -> None:
    await console.become(Role.EDITOR, "cô Hà")
    assert "Chưa có báo cáo nào" in await console.page(PATH)
    made = await console.post(PATH, ky="2026-10")
    assert (made.status, made.headers["Location"]) == (303, OCTOBER)
    page = await console.page(OCTOBER)
    for said in ("bản nháp", "Kỳ này chưa kết thúc", "tháng trước chưa có", "Tự đánh giá Công dân học tập"):
        assert said in page
    note = "Bà con hỏi nhiều về <học bổng>."
    saved = await console.post(f"{OCTOBER}/ghi-chu", phien_ban="1", phan="cau-hoi", noi_dung=note)
    assert saved.status == 303
    late = await console.post(f"{OCTOBER}/ghi-chu", phien_ban="1", phan="can-bo", noi_dung="Chữ đến sau")
    assert late.status == 409
    assert "Chữ đến sau" in await late.text()
    assert (await console.post(f"{OCTOBER}/chot", phien_ban="2")).status == 422
    assert (await console.post(f"{OCTOBER}/chot", phien_ban="2", chac="1")).status == 303
    final = await console.page(OCTOBER)
    assert "đã chốt" in final
    assert "Bà con hỏi nhiều về &lt;học bổng&gt;." in final
    assert "Lưu nhận xét" not in final
    refused = await console.post(f"{OCTOBER}/ghi-chu", phien_ban="3", phan="can-bo", noi_dung="muộn")
    assert refused.status == 409
    assert "Mở lại báo cáo" in await refused.text()
    for form, begins in (("docx", b"PK"), ("xlsx", b"PK"), ("pdf", b"%PDF")):
        answer = await console.get(f"{OCTOBER}/tai/{form}")
        assert answer.status == 200
        assert (await answer.read()).startswith(begins)
        assert f"bao-cao-2026-10.{form}" in answer.headers["Content-Disposition"]
    actions = [action for action, _ in await did(console)]
    assert actions == ["report_changed"] * 3 + ["report_exported"] * 3
    assert "học bổng" not in str(await did(console))


async def test_questions_of_citizens_are_for_those_who_may_read_them(console: Console) -> None:
    await console.become(Role.EDITOR)
    await console.post(PATH, ky="2026-10")
    assert "Chưa trả lời được" in (await console.page(OCTOBER)).partition("<main")[2]
    await console.become(Role.VIEWER)
    seen = (await console.page(OCTOBER)).partition("<main")[2]
    assert "Bảng “Chưa trả lời được”" not in seen
    assert "Lưu nhận xét" not in seen
    assert HOSTILE not in seen
    assert "<b>&amp;" not in seen


async def test_when_the_month_is_over_the_draft_is_counted_again_when_it_is_opened(console: Console) -> None:
    await console.become(Role.ADMIN)
    await console.post(PATH, ky="2026-10")
    assert "Kỳ này chưa kết thúc" in await console.page(OCTOBER)
    console.clock.now = datetime(2026, 11, 2, tzinfo=UTC)
    await console.become(Role.VIEWER)
    assert "Kỳ này chưa kết thúc" not in await console.page(OCTOBER)
    await console.page(OCTOBER)
    assert len(await did(console)) == 2


@pytest.mark.parametrize("path", ["2026-11", "2026-13", "khong-co", "2026-10/tai/exe"])
async def test_what_is_not_there_is_said_to_be_not_there(console: Console, path: str) -> None:
    await console.become(Role.ADMIN)
    await console.post(PATH, ky="2026-10")
    assert (await console.get(f"{PATH}/{path}")).status == 404
    assert (await console.post(PATH, ky="1999-01")).status == 422


async def test_a_report_made_final_too_early_is_opened_again_counted_anew_and_the_log_says_who(
    console: Console,
) -> None:
    await console.become(Role.EDITOR, "cô Hà")
    await console.post(PATH, ky="2026-10")
    assert (await console.post(f"{OCTOBER}/mo-lai", phien_ban="1", chac="1")).status == 409, "a draft is open"
    await console.post(f"{OCTOBER}/chot", phien_ban="1", chac="1")
    console.clock.now = datetime(2026, 11, 2, 1, tzinfo=UTC)
    await console.become(Role.EDITOR, "cô Hạnh")
    assert "Kỳ này chưa kết thúc" in await console.page(OCTOBER), "what is final is not counted anew"
    assert (await console.post(f"{OCTOBER}/mo-lai", phien_ban="2")).status == 422
    assert (await console.post(f"{OCTOBER}/mo-lai", phien_ban="1", chac="1")).status == 409
    opened = await console.post(f"{OCTOBER}/mo-lai", phien_ban="2", chac="1")
    assert opened.status == 303
    page = await console.page(OCTOBER)
    for said in ("bản nháp", "Lưu nhận xét", "Cô Hạnh mở lại báo cáo đã chốt", "Chốt báo cáo"):
        assert said in page
    assert "Kỳ này chưa kết thúc" not in page, "its period is over: it was counted once more"
    done = [detail for _, detail in await did(console)]
    assert done[-2:] == ['{"did": "reopened"}', '{"did": "renewed"}']
    await console.become(Role.AGENT, "anh Tư")
    assert "Mở lại báo cáo" not in await console.page(OCTOBER)
    assert (await console.post(f"{OCTOBER}/mo-lai", phien_ban="3", chac="1")).status == 403
