"""Rows of tables as sentences: a row must be understandable without the table around it.

Decides which row of a table names its columns and words the other rows with those names. Knows nothing of
file formats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from knowledge.ingest.reading import Block, BlockKind

Fold = Callable[[str], str]

_NUMBERING = {"stt", "tt", "so tt", "so thu tu", "#", "no"}
_NAMES = re.compile(
    r"\b(?:nhiem vu|noi dung|cong viec|don vi|co quan|chu tri|phoi hop|thoi gian|tien do|san pham|kinh phi|"
    r"chi tieu|chi so|tieu chi|diem|muc do|yeu cau|minh chung|ghi chu|ho ten|ho va ten|nguoi|so luong|"
    r"ket qua|dia phuong|linh vuc|nam|ty le|dia diem|doi tuong|cau hoi|tra loi|noi cap)\b"
)


def is_header(cells: Sequence[str], fold: Fold) -> bool:
    """Whether a row names the columns: short cells, one of them a usual name or the numbering."""
    filled = [" ".join(fold(cell).split()) for cell in cells if cell.strip()]
    if len(filled) < 2 or any(len(cell) > 60 for cell in filled):
        return False
    if any(cell.strip(".:") in _NUMBERING for cell in filled):
        return True
    return sum(bool(_NAMES.search(cell)) and len(cell.split()) <= 6 for cell in filled) >= 2


def row_block(columns: Sequence[str], cells: Sequence[str]) -> Block:
    """A row under its header."""
    return Block(BlockKind.ROW, columns=tuple(map(_squeezed, columns)), cells=tuple(map(_squeezed, cells)))


def row_number(block: Block, fold: Fold) -> str:
    """What the numbering column says: `6`; empty without one."""
    for column, cell in zip(block.columns, block.cells, strict=False):
        if fold(column).strip(" .:") in _NUMBERING and re.fullmatch(r"\d{1,4}\.?", cell):
            return cell.strip(".")
    return ""


def row_text(block: Block, fold: Fold) -> str:
    """`Nhiệm vụ: …; đơn vị thực hiện: …; thời gian thực hiện: …`, empty cells and the numbering left out."""
    parts: list[str] = []
    number = row_number(block, fold)
    for index, cell in enumerate(block.cells):
        column = block.columns[index] if index < len(block.columns) else ""
        if not cell or (number and fold(column).strip(" .:") in _NUMBERING):
            continue
        is_last = index + 1 == len(block.cells)
        name = column if not parts or not _is_word(column) else column[:1].lower() + column[1:]
        said = cell if is_last else cell.rstrip(" .;")
        parts.append(f"{name}: {said}" if name else said)
    return "; ".join(parts)


def _is_word(column: str) -> bool:
    """Rather than an abbreviation, whose capitals stay."""
    return not column[:2].isupper()


def _squeezed(text: str) -> str:
    return " ".join(text.split())
