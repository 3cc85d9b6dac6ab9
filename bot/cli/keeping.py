"""Commands on what an installation keeps: files taken in, a backup written, a backup put in its place."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from bot import app
from bot.backup import BackupFailed, back_up
from bot.backup import restore as restore_backup
from bot.cli.opening import data_dir_option, read_settings, settled, told_plainly
from bot.clock import utc_now
from bot.ingest import FileReport, Outcome, describe, ingest_files
from bot.settings import Settings
from knowledge.ingest import Limits

COMMAND_LINE = "dòng lệnh"
"""Who took a document in, when it was nobody of the console."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@data_dir_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file.")
def ingest(files: tuple[Path, ...], data_dir: Path | None, as_json: bool) -> None:
    """Take documents and question sheets in; the bot may be running."""
    settings = settled(data_dir=data_dir)

    def tell(report: FileReport) -> None:
        line = json.dumps(report.as_json(), ensure_ascii=False, default=list) if as_json else None
        click.echo(line or "\n".join(describe(report)))

    with told_plainly():
        has_failed = asyncio.run(_ingest(settings, files, tell))
    if has_failed:
        raise SystemExit(1)


async def _ingest(settings: Settings, files: Sequence[Path], tell: Callable[[FileReport], None]) -> bool:
    has_failed = False
    async with app.open_database(settings) as database:
        async for report in ingest_files(
            database, settings.data_dir, files, by=COMMAND_LINE, clock=utc_now, limits=Limits()
        ):
            tell(report)
            has_failed = has_failed or report.outcome is Outcome.FAILED
    return has_failed


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@data_dir_option
def backup(file: Path, data_dir: Path | None) -> None:
    """Write all data of a SQLite installation to FILE (.tar.gz); the bot may be running."""
    settings = read_settings(data_dir=data_dir)
    try:
        size = back_up(settings, file)
    except BackupFailed as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Đã sao lưu vào {file} ({size / 1024:.0f} KB). Tệp có dữ liệu cá nhân: giữ cẩn thận.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@data_dir_option
def restore(file: Path, data_dir: Path | None) -> None:
    """Put the data of a backup in place of what is there; the bot must be stopped."""
    settings = read_settings(data_dir=data_dir)
    try:
        restored = restore_backup(settings, file)
    except BackupFailed as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Đã khôi phục. Dữ liệu trước đó (nếu có) được giữ ở {restored.kept}.")
    if restored.forgotten:
        click.echo(
            f"{restored.forgotten} người đã yêu cầu xóa dữ liệu sau khi bản sao này được tạo: "
            "dữ liệu của họ đã được xóa lại."
        )
