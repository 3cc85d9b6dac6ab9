"""A file of questions with bad rows: every row is told about, and only what is right is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.console.conftest import ADMIN, LAPTOP, Desks, preview_import

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

ROWS = (
    ("Câu hỏi", "Câu trả lời", "Cách hỏi khác", "Căn cứ"),
    ("Hội thi kể chuyện sách mở khi nào?", "Hội thi mở ở nhà văn hóa.", "thi kể chuyện", "ngay-khuyen-hoc"),
    ("", "Dòng này quên câu hỏi.", "", "ngay-khuyen-hoc"),
    ("Câu này quên trả lời?", "", "", "ngay-khuyen-hoc"),
    ("Câu này dài quá " + "rất dài " * 20, "Trả lời ngắn.", "", "ngay-khuyen-hoc"),
)


async def test_of_a_file_with_bad_rows_only_the_good_one_is_written(desks: Desks, tmp_path: Path) -> None:
    async with desks.page(ADMIN, LAPTOP) as page:
        await preview_import(page, tmp_path / "cau-hoi-moi.xlsx", ROWS)
        rows = page.locator("ul.import-rows > li")
        await expect(rows).to_have_count(len(ROWS) - 1)
        await expect(rows.locator(".badge.bad")).to_have_count(3)
        for bad in (await rows.all())[1:]:
            await expect(bad.locator(".reasons li").first).to_be_visible()
        await page.goto("/staff/cau-hoi?tim=hoi thi ke chuyen sach")
        await expect(page.get_by_role("link", name=ROWS[1][0], exact=True)).to_have_count(0)
        await page.go_back()
        await page.get_by_role("button", name="Ghi 1 câu này").click()
        await expect(page.get_by_role("status").first).to_contain_text("Đã ghi 1 câu")
        await page.goto("/staff/cau-hoi?loc=ban-nhap")
        await expect(page.get_by_role("link", name=ROWS[1][0], exact=True)).to_be_visible()
