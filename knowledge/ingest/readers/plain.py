"""Plain text and Markdown: lines, with headings and tables where the text draws them.

One reader for both, because text copied from elsewhere is half Markdown often enough. Emphasis goes, words
stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.ingest.analysis import WritingAnalysis
from knowledge.ingest.limits import Limits
from knowledge.ingest.reading import Block, BlockKind, Page, Reading, TooBig
from knowledge.ingest.tables import Fold, is_header, row_block

_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_EMPHASIS = re.compile(r"(\*\*\*|\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_SLIGHT = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![\w*])")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"\n]*\")?\)")
_RULE = re.compile(r"\s{0,3}(?:[-*_=]\s*){3,}$")
_PIPE_RULE = re.compile(r"[\s|:+-]*-{2,}[\s|:+-]*$")
_GAP_LINES = 3


def read_plain(text: str, media: str, analysis: WritingAnalysis, limits: Limits) -> Reading:
    """Text in NFC with plain line ends; a form feed ends a page."""
    if len(text) > limits.characters:
        raise TooBig(f"Văn bản dài hơn mức cho phép ({limits.characters:,} ký tự).".replace(",", "."))
    sheets = text.split("\f")
    if len(sheets) > limits.pages:
        raise TooBig(f"Tệp có nhiều hơn {limits.pages} trang.")
    numbered = len(sheets) > 1
    table = _Table(analysis.fold)
    pages = tuple(
        Page(index if numbered else 0, tuple(_blocks(sheet, table))) for index, sheet in enumerate(sheets, 1)
    )
    return Reading(media, pages)


class _Table:
    """The table the lines are in; one that a page break cuts in two goes on under its header."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._columns: tuple[str, ...] = ()

    def row(self, line: str) -> Block | None:
        """The block a line makes, or None when it is no row. A header alone makes an empty block."""
        cells = _cells(line)
        if len(cells) < 2:
            return None
        if is_header(cells, self._fold):
            self._columns = tuple(cells)
            return Block(BlockKind.ROW, columns=self._columns)
        if len(cells) == len(self._columns):
            return row_block(self._columns, cells)
        return None

    def end(self) -> None:
        """Other text came: the next table has its own header."""
        self._columns = ()


def _cells(line: str) -> list[str]:
    if "\t" in line.strip():
        return [cell.strip() for cell in line.strip("\n").split("\t")]
    stripped = line.strip()
    if stripped.startswith("|") and stripped.endswith("|") and stripped.count("|") > 2:
        return [cell.strip() for cell in stripped[1:-1].split("|")]
    return []


def _blocks(sheet: str, table: _Table) -> Iterator[Block]:
    empty = 0
    for raw in sheet.split("\n"):
        line = raw.rstrip()
        if not line.strip():
            empty += 1
            continue
        if empty:
            yield Block(BlockKind.GAP if empty >= _GAP_LINES else BlockKind.BREAK)
            empty = 0
        yield from _line(line, table)
    if empty:
        yield Block(BlockKind.GAP if empty >= _GAP_LINES else BlockKind.BREAK)


def _line(line: str, table: _Table) -> Iterator[Block]:
    if _RULE.match(line) or ("|" in line and _PIPE_RULE.match(line)):
        return
    row = table.row(_bare(line))
    if row is not None:
        yield row
        return
    table.end()
    heading = _HEADING.match(line)
    if heading:
        yield Block(BlockKind.HEADING, _bare(heading[2]).strip(), len(heading[1]))
        return
    yield Block(BlockKind.LINE, _bare(line).strip())


def _bare(line: str) -> str:
    """The line without emphasis and link targets."""
    line = _LINK.sub(r"\1", line)
    return _SLIGHT.sub(r"\1", _EMPHASIS.sub(r"\2", line)).replace("<br>", " ").replace("**", "")
