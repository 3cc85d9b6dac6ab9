"""Files of questions: what goes out comes back unchanged, and what comes in changes just what was shown."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import re
import time
from collections.abc import Sequence
from datetime import timedelta
from html import unescape
from pathlib import Path

import openpyxl
import pytest
from aiohttp import FormData

from bot.reading import read_entries_apart
from bot.staff.faq import columns, importing
from bot.staff.faq.citing import Citations, Cited
from bot.staff.faq.columns import given_as_written, given_in, neutral, plain
from bot.staff.faq.comparing import Verdict, compare, count
from bot.staff.faq.keeping import KEPT_FOR, DryRuns
from bot.staff.faq.shelf import Shelf, Shelves, shelf_of
from bot.staff.faq.written import FORMS, Form
from bot.store import editing, schema
from bot.store.audit import Action
from bot.store.content import Status
from bot.store.database import Database
from bot.store.editing import Kept
from bot.store.staff import Role
from knowledge.base import KnowledgeBase
from knowledge.content import Kind, content_of, load_shipped
from knowledge.ingest import EntryFile, Limits
from knowledge.ingest.entry_file import read_entry_file
from nlu.text import vietnamese_text
from tests.bot.staff.conftest import Console
from tests.bot.staff.faq.desk import FAQ, HOSTILE, edit, entry, kept
from tests.conftest import StandingClock
from tests.knowledge.ingest.samples import with_member, workbook

IMPORT = f"{FAQ}/_nhap"
TITLES = [one.title for one in columns.COLUMNS]


async def _read_here(path: Path, name: str, limits: Limits) -> EntryFile:
    """As bot.reading does it, without a process: starting one takes most of a second."""
    return await asyncio.to_thread(read_entry_file, path, name, vietnamese_text(), limits)


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "read_entries_apart", _read_here)


def table(*rows: dict[str, str], heading: Sequence[str] = TITLES) -> bytes:
    """A CSV file with these cells by heading."""
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(heading)
    lines.writerows([row.get(title, "") for title in heading] for row in rows)
    return written.getvalue().encode("utf-8-sig")


async def hand_in(console: Console, data: bytes, name: str = "câu hỏi.csv") -> str:
    """Choose a file; gives the path of the report, or the page that says why there is none."""
    form = FormData(quote_fields=False)  # as browsers do
    form.add_field("csrf", console.csrf)
    form.add_field("tep", io.BytesIO(data), filename=name, content_type="application/octet-stream")
    answer = await console.client.post(IMPORT, data=form, allow_redirects=False)
    if answer.status == 303:
        return answer.headers["Location"]
    assert answer.status == 422, answer.status
    return unescape(await answer.text())


def rows_in(page: str) -> list[str]:
    """Each row of a report as plain words."""
    items = page.split('<ul class="import-rows">')[1].split('<li class="card panel">')[1:]
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", one)).split()) for one in items]


async def statuses(database: Database) -> dict[str, Status]:
    async with database.read() as connection:
        return {one.id: one.status for one in await editing.every(connection, Kind.ENTRY)}


# --- out and back ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    """Everything that ships, as staff see it."""
    rows: dict[Kind, list[Kept]] = {Kind.DOCUMENT: [], Kind.FACT: [], Kind.ENTRY: []}
    for one in load_shipped().items:
        if one.kind in rows:
            status = Status.PUBLISHED
            rows[one.kind].append(
                Kept(one.kind, one.id, one.body, status, one.content_hash, None, None, "", None)
            )
    return shelf_of(1, rows)


@pytest.mark.parametrize("form", FORMS, ids=[one.name for one in FORMS])
async def test_everything_that_ships_goes_out_and_comes_back_unchanged(
    shelf: Shelf, form: Form, tmp_path: Path
) -> None:
    path = tmp_path / f"a.{form.name}"
    path.write_bytes(form.write(list(shelf.entries.values()), shelf.content))
    found = read_entry_file(path, path.name, vietnamese_text(), importing.LIMITS)
    given = given_in(found.sheets)[0] or [given_as_written(*one) for one in found.entries]
    planned = await compare(given, shelf, KnowledgeBase(content_of(()), vietnamese_text()))
    assert len(planned) == len(shelf.entries) > 400
    assert [row for row in planned if row.verdict is not Verdict.SAME] == []


def test_what_the_sheet_gives_to_copy_stands_for_just_its_source(shelf: Shelf) -> None:
    citations = Citations(shelf.content)
    lines = {fact.id: citations.line_of(fact) for fact in shelf.content.facts.values()}
    assert [one for one, line in lines.items() if citations.cited([line]).facts != (one,)] == []
    assert len({line for one, line in lines.items() if line != one}) > 100
    said = [citations.cited([fact.statement]).facts for fact in shelf.content.facts.values()]
    assert [facts for facts in said if len(facts) != 1] == []


@pytest.mark.parametrize(
    ("cell", "said", "expected"),
    [
        ("677/QĐ-TTg, nhiệm vụ", "", ("677-nhiem-vu-dau",)),
        ("677/qd-ttg nhiem vu", "", ("677-nhiem-vu-dau",)),
        ("Nhiệm vụ của Quyết định số 677/QĐ-TTg ngày 03/6/2022", "", ("677-nhiem-vu-dau",)),
        ("QĐ 677: mục tiêu chung; 324-nguong", "", ("677-muc-tieu-chung", "324-nguong")),
        (
            "324/QĐ-KHVN, cách tính điểm, 677/QĐ-TTg, nhiệm vụ",
            "",
            ("324-diem", "677-nhiem-vu-dau"),
        ),
        ("324-nguong, 324-diem 677-2030", "", ("324-nguong", "324-diem", "677-2030")),
        ("đề án xã hội học tập, giải pháp", "", ("1373-giai-phap",)),
        ("Báo Sơn La, số liệu khảo sát 2025", "Có 74% dòng họ học tập", ("son-la-2025-dong-ho",)),
        ("khong-co", "", ("khong-co",)),
    ],
)
def test_a_source_is_understood_as_people_write_it(
    shelf: Shelf, cell: str, said: str, expected: tuple[str, ...]
) -> None:
    cited = Citations(shelf.content).cited([cell], said)
    assert (cited.facts, cited.problems) == (expected, ())


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("677/QĐ-TTg, Điều 1", "677/QĐ-TTg có: mục tiêu đến 2025; mục tiêu đến 2030"),
        ("667/QĐ-TTg, nhiệm vụ", "Có phải “677/QĐ-TTg”"),
        ("999/NQ-XYZ", "trang “Văn bản”"),
        ("677/QĐ-TTg, mục tiêu đến 2035", "Chưa có mục nào như"),
        ("số liệu khảo sát năm 2025", "Có phải “Báo Sơn La, số liệu khảo sát năm 2025” không"),
        ("Báo Sơn La, số liệu khảo sát năm 2025", "có 4 điều, chưa rõ câu trả lời dựa vào điều nào"),
        ("theo sách", "Bạn ghi số hiệu và mục"),
    ],
)
def test_a_source_nobody_knows_is_not_guessed_at(shelf: Shelf, cell: str, told: str) -> None:
    cited = Citations(shelf.content).cited([cell])
    assert cited.facts == ()
    assert told in " ".join(cited.problems)


def test_an_entry_that_rests_on_a_place_already_goes_on_resting_on_the_same(shelf: Shelf) -> None:
    citations = Citations(shelf.content)
    cell = "Báo Sơn La, số liệu khảo sát năm 2025"
    assert citations.cited([cell], "", ["son-la-2025-gia-dinh"]) == Cited(("son-la-2025-gia-dinh",))
    # What was chosen among several is looked at by a person before citizens see it.
    assert citations.cited([cell], "Sơn La có 74% dòng họ học tập").doubts


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+84",
        "-5",
        "@x",
        "|x",
        "'=1",
        "''=1",
        "'nháy'",
        "'",
        "",
        "＝1",
        "' =1",
        "bình thường",
        "'" * 9000,
    ],
)
def test_no_cell_is_a_formula_and_every_cell_comes_back(text: str) -> None:
    written = neutral(text)
    assert not written.lstrip().startswith(("=", "+", "-", "@", "|", "＝"))
    assert plain(written) == text


async def test_a_file_holds_what_the_list_shows_and_runs_nothing(faq: Console, clock: StandingClock) -> None:
    bad = entry("dat", "=HYPERLINK(1)", "+84 gọi ngay", "nguong", variants=["-1+1", "@sum", HOSTILE])
    old = await kept(faq.database, "dat")
    await faq.database.write(
        lambda c: editing.put(c, bad, old.version, by="lan", why="", at=clock(), status=Status.PUBLISHED)
    )
    await faq.become(Role.VIEWER)
    answer = await faq.get(f"{FAQ}/_xuat?dang=xlsx&xep=moi-sua")
    assert "attachment" in answer.headers["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(await answer.read()))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert not [cell.value for cell in cells if str(cell.value).startswith(("=", "+", "@"))]
    answer = await faq.get(f"{FAQ}/_xuat?dang=csv&tim=hoi+phi")
    text = await answer.read()
    assert text.startswith(b"\xef\xbb\xbf")
    listed = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    assert listed[0]["Mã"] == "phi"
    lines = [row for row in await faq.rows(schema.audit_log) if row["action"] == Action.ENTRIES_EXPORTED]
    assert lines[0]["detail"] == '{"entries": 2, "form": "xlsx"}'
    assert (await faq.get(f"{FAQ}/_xuat?dang=exe")).status == 404


# --- in --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("near")
async def test_a_file_is_shown_row_by_row_and_only_then_written(faq: Console) -> None:
    data = table(
        {
            "Mã": "dat",
            "Câu hỏi": "Bao nhiêu điểm thì đạt?",
            "Câu trả lời": "Đủ 80 điểm là đạt.",
            "Căn cứ": "nguong",
        },
        {"Câu hỏi": "Thi lại được không?", "Câu trả lời": "Được, từ 80 điểm là đạt.", "Căn cứ": "nguong"},
        {
            "Câu hỏi": "Điểm cao nhất?",
            "Câu trả lời": "Từ 80 điểm trở lên.",
            "Căn cứ": "nguong",
            "Trạng thái": "đang dùng",
        },
        {
            "Câu hỏi": "Có thưởng không?",
            "Câu trả lời": "Thưởng 500 đồng.",
            "Căn cứ": "nguong",
            "Trạng thái": "đang dùng",
        },
        {"Câu hỏi": "Thiếu căn cứ?", "Câu trả lời": "Không rõ."},
        {"Mã": "Sai Mã", "Câu hỏi": "Gì?", "Câu trả lời": "Gì.", "Căn cứ": "nguong"},
        {"Câu hỏi": "Thi lại được không?", "Câu trả lời": "Lần nữa.", "Căn cứ": "nguong"},
        {"Câu hỏi": "Hỏi gì?", "Câu trả lời": "Đáp.", "Căn cứ": "nguong", "Trạng thái": "xóa"},
        {},
        {"Mã": "dat", "Câu hỏi": "Đạt chưa?", "Câu trả lời": "Rồi.", "Căn cứ": "nguong"},
        {"Câu hỏi": "Còn gì?", "Câu trả lời": "#REF!", "Căn cứ": "nguong"},
        heading=[title for title in TITLES if title not in ("Câu gợi ý tiếp", "Chỉ khi nhắc tới")],
    )
    path = await hand_in(faq, data)
    before = await statuses(faq.database)
    page = await faq.page(path)
    rows = rows_in(page)
    for row, words in zip(
        rows,
        (
            ("dòng 2", "sẽ sửa", "đang dùng", "bỏ: Từ thêm: Đủ 80 điểm"),
            ("dòng 3", "sẽ thêm", "bản nháp"),
            ("dòng 4", "sẽ thêm", "đang dùng"),
            ("dòng 5", "sẽ thêm", "bản nháp", "Chỉ lưu bản nháp, vì", "Số 500 chưa thấy"),
            ("dòng 6", "lỗi", "Căn cứ: Chọn ít nhất một căn cứ"),
            ("dòng 7", "lỗi", "Mã chỉ gồm chữ thường"),
            ("dòng 8", "lỗi", "Cùng câu hỏi với dòng 3"),
            ("dòng 9", "lỗi", "Trạng thái chỉ ghi"),
            ("dòng 11", "lỗi", "Trùng với dòng 2 của tệp"),
            ("dòng 12", "lỗi", "công thức bị lỗi (#REF!)"),
        ),
        strict=True,
    ):
        for said in words:
            assert said in row, (said, row)
    assert "Sẽ thêm 3 câu, sửa 1 câu" in page
    assert await statuses(faq.database) == before  # nothing is written by looking
    assert (await faq.post(path)).status == 303
    assert await statuses(faq.database) == before | {
        "thi-lai-duoc-khong": Status.DRAFT,
        "diem-cao-nhat": Status.PUBLISHED,
        "co-thuong-khong": Status.DRAFT,
    }
    now = await kept(faq.database, "dat")
    assert now.body["answer"] == "Đủ 80 điểm là đạt."
    assert (now.body["next"], now.body["only_if"]) == (["phi"], ["điểm"])  # columns the file has not
    async with faq.database.read() as connection:
        (line,) = await editing.history(connection, Kind.ENTRY, "dat")
    assert "câu hỏi.csv, dòng 2" in line.change.why
    page = await faq.page(path)
    assert "Đã ghi 4 câu" in page
    assert "Ghi 4 câu này" not in page
    log = [(row["action"], row["subject"]) for row in await faq.rows(schema.audit_log)]
    assert log.count((Action.ENTRY_SAVED, "dat")) == 1
    assert log.count((Action.ENTRIES_IMPORTED, "entries")) == 1


@pytest.mark.usefixtures("near")
async def test_the_template_is_filled_in_with_places_and_a_guess_stays_a_draft(faq: Console) -> None:
    answer = await faq.get(f"{FAQ}/_xuat?dang=mau")
    book = openpyxl.load_workbook(io.BytesIO(await answer.read()))
    assert book.sheetnames == ["Câu hỏi", "Cách điền", "Căn cứ", "Văn bản"]
    assert [cell.value for cell in book["Câu hỏi"][1]] == TITLES
    assert book["Câu hỏi"].max_row == 1
    sheet, row = book["Câu hỏi"], {"Câu hỏi": "Qua mấy điểm?", "Câu trả lời": "Từ 80 điểm.", "Căn cứ": ""}
    for source in ("Điều lệ, điều 1", "nguong", "Điều lệ, điều 9", "677/QĐ-TTg, nhiệm vụ"):
        row |= {"Câu hỏi": f"Qua mấy điểm, theo {len(source)}?", "Căn cứ": source, "Trạng thái": "đang dùng"}
        sheet.append([row.get(title) for title in TITLES])
    written = io.BytesIO()
    book.save(written)
    path = await hand_in(faq, written.getvalue(), "mẫu.xlsx")
    for told, words in zip(
        rows_in(await faq.page(path)),
        (
            ("sẽ thêm", "bản nháp", "có 2 điều, đã chọn điều gần câu trả lời nhất", "(nguong)"),
            ("sẽ thêm", "đang dùng"),
            ("lỗi", "Chưa có mục nào như “Điều lệ, điều 9”. Điều lệ có: điều 1."),
            ("lỗi", "Chưa có văn bản “677/QĐ-TTg” trong danh sách"),
        ),
        strict=True,
    ):
        for one in words:
            assert one in told, (one, told)


@pytest.mark.usefixtures("near")
async def test_an_import_takes_no_answer_away(faq: Console) -> None:
    data = table(
        {"Mã": "dat", "Câu hỏi": "Bao nhiêu điểm thì đạt?", "Câu trả lời": "Từ 99 điểm.", "Căn cứ": "nguong"},
        {
            "Mã": "phi",
            "Câu hỏi": "Hội phí?",
            "Câu trả lời": "Theo Điều lệ.",
            "Căn cứ": "phi",
            "Trạng thái": "bản nháp",
        },
        {"Mã": "cu", "Câu hỏi": "Câu cũ?", "Câu trả lời": "Cũ.", "Căn cứ": "phi", "Trạng thái": "lưu trữ"},
    )
    path = await hand_in(faq, data)
    page = await faq.page(path)
    for said in ("Số 99 chưa thấy", "không ngừng câu nào", "Tệp ghi “lưu trữ”", "không có gì để ghi"):
        assert said in page
    await faq.post(path)
    assert await statuses(faq.database) == {"dat": Status.PUBLISHED, "phi": Status.PUBLISHED}
    assert (await kept(faq.database, "dat")).changed_at is None


@pytest.mark.usefixtures("near")
async def test_what_a_colleague_changed_meanwhile_is_reported_and_not_overwritten(faq: Console) -> None:
    data = table(
        {
            "Mã": "dat",
            "Câu hỏi": "Bao nhiêu điểm thì đạt?",
            "Câu trả lời": "Của tệp: 80 điểm.",
            "Căn cứ": "nguong",
        },
        {"Mã": "phi", "Câu hỏi": "Hội phí?", "Câu trả lời": "Theo Điều lệ, mỗi năm.", "Căn cứ": "phi"},
        {"Mã": "moi", "Câu hỏi": "Câu mới?", "Câu trả lời": "Từ 80 điểm.", "Căn cứ": "nguong"},
    )
    path = await hand_in(faq, data)
    await edit(faq, "dat", tra_loi="Của chị Hoa: 80 điểm.")
    assert "vừa có người đổi, nên dòng này sẽ không được ghi" in await faq.page(path)
    await faq.post(path)
    assert (await kept(faq.database, "dat")).body["answer"] == "Của chị Hoa: 80 điểm."
    assert (await kept(faq.database, "phi")).body["question"] == "Hội phí?"
    page = await faq.page(path)
    assert "Đã ghi 2 câu, 1 câu chưa ghi" in page
    assert "không ghi đè" in page
    # Pressed again, and by two at once, it is written once.
    version = (await kept(faq.database, "phi")).version
    await asyncio.gather(*(faq.post(path) for _ in range(3)))
    assert (await kept(faq.database, "phi")).version == version
    # The same file again finds what it wrote unchanged.
    again = rows_in(await faq.page(await hand_in(faq, data)))
    assert ["không đổi" in row for row in again] == [False, True, True]


@pytest.mark.usefixtures("near")
async def test_a_question_that_came_into_being_meanwhile_keeps_its_place(faq: Console) -> None:
    row = {"Câu hỏi": "Thi lại được không?", "Câu trả lời": "Từ 80 điểm.", "Căn cứ": "nguong"}
    first, second = await hand_in(faq, table(row)), await hand_in(faq, table(row | {"Câu trả lời": "Khác."}))
    await faq.post(first)
    await faq.post(second)
    assert (await kept(faq.database, "thi-lai-duoc-khong")).body["answer"] == "Từ 80 điểm."
    assert "không ghi đè" in await faq.page(second)


@pytest.mark.usefixtures("near")
async def test_a_broken_or_hostile_file_changes_nothing_and_says_what_is_wrong(
    faq: Console, clock: StandingClock, tmp_path: Path
) -> None:
    before = await statuses(faq.database)
    made = with_member(workbook(tmp_path / "bom.xlsx", [TITLES]), "xl/media/a.bin", b"\0" * 20_000_000)
    bomb = made.read_bytes()
    made.unlink()
    for data, name, said in (
        (b"", "a.csv", "rỗng"),
        (b"PK\x03\x04 nothing", "a.xlsx", "hỏng"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xlsx", ""),
        (b"entries: [\n", "a.yml", "dòng"),
        (b"a: &a [1]\nb: *a\n", "a.yml", "dòng 1"),
        (table({"Tên": "x"}, heading=["Tên", "Tuổi"]), "a.csv", "Hàng đầu tiên mình thấy là: Tên, Tuổi"),
        (table(), "a.csv", "có hàng tiêu đề mà chưa có câu nào"),
        (bomb, "a.xlsx", "lớn bất thường"),
        (b"x" * (importing.LIMITS.file_bytes + 1), "a.csv", "lớn hơn 8 MB"),
        (b"", "", "chưa chọn tệp"),
    ):
        told = await hand_in(faq, data, name)
        assert "Chưa đọc được" in told, (name, told[:60])
        assert said in told, (name, said)
    hostile = table(
        {"Câu hỏi": HOSTILE[:50], "Câu trả lời": HOSTILE, "Căn cứ": "nguong", "Mã": "x"},
        {"Câu hỏi": "Dài?", "Câu trả lời": "x" * (columns.CELL_LIMIT + 1), "Căn cứ": "nguong"},
    )
    path = await hand_in(faq, hostile, f"{HOSTILE}.csv")
    page = await faq.page(path)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert f"tối đa {columns.CELL_LIMIT}" in page
    assert await statuses(faq.database) == before
    assert [one.suffix for one in (tmp_path / "imports").iterdir()] == [".json"]  # no upload stays


@pytest.mark.usefixtures("near")
async def test_a_dry_run_is_gone_after_a_day_and_its_token_opens_nothing_else(
    faq: Console, tmp_path: Path
) -> None:
    path = await hand_in(
        faq, table({"Mã": "dat", "Câu hỏi": "Gì?", "Câu trả lời": "Gì.", "Căn cứ": "nguong"})
    )
    folder = tmp_path / "imports"
    (kept_in,) = folder.iterdir()
    assert kept_in.stat().st_mode & 0o077 == 0
    (tmp_path / "x.json").write_text(kept_in.read_text())
    for token in ("..%2Fx", "0" * 32, "x"):
        assert (await faq.get(f"{IMPORT}/{token}")).status == 404
    old = time.time() - KEPT_FOR.total_seconds() - timedelta(minutes=1).total_seconds()
    os.utime(kept_in, (old, old))
    DryRuns(folder).sweep()
    assert (await faq.get(path)).status == 404


@pytest.mark.service
async def test_five_thousand_rows_are_compared_in_bounded_time(faq: Console, tmp_path: Path) -> None:
    rows = [
        {
            "Mã": f"cau-{n}",
            "Câu hỏi": f"Câu thứ {n} hỏi gì?",
            "Câu trả lời": "Từ 80 điểm.",
            "Căn cứ": "nguong",
        }
        for n in range(5000)
    ]
    path = tmp_path / "a.csv"
    path.write_bytes(table(*rows))
    started = time.perf_counter()
    found = read_entry_file(path, "a.csv", vietnamese_text(), importing.LIMITS)
    given, _ = given_in(found.sheets)
    planned = await compare(given, await Shelves(faq.database).now(), faq.desk.base())
    assert count(planned)[Verdict.ADD] == 5000
    assert time.perf_counter() - started < 20


@pytest.mark.service
def test_a_file_is_read_in_a_process_of_its_own(tmp_path: Path) -> None:
    """The real reader, once: what the other tests leave out."""
    path = tmp_path / "a.csv"
    path.write_bytes(table({"Câu hỏi": "Gì?", "Câu trả lời": "Đó, “này”; và\nkia."}))
    found = asyncio.run(read_entries_apart(path, "a.csv", importing.LIMITS))
    (row,) = given_in(found.sheets)[0]
    assert (row.line, row.values["answer"]) == (2, "Đó, “này”; và\nkia.")
