"""A citizen at the landing page: writes, presses, reloads, loses the network, comes back."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, Locator, Page, Route, expect

from bot.web.chat import ChatSettings, Rhythm
from connectors.message import EventKind, Link, Text
from tests.e2e.conftest import ChatServer, Serve

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

QUESTION = "Bao nhiêu điểm thì đạt Công dân học tập?"


def box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Câu hỏi của bạn")


def said(page: Page, author: str) -> Locator:
    return page.locator(f'.line[data-author="{author}"] .bubble')


async def ask(page: Page, text: str) -> None:
    await box(page).fill(text)
    await box(page).press("Enter")


async def test_a_question_is_sent_and_answered_with_sources(page: Page, chat_server: ChatServer) -> None:
    await page.goto(chat_server.url)
    await ask(page, QUESTION)
    await expect(said(page, "citizen")).to_have_text(QUESTION)
    await expect(said(page, "bot")).to_contain_text("từ 80 trở lên")
    await expect(box(page)).to_be_focused()
    await expect(box(page)).to_have_value("")
    source = page.get_by_role("link", name="Quyết định 324/QĐ-KHVN năm 2023")
    await expect(source).to_be_hidden()
    await page.get_by_text("Nguồn (2)").click()
    await expect(source).to_be_visible()
    assert await source.get_attribute("rel") == "noopener noreferrer nofollow"


async def test_typing_is_shown_until_the_answer_is_there(page: Page, chat_server: ChatServer) -> None:
    await page.goto(chat_server.url)
    await ask(page, "xin chào")
    await expect(said(page, "bot")).to_have_count(1)
    chat_server.think_seconds = 2.0
    await ask(page, "bạn ơi")
    await expect(page.get_by_text("Trợ lý đang soạn câu trả lời")).to_be_visible()
    await expect(said(page, "bot").last).to_have_text("Tôi đã nghe: bạn ơi")
    await expect(page.get_by_text("Trợ lý đang soạn câu trả lời")).to_be_hidden()


async def test_shift_enter_begins_a_line_and_enter_sends(page: Page, chat_server: ChatServer) -> None:
    await page.goto(chat_server.url)
    await box(page).press_sequentially("dòng một")
    await box(page).press("Shift+Enter")
    await box(page).press_sequentially("dòng hai")
    await expect(said(page, "citizen")).to_have_count(0)
    await box(page).press("Enter")
    await expect(said(page, "bot")).to_be_visible()
    assert [event.text for event in chat_server.heard] == ["dòng một\ndòng hai"]


async def test_enter_that_ends_a_composition_does_not_send(page: Page, chat_server: ChatServer) -> None:
    await page.goto(chat_server.url)
    await box(page).fill("tiếng Việ")
    for signs in ({"isComposing": True}, {"keyCode": 229}):
        await box(page).dispatch_event("keydown", {"key": "Enter", "bubbles": True, **signs})
    await expect(said(page, "citizen")).to_have_count(0)
    await expect(box(page)).to_have_value("tiếng Việ")
    await box(page).press("Enter")
    await expect(said(page, "citizen")).to_have_count(1)


async def test_an_example_starts_the_chat(page: Page, chat_server: ChatServer) -> None:
    await page.goto(chat_server.url)
    await page.get_by_role("button", name="Gia đình học tập là gì?").click()
    await expect(said(page, "citizen")).to_have_text("Gia đình học tập là gì?")
    await page.get_by_role("button", name="Gặp người thật").last.click()
    await expect(said(page, "bot").last).to_have_text("Tôi đã nghe: Tôi muốn gặp người thật")


async def test_a_pressed_choice_is_sent_once_and_marked_also_after_a_reload(
    page: Page, chat_server: ChatServer
) -> None:
    await page.goto(chat_server.url)
    await ask(page, QUESTION)
    group = page.get_by_role("group", name="Lựa chọn")
    await group.get_by_role("button", name="Cần chuẩn bị minh chứng gì?").dblclick(timeout=3000)
    await expect(said(page, "bot").last).to_have_text("Tôi đã nghe: faq:minh-chung")
    assert [event.payload for event in chat_server.heard] == ["", "faq:minh-chung"]
    assert chat_server.heard[-1].kind is EventKind.CHOICE
    for _ in range(2):
        chosen = group.get_by_role("button", name="Cần chuẩn bị minh chứng gì? (đã chọn)")
        await expect(chosen).to_be_disabled()
        for button in await group.get_by_role("button").all():
            await expect(button).to_be_disabled()
        await page.reload()


async def test_a_reload_shows_the_conversation_and_goes_on(page: Page, chat_server: ChatServer) -> None:
    await page.goto(chat_server.url)
    await ask(page, QUESTION)
    await expect(said(page, "bot")).to_have_count(1)
    await page.reload()
    await expect(said(page, "citizen")).to_have_text(QUESTION)
    await expect(said(page, "bot")).to_have_count(1)
    chat_server.officer_says("Chào bạn, tôi ở Hội đây.")
    await expect(said(page, "officer")).to_have_text("Chào bạn, tôi ở Hội đây.")
    await expect(page.get_by_text("Cán bộ Hội", exact=True)).to_be_visible()


async def test_two_tabs_show_one_conversation(
    page: Page, context: BrowserContext, chat_server: ChatServer
) -> None:
    await page.goto(chat_server.url)
    await ask(page, "từ tab một")
    await expect(said(page, "bot")).to_have_count(1)
    other = await context.new_page()
    await other.goto(chat_server.url)
    await expect(said(other, "citizen")).to_have_text("từ tab một")
    await ask(other, "từ tab hai")
    await expect(said(page, "citizen").last).to_have_text("từ tab hai")
    await expect(said(page, "bot").last).to_have_text("Tôi đã nghe: từ tab hai")
    await expect(said(other, "citizen")).to_have_count(2)


async def test_what_is_written_offline_is_kept_and_sent_once_online(
    page: Page, context: BrowserContext, chat_server: ChatServer
) -> None:
    await page.goto(chat_server.url)
    await ask(page, "khi còn mạng")
    await expect(said(page, "bot")).to_have_count(1)
    await context.set_offline(True)
    await ask(page, "mất mạng một")
    await ask(page, "mất mạng hai")
    await expect(page.get_by_text("Chưa gửi", exact=True)).to_have_count(2)
    await expect(page.get_by_text("Bạn đang ngoại tuyến.")).to_be_visible()
    await context.set_offline(False)
    await expect(said(page, "bot").last).to_have_text("Tôi đã nghe: mất mạng hai")
    await expect(page.get_by_text("Chưa gửi", exact=True)).to_have_count(0)
    await expect(page.get_by_text("Bạn đang ngoại tuyến.")).to_have_count(0)
    assert [event.text for event in chat_server.heard] == ["khi còn mạng", "mất mạng một", "mất mạng hai"]


async def test_an_unsent_message_survives_a_reload(page: Page, chat_server: ChatServer) -> None:
    await page.goto(chat_server.url)
    chat_server.house.is_away = True
    await ask(page, "kho đang nghỉ")
    await expect(page.get_by_text("Chưa gửi", exact=True)).to_be_visible()
    await page.reload()
    await expect(said(page, "citizen")).to_have_text("kho đang nghỉ")
    await expect(page.get_by_text("Chưa gửi", exact=True)).to_be_visible()
    chat_server.house.is_away = False
    await expect(said(page, "bot")).to_have_text("Tôi đã nghe: kho đang nghỉ")
    assert len(chat_server.heard) == 1


async def test_an_acknowledgement_lost_on_the_way_makes_no_second_message(
    page: Page, chat_server: ChatServer
) -> None:
    await page.goto(chat_server.url)
    await ask(page, "mở đầu")
    await expect(said(page, "bot")).to_have_count(1)
    lost = 0

    async def lose_first_answer(route: Route) -> None:
        nonlocal lost
        if lost:
            await route.continue_()
            return
        lost += 1
        await route.fetch()
        await route.abort()

    await page.route("**/chat/messages*", lose_first_answer)
    async with page.expect_response("**/chat/messages*") as again:
        await ask(page, "chỉ một lần")
    assert (await again.value).status == 202
    await expect(said(page, "citizen")).to_have_count(2)
    await expect(said(page, "bot")).to_have_count(2)
    assert [event.text for event in chat_server.heard] == ["mở đầu", "chỉ một lần"]


async def test_a_restarted_server_loses_nothing(page: Page, serve_chat: Serve) -> None:
    first = await serve_chat()
    await page.goto(first.url)
    await ask(page, "trước khi khởi động lại")
    await expect(said(page, "bot")).to_have_count(1)
    conversation = first.conversation
    await first.stop()
    await ask(page, "trong lúc khởi động lại")
    await expect(page.get_by_text("Chưa gửi", exact=True)).to_be_visible()
    first.house.reply(conversation, "viết lúc máy chủ nghỉ")
    second = await serve_chat(house=first.house, port=first.port)
    await expect(said(page, "bot").last).to_have_text("Tôi đã nghe: trong lúc khởi động lại")
    await expect(said(page, "bot").nth(1)).to_have_text("viết lúc máy chủ nghỉ")
    assert [event.text for event in second.heard] == ["trong lúc khởi động lại"]


async def test_who_writes_too_fast_is_told_and_loses_nothing(page: Page, serve_chat: Serve) -> None:
    server = await serve_chat(ChatSettings(messages_per_minute=1, rhythm=Rhythm(poll=0.5)))
    await page.goto(server.url)
    for text in ("một", "hai", "ba"):
        await ask(page, text)
        await expect(said(page, "citizen").last).to_have_text(text)
    await expect(page.get_by_text("Bạn gửi hơi nhanh").first).to_be_visible()
    await expect(said(page, "citizen")).to_have_count(3)


async def test_text_too_long_is_counted_before_it_is_sent(page: Page, chat_server: ChatServer) -> None:
    await page.goto(chat_server.url)
    await box(page).fill("ệ" * 1990)
    await expect(page.get_by_text("Còn 10 ký tự")).to_be_visible()
    await box(page).fill("ệ" * 2007)
    await expect(page.get_by_text("Dài quá 7 ký tự.")).to_be_visible()
    await box(page).press("Enter")
    await expect(said(page, "citizen")).to_have_count(0)
    await expect(box(page)).to_have_value("ệ" * 2007)


async def test_nothing_anybody_writes_becomes_markup(page: Page, chat_server: ChatServer) -> None:
    attack = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
    await page.goto(chat_server.url)
    await ask(page, attack)
    await expect(said(page, "bot")).to_contain_text(attack)
    chat_server.house.reply(
        chat_server.conversation,
        Text(
            "xem javascript:alert(1) và (https://a.vn/x?y=1), rồi http://b.vn.",
            links=(Link("bấm", "javascript:window.hacked=1"),),
        ),
    )
    await expect(said(page, "bot")).to_have_count(2)
    links = said(page, "bot").last.get_by_role("link")
    await expect(links).to_have_text(["https://a.vn/x?y=1", "http://b.vn"])
    await page.reload()
    await expect(said(page, "citizen")).to_have_text(attack)
    assert await page.evaluate("window.hacked") is None
    assert await page.locator(".line img, .line script").count() == 0


async def test_leaving_shows_an_empty_chat(page: Page, chat_server: ChatServer) -> None:
    await page.goto(chat_server.url)
    await ask(page, "bí mật")
    await expect(said(page, "bot")).to_have_count(1)
    await page.get_by_role("button", name="Kết thúc cuộc trò chuyện trên máy này").click()
    dialog = page.get_by_role("dialog", name="Kết thúc cuộc trò chuyện?")
    await dialog.get_by_role("button", name="Ở lại").click()
    await expect(said(page, "citizen")).to_have_count(1)
    await page.get_by_role("button", name="Kết thúc cuộc trò chuyện trên máy này").click()
    await dialog.get_by_role("button", name="Kết thúc").click()
    await expect(said(page, "citizen")).to_have_count(0)
    await page.reload()
    await expect(page.get_by_text("Chào bạn!")).to_be_visible()
    await expect(said(page, "citizen")).to_have_count(0)
    await ask(page, "bắt đầu lại")
    await expect(said(page, "bot")).to_have_text("Tôi đã nghe: bắt đầu lại")
