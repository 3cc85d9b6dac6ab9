"""A colleague who was invited joins on a phone, and finds the pages of their role and no other."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from bot.staff.console import MENU
from bot.store.staff import Role
from tests.e2e.console.conftest import PHONE, Desks
from tests.e2e.furnished import Furnished

OWN = {"/staff/toi", "/staff/hoi-thu"}
"""Offered to everybody, below the menu."""
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


async def test_an_invited_colleague_sets_a_password_on_a_phone_and_sees_only_their_menu(
    house: Furnished, desks: Desks
) -> None:
    link, password = house.more["phone"], "bốn từ thật dễ nhớ"
    async with desks.page("chị Mận", PHONE, ready=False) as page:
        await page.goto(link)
        await page.get_by_label("Mật khẩu mới", exact=True).fill(password)
        await page.get_by_label("Gõ lại mật khẩu mới").fill("gõ nhầm mất rồi")
        await page.get_by_role("button", name="Đặt mật khẩu và vào").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await page.get_by_label("Mật khẩu mới", exact=True).fill(password)
        await page.get_by_label("Gõ lại mật khẩu mới").fill(password)
        await page.get_by_role("button", name="Đặt mật khẩu và vào").click()
        await page.wait_for_url("**/staff/?*")
        await page.get_by_text("Danh mục", exact=True).click()
        offered = [await one.get_attribute("href") for one in await page.locator("nav a:visible").all()]
        assert set(offered) - OWN == {one.path for one in MENU if Role.EDITOR in one.roles}
        for item in MENU:
            answer = await page.goto(item.path)
            assert answer is not None
            assert answer.status == (200 if Role.EDITOR in item.roles else 403), item.path

    async with desks.page("chị Mận", PHONE, ready=False) as page:
        await page.goto(link)
        await expect(page.get_by_label("Mật khẩu mới", exact=True)).to_have_count(0)
