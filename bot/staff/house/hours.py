"""Giờ làm việc: the hours of each weekday and the days that are exceptions, as people write them down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from bot.house_rules import HouseRules
from bot.office import DAY_MINUTES, DAYS, ClosedDays, Hours, Office
from bot.staff.house.section import House, Wanted
from bot.staff.typed import one_line, text_in

_CLOCK = r"(\d{1,2})\s*(?:(?::|\.|giờ|h|g)\s*(\d{2})?)?(?:\s*phút)?"
_STRETCH = re.compile(rf"{_CLOCK}\s*(?:-|–|—|đến|tới)\s*{_CLOCK}")
_BETWEEN = re.compile(r"(?:[\s,;.]|và|sáng|trưa|chiều|tối|từ)*")
_BEHIND = re.compile(r"\s*(?:sáng|trưa|chiều|tối)?[\s,;.]*")
_LATE = re.compile(r"chiều|tối")
_DATE = r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})"
_CLOSED = re.compile(rf"{_DATE}(?:\s*(?:-|–|—|đến|tới)\s*{_DATE})?[\s:,]*(.*)")
_ALL_DAY = ("cả ngày", "24/24")


@dataclass(frozen=True, slots=True)
class Typed:
    """The form's fields, as typed."""

    is_told: bool = False
    """Hours are told to citizens."""
    days: tuple[str, ...] = ("",) * 7
    closed: str = ""
    """One line for each exception."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a citizen reads at one moment."""

    when: str
    text: str


class OfficeHours:
    """See `Section`."""

    slug, title = "gio-lam-viec", "Giờ làm việc"
    about = "Khi nào cán bộ trả lời. Ngoài giờ, trợ lý nói rõ bao giờ cán bộ trả lời lại."
    sets = ("office",)
    fields: Mapping[str, str] = {
        "office": "Giờ làm việc",
        **{f"day-{number}": f"{day[0].upper()}{day[1:]}" for number, day in enumerate(DAYS)},
        "closed": "Ngày nghỉ",
    }

    def typed_of(self, house: House) -> Typed:
        """See `Section.typed_of`."""
        office = house.rules.office
        if office is None:
            return Typed()
        days = tuple(", ".join(one.in_words for one in day) for day in office.week)
        return Typed(True, days, "\n".join(map(closed_in_words, office.closed)))

    def typed_in(self, form: Mapping[str, str]) -> Typed:
        """See `Section.typed_in`."""
        days = tuple(text_in(form, f"ngay-{number}") for number in range(len(DAYS)))
        return Typed(form.get("noi-gio") == "co", days, text_in(form, "nghi"))

    def read(self, typed: Typed, house: House) -> Wanted:
        """See `Section.read`."""
        if not typed.is_told:
            return Wanted({"office": None})
        problems: dict[str, str] = {}
        week: list[tuple[Hours, ...]] = []
        for number, text in enumerate(typed.days):
            try:
                week.append(read_hours(text))
            except ValueError as error:
                problems[f"day-{number}"] = str(error)
                week.append(())
        closed: list[ClosedDays] = []
        for line in filter(None, map(str.strip, typed.closed.split("\n"))):
            try:
                closed.append(read_closed(line))
            except ValueError as error:
                problems.setdefault("closed", str(error))
        if not problems and not any(week):
            problems["office"] = "Chưa có ngày nào có giờ. Điền ít nhất một ngày, hoặc chọn không nói giờ."
        return Wanted({"office": Office(tuple(week), tuple(sorted(closed)), house.zone)}, problems)

    async def shown(self, typed: Typed, rules: HouseRules, house: House) -> Mapping[str, Any]:
        """See `Section.shown`."""
        return {"days": list(zip(range(len(DAYS)), self._day_names(), typed.days, strict=True)),
                "in_words": rules.office.in_words() if rules.office else "",
                "samples": samples(rules, house.now)}  # fmt: skip

    def _day_names(self) -> list[str]:
        return [self.fields[f"day-{number}"] for number in range(len(DAYS))]


def samples(rules: HouseRules, now: datetime) -> list[Sample]:
    """What who asks for a person reads now, in office hours and outside of them."""
    office = rules.office
    moments = {"Người dân nhắn lúc này": now}
    opens = office.next_opening(now) if office else None
    if office is not None and opens is not None:
        closes = office.closing(opens)
        if not office.is_open(now):
            moments["Trong giờ"] = opens
        elif closes is not None:
            moments["Ngoài giờ"] = closes + timedelta(minutes=1)
    return [Sample(when, rules.texts.at(moment).person_called) for when, moment in moments.items()]


def read_hours(text: str) -> tuple[Hours, ...]:
    """`7h30-11h30, 13:30 – 17:00`. Raises ValueError with a sentence for whoever typed it."""
    said = one_line(text).lower()
    if not said or said in ("nghỉ", "không"):
        return ()
    if said in _ALL_DAY:
        return (Hours(0, DAY_MINUTES),)
    said = said.replace("hôm sau", "")
    found: list[Hours] = []
    at = 0
    for match in _STRETCH.finditer(said):
        before, behind = said[at : match.start()], _BEHIND.match(said, match.end())
        if not _BETWEEN.fullmatch(before):
            raise ValueError(_NOT_HOURS)
        if int(match[1]) < 12 and (_LATE.search(before) or (behind and _LATE.search(behind[0]))):
            raise ValueError("Giờ chiều, giờ tối viết theo 24 giờ, như 13:30-17:00.")
        begins, ends = _minutes(match[1], match[2]), _minutes(match[3], match[4])
        if begins in (DAY_MINUTES, ends):
            raise ValueError("Giờ bắt đầu và giờ kết thúc trùng nhau.")
        found.append(Hours(begins, ends if ends > begins else ends + DAY_MINUTES))
        at = behind.end() if behind else match.end()
    if not found or at != len(said):
        raise ValueError(_NOT_HOURS)
    found.sort()
    if any(one.ends > later.begins for one, later in pairwise(found)):
        raise ValueError("Có hai khoảng giờ chồng lên nhau.")
    return tuple(found)


def read_closed(line: str) -> ClosedDays:
    """`05/02/2027 - 12/02/2027 nghỉ Tết`. Raises ValueError with a sentence for whoever typed it."""
    match = _CLOSED.fullmatch(one_line(line))
    if match is None:
        raise ValueError(f"Chưa đọc được dòng “{line[:40]}”. Viết như 30/04/2027 nghỉ lễ.")
    try:
        first = date(int(match[3]), int(match[2]), int(match[1]))
        last = date(int(match[6]), int(match[5]), int(match[4])) if match[4] else first
    except ValueError:
        raise ValueError(f"Không có ngày này trong lịch: “{line[:40]}”.") from None
    if last < first:
        raise ValueError(f"Ngày cuối đứng trước ngày đầu: “{line[:40]}”.")
    return ClosedDays(first, last, match[7].strip())


def closed_in_words(one: ClosedDays) -> str:
    """As `read_closed` reads it."""
    until = "" if one.last == one.first else f" - {one.last:%d/%m/%Y}"
    return f"{one.first:%d/%m/%Y}{until} {one.note}".strip()


_NOT_HOURS = "Chưa đọc được giờ. Viết như 7:30-11:30, 13:30-17:00."


def _minutes(hour: str, minute: str | None) -> int:
    found = int(hour) * 60 + int(minute or 0)
    if int(minute or 0) > 59 or found > DAY_MINUTES:
        raise ValueError("Giờ chỉ từ 0:00 đến 24:00.")
    return found
