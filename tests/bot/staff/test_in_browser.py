"""The console in a real Chromium: it keeps itself fresh, loses no draft, and fits a small phone."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, async_playwright, expect

from bot.dialogue.turn import Mode, Outcome
from bot.staff.access import COOKIE
from bot.store import conversations
from bot.store.outbox import State
from bot.store.staff import Role
from connectors.message import Attachment
from tests.bot.staff.conftest import LAN, PATH, Console

pytestmark = pytest.mark.browser
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


@pytest.fixture
async def page(console: Console) -> AsyncIterator[Page]:
    """A signed-in agent's page on which no script may fail and the policy stops nothing."""
    await console.become(Role.AGENT)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        context = await browser.new_context(
            base_url=str(console.client.make_url("/")), viewport={"width": 360, "height": 740}
        )
        await context.add_cookies(
            [{"name": COOKIE, "value": console.secret, "url": str(console.client.make_url("/staff"))}]
        )
        opened = await context.new_page()
        errors: list[str] = []
        opened.on("pageerror", lambda error: errors.append(str(error)))
        opened.on(
            "console",
            lambda told: errors.append(told.text) if "Content Security Policy" in told.text else None,
        )
        yield opened
        assert not errors
        await browser.close()


async def test_a_new_line_appears_by_itself_and_the_draft_stays(console: Console, page: Page) -> None:
    await console.hear("Xin chào", mode=Mode.PERSON)
    await page.goto(PATH)
    await page.fill("#loi", "Chào bác, Hội đang")
    await console.hear("Tôi hỏi thêm", mode=Mode.PERSON)
    await expect(page.get_by_text("Tôi hỏi thêm")).to_be_visible(timeout=12_000)
    await expect(page.locator("#loi")).to_have_value("Chào bác, Hội đang")
    await expect(page.locator("[data-changed]")).to_be_hidden()
    await console.database.write(lambda c: conversations.set_mode(c, LAN, Mode.BOT, console.clock()))
    await expect(page.locator("[data-changed]")).to_be_visible(timeout=12_000)
    await expect(page.locator("#loi")).to_have_value("Chào bác, Hội đang")


async def test_taking_over_and_answering_with_the_keyboard_alone(console: Console, page: Page) -> None:
    await console.hear("Cho tôi gặp cán bộ", mode=Mode.WAITING)
    await page.goto(PATH)
    await page.get_by_role("button", name="Nhận trả lời").press("Enter")
    await page.get_by_label("Trả lời người dân").press_sequentially("Chào bác")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("chờ gửi")).to_be_visible()
    assert await console.sent_by_officers() == ["Chào bác"]


async def test_no_page_is_wider_than_a_small_phone(console: Console, page: Page) -> None:
    long = "nghiêngnghiêng" * 20
    await console.hear(
        long, mode=Mode.WAITING, attachments=(Attachment("file", f"https://a.vn/{long}", long),)
    )
    await console.tell(long, State.FAILED, long[:200])
    await console.hear(long, user="hoa", outcome=Outcome.ABSTAINED)
    await console.hear(long, user="tu", outcome=Outcome.PARKED)
    for path in (
        "/staff/",
        "/staff/hop-thu",
        PATH,
        "/staff/tin-loi",
        "/staff/chua-tra-loi",
        "/staff/khong-co",
    ):
        await page.goto(path)
        too_wide = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert too_wide == 0, path
