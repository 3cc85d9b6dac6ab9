"""Files on the page of a phone: a picture is seen with its words below it, a paper can be kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from bot.sheets import describe
from bot.sheets.card import draw_card
from bot.sheets.paper import draw_paper
from connectors.message import File, Text
from tests.bot.sheets.samples import ASSOCIATION, criteria_set, result
from tests.e2e.conftest import ChatServer
from tests.e2e.test_chat_for_everyone import SIDEWAYS, SMALL_TARGETS
from tests.e2e.test_chat_page import QUESTION, ask, said

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def sheets(tmp_path: Path) -> tuple[File, File]:
    card, paper = tmp_path / "card.png", tmp_path / "paper.pdf"
    card.write_bytes(draw_card(result(), criteria_set(), ASSOCIATION))
    paper.write_bytes(draw_paper(result(), criteria_set(), ASSOCIATION))
    words = describe(result(), criteria_set())
    return (
        File(str(card), "Ket-qua-tu-danh-gia-KH-7Q2M-XA4T.png", "image/png", words),
        File(str(paper), "Phieu-tu-danh-gia-KH-7Q2M-XA4T.pdf", "application/pdf", "Phiếu A4 để in"),
    )


async def opened_on_phone(browser: Browser, server: ChatServer) -> Page:
    context = await browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True)
    page = await context.new_page()
    await page.goto(server.url)
    await ask(page, QUESTION)
    await expect(said(page, "bot")).to_have_count(1)
    return page


async def test_a_card_is_seen_and_a_paper_is_kept(
    browser: Browser, chat_server: ChatServer, sheets: tuple[File, File]
) -> None:
    page = await opened_on_phone(browser, chat_server)
    for part in (*sheets, Text("Hết.")):
        chat_server.house.reply(chat_server.conversation, part)
    picture = page.locator(".picture img")
    await expect(picture).to_be_visible()
    await picture.scroll_into_view_if_needed()
    await expect(picture).to_have_js_property("naturalWidth", 1080)
    await expect(page.get_by_text("86/100 điểm, tự chấm đủ điều kiện đạt")).to_be_visible()
    assert await page.evaluate(SIDEWAYS) <= 0
    assert await page.locator("#chat-scroll").evaluate("(log) => log.scrollWidth - log.clientWidth") <= 0
    assert await page.evaluate(SMALL_TARGETS) == []
    await expect(page.get_by_role("link", name="Xem ảnh lớn")).to_be_visible()
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="Tải về Phieu-tu-danh-gia-KH-7Q2M-XA4T.pdf").click()
    download = await waiting.value
    assert download.suggested_filename == "Phieu-tu-danh-gia-KH-7Q2M-XA4T.pdf"
    await page.context.close()


async def test_a_picture_that_is_gone_leaves_words_in_its_place(
    browser: Browser, chat_server: ChatServer
) -> None:
    page = await opened_on_phone(browser, chat_server)
    gone = File("/nowhere/card.png", "card.png", "image/png", "Thẻ kết quả")
    chat_server.house.reply(chat_server.conversation, gone)
    await expect(said(page, "bot").last).to_contain_text("Chưa tải được ảnh.")
    await expect(page.locator(".picture")).to_have_count(0)
    await page.context.close()
