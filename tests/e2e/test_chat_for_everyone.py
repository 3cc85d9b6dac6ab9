"""The page for small screens, keyboards, screen readers, tired eyes and dizzy heads."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.async_api import Browser, Page, expect

from bot.web.chat import ChatSettings, Rhythm
from connectors.message import Card, File, Link, Option, Source, Text
from tests.e2e.conftest import ChatServer, Serve
from tests.e2e.test_chat_page import QUESTION, ask, box, said

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LONG = "Khuyếnhọckhuyếntài" * 12
EVERYTHING = (
    Text(
        f"Một địa chỉ dài https://a.vn/{'x' * 200} và một từ dài {LONG}",
        options=(Option(LONG, "long"), Option("Ngắn", "short")),
        sources=(Source(LONG, LONG, "https://a.vn"),),
        links=(Link(LONG, "https://a.vn"),),
    ),
    Card("Thẻ " + LONG, "Phụ đề", options=(Option("Chọn thẻ", "card"),)),
    File("/nowhere/x.pdf", LONG + ".pdf", "application/pdf", "Phiếu của bạn"),
)

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL_TARGETS = """() => {
  const targets = document.querySelectorAll("button, summary, textarea, .top a, .foot a, .open-link, .file");
  return [...targets].filter((target) => {
    const { width, height } = target.getBoundingClientRect();
    return target.checkVisibility() && (width < 44 || height < 44);
  }).map((target) => target.textContent);
}"""
LOW_CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const part = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = rgba(getComputedStyle(node).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const poor = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    const isShown = node.checkVisibility() && !node.closest("script, noscript");
    if (!texts.currentNode.data.trim() || !isShown) continue;
    const a = light(rgba(getComputedStyle(node).color)), b = light(behind(node));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${texts.currentNode.data.trim()}`);
  }
  return poor;
}"""
UNNAMED = """() => [...document.querySelectorAll("button, a, textarea, input, iframe")].filter((control) => {
  const label = control.labels?.[0]?.textContent ?? "";
  const pictured = control.querySelector("img")?.alt ?? "";
  return !(control.textContent + label + pictured + (control.ariaLabel ?? "") + (control.title ?? "")).trim();
}).map((control) => control.outerHTML)"""
REPEATED_IDS = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  return ids.filter((id, index) => ids.indexOf(id) !== index);
}"""
DANGLING = """() => ["aria-labelledby", "aria-describedby", "for"].flatMap((name) =>
  [...document.querySelectorAll(`[${name}]`)].map((node) => node.getAttribute(name))
    .filter((id) => !document.getElementById(id)))"""


async def test_nothing_runs_off_a_narrow_screen(browser: Browser, serve_chat: Serve) -> None:
    server = await serve_chat(
        ChatSettings(
            association_name="Hội Khuyến học thành phố Hồ Chí Minh",
            zalo_link="https://zalo.me/1",
            facebook_link="https://facebook.com/1",
            rhythm=Rhythm(poll=0.5),
        )
    )
    context = await browser.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True
    )
    page = await context.new_page()
    await page.goto(server.url)
    await expect(box(page)).to_be_in_viewport()
    assert await page.evaluate(SIDEWAYS) <= 0
    assert await page.evaluate(SMALL_TARGETS) == []
    await ask(page, QUESTION)
    await expect(said(page, "bot")).to_have_count(1)
    for part in EVERYTHING:
        server.house.reply(server.conversation, part)
    server.officer_says(LONG)
    await expect(said(page, "officer")).to_be_visible()
    for fold in await page.locator("summary").all():
        await fold.click()
    assert await page.evaluate(SIDEWAYS) <= 0
    assert await page.locator("#chat-scroll").evaluate("(log) => log.scrollWidth - log.clientWidth") <= 0
    assert await page.evaluate(SMALL_TARGETS) == []
    await expect(box(page)).to_be_in_viewport()
    await page.locator("#chat-scroll").evaluate(
        "(log) => new Promise((done) => { log.scrollTop = log.scrollHeight; setTimeout(done, 200); })"
    )
    # An on-screen keyboard takes more than half of the screen; line and composer must both remain.
    await page.set_viewport_size({"width": 360, "height": 340})
    await box(page).focus()
    await expect(box(page)).to_be_in_viewport()
    await expect(said(page, "officer")).to_be_in_viewport()
    await context.close()


async def test_everything_is_reached_and_done_by_keyboard(page: Page, chat_server: ChatServer) -> None:
    await page.goto(chat_server.url)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Đến ô nhập câu hỏi")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(box(page)).to_be_focused()
    await page.keyboard.type(QUESTION)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("group", name="Lựa chọn")).to_be_visible()
    await page.keyboard.press("Shift+Tab")
    await expect(page.get_by_role("button", name="Gặp người thật").first).to_be_focused()
    ring = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid"
    for _ in range(3):
        await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Quyết định 324/QĐ-KHVN năm 2023")).to_be_visible()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await expect(said(page, "bot").last).to_have_text("Tôi đã nghe: faq:chi-so")
    await expect(box(page)).to_be_focused()


async def test_a_screen_reader_hears_who_says_what(page: Page, chat_server: ChatServer) -> None:
    await page.goto(chat_server.url)
    log = page.get_by_role("log", name="Tin nhắn")
    await expect(log).to_have_attribute("aria-live", "polite")
    assert await page.locator("html").get_attribute("lang") == "vi"
    await ask(page, QUESTION)
    await expect(said(page, "bot")).to_have_count(1)
    chat_server.officer_says("Tôi đây.")
    await expect(said(page, "officer")).to_be_visible()
    spoken = await log.aria_snapshot()
    for words in ("Bạn", QUESTION, "Trợ lý", "Cán bộ Hội", "Tôi đây."):
        assert words in spoken
    assert await page.evaluate(UNNAMED) == []
    assert await page.evaluate(REPEATED_IDS) == []
    assert await page.evaluate(DANGLING) == []
    assert await page.get_by_role("heading", level=1).count() == 1
    assert await page.locator("img:not([alt])").count() == 0
    # What was said before is not read out again after a reload, what comes then is.
    await page.reload()
    await expect(said(page, "officer")).to_be_visible()
    await expect(log).to_have_attribute("aria-live", "polite")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_word_stands_out_from_its_ground(
    page: Page, chat_server: ChatServer, scheme: Literal["light", "dark"]
) -> None:
    await page.emulate_media(color_scheme=scheme)
    await page.goto(chat_server.url)
    await ask(page, QUESTION)
    await expect(said(page, "bot")).to_have_count(1)
    await page.get_by_text("Nguồn (2)").click()
    await page.get_by_role("group", name="Lựa chọn").get_by_role("button").first.click()
    for part in EVERYTHING:
        chat_server.house.reply(chat_server.conversation, part)
    chat_server.officer_says("Xem https://a.vn nhé")
    await expect(said(page, "officer")).to_be_visible()
    assert await page.evaluate(LOW_CONTRAST) == []


async def test_who_asks_for_rest_sees_nothing_move(page: Page, chat_server: ChatServer) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await page.goto(chat_server.url)
    await ask(page, "xin chào")
    await expect(said(page, "bot")).to_have_count(1)
    chat_server.think_seconds = 2.0
    await ask(page, "xin chào lần nữa")
    await expect(page.locator("#chat-typing.on")).to_be_visible()
    assert await page.evaluate("document.getAnimations().length") == 0


async def test_a_line_that_comes_while_reading_above_does_not_pull_the_page_down(
    page: Page, chat_server: ChatServer
) -> None:
    await page.goto(chat_server.url)
    for number in range(8):
        await ask(page, f"{QUESTION} {number}")
        await expect(said(page, "bot")).to_have_count(number + 1)
    await page.locator("#chat-scroll").evaluate("(log) => { log.scrollTop = 0; }")
    chat_server.officer_says("Tôi đây.")
    await expect(page.get_by_role("button", name="Tin mới")).to_be_visible()
    assert await page.locator("#chat-scroll").evaluate("(log) => log.scrollTop") == 0
    await page.get_by_role("button", name="Tin mới").click()
    await expect(said(page, "officer")).to_be_in_viewport()
    await expect(page.get_by_role("button", name="Tin mới")).to_be_hidden()
