"""The months, quarters and years reports are about, in the house's time zone. Pure.

A period that is not over is compared with as many days of the one before, never with the whole of it.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from bot.assessment_tally import Period

_KEY = re.compile(r"(20[0-9]{2})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?")
_ROMAN = ("I", "II", "III", "IV")
DRAFT_DAY, DRAFT_HOUR = 25, time(6)
"""When the draft of what is running is prepared."""


class Kind(StrEnum):
    """How long it is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """Whole days, both included."""

    key: str
    """`2026-10`, `2026-Q4` or `2026`."""
    kind: Kind
    first: date
    last: date

    @property
    def name(self) -> str:
        """`tháng 10 năm 2026`, `quý IV năm 2026`, `năm 2026`."""
        if self.kind is Kind.MONTH:
            return f"tháng {self.first.month} năm {self.first.year}"
        if self.kind is Kind.QUARTER:
            return f"quý {_ROMAN[(self.first.month - 1) // 3]} năm {self.first.year}"
        return f"năm {self.first.year}"

    @property
    def before_name(self) -> str:
        """What the one before is called: `tháng trước`."""
        return {Kind.MONTH: "tháng trước", Kind.QUARTER: "quý trước", Kind.YEAR: "năm trước"}[self.kind]

    @property
    def before(self) -> ReportPeriod:
        """The one before."""
        return containing(self.kind, self.first - timedelta(days=1))

    def days(self, zone: tzinfo) -> Period:
        """As whole days of the zone."""
        return Period(self.first, self.last, zone)

    def is_over(self, now: datetime, zone: tzinfo) -> bool:
        """Whether its last moment has passed."""
        return now >= self.days(zone).until

    def compared(self, now: datetime, zone: tzinfo) -> Period:
        """The days of the one before that this is compared with: as many as have passed."""
        before = self.before
        today = now.astimezone(zone).date()
        if today > self.last:
            return before.days(zone)
        passed = max(0, (today - self.first).days)
        return Period(before.first, min(before.last, before.first + timedelta(days=passed)), zone)

    def parts(self) -> list[tuple[str, str, date]]:
        """(short name, name, first day) of the columns of its chart: weeks of a month, else months."""
        if self.kind is Kind.MONTH:
            return [self._week(day) for day in range(1, self.last.day + 1, 7)]
        count = 3 if self.kind is Kind.QUARTER else 12
        months = [self.first.replace(month=self.first.month + n) for n in range(count)]
        return [(f"T{one.month}", f"Tháng {one.month}", one) for one in months]

    def _week(self, day: int) -> tuple[str, str, date]:
        last = min(day + 6, self.last.day)
        if day == last:
            return f"{day}", f"Ngày {day}", self.first.replace(day=day)
        return f"{day}–{last}", f"Ngày {day} đến {last}", self.first.replace(day=day)


def containing(kind: Kind, day: date) -> ReportPeriod:
    """The period of this kind a day lies in."""
    if kind is Kind.YEAR:
        return ReportPeriod(f"{day.year:04}", kind, date(day.year, 1, 1), date(day.year, 12, 31))
    if kind is Kind.MONTH:
        last = day.replace(day=monthrange(day.year, day.month)[1])
        return ReportPeriod(f"{day:%Y-%m}", kind, day.replace(day=1), last)
    quarter = (day.month - 1) // 3
    end = date(day.year, 3 * quarter + 3, 1)
    last = end.replace(day=monthrange(end.year, end.month)[1])
    return ReportPeriod(f"{day.year}-Q{quarter + 1}", kind, date(day.year, 3 * quarter + 1, 1), last)


def period_of(key: str) -> ReportPeriod:
    """The period of a key. Raises ValueError on anything that is none."""
    found = _KEY.fullmatch(key)
    if found is None:
        raise ValueError("no period")
    year, quarter, month = found.groups()
    if quarter:
        return containing(Kind.QUARTER, date(int(year), 3 * int(quarter), 1))
    if month:
        return containing(Kind.MONTH, date(int(year), int(month), 1))
    return containing(Kind.YEAR, date(int(year), 1, 1))


def due(now: datetime, zone: tzinfo) -> list[ReportPeriod]:
    """What a draft should be there for: from six o'clock on the 25th until the month ends."""
    local = now.astimezone(zone)
    if (local.day, local.time()) < (DRAFT_DAY, DRAFT_HOUR):
        return []
    kinds = [Kind.MONTH]
    if local.month % 3 == 0:
        kinds.append(Kind.QUARTER)
    if local.month == 12:
        kinds.append(Kind.YEAR)
    return [containing(kind, local.date()) for kind in kinds]
