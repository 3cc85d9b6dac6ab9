"""Adding up self-assessments: by group, place, month and channel, the way through, averages by indicator.

Counts alone, never a person: unless `all_places` is asked for, a place with fewer than FEW people is not
named and points of fewer are not told. Pure: rows come in one by one, nothing is read or written here.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypeVar

from bot.store.assessments import FINISHED, Counted, rank
from knowledge.criteria import CriteriaSet

FEW = 5
"""People: below this a place is not named and no points are told."""
HIDDEN = f"dưới {FEW} người"
MERGED = f"Các nơi {HIDDEN} (gộp)"
NO_PLACE = "(không ghi)"
NO_GROUP = "(chưa chọn)"
_STEPS_BEFORE = (("consent", "Đồng ý tham gia"), ("group", "Chọn nhóm"))
_STEPS_AFTER = (("place", "Nơi ở"), ("evidence", "Minh chứng"), (FINISHED, "Hoàn thành"))
_CHANNELS = {"zalo": "Zalo", "messenger": "Messenger", "web": "Trang web"}
_INDICATORS = 10
"""As many as the sets of today have; more are shown when there are more."""
_MOST_POINTS = 10
"""Of an indicator nothing is known about."""
_EARLIEST = date(2000, 1, 1)


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
        return datetime.combine(self.first or _EARLIEST, time(), self.zone)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), self.zone)

    def __str__(self) -> str:
        begun = f"{self.first:%d/%m/%Y}" if self.first else "đầu"
        return f"từ {begun} đến {self.last:%d/%m/%Y}"


@dataclass(frozen=True, slots=True)
class Share:
    """Results of one group, place, month or channel."""

    label: str
    begun: int
    """Begun in the period; 0 where that cannot be told apart."""
    results: int
    people: int
    passed: int | None
    """None: of too few people to be told."""
    average: float | None
    """Points; None: of too few, or of none."""
    set_name: str = ""
    hides_counts: bool = False
    """Not even `results` and `people` may be shown."""

    @property
    def percent_passed(self) -> int | None:
        """Of 100 results; None where that may not be told."""
        return None if self.passed is None or not self.results else round(100 * self.passed / self.results)


@dataclass(frozen=True, slots=True)
class Reached:
    """A step of the way through."""

    step: str
    name: str
    count: int
    stopped: int
    """How many came so far and, up to now, no further."""


@dataclass(frozen=True, slots=True)
class Average:
    """What people gave themselves at one indicator."""

    set_name: str
    number: int
    name: str
    average: float | None
    """None: of too few people to be told."""
    most: int
    count: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """Everything that was counted."""

    period: Period
    begun: int
    completed: int
    """Of those begun in the period; `total` counts what was finished in it."""
    total: Share
    groups: tuple[Share, ...]
    places: tuple[Share, ...]
    months: tuple[Share, ...]
    channels: tuple[Share, ...]
    way: tuple[Reached, ...]
    """Empty when nobody began."""
    indicators: tuple[Average, ...]

    @property
    def is_empty(self) -> bool:
        """Nothing began or ended in the period."""
        return not self.begun and not self.total.results


@dataclass(slots=True)
class _Sum:
    """Results added up."""

    results: int = 0
    passed: int = 0
    total: int = 0
    people: set[str] = field(default_factory=set)

    def add(self, one: Counted) -> None:
        self.results += 1
        self.passed += one.passed or 0
        self.total += one.total or 0
        self.people.add(one.person)

    def join(self, other: _Sum) -> None:
        self.results += other.results
        self.passed += other.passed
        self.total += other.total
        self.people |= other.people

    @property
    def is_small(self) -> bool:
        return len(self.people) < FEW

    def share(self, label: str, *, begun: int = 0, set_name: str = "", hides: bool = False) -> Share:
        tells = bool(self.results) and not hides
        return Share(
            label,
            begun,
            self.results,
            len(self.people),
            self.passed if tells or not self.results else None,
            round(self.total / self.results, 1) if tells else None,
            set_name,
        )


class Tally:
    """Adds up assessments one by one."""

    def __init__(self, period: Period) -> None:
        self._period = period
        # Compared with every row: in UTC, as the rows are, this takes a tenth of the time.
        self._since, self._until = period.since.astimezone(UTC), period.until.astimezone(UTC)
        self._all = _Sum()
        self._groups: dict[tuple[str, str], _Sum] = defaultdict(_Sum)
        self._places: dict[str, _Sum] = defaultdict(_Sum)
        self._months: dict[int, _Sum] = defaultdict(_Sum)
        self._channels: dict[str, _Sum] = defaultdict(_Sum)
        self._scored: dict[str, _Sum] = defaultdict(_Sum)
        self._points: dict[str, list[list[int]]] = {}
        self._furthest: Counter[str] = Counter()
        self._begun_by_month: Counter[int] = Counter()
        self._begun_by_channel: Counter[str] = Counter()

    def add(self, one: Counted) -> None:
        """Count one that began or ended in the period."""
        if self._since <= one.began_at < self._until:
            self._furthest[one.furthest] += 1
            self._begun_by_month[self._month(one.began_at)] += 1
            self._begun_by_channel[one.channel] += 1
        if one.finished_at is None or not self._since <= one.finished_at < self._until:
            return
        for where in (
            self._all,
            self._groups[one.criteria, one.group],
            self._places[one.place],
            self._months[self._month(one.finished_at)],
            self._channels[one.channel],
            self._scored[one.criteria],
        ):
            where.add(one)
        by_indicator = self._points.setdefault(one.criteria, [])
        for number, got in enumerate(json.loads(one.points or "[]")):
            if number == len(by_indicator):
                by_indicator.append([0, 0])
            by_indicator[number][0] += got
            by_indicator[number][1] += 1

    def statistics(self, criteria: Mapping[str, CriteriaSet], *, all_places: bool = False) -> Statistics:
        """Everything so far. `criteria` by id names groups and indicators; without it their ids stand.

        `all_places`: every place by its name with its true numbers, and points of however few people. Only
        for whoever may read the results one by one anyhow.
        """
        months = sorted({*self._months, *self._begun_by_month})
        channels = sorted({*self._channels, *self._begun_by_channel})
        groups = sorted(self._groups)
        few_in_groups, few_in_months, few_in_channels = (
            set() if all_places else _too_few(sums)
            for sums in (
                {one: self._groups[one] for one in groups},
                {one: self._months[one] for one in months},
                {one: self._channels[one] for one in channels},
            )
        )
        return Statistics(
            self._period,
            self._furthest.total(),
            self._furthest[FINISHED],
            self._all.share("", hides=self._all.is_small and not all_places),
            tuple(
                self._groups[one].share(
                    group_name(criteria, *one),
                    set_name=_set_name(criteria, one[0]),
                    hides=one in few_in_groups,
                )
                for one in groups
            ),
            self._by_place(all_places),
            tuple(
                self._months[one].share(
                    _month_name(one), begun=self._begun_by_month[one], hides=one in few_in_months
                )
                for one in months
            ),
            tuple(
                self._channels[one].share(
                    _CHANNELS.get(one, one), begun=self._begun_by_channel[one], hides=one in few_in_channels
                )
                for one in channels
            ),
            self._way(),
            self._by_indicator(criteria, all_places),
        )

    # --- the parts ---------------------------------------------------------------------------------

    def _by_place(self, all_places: bool) -> tuple[Share, ...]:
        """By what was written, however it was spelt; the spelling used most is shown."""
        spellings: dict[str, list[str]] = defaultdict(list)
        for place in sorted(self._places, key=lambda place: (-self._places[place].results, place)):
            if place:
                spellings[place.casefold()].append(place)
        named: dict[str, _Sum] = {}
        for places in spellings.values():
            joined = named[places[0]] = _Sum()
            for place in places:
                joined.join(self._places[place])
        ordered = sorted(named.items(), key=lambda item: (-item[1].results, item[0]))
        nowhere = self._places.get("", _Sum())
        if all_places:
            return tuple(sum_.share(place) for place, sum_ in [*ordered, (NO_PLACE, nowhere)] if sum_.results)
        shown, merged = _without_small(ordered, nowhere)
        rows = [sum_.share(place) for place, sum_ in shown]
        if merged.results:
            rows.append(replace(merged.share(MERGED, hides=merged.is_small), hides_counts=merged.is_small))
        return (*rows, nowhere.share(NO_PLACE)) if not nowhere.is_small else tuple(rows)

    def _way(self) -> tuple[Reached, ...]:
        """How many reached each step, and how many got no further."""
        if not self._furthest:
            return ()
        asked = [int(step) for step in self._furthest if step.isdecimal()]
        most = max([_INDICATORS, *asked, *(len(points) for points in self._points.values())])
        indicators = tuple((str(n), f"Chỉ số {n}") for n in range(1, most + 1))
        return tuple(
            Reached(
                step,
                name,
                sum(n for furthest, n in self._furthest.items() if rank(furthest) >= rank(step)),
                0 if step == FINISHED else self._furthest[step],
            )
            for step, name in (*_STEPS_BEFORE, *indicators, *_STEPS_AFTER)
        )

    def _by_indicator(self, criteria: Mapping[str, CriteriaSet], tells_all: bool) -> tuple[Average, ...]:
        rows = []
        for set_, by_indicator in sorted(self._points.items()):
            tells = tells_all or not self._scored[set_].is_small
            for number, (points, count) in enumerate(by_indicator, 1):
                average = round(points / count, 1) if tells else None
                name, most = _indicator(criteria, set_, number)
                rows.append(Average(_set_name(criteria, set_), number, name, average, most, count))
        return tuple(rows)

    def _month(self, moment: datetime) -> int:
        """Months since the year 0, in the zone: put into words once, not for every row."""
        local = moment.astimezone(self._period.zone)
        return 12 * local.year + local.month - 1


def _month_name(month: int) -> str:
    return f"{month % 12 + 1:02}/{month // 12}"


def _without_small(ordered: Sequence[tuple[str, _Sum]], nowhere: _Sum) -> tuple[list[tuple[str, _Sum]], _Sum]:
    """Places that may be named, and the others as one; `ordered` has the biggest first.

    Those others are never few themselves while a named place is left: else the sum of all would give a
    small one away. Few who named no place are among them, for the same reason.
    """
    shown = [item for item in ordered if not item[1].is_small]
    merged = _Sum()
    for sum_ in (*(sum_ for _, sum_ in ordered), nowhere):
        if sum_.is_small:
            merged.join(sum_)
    while merged.results and merged.is_small and shown:
        merged.join(shown.pop()[1])
    return shown, merged


_Key = TypeVar("_Key")


def _too_few(sums: Mapping[_Key, _Sum]) -> set[_Key]:
    """Whose points may not be told: those of few people, and the next bigger where taking the others from the
    sum of all would tell them after all."""
    by_size = sorted((one for one in sums if sums[one].results), key=lambda one: len(sums[one].people))
    hidden: set[_Key] = set()
    together = _Sum()
    for one in by_size:
        if not sums[one].is_small and (not hidden or not together.is_small):
            break
        hidden.add(one)
        together.join(sums[one])
    return hidden


def _set_name(criteria: Mapping[str, CriteriaSet], id_: str) -> str:
    return criteria[id_].document if id_ in criteria else id_


def group_name(criteria: Mapping[str, CriteriaSet], id_: str, group: str) -> str:
    """As the criteria call it; its id where they do not know it."""
    groups = criteria[id_].groups if id_ in criteria else ()
    return next((one.name for one in groups if one.id == group), group or NO_GROUP)


def step_name(step: str) -> str:
    """`Chỉ số 3`, `Nơi ở` …"""
    if step.isdecimal():
        return f"Chỉ số {step}"
    return dict((*_STEPS_BEFORE, *_STEPS_AFTER)).get(step, step)


def _indicator(criteria: Mapping[str, CriteriaSet], id_: str, number: int) -> tuple[str, int]:
    indicators = criteria[id_].indicators if id_ in criteria else ()
    return next(((one.name, one.most) for one in indicators if one.number == number), ("", _MOST_POINTS))
