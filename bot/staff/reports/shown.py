"""A report as its page shows it: charts, changes, notes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot import charts
from bot.outreach.report_periods import Kind, ReportPeriod, containing, period_of
from bot.outreach.reports import Number, Report, Section, Table
from bot.report_drawing import CLOSING, CLOSING_TITLE, told
from bot.store.reports import Listed, State

STATES = {State.DRAFT: ("bản nháp", "warn"), State.FINAL: ("đã chốt", "good")}
"""Label and tone."""
DID = {
    "prepared": "lập báo cáo",
    "renewed": "đếm lại số liệu",
    "noted": "viết nhận xét",
    "headed": "ghi phần đầu trang",
    "final": "chốt báo cáo",
    "reopened": "mở lại báo cáo đã chốt",
}
"""What lines of the audit log about a report say."""
_OFFERED = {Kind.MONTH: 13, Kind.QUARTER: 5, Kind.YEAR: 2}


@dataclass(frozen=True, slots=True)
class Key:
    """One number."""

    label: str
    value: str
    change: str
    counted: str
    path: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table."""

    cells: Sequence[str]
    path: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table."""

    id: str
    title: str
    heading: Sequence[str]
    lines: Sequence[Line]
    total: Sequence[str]
    counted: str
    is_wide: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A section, with what staff wrote into it."""

    id: str
    title: str
    sentences: Sequence[str]
    keys: Sequence[Key]
    chart: charts.Columns | None
    chart_title: str
    chart_heading: Sequence[str]
    grids: Sequence[Grid]
    note: str


@dataclass(frozen=True, slots=True)
class Card:
    """A report in the list."""

    path: str
    name: str
    state: str
    tone: str
    made: str


def parts(report: Report, notes: Mapping[str, str]) -> list[Part]:
    """Every section, and the one that is only written."""
    found = [_part(one, notes.get(one.id, ""), report.before_name) for one in report.sections]
    closing = Part(CLOSING, CLOSING_TITLE, (), (), None, "", (), (), notes.get(CLOSING, ""))
    return [*found, closing]


def card(one: Listed, path: str, zone: tzinfo) -> Card:
    """One line of the list."""
    label, tone = STATES[one.state]
    by = f"{one.made_by} lập" if one.made_by else "trợ lý lập"
    return Card(
        path,
        _capital(period_of(one.period).name),
        label,
        tone,
        f"{by}, số liệu lúc {_moment(one.made_at, zone)}",
    )


def offered(now: datetime, zone: tzinfo, there: set[str]) -> list[tuple[str, str]]:
    """(key, name) of periods a report can be made for: those lately, without those there are."""
    today = now.astimezone(zone).date()
    found: list[ReportPeriod] = []
    for kind, count in _OFFERED.items():
        one = containing(kind, today)
        for _ in range(count):
            found.append(one)
            one = one.before
    return [(one.key, _capital(one.name)) for one in found if one.key not in there]


def _moment(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M ngày %d/%m/%Y}"


def _part(section: Section, note: str, before_name: str) -> Part:
    chart = section.chart
    drawn = (
        charts.columns([charts.Bar(one.label, one.name, one.value) for one in chart.columns])
        if chart
        else None
    )
    return Part(
        section.id,
        section.title,
        section.sentences,
        [_key(one, before_name) for one in section.numbers],
        drawn,
        chart.title if chart else "",
        chart.heading if chart else (),
        [_grid(f"{section.id}-{n}", one) for n, one in enumerate(section.tables, 1) if one.rows],
        note,
    )


def _key(one: Number, before_name: str) -> Key:
    return Key(one.label, one.shown, one.change(before_name), one.counted, one.path)


def _grid(id_: str, table: Table) -> Grid:
    return Grid(
        id_,
        table.title,
        table.heading,
        [Line([told(cell) for cell in row.cells], row.path) for row in table.rows],
        [told(cell) for cell in table.total],
        table.counted,
        len(table.heading) > 5,
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
