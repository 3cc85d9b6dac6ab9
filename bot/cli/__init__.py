"""The command line. Each command reads its settings, calls one part of the house, and prints."""

from __future__ import annotations

import click

from bot.cli.accounts import staff_group
from bot.cli.asking import ask_command, eval_command, nlu, search
from bot.cli.campaigns import campaign
from bot.cli.keeping import backup, ingest, restore
from bot.cli.reporting import report
from bot.cli.serving import channel, doctor, sandbox, serve

__all__ = ["main", "serve"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="khuyenhoc")
def main() -> None:
    """The chatbot of a learning-promotion association: Zalo, Messenger and the web."""


for command in (
    serve, doctor, channel, sandbox, ask_command, nlu, eval_command, search, ingest, backup, restore, report,
    campaign, staff_group,
):  # fmt: skip
    main.add_command(command)
