"""What staff say about a document, as a form: what was typed, and what is wrong with it. Pure.

What was typed is kept as it was typed: a form that is refused loses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from bot.staff.differences import Difference, difference
from bot.staff.library.shown import day_words
from bot.store.documents import Head
from connectors.message import clean_text

FIELDS = {
    "title": "Tên hiện cho người dân",
    "number": "Số hiệu",
    "issued": "Ngày ban hành",
    "issuer": "Cơ quan ban hành",
    "signer": "Người ký",
    "superseded_by": "Đã được thay bằng văn bản",
}
NAMES = {
    "title": "ten",
    "number": "so",
    "issued": "ngay",
    "issuer": "co-quan",
    "signer": "nguoi-ky",
    "superseded_by": "thay-bang",
}
"""Field to its name in the form."""
LIMITS = {"title": 300, "number": 80, "issuer": 300, "signer": 120}
_FIRST_YEAR = 1945
_YEARS_AHEAD = 1


@dataclass(frozen=True, slots=True)
class Typed:
    """The form's fields, as typed."""

    title: str
    number: str
    issued: str
    """yyyy-mm-dd, as a browser's date field gives it, or dd/mm/yyyy."""
    issuer: str
    signer: str
    superseded_by: str


def typed_of(head: Head) -> Typed:
    """What is said now, in the form's fields."""
    issued = head.issued.isoformat() if head.issued else ""
    return Typed(head.title, head.number, issued, head.issuer, head.signer, head.superseded_by)


def typed_in(form: Mapping[str, str]) -> Typed:
    """What a browser sent."""
    return Typed(**{field: " ".join(clean_text(form.get(name, "")).split()) for field, name in NAMES.items()})


def checked(typed: Typed, known: Collection[str], today: date) -> tuple[Head | None, dict[str, str]]:
    """What to store, or what is wrong by field. `known`: numbers a document may have been replaced by."""
    problems: dict[str, str] = {}
    if not typed.title:
        problems["title"] = "Cần một tên, để người dân biết câu trả lời lấy từ đâu."
    for field, limit in LIMITS.items():
        if len(getattr(typed, field)) > limit:
            problems[field] = f"Dài quá {limit} ký tự, bạn rút gọn giúp nhé."
    if typed.number and not re.fullmatch(r"\S*\d\S*", typed.number):
        problems["number"] = "Số hiệu viết liền, có chữ số, như 02/KH-HKH."
    issued = _day(typed.issued)
    if typed.issued and issued is None:
        problems["issued"] = "Viết ngày như 05/03/2024."
    elif issued is not None and not _FIRST_YEAR <= issued.year <= today.year + _YEARS_AHEAD:
        problems["issued"] = "Năm này chưa hợp lý, bạn xem lại giúp nhé."
    if typed.superseded_by and typed.superseded_by not in known:
        problems["superseded_by"] = "Chưa có văn bản mang số này. Bạn chọn trong danh sách nhé."
    elif typed.superseded_by and typed.superseded_by == typed.number:
        problems["superseded_by"] = "Văn bản không thay được cho chính nó."
    if problems:
        return None, problems
    head = Head(typed.title, typed.number, issued, typed.issuer, typed.signer, typed.superseded_by)
    return head, {}


def differences(before: Typed, after: Typed) -> list[Difference]:
    """What two people wrote differently, field by field."""
    found = []
    for field, label in FIELDS.items():
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            if field == "issued":
                old, new = (day_words(_day(one)) or one for one in (old, new))
            found.append(difference(label, old, new, is_whole=True))
    return found


def _day(written: str) -> date | None:
    found = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", written)
    if found is not None:
        year, month, day = map(int, found.groups())
    else:
        found = re.fullmatch(r"(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})", written)
        if found is None:
            return None
        day, month, year = map(int, found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None
