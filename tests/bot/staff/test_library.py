"""Documents come in whole or not at all, read as what they are, and what staff put right reaches citizens."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path

import pytest
from aiohttp import ClientResponse, FormData
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ask import source_line
from bot.dialogue.sources import as_sources
from bot.ingest import FOLDER as ORIGINALS
from bot.librarian import open_librarian
from bot.staff.access import COOKIE
from bot.staff.library.receiving import FILE_FIELD
from bot.store import content, documents, library, schema, uploads
from bot.store.documents import Decision
from bot.store.library import NewPassage, NewSource, Source, State, Status
from bot.store.staff import Role
from bot.store.uploads import NewUpload, UploadState
from bot.uploads import FOLDER
from knowledge.answer import Answer
from knowledge.content import Item, Kind, item
from knowledge.ingest import Limits
from nlu.text import vietnamese_text
from tests.bot.staff.conftest import Console
from tests.conftest import StandingClock
from tests.knowledge.ingest.samples import RUINED, scanned_pdf

PAGE = "/staff/van-ban"
UPLOAD = f"{PAGE}/tai-len"
LIMIT = 200_000
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>.txt"
DAMAGED = "Hoi Khuyén hoc Viét Nam xay dung xa hoi hoc tap, hoc tap suét doi"
REPAIRED = "Hội Khuyến học Việt Nam xây dựng xã hội học tập, học tập suốt đời"

SHIPPED: tuple[Item, ...] = (
    item(
        Kind.DOCUMENT,
        "677/QĐ-TTg",
        {
            "type": "Quyết định",
            "title": "Phê duyệt Chương trình",
            "issued": "2022-06-03",
            "issuer": "Thủ tướng Chính phủ",
            "level": "trung-uong",
            "status": "đang dùng",
            "certainty": "certain",
        },
    ),
    item(
        Kind.FACT,
        "muc-tieu",
        {"statement": "Đến 2030 có 60% người lớn đạt.", "certainty": "certain", "locator": "mục tiêu",
         "document": "677/QĐ-TTg"},
    ),
    item(
        Kind.ENTRY,
        "bao-nhieu",
        {"question": "Bao nhiêu phần trăm?", "answer": "60% người lớn.", "facts": ["muc-tieu"]},
    ),
)  # fmt: skip


class Desk(Console):
    """A console whose data folder is its own."""

    def __init__(self, console: Console, data_dir: Path) -> None:
        super().__init__(console.database, console.clock)
        self.folder = data_dir / FOLDER
        self.data_dir = data_dir
        self.desk = replace(self.desk, data_dir=data_dir, file_limits=Limits(file_bytes=LIMIT))

    def form(self, *files: tuple[str, bytes], csrf: str | None = None) -> FormData:
        """The page's form: the token, then the files."""
        form = FormData(quote_fields=False)  # as browsers do
        form.add_field("csrf", self.csrf if csrf is None else csrf)
        for name, data in files:
            form.add_field(FILE_FIELD, data, filename=name)
        return form

    async def send(self, form: FormData, address: str = UPLOAD) -> ClientResponse:
        return await self.client.post(address, data=form, allow_redirects=False)

    def left(self) -> list[bytes]:
        return [one.read_bytes() for one in self.folder.iterdir()] if self.folder.exists() else []

    async def take_in(
        self, *texts: str, number: str = "02/KH-HKH", name: str = "kế hoạch.txt", **more: object
    ) -> Source:
        """A document that was read; a text that is DAMAGED waits for somebody."""
        values = {
            "sha256": hashlib.sha256(f"{texts}{number}".encode()).hexdigest(),
            "name": name,
            "media": "txt",
            "number": number,
            "title": f"Kế hoạch {number} ngày 13/01/2025",
            "issued": date(2025, 1, 13),
            "issuer": "Hội Khuyến học tỉnh Sơn La",
            "signer": "",
            "pages": 0,
            "quality": 0.9,
            "report": {},
            **more,
        }
        rows = [
            NewPassage("text", f"mục {n}", 1 if values["pages"] else 0, str(n), text, *judged(text))
            for n, text in enumerate(texts, 1)
        ]

        async def job(connection: AsyncConnection) -> int:
            source_id = await library.begin(connection, NewSource(**values), by="cô Lan", at=self.clock())  # type: ignore[arg-type]
            await library.add_passages(connection, source_id, 0, rows)
            await library.finish(connection, source_id, at=self.clock())
            return source_id

        return await self.source(await self.database.write(job))

    async def source(self, source_id: int) -> Source:
        async with self.database.read() as connection:
            found = await library.source(connection, source_id)
        assert found is not None
        return found

    async def passages(self, source: Source) -> list[library.Reviewed]:
        async with self.database.read() as connection:
            return await library.passages_of(connection, source.id)

    async def revision(self) -> int:
        async with self.database.read() as connection:
            return await content.revision(connection)

    async def fill_in(self, path: str, **changed: str) -> ClientResponse:
        """Send a page's form as it was drawn, some of it typed anew."""
        return await self.press(path, {**fields_of(await self.page(path)), **changed})

    async def press(self, path: str, fields: dict[str, str]) -> ClientResponse:
        """Send these fields."""
        return await self.post(path, None, **fields)

    async def noted(self, action: str) -> list[str]:
        return [str(row["subject"]) for row in await self.rows(schema.audit_log) if row["action"] == action]


def judged(text: str) -> tuple[float, bool, State, str]:
    """Quality, damaged, state and suggestion of a passage."""
    return (0.5, True, State.REVIEW, REPAIRED) if text == DAMAGED else (1.0, False, State.OK, "")


def fields_of(page: str) -> dict[str, str]:
    """The fields of a page's main form as a browser would send them."""
    form = page[page.index('name="phien-ban"') - 200 :]
    fields = {
        name: unescape(value)
        for name, value in re.findall(r'<input [^>]*?name="([^"]*)"[^>]*?value="([^"]*)"', form)
    }
    fields |= {
        name: unescape(text)
        for name, text in re.findall(
            r'<textarea [^>]*name="([^"]*)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL
        )
    }
    chosen = re.search(r'<select [^>]*name="([^"]*)".*?</select>', form, re.DOTALL)
    if chosen is not None:
        selected = re.search(r'<option value="([^"]*)" selected', chosen.group(0))
        fields[chosen.group(1)] = unescape(selected.group(1)) if selected else ""
    fields.pop("csrf", None)
    return {name.replace("-", "_"): value for name, value in fields.items()}


@pytest.fixture
async def desk(console: Console, data_dir: Path) -> AsyncIterator[Desk]:
    made = Desk(console, data_dir)
    await made.start()
    await made.become(Role.EDITOR, "cô Lan")
    yield made
    await made.client.close()


# --- files come in -----------------------------------------------------------------------------------


async def test_files_arrive_whole_wait_in_the_queue_and_are_written_down(desk: Desk) -> None:
    large = bytes(range(256)) * (LIMIT // 256)
    answer = await desk.send(desk.form(("../../Kế hoạch.pdf", large), ("b.txt", b"b\r\n--b\r\n")))
    assert (answer.status, answer.headers["Location"]) == (303, f"{PAGE}?bao=da-tai-len#vua-gui")
    waiting = await desk.rows(schema.library_uploads)
    assert [(row["name"], row["bytes"], row["state"], row["by"]) for row in waiting] == [
        ("Kế hoạch.pdf", len(large), "waiting", "cô Lan"),
        ("b.txt", 8, "waiting", "cô Lan"),
    ]
    assert [(desk.folder / str(row["path"])).read_bytes() for row in waiting] == [large, b"b\r\n--b\r\n"]
    assert all(one.stat().st_mode & 0o077 == 0 for one in desk.folder.iterdir())
    assert await desk.noted("document_uploaded") == ["upload:1", "upload:2"]
    assert "đang chờ đọc" in await desk.page(PAGE)


async def test_a_form_with_a_wrong_token_keeps_nothing(desk: Desk) -> None:
    after_the_file, without, twice = FormData(), FormData(), FormData()
    after_the_file.add_field(FILE_FIELD, b"data", filename="a.txt")
    after_the_file.add_field("csrf", desk.csrf)
    without.add_field(FILE_FIELD, b"data", filename="a.txt")
    twice.add_field("csrf", desk.csrf + "x")
    twice.add_field("csrf", desk.csrf)
    twice.add_field(FILE_FIELD, b"data", filename="a.txt")
    files = ("a.txt", b"data")
    wrong = (
        desk.form(files, csrf=""),
        desk.form(files, csrf=desk.csrf[:-1]),
        desk.form(files, csrf="x" * 9999),
    )
    for form in (after_the_file, without, twice, *wrong):
        assert (await desk.send(form)).status == 403
    foreign = {"Origin": "https://xau.example.com"}
    answer = await desk.client.post(UPLOAD, data=desk.form(files), headers=foreign, allow_redirects=False)
    assert answer.status == 403
    broken = {"Content-Type": "multipart/form-data"}
    answer = await desk.client.post(UPLOAD, data=b"no form", headers=broken, allow_redirects=False)
    assert answer.status == 403
    assert desk.left() == []
    assert await desk.rows(schema.library_uploads) == []


async def test_a_file_over_the_limit_is_told_and_harms_no_other(desk: Desk) -> None:
    form = desk.form(("lớn.pdf", b"x" * (LIMIT + 1)), ("vừa.pdf", b"y" * LIMIT), ("rỗng.pdf", b""))
    answer = await desk.send(form)
    page = await answer.text()
    assert answer.status == 413
    assert "2 tệp chưa nhận được" in page
    assert re.search(r"lớn\.pdf</strong>: Tệp lớn hơn mức nhận được \(\d+ MB\)", page)
    assert re.search(r"rỗng\.pdf</strong>: Tệp rỗng", page)
    assert desk.left() == [b"y" * LIMIT]
    assert [row["name"] for row in await desk.rows(schema.library_uploads)] == ["vừa.pdf"]
    answer = await desk.send(desk.form(("lớn.pdf", b"x" * (LIMIT + 1))), f"{UPLOAD}?manh=1")
    assert (answer.status, answer.content_type) == (413, "text/plain")
    assert (await answer.text()).startswith("Tệp lớn hơn")


async def test_an_upload_that_is_broken_off_leaves_nothing(desk: Desk) -> None:
    address = desk.client.make_url(UPLOAD)
    assert address.host is not None
    body = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'
        for name, more, value in (
            ("csrf", "", desk.csrf),
            (FILE_FIELD, '; filename="whole.txt"', "whole"),
            (FILE_FIELD, '; filename="half.txt"', "x" * 100_000),
        )
    )
    head = (
        f"POST {UPLOAD} HTTP/1.1\r\nHost: {address.host}\r\nCookie: {COOKIE}={desk.secret}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body) + 50_000}\r\n\r\n"
    )
    _, writer = await asyncio.open_connection(address.host, address.port)
    writer.write((head + body.removesuffix("\r\n")).encode())
    await writer.drain()
    for _ in range(200):
        if len(desk.left()) == 2:
            break
        await asyncio.sleep(0.01)
    assert len(desk.left()) == 2
    writer.close()
    for _ in range(300):
        if not desk.left():
            break
        await asyncio.sleep(0.01)
    assert desk.left() == []
    assert await desk.rows(schema.library_uploads) == []


async def test_no_file_at_all_is_said_and_the_script_gets_the_living_part(desk: Desk) -> None:
    nothing = desk.form()
    nothing.add_field(FILE_FIELD, b"", filename="")
    assert (await desk.send(nothing)).headers["Location"] == f"{PAGE}?bao=chua-chon-tep"
    answer = await desk.send(desk.form(("a.txt", b"a")), f"{UPLOAD}?manh=1")
    text = await answer.text()
    assert answer.status == 200
    assert "a.txt" in text
    assert "<html" not in text


async def test_what_became_of_a_file_is_told_in_plain_words(desk: Desk) -> None:
    source = await desk.take_in("Chữ tốt.")
    report = {
        "outcome": "added",
        "title": source.title,
        "header": {"number": "02/KH-HKH", "issued": "2025-01-13", "signer": "Trần Thị Ban Mai"},
        "passages": 12,
        "damaged": 3,
        "quality": 0.6,
        "damaged_pages": [2, 5],
        "numbers": [
            {"number": "677/QĐ-TTg", "is_known": True, "count": 2},
            {"number": "9/NQ-X", "is_known": False, "count": 1},
        ],
        "faq": [
            {"line": 2, "question": "Mở lúc nào?", "draft": "bang-mo-luc-nao-1", "problem": ""},
            {"line": 3, "question": "Giá?", "draft": "", "problem": "thiếu câu trả lời"},
        ],
        "warnings": ["Trang 2 nên đối chiếu."],
    }
    for name, told in (("a.pdf", report), ("b.pdf", {**report, "outcome": "unchanged"})):
        await finished(desk, name, UploadState.DONE, told, source.id)
    await finished(
        desk, "c.pdf", UploadState.FAILED, {"outcome": "failed", "error": "Tệp có mật khẩu."}, None
    )
    page = await desk.page(f"{UPLOAD}/1")
    for said in (
        "13/01/2025",
        "Trần Thị Ban Mai",
        "chữ hỏng nhiều",
        "2, 5",
        "9/NQ-X",
        "Trang 2 nên đối chiếu.",
        'href="/staff/cau-hoi/bang-mo-luc-nao-1"',
        "thiếu câu trả lời",
        f'href="{PAGE}/{source.id}"',
    ):
        assert said in page, said  # fmt: skip
    assert "giống hệt tệp đã có" in await desk.page(f"{UPLOAD}/2")
    listed = await desk.page(PAGE)
    assert "Tệp có mật khẩu." in listed
    assert (await desk.post(f"{UPLOAD}/3/thu-lai")).headers["Location"] == f"{PAGE}?bao=doc-lai"
    assert (await desk.rows(schema.library_uploads))[2]["state"] == "waiting"
    # What is not failed any more is not set aside.
    assert (await desk.post(f"{UPLOAD}/3/bo-qua")).headers["Location"] == f"{PAGE}?bao=da-xong"
    await finished(desk, "d.pdf", UploadState.FAILED, {"outcome": "failed", "error": "x"}, None)
    assert (await desk.post(f"{UPLOAD}/4/bo-qua")).headers["Location"] == f"{PAGE}?bao=da-bo-tep"
    assert not (desk.folder / "d.pdf").exists()
    assert (await desk.get(f"{UPLOAD}/4")).status == 404


async def finished(
    desk: Desk, name: str, state: UploadState, report: dict[str, object], source_id: int | None
) -> None:
    """A file that was sent in and read."""
    desk.folder.mkdir(exist_ok=True)
    (desk.folder / name).write_bytes(b"x")
    now = desk.clock()

    async def job(connection: AsyncConnection) -> None:
        id_ = await uploads.add(connection, NewUpload(name, 1, name), by="cô Lan", at=now)
        await uploads.claim(connection, id_, "reader", now=now, until=now)
        await uploads.finish(connection, id_, "reader", state, source_id=source_id, report=report, at=now)

    await desk.database.write(job)


async def test_a_hostile_file_name_is_inert_on_every_page(desk: Desk) -> None:
    await desk.send(desk.form((HOSTILE, b"x"), ("a\u202eb.txt", b"x"), ("ă" * 300, b"x")))
    source = await desk.take_in(
        HOSTILE, DAMAGED, number=f"1/{'<b>'}", name=HOSTILE, title=HOSTILE, issuer=HOSTILE
    )
    (desk.data_dir / ORIGINALS).mkdir()
    (desk.data_dir / ORIGINALS / f"{source.sha256}.txt").write_bytes(b"<script>")
    row = {"line": 1, "question": HOSTILE, "draft": HOSTILE, "problem": ""}
    told: dict[str, object] = {
        "title": HOSTILE,
        "warnings": [HOSTILE],
        "header": {"signer": HOSTILE},
        "faq": [row],
    }
    await finished(desk, "e.txt", UploadState.DONE, told, source.id)
    first, second = await desk.passages(source)
    passages = [f"{PAGE}/doan/{one.id}" for one in (first, second)]
    reports = [f"{UPLOAD}/{n}" for n in (1, 2, 3, 4)]
    lists = (PAGE, f"{PAGE}?manh=1", f"{PAGE}?tim={HOSTILE}")
    for path in (*lists, *reports, f"{PAGE}/{source.id}", *passages):
        page = await desk.page(path)
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert "\u202e" not in page, path
    answer = await desk.get(f"{PAGE}/{source.id}/goc")
    assert await answer.read() == b"<script>"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%3Cscript")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content_type == "application/octet-stream"
    assert all(
        str(row["name"]) and len(str(row["name"])) <= 150 for row in await desk.rows(schema.library_uploads)
    )


# --- the list and one document -----------------------------------------------------------------------


async def test_documents_are_found_without_accents_and_told_apart(desk: Desk) -> None:
    await desk.database.write(lambda c: content.sync(c, SHIPPED, desk.clock()))
    active = await desk.take_in("Chữ tốt.", DAMAGED)
    off = await desk.take_in("Chữ khác.", number="9/TB-HKH", title="Thông báo 9/TB-HKH", name="b.txt")
    await desk.database.write(lambda c: documents.switch(c, off.id, on=False))

    async def found(query: str) -> set[str]:
        page = await desk.page(f"{PAGE}?{query}")
        listed = page[page.index('id="tat-ca-van-ban"') :]
        return set(re.findall(r'<p class="letter-head">\s*<a href="([^"]*)"', listed))

    shipped = f"{PAGE}/di-kem?so=677%2FQ%C4%90-TTg"
    at = {one.id: f"{PAGE}/{one.id}" for one in (active, off)}
    assert await found("") == {shipped, *at.values()}
    assert await found("tim=ke+hoach+son+la") == {at[active.id]}
    assert await found("tim=thu+tuong") == {shipped}
    assert await found("loc=dang-tat") == {at[off.id]}
    assert await found("loc=can-xem-lai") == {at[active.id]}
    assert await found("loc=di-kem") == {shipped}
    assert await found("loc=ban-cu") == set()
    newer = await desk.take_in("Chữ mới.", DAMAGED)
    assert await found("loc=ban-cu") == {at[active.id]}
    assert f'href="{PAGE}/{newer.id}"' in await desk.page(at[active.id])
    page = await desk.page(shipped)
    for said in (
        "03/06/2022",
        "Thủ tướng Chính phủ",
        "đang dùng",
        "/staff/cau-hoi/bao-nhieu",
        "/staff/cau-hoi?tim=677",
    ):
        assert said in page, said
    assert (await desk.get(f"{PAGE}/di-kem?so=1/X")).status == 404
    assert (await desk.get(f"{PAGE}/999")).status == 404


async def test_what_staff_say_about_a_document_is_checked_kept_and_written_down(desk: Desk) -> None:
    await desk.database.write(lambda c: content.sync(c, SHIPPED, desk.clock()))
    source, other = await desk.take_in("Chữ."), await desk.take_in("Khác.", number="9/TB-HKH", name="b.txt")
    path, before = f"{PAGE}/{source.id}", await desk.revision()
    answer = await desk.fill_in(path, ten="", so="không số", ngay="31/02/2025", thay_bang="7/X")
    page = await answer.text()
    assert answer.status == 422
    for field in ("title", "number", "issued", "superseded_by"):
        assert f'id="sai-{field}"' in page, field
    answer = await desk.fill_in(path, so=other.number)
    assert answer.status == 422
    assert other.title in await answer.text()
    assert await desk.revision() == before
    answer = await desk.fill_in(path, ten="Kế hoạch tuyên truyền", ngay="14/01/2025", thay_bang="677/QĐ-TTg")
    assert (answer.status, answer.headers["Location"]) == (303, f"{path}?bao=da-luu")
    now = await desk.source(source.id)
    assert (now.title, now.issued, now.superseded_by) == (
        "Kế hoạch tuyên truyền",
        date(2025, 1, 14),
        "677/QĐ-TTg",
    )
    assert await desk.revision() > before
    assert await desk.noted("document_changed") == [f"source:{source.id}"]
    assert await desk.noted("document_viewed") == [f"source:{source.id}"]  # once an hour
    page = await desk.page(path)
    assert "đã được thay bằng 677/QĐ-TTg" in page
    assert "cô Lan sửa lần cuối" in page


async def test_of_two_officers_the_second_is_told_and_sees_both(desk: Desk) -> None:
    source = await desk.take_in("Chữ.")
    path = f"{PAGE}/{source.id}"
    form = fields_of(await desk.page(path))
    await desk.become(Role.EDITOR, "thầy Hùng")
    assert (await desk.fill_in(path, ten="Tên của thầy")).status == 303
    await desk.become(Role.EDITOR, "cô Lan")
    answer = await desk.press(path, {**form, "ten": "Tên của cô"})
    page = await answer.text()
    assert answer.status == 409
    assert "thầy Hùng vừa đổi văn bản này" in page
    assert 'value="Tên của cô"' in page
    assert (await desk.source(source.id)).title == "Tên của thầy"
    assert (await desk.press(path, fields_of(page))).status == 303
    assert (await desk.source(source.id)).title == "Tên của cô"


async def test_a_document_can_be_switched_off_and_on_but_never_beside_another_of_its_number(
    desk: Desk,
) -> None:
    source = await desk.take_in("Chữ.")
    path = f"{PAGE}/{source.id}"
    assert (await desk.post(f"{path}/tat")).headers["Location"] == f"{path}?bao=da-tat"
    assert (await desk.source(source.id)).status is Status.OFF
    assert (await desk.post(f"{path}/tat")).headers["Location"] == f"{path}?bao=da-doi-roi"
    newer = await desk.take_in("Chữ mới hơn.")
    answer = await desk.post(f"{path}/bat")
    assert (answer.status, newer.title in await answer.text()) == (409, True)
    await desk.post(f"{PAGE}/{newer.id}/tat")
    assert (await desk.post(f"{path}/bat")).headers["Location"] == f"{path}?bao=da-bat"
    assert len(await desk.noted("document_switched")) == 3


async def test_what_staff_said_stays_with_the_next_version(desk: Desk) -> None:
    read = {"title": "HOI KHUYEN HOQC", "header": {"number": "02/KH-HKH", "issued": "2025-01-13"}}
    source = await desk.take_in("Một.", title="HOI KHUYEN HOQC", issuer="", report=read)
    path = f"{PAGE}/{source.id}"
    assert (await desk.fill_in(path, ten="Kế hoạch tuyên truyền", nguoi_ky="Trần Thị Ban Mai")).status == 303
    newer = await desk.take_in("Hai.", title="HOI KHUYEN HOQC", issuer="Hội mới", report=read)
    assert (newer.version, newer.title, newer.signer) == (2, "Kế hoạch tuyên truyền", "Trần Thị Ban Mai")
    assert newer.issuer == "Hội mới"  # nobody had said anything about that


async def test_the_source_line_says_that_a_document_was_replaced(desk: Desk) -> None:
    source = await desk.take_in("Chữ.")
    await desk.take_in("Bản thay.", number="9/TB-HKH", name="b.txt")
    await desk.fill_in(f"{PAGE}/{source.id}", thay_bang="9/TB-HKH")
    async with desk.database.read() as connection:
        cited = [one.citation for one in await library.load_passages(connection)]
    assert cited[0].document == "02/KH-HKH"
    assert [source_line(one) for one in as_sources(cited)] == [
        "Nguồn: Kế hoạch 02/KH-HKH ngày 13/01/2025 (đã được thay bằng 9/TB-HKH), mục 1",
        "Nguồn: Kế hoạch 9/TB-HKH ngày 13/01/2025, mục 1",
    ]


@pytest.mark.service
async def test_a_citizen_is_told_that_a_quoted_document_was_replaced(
    desk: Desk, tmp_path: Path, clock: StandingClock
) -> None:
    librarian = await open_librarian(desk.database, vietnamese_text(), "none", tmp_path, clock)
    source = await desk.take_in("Lớp học nghề nuôi ong lấy mật mở ở nhà văn hóa bản Lướt vào tối thứ năm.")

    async def told() -> Answer:
        assert await librarian.refresh(desk.database)
        answer = await librarian.ask("lop hoc nghe nuoi ong lay mat mo o dau")
        assert isinstance(answer, Answer)
        return answer

    try:
        assert "thay bằng" not in (await told()).text
        await desk.fill_in(f"{PAGE}/{source.id}", thay_bang="677/QĐ-TTg")
        answer = await told()
        assert "đã được thay bằng 677/QĐ-TTg" in answer.text
        assert [one.title for one in answer.citations] == [
            "Kế hoạch 02/KH-HKH ngày 13/01/2025 (đã được thay bằng 677/QĐ-TTg)"
        ]
    finally:
        librarian.close()


# --- review ------------------------------------------------------------------------------------------


async def test_damaged_passages_are_gone_through_one_by_one(desk: Desk) -> None:
    source = await desk.take_in(*(DAMAGED,) * 4, "Chữ tốt.")
    before = await desk.revision()
    seen: list[int] = []
    for decision, typed in (("goi-y", ""), ("luu", "Chữ tôi sửa."), ("giu", ""), ("an", "")):
        answer = await desk.get(f"{PAGE}/xem-lai?nguon={source.id}")
        path = answer.headers["Location"].partition("?")[0]
        page = await desk.page(answer.headers["Location"])
        assert f"Còn {4 - len(seen)} đoạn" in page
        assert "<del>" in page
        assert "<ins>" in page
        seen.append(int(path.rpartition("/")[2]))
        changed = {"viec": decision, **({"chu": typed} if typed else {})}
        answer = await desk.fill_in(f"{path}?nguon={source.id}", **changed)
        assert answer.headers["Location"].startswith(f"{PAGE}/xem-lai?sau={seen[-1]}&truoc={seen[-1]}")
    assert len(set(seen)) == 4
    assert "Không còn đoạn nào" in await desk.page(f"{PAGE}/xem-lai")
    found = [(one.text, one.state, one.damaged, one.changed_by) for one in (await desk.passages(source))[:4]]
    assert found == [
        (REPAIRED, State.ACCEPTED, False, "cô Lan"),
        ("Chữ tôi sửa.", State.ACCEPTED, False, "cô Lan"),
        (DAMAGED, State.ACCEPTED, False, "cô Lan"),
        (DAMAGED, State.HIDDEN, True, "cô Lan"),
    ]
    assert await desk.revision() >= before + 4
    assert await desk.noted("passage_decided") == [f"passage:{one}" for one in seen]


async def test_nothing_decided_about_a_passage_is_final(desk: Desk) -> None:
    source = await desk.take_in(DAMAGED)
    (one,) = await desk.passages(source)
    path = f"{PAGE}/doan/{one.id}"

    async def after(decision: str, **form: str) -> tuple[str, State]:
        assert (await desk.fill_in(path, viec=decision, **form)).status == 303
        (now,) = await desk.passages(source)
        return now.text, now.state

    assert await after("an") == (DAMAGED, State.HIDDEN)
    assert await after("hien") == (DAMAGED, State.REVIEW)
    assert await after("luu", chu="Sai rồi.") == ("Sai rồi.", State.ACCEPTED)
    assert DAMAGED in await desk.page(path)  # what was read first
    assert await after("xem-lai") == (DAMAGED, State.REVIEW)
    answer = await desk.fill_in(path, viec="luu", chu="  ")
    assert (answer.status, "cần có chữ" in await answer.text()) == (422, True)


async def test_a_passage_a_colleague_decided_about_is_not_overwritten_unseen(desk: Desk) -> None:
    source = await desk.take_in(DAMAGED)
    (one,) = await desk.passages(source)
    path = f"{PAGE}/doan/{one.id}"
    form = fields_of(await desk.page(path))
    mark = documents.mark_of_passage(one)
    await desk.database.write(
        lambda c: documents.decide(
            c, one.id, mark, Decision.EDIT, text="Của thầy.", by="thầy", at=desk.clock()
        )
    )
    answer = await desk.press(path, {**form, "viec": "luu", "chu": "Của cô."})
    page = await answer.text()
    assert answer.status == 409
    assert "Của cô." in fields_of(page)["chu"]
    assert "Của" in page
    assert "thầy." in page
    assert (await desk.passages(source))[0].text == "Của thầy."


async def test_a_viewer_reads_everything_and_is_offered_nothing_to_change(desk: Desk) -> None:
    source = await desk.take_in(DAMAGED)
    (one,) = await desk.passages(source)
    await desk.become(Role.VIEWER)
    for path in (PAGE, f"{PAGE}/{source.id}", f"{PAGE}/doan/{one.id}"):
        page = await desk.page(path)
        main = page[page.index("<main") :]
        assert 'method="post"' not in main, path


@pytest.mark.service
async def test_a_page_of_the_original_is_drawn_beside_what_was_read(desk: Desk) -> None:
    lines = RUINED.read_text().splitlines()[:20] if RUINED.exists() else ["Hoi Khuyen hoc"] * 20
    data = scanned_pdf([line.encode("cp1252", "ignore").decode("cp1252") for line in lines])
    digest = hashlib.sha256(data).hexdigest()
    (desk.data_dir / ORIGINALS).mkdir()
    (desk.data_dir / ORIGINALS / f"{digest}.pdf").write_bytes(data)
    source = await desk.take_in(DAMAGED, sha256=digest, media="pdf", pages=2)
    (one,) = await desk.passages(source)
    address = f"{PAGE}/{source.id}/trang/1"
    assert f'<img src="{address}"' in await desk.page(f"{PAGE}/doan/{one.id}")
    for _ in range(2):  # drawn, then kept
        answer = await desk.get(address)
        picture = await answer.read()
        assert (answer.status, answer.content_type, picture[8:12]) == (200, "image/webp", b"WEBP")
    assert [one.suffix for one in (desk.data_dir / "pictures").iterdir()] == [".webp"]
    # The row says there are two pages; the file has one. A third nobody claims there is.
    assert (await desk.get(f"{PAGE}/{source.id}/trang/2")).status == 404
    assert (await desk.get(f"{PAGE}/{source.id}/trang/3")).status == 404
    text = await desk.take_in("Chữ.", number="9/TB-HKH", name="b.txt")
    assert (await desk.get(f"{PAGE}/{text.id}/trang/1")).status == 404
