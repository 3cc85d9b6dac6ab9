"""Lines to paragraphs: what belongs together although a line, or a page, ended in between.

Nothing is lost here: every line of a reading is in exactly one paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from knowledge.ingest.reading import Block, BlockKind, Page
from knowledge.ingest.tables import row_number, row_text

Fold = Callable[[str], str]

_BULLET = re.compile(r"[-–—+*•●▪◦·](?:\s|(?=[^\W\d_]))")
_ENDED = re.compile(r"[.;:!?…/][”\"'’)\]]*$")
_NUMBERED = re.compile(
    r"(?:\d{1,2}(?:\.\d{1,2})*\s*[.)/–-]\s*(?=\D)(?![A-ZĐ]{2,5}\s*[/-])"
    r"|[IVXl1]{1,6}\s*[.)–-]\s*[^\W\d_]|[a-zđ]\s*\)\s*)"
)
"""A line that begins with the end of a document number (`29-NQ/TW`) is not numbered."""
_ALONE = re.compile(r"(?:phụ lục|chương|phần thứ)\b.{0,8}$", re.IGNORECASE)
"""A mark that fills its line; the title below it is not part of it."""
_GLUED = re.compile(r"\d{1,2}\s?[A-ZĐ]")
"""What is left of `4. Đề nghị` when a scanner lost the dot."""
_WORDED = re.compile(r"(?:Điều|Chương|Phần|Mục|PHỤ LỤC|Phụ lục|Nơi nhận|Noi nhan|Căn cứ|Số\s*:|S[o6ó]\s*:)\b")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, a heading or a row, and the page it begins on."""

    text: str
    page: int
    kind: BlockKind
    """PARAGRAPH, HEADING or ROW."""
    level: int = 0
    row: str = ""
    """Number of a row."""
    lines: tuple[str, ...] = field(default=())
    after_complete: bool = True
    """The text before it came to an end."""


def paragraphs(pages: tuple[Page, ...], fold: Fold) -> list[Paragraph]:
    """All paragraphs in order."""
    joiner = _Joiner(fold)
    for page in pages:
        joiner.begin_page()
        for block in page.blocks:
            joiner.take(block, page.number)
    return joiner.finished()


class _Joiner:
    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._done: list[Paragraph] = []
        self._lines: list[str] = []
        self._page = 0
        self._loose = False
        self._new_page = False
        self._after_complete = True
        self._header: tuple[str, ...] = ()
        self._rows = 0

    def begin_page(self) -> None:
        """The text may go on from the page before."""
        self._new_page = True

    def take(self, block: Block, page: int) -> None:
        match block.kind:
            case BlockKind.BREAK:
                self._loose = True
            case BlockKind.GAP:
                self._new_page = True
            case BlockKind.LINE:
                self._take_line(block.text, page)
            case BlockKind.ROW:
                self._end()
                self._take_row(block, page)
            case _:
                self._end()
                self._put(block.text, page, block.kind, block.level)
        if block.kind not in {BlockKind.BREAK, BlockKind.GAP}:
            self._loose = self._new_page = False

    def finished(self) -> list[Paragraph]:
        self._end()
        self._drop_header()
        return self._done

    def _take_line(self, line: str, page: int) -> None:
        if not self._lines or not self._goes_on(line):
            self._after_complete = not self._lines or bool(_ENDED.search(self._lines[-1])) or self._loose
            self._end()
            self._page = page
        self._lines.append(line)

    def _goes_on(self, line: str) -> bool:
        last = self._lines[-1]
        if any(mark.match(line) for mark in (_BULLET, _NUMBERED, _WORDED)) or _ALONE.match(last):
            return False
        if self._loose and not self._new_page:
            return False
        if _is_capital(last) or _is_capital(line):
            return _is_capital(last) and _is_capital(line) and not self._new_page
        if self._new_page:
            return not _ENDED.search(last) and len(last) > 25
        begins = line[:1].isupper() and len(last) < 60
        return not (_ENDED.search(last) and last[-1] not in "/:" and (begins or _GLUED.match(line)))

    def _take_row(self, block: Block, page: int) -> None:
        self._drop_header(block.columns)
        if not block.cells:
            self._header, self._rows = block.columns, 0
            return
        self._header = ()
        self._rows += 1
        number = row_number(block, self._fold) or str(self._rows)
        self._done.append(
            Paragraph(row_text(block, self._fold), page, BlockKind.ROW, row=number, lines=block.cells)
        )

    def _drop_header(self, columns: tuple[str, ...] = ()) -> None:
        """The names of columns that no row followed are text."""
        header, self._header = self._header, ()
        if header and header != columns:
            self._put("; ".join(filter(None, header)), self._page, BlockKind.PARAGRAPH, 0)

    def _end(self) -> None:
        if self._lines:
            self._put(" ".join(self._lines), self._page, BlockKind.PARAGRAPH, 0, tuple(self._lines))
            self._done[-1] = replace(self._done[-1], after_complete=self._after_complete)
        self._lines = []

    def _put(self, text: str, page: int, kind: BlockKind, level: int, lines: tuple[str, ...] = ()) -> None:
        if not text.strip():
            return
        if self._header:
            self._drop_header()
        self._rows = 0
        self._done.append(Paragraph(text.strip(), page, kind, level, lines=lines or (text,)))


def _is_capital(line: str) -> bool:
    """Written in capitals, as titles are; small words of a scanner between them do not matter."""
    letters = [one for one in line if one.isalpha()]
    return len(letters) >= 4 and sum(map(str.isupper, letters)) >= 0.8 * len(letters)


def texts(found: list[Paragraph]) -> Iterator[str]:
    """The words alone."""
    return (one.text for one in found)
