"""A form that may hold one file, read with bounds: what was typed, and the file.

For forms whose file is small enough to be held in memory; many large ones are bot.staff.library.receiving's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import BadHttpMessage

from bot.staff.access import PageError, Visit
from bot.uploads import shown_name

MOST_DROPPED_BYTES = 100 * 1024 * 1024
"""How much of what is too large is read at all, so that the browser gets to read our answer."""
MOST_TYPED_BYTES = 1024 * 1024
_PIECE = 1 << 16
_BROKEN_OFF = (web.RequestPayloadError, BadHttpMessage, ConnectionError, ValueError)


@dataclass(frozen=True, slots=True)
class Received:
    """What was sent in."""

    form: Mapping[str, str]
    name: str = ""
    """Of the file, fit to be shown; empty where none was chosen."""
    content: bytes = b""
    """Of one that is too large, a little more than is allowed."""


async def received(visit: Visit, file_field: str, most_bytes: int) -> Received:
    """Read the form of a route that takes files; one that was sent without any is as it is.

    Raises PageError when it is broken off, or larger than anybody could mean it.
    """
    if visit.files is None:
        return Received(visit.form)
    form, name, content, came = dict[str, bytearray](), "", bytearray(), 0
    try:
        while (part := await visit.files.next()) is not None:
            if isinstance(part, MultipartReader):
                await part.release()
                continue
            is_file = part.filename is not None
            kept = bytearray()
            if is_file and part.name == file_field and part.filename and not name:
                name, kept = shown_name(part.filename), content
            elif not is_file and part.name:
                kept = form.setdefault(part.name, bytearray())
            most = most_bytes if is_file else MOST_TYPED_BYTES
            while piece := await _piece(part):
                came += len(piece)
                if came > MOST_DROPPED_BYTES:
                    raise PageError(413, "Tệp quá lớn", "Bạn chọn tệp nhỏ hơn rồi gửi lại nhé.")
                if len(kept) <= most:
                    kept += piece
    except _BROKEN_OFF as error:
        raise PageError(
            400, "Tệp chưa tới nơi", "Đường truyền bị ngắt giữa chừng. Bạn gửi lại giúp nhé."
        ) from error
    if sum(map(len, form.values())) > MOST_TYPED_BYTES:
        raise PageError(413, "Nội dung quá dài", "Bạn rút ngắn lại rồi gửi giúp nhé.")
    typed = {field: value.decode("utf-8", "replace") for field, value in form.items()}
    return Received(typed, name, bytes(content))


async def _piece(part: BodyPartReader) -> bytes:
    while not part.at_eof():
        if piece := await part.read_chunk(_PIECE):
            return bytes(piece)
    return b""
