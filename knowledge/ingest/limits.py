"""What a file may cost us at most, and the look into archives before any library opens them.

A .docx or .xlsx is an archive of XML: a few kilobytes can unpack to gigabytes, or name entities that do.
Both are refused here, before a parser sees them.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from knowledge.ingest.reading import Encrypted, IngestError, TooBig

_ENCRYPTED_MEMBER = 0x1
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds for one file. The defaults fit a law with all its appendices, many times over."""

    file_bytes: int = 50 * 1024 * 1024
    pages: int = 2000
    characters: int = 5_000_000
    unpacked_bytes: int = 200 * 1024 * 1024
    """Of an archive, all members together, counted while unpacking: what a header claims is not believed."""
    unpacked_ratio: int = 200
    """Unpacked to packed size. Office files stay below 30; a bomb is in the thousands."""
    members: int = 5000
    rows: int = 50_000
    """Of one sheet."""
    scanned_pages: int = 100
    """Pages that are recognised from their image: each takes seconds."""
    seconds: float = 600
    """For everything; then the process is killed."""
    memory_bytes: int = 1536 * 1024 * 1024
    """Address space of the process that reads."""


def check_size(path: Path, limits: Limits) -> None:
    """Raises TooBig, or IngestError for an empty file."""
    size = path.stat().st_size
    if size == 0:
        raise IngestError("Tệp rỗng, không có gì để đọc.")
    if size > limits.file_bytes:
        raise TooBig(f"Tệp lớn hơn mức cho phép ({limits.file_bytes // (1024 * 1024)} MB).")


def check_archive(path: Path, limits: Limits) -> frozenset[str]:
    """The members of an Office archive that is safe to open. Raises IngestError, TooBig or Encrypted."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > limits.members:
                raise TooBig("Tệp nén có quá nhiều tệp con.")
            if any(member.flag_bits & _ENCRYPTED_MEMBER for member in members):
                raise Encrypted("Tệp có mật khẩu. Bạn bỏ mật khẩu rồi thử lại nhé.")
            allowed = min(limits.unpacked_bytes, limits.unpacked_ratio * max(path.stat().st_size, 4096))
            if sum(member.file_size for member in members) > allowed:
                raise TooBig("Tệp nén bung ra lớn bất thường, mình không mở.")
            unpacked = 0
            for member in members:
                unpacked += _unpacked_size(archive, member, allowed - unpacked)
                if member.filename.endswith((".xml", ".rels")):
                    _refuse_declarations(archive, member)
            return frozenset(member.filename for member in members)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, NotImplementedError) as error:
        raise IngestError("Tệp bị hỏng hoặc không đúng định dạng.") from error


def _unpacked_size(archive: zipfile.ZipFile, member: zipfile.ZipInfo, allowed: int) -> int:
    size = 0
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > allowed:
                raise TooBig("Tệp nén bung ra lớn bất thường, mình không mở.")
    return size


def _refuse_declarations(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Office writes no DTD, and what stands before the first element is all that can declare entities."""
    try:
        with archive.open(member) as stream:
            next(iter(iterparse(stream, events=("start",), forbid_dtd=True)), None)
    except DefusedXmlException as error:
        raise IngestError("Tệp có khai báo XML không an toàn, mình không mở.") from error
    except (ParseError, ValueError) as error:
        raise IngestError("Tệp bị hỏng: phần XML bên trong không đọc được.") from error
