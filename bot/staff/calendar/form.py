"""An occasion as a form: what was typed, and what is wrong with it in plain words. Pure.

The content's own rules decide (knowledge.items). What was typed is kept as it was typed: a form that is
refused loses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.outreach.campaign import BadText, check_text
from bot.outreach.topics import Topic
from bot.staff.typed import one_line, text_in
from connectors.message import clean_text
from knowledge.calendar import in_year
from knowledge.content import Certainty, Item, Kind, Misfit, Occasion, item
from knowledge.model import YearDay

TITLE_LIMIT, NOTE_LIMIT = 120, 300
LEAD_DAYS = (1, 90)
FIELDS = {
    "title": "Tên dịp",
    "first": "Từ ngày",
    "last": "Đến ngày",
    "certainty": "Ngày này chắc đến đâu",
    "note": "Ghi chú",
    "topic": "Loại tin",
    "message": "Tin mẫu",
    "lead_days": "Nhắc trước mấy ngày",
}
_DAY = re.compile(r"([0-9]{1,2})\s*[/.-]\s*([0-9]{1,2})")
_LONGEST = 300
"""Days. What is longer and lies over the turn of the year is two days in the wrong order."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The form's fields, as typed."""

    title: str = ""
    first: str = ""
    last: str = ""
    certainty: str = ""
    note: str = ""
    topic: str = Topic.MONTH.value
    message: str = ""
    lead_days: str = "14"
    why: str = ""


def typed_of(body: Mapping[str, Any], why: str = "") -> Typed:
    """A stored body in the form's fields."""
    return Typed(
        title=str(body.get("title", "")),
        first=day_shown(body.get("first")),
        last=day_shown(body.get("last")),
        certainty=str(body.get("certainty", "")),
        note=str(body.get("note", "")),
        topic=str(body.get("topic") or Topic.MONTH.value),
        message=str(body.get("message", "")),
        lead_days=str(body.get("lead_days", 14)),
        why=why,
    )


def typed_in(form: Mapping[str, str]) -> Typed:
    """What was typed, line ends made plain."""
    return Typed(
        title=text_in(form, "ten"),
        first=text_in(form, "tu"),
        last=text_in(form, "den"),
        certainty=text_in(form, "chac"),
        note=text_in(form, "ghi-chu"),
        topic=text_in(form, "loai"),
        message=text_in(form, "tin"),
        lead_days=text_in(form, "truoc"),
        why=text_in(form, "vi-sao"),
    )


def checked(occasion_id: str, typed: Typed, former: Mapping[str, Any]) -> tuple[Item | None, dict[str, str]]:
    """The occasion, or what is wrong in which field. `former`: the body the form was made from."""
    body, problems = body_of(typed, former)
    if not body["title"] or len(body["title"]) > TITLE_LIMIT:
        problems["title"] = f"Đặt một tên ngắn, tối đa {TITLE_LIMIT} ký tự."
    if body["certainty"] not in {one.value for one in Certainty}:
        problems["certainty"] = "Bạn chọn một ý giúp nhé."
    if len(body["note"]) > NOTE_LIMIT:
        problems["note"] = f"Ghi chú dài {len(body['note'])} ký tự, tối đa {NOTE_LIMIT}."
    if body["topic"] not in {one.value for one in Topic}:
        problems["topic"] = "Bạn chọn một loại tin giúp nhé."
    if body["message"]:
        try:
            check_text(body["message"])
        except BadText as bad:
            problems["message"] = str(bad)
    if not LEAD_DAYS[0] <= body["lead_days"] <= LEAD_DAYS[1]:
        problems["lead_days"] = f"Ghi một số từ {LEAD_DAYS[0]} đến {LEAD_DAYS[1]}."
    if problems:
        return None, {name: problems[name] for name in FIELDS if name in problems}
    try:
        return item(Kind.OCCASION, occasion_id, body), {}
    except Misfit as misfit:
        names = (str(place[0]) if place else "title" for place, _ in misfit.faults)
        said = "Nội dung ở đây chưa dùng được. Bạn xem lại giúp nhé."
        return None, {name if name in FIELDS else "title": said for name in names}


def body_of(typed: Typed, former: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The body these fields stand for, with what is wrong with its days."""
    problems: dict[str, str] = {}
    first, wrong = day_in(typed.first)
    if wrong or not first:
        problems["first"] = wrong or "Ghi ngày và tháng, như 02/09."
    last, wrong = day_in(typed.last)
    if wrong:
        problems["last"] = wrong
    if first and last and (days := _days(first, last)) > _LONGEST and last < first:
        problems["last"] = (
            f"Từ {day_shown(first)} đến {day_shown(last)} năm sau là {days} ngày. "
            "Bạn xem lại hai ngày này nhé."
        )
    lead = typed.lead_days.strip()
    body: dict[str, Any] = {
        "title": one_line(typed.title),
        "first": first,
        "certainty": typed.certainty,
        "note": one_line(typed.note),
        "topic": typed.topic,
        "message": clean_text(typed.message).strip(),
        "lead_days": int(lead) if re.fullmatch(r"[0-9]{1,3}", lead) else 0,
    }
    if last and last != first:
        body["last"] = last
    if "facts" in former:  # this form does not show them and must not lose them
        body["facts"] = former["facts"]
    return body, problems


def day_in(text: str) -> tuple[str, str]:
    """`2/9`, `02/09`, `2-9` as the content writes it (`09-02`), or what is wrong. Both empty for nothing."""
    said = one_line(text)
    if not said:
        return "", ""
    match = _DAY.fullmatch(said)
    if match is None:
        return "", f"“{said[:30]}” chưa đọc được. Chỉ ghi ngày và tháng, như 02/09; lịch lặp lại hằng năm."
    day, month = int(match[1]), int(match[2])
    if not 1 <= month <= 12:
        return "", f"Không có tháng {month}. Ghi ngày trước, tháng sau, như 02/09."
    try:
        date(2024, month, day)  # a leap year has every day
    except ValueError:
        return "", f"Tháng {month} không có ngày {day}."
    return f"{month:02}-{day:02}", ""


def day_shown(written: object) -> str:
    """`09-02` as `02/09`; empty for what is none."""
    match = re.fullmatch(r"(\d\d)-(\d\d)", written) if isinstance(written, str) else None
    return f"{match[2]}/{match[1]}" if match else ""


def _days(first: str, last: str) -> int:
    """How long it lasts."""
    days = [YearDay(int(one[:2]), int(one[3:])) for one in (first, last)]
    coming = in_year(Occasion("", "", days[0], days[1], Certainty.CERTAIN), 2026)
    return (coming.last - coming.first).days + 1
