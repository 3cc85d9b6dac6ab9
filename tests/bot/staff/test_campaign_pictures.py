"""A picture goes along with a campaign: chosen without losing a word, looked at, taken away again."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from bot.outreach.pictures import FOLDER, MOST_SENT_BYTES
from bot.staff.access import COOKIE
from bot.staff.campaigns import testing
from bot.store import campaigns, schema
from bot.store.database import Database
from bot.store.staff import Role
from connectors.message import File, Text, decode_part
from tests.bot.outreach.drawn import bomb, photo
from tests.bot.outreach.test_delivery import ZaloLike
from tests.bot.staff.conftest import Console
from tests.bot.staff.test_in_browser import CHROMIUM
from tests.conftest import StandingClock

PATH = "/staff/chien-dich"
TYPED = {"ten": "Ngày 2/10", "loai": "month", "noi-dung": "Mời bạn đến.\nĐông vui.", "xa:Mộc": "1", "nut": ""}


@pytest.fixture
async def console(database: Database, clock: StandingClock, tmp_path: Path) -> AsyncIterator[Console]:
    made = Console(database, clock)
    made.desk = replace(made.desk, channels=(made.channel, ZaloLike()), data_dir=tmp_path)
    await made.start()
    await made.become(Role.EDITOR)
    yield made
    await made.client.close()


async def send(
    console: Console,
    content: bytes | None = None,
    *,
    name: str = "anh.jpg",
    path: str = "_moi",
    **fields: str,
) -> tuple[int, str]:
    """Send the form as browsers do; gives the status, and the page or where it leads."""
    typed = {
        "csrf": console.csrf,
        "viec": "xem",
        **TYPED,
        **{k.replace("_", "-"): v for k, v in fields.items()},
    }
    body = b"".join(
        f'--ranh\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in typed.items()
    )
    named = name if content is not None else ""  # browsers send an empty file where none was chosen
    body += f'--ranh\r\nContent-Disposition: form-data; name="anh"; filename="{named}"\r\n'.encode()
    body += b"Content-Type: image/jpeg\r\n\r\n" + (content or b"") + b"\r\n--ranh--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=ranh"}
    address = f"{PATH}/{path}"
    answer = await console.client.post(address, data=io.BytesIO(body), headers=headers, allow_redirects=False)
    return answer.status, answer.headers.get("Location", "") or await answer.text()


def kept_in(page: str) -> str:
    found = re.search(r'name="anh-da-nhan" value="([^"]*)"', page)
    return found.group(1) if found else ""


async def shown(console: Console, campaign_id: int = 1) -> str:
    async with console.database.read() as connection:
        found = await campaigns.load(connection, campaign_id)
    assert found is not None
    return found.message.image


def files(console: Console) -> list[str]:
    assert console.desk.data_dir is not None
    folder = console.desk.data_dir / FOLDER
    return sorted(one.name for one in folder.iterdir()) if folder.exists() else []


async def test_a_picture_survives_looking_and_a_refused_form_is_saved_seen_and_taken_away(
    console: Console,
) -> None:
    status, page = await send(console, photo())
    name = kept_in(page)
    assert (status, files(console)) == (200, [name])
    for kept in ('value="Ngày 2/10"', "\nMời bạn đến.\nĐông vui.</textarea>", f'src="{PATH}/_anh/{name}"'):
        assert kept in page
    status, page = await send(console, ten="", viec="luu", anh_da_nhan=name)  # without a name it is refused
    assert (status, kept_in(page)) == (422, name)
    status, _ = await send(console, viec="luu", anh_da_nhan=name)
    assert (status, await shown(console)) == (303, name)
    assert f'src="{PATH}/_anh/{name}"' in await console.page(f"{PATH}/1")
    answer = await console.get(f"{PATH}/_anh/{name}")
    assert (answer.status, answer.content_type) == (200, "image/jpeg")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (await answer.read()).startswith(b"\xff\xd8\xff")
    assert kept_in(await console.page(f"{PATH}/1/sua")) == name
    await send(console, path="1/sua", viec="luu", phien_ban="1", anh_da_nhan=name, bo_anh="1")
    assert await shown(console) == ""
    await send(console, photo(60, 40), path="1/sua", viec="luu", phien_ban="2", anh_da_nhan=name, bo_anh="1")
    assert await shown(console) not in ("", name)
    told = [str(row["detail"]) for row in await console.rows(schema.audit_log)]
    assert ["chosen" in one or "taken_away" in one for one in told] == [True, True, True]
    assert not any("anh.jpg" in one or name in one for one in told)
    await console.become(Role.ADMIN)
    log = await console.page("/staff/nhat-ky")
    assert "ảnh: đã chọn" in log
    assert "ảnh: đã bỏ" in log


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (bomb(), "trên 50 triệu"),
        (b"<html><script>alert(1)</script>", "Không mở được"),
        (photo()[:300], "Không mở được"),
        (bytes(20 * 1024 * 1024), f"lớn hơn {MOST_SENT_BYTES // 1024**2} MB"),
        (b"", "Không mở được"),
    ],
    ids=["bomb", "a page", "cut short", "20 MB", "empty"],
)
async def test_a_hostile_file_is_refused_beside_its_field_and_costs_nothing_typed(
    console: Console, sent: bytes, said: str
) -> None:
    _, page = await send(console, photo())
    before = kept_in(page)
    status, page = await send(console, sent, anh_da_nhan=before, viec="luu")
    assert (status, kept_in(page)) == (422, before)
    assert said in page
    assert 'value="Ngày 2/10"' in page
    assert files(console) == [before]
    assert await console.rows(schema.campaigns) == []


async def test_names_from_outside_reach_no_disk(console: Console, tmp_path: Path) -> None:
    (tmp_path / "khuyenhoc.db").write_text("bí mật")
    status, page = await send(console, photo(), name="../../../<script>alert(1)</script>.jpg")
    assert status == 200
    assert "alert(1)" not in page
    for hostile in ("../khuyenhoc.db", "/etc/passwd", '"><script>alert(1)</script>'):
        status, page = await send(console, anh_da_nhan=hostile)
        assert (status, kept_in(page)) == (200, "")
    status, page = await send(console, viec="luu", anh_da_nhan=f"{'a' * 64}.jpg")  # never taken in
    assert (status, kept_in(page)) == (422, "")
    assert "không còn trên máy chủ" in page
    for name in ("..%2Fkhuyenhoc.db", f"{'a' * 64}.jpg", "khuyenhoc.db"):
        assert (await console.get(f"{PATH}/_anh/{name}")).status == 404
    assert await console.rows(schema.campaigns) == []


async def test_a_form_of_another_page_leaves_no_picture(console: Console) -> None:
    status, _ = await send(console, photo(), csrf="không phải")
    assert (status, files(console)) == (403, [])


async def test_the_officers_own_phone_gets_the_picture_first(console: Console) -> None:
    await send(console, photo(), viec="luu")
    found = re.search(r"thu (\d{6})<", await console.page(f"{PATH}/1"))
    assert found is not None
    await console.hear(f"thu {found.group(1)}")
    answer = await console.post(f"{PATH}/1/gui-thu")
    assert answer.headers["Location"].endswith(testing.SENT)
    picture, words = [decode_part(str(row["part"])) for row in await console.rows(schema.outbox)]
    assert isinstance(picture, File)
    assert isinstance(words, Text)
    assert (picture.name, picture.media_type) == ("Anh-kem-tin.jpg", "image/jpeg")
    assert [Path(picture.path).name] == files(console)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "with_script"), [(1280, True), (360, False)])
async def test_a_picture_is_chosen_looked_at_and_kept_in_a_browser(
    console: Console, width: int, with_script: bool
) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        context = await browser.new_context(
            base_url=str(console.client.make_url("/")),
            viewport={"width": width, "height": 800},
            java_script_enabled=with_script,
        )
        await context.add_cookies(
            [{"name": COOKIE, "value": console.secret, "url": str(console.client.make_url("/staff"))}]
        )
        page = await context.new_page()
        await page.goto(f"{PATH}/_moi")
        await page.get_by_label("Tên chiến dịch").fill("Ngày 2/10")
        await page.get_by_label("Nội dung tin").fill("Mời bạn đến.")
        file = {"name": "ảnh.jpg", "mimeType": "image/jpeg", "buffer": photo(3000, 2000)}
        await page.get_by_label("Chọn ảnh").set_input_files(file)  # type: ignore[arg-type]
        await page.get_by_role("button", name="Xem trước").click()
        shown_first = page.locator(".sample > *").first
        box = await shown_first.bounding_box()
        assert await shown_first.get_attribute("alt") == "Ảnh kèm tin, đến trước phần chữ"
        assert box is not None
        assert 100 < box["width"] <= width
        assert box["x"] + box["width"] <= width
        if with_script:  # it is drawn, and nothing is wider than the window
            assert await page.evaluate("[...document.images].every(one => one.naturalWidth > 0)")
            assert await page.evaluate("document.documentElement.scrollWidth") == width
        await page.get_by_role("button", name="Lưu bản nháp").click()
        await page.wait_for_url("**/chien-dich/1?*")
        assert await page.locator(".said-picture").count() == 1
        assert len(files(console)) == 1
        await browser.close()
