"""An entry as a row of a file: which column says what, and how a value is written in one cell. Pure.

What is written here is read back as it was. A cell that a spreadsheet program would take for a formula gets a
mark in front, which reading takes away again; nothing that is read is ever computed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.report_files import harmless
from bot.staff.faq.form import lines_of, years_in
from bot.staff.typed import one_line
from bot.store.content import Status
from bot.store.editing import Kept
from connectors.message import clean_text
from knowledge.ingest import Grid
from nlu.text import fold

CELL_LIMIT = 10_000
"""Characters. The longest list of ways of asking that ships has a fifth of it."""
ID, STATUS = "id", "status"
_HEADER_WITHIN = 10
_HEADINGS_NAMED = 6
_LISTS = frozenset({"variants", "facts", "about", "only_if", "next"})
_MARK = "'"
_FAILED = re.compile(r"#(?:REF|N/A|NAME|VALUE|DIV/0|NULL|NUM|SPILL|CALC|GETTING_DATA)[!?]?")
"""What a spreadsheet program shows for a formula that failed."""
_YES, _NO = frozenset({"co", "x", "1", "yes", "true", "dung"}), frozenset({"", "khong", "0", "no", "false"})
STATUS_CELLS = {Status.PUBLISHED: "đang dùng", Status.DRAFT: "bản nháp", Status.ARCHIVED: "lưu trữ"}
_STATUS_SAID = {
    "dang dung": Status.PUBLISHED,
    "cong bo": Status.PUBLISHED,
    "published": Status.PUBLISHED,
    "ban nhap": Status.DRAFT,
    "nhap": Status.DRAFT,
    "draft": Status.DRAFT,
    "luu tru": Status.ARCHIVED,
    "archived": Status.ARCHIVED,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file."""

    name: str
    """ID, STATUS or a key of an entry's body."""
    title: str
    help: str
    known_as: str
    """What its heading may be called too, folded: a regular expression."""
    width: int


COLUMNS = (
    Column(ID, "Mã", "Để trống với câu mới. Không sửa mã của câu đã có.", r"id|ma(?: cau| so)?", 22),
    Column(STATUS, "Trạng thái", "đang dùng, bản nháp hoặc lưu trữ", r"status|tinh trang", 12),
    Column("question", "Câu hỏi", "Tối đa 60 ký tự.", r"question|hoi|cau hoi chinh|noi dung cau hoi", 36),
    Column("answer", "Câu trả lời", "Tối đa 500 ký tự.", r"answer|tra loi|dap|dap an|noi dung tra loi", 60),
    Column("step", "Bước tiếp theo", "Không bắt buộc.", r"step|buoc tiep", 30),
    Column(
        "variants",
        "Cách hỏi khác",
        "Mỗi dòng trong ô một cách hỏi.",
        r"variants?|cac cach hoi|cach hoi|bien the|cau hoi (?:khac|tuong tu|phu)",
        44,
    ),
    Column(
        "facts",
        "Căn cứ",
        "Số hiệu văn bản và mục, mỗi dòng một căn cứ, ví dụ “677/QĐ-TTg, mục tiêu đến 2025”. "
        "Ghi mã căn cứ cũng được. Trang “Căn cứ” có sẵn từng dòng để chép.",
        r"facts?|ma can cu|nguon(?: trich dan)?|trich dan|can cu phap ly|van ban can cu",
        34,
    ),
    Column("about", "Văn bản liên quan", "Mỗi dòng một số hiệu.", r"about|van ban|so hieu", 18),
    Column("years", "Năm", "Năm câu trả lời còn đúng, cách nhau bằng dấu phẩy.", r"years?", 12),
    Column("only_if", "Chỉ khi nhắc tới", "Mỗi dòng một từ.", r"only if", 18),
    Column("next", "Câu gợi ý tiếp", "Mã câu hỏi, mỗi dòng một mã.", r"next|goi y tiep", 22),
    Column("featured", "Gợi ý cho người mới", "có hoặc để trống", r"featured|goi y|noi bat", 12),
)
_BY_NAME = {column.name: column for column in COLUMNS}


@dataclass(frozen=True, slots=True)
class Given:
    """A row of a file, read."""

    line: int
    """From 1, as the program that wrote the file counts."""
    sheet: str
    """Name of the sheet where there are several; else empty."""
    id: str
    status: Status | None
    """None: nothing is said about it."""
    values: Mapping[str, Any]
    """By key of the body; a key that the file has no column for is not there. `years` None: an empty cell."""
    problem: str = ""
    """Why it cannot be read, in plain words."""


# --- writing ---------------------------------------------------------------------------------------


def cells_of(kept: Kept) -> list[str]:
    """An entry's cells, in the order of COLUMNS."""
    return [neutral(_cell(kept, column.name)) for column in COLUMNS]


def neutral(text: str) -> str:
    """The text as no spreadsheet program takes it for a formula. `plain` gives it back."""
    return _MARK + text if _would_run(text.lstrip(_MARK)) else text


def plain(cell: str) -> str:
    """The text behind `neutral`."""
    behind = cell.lstrip(_MARK)
    return cell[len(_MARK) :] if behind != cell and _would_run(behind) else cell


def _would_run(text: str) -> bool:
    return harmless(text) != text


def _cell(kept: Kept, name: str) -> str:
    if name == ID:
        return kept.id
    if name == STATUS:
        return STATUS_CELLS[kept.status]
    value = kept.body.get(name)
    if name == "featured":
        return "có" if value else ""
    if isinstance(value, list):
        return (", " if name == "years" else "\n").join(map(str, value))
    return "" if value is None else str(value)


# --- reading ---------------------------------------------------------------------------------------


def given_in(sheets: Sequence[Grid]) -> tuple[list[Given], list[str]]:
    """The rows of every sheet that holds questions and answers, and headings nothing is known of."""
    found: list[Given] = []
    unknown: list[str] = []
    held = [(sheet, *where) for sheet in sheets if (where := _header(sheet)) is not None]
    for sheet, header, places in held:
        title = sheet.title if len(held) > 1 else ""
        unknown += [
            " ".join(cell.split())[:60]
            for place, cell in enumerate(sheet.rows[header])
            if cell.strip() and place not in places.values()
        ]
        for index in range(header + 1, len(sheet.rows)):
            cells = sheet.rows[index]
            if any(cell.strip() for cell in cells):
                found.append(_given(index + 1, title, cells, places))
    return found, list(dict.fromkeys(unknown))


def why_nothing(sheets: Sequence[Grid]) -> str:
    """Why a file holds no rows, in plain words."""
    if any(_header(sheet) is not None for sheet in sheets):
        return "Tệp có hàng tiêu đề mà chưa có câu nào ở dưới. Bạn điền mỗi dòng một câu rồi chọn lại nhé."
    seen = next((row for sheet in sheets for row in sheet.rows if any(map(str.strip, row))), [])
    cells = [" ".join(cell.split())[:40] for cell in seen if cell.strip()][:_HEADINGS_NAMED]
    told = f" Hàng đầu tiên mình thấy là: {', '.join(cells)}." if cells else ""
    where = f" ở cả {len(sheets)} trang" if len(sheets) > 1 else ""
    return (
        f"Tệp chưa có hàng tiêu đề nào có đủ hai cột “Câu hỏi” và “Câu trả lời”{where}.{told} "
        f"Hàng tiêu đề phải nằm trong {_HEADER_WITHIN} dòng đầu. Dễ nhất là điền vào tệp mẫu."
    )


def given_as_written(line: int, keys: Mapping[str, Any]) -> Given:
    """An entry of a YAML file."""
    values = {name: value for name, value in keys.items() if name in _BY_NAME and name not in (ID, STATUS)}
    unknown = [name for name in keys if name not in _BY_NAME]
    problem = f"Không có mục nào tên là “{unknown[0][:60]}”." if unknown else ""
    if not keys:
        problem = "Chỗ này không phải một câu hỏi."
    entry_id, said = keys.get(ID, ""), keys.get(STATUS)
    if not isinstance(entry_id, str):
        problem, entry_id = problem or "Mã phải là chữ.", ""
    status = None if said is None else _STATUS_SAID.get(_folded(str(said)))
    if said is not None and status is None:
        problem = problem or _STATUS_PROBLEM
    return Given(line, "", entry_id.strip(), status, _tidied(values), problem)


_STATUS_PROBLEM = "Trạng thái chỉ ghi “đang dùng”, “bản nháp” hoặc “lưu trữ”."


def _header(sheet: Grid) -> tuple[int, dict[str, int]] | None:
    """Where the headings are, and the place of each column."""
    for index, row in enumerate(sheet.rows[:_HEADER_WITHIN]):
        places: dict[str, int] = {}
        for place, cell in enumerate(row):
            said = _folded(cell)
            for column in COLUMNS:
                known = said == _folded(column.title) or re.fullmatch(column.known_as, said)
                if known and column.name not in places:
                    places[column.name] = place
                    break
        if {"question", "answer"} <= places.keys():
            return index, places
    return None


def _folded(text: str) -> str:
    return " ".join(re.findall(r"\w+", fold(text).replace("_", " ")))


def _given(line: int, sheet: str, cells: Sequence[str], places: Mapping[str, int]) -> Given:
    def cell(name: str) -> str:
        place = places.get(name, len(cells))
        return plain(cells[place].strip()) if place < len(cells) else ""

    said = {name: cell(name) for name in places}
    problem = next(
        (
            f"Ô “{_BY_NAME[name].title}” dài {len(text)} ký tự, tối đa {CELL_LIMIT}."
            for name, text in said.items()
            if len(text) > CELL_LIMIT
        ),
        "",
    )
    broken = next((name for name, text in said.items() if _FAILED.fullmatch(text)), "")
    if broken:
        problem = problem or (
            f"Ô “{_BY_NAME[broken].title}” là công thức bị lỗi ({said[broken]}). Bạn sửa ô ấy trong tệp nhé."
        )
    status = _STATUS_SAID.get(_folded(said.get(STATUS, "")))
    if said.get(STATUS) and status is None:
        problem = problem or _STATUS_PROBLEM
    if "featured" in said and _folded(said["featured"]) not in _YES | _NO:
        problem = problem or "Ô “Gợi ý cho người mới” chỉ ghi “có” hoặc để trống."
    values = {name: _value(name, text) for name, text in said.items() if name not in (ID, STATUS)}
    return Given(line, sheet, said.get(ID, ""), status, values, problem)


def _value(name: str, text: str) -> Any:
    if name == "featured":
        return _folded(text) in _YES
    if name == "years":
        return years_in(text) or None
    if name == "next":
        return list(dict.fromkeys(one for one in re.split(r"[\s,;]+", text) if one))
    if name in _LISTS:
        return lines_of(text)
    return one_line(text) if name == "question" else clean_text(text)


def _tidied(values: Mapping[str, Any]) -> dict[str, Any]:
    """Texts as the editor would keep them; what is no text is left for the content's rules to judge."""
    tidied: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, str):
            tidied[name] = one_line(value) if name == "question" else clean_text(value)
        elif isinstance(value, list) and name in _LISTS and all(isinstance(one, str) for one in value):
            tidied[name] = lines_of("\n".join(value))
        else:
            tidied[name] = value
    return tidied
