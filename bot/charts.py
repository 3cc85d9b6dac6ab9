"""Small charts as shapes: numbers in, coordinates out. templates/_charts.html draws them.

Pure: knows no HTML, no colours and no clock. Lengths are units of a drawing WIDTH wide, which the page shows
about 300 to 420 pixels wide, so that its letters stay readable on a phone. No chart stands alone: each keeps
the numbers it was made of, and the page shows them as a table too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

WIDTH = 320.0
_RIGHT, _TOP, _BOTTOM = 4.0, 20.0, 24.0
_PLOT = 118.0
_MOST_LABELS = 8
"""Under an axis; where there are more, some are left out."""
_WRITTEN_ABOVE = 10
"""With at most so many bars, each has its number above it."""
_GAP = 2.0
_DIGIT = 7.4
"""How wide a figure is, generously."""
_FITS_A_LABEL = 36.0
"""A part of a bar so wide has room for `100%`."""
HEAT_LEVELS = 5


def number(value: int) -> str:
    """`1.234`, as Vietnamese write it."""
    return f"{value:,}".replace(",", ".")


def decimal(value: float) -> str:
    """`7,5`: one digit behind the comma."""
    return f"{value:.1f}".replace(".", ",")


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across, with its number."""

    y: float
    says: str


@dataclass(frozen=True, slots=True)
class Bar:
    """What is to be drawn as one column."""

    label: str
    """Under it, at most five letters."""
    name: str
    """In full, for the table: `Thứ Ba, 29/09`."""
    value: int
    before: int | None = None
    """What it is compared with, drawn beside it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column, placed."""

    bar: Bar
    x: float
    y: float
    width: float
    height: float
    middle: float
    """Where its label stands."""
    before_x: float
    before_y: float
    before_height: float
    shows_label: bool
    shows_value: bool

    @property
    def value(self) -> str:
        """Its number."""
        return number(self.bar.value)

    @property
    def before(self) -> str:
        """The number it is compared with."""
        return "" if self.bar.before is None else number(self.bar.before)


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns on a ground line."""

    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]
    ground: float
    """y of the line they stand on."""
    height: float
    has_before: bool
    left: float
    width: float = WIDTH
    right: float = WIDTH - _RIGHT

    @property
    def is_empty(self) -> bool:
        """Nothing was counted."""
        return not any(one.bar.value or one.bar.before for one in self.columns)


def columns(bars: Sequence[Bar]) -> Columns:
    """A column for each bar, in order. `before` is drawn when any bar has it."""
    has_before = any(bar.before is not None for bar in bars)
    steps = _steps(max((max(bar.value, bar.before or 0) for bar in bars), default=0))
    ground = _TOP + _PLOT
    ticks = _ticks(steps, ground)
    left = _left_of(ticks)
    room = (WIDTH - left - _RIGHT) / max(1, len(bars))
    width = room * (0.38 if has_before else 0.64)
    every = ceil(len(bars) / _MOST_LABELS)

    def height(value: int | None) -> float:
        return _rounded(_PLOT * (value or 0) / steps[-1])

    placed = []
    for place, bar in enumerate(bars):
        start = left + room * place
        x = start + room * (0.52 if has_before else 0.18)
        placed.append(
            Column(
                bar,
                x=_rounded(x),
                y=ground - height(bar.value),
                width=_rounded(width),
                height=height(bar.value),
                middle=_rounded(start + room / 2),
                before_x=_rounded(start + room * 0.1),
                before_y=ground - height(bar.before),
                before_height=height(bar.before),
                # Counted from the end: the last one, today, always has its name.
                shows_label=(len(bars) - 1 - place) % every == 0,
                shows_value=bar.value > 0 and len(bars) <= _WRITTEN_ABOVE,
            )
        )
    return Columns(tuple(placed), ticks, ground, ground + _BOTTOM, has_before, left)


def busiest(bars: Sequence[Bar]) -> Bar | None:
    """The bar that alone is the highest; None when there is none, or several are."""
    most = max((bar.value for bar in bars), default=0)
    highest = [bar for bar in bars if bar.value == most]
    return highest[0] if most and len(highest) == 1 else None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a whole, placed in a bar across."""

    label: str
    count: int
    percent: int
    x: float
    width: float
    shows_percent: bool
    place: int
    """1 for the first: its colour."""

    @property
    def value(self) -> str:
        """Its number."""
        return number(self.count)

    @property
    def middle(self) -> float:
        """Where its percentage stands."""
        return _rounded(self.x + self.width / 2)


@dataclass(frozen=True, slots=True)
class Stacked:
    """A whole in its parts."""

    parts: tuple[Part, ...]
    total: int
    width: float = WIDTH
    height: float = 34.0


def stacked(parts: Sequence[tuple[str, int]]) -> Stacked:
    """One bar across; percentages add up to 100. Parts that are 0 have no width and stay in the legend."""
    total = sum(count for _, count in parts)
    percents = shares([count for _, count in parts])
    shown = sum(1 for _, count in parts if count)
    room = WIDTH - _GAP * max(0, shown - 1)
    placed, x = [], 0.0
    for place, ((label, count), percent) in enumerate(zip(parts, percents, strict=True), 1):
        width = _rounded(room * count / total) if total else 0.0
        placed.append(
            Part(label, count, percent, _rounded(min(x, WIDTH)), width, width >= _FITS_A_LABEL, place)
        )
        x += width + (_GAP if count else 0)
    return Stacked(tuple(placed), total)


def shares(counts: Sequence[int]) -> list[int]:
    """Whole percentages that add up to 100: the largest remainders are rounded up. All 0 without a sum."""
    total = sum(counts)
    if not total:
        return [0] * len(counts)
    exact = [100 * count / total for count in counts]
    percents = [int(one) for one in exact]
    by_remainder = sorted(range(len(counts)), key=lambda n: (percents[n] - exact[n], n))
    for n in by_remainder[: 100 - sum(percents)]:
        percents[n] += 1
    return percents


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a way, with a bar as long as the share of those who came so far."""

    label: str
    count: int
    percent: int
    width: float
    """Of 100."""
    lost: int | None
    """How many came so far and no further; None at the end."""
    is_worst: bool
    """Most were lost here."""

    @property
    def value(self) -> str:
        """Its number."""
        return number(self.count)


def funnel(steps: Sequence[tuple[str, int]]) -> tuple[Step, ...]:
    """The steps of a way with the number who reached each, never growing; empty when nobody began."""
    if not steps or not steps[0][1]:
        return ()
    begun = steps[0][1]
    reached = [count for _, count in steps]
    lost = [here - after for here, after in pairwise(reached)]
    worst = max(lost, default=0)
    return tuple(
        Step(
            label,
            count,
            round(100 * count / begun),
            _rounded(100 * count / begun),
            lost[place] if place < len(lost) else None,
            place < len(lost) and worst > 0 and lost[place] == worst,
        )
        for place, (label, count) in enumerate(steps)
    )


@dataclass(frozen=True, slots=True)
class Point:
    """A number on a line."""

    x: float
    y: float
    label: str
    value: int
    shows_label: bool

    @property
    def says(self) -> str:
        """Its number."""
        return number(self.value)


@dataclass(frozen=True, slots=True)
class Series:
    """One line."""

    name: str
    place: int
    """1 for the first: its colour and its dashes."""
    points: tuple[Point, ...]

    @property
    def path(self) -> str:
        """The `points` of an SVG polyline."""
        return " ".join(f"{point.x:g},{point.y:g}" for point in self.points)


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines over the same labels."""

    series: tuple[Series, ...]
    labels: tuple[str, ...]
    ticks: tuple[Tick, ...]
    ground: float
    height: float
    left: float
    width: float = WIDTH
    right: float = WIDTH - _RIGHT

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """For the table: a label with the number of each line."""
        found = zip(*([point.says for point in one.points] for one in self.series), strict=True)
        return tuple((label, *said) for label, said in zip(self.labels, found, strict=True))


def lines(labels: Sequence[str], series: Sequence[tuple[str, Sequence[int]]]) -> Lines:
    """Lines over `labels`; each series has a number for every label. Raises ValueError when one has not."""
    if any(len(values) != len(labels) for _, values in series):
        raise ValueError("a number for every label")
    steps = _steps(max((value for _, values in series for value in values), default=0))
    ground = _TOP + _PLOT
    ticks = _ticks(steps, ground)
    left = _left_of(ticks)
    room = (WIDTH - left - _RIGHT) / max(1, len(labels))
    every = ceil(len(labels) / (_MOST_LABELS - 2))
    made = tuple(
        Series(
            name,
            place,
            tuple(
                Point(
                    _rounded(left + room * (at + 0.5)),
                    _rounded(ground - _PLOT * value / steps[-1]),
                    labels[at],
                    value,
                    (len(labels) - 1 - at) % every == 0,
                )
                for at, value in enumerate(values)
            ),
        )
        for place, (name, values) in enumerate(series, 1)
    )
    return Lines(made, tuple(labels), ticks, ground, ground + _BOTTOM, left)


def heat(value: float, most: float) -> int:
    """How strong a field is coloured: 0 (least) to HEAT_LEVELS - 1."""
    if most <= 0:
        return 0
    return min(HEAT_LEVELS - 1, max(0, int(HEAT_LEVELS * value / most)))


def _steps(most: int) -> tuple[int, ...]:
    """0 and one to three round numbers above it, the last at least `most`."""
    power = 1
    while 30 * power < most:
        power *= 10
    step = next(power * n for n in (1, 2, 5, 10) if 3 * power * n >= most)
    return tuple(step * n for n in range(max(1, ceil(most / step)) + 1))


def _ticks(steps: Sequence[int], ground: float) -> tuple[Tick, ...]:
    return tuple(Tick(_rounded(ground - _PLOT * step / steps[-1]), number(step)) for step in steps)


def _left_of(ticks: Sequence[Tick]) -> float:
    """Room for the widest number beside the lines."""
    return _rounded(8 + _DIGIT * max(len(tick.says) for tick in ticks))


def _rounded(length: float) -> float:
    return round(length, 2)
