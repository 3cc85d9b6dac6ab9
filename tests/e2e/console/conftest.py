"""One furnished house and one browser for everything that is looked at in the console."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from aiohttp import ClientSession, ClientTimeout
from playwright.async_api import Browser, BrowserContext, Page
from yarl import URL

from bot.staff.access import COOKIE
from bot.staff.console import ROLES_OF, add_staff_routes
from bot.store.database import Database
from bot.store.staff import Role
from tests.bot.staff.conftest import Console
from tests.bot.staff.walk import STREAM, Answer, Get, Walk, readable, walk
from tests.conftest import StandingClock
from tests.e2e.furnished import PASSWORD, Furnished, open_furnished
from tests.e2e.furnished.papers import QUESTIONS
from tests.knowledge.ingest.samples import workbook

ADMIN = "cô Lan"
PHONE, LAPTOP = (360, 740), (1280, 800)
PATIENCE = 15_000
"""Milliseconds; the machine that runs this may be busy."""


@cache
def routes_for(role: Role | None) -> tuple[str, ...]:
    """What the program says can be read, from its own table, without starting it."""
    console = Console(Database("sqlite+aiosqlite://"), StandingClock())
    add_staff_routes(console.app, console.desk)
    roles_of = console.app[ROLES_OF]
    return readable(roles_of, role)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house() -> AsyncIterator[Furnished]:
    """The program, filled, running."""
    with tempfile.TemporaryDirectory(prefix="kh-") as folder:
        async with open_furnished(Path(folder), awkward=True) as made:
            yield made


async def sign_in(page: Page, house: Furnished, name: str) -> None:
    """As people do it."""
    await page.goto(f"{house.url}/staff/login")
    await page.get_by_label("Tên đăng nhập").fill(name)
    await page.get_by_label("Mật khẩu").fill(PASSWORD)
    await page.get_by_role("button", name="Đăng nhập").click()
    await page.wait_for_url("**/staff/")


class Desks:
    """Signed-in browsers, by officer: each signs in once."""

    def __init__(self, browser: Browser, house: Furnished) -> None:
        self._browser = browser
        self._house = house
        self._states: dict[str, Any] = {}

    async def state(self, name: str) -> Any:
        """What a browser of this officer keeps."""
        if name not in self._states:
            context = await self._browser.new_context(locale="vi-VN")
            await sign_in(await context.new_page(), self._house, name)
            self._states[name] = await context.storage_state()
            await context.close()
        return self._states[name]

    async def open(
        self, name: str, size: tuple[int, int] = LAPTOP, *, dark: bool = False, ready: bool = True
    ) -> BrowserContext:
        """A browser of this officer; `ready` False: not signed in."""
        width, height = size
        context = await self._browser.new_context(
            base_url=self._house.url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="vi-VN",
            storage_state=await self.state(name) if ready else None,
        )
        context.set_default_timeout(PATIENCE)
        return context

    @asynccontextmanager
    async def page(
        self, name: str, size: tuple[int, int] = LAPTOP, *, ready: bool = True
    ) -> AsyncIterator[Page]:
        """A page on which no script may fail and the policy stops nothing."""
        context = await self.open(name, size, ready=ready)
        try:
            page = await context.new_page()
            errors = errors_on(page)
            yield page
            assert errors == []
        finally:
            await context.close()


def errors_on(page: Page) -> list[str]:
    """Filled with what goes wrong on a page from now on."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda told: errors.append(told.text) if "Content Security Policy" in told.text else None,
    )
    return errors


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desks(browser: Browser, house: Furnished) -> Desks:
    return Desks(browser, house)


@asynccontextmanager
async def reader(house: Furnished, state: Any = None) -> AsyncIterator[Get]:
    """Reads pages without a browser, signed in as whoever's state it is."""
    cookies = {one["name"]: one["value"] for one in (state or {}).get("cookies", ()) if one["name"] == COOKIE}
    async with ClientSession(cookies=cookies, timeout=ClientTimeout(total=30)) as session:

        async def get(path: str) -> Answer:
            address = URL(house.url + path, encoded=True)
            async with session.get(address, allow_redirects=False) as answer:
                is_stream = answer.content_type == STREAM
                body = b"" if is_stream else await answer.read()
                return Answer(answer.status, answer.content_type, answer.headers, body)

        yield get


async def preview_import(page: Page, file: Path, rows: Sequence[Sequence[str]]) -> None:
    """Choose a sheet of questions and have it looked through; nothing is written yet."""
    await page.goto("/staff/cau-hoi/_nhap")
    await page.locator("input[type=file]").set_input_files(workbook(file, rows))
    await page.get_by_role("button", name="Xem trước").click()
    await page.wait_for_url("**/_nhap/*", timeout=60_000)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def walked(house: Furnished, desks: Desks, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Everything an administrator can read, and what is open to anybody, each address once."""
    async with desks.page(ADMIN) as page:
        file = tmp_path_factory.mktemp("nhap") / "cau-hoi.xlsx"
        await preview_import(page, file, QUESTIONS)
        report = urlsplit(page.url).path
        await page.goto("/staff/bao-cao")
        await page.get_by_role("button", name="Lập bản nháp").click()
        await page.wait_for_url("**/staff/bao-cao/*")
    async with reader(house, await desks.state(ADMIN)) as get:
        done = await walk(get, routes_for(Role.ADMIN), [report])
    async with reader(house) as get:
        outside = await walk(get, routes_for(None), house.more.values())
    return Walk(done.routes + outside.routes, done.reached | outside.reached)
