"""The counts as they are shown: charts with a title that says what is to be seen. Pure.

Whatever must not be told was left out where it was counted (bot.assessment_tally); nothing here adds it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot import charts
from bot.assessment_tally import HIDDEN, MERGED, NO_PLACE, Average, Reached, Share, Statistics

_NAMELESS = "–"
_SPREAD = 2.0


@dataclass(frozen=True, slots=True)
class Row:
    """A group, place or channel, with a bar for how many results it has."""

    label: str
    results: str
    people: str
    passed: str
    average: str
    begun: str
    width: float
    """Of the bar, of 100."""


@dataclass(frozen=True, slots=True)
class Field:
    """An indicator's average, coloured by how high it is."""

    number: int
    name: str
    average: str
    heat: int


@dataclass(frozen=True, slots=True)
class Strip:
    """The indicators of one set of criteria."""

    set_name: str
    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """One of the numbers on top."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Everything on the page of numbers."""

    keys: tuple[Key, ...]
    months: charts.Lines | None
    """None when all of it lies in one month."""
    months_title: str
    way: tuple[charts.Step, ...]
    way_title: str
    groups: tuple[Row, ...]
    groups_title: str
    places: tuple[Row, ...]
    places_title: str
    channels: tuple[Row, ...]
    channels_title: str
    strips: tuple[Strip, ...]


def numbers(found: Statistics) -> Numbers:
    """The counts, ready to be drawn."""
    several_sets = len({one.set_name for one in found.groups}) > 1
    return Numbers(
        keys=_keys(found),
        months=_months(found.months),
        months_title=_months_title(found.months),
        way=charts.funnel([(one.name, one.count) for one in found.way]),
        way_title=_way_title(found),
        groups=_rows(found.groups, with_set=several_sets),
        groups_title=_most_title("Đông nhất", found.groups),
        places=_rows(found.places),
        places_title=_places_title(found.places),
        channels=_rows(found.channels),
        channels_title=_most_title("Nhiều nhất qua", found.channels),
        strips=_strips(found.indicators),
    )


def _keys(found: Statistics) -> tuple[Key, ...]:
    total = found.total
    share = f"{round(100 * found.completed / found.begun)}%" if found.begun else ""
    passed, average = total.passed, total.average
    return (
        Key("Lượt bắt đầu", charts.number(found.begun), f"{share} làm đến cuối" if share else ""),
        Key("Bài hoàn thành", charts.number(total.results), f"của {charts.number(total.people)} người"),
        Key(
            "Đạt mức điểm",
            HIDDEN if passed is None else charts.number(passed),
            f"{total.percent_passed}% số bài, tự chấm" if total.percent_passed is not None else "",
        ),
        Key("Điểm trung bình", _NAMELESS if average is None else charts.decimal(average), "tự chấm"),
    )


def _months(months: Sequence[Share]) -> charts.Lines | None:
    if len(months) < 2:
        return None
    begun, ended = [one.begun for one in months], [one.results for one in months]
    return charts.lines([one.label for one in months], [("Bài hoàn thành", ended), ("Lượt bắt đầu", begun)])


def _months_title(months: Sequence[Share]) -> str:
    most = max((one.results for one in months), default=0)
    highest = [one for one in months if one.results == most]
    if not most or len(highest) > 1:
        return "Theo tháng"
    return f"Tháng {highest[0].label} có nhiều bài hoàn thành nhất: {charts.number(most)}"


def _way_title(found: Statistics) -> str:
    done = f"{charts.number(found.completed)} trong {charts.number(found.begun)} lượt làm đến cuối"
    lost = _worst(found.way)
    return f"{done}; nhiều người dừng nhất ở bước {lost.name}" if lost else done


def _worst(way: Sequence[Reached]) -> Reached | None:
    most = max((one.stopped for one in way), default=0)
    worst = [one for one in way if one.stopped == most]
    return worst[0] if most and len(worst) == 1 else None


def _most_title(words: str, shares: Sequence[Share]) -> str:
    most = max((one.results for one in shares if not one.hides_counts), default=0)
    highest = [one for one in shares if one.results == most]
    if not most:
        return "Chưa có bài nào hoàn thành"
    if len(highest) > 1:
        return "Bằng nhau: " + ", ".join(one.label for one in highest)
    return f"{words}: {highest[0].label} ({charts.number(most)} bài)"


def _places_title(places: Sequence[Share]) -> str:
    named = [one for one in places if one.label not in (MERGED, NO_PLACE)]
    if not named:
        return "Chưa có nơi nào đủ 5 người để nêu tên" if places else "Chưa có bài nào hoàn thành"
    return f"{len(named)} nơi, nhiều nhất {named[0].label} ({charts.number(named[0].results)} bài)"


def _rows(shares: Sequence[Share], *, with_set: bool = False) -> tuple[Row, ...]:
    most = max((one.results for one in shares if not one.hides_counts), default=0)
    return tuple(_row(one, most, with_set) for one in shares)


def _row(one: Share, most: int, with_set: bool) -> Row:
    label = f"{one.label} ({one.set_name})" if with_set else one.label
    if one.hides_counts:
        return Row(label, HIDDEN, _NAMELESS, _NAMELESS, _NAMELESS, _NAMELESS, 0)
    passed = _NAMELESS
    if one.results:
        passed = HIDDEN if one.passed is None else f"{charts.number(one.passed)} ({one.percent_passed}%)"
    return Row(
        label,
        charts.number(one.results),
        charts.number(one.people),
        passed,
        _NAMELESS if one.average is None else charts.decimal(one.average),
        charts.number(one.begun),
        round(100 * one.results / most, 2) if most else 0,
    )


def _strips(indicators: Sequence[Average]) -> tuple[Strip, ...]:
    """The set of most results first."""
    by_set: dict[str, list[Average]] = {}
    for one in indicators:
        by_set.setdefault(one.set_name, []).append(one)
    ordered = sorted(by_set.items(), key=lambda item: -item[1][0].count)
    return tuple(
        Strip(name, _strip_title(averages), tuple(_field(one, _ground(averages)) for one in averages))
        for name, averages in ordered
    )


def _ground(averages: Sequence[Average]) -> tuple[float, float]:
    """Where colours begin and how far they reach: people differ by a point or two, so the whole way from 0
    would look all the same. Less than _SPREAD points are no reason for a strong contrast."""
    told = [one.average for one in averages if one.average is not None]
    high = max(told, default=0.0)
    low = min(min(told, default=0.0), high - _SPREAD)
    return low, high - low


def _strip_title(averages: Sequence[Average]) -> str:
    told = [(one.average, one) for one in averages if one.average is not None]
    if not told:
        return f"Điểm của {HIDDEN} không hiện"
    low = min(told, key=lambda pair: (pair[0], pair[1].number))[1]
    high = max(told, key=lambda pair: (pair[0], -pair[1].number))[1]
    return f"Thấp nhất: {_called(low)}; cao nhất: {_called(high)}"


def _called(one: Average) -> str:
    name = one.name or f"chỉ số {one.number}"
    return f"{name} ({charts.decimal(one.average or 0)})"


def _field(one: Average, ground: tuple[float, float]) -> Field:
    if one.average is None:
        return Field(one.number, one.name, _NAMELESS, 0)
    low, reach = ground
    return Field(one.number, one.name, charts.decimal(one.average), charts.heat(one.average - low, reach))
