"""Tables of self-assessments as files: written in a thread, noted in the audit log before they leave."""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

from bot.assessment_tally import Period
from bot.report_files import Figures, written_as
from bot.staff.access import Visit, not_found
from bot.staff.parts import StaffParts
from bot.store import audit
from bot.store.audit import Action

log = structlog.get_logger(__name__)

_TYPES = {
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", None),
    "csv": ("text/csv", "utf-8"),
}


async def handed_out(
    parts: StaffParts, visit: Visit, figures: Figures, name: str, period: Period, rows: int
) -> web.StreamResponse:
    """The tables in the form the address ends in. Raises PageError for any other.

    `rows`: results told one by one; 0 in a file of counts.
    """
    form = visit.request.match_info["form"]
    if form not in _TYPES:
        raise not_found()
    written = await asyncio.to_thread(written_as, form, figures)
    by, now = visit.session.officer, parts.clock()
    first = period.first.isoformat() if period.first else ""
    detail = {"what": name, "form": form, "rows": rows, "first": first, "last": period.last.isoformat()}
    await parts.database.write(
        lambda c: audit.note(c, by, Action.ASSESSMENTS_EXPORTED, "assessments", now, detail)
    )
    log.info("staff_exported_assessments", staff_id=by.id, what=name, form=form, rows=rows)
    media_type, charset = _TYPES[form]
    days = f"{f'{first}-' if first else ''}{period.last.isoformat()}"
    return web.Response(
        body=written,
        content_type=media_type,
        charset=charset,
        headers={"Content-Disposition": f'attachment; filename="{name}-{days}.{form}"'},
    )
