"""One reader per format; each turns a file into pages of blocks and nothing more.

`read` looks at what a file is before believing its name. Readers may be slow, memory-hungry and, with a
hostile file, killed: they run in a process of their own (see bot.reading), never in one that serves citizens.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from knowledge.ingest.analysis import WritingAnalysis
from knowledge.ingest.encodings import decode
from knowledge.ingest.limits import Limits, check_size
from knowledge.ingest.readers.plain import read_plain
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
    return _READERS[media](path, media, analysis, limits)


# Each parser costs a tenth of a second and some megabytes to load, and a file needs one of them.


def _pdf(path: Path, _media: str, analysis: WritingAnalysis, limits: Limits) -> Reading:
    from knowledge.ingest.readers.pdf import read_pdf  # noqa: PLC0415

    return read_pdf(path, analysis, limits)


def _docx(path: Path, _media: str, analysis: WritingAnalysis, limits: Limits) -> Reading:
    from knowledge.ingest.readers.docx import read_docx  # noqa: PLC0415

    return read_docx(path, analysis, limits)


def _legacy(path: Path, media: str, analysis: WritingAnalysis, limits: Limits) -> Reading:
    from knowledge.ingest.readers.office import read_legacy  # noqa: PLC0415

    return read_legacy(path, media, analysis, limits)


def _sheet(path: Path, media: str, analysis: WritingAnalysis, limits: Limits) -> Reading:
    from knowledge.ingest.readers.sheet import read_csv, read_xlsx  # noqa: PLC0415

    if media == "csv":
        return read_csv(path.read_bytes(), analysis, limits)
    return read_xlsx(path, analysis, limits)


def _html(path: Path, _media: str, analysis: WritingAnalysis, limits: Limits) -> Reading:
    from knowledge.ingest.readers.html import read_html  # noqa: PLC0415

    return read_html(path.read_bytes(), analysis, limits)


def _plain(path: Path, media: str, analysis: WritingAnalysis, limits: Limits) -> Reading:
    decoded = decode(path.read_bytes(), analysis.is_well_spelt)
    return read_plain(decoded.text, media, analysis, limits)


_READERS: Mapping[str, Callable[[Path, str, WritingAnalysis, Limits], Reading]] = {
    "pdf": _pdf, "docx": _docx, "doc": _legacy, "rtf": _legacy, "odt": _legacy, "xlsx": _sheet, "csv": _sheet,
    "html": _html, "md": _plain, "txt": _plain,
}  # fmt: skip


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
