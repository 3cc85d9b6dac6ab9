"""The one table: how figures are summed up and printed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank: a value that was really measured. 0 for no values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def middle(values: Iterable[float]) -> float:
    """The median; 0 for no values."""
    found = list(values)
    return statistics.median(found) if found else 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. None where a column says nothing about it."""

    what: str
    per_second: float | None = None
    of_ceiling: float | None = None
    """Share of the ceiling's throughput in the same rounds; 0.25 means a quarter."""
    cpu_ms: float | None = None
    """Processor time of the service's processes per delivery, turn or send."""
    p50_ms: float | None = None
    p99_ms: float | None = None
    worst_ms: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that were measured in one setting."""

    title: str
    rows: tuple[Row, ...]


_HEADINGS = ("", "per second", "of ceiling", "CPU ms each", "p50 ms", "p99 ms", "worst ms", "")


def as_markdown(sections: Iterable[Section]) -> str:
    """All sections as one Markdown table, aligned so that it also reads well in a terminal."""
    lines: list[tuple[str, ...]] = [_HEADINGS]
    for section in sections:
        lines.append((f"**{section.title}**", *[""] * (len(_HEADINGS) - 1)))
        lines.extend(map(_cells, section.rows))
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    drawn = [_draw(line, widths) for line in lines]
    rule = [f"{'-' * (width - 1)}:" if 0 < n < 7 else "-" * max(width, 1) for n, width in enumerate(widths)]
    drawn.insert(1, "| " + " | ".join(rule) + " |")
    return "\n".join(drawn)


def _draw(line: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        c.rjust(w) if 0 < n < 7 else c.ljust(w) for n, (c, w) in enumerate(zip(line, widths, strict=True))
    ]
    return "| " + " | ".join(cells) + " |"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        _number(row.per_second, ",.0f"),
        _number(row.of_ceiling, ".0%"),
        _number(row.cpu_ms, ".2f"),
        _number(row.p50_ms, ".1f"),
        _number(row.p99_ms, ".1f"),
        _number(row.worst_ms, ".1f"),
        row.note,
    )


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
