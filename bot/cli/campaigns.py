"""Commands on campaigns that run: look, pause, go on, stop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from bot import app
from bot.cli.opening import data_dir_option, on_database, settled, told_plainly
from bot.outreach import by_hand
from bot.store.revised import Overtaken


@click.group()
def campaign() -> None:
    """Campaigns that run: look, pause, go on, stop."""


@campaign.command(name="list")
@data_dir_option
def list_campaigns(data_dir: Path | None) -> None:
    """Show the latest campaigns with their numbers and states."""
    settings = settled(data_dir=data_dir)
    with told_plainly():
        lines = on_database(settings, lambda d: by_hand.told(d, settings.zone))
    for line in lines or ["Chưa có chiến dịch nào."]:
        click.echo(line)


@campaign.command()
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@data_dir_option
def progress(number: int, as_json: bool, data_dir: Path | None) -> None:
    """Show how far a campaign is, every recipient counted once."""
    settings = settled(data_dir=data_dir)
    pace = app.campaign_pace(settings)
    with told_plainly(), _known_campaign(number):
        found = on_database(settings, lambda d: by_hand.progress(d, number, pace))
    lines = [json.dumps(found, ensure_ascii=False)] if as_json else by_hand.in_words(found)
    for line in lines:
        click.echo(line)


def _brake(did: by_hand.Did, help_: str, said: str) -> None:
    @campaign.command(name=did, help=help_)
    @click.argument("number", type=int)
    @data_dir_option
    def command(number: int, data_dir: Path | None) -> None:
        settings = settled(data_dir=data_dir)
        with told_plainly(), _known_campaign(number):
            on_database(settings, lambda d: by_hand.carry_out(app.office_of(settings, d), number, did))
        click.echo(f"Chiến dịch {number}: {said}.")


_brake("pause", "Nothing more goes out until it is resumed; takes effect within seconds.", "đã tạm dừng")
_brake("resume", "Go on with a paused campaign.", "gửi tiếp")
_brake("stop", "End a campaign for good: whoever did not get it yet never does.", "đã dừng hẳn")


@contextmanager
def _known_campaign(number: int) -> Iterator[None]:
    try:
        yield
    except by_hand.NoSuchCampaign:
        raise click.ClickException(f"Không có chiến dịch số {number}. Xem: khuyenhoc campaign list") from None
    except Overtaken:
        raise click.ClickException(
            "Chưa làm được: chiến dịch không ở trạng thái cho phép, hoặc vừa có người đổi. "
            f"Xem: khuyenhoc campaign progress {number}"
        ) from None
