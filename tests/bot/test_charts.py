"""Charts as shapes: nothing sticks out, percentages add up, and what is drawn is what was counted."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.charts import (
    WIDTH,
    Bar,
    busiest,
    columns,
    decimal,
    funnel,
    heat,
    lines,
    number,
    shares,
    stacked,
)

counts = st.lists(st.integers(0, 250_000), min_size=1, max_size=31)


@given(counts, st.booleans())
def test_columns_stand_inside_and_as_high_as_their_numbers(values: list[int], compared: bool) -> None:
    chart = columns([Bar("T2", "Thứ Hai", v, v // 2 if compared else None) for v in values])
    for one in chart.columns:
        assert chart.left <= min(one.x, one.before_x)
        assert max(one.x, one.before_x) + one.width <= chart.right
        assert one.y + one.height == pytest.approx(chart.ground)
        assert one.y >= 18  # the number above still fits
    highest = max(chart.columns, key=lambda one: (one.height, one.bar.value))  # a hair apart, drawn as high
    assert highest.bar.value == max(values)
    assert chart.is_empty == (not any(values))
    assert chart.columns[-1].shows_label
    assert sum(one.shows_label for one in chart.columns) <= 8


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, ["0", "1"]),
        (3, ["0", "1", "2", "3"]),
        (7, ["0", "5", "10"]),
        (132, ["0", "50", "100", "150"]),
        (12_345, ["0", "5.000", "10.000", "15.000"]),
    ],
)
def test_the_lines_across_are_round_numbers(most: int, ticks: list[str]) -> None:
    assert [tick.says for tick in columns([Bar("", "", most)]).ticks] == ticks


def test_the_busiest_is_one_or_none() -> None:
    bars = [Bar("T2", "Thứ Hai", 3), Bar("T3", "Thứ Ba", 8), Bar("T4", "Thứ Tư", 1)]
    assert busiest(bars) == bars[1]
    assert busiest([*bars, Bar("T5", "Thứ Năm", 8)]) is None
    assert busiest([Bar("T2", "Thứ Hai", 0)]) is None
    assert busiest([]) is None


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=6))
def test_percentages_add_up_and_parts_fill_the_bar(values: list[int]) -> None:
    chart = stacked([("phần", v) for v in values])
    assert sum(shares(values)) == (100 if any(values) else 0)
    assert all(
        abs(percent - 100 * v / sum(values)) < 1
        for percent, v in zip(shares(values), values, strict=True)
        if v
    )
    shown = [part for part in chart.parts if part.width]
    assert all(a.x + a.width <= b.x for a, b in pairwise(shown))
    assert all(part.x + part.width <= WIDTH + 0.1 for part in chart.parts)
    if any(values):
        assert shown[-1].x + shown[-1].width == pytest.approx(WIDTH, abs=0.1)


def test_a_funnel_says_where_most_were_lost() -> None:
    steps = funnel([("Đồng ý", 80), ("Nhóm", 60), ("Chỉ số 1", 57), ("Xong", 20)])
    assert [(one.percent, one.lost, one.is_worst) for one in steps] == [
        (100, 20, False),
        (75, 3, False),
        (71, 37, True),
        (25, None, False),
    ]
    assert [one.width for one in steps] == [100.0, 75.0, 71.25, 25.0]
    assert funnel([("Đồng ý", 0), ("Xong", 0)]) == ()
    assert funnel([]) == ()


def test_lines_go_through_their_points_and_their_table_has_every_number() -> None:
    chart = lines(["08", "09", "10"], [("Bắt đầu", [4, 0, 1500]), ("Xong", [2, 0, 700])])
    assert chart.rows == (("08", "4", "2"), ("09", "0", "0"), ("10", "1.500", "700"))
    first = chart.series[0].points
    assert first[1].y == chart.ground
    assert first[2].y < chart.series[1].points[2].y < chart.ground
    assert chart.series[0].path.split()[1] == f"{first[1].x:g},{first[1].y:g}"
    with pytest.raises(ValueError, match="every label"):
        lines(["08"], [("Xong", [])])


def test_heat_has_five_levels() -> None:
    assert [heat(value, 10) for value in (0, 1.9, 2, 5, 7.9, 8, 10)] == [0, 0, 1, 2, 3, 4, 4]
    assert heat(0, 0) == 0


def test_numbers_are_written_the_vietnamese_way() -> None:
    assert (number(1234567), number(12), decimal(7.25), decimal(8)) == ("1.234.567", "12", "7,2", "8,0")
