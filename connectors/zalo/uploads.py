"""Which files Zalo takes (platforms A6). That each is uploaded once is connectors.uploads' business."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

from connectors.errors import Refused
from connectors.message import File
from connectors.zalo.render import is_gif, is_picture

_MEGABYTE = 1024 * 1024
_IMAGE_BYTES = 1 * _MEGABYTE
_FILE_BYTES = 5 * _MEGABYTE
"""Also for gif (platforms A6, [H])."""
_DOCUMENTS = (".pdf", ".doc", ".docx", ".csv")


@dataclass(frozen=True, slots=True)
class Content:
    """A file as it was read, known to be something Zalo takes."""

    file: File
    data: bytes
    digest: str

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of a gif, from its header."""
        width, height = struct.unpack("<HH", self.data[6:10])
        return int(width), int(height)


def read_content(file: File) -> Content:
    """Read a file to send. Blocking. Raises Refused when it is gone, too big, or no kind Zalo takes."""
    name = file.name.lower()
    if not is_picture(name) and not name.endswith(_DOCUMENTS):
        raise Refused("Zalo does not take this kind of file", code="file_kind")
    limit = _FILE_BYTES if is_gif(name) or not is_picture(name) else _IMAGE_BYTES
    try:
        with Path(file.path).open("rb") as opened:
            data = opened.read(limit + 1)
    except OSError as error:
        raise Refused("the file cannot be read", code="file_missing") from error
    if len(data) > limit:
        raise Refused("the file is too big for Zalo", code="file_size")
    if not data or (is_gif(name) and (not data.startswith(b"GIF8") or len(data) < 10)):
        raise Refused("the file is empty or damaged", code="file_damaged")
    # The name is part of it: Zalo shows the name of the first upload.
    return Content(file, data, hashlib.sha256(file.name.encode() + b"\0" + data).hexdigest())
