"""What self-assessments add up to, as tables to print, to read in a spreadsheet or to show.

The counting is `bot.assessment_tally`, how tables look on paper `bot.report_files`; here they are given
their headings and notes. Tables of results one by one are only for whoever may read the results themselves.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping

from bot.assessment_tally import HIDDEN, Average, Period, Share, Statistics, Tally, group_name
from bot.report_files import Cell, Figures, Table
from bot.store import assessments
from bot.store.assessments import Assessment
from bot.store.database import Database
from knowledge.criteria import CriteriaSet

OWN_ESTIMATE = "Kết quả do người dân tự chấm, chỉ để tham khảo; danh hiệu do cấp có thẩm quyền công nhận."
_FEW_ARE_HIDDEN = (
    f"Nơi có {HIDDEN} được gộp chung, không nêu tên; điểm và số đạt của {HIDDEN} không hiện, "
    "để không ai nhận ra được một người cụ thể."
)
_NOTHING_IS_HIDDEN = "Bảng này có cả những nơi rất ít người: chỉ dùng trong nội bộ, không chuyển ra ngoài."
_WHAT_COUNTS = (
    "Số bắt đầu tính theo ngày bắt đầu, số hoàn thành tính theo ngày hoàn thành. "
    "Người dân yêu cầu xóa dữ liệu thì không còn trong các số này."
)
_RESULTS = ("Số bài", "Số người", "Đạt mức điểm (tự chấm)", "Điểm trung bình")
_BEGUN = "Lượt bắt đầu"


async def statistics_of(
    database: Database, period: Period, criteria: Iterable[CriteriaSet], *, all_places: bool = False
) -> Statistics:
    """The counts of a period, from the rows as they are now. `all_places`: see Tally.statistics."""
    tally = Tally(period)
    async with database.read() as connection:
        async for one in assessments.counted(connection, period.since, period.until):
            tally.add(one)
    return tally.statistics({one.id: one for one in criteria}, all_places=all_places)


async def assessment_figures(database: Database, period: Period, criteria: Iterable[CriteriaSet]) -> Figures:
    """The report of a period, in which nobody can be recognised."""
    return as_figures(await statistics_of(database, period, criteria))


def as_figures(found: Statistics, *, all_places: bool = False) -> Figures:
    """The counts as tables."""
    return Figures(
        f"Tự đánh giá Công dân học tập, {found.period}",
        (OWN_ESTIMATE, _NOTHING_IS_HIDDEN if all_places else _FEW_ARE_HIDDEN, _WHAT_COUNTS),
        (
            _overview(found),
            Table(
                "Theo nhóm",
                ("Bộ tiêu chí", "Nhóm", *_RESULTS),
                tuple((one.set_name, one.label, *_cells(one)) for one in found.groups),
            ),
            Table(
                "Theo nơi ở",
                ("Xã, phường", *_RESULTS),
                tuple((one.label, *_cells(one)) for one in found.places),
            ),
            _with_begun("Theo tháng", "Tháng", found.months),
            _with_begun("Theo kênh", "Kênh", found.channels),
            _way(found),
            Table(
                "Từng chỉ số",
                ("Bộ tiêu chí", "Chỉ số", "Tên", "Điểm trung bình", "Số bài"),
                tuple(_indicator(one) for one in found.indicators),
            ),
        ),
    )


def _overview(found: Statistics) -> Table:
    results, people, passed, average = _cells(found.total)
    rows: tuple[tuple[Cell, ...], ...] = (
        (_BEGUN, found.begun),
        ("Trong số đó đã hoàn thành", found.completed),
        ("Tỉ lệ hoàn thành (%)", _percent(found.completed, found.begun)),
        ("Bài hoàn thành trong kỳ", results),
        ("Số người hoàn thành", people),
        ("Bài đạt mức điểm (tự chấm)", passed),
        ("Điểm trung bình", average),
    )
    return Table("Tổng quan", ("Mục", "Giá trị"), rows)


def _with_begun(title: str, first: str, shares: Iterable[Share]) -> Table:
    rows = tuple((one.label, one.begun, *_cells(one)) for one in shares)
    return Table(title, (first, _BEGUN, *_RESULTS), rows)


def _way(found: Statistics) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for place, one in enumerate(found.way, 1):
        stopped = None if place == len(found.way) else one.stopped
        share, lost = _percent(one.count, found.begun), _percent(stopped, one.count)
        rows.append((one.name, one.count, share, stopped, lost))
    heading = ("Bước", "Lượt tới bước này", "% lượt bắt đầu", "Dừng hoặc đang dở ở đây", "% lượt tới")
    return Table("Đường đi", heading, tuple(rows))


def _cells(share: Share) -> tuple[Cell, ...]:
    """Under the heading _RESULTS."""
    if share.hides_counts:
        return HIDDEN, HIDDEN, HIDDEN, None
    return share.results, share.people, HIDDEN if share.passed is None else share.passed, share.average


def _indicator(one: Average) -> tuple[Cell, ...]:
    average = HIDDEN if one.average is None else one.average
    return one.set_name, one.number, one.name, average, one.count


def _percent(part: int | None, whole: int) -> float | None:
    return None if part is None or not whole else round(100 * part / whole, 1)


# --- results one by one ------------------------------------------------------------------------------


async def as_rows(
    results: AsyncIterator[Assessment], period: Period, criteria: Mapping[str, CriteriaSet]
) -> Figures:
    """Each result with nothing that names its person: code, month, place, group, points."""
    rows: list[tuple[Cell, ...]] = []
    async for one in results:
        if one.finished_at is None:
            continue
        month = f"{one.finished_at.astimezone(period.zone):%m/%Y}"
        group = group_name(criteria, one.criteria, one.group)
        rows.append((one.code, month, one.place, group, one.total, "đạt" if one.passed else "chưa đạt"))
    heading = ("Mã", "Tháng", "Xã, phường", "Nhóm", "Tổng điểm (tự chấm)", "Mức điểm")
    return Figures(
        f"Kết quả tự đánh giá Công dân học tập, {period}",
        (OWN_ESTIMATE, _NOTHING_IS_HIDDEN),
        (Table("Kết quả", heading, tuple(rows)),),
    )
