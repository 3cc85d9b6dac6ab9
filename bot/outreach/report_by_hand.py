"""Reports from the command line: the kept one with its notes, else the figures as they are now.

Prepares nothing and changes nothing; that a file left is noted in the audit log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.outreach.report_drafts import ReportDesk, subject_of
from bot.outreach.report_periods import ReportPeriod
from bot.outreach.reports import Report, report_from
from bot.report_drawing import Letterhead, drawn
from bot.store import audit
from bot.store.audit import Action
from bot.store.reports import LETTERHEAD


async def look_up(desk: ReportDesk, period: ReportPeriod) -> tuple[Report, Mapping[str, str]]:
    """The report and what staff wrote into it."""
    kept = await desk.up_to_date(period.key)
    if kept is not None:
        return report_from(kept.figures), kept.notes
    return await desk.bureau.count(period, desk.clock()), {}


async def file_of(
    desk: ReportDesk, report: Report, notes: Mapping[str, str], form: str, association: str
) -> bytes:
    """The report in one of bot.report_drawing.FORMS."""
    superior, place = (notes.get(name, "") for name in LETTERHEAD)
    written = await asyncio.to_thread(drawn, form, report, notes, Letterhead(association, superior, place))
    subject, now = subject_of(report.period), desk.clock()
    await desk.bureau.database.write(
        lambda c: audit.note(c, None, Action.REPORT_EXPORTED, subject, now, {"form": form})
    )
    return written
