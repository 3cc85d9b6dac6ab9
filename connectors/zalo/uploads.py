"""Which files Zalo takes, and remembering what was uploaded (platforms A6).

Uploaded ids live seven days and uploads are counted by the month, so one content is uploaded once. The memory
is this process's own: losing it costs one upload.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from connectors.errors import Refused
from connectors.message import File
from connectors.zalo.render import is_gif, is_picture

_MEGABYTE = 1024 * 1024
_IMAGE_BYTES = 1 * _MEGABYTE
_FILE_BYTES = 5 * _MEGABYTE
"""Also for gif (platforms A6, [H])."""
_DOCUMENTS = (".pdf", ".doc", ".docx", ".csv")
_REMEMBERED = 500


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


class UploadMemory:
    """Uploaded ids by content, until shortly before Zalo forgets them."""

    def __init__(self, lifetime: timedelta, clock: Callable[[], datetime]) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._known: dict[str, tuple[str, datetime]] = {}

    def get(self, digest: str) -> str:
        """The id of this content, or nothing."""
        uploaded, at = self._known.get(digest, ("", self._clock()))
        return uploaded if self._clock() < at + self._lifetime else ""

    def put(self, digest: str, uploaded: str) -> None:
        """Remember an id, forgetting the oldest when there are very many."""
        self._known.pop(digest, None)
        if len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[digest] = (uploaded, self._clock())

    def forget(self, digest: str) -> None:
        """Zalo says that this id is no good."""
        self._known.pop(digest, None)
