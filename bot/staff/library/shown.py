"""How documents, files that were sent in and passages read on a page. Pure; all of it plain Vietnamese.

Names of files, titles and texts are hostile until a template escapes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from bot.ingest import Outcome
from bot.staff.library.addresses import LIBRARY, source_path, upload_path
from bot.staff.words import moment
from bot.store.library import Reviewed, Source, State, Status
from bot.store.uploads import Upload, UploadState
from knowledge.ingest import DAMAGED_BELOW
from knowledge.ingest.quality import quality
from nlu.text import vietnamese_text

Badge = tuple[str, str]
"""What it says, and its tone."""

STATUS_WORDS: Mapping[Status, Badge] = {
    Status.ACTIVE: ("đang dùng", "good"),
    Status.OFF: ("đang tắt", "off"),
    Status.REPLACED: ("bản cũ", "off"),
    Status.LOADING: ("đang đọc", "plain"),
}
STATE_WORDS: Mapping[State, Badge] = {
    State.OK: ("", "plain"),
    State.REVIEW: ("cần xem lại", "warn"),
    State.ACCEPTED: ("đã xem lại", "good"),
    State.HIDDEN: ("đang ẩn", "off"),
}
_UPLOAD_WORDS: Mapping[UploadState, Badge] = {
    UploadState.WAITING: ("đang chờ đọc", "plain"),
    UploadState.READING: ("đang đọc", "warn"),
    UploadState.DONE: ("đã đọc xong", "good"),
    UploadState.FAILED: ("chưa nhận được", "bad"),
}
KINDS = {
    "pdf": "PDF",
    "docx": "Word",
    "doc": "Word đời cũ",
    "rtf": "RTF",
    "odt": "OpenDocument",
    "xlsx": "Excel",
    "csv": "Bảng CSV",
    "html": "Trang web",
    "md": "Văn bản Markdown",
    "txt": "Văn bản thuần",
}
_CLEAN = 0.95


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a file, in words."""

    title: str
    source: str
    """Address of the document; empty where there is none."""
    told: str
    """One sentence."""
    head: Sequence[tuple[str, str]]
    quality: Badge
    passages: int
    to_review: int
    damaged_pages: str
    known: Sequence[tuple[str, int]]
    new: Sequence[tuple[str, int]]
    drafts: Sequence[Mapping[str, Any]]
    """line, question, draft (id of an entry, or nothing), problem."""
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that was sent in, in the list."""

    path: str
    name: str
    size: str
    by: str
    state: Badge
    is_under_way: bool
    told: str
    report: Report | None
    may_try_again: bool
    may_set_aside: bool


def size_words(size: int) -> str:
    """`820 byte`, `35 KB`, `4,2 MB`."""
    if size < 1024:
        return f"{size} byte"
    if size < 1024 * 1024:
        return f"{size // 1024} KB"
    return f"{size / (1024 * 1024):.1f} MB".replace(".", ",")


def quality_words(share: float) -> Badge:
    """How well the letters of a text could be read, from knowledge.ingest.quality."""
    if share >= _CLEAN:
        return ("chữ tốt", "good")
    return ("chữ đọc được", "warn") if share >= DAMAGED_BELOW else ("chữ hỏng nhiều", "bad")


def reads_well(text: str) -> bool:
    """Whether hardly a word of a text is one nobody can have written."""
    return quality(text, vietnamese_text()) >= _CLEAN


def as_heading(words: str) -> str:
    """With a capital letter in front; the others stay as they are."""
    return words[:1].upper() + words[1:]


def day_words(day: date | None) -> str:
    """`05/03/2024`; empty for none."""
    return f"{day:%d/%m/%Y}" if day else ""


def head_words(source: Source) -> str:
    """Number, day and issuer on one line."""
    issued = f"ngày {day_words(source.issued)}" if source.issued else ""
    return " · ".join(filter(None, (source.number, issued, source.issuer)))


def badges(source: Source, to_review: int, *, say_in_use: bool = True) -> list[Badge]:
    """What to know about a document at one glance; `say_in_use` False leaves out what is usual."""
    found = [STATUS_WORDS[source.status]] if say_in_use or source.status is not Status.ACTIVE else []
    if source.superseded_by:
        found.append((f"đã được thay bằng {source.superseded_by}", "warn"))
    if to_review:
        found.append((f"{to_review} đoạn cần xem lại", "warn"))
    return found


def place_words(one: Reviewed) -> str:
    """`mục II.1, trang 2`."""
    return ", ".join(filter(None, (one.locator, f"trang {one.page}" if one.page else "")))


def sent(upload: Upload, now: datetime, zone: tzinfo) -> Sent:
    """A file in the list of what was sent in."""
    report = report_of(upload)
    state, told = _UPLOAD_WORDS[upload.state], ""
    if report is not None and upload.report.get("outcome") == Outcome.UNCHANGED:
        state = ("giống hệt tệp đã có", "plain")
    if report is not None:
        told = report.told
    elif upload.state is UploadState.FAILED:
        told = str(upload.report.get("error", ""))
    elif upload.state is UploadState.READING:
        again = f" Đây là lần thứ {upload.attempts}." if upload.attempts > 1 else ""
        told = f"Trợ lý đang đọc. Tệp quét nhiều trang có thể mất vài phút.{again}"
    has_failed = upload.state is UploadState.FAILED
    return Sent(
        path=upload_path(upload.id),
        name=upload.name,
        size=size_words(upload.bytes),
        by=f"{upload.by}, {moment(upload.at, now, zone)}",
        state=state,
        is_under_way=upload.state in (UploadState.WAITING, UploadState.READING),
        told=told,
        report=report,
        may_try_again=has_failed and bool(upload.path),
        may_set_aside=has_failed,
    )


def report_of(upload: Upload) -> Report | None:
    """What was found in a file; None unless it was taken in."""
    if upload.state is not UploadState.DONE or not upload.report:
        return None
    return report_words(upload.report, upload.source_id)


def report_words(report: Mapping[str, Any], source_id: int | None) -> Report:
    """A report as bot.ingest.FileReport gives it, in words."""
    header = report.get("header", {})
    issued = header.get("issued", "")
    numbers = report.get("numbers", ())
    pages = list(report.get("damaged_pages", ()))
    head = (
        ("Số hiệu", header.get("number", "")),
        ("Ngày", day_words(date.fromisoformat(issued)) if issued else ""),
        ("Cơ quan", header.get("issuer", "")),
        ("Người ký", header.get("signer", "")),
    )
    return Report(
        title=str(report.get("title", "")),
        source=source_path(source_id) if source_id else "",
        told=_told(report),
        head=[pair for pair in head if pair[1]],
        quality=quality_words(float(report.get("quality", 1.0))),
        passages=int(report.get("passages", 0)),
        to_review=int(report.get("damaged", 0)),
        damaged_pages=_listed(pages),
        known=[(str(one["number"]), int(one["count"])) for one in numbers if one["is_known"]],
        new=[(str(one["number"]), int(one["count"])) for one in numbers if not one["is_known"]],
        drafts=list(report.get("faq", ())),
        warnings=list(report.get("warnings", ())),
    )


def _told(report: Mapping[str, Any]) -> str:
    match report.get("outcome"):
        case Outcome.UNCHANGED:
            return "Tệp này giống hệt tệp đã có, nên không có gì thay đổi."
        case Outcome.REPLACED:
            return f"Đã thay bản cũ; đây là bản thứ {report.get('version', 2)}."
        case _ if report.get("passages"):
            return "Trợ lý đã tìm được trong văn bản này."
        case _ if report.get("faq"):
            return "Các dòng hỏi đáp đã thành câu nháp, chờ bạn xem và đăng."
        case _:
            return "Không tìm thấy chữ nào trong tệp."


def _listed(pages: Sequence[int]) -> str:
    shown = ", ".join(map(str, pages[:12]))
    return shown if len(pages) <= 12 else f"{shown}, … (tất cả {len(pages)} trang)"


def can_be_seen(source: Source, page: int) -> bool:
    """Whether there is a picture of this page: PDFs have pages, other files have none."""
    return source.media == "pdf" and 1 <= page <= source.pages


def picture_path(source: Source, page: int) -> str:
    """Where the picture of a page is; empty where there is none."""
    return f"{LIBRARY}/{source.id}/trang/{page}" if can_be_seen(source, page) else ""
