"""A real Chromium and a chat server to drive it against.

`chat_server` is the chat's handlers with a house in memory and a small scripted assistant, so that a test
can make it slow, silent or absent at will.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from bot.web.chat import Author, ChatSettings, Rhythm, add_chat_routes
from connectors.message import ConversationId, InboundEvent, Option, Source, Text
from tests.bot.web.house import FakeHouse

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"

ANSWER = Text(
    "Bạn đạt khi tổng điểm từ 80 trở lên và không chỉ số nào dưới 5 điểm.\n\nCó 3 nhóm năng lực:\n"
    "- Tự học và học tập suốt đời\n- Sử dụng công cụ học tập, làm việc\n- Xây dựng các mối quan hệ xã hội",
    options=(
        Option("Bộ tiêu chí có những chỉ số nào?", "faq:chi-so"),
        Option("Cần chuẩn bị minh chứng gì?", "faq:minh-chung"),
        Option("Gặp người thật", "person"),
    ),
    sources=(
        Source("Quyết định 324/QĐ-KHVN năm 2023", "phần cách tính điểm", "https://hoikhuyenhoc.vn/324"),
        Source("Quyết định 677/QĐ-TTg ngày 03/6/2022", "mục tiêu đến năm 2030"),
    ),
)


@dataclass
class ChatServer:
    """A running chat and the strings by which a test pulls it."""

    runner: web.AppRunner
    port: int
    house: FakeHouse
    heard: list[InboundEvent] = field(default_factory=list)
    think_seconds: float = 0.15
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def conversation(self) -> ConversationId:
        """The conversation of the last message heard."""
        conversation = self.heard[-1].conversation
        assert conversation is not None
        return conversation

    def officer_says(self, text: str) -> None:
        self.house.reply(self.conversation, text, Author.OFFICER)

    def hear(self, event: InboundEvent) -> None:
        self.heard.append(event)
        task = asyncio.create_task(self._answer(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, event: InboundEvent) -> None:
        conversation = event.conversation
        assert conversation is not None
        self.house.nudge(conversation.key, "typing")
        await asyncio.sleep(self.think_seconds)
        if "điểm" in event.text:
            self.house.reply(conversation, ANSWER)
        else:
            self.house.reply(conversation, f"Tôi đã nghe: {event.payload or event.text}")

    async def stop(self) -> None:
        """Close the port and finish. Harmless a second time."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.runner.cleanup()


Serve = Callable[..., Awaitable[ChatServer]]


@pytest_asyncio.fixture(loop_scope="session")
async def serve_chat() -> AsyncIterator[Serve]:
    """Start chat servers; `port` starts one again where it was, `house` with what it knew."""
    running: list[ChatServer] = []

    async def serve(
        settings: ChatSettings | None = None, house: FakeHouse | None = None, port: int = 0
    ) -> ChatServer:
        house = house or FakeHouse(lambda: datetime.now(UTC))
        app = web.Application()
        add_chat_routes(
            app, settings or ChatSettings(rhythm=Rhythm(poll=0.5, retry=0.3)), house, house, house
        )
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        server = ChatServer(runner, int(runner.addresses[0][1]), house)
        house.on_event = server.hear
        running.append(server)
        return server

    yield serve
    for server in running:
        await server.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def chat_server(serve_chat: Serve) -> ChatServer:
    return await serve_chat()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium, hence one event loop, for all tests: starting it takes longer than most of them."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh browser profile on a laptop."""
    opened = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="vi-VN")
    opened.set_default_timeout(10_000)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A page on which no script may fail and nothing may be stopped by the security policy."""
    opened = await context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on(
        "console",
        lambda message: errors.append(message.text) if "Content Security Policy" in message.text else None,
    )
    yield opened
    assert not errors
