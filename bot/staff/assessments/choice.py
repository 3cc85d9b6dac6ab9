"""Which days are looked at: `ky` (thang, quy …), or `tu` and `den`, in a page's address. Pure.

What cannot be a period is answered with a sentence and the usual one; what was typed stays typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from urllib.parse import urlencode

from bot.assessment_tally import Period

USUAL = "nam"
_EARLIEST = date(2000, 1, 1)


def _quarter(today: date) -> date:
    return today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)


_FIRST_DAYS: dict[str, tuple[str, Callable[[date], date | None]]] = {
    "hai-tuan": ("Hai tuần qua", lambda today: today - timedelta(days=14)),
    "thang": ("Tháng này", lambda today: today.replace(day=1)),
    "quy": ("Quý này", _quarter),
    USUAL: ("Năm nay", lambda today: today.replace(month=1, day=1)),
    "tat-ca": ("Từ đầu", lambda _: None),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The days that were chosen."""

    period: Period
    key: str
    """`thang` …; empty when days were given."""
    first: str
    last: str
    """As typed, or the period's own days, for the fields of the form."""
    problem: str = ""

    @property
    def query(self) -> dict[str, str]:
        """For the address of another page about the same days; nothing for the usual period."""
        if self.key:
            return {} if self.key == USUAL else {"ky": self.key}
        return {"tu": self.first, "den": self.last}

    @property
    def says(self) -> str:
        """`từ 01/01/2026 đến 02/10/2026`."""
        return str(self.period)

    def tabs(self, path: str, **kept: str) -> list[tuple[str, str, bool]]:
        """Label, address, is here: one for each period with a name."""
        return [
            (label, address(path, **kept, **({} if key == USUAL else {"ky": key})), key == self.key)
            for key, (label, _) in _FIRST_DAYS.items()
        ]


def address(path: str, **wanted: str) -> str:
    """`path` with what is not empty in its query."""
    query = urlencode({name: value for name, value in wanted.items() if value})
    return f"{path}?{query}" if query else path


def chosen(query: Mapping[str, str], today: date, zone: tzinfo) -> Choice:
    """What the address asks for."""
    typed = query.get("tu", "")[:20].strip(), query.get("den", "")[:20].strip()
    if not any(typed):
        return _named(query.get("ky", USUAL), today, zone)
    try:
        first = date.fromisoformat(typed[0]) if typed[0] else None
        last = date.fromisoformat(typed[1]) if typed[1] else today
    except ValueError:
        return _refused("Ngày chưa đúng. Bạn chọn lại từ lịch nhé.", typed, today, zone)
    if first is not None and first > last:
        return _refused("Ngày đầu phải trước ngày cuối.", typed, today, zone)
    if (first or _EARLIEST) < _EARLIEST or not _EARLIEST <= last <= today.replace(year=today.year + 1, day=1):
        return _refused("Ngày nằm ngoài khoảng có số liệu.", typed, today, zone)
    return Choice(Period(first, last, zone), "", typed[0], last.isoformat())


def _named(key: str, today: date, zone: tzinfo) -> Choice:
    key = key if key in _FIRST_DAYS else USUAL
    first = _FIRST_DAYS[key][1](today)
    return Choice(Period(first, today, zone), key, first.isoformat() if first else "", today.isoformat())


def _refused(problem: str, typed: tuple[str, str], today: date, zone: tzinfo) -> Choice:
    usual = _named(USUAL, today, zone)
    return Choice(usual.period, usual.key, typed[0], typed[1], problem)
