"""The console in a real Chromium: it hears of changes at once, loses no draft, and fits a small phone."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import Page, async_playwright, expect

from bot.dialogue.turn import Mode, Outcome
from bot.staff.access import COOKIE
from bot.staff.words import handle_of
from bot.store import conversations, schema
from bot.store.database import Database
from bot.store.outbox import State
from bot.store.staff import Role
from connectors.message import Attachment
from tests.bot.staff.conftest import LAN, PATH, Console
from tests.conftest import StandingClock
from tests.shipped import knowledge

pytestmark = pytest.mark.browser
ME = "can-bo-agent"
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


@pytest.fixture
async def others(page: Page, console: Console) -> AsyncIterator[Page]:
    """A colleague's page, in a browser of their own."""
    await console.become(Role.AGENT, "cô Lan")
    assert page.context.browser is not None
    context = await page.context.browser.new_context(base_url=str(console.client.make_url("/")))
    await context.add_cookies(
        [{"name": COOKIE, "value": console.secret, "url": str(console.client.make_url("/staff"))}]
    )
    yield await context.new_page()
    await context.close()


async def test_a_new_line_appears_by_itself_and_the_draft_stays(console: Console, page: Page) -> None:
    await console.hear("Xin chào", mode=Mode.PERSON, officer=ME)
    async with page.expect_response("**/luong"):
        await page.goto(PATH)
    await page.fill("#loi", "Chào bác, Hội đang")
    await console.hear("Tôi hỏi thêm", mode=Mode.PERSON, officer=ME)
    await expect(page.get_by_text("Tôi hỏi thêm")).to_be_visible(timeout=3_000)
    await expect(page.locator("#loi")).to_have_value("Chào bác, Hội đang")
    await expect(page.locator("[data-changed]")).to_be_hidden()
    await console.database.write(lambda c: conversations.set_mode(c, LAN, Mode.BOT, console.clock()))
    await expect(page.locator("[data-changed]")).to_be_visible(timeout=3_000)
    await expect(page.locator("#loi")).to_have_value("Chào bác, Hội đang")
    await page.reload()
    await expect(page.get_by_label("Câu bạn đang viết dở")).to_have_value("Chào bác, Hội đang")


async def test_without_streams_the_page_looks_by_itself(console: Console, page: Page) -> None:
    await console.hear("Xin chào", mode=Mode.WAITING)
    await page.route("**/luong", lambda route: route.abort())
    for path in (PATH, "/staff/hop-thu"):
        await page.goto(path)
        words = f"Tôi hỏi thêm ở {path}"
        await console.hear(words, mode=Mode.WAITING)
        await expect(page.get_by_text(words)).to_be_visible(timeout=12_000)


async def test_the_list_hears_who_begins_to_wait_and_keeps_the_focus(console: Console, page: Page) -> None:
    await console.hear("câu đầu", mode=Mode.WAITING)
    async with page.expect_response("**/luong"):
        await page.goto("/staff/hop-thu")
    first = page.get_by_role("link", name=handle_of(LAN))
    await first.focus()
    await console.hear("cho gặp cán bộ", user="hoa", mode=Mode.WAITING)
    await expect(page.get_by_text("cho gặp cán bộ")).to_be_visible(timeout=3_000)
    await expect(first).to_be_focused()
    await expect(page.locator("[data-news]")).to_contain_text("2 người đang chờ")


async def test_two_officers_press_at_once_and_one_is_told_who_has_it(
    console: Console, page: Page, others: Page
) -> None:
    await console.hear("Cho tôi gặp cán bộ", mode=Mode.WAITING)
    pages = (page, others)
    await asyncio.gather(*(one.goto(PATH) for one in pages))
    await asyncio.gather(*(one.get_by_role("button", name="Nhận trả lời").click() for one in pages))
    for one in pages:
        await expect(one.locator(".standing")).to_contain_text("đang trả lời")
    won = [await one.locator("#loi").count() for one in pages]
    assert sorted(won) == [0, 1]
    winner, loser = (page, others) if won[0] else (others, page)
    name = "Can-bo-agent" if won[0] else "Cô Lan"
    await expect(loser.get_by_text(f"{name} đã nhận cuộc này trước bạn.")).to_be_visible()
    await loser.get_by_text(re.compile("^Nhận thay")).click()
    await loser.get_by_role("button", name="Đúng, tôi nhận thay").click()
    await expect(loser.get_by_label("Trả lời người dân")).to_be_visible()
    # Nothing is written there: what can be done is drawn anew by itself.
    await expect(winner.get_by_text("đang lo cuộc này")).to_be_visible(timeout=3_000)


async def test_a_window_that_closes_while_typing_loses_no_word(console: Console, page: Page) -> None:
    await console.hear("Xin chào", mode=Mode.PERSON, officer=ME)
    heard = console.clock() - console.channel.capabilities.window + timedelta(seconds=3)  # type: ignore[operator]
    t = schema.conversations
    await console.database.write(lambda c: c.execute(t.update().values(last_heard_at=heard)))
    await page.goto(PATH)
    await page.fill("#loi", "Chào bác, Hội đang xem")
    await expect(page.locator("[data-window]")).to_contain_text("chưa đầy 1 phút")
    console.clock.pass_(seconds=4)
    await expect(page.locator("[data-changed]")).to_be_visible(timeout=8_000)
    await page.get_by_role("button", name="Gửi trả lời").click()
    await expect(page.get_by_role("alert")).to_contain_text("Đã hết hạn trả lời")
    await page.get_by_role("button", name="Lưu thành ghi chú").click()
    await expect(page.locator(".notes-list")).to_contain_text("Chào bác, Hội đang xem")
    assert await console.sent_by_officers() == []
    await page.goto(PATH)
    await expect(page.get_by_label("Câu bạn đang viết dở")).to_be_hidden()


async def test_a_draft_outlives_a_reload_and_ends_with_the_answer_or_the_session(
    console: Console, page: Page
) -> None:
    await console.hear("Xin chào", mode=Mode.PERSON, officer=ME)
    await page.goto(PATH)
    await page.fill("#loi", "Chào bác")
    await page.fill("#ghi", "nhớ gọi lại")
    await page.reload()
    await expect(page.locator("#loi")).to_have_value("Chào bác")
    await expect(page.locator("#ghi")).to_have_value("nhớ gọi lại")
    await page.get_by_role("button", name="Gửi trả lời").click()
    await expect(page.get_by_text("chờ gửi")).to_be_visible()
    await expect(page.locator("#loi")).to_have_value("")
    await page.reload()
    await expect(page.locator("#loi")).to_have_value("")
    await expect(page.locator("#ghi")).to_have_value("nhớ gọi lại")
    await page.get_by_text("Danh mục").click()
    await page.get_by_role("button", name="Đăng xuất").click()
    await expect(page).to_have_url(re.compile("/staff/login"))
    assert (
        await page.evaluate("Object.keys(sessionStorage).filter(name => name.startsWith('kh-nhap:'))") == []
    )


async def test_a_ready_answer_is_put_below_what_is_written(
    database: Database, clock: StandingClock, page: Page, console: Console
) -> None:
    base = knowledge()
    known = Console(database, clock)
    known.desk = replace(known.desk, base=lambda: base)
    await known.start()
    await known.hear("Xin chào", mode=Mode.PERSON, officer=ME)
    address = known.client.make_url(PATH)
    await page.context.add_cookies([{"name": COOKIE, "value": console.secret, "url": str(address)}])
    await page.goto(str(address))
    await page.fill("#loi", "Chào bác,")
    await page.get_by_text("Chèn câu trả lời có sẵn").click()
    await page.fill("#tim-cau", "cong dan hoc tap la gi")
    await page.press("#tim-cau", "Enter")
    await page.locator(".ready button").first.click()
    await expect(page.locator("#loi")).to_have_value(re.compile(r"^Chào bác,\n\n.+\nNguồn: ", re.DOTALL))
    await expect(page.locator("#loi")).to_be_focused()
    assert await known.sent_by_officers() == []
    await page.goto("about:blank")
    await known.client.close()


async def test_without_script_looking_for_an_answer_never_sends_what_is_half_written(
    console: Console, page: Page
) -> None:
    await console.hear("Xin chào", mode=Mode.PERSON, officer=ME)
    assert page.context.browser is not None
    context = await page.context.browser.new_context(
        base_url=str(console.client.make_url("/")), java_script_enabled=False
    )
    await context.add_cookies(
        [{"name": COOKIE, "value": console.secret, "url": str(console.client.make_url("/staff"))}]
    )
    bare = await context.new_page()
    await bare.goto(PATH)
    await bare.fill("#loi", "Chào bác, Hội đang")
    await bare.get_by_text("Chèn câu trả lời có sẵn").click()
    await bare.fill("#tim-cau", "học bổng")
    await bare.press("#tim-cau", "Enter")
    await expect(bare.get_by_text("Chưa có câu nào giống “học bổng”")).to_be_visible()
    await expect(bare.locator("#loi")).to_have_value("Chào bác, Hội đang")
    assert await console.sent_by_officers() == []
    await context.close()


async def test_taking_over_and_answering_with_the_keyboard_alone(console: Console, page: Page) -> None:
    await console.hear("Cho tôi gặp cán bộ", mode=Mode.WAITING)
    await page.goto(PATH)
    await page.get_by_role("button", name="Nhận trả lời").press("Enter")
    await page.get_by_label("Trả lời người dân").press_sequentially("Chào bác")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("chờ gửi")).to_be_visible()
    assert await console.sent_by_officers() == ["Chào bác"]


async def test_what_was_folded_open_stays_open_when_something_new_is_said(
    console: Console, page: Page
) -> None:
    await console.hear("Xin chào", mode=Mode.WAITING)
    event = int(str((await console.rows(schema.inbound_events))[0]["id"]))
    await console.tell("Chào bạn", event_id=event)
    async with page.expect_response("**/luong"):
        await page.goto(PATH)
    await page.get_by_text("Vì sao trợ lý trả lời thế này").click()
    await console.hear("Tôi hỏi thêm", mode=Mode.WAITING)
    await expect(page.get_by_text("Tôi hỏi thêm")).to_be_visible(timeout=3_000)
    await expect(page.get_by_text("Trả lời theo nội dung có sẵn.")).to_be_visible()


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
        "/staff/hop-thu?tim=nghieng",
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
