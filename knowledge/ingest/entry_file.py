"""A file of questions and answers as somebody hands it over: sheets with their rows, or the YAML that ships.

Says what stands where and nothing more: which columns mean what, and what may be done with it, is decided by
whoever asked. Hostile files are its daily bread, so it runs in a process of its own (see bot.reading).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from knowledge.ingest.analysis import WritingAnalysis
from knowledge.ingest.limits import Limits, check_size
from knowledge.ingest.readers import media_of
from knowledge.ingest.readers.sheet import read_comma_separated, read_workbook, remarks
from knowledge.ingest.reading import EntryFile, IngestError, TooBig
from knowledge.located import Faults
from knowledge.rows import guarded

_LIST = "entries"
_ONLY = "Ở đây chỉ nhận tệp Excel (.xlsx), CSV (.csv) hoặc YAML (.yml)."
_ARCHIVE, _OLD = b"PK", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORKBOOKS = (".xlsx", ".xlsm", ".xls")
_READ = (*_WORKBOOKS, ".csv", ".tsv", ".txt")


def read_entry_file(path: Path, name: str, analysis: WritingAnalysis, limits: Limits) -> EntryFile:
    """Read a workbook, CSV or YAML file; `name` is what it was called. Raises IngestError and its kinds."""
    check_size(path, limits)
    if Path(name).suffix.lower() in (".yml", ".yaml"):
        return EntryFile(entries=_entries(path, limits))
    match _media(path, name):
        case "xlsx":
            sheets, warnings = read_workbook(path, limits)
            return EntryFile(sheets, warnings=(*warnings, *remarks(path)))
        case "csv" | "txt":  # as text with tabs is what Excel saves, too
            return EntryFile((read_comma_separated(path.read_bytes(), analysis, limits),))
    raise IngestError(_ONLY)


def _media(path: Path, name: str) -> str:
    """What the file is. Raises IngestError, in the words of whoever has a table at hand."""
    ending = Path(name).suffix.lower()
    with path.open("rb") as stream:
        begins = stream.read(len(_OLD))
    if ending in _WORKBOOKS and not begins.startswith((_ARCHIVE, _OLD)):
        raise IngestError(
            f"Tệp có đuôi {ending} nhưng bên trong không phải bảng tính Excel. "
            "Bạn mở bằng Excel, lưu lại thành .xlsx rồi chọn lại nhé."
        )
    if ending and ending not in _READ:
        raise IngestError(_ONLY)
    return media_of(path, name)


def _entries(path: Path, limits: Limits) -> tuple[tuple[int, Mapping[str, Any]], ...]:
    try:
        located = guarded(path, limits.file_bytes)
    except Faults as faults:
        where = faults.errors[0].line
        raise IngestError(
            f"Tệp YAML bị lỗi ở dòng {where}. Bạn xem lại khoảng trắng đầu dòng và dấu hai chấm nhé."
        ) from faults
    data = located.data
    rows = data.get(_LIST) if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise IngestError("Tệp YAML phải bắt đầu bằng “entries:”, bên dưới là danh sách câu hỏi.")
    if len(rows) > limits.rows:
        raise TooBig(f"Tệp có nhiều hơn {limits.rows:,} câu hỏi.".replace(",", "."))
    return tuple(
        (located.at(_LIST, index).error((), "").line, row if isinstance(row, dict) else {})
        for index, row in enumerate(rows)
    )
