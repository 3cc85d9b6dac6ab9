"""Commands that write reports: figures, never persons."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from bot import app
from bot.assessment_report import assessment_figures
from bot.assessment_tally import Period
from bot.cli.opening import data_dir_option, settled, told_plainly
from bot.clock import utc_now
from bot.outreach import report_by_hand
from bot.outreach.report_periods import ReportPeriod, period_of
from bot.outreach.reports import as_json as report_as_json
from bot.report_drawing import FORMS as REPORT_FORMS
from bot.report_files import FORMS, Figures, written_as
from bot.settings import Settings
from knowledge.criteria_files import load_criteria

_day = click.DateTime(formats=["%Y-%m-%d", "%d/%m/%Y"])


@click.group()
def report() -> None:
    """Figures for staff: counts, never persons."""


@report.command()
@click.option("--from", "first", type=_day, help="First day, 2026-01-31; without it from the beginning.")
@click.option("--to", "last", type=_day, help="Last day, included; without it today.")
@click.option("--format", "form", type=click.Choice(list(FORMS)), default="text", show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file to write; needed for xlsx."
)
@data_dir_option
def assessments(
    first: datetime | None, last: datetime | None, form: str, output: Path | None, data_dir: Path | None
) -> None:
    """Self-assessments by group, place, month and channel, where people stopped, averages."""
    settings = settled(data_dir=data_dir)
    if form == "xlsx" and output is None:
        raise click.UsageError("Định dạng xlsx cần --output TỆP.")
    period = Period(
        first.date() if first else None,
        last.date() if last else utc_now().astimezone(settings.zone).date(),
        settings.zone,
    )
    if period.since >= period.until:
        raise click.UsageError("Ngày ở --from phải trước hoặc trùng ngày ở --to.")
    with told_plainly():
        figures = asyncio.run(_add_up(settings, period))
    content = written_as(form, figures)
    if output is None:
        sys.stdout.buffer.write(content)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"Không ghi được {output} ({error.strerror}).") from error
    click.echo(f"Đã ghi {output}.")


async def _add_up(settings: Settings, period: Period) -> Figures:
    async with app.open_database(settings) as database:
        return await assessment_figures(database, period, load_criteria().sets)


@report.command()
@click.argument("period")
@click.option("--form", type=click.Choice(REPORT_FORMS), default="docx", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
@data_dir_option
def period(period: str, form: str, out: Path | None, as_json: bool, data_dir: Path | None) -> None:
    """Write the report of a month (2026-10), a quarter (2026-Q4) or a year (2026)."""
    settings = settled(data_dir=data_dir)
    if out is None and not as_json:
        raise click.UsageError("Cần --out TỆP, hoặc --json để chỉ xem số liệu.")
    try:
        wanted = period_of(period)
    except ValueError:
        raise click.UsageError(f"Kỳ {period!r} chưa đúng: viết 2026-10, 2026-Q4 hoặc 2026.") from None
    with told_plainly():
        figures, content = asyncio.run(_report(settings, wanted, form if out else ""))
    if out is not None:
        try:
            out.write_bytes(content)
        except OSError as error:
            raise click.ClickException(f"Không ghi được {out} ({error.strerror}).") from error
    click.echo(json.dumps(figures, ensure_ascii=False) if as_json else f"Đã ghi {out}.")


async def _report(settings: Settings, wanted: ReportPeriod, form: str) -> tuple[dict[str, Any], bytes]:
    """The figures, and the file when a form is asked for."""
    async with (
        app.open_database(settings) as database,
        app.open_knowledge(settings, database) as librarian,
    ):
        desk = app.report_desk_of(settings, database, librarian, load_criteria())
        found, notes = await report_by_hand.look_up(desk, wanted)
        name = settings.association_name
        content = await report_by_hand.file_of(desk, found, notes, form, name) if form else b""
        return report_as_json(found), content
