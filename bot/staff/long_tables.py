"""A table of any length as a CSV file, written while it is read: nobody waits for it, nothing piles up.

Cells are made harmless for spreadsheet programs here; what may stand in them is the page's business.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence

from aiohttp import web

from bot.report_files import harmless
from bot.staff.pages import guard_headers

Row = Sequence[str]


async def stream(
    request: web.Request, name: str, heading: Row, portions: AsyncIterator[Sequence[Row]]
) -> web.StreamResponse:
    """Answer with the file `name`; UTF-8 with the mark Excel knows it by."""
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
        }
    )
    guard_headers(response)
    await response.prepare(request)
    await response.write("\ufeff".encode() + _written([heading]))
    async for portion in portions:
        await response.write(_written(portion))
    await response.write_eof()
    return response


def _written(rows: Iterable[Row]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode()
