"""A report as data: sections with sentences, numbers, tables and a chart; to and from JSON. Pure.

Every number and every table says in a sentence what it was counted from, and names the page of the console
that shows the rows where there is one. What is kept is exactly what is shown and drawn later: nobody counts
again after a report is final.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot import charts
from bot.report_files import Cell

VERSION = 1


@dataclass(frozen=True, slots=True)
class Number:
    """One number with the same of the period before."""

    label: str
    value: int | None
    """None: of too few people to be told."""
    before: int | None
    counted: str
    path: str = ""
    """Of the console's page that shows the rows; empty: there is none."""
    unit: str = ""

    @property
    def shown(self) -> str:
        """`1.234 người`."""
        if self.value is None:
            return "dưới 5 người"
        return f"{charts.number(self.value)} {self.unit}".strip()

    def change(self, before_name: str) -> str:
        """`+12 so với tháng trước`; empty where it cannot be told."""
        if self.value is None or self.before is None:
            return ""
        if not self.before:
            return f"{before_name} chưa có" if self.value else ""
        moved = self.value - self.before
        if not moved:
            return f"bằng {before_name}"
        return f"{'+' if moved > 0 else '-'}{charts.number(abs(moved))} so với {before_name}"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    cells: tuple[Cell, ...]
    path: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading; where there is a total, it is the sum of them."""

    title: str
    heading: tuple[str, ...]
    rows: tuple[Row, ...]
    counted: str
    total: tuple[Cell, ...] = ()
    """Empty: adding up would mean nothing."""
    asked: bool = False
    """Holds citizens' own questions (masked): only for those who may read them."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the chart."""

    label: str
    name: str
    value: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns."""

    title: str
    heading: tuple[str, str]
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter."""

    id: str
    title: str
    sentences: tuple[str, ...] = ()
    numbers: tuple[Number, ...] = ()
    chart: Chart | None = None
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one period, as they were at one moment."""

    period: str
    name: str
    before_name: str
    span: str
    """`từ 01/10/2026 đến 31/10/2026`."""
    as_of: str
    """`06:00 ngày 25/10/2026` while the period is running; empty once it is over."""
    compared: str
    """What it is compared with, in words."""
    sections: tuple[Section, ...]

    def section(self, id_: str) -> Section | None:
        """The section of this id."""
        return next((one for one in self.sections if one.id == id_), None)


def as_json(report: Report) -> dict[str, Any]:
    """For the table `reports`; `report_from` is its opposite."""
    return {"version": VERSION, **asdict(report)}


def report_from(body: Mapping[str, Any]) -> Report:
    """Raises KeyError or TypeError on what `as_json` did not write."""
    names = ("period", "name", "before_name", "span", "as_of", "compared")
    return Report(**{name: body[name] for name in names}, sections=tuple(map(_section, body["sections"])))


def without_questions(report: Report) -> Report:
    """The same without citizens' questions, for those who may not read them."""
    return replace(
        report,
        sections=tuple(
            replace(one, tables=tuple(table for table in one.tables if not table.asked))
            for one in report.sections
        ),
    )


def _section(body: Mapping[str, Any]) -> Section:
    chart = body["chart"]
    return Section(
        body["id"],
        body["title"],
        tuple(body["sentences"]),
        tuple(Number(**one) for one in body["numbers"]),
        chart and Chart(chart["title"], (chart["heading"][0], chart["heading"][1]),
                        tuple(Column(**one) for one in chart["columns"])),
        tuple(map(_table, body["tables"])),
    )  # fmt: skip


def _table(body: Mapping[str, Any]) -> Table:
    rows = tuple(Row(tuple(one["cells"]), one["path"]) for one in body["rows"])
    return Table(
        body["title"],
        tuple(body["heading"]),
        rows,
        body["counted"],
        tuple(body["total"]),
        body["asked"],
    )
