"""When officers are at work: what is open now, when it opens next, and how that is said to people. Pure.

Hours are those of the wall clock in the association's own time zone; moments that come in and go out are
aware, in whatever zone the server runs. What is promised to citizens is worked out here, so that it is true.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
DAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
LOOKED_AHEAD_DAYS = 400
"""An office that opens later than that is not spoken of as opening."""
_ALL_DAY = (0, DAY_MINUTES)


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """A stretch of a day. Raises ValueError on one that is none."""

    begins: int
    """Minutes since midnight, 0 to 1439."""
    ends: int
    """Minutes since the same midnight, at most a day after `begins`; above 1440 it is the next morning."""

    def __post_init__(self) -> None:
        if not 0 <= self.begins < DAY_MINUTES or not self.begins < self.ends <= self.begins + DAY_MINUTES:
            raise ValueError("giờ bắt đầu và giờ kết thúc không hợp nhau")

    @property
    def in_words(self) -> str:
        """`7:30–11:30`, `22:00–2:00 hôm sau`, `cả ngày`."""
        if (self.begins, self.ends) == _ALL_DAY:
            return "cả ngày"
        next_day = self.ends > DAY_MINUTES
        until = _clock(self.ends - DAY_MINUTES if next_day else self.ends)
        return f"{_clock(self.begins)}–{until}{' hôm sau' if next_day else ''}"


@dataclass(frozen=True, slots=True, order=True)
class ClosedDays:
    """Days on which nobody is there, both ends included. Raises ValueError on an end before its beginning."""

    first: date
    last: date
    note: str = ""
    """Why, as citizens read it: `nghỉ Tết Nguyên đán`."""

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("ngày cuối đứng trước ngày đầu")


@dataclass(frozen=True, slots=True)
class Office:
    """The hours of a week, and the days that are exceptions."""

    week: tuple[tuple[Hours, ...], ...]
    """Seven days, Monday first; several stretches a day, or none."""
    closed: tuple[ClosedDays, ...] = ()
    zone: tzinfo = VIETNAM

    def __post_init__(self) -> None:
        if len(self.week) != len(DAYS):
            raise ValueError("một tuần có bảy ngày")

    # --- moments -----------------------------------------------------------------------------------

    def is_open(self, at: datetime) -> bool:
        """Whether somebody is there at this moment."""
        return self._stretch(at) is not None

    def next_opening(self, at: datetime) -> datetime | None:
        """The first moment from `at` on at which it is open: `at` itself while it is. None: not in sight."""
        if self.is_open(at):
            return at
        today = at.astimezone(self.zone).date()
        for ahead in range(LOOKED_AHEAD_DAYS):
            day = today + timedelta(days=ahead)
            for begins, _ in self._open_on(day):
                moment = self._moment(day, begins)
                if moment > at:
                    return moment
        return None

    def closing(self, at: datetime) -> datetime | None:
        """When it closes, while it is open. None when it is not, or does not close within a week."""
        found = self._stretch(at)
        if found is None:
            return None
        day, ends = at.astimezone(self.zone).date(), found[1]
        for _ in DAYS:
            if ends < DAY_MINUTES:
                return self._moment(day, ends)
            tomorrow = day + timedelta(days=1)
            on = next((one for one in self._open_on(tomorrow) if one[0] == 0), None)
            if on is None:
                return self._moment(tomorrow, 0)
            day, ends = tomorrow, on[1]
        return None

    def closure(self, day: date) -> ClosedDays | None:
        """The exception this day falls under, if any."""
        return next((one for one in self.closed if one.first <= day <= one.last), None)

    def _stretch(self, at: datetime) -> tuple[int, int] | None:
        local = at.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return next((one for one in self._open_on(local.date()) if one[0] <= minute < one[1]), None)

    def _open_on(self, day: date) -> list[tuple[int, int]]:
        """When it is open between one midnight and the next, in order, joined where stretches touch."""
        if self.closure(day):
            return []
        found = [(one.begins, min(one.ends, DAY_MINUTES)) for one in self.week[day.weekday()]]
        eve = day - timedelta(days=1)
        if not self.closure(eve):
            over = (one.ends - DAY_MINUTES for one in self.week[eve.weekday()])
            found += [(0, ends) for ends in over if ends > 0]
        return _joined(found)

    def _moment(self, day: date, minute: int) -> datetime:
        return datetime.combine(day, time(*divmod(minute, 60)), self.zone).astimezone(UTC)

    # --- words -------------------------------------------------------------------------------------

    def in_words(self) -> str:
        """`thứ Hai đến thứ Sáu, 7:30–11:30 và 13:30–17:00; thứ Bảy, 7:30–11:30`. Empty: never open."""
        alike: dict[tuple[Hours, ...], list[int]] = {}
        for day, hours in enumerate(self.week):
            if hours:
                alike.setdefault(tuple(sorted(hours)), []).append(day)
        return "; ".join(
            f"{_days(days)}, {_listed([one.in_words for one in hours])}" for hours, days in alike.items()
        )

    def promise(self, at: datetime) -> str:
        """Whole sentences: when whoever writes now is answered by a person."""
        here = "cán bộ sẽ trả lời bạn ngay trong cuộc trò chuyện này"
        if self.is_open(at):
            closes = self.closing(at)
            until = f" (đến {self._when(closes, at)})" if closes else ""
            return f"Bây giờ đang trong giờ làm việc{until}, {here}."
        opens = self.next_opening(at)
        if opens is None:
            return "Hội chưa xếp giờ trực sắp tới nên mình chưa hẹn trước được lúc cán bộ trả lời."
        why = self._why_closed(at)
        return (
            f"Cán bộ trả lời trong giờ làm việc: {self.in_words()}. {why}, {here} từ {self._when(opens, at)}."
        )

    def when_if_closed(self, at: datetime) -> str:
        """`bây giờ ngoài giờ, cán bộ trả lời từ 7:30 sáng thứ Hai`; empty while open, or never to be."""
        opens = self.next_opening(at)
        if opens is None or opens == at:
            return ""
        why = self._why_closed(at)
        return f"{why[0].lower()}{why[1:]}, cán bộ trả lời từ {self._when(opens, at)}"

    def _why_closed(self, at: datetime) -> str:
        closure = self.closure(at.astimezone(self.zone).date())
        if closure is None:
            return "Bây giờ ngoài giờ"
        return f"Hôm nay Hội nghỉ ({closure.note})" if closure.note else "Hôm nay Hội nghỉ"

    def _when(self, moment: datetime, now: datetime) -> str:
        """`13:30 chiều nay`, `7:30 sáng mai`, `7:30 sáng thứ Hai`, with the date when it is a week away."""
        local, today = moment.astimezone(self.zone), now.astimezone(self.zone).date()
        clock = f"{local.hour}:{local.minute:02d} {_part_of_day(local.hour)}"
        ahead = (local.date() - today).days
        if ahead < 2:
            return f"{clock} {'mai' if ahead else 'nay'}"
        day = DAYS[local.weekday()]
        return f"{clock} {day}" if ahead < 7 else f"{clock} {day}, {local:%d/%m/%Y}"


def _joined(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for begins, ends in sorted(stretches):
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        else:
            found.append((begins, ends))
    return found


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02d}"


def _part_of_day(hour: int) -> str:
    parts = ((11, "sáng"), (13, "trưa"), (18, "chiều"), (22, "tối"))
    return next((word for before, word in parts if hour < before), "đêm")


def _days(days: Sequence[int]) -> str:
    """`thứ Hai đến thứ Sáu và Chủ nhật`; three in a row and more are a stretch."""
    if len(days) == len(DAYS):
        return "tất cả các ngày"
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    pieces: list[str] = []
    for run in runs:
        if len(run) > 2:
            pieces.append(f"{DAYS[run[0]]} đến {DAYS[run[-1]]}")
        else:
            pieces += [DAYS[day] for day in run]
    return _listed(pieces)


def _listed(pieces: Sequence[str]) -> str:
    return pieces[0] if len(pieces) == 1 else f"{', '.join(pieces[:-1])} và {pieces[-1]}"
