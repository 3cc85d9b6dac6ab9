"""Self-assessments in the console: counts that give nobody away, results for those who may read them."""

from __future__ import annotations

import io
import json
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert

from bot.assessment_report import OWN_ESTIMATE
from bot.assessment_tally import HIDDEN, MERGED
from bot.staff.assessments.choice import chosen
from bot.store import schema
from bot.store.audit import Action
from bot.store.database import Database
from bot.store.staff import Role
from knowledge.criteria_files import CriteriaBook, load_criteria
from tests.bot.staff.conftest import Console
from tests.conftest import StandingClock

PAGE, LIST = "/staff/tu-danh-gia", "/staff/tu-danh-gia/danh-sach"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
HOSTILE = "<script>alert('xã')</script>"
EVERY = (Role.ADMIN, Role.AGENT, Role.EDITOR, Role.VIEWER)
MASKED = (Role.EDITOR, Role.VIEWER)


@cache
def book() -> CriteriaBook:
    return load_criteria()


@pytest.fixture
async def console(database: Database, clock: StandingClock, data_dir: Path) -> AsyncIterator[Console]:
    made = Console(database, clock)
    made.desk = replace(made.desk, criteria=book(), data_dir=data_dir)
    await made.start()
    yield made
    await made.client.close()


async def assessed(
    console: Console,
    code: str,
    *,
    place: str = "Xã Đọi Sơn",
    step: str = "finished",
    points: tuple[int, ...] = (8,) * 10,
    at: datetime | None = None,
    person: str = "",
    group: str = "nguoi-dan",
) -> None:
    at, done = at or console.clock(), step == "finished"
    row = {
        "code": code, "conversation_key": f"fake:oa:{person or code}", "channel": "web",
        "criteria": "324-2023", "group_id": group, "place": place, "step": step, "furthest": step,
        "remind": 0, "began_at": at,
        "touched_at": at, "finished_at": at if done else None, "points": json.dumps(points) if done else None,
        "total": sum(points) if done else None, "passed": int(sum(points) >= 80) if done else None,
    }  # fmt: skip
    await console.database.write(lambda c: c.execute(insert(schema.assessments).values(**row)))


async def given(console: Console, code: str, **values: object) -> None:
    row = {
        "code": code, "identity": secrets.token_hex(8), "indicator": 1, "kind": "file", "text": "", "url": "",
        "state": "noted", "not_before": console.clock(), "created_at": console.clock(), **values,
    }  # fmt: skip
    await console.database.write(lambda c: c.execute(insert(schema.evidence).values(**row)))


async def furnish(console: Console) -> None:
    """Six of Đọi Sơn, two of a small place, one that stopped at indicator 4, one of another channel's set."""
    for number in range(6):
        await assessed(console, f"KH-LON-{number}")
    for number in range(2):
        await assessed(console, f"KH-BE-{number}", place="Xã Bé", points=(3, *(9,) * 9))
    await assessed(console, "KH-DO-0", step="4")


async def actions(console: Console) -> list[tuple[object, object]]:
    ours = {Action.ASSESSMENTS_VIEWED.value, Action.ASSESSMENTS_EXPORTED.value}
    return [
        (row["action"], row["subject"])
        for row in await console.rows(schema.audit_log)
        if row["action"] in ours
    ]


# --- numbers -------------------------------------------------------------------------------------------


async def test_a_house_without_any_says_kindly_what_the_page_is_for(console: Console) -> None:
    for role in EVERY:
        await console.become(role)
        page = await console.page(PAGE)
        assert "Chưa có ai tự đánh giá trong khoảng này." in page
        assert OWN_ESTIMATE in page
        assert "<svg" not in page
        assert (LIST in page) == (role not in MASKED)
    await console.become(Role.AGENT)
    assert "Không có bài nào như vậy trong khoảng này." in await console.page(LIST)


async def test_the_numbers_say_what_was_found(console: Console) -> None:
    await furnish(console)
    await console.become(Role.AGENT)
    page = await console.page(PAGE)
    assert "8 trong 9 lượt làm đến cuối; nhiều người dừng nhất ở bước Chỉ số 4" in page
    assert "2 nơi, nhiều nhất Xã Đọi Sơn (6 bài)" in page
    assert "Thấp nhất: Đọc, cập nhật kiến thức (6,8)" in page
    assert "324-2023" not in page
    assert " style=" not in page


async def test_small_places_and_single_results_are_not_for_every_role(console: Console) -> None:
    await furnish(console)
    for role in MASKED:
        await console.become(role)
        page = await console.page(PAGE)
        assert "Xã Bé" not in page
        assert LIST not in page
        assert "KH-" not in page
        # Two people alone in the merged row would be told by taking the others from the sum: it has them all.
        assert MERGED in page
        for path in (LIST, f"{PAGE}/bai/KH-LON-0", f"{PAGE}/bai/KH-LON-0/tep/1", f"{LIST}/tai/csv"):
            assert (await console.get(path)).status == 403
        assert "Xã Bé" not in await (await console.get(f"{PAGE}/tai/csv")).text()
    await console.become(Role.AGENT)
    assert "Xã Bé" in await console.page(PAGE)
    assert "Xã Bé" in await (await console.get(f"{PAGE}/tai/csv")).text()


async def test_a_place_of_few_shows_no_counts_to_those_who_may_not_read_results(console: Console) -> None:
    await assessed(console, "KH-1", place="", points=(9,) * 10)
    await console.become(Role.VIEWER)
    page = await console.page(PAGE)
    row = page[page.index(MERGED) :]
    assert re.findall(r"<td[^>]*>([^<]+)</td>", row)[:2] == [HIDDEN, "–"]
    assert "90,0" not in page


async def test_days_begin_at_the_houses_midnight(console: Console) -> None:
    console.clock.now = datetime(2026, 10, 31, 18, 0, tzinfo=UTC)  # 1 November in the house
    await assessed(console, "KH-OCT", at=datetime(2026, 10, 31, 16, 59, tzinfo=UTC))
    await assessed(console, "KH-NOV", at=datetime(2026, 10, 31, 17, 0, tzinfo=UTC))
    await console.become(Role.AGENT)
    listed = await console.page(f"{LIST}?ky=thang")
    assert "KH-NOV" in listed
    assert "KH-OCT" not in listed
    october = await console.page(f"{LIST}?tu=2026-10-01&den=2026-10-31")
    assert "KH-OCT" in october
    assert "KH-NOV" not in october


def test_periods_are_told_from_the_address() -> None:
    today = date(2026, 11, 22)
    for query, first, last in (
        ({}, date(2026, 1, 1), today),
        ({"ky": "thang"}, date(2026, 11, 1), today),
        ({"ky": "quy"}, date(2026, 10, 1), today),
        ({"ky": "tat-ca"}, None, today),
        ({"ky": "<script>"}, date(2026, 1, 1), today),
        ({"tu": "2026-02-01", "den": "2026-02-28"}, date(2026, 2, 1), date(2026, 2, 28)),
        ({"tu": "2026-02-01"}, date(2026, 2, 1), today),
        ({"den": "2026-02-28"}, None, date(2026, 2, 28)),
    ):
        found = chosen(query, today, ZONE)
        assert (found.period.first, found.period.last, found.problem) == (first, last, ""), query
        again = chosen(found.query, today, ZONE)
        assert again.period == found.period, query
    assert chosen({"ky": "quy"}, date(2026, 3, 31), ZONE).period.first == date(2026, 1, 1)


async def test_days_that_cannot_be_are_said_and_stay_typed(console: Console) -> None:
    await console.become(Role.VIEWER)
    for first, last in (
        ("2026-10-02", "2026-10-01"),
        ("hôm qua", ""),
        ("1000-01-01", ""),
        ("", "9999-12-31"),
        ("2026-02-30", ""),
    ):
        page = await console.page(f"{PAGE}?tu={first}&den={last}")
        assert 'id="sai-ngay"' in page
        assert f'value="{first}"' in page
        assert "Số liệu từ 01/01/2026 đến 02/10/2026." in page


# --- results -------------------------------------------------------------------------------------------


async def test_lists_show_what_was_asked_for_page_by_page(console: Console) -> None:
    for number in range(30):
        at = console.clock() - timedelta(minutes=number)
        await assessed(console, f"KH-{number:02}", at=at, points=((8,) if number % 3 else (7,)) * 10)
    await assessed(console, "KH-DO", step="group")
    await console.become(Role.AGENT)
    page = await console.page(LIST)
    assert re.findall(r">(KH-\d\d)</a>", page) == [f"KH-{n:02}" for n in range(25)]
    assert re.findall(r">(KH-\d\d)</a>", await console.page(f"{LIST}?trang=2")) == [
        f"KH-{n:02}" for n in range(25, 30)
    ]
    assert re.findall(r'<span class="number">(\d+)', page) == ["30", "20", "10", "1", "0"]
    assert re.findall(r">(KH-\w+)</a>", await console.page(f"{LIST}?loc=dang-do")) == ["KH-DO"]
    assert "đang ở bước Chọn nhóm" in await console.page(f"{LIST}?loc=dang-do")
    assert "Không có bài nào như vậy" in await console.page(f"{LIST}?nhom=hoc-sinh")
    found = await console.get(f"{LIST}?ma= kh-07 ")
    assert (found.status, found.headers["Location"]) == (303, f"{PAGE}/bai/KH-07")
    assert "Không thấy bài có mã này." in await console.page(f"{LIST}?ma=KH-9999")


async def test_a_result_shows_its_points_and_every_look_is_noted_once_an_hour(console: Console) -> None:
    await assessed(console, "KH-1", place=HOSTILE, points=(4, *(9,) * 8, 3))
    await console.become(Role.AGENT)
    page = await console.page(f"{PAGE}/bai/KH-1")
    assert "Các chỉ số 1 và 10 dưới 5 điểm." in page
    assert page.count('class="low-score"') == 2
    assert "Đọc, cập nhật kiến thức" in page
    assert OWN_ESTIMATE in page
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    await console.page(f"{PAGE}/bai/KH-1")
    assert await actions(console) == [("assessments_viewed", "assessment:KH-1")]
    console.clock.pass_(hours=2)
    await console.page(f"{PAGE}/bai/KH-1")
    await console.page(LIST)
    assert [subject for _, subject in await actions(console)] == ["assessment:KH-1"] * 2 + ["assessments"]


async def test_one_that_is_not_finished_has_no_points_and_says_where_it_stands(console: Console) -> None:
    await assessed(console, "KH-1", step="3")
    await given(console, "KH-1", text="Tôi đọc báo mỗi sáng", kind="text")
    await console.become(Role.ADMIN)
    page = await console.page(f"{PAGE}/bai/KH-1")
    assert "chưa, đang ở bước Chỉ số 3" in page
    assert "chưa có điểm" in page
    assert "Tôi đọc báo mỗi sáng" in page
    assert (await console.get(f"{PAGE}/bai/KH-0000")).status == 404
    assert (await console.get(f"{PAGE}/bai/..%2F..%2Fx")).status == 404


async def test_files_leave_under_a_name_of_ours_to_be_saved(console: Console, data_dir: Path) -> None:
    hostile = '../../../etc/passwd"\r\nX-Evil: 1;<script>.html'
    await assessed(console, "KH-1")
    await given(
        console, "KH-1", text=hostile, state="kept", path="KH-1/1.jpg", media_type="image/jpeg", bytes=9
    )
    await given(console, "KH-1", text="anh.zip", state="refused", why="type")
    (data_dir / "evidence" / "KH-1").mkdir(parents=True)
    (data_dir / "evidence" / "KH-1" / "1.jpg").write_bytes(b"\xff\xd8\xff<html>")
    await console.become(Role.AGENT)
    page = await console.page(f"{PAGE}/bai/KH-1")
    assert "<script>" not in page.replace("<script src=", "")
    assert "loại tệp này không nhận" in page
    answer = await console.get(f"{PAGE}/bai/KH-1/tep/1")
    assert answer.status == 200
    assert await answer.read() == b"\xff\xd8\xff<html>"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="minh-chung-KH-1-1.jpg"'
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert [row["detail"] for row in await console.rows(schema.audit_log)][-1] == '{"file": 1}'


async def test_a_row_that_points_elsewhere_gives_nothing(console: Console, data_dir: Path) -> None:
    (data_dir / "evidence" / "KH-1").mkdir(parents=True)
    (data_dir / "secret.txt").write_text("bí mật")
    (data_dir / "evidence" / "KH-1" / "2.jpg").symlink_to(data_dir / "secret.txt")
    await assessed(console, "KH-1")
    await console.become(Role.AGENT)
    paths = ("../secret.txt", "KH-1/../../secret.txt", "/etc/passwd", "KH-1/1.jpg", "KH-1/2.jpg", "KH-1/1")
    for number, path in enumerate(paths, 1):
        await given(console, "KH-1", state="kept", path=path, media_type="text/html", bytes=9)
        assert (await console.get(f"{PAGE}/bai/KH-1/tep/{number}")).status == 404, path


async def test_a_file_belongs_to_its_assessment(console: Console, data_dir: Path) -> None:
    (data_dir / "evidence" / "KH-2").mkdir(parents=True)
    (data_dir / "evidence" / "KH-2" / "1.jpg").write_bytes(b"\xff\xd8\xff")
    await assessed(console, "KH-1")
    await assessed(console, "KH-2")
    await given(console, "KH-2", state="kept", path="KH-2/1.jpg", media_type="image/jpeg", bytes=9)
    await console.become(Role.AGENT)
    assert (await console.get(f"{PAGE}/bai/KH-1/tep/1")).status == 404
    assert (await console.get(f"{PAGE}/bai/KH-2/tep/1")).status == 200


async def test_those_whose_files_were_lost_are_listed_where_the_first_page_leads(console: Console) -> None:
    await furnish(console)
    await given(console, "KH-LON-2", kind="image", state="failed", why="gone")
    await given(console, "KH-LON-2", kind="file", state="too_large")
    await console.become(Role.AGENT)
    today = await console.page("/staff/")
    link = re.search(r'href="(/staff/tu-danh-gia/danh-sach[^"]+)">Bài thiếu tệp minh chứng', today)
    assert link is not None
    assert '<strong class="count">1</strong>' in today
    assert re.findall(r">(KH-[\w-]+)</a>", await console.page(link[1].replace("&amp;", "&"))) == ["KH-LON-2"]


# --- exports -------------------------------------------------------------------------------------------


async def test_the_rows_that_leave_name_nobody_and_run_nothing(console: Console) -> None:
    await assessed(console, "KH-1", place="=HYPERLINK(1)", person="bi-mat")
    await assessed(console, "KH-2", place="Xã Bé", points=(3,) * 10)
    await assessed(console, "KH-DO", step="3")
    await console.become(Role.AGENT)
    answer = await console.get(f"{LIST}/tai/xlsx")
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="ket-qua-tu-danh-gia-2026-01-01-2026-10-02.xlsx"'
    )
    sheet = load_workbook(io.BytesIO(await answer.read())).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows() if str(row[0].value).startswith("KH-")]
    assert rows == [
        ["KH-1", "10/2026", "'=HYPERLINK(1)", "Người dân trong xã", 80, "đạt"],
        ["KH-2", "10/2026", "Xã Bé", "Người dân trong xã", 30, "chưa đạt"],
    ]
    text = await (await console.get(f"{LIST}/tai/csv?loc=chua-dat")).text()
    assert "KH-2" in text
    assert "KH-1" not in text
    assert "bi-mat" not in text
    noted = [json.loads(str(row["detail"])) for row in await console.rows(schema.audit_log)]
    assert [(one["what"], one["form"], one["rows"]) for one in noted] == [
        ("ket-qua-tu-danh-gia", "xlsx", 2),
        ("ket-qua-tu-danh-gia", "csv", 1),
    ]


async def test_every_role_may_take_the_numbers_along_and_it_is_noted(console: Console) -> None:
    await furnish(console)
    for role in EVERY:
        await console.become(role)
        answer = await console.get(f"{PAGE}/tai/csv?ky=thang")
        assert "Tự đánh giá Công dân học tập, từ 01/10/2026 đến 02/10/2026" in await answer.text()
    assert await actions(console) == [("assessments_exported", "assessments")] * len(EVERY)
    assert (await console.get(f"{PAGE}/tai/text")).status == 404
