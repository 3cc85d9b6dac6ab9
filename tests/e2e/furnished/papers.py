"""Documents and answers of the furnished house: small files made here, taken in as real ones are."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from bot.ingest import FileReport, ingest_file
from bot.store import content, library
from bot.store.content import Status
from bot.store.database import Database
from knowledge.content import Item, Kind, item, load_shipped
from knowledge.ingest import Limits
from tests.knowledge.ingest.samples import word_file, workbook

_LETTERS = str(files("fontpkg_be_vietnam_pro") / "files" / "BeVietnamPro-Regular.ttf")
_FONT = "BeVietnamPro"
HEAD = (
    "HỘI KHUYẾN HỌC PHƯỜNG AN BÌNH          CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Độc lập - Tự do - Hạnh phúc",
)
PLAN = (
    *HEAD,
    "Số: 12/KH-HKH",
    "An Bình, ngày 05 tháng 3 năm 2026",
    "KẾ HOẠCH",
    "Công tác khuyến học, khuyến tài năm 2026",
    "Căn cứ Quyết định số 1373/QĐ-TTg ngày 30/7/2021 của Thủ tướng Chính phủ, Hội xây dựng kế hoạch như sau:",
    "I. MỤC ĐÍCH",
    "Mỗi gia đình có một giờ tự học trong ngày; mỗi tổ dân phố có ít nhất một tủ sách dùng chung.",
    "II. NỘI DUNG",
    "1. Vận động quỹ khuyến học",
    "Mức vận động là tự nguyện. Danh sách đóng góp được niêm yết ở nhà văn hóa tổ dân phố.",
    "2. Trao học bổng",
    "Học bổng trao vào dịp Ngày Khuyến học Việt Nam 2/10, mỗi suất một triệu đồng, ưu tiên hộ nghèo.",
    "III. TỔ CHỨC THỰC HIỆN",
    "Các chi hội gửi danh sách đề nghị trước ngày 30 tháng 8.",
    "CHỦ TỊCH",
    "Trần Thị Ban Mai",
)
NOTICE = (
    *HEAD,
    "Số: 20/TB-HKH",
    "An Bình, ngày 12 tháng 9 năm 2026",
    "THÔNG BÁO",
    "Về việc mở lớp tin học cho người lớn tuổi",
    "Lớp mở từ 19 giờ đến 20 giờ 30 tối thứ Ba và thứ Năm tại Trung tâm học tập cộng đồng phường.",
    "Người học không phải đóng học phí. Đăng ký tại văn phòng Hội trước ngày 25 tháng 9.",
    "CHỦ TỊCH",
    "Trần Thị Ban Mai",
)
SCAN_SHOWS = (
    "HỘI KHUYẾN HỌC TỈNH SAO MAI",
    "Số: 45/HD-HKH",
    "Hội Khuyến học tỉnh xây dựng kế hoạch tuyên truyền về học tập",
    "suốt đời trong các tầng lớp nhân dân, thống nhất nhận thức và",
    "hành động, công tác khuyến học, xây dựng xã hội học tập.",
)
SCAN_SAYS = (
    "HOI KHUYEN HOC TINH SAO MAI",
    "S6: 45/HD-HKH",
    "Hoi Khuyén hoc tinh xay dung ké hoach tuyén truyén vé hoc tap",
    "suét doi trong cac tang 16p nhan dan, th&ng nhat nh~n thuc va",
    "hanh d0ng, c6ng tac khuy€n hoc, xay dyng x@ hoi hgc tap.",
)
RUINED = (
    "Hoi Khuyén hoc Viét Nam xay dung xa hoi hoc tap, hoc tap suét doi trong cac tang 16p nhan dan tinh, "
    "th&ng nhat nh~n thuc va hanh d0ng."
)
QUESTIONS = (
    ("Câu hỏi", "Câu trả lời", "Cách hỏi khác"),
    (
        "Văn phòng Hội mở cửa khi nào?",
        "Văn phòng Hội ở tầng 1 nhà văn hóa phường, mở cửa giờ hành chính từ thứ Hai đến thứ Sáu.",
        "hội khuyến học ở đâu; mấy giờ mở cửa",
    ),
    ("Đóng quỹ khuyến học bằng chuyển khoản được không?", "Được. Bạn ghi rõ tên tổ dân phố khi chuyển.", ""),
    ("", "Dòng này quên ghi câu hỏi.", ""),
)
CONTESTED = ("ngay-khuyen-hoc", "ngay-khuyen-hoc-y-nghia")
"""Entries that staff changed and a newer program changed as well."""


async def as_an_older_program_shipped_it(database: Database, at: datetime) -> None:
    """Shipped content as it was once, and what staff made of two of its answers: the program's own start
    then finds that both sides changed them."""
    shipped = load_shipped().items
    older = [_once(one) if one.id in CONTESTED and one.kind is Kind.ENTRY else one for one in shipped]
    await database.write(lambda c: content.sync(c, older, at))
    for id_ in CONTESTED:
        one = next(one for one in older if one.id == id_ and one.kind is Kind.ENTRY)
        answer = f"{one.body['answer']} Năm nay phường tổ chức lễ kỷ niệm tại nhà văn hóa."
        await _save(
            database,
            replace(one, body={**one.body, "answer": answer}),
            "thầy Minh",
            "Thêm nơi tổ chức của phường",
            at + timedelta(days=3),
        )


async def staff_answers(database: Database, now: datetime) -> None:
    """Corrections, a draft, and an answer that was put away."""
    async with database.read() as connection:
        published = {one.id: one for one in await content.load(connection) if one.kind is Kind.ENTRY}
    changed = published["tuan-le"]
    for days, by, words in ((9, "thầy Minh", " Lịch cụ thể xem ở bảng tin phường."),
                            (2, "cô Lan", " Lịch cụ thể xem ở bảng tin và trang Zalo của Hội.")):  # fmt: skip
        body = {**changed.body, "answer": changed.body["answer"] + words}
        await _save(database, replace(changed, body=body), by, "Báo nơi xem lịch", now - timedelta(days=days))
    facts = [changed.body["facts"][0]]
    await _save(
        database,
        item(
            Kind.ENTRY,
            "tu-sach-to-dan-pho",
            {
                "question": "Mượn sách ở tủ sách tổ dân phố thế nào?",
                "variants": ["mượn sách ở đâu", "tủ sách tổ dân phố mở khi nào"],
                "answer": "Bạn đến nhà văn hóa tổ dân phố tối thứ Bảy, ghi sổ và mượn trong hai tuần.",
                "facts": facts,
            },
        ),
        "thầy Minh",
        "Nhiều người hỏi",
        now - timedelta(days=1),
        Status.DRAFT,
    )
    await database.write(
        lambda c: content.archive(
            c,
            Kind.ENTRY,
            sorted(published)[0],
            by="cô Lan",
            why="Không còn ai hỏi",
            at=now - timedelta(days=5),
        )
    )


async def take_in(database: Database, data_dir: Path, folder: Path, now: datetime) -> list[FileReport]:
    """Upload the documents, one of them in two versions, and switch one off."""
    clean, scan = folder / "thong-bao-lop-tin-hoc.pdf", folder / "huong-dan-45-ban-scan.pdf"
    ruined = folder / "trich-huong-dan-cu.txt"
    _write_papers(clean, scan, ruined)
    last_year = [line.replace("12/KH", "11/KH").replace("2026", "2025") for line in PLAN]
    old = word_file(folder / "ke-hoach-2025.docx", last_year)
    given = (
        (word_file(folder / "ke-hoach-khuyen-hoc-2026.docx", PLAN[:-4]), 20, "cô Lan"),
        (word_file(folder / "ke-hoach-khuyen-hoc-2026-sua.docx", PLAN), 12, "cô Lan"),
        (clean, 8, "thầy Minh"),
        (scan, 6, "thầy Minh"),
        (ruined, 6, "thầy Minh"),
        (old, 5, "cô Lan"),
        (workbook(folder / "cau-hoi-cua-to-dan-pho.xlsx", QUESTIONS), 3, "thầy Minh"),
    )
    reports = []
    for path, days, by in given:
        at = now - timedelta(days=days)
        reports.append(
            await ingest_file(
                database, data_dir, path, name=path.name, by=by, clock=partial(_same, at), limits=Limits()
            )
        )
    put_away = next(one for one in reports if one.file == old.name)
    assert put_away.source_id is not None, put_away
    off = put_away.source_id
    await database.write(lambda c: library.switch_off(c, off))
    return reports


def _same(moment: datetime) -> datetime:
    return moment


def _write_papers(clean: Path, scan: Path, ruined: Path) -> None:
    clean.parent.mkdir(parents=True, exist_ok=True)
    clean.write_bytes(_pdf([NOTICE]))
    scan.write_bytes(_scan(SCAN_SHOWS, SCAN_SAYS))
    ruined.write_text(RUINED, encoding="utf-8")


def _once(one: Item) -> Item:
    body: Mapping[str, Any] = {**one.body, "answer": "Ngày Khuyến học Việt Nam là 2/10 hằng năm."}
    return replace(one, body=body)


async def _save(
    database: Database, one: Item, by: str, why: str, at: datetime, status: Status = Status.PUBLISHED
) -> None:
    await database.write(lambda c: content.save(c, one, by=by, why=why, at=at, status=status))


def _pdf(pages: Sequence[Sequence[str]]) -> bytes:
    pdfmetrics.registerFont(TTFont(_FONT, _LETTERS))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(595, 842), invariant=1)
    for lines in pages:
        canvas.setFont(_FONT, 11)
        for number, line in enumerate(lines):
            canvas.drawString(50, 780 - 22 * number, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _scan(shows: Sequence[str], says: Sequence[str]) -> bytes:
    """A faint picture of a page, and under it the words a poor reader of pictures made of it."""
    picture = Image.new("L", (476, 674), 238)
    pen, font = ImageDraw.Draw(picture), ImageFont.truetype(_LETTERS, 10)
    for number, line in enumerate(shows):
        pen.text((44, 52 + 25 * number), line, fill=120, font=font)
    chance = random.Random(45)
    for _ in range(2600):
        pen.point((chance.randrange(40, 330), chance.randrange(46, 192)), fill=chance.randrange(150, 255))
    picture = picture.filter(ImageFilter.GaussianBlur(0.6)).resize((1190, 1684), Image.Resampling.BICUBIC)
    pdfmetrics.registerFont(TTFont(_FONT, _LETTERS))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(595, 842), invariant=1)
    canvas.drawImage(ImageReader(picture), 0, 0, 595, 842)
    words = canvas.beginText(55, 770)
    words.setFont(_FONT, 13)
    words.setLeading(31)
    words.setTextRenderMode(3)
    for line in says:
        words.textLine(line)
    canvas.drawText(words)
    canvas.showPage()
    canvas.save()
    return out.getvalue()
