"""The week in figures for the first page: what was asked, what became of it, how fast officers answered.

A week is today and the six days before it, in the house's time zone; it is compared with the seven days
before those up to the same time of day, so that a morning is never compared with a whole day. Reads through
`bot.store.figures` and says what it found in plain words; never a citizen's words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from statistics import median

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import charts
from bot.dialogue.turn import Outcome
from bot.plain_words import duration
from bot.staff.words import WEEKDAYS
from bot.store import figures
from bot.store.figures import Wait
from knowledge.base import DOCUMENT, KnowledgeBase

DAYS = 7
ENTRIES = 5
_LOOKED_AT = 25
"""Passages of documents answer too and are passed over: they have no words that name them."""
_FAQ = "/staff/cau-hoi"
_SHORT_DAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
_KINDS = {
    Outcome.ANSWERED: "Trả lời được",
    Outcome.ABSTAINED: "Nói thật là chưa biết",
    Outcome.HANDOFF: "Chuyển cho cán bộ",
}


@dataclass(frozen=True, slots=True)
class Span:
    """The two weeks that are compared."""

    today: date
    zone: tzinfo
    same_moment: datetime
    """This time of day a week ago: what is compared ends here."""

    @classmethod
    def until(cls, now: datetime, zone: tzinfo) -> Span:
        """The week that ends today."""
        local = now.astimezone(zone)
        a_week_ago = local.date() - timedelta(days=DAYS)
        return cls(local.date(), zone, datetime.combine(a_week_ago, local.time(), zone))

    def day(self, back: int) -> date:
        """The day so many days ago."""
        return self.today - timedelta(days=back)

    def start(self, back: int) -> datetime:
        """The first moment of that day; -1 is tomorrow."""
        return datetime.combine(self.day(back), time(), self.zone)

    @property
    def bounds(self) -> list[datetime]:
        """Of 15 spans: the days of the week before, its last cut in two, then the days of this week."""
        before = [self.start(back) for back in range(2 * DAYS - 1, DAYS - 1, -1)]
        this = [self.start(back) for back in range(DAYS - 1, -2, -1)]
        return [*before, self.same_moment, *this]

    @property
    def this_week(self) -> tuple[datetime, datetime]:
        """From its first moment to the end of today."""
        return self.start(DAYS - 1), self.start(-1)

    @property
    def week_before(self) -> tuple[datetime, datetime]:
        """The same, a week earlier, as far as this week has come."""
        return self.start(2 * DAYS - 1), self.same_moment


@dataclass(frozen=True, slots=True)
class Asked:
    """One of the questions asked most."""

    question: str
    path: str
    """Empty where there is no page about it."""
    count: str
    change: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, compared with the week before."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Week:
    """Everything the page shows of the week."""

    period: str
    title: str
    days: charts.Columns
    kinds_title: str
    kinds: charts.Stacked
    kinds_before: str
    asked: tuple[Asked, ...]
    numbers: tuple[Figure, ...]
    is_empty: bool


async def week(
    connection: AsyncConnection, now: datetime, zone: tzinfo, base: Callable[[], KnowledgeBase]
) -> Week:
    """This week as it stands."""
    span = Span.until(now, zone)
    found = await figures.questions(connection, span.bounds)
    now_by_day, before_by_day = found[DAYS + 1 :], found[:DAYS]  # between them: later in the day, a week ago
    bars = _bars(span, now_by_day, before_by_day)
    kinds, kinds_before = _sum(now_by_day), _sum(before_by_day)
    top = await figures.most_asked(connection, span.this_week, span.week_before, _LOOKED_AT)
    begun, ended = await figures.assessments_in(connection, *span.this_week)
    begun_before, _ = await figures.assessments_in(connection, *span.week_before)
    waits = await figures.waits(connection, *span.this_week)
    waits_before = await figures.waits(connection, *span.week_before)
    knowledge, first = base(), span.day(DAYS - 1)
    known = [shown for one in top if (shown := _asked(one, knowledge)) is not None]
    return Week(
        period=f"{DAYS} ngày, từ {WEEKDAYS[first.weekday()]} {first:%d/%m} đến lúc này",
        title=_days_title(bars, kinds.total(), kinds_before.total()),
        days=charts.columns(bars),
        kinds_title=_kinds_title(kinds),
        kinds=charts.stacked([(label, kinds[one]) for one, label in _KINDS.items()]),
        kinds_before=_kinds_before(kinds_before),
        asked=tuple(known[:ENTRIES]),
        numbers=(_assessments(begun, ended, begun_before), _response(waits, waits_before)),
        is_empty=not (
            kinds.total() or kinds_before.total() or begun or begun_before or waits or waits_before
        ),
    )


def _bars(
    span: Span, now: Sequence[Counter[Outcome]], before: Sequence[Counter[Outcome]]
) -> list[charts.Bar]:
    bars = []
    for place, (this, that) in enumerate(zip(now, before, strict=True)):
        day = span.day(DAYS - 1 - place)
        is_today = day == span.today
        weekday = day.weekday()
        name = "Hôm nay" if is_today else WEEKDAYS[weekday]
        label = "Nay" if is_today else _SHORT_DAYS[weekday]
        bars.append(charts.Bar(label, f"{name}, {day:%d/%m}", this.total(), that.total()))
    return bars


def _sum(days: Sequence[Counter[Outcome]]) -> Counter[Outcome]:
    return sum(days, Counter[Outcome]())


def _days_title(bars: Sequence[charts.Bar], total: int, before: int) -> str:
    if not total:
        return "Tuần này chưa có câu hỏi nào" + (
            f", tuần trước {charts.number(before)} câu" if before else ""
        )
    most = charts.busiest(bars)
    name = most.name.partition(",")[0] if most else ""
    busiest = f", nhiều nhất {'hôm nay' if name == 'Hôm nay' else name}" if name else ""
    return f"Tuần này {charts.number(total)} câu{busiest}"


def _kinds_title(kinds: Counter[Outcome]) -> str:
    if not kinds.total():
        return ""
    percents = charts.shares([kinds[one] for one in _KINDS])
    return f"Trợ lý trả lời được {percents[0]}% số câu"


def _kinds_before(kinds: Counter[Outcome]) -> str:
    if not kinds.total():
        return "Tuần trước chưa có câu hỏi nào."
    answered, declined, handed = charts.shares([kinds[one] for one in _KINDS])
    return f"Tuần trước: trả lời được {answered}%, chưa biết {declined}%, chuyển cán bộ {handed}%."


def _asked(one: figures.AskedEntry, base: KnowledgeBase) -> Asked | None:
    count, change = charts.number(one.now), compared(one.now, one.before)
    if one.entry_id.startswith(DOCUMENT):
        return Asked(f"Hỏi về văn bản {one.entry_id.removeprefix(DOCUMENT)}", "", count, change)
    line = base.repertoire.line(one.entry_id)
    if line is None:
        return None
    return Asked(line.question, "" if line.is_fact else f"{_FAQ}/{one.entry_id}", count, change)


def compared(now: int, before: int) -> str:
    """`tuần trước 118, thêm 14`."""
    if not before:
        return "tuần trước chưa có" if now else ""
    if now == before:
        return "bằng tuần trước"
    change = f"thêm {charts.number(now - before)}" if now > before else f"bớt {charts.number(before - now)}"
    return f"tuần trước {charts.number(before)}, {change}"


def _assessments(begun: int, ended: int, before: int) -> Figure:
    notes = [f"{charts.number(ended)} bài đã làm xong" if begun or ended else "", compared(begun, before)]
    return Figure("Lượt tự đánh giá mới", charts.number(begun), "; ".join(filter(None, notes)))


def _response(waits: Sequence[Wait], before: Sequence[Wait]) -> Figure:
    label = "Cán bộ trả lời sau khi người dân chờ"
    now, then = _median(waits), _median(before)
    unanswered = sum(one.answered_at is None for one in waits)
    notes = [
        "một nửa số lượt được trả lời nhanh hơn thế" if now is not None else "",
        f"tuần trước {duration(then)}" if then is not None else "",
        f"{charts.number(unanswered)} lượt chưa có cán bộ trả lời" if unanswered else "",
    ]
    if now is None:
        return Figure(label, "chưa có", "; ".join(filter(None, notes)) or "Tuần này không ai phải chờ cán bộ")
    return Figure(label, duration(now), "; ".join(filter(None, notes)))


def _median(waits: Sequence[Wait]) -> timedelta | None:
    lengths = [one.length.total_seconds() for one in waits if one.length is not None]
    return timedelta(seconds=median(lengths)) if lengths else None
