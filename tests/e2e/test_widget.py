"""The chat on somebody else's page: one script tag, and nothing left behind there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import FrameLocator, Page, expect

from bot.web.chat import ChatSettings, Rhythm
from tests.e2e.conftest import ChatServer, Serve

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LABEL = "Hỏi Trợ lý khuyến học"


class Host:
    """A foreign site with a strict policy of its own, showing the widget of `chat`."""

    def __init__(self) -> None:
        self.port = 0
        self.chat = ""

    async def serve(self, _: web.Request) -> web.Response:
        policy = f"default-src 'none'; script-src {self.chat}; frame-src {self.chat}; img-src 'self' data:"
        page = (
            '<!doctype html><html lang="vi"><head><title>Trang xã</title><link rel="icon" href="data:,">'
            '</head><body><h1>Trang xã</h1><a href="#">Liên kết</a>'
            f'<script src="{self.chat}/widget.js" defer></script></body></html>'
        )
        return web.Response(text=page, content_type="text/html", headers={"Content-Security-Policy": policy})


@pytest_asyncio.fixture(loop_scope="session")
async def host() -> AsyncIterator[Host]:
    made = Host()
    app = web.Application()
    app.router.add_get("/", made.serve)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


async def chat_for(serve_chat: Serve, host: Host, origin: str) -> ChatServer:
    server = await serve_chat(ChatSettings(allowed_origins=(origin,), rhythm=Rhythm(poll=0.5)))
    host.chat = server.url
    return server


async def ask_inside(page: Page, text: str) -> None:
    """Open the widget and send one message, as fast as a person can but not faster than its script."""
    await page.get_by_role("button", name=LABEL).click()
    box = inside(page).get_by_role("textbox")
    await expect(box).to_be_focused()
    await box.fill(text)
    await box.press("Enter")


def inside(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


async def test_the_widget_opens_answers_and_closes_by_keyboard(
    page: Page, serve_chat: Serve, host: Host
) -> None:
    server = await chat_for(serve_chat, host, f"http://127.0.0.1:{host.port}")
    await page.goto(f"http://127.0.0.1:{host.port}/")
    button = page.get_by_role("button", name=LABEL)
    await expect(button).to_have_attribute("aria-expanded", "false")
    assert await page.locator("iframe").count() == 0
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(button).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name=LABEL)).to_be_visible()
    box = inside(page).get_by_role("textbox", name="Câu hỏi của bạn")
    await expect(box).to_be_focused()
    await page.keyboard.type("xin chào từ trang xã")
    await page.keyboard.press("Enter")
    await expect(inside(page).get_by_text("Tôi đã nghe: xin chào từ trang xã")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog", name=LABEL)).to_be_hidden()
    await expect(button).to_be_focused()
    server.officer_says("Tin khi khung đang đóng")
    await expect(page.locator("button.news")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(inside(page).get_by_text("Tin khi khung đang đóng")).to_be_visible()
    await page.get_by_role("button", name="Đóng khung trò chuyện").click()
    await expect(page.get_by_role("dialog", name=LABEL)).to_be_hidden()
    assert await page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]


async def test_the_conversation_is_there_again_on_the_next_page(
    page: Page, serve_chat: Serve, host: Host
) -> None:
    await chat_for(serve_chat, host, f"http://127.0.0.1:{host.port}")
    await page.goto(f"http://127.0.0.1:{host.port}/")
    await ask_inside(page, "còn đây không?")
    await expect(inside(page).get_by_text("Tôi đã nghe: còn đây không?")).to_be_visible()
    await page.reload()
    await page.get_by_role("button", name=LABEL).click()
    await expect(inside(page).get_by_text("Tôi đã nghe: còn đây không?")).to_be_visible()


async def test_on_a_phone_the_open_chat_fills_the_screen_and_can_be_closed(
    page: Page, serve_chat: Serve, host: Host
) -> None:
    await chat_for(serve_chat, host, f"http://127.0.0.1:{host.port}")
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(f"http://127.0.0.1:{host.port}/")
    await page.get_by_role("button", name=LABEL).click()
    await expect(inside(page).get_by_role("textbox")).to_be_visible()
    place = await page.locator("iframe").bounding_box()
    assert place == {"x": 0, "y": 0, "width": 360, "height": 740}
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await page.get_by_role("button", name="Đóng khung trò chuyện").click()
    await expect(page.locator("iframe")).to_be_hidden()


async def test_a_site_that_is_not_allowed_shows_no_chat(page: Page, serve_chat: Serve, host: Host) -> None:
    await chat_for(serve_chat, host, "https://another.example.vn")
    refused: list[str] = []
    stranger = await page.context.new_page()
    stranger.on("console", lambda message: refused.append(message.text))
    await stranger.goto(f"http://127.0.0.1:{host.port}/")
    await stranger.get_by_role("button", name=LABEL).click()
    await expect(stranger.get_by_role("dialog", name=LABEL)).to_be_visible()
    assert await inside(stranger).get_by_role("textbox").count() == 0
    await stranger.wait_for_timeout(500)
    assert any("frame-ancestors" in text for text in refused)
    assert await inside(stranger).get_by_role("textbox").count() == 0


async def test_where_the_browser_keeps_no_cookie_the_visitor_is_told(
    page: Page, serve_chat: Serve, host: Host
) -> None:
    # localhost and 127.0.0.1 are two sites to a browser, and without https no cookie crosses over.
    await chat_for(serve_chat, host, f"http://localhost:{host.port}")
    await page.goto(f"http://localhost:{host.port}/")
    await ask_inside(page, "xin chào")
    await expect(inside(page).get_by_text("Trình duyệt không cho giữ cuộc trò chuyện ở đây.")).to_be_visible()
    await expect(inside(page).get_by_role("link", name="Mở trang trò chuyện riêng")).to_be_visible()
