"""What self-assessments add up to: right counts, nobody to be recognised, nothing that a spreadsheet runs."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from bot import app
from bot.assessment_report import as_figures, assessment_figures
from bot.assessment_tally import HIDDEN, Period, Statistics, Tally
from bot.cli import main
from bot.report_files import Cell, Figures, Table, as_csv, as_text, as_workbook
from bot.settings import Settings
from bot.store.assessments import Counted
from bot.store.database import Database
from connectors.message import ConversationId
from knowledge.criteria_files import load_criteria
from tests.bot.assessing import Talk, finished, progress
from tests.conftest import StandingClock

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31), ZONE)
INSIDE = datetime(2026, 10, 5, tzinfo=UTC)


def one(
    person: int,
    *,
    place: str = "Xã A",
    group: str = "nguoi-dan",
    points: Sequence[int] = (8,) * 10,
    furthest: str = "finished",
    began: datetime = INSIDE,
    ended: datetime | None = INSIDE,
) -> Counted:
    done = furthest == "finished"
    return Counted(
        f"zalo:oa:{person}",
        "zalo",
        "324-2023",
        group,
        place,
        furthest,
        began,
        ended if done else None,
        json.dumps(list(points)) if done else None,
        sum(points) if done else None,
        int(sum(points) >= 80) if done else None,
    )


def counted(*assessments: Counted, all_places: bool = False) -> Statistics:
    tally = Tally(OCTOBER)
    for assessment in assessments:
        tally.add(assessment)
    return tally.statistics({}, all_places=all_places)


def figures_of(*assessments: Counted) -> Figures:
    return as_figures(counted(*assessments))


def table(figures: Figures, title: str) -> Table:
    return next(one for one in figures.tables if one.title == title)


def rows(figures: Figures, title: str) -> dict[Cell, tuple[Cell, ...]]:
    return {row[0]: row[1:] for row in table(figures, title).rows}


def test_the_way_through_shows_how_many_reached_each_step_and_where_they_stopped() -> None:
    reached = ["consent", "group", "3", "3", "10", "place", "finished", "finished"]
    way = rows(figures_of(*(one(n, furthest=step) for n, step in enumerate(reached))), "Đường đi")
    assert list(way) == [
        *("Đồng ý tham gia", "Chọn nhóm"),
        *(f"Chỉ số {n}" for n in range(1, 11)),
        *("Nơi ở", "Minh chứng", "Hoàn thành"),
    ]
    assert way["Đồng ý tham gia"] == (8, 100.0, 1, 12.5)
    assert way["Chỉ số 1"] == (6, 75.0, 0, 0.0)
    assert way["Chỉ số 3"] == (6, 75.0, 2, 33.3)
    assert way["Hoàn thành"] == (2, 25.0, None, None)
    stopped = [row[2] or 0 for row in way.values()]
    assert sum(int(n) for n in stopped) + 2 == len(reached)


def test_days_are_those_of_the_zone_and_both_ends_count() -> None:
    before, first = datetime(2026, 9, 30, 16, 59, tzinfo=UTC), datetime(2026, 9, 30, 17, tzinfo=UTC)
    last, after = datetime(2026, 10, 31, 16, 59, tzinfo=UTC), datetime(2026, 10, 31, 17, tzinfo=UTC)
    moments = (before, first, last, after)
    overview = rows(figures_of(*(one(n, began=at, ended=at) for n, at in enumerate(moments))), "Tổng quan")
    assert overview["Lượt bắt đầu"] == overview["Bài hoàn thành trong kỳ"] == (2,)
    # Begun in the month before, ended in this one: each counts where it happened.
    months = rows(figures_of(*(one(n, began=before, ended=first) for n in range(5))), "Theo tháng")
    assert months == {"10/2026": (0, 5, 5, 5, 80.0)}


def people(place: str, how_many: int, start: int) -> list[Counted]:
    return [one(start + n, place=place) for n in range(how_many)]


def test_a_place_of_few_people_is_not_named_nor_found_out_by_taking_the_rest_from_the_sum() -> None:
    figures = figures_of(
        *people("Xã Lớn", 9, 0), *people("xã  vừa".replace("  ", " "), 3, 20), *people("Xã Vừa", 3, 30),
        *people("Xã Nhỏ", 2, 40), *people("Xã Bé", 1, 50), one(60, place=""),
    )  # fmt: skip
    places = rows(figures, "Theo nơi ở")
    # Four people in small places or without one are few themselves: the smallest place that has a name joins.
    assert places == {
        "Xã Lớn": (9, 9, 9, 80.0),
        "Các nơi dưới 5 người (gộp)": (10, 10, 10, 80.0),
    }
    assert not any(name in as_text(figures).decode() for name in ("Nhỏ", "Bé", "Vừa"))


def test_who_may_read_each_result_sees_every_place_as_it_is() -> None:
    found = counted(*people("Xã Lớn", 9, 0), *people("Xã Bé", 1, 50), one(60, place=""), all_places=True)
    assert [(row.label, row.results, row.people, row.passed) for row in found.places] == [
        ("Xã Lớn", 9, 9, 9),
        ("Xã Bé", 1, 1, 1),
        ("(không ghi)", 1, 1, 1),
    ]
    assert [row.average for row in found.indicators] == [8.0] * 10


def test_a_place_is_one_however_it_is_spelt() -> None:
    found = counted(*people("XÃ ĐỌI SƠN", 2, 0), *people("Xã Đọi Sơn", 3, 10), *people("xã đọi sơn", 1, 20))
    assert [(row.label, row.results) for row in found.places] == [("Xã Đọi Sơn", 6)]


def test_one_person_who_tries_five_times_is_still_one_person() -> None:
    figures = figures_of(*(one(1, points=(n,) * 10) for n in range(5, 10)))
    assert rows(figures, "Theo nơi ở") == {"Các nơi dưới 5 người (gộp)": (HIDDEN, HIDDEN, HIDDEN, None)}
    assert rows(figures, "Tổng quan")["Điểm trung bình"] == (None,)
    assert all(row[3] == HIDDEN for row in table(figures, "Từng chỉ số").rows)
    assert "50" not in as_text(figures).decode()


def test_what_few_got_is_not_found_out_by_taking_the_others_from_the_sum() -> None:
    many = [one(n, group="nguoi-dan") for n in range(9)]
    some = [one(20 + n, group="hoc-sinh") for n in range(6)]
    few = [one(40 + n, group="can-bo", points=(3,) * 10) for n in range(2)]
    found = counted(*many, *some, *few)
    assert {row.label: (row.passed, row.average) for row in found.groups} == {
        "nguoi-dan": (9, 80.0),
        "hoc-sinh": (None, None),
        "can-bo": (None, None),
    }
    assert [row.people for row in found.groups] == [2, 6, 9]
    # Those who named no place are six of all: enough for a row of their own.
    nowhere = counted(*people("Xã Lớn", 9, 0), *people("", 6, 20))
    assert [(row.label, row.passed) for row in nowhere.places] == [("Xã Lớn", 9), ("(không ghi)", 6)]


def test_averages_are_of_each_indicator_of_each_set() -> None:
    points = [(8, 9, 10, 7, 8, 9, 10, 7, 8, n) for n in (0, 2, 5, 8, 10)]
    figures = figures_of(*(one(n, points=p, group="hoc-sinh") for n, p in enumerate(points)))
    indicators = table(figures, "Từng chỉ số").rows
    assert [row[1] for row in indicators] == list(range(1, 11))
    assert [row[3] for row in indicators][:2] == [8.0, 9.0]
    assert indicators[9][3:] == (5.0, 5)
    assert table(figures, "Theo nhóm").rows == (("324-2023", "hoc-sinh", 5, 5, 3, 81.0),)


HOSTILE = ("=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(A1)", " =1+1", "＝1+1", "|cmd", "\t=1")


def test_no_cell_becomes_a_formula(tmp_path: Path) -> None:
    figures = Figures("=1+1", ("@x",), (Table("Bảng", ("Tên", "Số"), tuple((h, -1) for h in HOSTILE)),))
    lines = list(csv.reader(io.StringIO(as_csv(figures).decode("utf-8-sig"))))
    assert [line[0] for line in lines[4:12]] == [f"'{h}" for h in HOSTILE]
    assert [line[1] for line in lines[4:12]] == ["-1"] * len(HOSTILE)
    assert lines[0][0] == "'=1+1"
    (tmp_path / "b.xlsx").write_bytes(as_workbook(figures))
    sheet = load_workbook(tmp_path / "b.xlsx").active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert len(cells) == 2 + 2 + 2 * len(HOSTILE)
    assert all(cell.data_type in ("s", "n") for cell in cells)
    assert not any(str(cell.value).startswith(("=", "@")) for cell in cells)


def test_the_csv_opens_in_excel_as_utf_8() -> None:
    assert as_csv(figures_of(one(1))).startswith(b"\xef\xbb\xbf")


async def test_the_figures_are_those_of_the_rows_and_names_those_of_the_criteria(
    database: Database, clock: StandingClock
) -> None:
    talk = Talk(database, clock)
    for n in range(5):
        who = ConversationId("fake", "oa", f"u{n}")
        await talk.turn(progress("consent", f"KH-AAAA-{n:04}"), who=who)
        await talk.turn(finished(clock(), f"KH-AAAA-{n:04}"), who=who)
    await talk.turn(progress("2", "KH-BBBB-0000"), who=ConversationId("fake", "oa", "u0"))
    figures = await assessment_figures(database, OCTOBER, load_criteria().sets)
    assert rows(figures, "Tổng quan")["Lượt bắt đầu"] == (6,)
    assert rows(figures, "Tổng quan")["Tỉ lệ hoàn thành (%)"] == (83.3,)
    assert rows(figures, "Theo nơi ở") == {"Xã Đọi Sơn": (5, 5, 5, 80.0)}
    assert table(figures, "Theo nhóm").rows[0][0] == "324/QĐ-KHVN"
    assert all(row[2] for row in table(figures, "Từng chỉ số").rows)
    september = Period(date(2026, 9, 1), date(2026, 9, 30), ZONE)
    assert rows(await assessment_figures(database, september, ()), "Tổng quan")["Lượt bắt đầu"] == (0,)


@pytest.mark.parametrize("form", ["text", "csv", "xlsx"])
async def test_the_command_writes_each_form(data_dir: Path, form: str) -> None:
    async with app.open_database(Settings(data_dir=data_dir, _env_file=None)):
        pass
    target = data_dir / f"bao-cao.{form}"
    args = ["report", "assessments", "--data-dir", str(data_dir), "--format", form]
    # In a thread of its own: a command has an event loop of its own.
    said = await asyncio.to_thread(
        CliRunner().invoke, main, [*args, "--from", "01/10/2026", "--output", str(target)]
    )
    assert said.exit_code == 0, said.output
    assert target.stat().st_size > 500
    wrong = await asyncio.to_thread(
        CliRunner().invoke, main, [*args, "--from", "2026-10-02", "--to", "2026-10-01"]
    )
    assert wrong.exit_code == 2
