"""Answering citizens in the console: two officers at once, and an officer who uses no mouse."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, expect

from bot.staff.inbox import path_of
from tests.e2e.console.conftest import LAPTOP, PHONE, Desks
from tests.e2e.furnished import Furnished, talks

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

TAKE = "Nhận trả lời"
ANSWER = "Trả lời người dân"
MOST_KEYS = 60


async def test_of_two_officers_pressing_at_once_one_wins_and_the_other_is_told(desks: Desks) -> None:
    path = path_of(talks.facebook(1))
    async with desks.page("chị Hoa", PHONE) as one, desks.page("anh Tuấn", LAPTOP) as other:
        pages = (one, other)
        for page in pages:
            await page.goto(path)
        await asyncio.gather(*(page.get_by_role("button", name=TAKE, exact=True).click() for page in pages))
        for page in pages:
            await expect(page.get_by_role("status").or_(page.get_by_role("alert")).first).to_be_visible()
        writing = [await page.get_by_label(ANSWER, exact=True).count() for page in pages]
        assert sorted(writing) == [0, 1]
        loser = pages[writing.index(0)]
        winner = ("chị Hoa", "anh Tuấn")[writing.index(1)]
        await expect(loser.get_by_role("alert").first).to_contain_text(winner[1:])
        await expect(loser.get_by_role("alert").first).to_contain_text("trước bạn")
        await expect(loser.get_by_role("button", name=TAKE, exact=True)).to_have_count(0)


async def _tab_to(page: Page, name: str) -> None:
    """Go on with the tab key until what is called so has the focus."""
    for _ in range(MOST_KEYS):
        await page.keyboard.press("Tab")
        called = await page.evaluate(
            "() => { const e = document.activeElement;"
            " return e.labels && e.labels.length ? e.labels[0].textContent : e.textContent; }"
        )
        if " ".join(called.split()).startswith(name):
            return
    raise AssertionError(f"no way by key to {name!r} on {page.url}")


async def test_an_officer_without_a_mouse_signs_in_takes_over_and_answers(
    house: Furnished, desks: Desks
) -> None:
    words = "Chào bạn, tôi là Tuấn ở Hội Khuyến học phường."
    async with desks.page("anh Tuấn", LAPTOP, ready=False) as page:
        await page.goto("/staff/hop-thu")
        await _tab_to(page, "Tên đăng nhập")
        await page.keyboard.type("anh Tuấn")
        await page.keyboard.press("Tab")
        await page.keyboard.type("mật khẩu rất dài")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/staff/hop-thu")
        row = page.locator(f'a[href="{path_of(talks.web(1))}"]').first
        await _tab_to(page, " ".join((await row.text_content() or "").split()))
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**{path_of(talks.web(1))}")
        await _tab_to(page, TAKE)
        await page.keyboard.press("Enter")
        await expect(page.get_by_label(ANSWER, exact=True)).to_be_visible()
        await _tab_to(page, ANSWER)
        await page.keyboard.type(words)
        await _tab_to(page, "Gửi trả lời")
        await page.keyboard.press("Enter")
        await expect(page.locator(".line.officer").last).to_contain_text(words)
        await expect(page.locator(".line.officer").last).to_contain_text("đã gửi")


async def test_a_low_window_hides_no_entry_of_the_menu(desks: Desks) -> None:
    """What does not fit comes into view by key, and whoever wants to leave sees how at once."""
    async with desks.page("cô Lan", (1280, 460)) as page:
        await page.goto("/staff/")
        last = page.locator("nav.wide a", has_text="Nhật ký")
        await expect(last).not_to_be_in_viewport()
        await last.focus()
        await expect(last).to_be_in_viewport(ratio=1)
        await expect(page.locator("nav.wide .leave button")).to_be_in_viewport(ratio=1)


async def test_each_role_finds_its_own_pages_in_the_menu_and_no_other(house: Furnished, desks: Desks) -> None:
    """What a menu offers opens; what a role may not do is not offered."""
    seen: dict[str, list[str]] = {}
    for name in ("cô Lan", "thầy Minh", "chị Hoa", "bác Tư"):
        async with desks.page(name) as page:
            await page.goto("/staff/")
            links = page.locator("nav.wide a")
            paths = [await link.get_attribute("href") or "" for link in await links.all()]
            for path in paths:
                answer = await page.goto(path)
                assert answer is not None
                assert answer.status == 200, (name, path)
            seen[name] = paths
    assert len(seen["cô Lan"]) == max(map(len, seen.values()))
    assert "/staff/hop-thu" not in seen["bác Tư"] + seen["thầy Minh"]
