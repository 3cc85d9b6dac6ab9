"""The whole program as a citizen meets it: `khuyenhoc serve`, a real store, a real browser."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientError, ClientSession
from playwright.async_api import Page, expect

from bot.web.chat import ChatSettings
from tests.e2e.test_chat_page import ask, box, said

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CHECKOUT = Path(__file__).parents[2]
KHUYENHOC = Path(sys.executable).with_name("khuyenhoc")
READY_SECONDS = 90
"""Two seconds on a quiet machine."""


class Program:
    """One installation in a folder of its own, on one port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.environment: dict[str, str] = {}
        """Settings on top of those a test needs; taken at the next start."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self._process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def data_dir(self) -> Path:
        return self._folder / "data"

    async def start(self) -> None:
        """Returns once it takes messages."""
        self._process = await asyncio.create_subprocess_exec(
            str(KHUYENHOC), "serve", "--port", str(self._port), "--data-dir", str(self.data_dir),
            cwd=self._folder,  # away from the developer's .env
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self._folder),
                "LANG": "C.UTF-8",
                "EMBEDDER": "none",
                "PYTHONPATH": str(CHECKOUT),  # this checkout, wherever the program was installed from
                **self.environment,
            },
            stdout=DEVNULL, stderr=DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(READY_SECONDS), ClientSession() as session:
            while not await self._is_ready(session):
                assert self._process.returncode is None, "the program ended by itself"
                await asyncio.sleep(0.1)

    async def hire(self, name: str, role: str, password: str) -> None:
        """Give somebody an account of the staff console."""
        command = [str(KHUYENHOC), "staff", "add", name, "--role", role, "--password", password]
        process = await asyncio.create_subprocess_exec(
            *command, "--data-dir", str(self.data_dir), cwd=self._folder, stdout=DEVNULL,
            env={"PATH": os.environ["PATH"], "HOME": str(self._folder), "PYTHONPATH": str(CHECKOUT)},
        )  # fmt: skip
        assert await process.wait() == 0

    async def stop(self) -> int:
        """Ctrl-C. Returns the exit status."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        return await asyncio.wait_for(process.wait(), 10)

    async def _is_ready(self, session: ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/readyz") as response:
                return response.status == 200
        except ClientError:
            return False


@pytest_asyncio.fixture(loop_scope="session")
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    made = Program(tmp_path)
    await made.start()
    yield made
    await made.stop()


async def test_a_citizen_asks_without_accents_presses_and_comes_back(page: Page, program: Program) -> None:
    await page.goto(program.url)
    await ask(page, "cong dan hoc tap la gi")
    await expect(said(page, "bot")).to_contain_text("Công dân học tập là")
    await said(page, "bot").locator("summary").click()
    await expect(said(page, "bot").get_by_role("listitem").first).to_be_visible()
    option = page.get_by_role("group", name="Lựa chọn").first.get_by_role("button").first
    label = await option.text_content()
    assert label
    await option.click()
    await expect(said(page, "citizen").last).to_have_text(label)
    await expect(said(page, "bot")).to_have_count(2)
    await page.reload()
    await expect(said(page, "citizen")).to_have_text(["cong dan hoc tap la gi", label])
    await expect(said(page, "bot")).to_have_count(2)


async def test_every_example_on_the_page_gets_an_answer_with_sources(page: Page, program: Program) -> None:
    await page.goto(program.url)
    for number, question in enumerate(ChatSettings().examples, 1):
        await page.locator(".example").get_by_text(question, exact=True).click()
        await expect(said(page, "bot")).to_have_count(number)
        await expect(said(page, "bot").last.locator("summary"), question).to_be_attached()


async def test_a_restart_in_the_middle_loses_nothing(page: Page, program: Program) -> None:
    await page.goto(program.url)
    await ask(page, "xin chào")
    await expect(said(page, "bot")).to_have_count(1)
    assert await program.stop() == 0
    await ask(page, "Bao nhiêu điểm thì đạt Công dân học tập?")
    await expect(page.get_by_text("Chưa gửi", exact=True)).to_be_visible()
    await program.start()
    await expect(said(page, "bot").last).to_contain_text("80", timeout=20_000)
    await expect(said(page, "bot")).to_have_count(2)
    await expect(box(page)).to_be_enabled()
