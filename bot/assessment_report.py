"""What self-assessments add up to, for staff: by group, place, month and channel, the way through, averages.

Counts alone, never a person: a place with fewer than `FEW` people is not named, and points of fewer are not
told. Pure, but for `assessment_figures`, which reads the rows; how it looks on paper is `bot.report_files`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo

from bot.report_files import Cell, Figures, Table
from bot.store import assessments
from bot.store.assessments import FINISHED, Assessment, rank
from bot.store.database import Database
from knowledge.criteria import CriteriaSet

FEW = 5
"""People: below this a place is not named and no points are told."""
HIDDEN = f"dưới {FEW} người"
_MERGED = f"Các nơi {HIDDEN} (gộp)"
_NO_PLACE = "(không ghi)"
_NO_GROUP = "(chưa chọn)"
_STEPS_BEFORE = (("consent", "Đồng ý tham gia"), ("group", "Chọn nhóm"))
_STEPS_AFTER = (("place", "Nơi ở"), ("evidence", "Minh chứng"), (FINISHED, "Hoàn thành"))
_CHANNELS = {"zalo": "Zalo", "messenger": "Messenger", "web": "Trang web"}
_INDICATORS = 10
"""As many as the sets of today have; more are shown when there are more."""
_RESULTS = ("Số bài", "Số người", "Đạt mức điểm (tự chấm)", "Điểm trung bình")


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, both included, in the zone of the installation."""

    first: date | None
    """None: from the beginning."""
    last: date
    zone: tzinfo

    @property
    def since(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.first or date(2000, 1, 1), time(), self.zone)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), self.zone)

    def holds(self, moment: datetime | None) -> bool:
        """Whether a moment is inside."""
        return moment is not None and self.since <= moment < self.until

    def __str__(self) -> str:
        begun = f"{self.first:%d/%m/%Y}" if self.first else "đầu"
        return f"từ {begun} đến {self.last:%d/%m/%Y}"


@dataclass(slots=True)
class _Sum:
    """Results added up."""

    results: int = 0
    passed: int = 0
    total: int = 0
    people: set[str] = field(default_factory=set)

    def add(self, one: Assessment) -> None:
        self.results += 1
        self.passed += bool(one.passed)
        self.total += one.total or 0
        self.people.add(one.conversation.key)

    def join(self, other: _Sum) -> None:
        self.results += other.results
        self.passed += other.passed
        self.total += other.total
        self.people |= other.people

    @property
    def is_small(self) -> bool:
        return len(self.people) < FEW

    def cells(self) -> tuple[Cell, ...]:
        """Under the heading _RESULTS."""
        if self.is_small:
            return self.results, len(self.people), HIDDEN if self.results else None, None
        return self.results, len(self.people), self.passed, round(self.total / self.results, 1)


class Tally:
    """Adds up assessments one by one."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._all = _Sum()
        self._groups: dict[tuple[str, str], _Sum] = defaultdict(_Sum)
        self._places: dict[str, _Sum] = defaultdict(_Sum)
        self._spellings: dict[str, Counter[str]] = defaultdict(Counter)
        self._months: dict[str, _Sum] = defaultdict(_Sum)
        self._channels: dict[str, _Sum] = defaultdict(_Sum)
        self._points: dict[str, list[list[int]]] = {}
        self._scored: dict[str, _Sum] = defaultdict(_Sum)
        self._furthest: Counter[str] = Counter()
        self._begun_by_month: Counter[str] = Counter()
        self._begun_by_channel: Counter[str] = Counter()

    def add(self, one: Assessment) -> None:
        """Count one that began or ended in the period."""
        if self._period.holds(one.began_at):
            self._furthest[one.furthest] += 1
            self._begun_by_month[self._month(one.began_at)] += 1
            self._begun_by_channel[one.conversation.channel] += 1
        if one.finished_at is None or not self._period.holds(one.finished_at):
            return
        place = one.place.casefold()
        self._spellings[place][one.place] += 1
        for where in (
            self._all,
            self._groups[one.criteria, one.group],
            self._places[place],
            self._months[self._month(one.finished_at)],
            self._channels[one.conversation.channel],
            self._scored[one.criteria],
        ):
            where.add(one)
        by_indicator = self._points.setdefault(one.criteria, [])
        for number, got in enumerate(one.points):
            if number == len(by_indicator):
                by_indicator.append([0, 0])
            by_indicator[number][0] += got
            by_indicator[number][1] += 1

    def figures(self, criteria: Mapping[str, CriteriaSet]) -> Figures:
        """Everything so far. `criteria` by id names groups and indicators; without it their ids stand."""
        return Figures(
            f"Tự đánh giá Công dân học tập, {self._period}",
            (
                "Kết quả do người dân tự chấm, chỉ để tham khảo; danh hiệu do cấp có thẩm quyền công nhận.",
                f"Nơi có {HIDDEN} được gộp chung, không nêu tên; điểm và số đạt của {HIDDEN} không hiện, "
                "để không ai nhận ra được một người cụ thể.",
                "Số bắt đầu tính theo ngày bắt đầu, số hoàn thành tính theo ngày hoàn thành. "
                "Người dân yêu cầu xóa dữ liệu thì không còn trong các số này.",
            ),
            (
                self._overview(),
                self._by_group(criteria),
                self._by_place(),
                self._by_month(),
                self._by_channel(),
                self._way(),
                self._by_indicator(criteria),
            ),
        )

    # --- the tables --------------------------------------------------------------------------------

    def _overview(self) -> Table:
        begun = self._furthest.total()
        completed = self._furthest[FINISHED]
        results, people, passed, average = self._all.cells()
        rows: tuple[tuple[Cell, ...], ...] = (
            ("Lượt bắt đầu", begun),
            ("Trong số đó đã hoàn thành", completed),
            ("Tỉ lệ hoàn thành (%)", _percent(completed, begun)),
            ("Bài hoàn thành trong kỳ", results),
            ("Số người hoàn thành", people),
            ("Bài đạt mức điểm (tự chấm)", passed),
            ("Điểm trung bình", average),
        )
        return Table("Tổng quan", ("Mục", "Giá trị"), rows)

    def _by_group(self, criteria: Mapping[str, CriteriaSet]) -> Table:
        rows = [
            (_set_name(criteria, set_), _group_name(criteria, set_, group), *sum_.cells())
            for (set_, group), sum_ in sorted(self._groups.items())
        ]
        return Table("Theo nhóm", ("Bộ tiêu chí", "Nhóm", *_RESULTS), tuple(rows))

    def _by_place(self) -> Table:
        named = {place: sum_ for place, sum_ in self._places.items() if place}
        shown, merged = _without_small(named)
        rows = [(self._spelling(place), *sum_.cells()) for place, sum_ in shown]
        if merged.results:
            rows.append((_MERGED, *merged.cells()))
        if "" in self._places:
            rows.append((_NO_PLACE, *self._places[""].cells()))
        return Table("Theo nơi ở", ("Xã, phường", *_RESULTS), tuple(rows))

    def _by_month(self) -> Table:
        months = sorted({*self._months, *self._begun_by_month})
        rows = [
            (f"{month[5:]}/{month[:4]}", self._begun_by_month[month], *self._months[month].cells())
            for month in months
        ]
        return Table("Theo tháng", ("Tháng", "Lượt bắt đầu", *_RESULTS), tuple(rows))

    def _by_channel(self) -> Table:
        channels = sorted({*self._channels, *self._begun_by_channel})
        rows = [
            (_CHANNELS.get(one, one), self._begun_by_channel[one], *self._channels[one].cells())
            for one in channels
        ]
        return Table("Theo kênh", ("Kênh", "Lượt bắt đầu", *_RESULTS), tuple(rows))

    def _way(self) -> Table:
        """How many reached each step, and how many got no further."""
        asked = [int(step) for step in self._furthest if step.isdecimal()]
        most = max([_INDICATORS, *asked, *(len(points) for points in self._points.values())])
        indicators = tuple((str(n), f"Chỉ số {n}") for n in range(1, most + 1))
        begun = self._furthest.total()
        rows: list[tuple[Cell, ...]] = []
        for step, name in (*_STEPS_BEFORE, *indicators, *_STEPS_AFTER):
            reached = sum(n for furthest, n in self._furthest.items() if rank(furthest) >= rank(step))
            stopped = None if step == FINISHED else self._furthest[step]
            rows.append((name, reached, _percent(reached, begun), stopped, _percent(stopped, reached)))
        heading = ("Bước", "Lượt tới bước này", "% lượt bắt đầu", "Dừng hoặc đang dở ở đây", "% lượt tới")
        return Table("Đường đi", heading, tuple(rows) if begun else ())

    def _by_indicator(self, criteria: Mapping[str, CriteriaSet]) -> Table:
        rows = []
        for set_, by_indicator in sorted(self._points.items()):
            is_small = self._scored[set_].is_small
            for number, (points, count) in enumerate(by_indicator, 1):
                average: Cell = HIDDEN if is_small else round(points / count, 1)
                name = _indicator_name(criteria, set_, number)
                rows.append((_set_name(criteria, set_), number, name, average, count))
        heading = ("Bộ tiêu chí", "Chỉ số", "Tên", "Điểm trung bình", "Số bài")
        return Table("Từng chỉ số", heading, tuple(rows))

    def _month(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._period.zone):%Y-%m}"

    def _spelling(self, place: str) -> str:
        return self._spellings[place].most_common(1)[0][0]


async def assessment_figures(database: Database, period: Period, criteria: Iterable[CriteriaSet]) -> Figures:
    """The report of a period, from the rows as they are now."""
    tally = Tally(period)
    async with database.read() as connection:
        async for one in assessments.touching(connection, period.since, period.until):
            tally.add(one)
    return tally.figures({one.id: one for one in criteria})


def _without_small(places: Mapping[str, _Sum]) -> tuple[Sequence[tuple[str, _Sum]], _Sum]:
    """Places that may be named, the biggest first, and the others as one.

    Those others are never few themselves while a named place is left: else the sum of all would give a
    small one away.
    """
    ordered = sorted(places.items(), key=lambda item: (-item[1].results, item[0]))
    shown = [item for item in ordered if not item[1].is_small]
    merged = _Sum()
    for _, sum_ in ordered:
        if sum_.is_small:
            merged.join(sum_)
    while merged.results and merged.is_small and shown:
        merged.join(shown.pop()[1])
    return shown, merged


def _percent(part: int | None, whole: int) -> float | None:
    return None if part is None or not whole else round(100 * part / whole, 1)


def _set_name(criteria: Mapping[str, CriteriaSet], id_: str) -> str:
    return criteria[id_].document if id_ in criteria else id_


def _group_name(criteria: Mapping[str, CriteriaSet], id_: str, group: str) -> str:
    groups = criteria[id_].groups if id_ in criteria else ()
    return next((one.name for one in groups if one.id == group), group or _NO_GROUP)


def _indicator_name(criteria: Mapping[str, CriteriaSet], id_: str, number: int) -> str:
    indicators = criteria[id_].indicators if id_ in criteria else ()
    return next((one.name for one in indicators if one.number == number), "")
