"""One reader per format; each turns a file into pages of blocks and nothing more.

`read` looks at what a file is before believing its name. Readers may be slow, memory-hungry and, with a
hostile file, killed: they run in a process of their own (see bot.reading), never in one that serves citizens.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from knowledge.ingest.analysis import WritingAnalysis
from knowledge.ingest.encodings import decode
from knowledge.ingest.limits import Limits, check_size
from knowledge.ingest.readers.docx import read_docx
from knowledge.ingest.readers.html import read_html
from knowledge.ingest.readers.office import read_legacy
from knowledge.ingest.readers.pdf import read_pdf
from knowledge.ingest.readers.plain import read_plain
from knowledge.ingest.readers.sheet import read_csv, read_xlsx
from knowledge.ingest.reading import Encrypted, IngestError, Reading

_HEAD = 4096
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BY_NAME = {
    ".md": "md", ".markdown": "md", ".txt": "txt", ".text": "txt", "": "txt",
    ".csv": "csv", ".tsv": "csv", ".html": "html", ".htm": "html", ".xhtml": "html",
}  # fmt: skip


def media_of(path: Path, name: str) -> str:
    """What a file is: by its first bytes, and by its name where text says nothing. Raises IngestError."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(b"PK"):
        return _archive_kind(path)
    if head.startswith(_OLE):
        return _ole_kind(path)
    if head.startswith(b"{\\rtf"):
        return "rtf"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "html"
    kind = _BY_NAME.get(Path(name).suffix.lower())
    if kind is None:
        raise IngestError(
            "Mình chưa đọc được loại tệp này. Các loại đọc được: PDF, DOCX, DOC, XLSX, CSV, HTML, MD, TXT."
        )
    return kind


def read(path: Path, name: str, analysis: WritingAnalysis, limits: Limits) -> Reading:
    """Read a file; `name` is what it was called by whoever gave it. Raises IngestError and its kinds."""
    check_size(path, limits)
    media = media_of(path, name)
    by_file = {"pdf": read_pdf, "docx": read_docx, "xlsx": read_xlsx}.get(media)
    if by_file is not None:
        return by_file(path, analysis, limits)
    if media in {"doc", "rtf", "odt"}:
        return read_legacy(path, media, analysis, limits)
    data = path.read_bytes()
    if media == "html":
        return read_html(data, analysis, limits)
    if media == "csv":
        return read_csv(data, analysis, limits)
    decoded = decode(data, analysis.is_well_spelt)
    return read_plain(decoded.text, media, analysis, limits)


def _archive_kind(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise IngestError("Tệp bị hỏng hoặc không đúng định dạng.") from error
    if "word/document.xml" in members:
        return "docx"
    if "xl/workbook.xml" in members:
        return "xlsx"
    if "content.xml" in members and "mimetype" in members:
        return "odt"
    raise IngestError("Mình không đọc tệp nén. Bạn gửi từng tài liệu bên trong nhé.")


def _ole_kind(path: Path) -> str:
    """The old container holds old documents, and new ones that are locked."""
    data = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Encrypted("Tệp có mật khẩu. Bạn bỏ mật khẩu rồi thử lại nhé.")
    if "WordDocument".encode("utf-16-le") in data:
        return "doc"
    raise IngestError("Mình chưa đọc được loại tệp này. Với Excel đời cũ, bạn lưu lại thành .xlsx nhé.")
