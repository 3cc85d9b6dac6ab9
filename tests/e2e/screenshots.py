"""Pictures of the console for the guide: `python -m tests.e2e.screenshots docs/anh`.

The furnished house is filled, served and photographed in a real Chromium, always at the same size and in
the light. Pictures are kept small: few colours, no page that is longer than what the guide talks about.
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from bot.staff.inbox import path_of
from tests.e2e.conftest import CHROMIUM
from tests.e2e.furnished import PASSWORD, Furnished, open_furnished, talks

LAPTOP, WIDE, PHONE = (1080, 720), (1280, 800), (360, 720)
MOST_BYTES = 80_000
COLOURS = (64, 32, 16)
"""Tried in this order until a picture is small enough."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: who looks at what."""

    name: str
    path: str
    officer: str = "cô Lan"
    """Empty: nobody is signed in."""
    size: tuple[int, int] = LAPTOP
    prepare: Callable[[Page], Awaitable[None]] | None = None
    """What is done on the page before the picture is taken."""


async def _answer_half_written(page: Page) -> None:
    await page.get_by_label("Trả lời người dân").fill(
        "Bác mang giấy báo nhập học và giấy xác nhận hộ cận nghèo ra văn phòng Hội nhé."
    )


async def _down_to_the_button(page: Page) -> None:
    await page.get_by_role("button", name="Nhận trả lời").evaluate(
        "one => one.scrollIntoView({block: 'end'})"
    )
    await page.mouse.wheel(0, 60)
    await page.wait_for_timeout(300)


async def _ask(page: Page) -> None:
    await page.get_by_label("Câu muốn thử").last.fill("bao nhieu diem thi dat")
    await page.get_by_role("button", name="Hỏi", exact=True).last.click()
    await page.get_by_text("Vì sao trả lời như vậy").last.wait_for()


PICTURES = (
    Picture("dang-nhap", "/staff/login", ""),
    Picture("hom-nay", "/staff/"),
    Picture("hop-thu", "/staff/hop-thu", "chị Hoa"),
    Picture("tra-loi", path_of(talks.zalo(2)), "chị Hoa", prepare=_answer_half_written),
    Picture("tra-loi-dien-thoai", path_of(talks.zalo(1)), "chị Hoa", PHONE, _down_to_the_button),
    Picture("sua-cau", "/staff/cau-hoi/tuan-le", "thầy Minh", WIDE),
    Picture("hoi-thu", "/staff/hoi-thu", "thầy Minh", prepare=_ask),
    Picture("chua-tra-loi", "/staff/chua-tra-loi", "thầy Minh"),
    Picture("van-ban", "/staff/van-ban", "thầy Minh"),
    Picture("xem-lai", "/staff/van-ban/xem-lai", "thầy Minh", WIDE),
    Picture("tu-danh-gia", "/staff/tu-danh-gia"),
    Picture("nguoi-dung", "/staff/nguoi-dung"),
    Picture("gio-lam-viec", "/staff/cai-dat/gio-lam-viec", size=WIDE),
)


async def take(picture: Picture, browser: Browser, house: Furnished) -> bytes:
    """The page as a PNG of few colours."""
    width, height = picture.size
    context = await browser.new_context(
        base_url=house.url,
        viewport={"width": width, "height": height},
        color_scheme="light",
        reduced_motion="reduce",
        locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh",
    )
    try:
        page = await context.new_page()
        if picture.officer:
            await page.goto("/staff/login")
            await page.get_by_label("Tên đăng nhập").fill(picture.officer)
            await page.get_by_label("Mật khẩu").fill(PASSWORD)
            await page.get_by_role("button", name="Đăng nhập").click()
            await page.wait_for_url("**/staff/")
        answer = await page.goto(picture.path)
        if answer is None or answer.status != 200:
            raise SystemExit(f"{picture.name}: {picture.path} is not there")
        if picture.prepare is not None:
            await picture.prepare(page)
        await page.evaluate("document.fonts.ready.then(() => true)")
        return small(await page.screenshot(animations="disabled", caret="hide"))
    finally:
        await context.close()


def small(shot: bytes) -> bytes:
    """The same picture in as many colours as its size allows. Raises ValueError when none do."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    for colours in COLOURS:
        out = io.BytesIO()
        palette = picture.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        palette.save(out, "PNG", optimize=True)
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    raise ValueError(f"a picture of {out.tell()} bytes is too much for the guide")


async def take_all(folder: Path) -> None:
    """Write every picture as FOLDER/<name>.png."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kh-") as scratch:
        async with open_furnished(Path(scratch)) as house, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            for picture in PICTURES:
                data = await take(picture, browser, house)
                place = folder / f"{picture.name}.png"
                await asyncio.to_thread(place.write_bytes, data)
                sys.stdout.write(f"{place}: {len(data) // 1000} kB\n")
            await browser.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m tests.e2e.screenshots FOLDER")
    asyncio.run(take_all(Path(sys.argv[1])))
