"""The self-assessment on a phone: the whole program, a real browser, a thumb and a narrow screen."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.test_chat_for_everyone import (
    DANGLING,
    LOW_CONTRAST,
    REPEATED_IDS,
    SIDEWAYS,
    SMALL_TARGETS,
    UNNAMED,
)
from tests.e2e.test_chat_page import ask, said
from tests.e2e.test_whole_program import Program

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LOG_SIDEWAYS = (
    "document.querySelector('#chat-scroll').scrollWidth - document.querySelector('#chat-scroll').clientWidth"
)
TWO_TAPS = """() => [...document.querySelectorAll(".told button:not(:disabled)")]
  .filter((button) => button.dataset.label === "Rất tốt").reverse().forEach((button) => button.click())"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def program(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    """One installation for all: every test comes with a browser of its own."""
    made = Program(tmp_path_factory.mktemp("assessment"))
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def phone(browser: Browser, program: Program) -> AsyncIterator[Page]:
    """The landing page on a small phone, where no script may fail."""
    context: BrowserContext = await browser.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, locale="vi-VN"
    )
    context.set_default_timeout(10_000)
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(program.url)
    yield page
    await context.close()
    assert not errors


async def tap(target: Locator) -> None:
    """Tap like somebody who has read what it says."""
    await target.page.wait_for_timeout(500)
    await target.tap()


def button(page: Page, name: str) -> Locator:
    """The newest button of this name."""
    return page.get_by_role("button", name=name, exact=True).last


def level(page: Page, name: str) -> Locator:
    """A level of the question asked last, with what it means on it."""
    return page.locator(".told").last.get_by_role("button", name=name)


def question(page: Page, number: int) -> Locator:
    return said(page, "bot").last.get_by_text(f"Câu {number}/10.")


async def begin(page: Page) -> None:
    """From the landing page to the first question."""
    await tap(button(page, "Tự đánh giá Công dân học tập"))
    await tap(button(page, "Đồng ý, không nhắc"))
    await tap(page.locator(".told").get_by_role("button", name="Người dân trong xã: nông dân"))
    await expect(question(page, 1)).to_be_visible()


async def assert_sound(page: Page) -> None:
    """Nothing runs off the screen, and everything can be hit, seen and named."""
    assert await page.evaluate(SIDEWAYS) <= 0
    assert await page.evaluate(LOG_SIDEWAYS) <= 0
    for fault in (SMALL_TARGETS, LOW_CONTRAST, UNNAMED, REPEATED_IDS, DANGLING):
        assert await page.evaluate(fault) == []


async def test_from_the_first_tap_to_the_paper_and_to_nothing_kept(phone: Page) -> None:
    await begin(phone)
    await assert_sound(phone)
    for number in range(1, 11):
        await expect(question(phone, number)).to_be_in_viewport()
        if number > 1:  # the first comes below a line of greeting
            await expect(level(phone, "Rất tốt")).to_be_in_viewport(ratio=1)
        await tap(level(phone, "Khá tốt" if number != 6 else "Thỉnh thoảng"))
    await tap(button(phone, "Bỏ qua"))
    await expect(said(phone, "bot").last).to_contain_text("kể ra đây")
    await ask(phone, "minh chung cau 1: the thu vien xa")
    await expect(said(phone, "bot").last).to_contain_text("cho câu 1")
    await tap(button(phone, "Xem kết quả"))

    verdict = said(phone, "bot").filter(has_text="76/100 điểm").first
    await expect(verdict).to_be_in_viewport()
    await expect(verdict).to_contain_text("chỉ để tham khảo")
    picture = phone.get_by_alt_text("Xem ảnh lớn; nội dung có ghi bằng chữ bên dưới")
    await picture.scroll_into_view_if_needed()
    await expect(picture).to_have_js_property("naturalWidth", 1080)
    await expect(
        phone.get_by_text("10 chỉ số lần lượt được 8, 8, 8, 8, 8, 4, 8, 8, 8, 8 điểm")
    ).to_be_visible()
    async with phone.expect_download() as waiting:
        await phone.get_by_role("link", name="Tải về Phieu-tu-danh-gia-").tap()
    paper = await (await waiting.value).path()
    assert paper.read_bytes().startswith(b"%PDF-")
    await assert_sound(phone)

    # What is said after everything was erased must still reach the page that is open.
    await ask(phone, "xoa du lieu cua toi")
    await tap(button(phone, "Xóa hết"))
    await expect(said(phone, "bot").last).to_contain_text("Mình đã xóa xong")
    await ask(phone, "ket qua cua toi")
    await expect(said(phone, "bot").last).to_contain_text("chưa có kết quả")


async def test_a_page_loaded_again_goes_on_at_the_same_question(phone: Page) -> None:
    await begin(phone)
    await tap(level(phone, "Bình thường"))
    await expect(question(phone, 2)).to_be_visible()
    await phone.reload()
    await expect(question(phone, 2)).to_be_in_viewport()
    chosen = phone.get_by_role("button", name="Bình thường (6)").and_(phone.locator(".chosen"))
    await expect(chosen).to_be_disabled()
    await tap(level(phone, "Rất tốt"))
    await expect(question(phone, 3)).to_be_visible()
    await ask(phone, "quay lai")
    await tap(button(phone, "Giữ 10 điểm"))
    await expect(question(phone, 3)).to_be_visible()


async def test_a_nervous_thumb_and_a_question_in_between_lead_nowhere_else(phone: Page) -> None:
    await begin(phone)
    await phone.wait_for_timeout(500)
    await level(phone, "Khá tốt").dblclick()
    await expect(question(phone, 2)).to_be_visible()
    await expect(said(phone, "citizen").filter(has_text="Khá tốt")).to_have_count(1)
    await ask(phone, "quay lai")
    await expect(question(phone, 1)).to_be_visible()
    await phone.wait_for_timeout(500)
    # Two taps in a moment, on what is there and on what could have come up below the thumb.
    await phone.evaluate(TWO_TAPS)
    await expect(question(phone, 2)).to_be_visible()
    await expect(said(phone, "citizen").filter(has_text="Rất tốt")).to_have_count(1)
    await ask(phone, "bao nhieu diem thi dat cong dan hoc tap")
    await expect(question(phone, 2)).to_be_visible()
    answer, asked_again = said(phone, "bot").nth(-2), said(phone, "bot").last
    await expect(answer).to_contain_text("80")
    await expect(answer).to_be_in_viewport()
    await expect(asked_again).not_to_contain_text("•")
    await expect(asked_again.get_by_role("button")).to_have_count(0)
    await expect(button(phone, "Rất tốt")).to_be_in_viewport()
    await tap(button(phone, "Rất tốt"))
    await expect(question(phone, 3)).to_be_visible()
