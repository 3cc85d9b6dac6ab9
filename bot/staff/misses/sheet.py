"""The groups as a file for a spreadsheet program. Questions are strangers' words: no cell is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo

from bot.report_files import harmless
from bot.staff.misses.board import Group
from bot.staff.misses.shown import REASONS, as_asked
from bot.store.misses import Miss, State

_HEADING = (
    "Nhóm",
    "Câu tiêu biểu",
    "Cách hỏi",
    "Số lần",
    "Hỏi lần đầu",
    "Hỏi lần cuối",
    "Lý do",
    "Tình trạng",
    "Người xử lý",
    "Câu trả lời hoặc câu gần nhất",
)
_STATES = {
    State.OPEN: "đang mở",
    State.TAKEN: "đang soạn",
    State.SOLVED: "đã trả lời được",
    State.OUTSIDE: "ngoài phạm vi",
    State.SKIPPED: "đã bỏ qua",
}


def as_csv(groups: Sequence[Group], title_of: Callable[[str], str], zone: tzinfo) -> bytes:
    """A line for each wording; UTF-8 with the mark Excel knows it by. `title_of` names an answer."""
    written = io.StringIO(newline="")
    lines: list[Sequence[str | int]] = [_HEADING]
    for number, group in enumerate(groups, 1):
        typical = as_asked(group.typical)
        lines += [(number, typical, *_cells(miss, title_of, zone)) for miss in group.misses]
    csv.writer(written).writerows([harmless(cell) for cell in line] for line in lines)
    return written.getvalue().encode("utf-8-sig")


def _cells(miss: Miss, title_of: Callable[[str], str], zone: tzinfo) -> Sequence[str | int]:
    return (
        as_asked(miss),
        miss.count,
        _moment(miss.first_at, zone),
        _moment(miss.last_at, zone),
        REASONS.get(miss.reason, miss.reason),
        _STATES[miss.state],
        miss.decided_by,
        title_of(miss.answered_by or miss.nearest_entry),
    )


def _moment(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%d/%m/%Y %H:%M}"
