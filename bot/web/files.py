"""A file of ours, handed to the browser it was said to.

The path comes from the outbox and from nowhere else; whose it is was decided before. Must never guess a type
or let a file run as a page.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from bot.web.problem import ChatError
from connectors.message import File
from connectors.web import PICTURES

MAX_BYTES = 20 * 1024 * 1024
_PDF = "application/pdf"


async def answer_with(file: File) -> web.Response:
    """The file, to be shown (a picture, a PDF) or kept. Raises ChatError when it is not there any more."""
    try:
        content = await asyncio.to_thread(_read, Path(file.path))
    except OSError as error:
        raise gone() from error
    kind = "inline" if file.media_type in PICTURES or file.media_type == _PDF else "attachment"
    headers = {
        "Content-Type": file.media_type,
        "Content-Disposition": f"{kind}; filename*=UTF-8''{quote(file.name, safe='')}",
        # The same row may be drawn anew, and on a shared computer nothing of it should stay behind.
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if file.media_type != _PDF:  # some browsers' PDF pages do not open under a policy
        headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    return web.Response(body=content, headers=headers)


def gone() -> ChatError:
    """There is no such file for this browser, or no more."""
    return ChatError(
        404,
        "file_gone",
        "Tệp này không còn được giữ. Bạn nhắn “kết quả của tôi” hoặc “xuất dữ liệu của tôi” để nhận lại nhé.",
    )


def _read(path: Path) -> bytes:
    with path.open("rb") as opened:
        content = opened.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError("too big to hand over")
    return content
