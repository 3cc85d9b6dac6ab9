"""Entries as a file: a workbook, CSV, or the YAML in which the program's own content is kept. Pure, and slow:
call it in a thread.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from bot.staff.faq.citing import Citations
from bot.staff.faq.columns import COLUMNS, cells_of, neutral
from bot.staff.faq.shelf import topic_of
from bot.store.content import Status
from bot.store.editing import Kept
from knowledge.content import Certainty, Content, Fact

_KEYS = ("question", "featured", "variants", "answer", "step", "facts", "about", "years", "only_if", "next")
_CERTAINTY = {
    Certainty.CERTAIN: "chắc chắn",
    Certainty.SINGLE_SOURCE: "một nguồn",
    Certainty.UNVERIFIED: "chưa xác minh",
}


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of file."""

    name: str
    """As it ends."""
    label: str
    media_type: str
    write: Callable[[Sequence[Kept], Content], bytes]


def as_workbook(entries: Sequence[Kept], content: Content) -> bytes:
    """An Excel workbook: the entries, how to fill the columns in, and the sources to copy from."""
    # Loading it takes a fifth of a second, and few files are ever made.
    from openpyxl import Workbook  # noqa: PLC0415
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    book = Workbook(write_only=True)
    wrapped, bold = Alignment(wrap_text=True, vertical="top"), Font(bold=True)

    def sheet(title: str, heading: Sequence[tuple[str, int]], rows: Sequence[Sequence[str]]) -> None:
        made = book.create_sheet(title)
        made.freeze_panes = "A2"
        for place, (_, width) in enumerate(heading, 1):
            made.column_dimensions[get_column_letter(place)].width = width
        for row, is_head in (([name for name, _ in heading], True), *((row, False) for row in rows)):
            cells = []
            for text in row:
                cell = WriteOnlyCell(made, ILLEGAL_CHARACTERS_RE.sub("", text))
                cell.alignment = wrapped
                if is_head:
                    cell.font = bold
                cells.append(cell)
            made.append(cells)

    sheet("Câu hỏi", [(one.title, one.width) for one in COLUMNS], [cells_of(kept) for kept in entries])
    sheet("Cách điền", [("Cột", 24), ("Điền thế nào", 70)], [(one.title, one.help) for one in COLUMNS])
    citations = Citations(content)
    sheet(
        "Căn cứ",
        [
            ("Chép vào ô Căn cứ", 40),
            ("Điều được nêu", 80),
            ("Nguồn", 44),
            ("Mức tin cậy", 16),
            ("Mã căn cứ", 30),
        ],
        [
            [neutral(cell) for cell in (citations.line_of(fact), *_fact_cells(fact), fact.id)]
            for fact in content.facts.values()
        ],
    )
    sheet(
        "Văn bản",
        [("Số hiệu", 24), ("Tên văn bản", 70), ("Các mục ghi được", 80)],
        [
            [neutral(cell) for cell in (one.number, f"{one.cited_as}: {one.title}", "; ".join(places))]
            for one in content.documents.values()
            if (places := citations.places_of(one.number))
        ],
    )
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def as_csv(entries: Sequence[Kept], _content: Content) -> bytes:
    """UTF-8 with the mark Excel knows it by."""
    written = io.StringIO(newline="")
    lines = csv.writer(written, quoting=csv.QUOTE_ALL)
    lines.writerow([one.title for one in COLUMNS])
    lines.writerows(cells_of(kept) for kept in entries)
    return written.getvalue().encode("utf-8-sig")


def as_yaml(entries: Sequence[Kept], _content: Content) -> bytes:
    """As the program's own files of questions; `status` stands only where an entry is not in use."""
    rows: list[dict[str, Any]] = []
    for kept in entries:
        status = {} if kept.status is Status.PUBLISHED else {"status": kept.status.value}
        rows.append({"id": kept.id, **status, **{k: kept.body[k] for k in _KEYS if k in kept.body}})
    text = yaml.dump({"entries": rows}, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=4096)
    return text.encode()


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes no anchors: the reader takes none."""

    def ignore_aliases(self, data: object) -> bool:
        return True


FORMS = (
    Form(
        "xlsx",
        "Excel (.xlsx)",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        as_workbook,
    ),
    Form("csv", "CSV (.csv)", "text/csv", as_csv),
    Form("yml", "YAML (.yml)", "application/yaml", as_yaml),
)


def _fact_cells(fact: Fact) -> tuple[str, ...]:
    place = ", ".join(filter(None, (fact.citation.title, fact.citation.locator)))
    return fact.statement, place or topic_of(fact), _CERTAINTY[fact.certainty]
