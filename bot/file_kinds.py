"""What a file is, by its content: names and media types from outside are never believed.

Only the kinds that evidence is taken in are known; everything else, also everything damaged, is nothing.
Must never open or unpack more than it takes to tell.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_HEIC_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_MOST_MEMBERS = 5000


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that is taken."""

    extension: str
    media_type: str


JPEG = FileKind("jpg", "image/jpeg")
PNG = FileKind("png", "image/png")
WEBP = FileKind("webp", "image/webp")
HEIC = FileKind("heic", "image/heic")
PDF = FileKind("pdf", "application/pdf")
DOCX = FileKind("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")

_BY_HEAD: tuple[tuple[FileKind, Callable[[bytes], bool]], ...] = (
    (JPEG, lambda head: head.startswith(b"\xff\xd8\xff")),
    (PNG, lambda head: head.startswith(b"\x89PNG\r\n\x1a\n")),
    (WEBP, lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP"),
    (HEIC, lambda head: head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS),
    (PDF, lambda head: head.startswith(b"%PDF-")),
    (DOCX, lambda head: head.startswith(b"PK\x03\x04")),
)


def kind_of(path: Path) -> FileKind | None:
    """The kind of a file, or None when it is none that is taken. Blocking. Raises OSError."""
    with path.open("rb") as opened:
        head = opened.read(32)
    kind = next((kind for kind, is_it in _BY_HEAD if is_it(head)), None)
    return None if kind is DOCX and not _is_docx(path) else kind


def _is_docx(path: Path) -> bool:
    """A Word document without macros, judged by the archive's table of contents alone."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = {member.filename for member in archive.infolist()[:_MOST_MEMBERS]}
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    return {"[Content_Types].xml", "word/document.xml"} <= names and "word/vbaProject.bin" not in names
