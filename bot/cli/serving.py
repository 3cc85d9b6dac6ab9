"""Commands around the server: run it, look at what it has, set a channel up, stand in for the platforms."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress
from pathlib import Path

import click

from bot import app
from bot.cli.opening import data_dir_option, settled, told_plainly
from bot.clock import utc_now
from bot.doctor import Level, examine
from bot.logs import set_up_logging
from bot.settings import Settings
from bot.staff.passwords import FIRST_ADMIN, first_admin
from connectors.messenger import setup_profile

_STARTED = time.monotonic()


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Port (PORT); 0 takes a free one.")
@click.option("--host", help="Address to listen on (HOST).")
@data_dir_option
@click.option("--role", type=click.Choice(app.ROLES), default="all", show_default=True)
def serve(port: int | None, host: str | None, data_dir: Path | None, role: app.Role) -> None:
    """Run the bot until Ctrl-C."""
    settings = settled(level=None, port=port, host=host, data_dir=data_dir)
    with told_plainly():
        asyncio.run(_serve(settings, role))


async def _serve(settings: Settings, role: app.Role) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    is_built = asyncio.Event()

    async def ready(house: app.House, port: int) -> None:
        is_built.set()
        if role in ("all", "web"):
            password = await first_admin(house.database, house.clock)
            click.echo(_banner(house, port, password))
        else:
            click.echo(f"Tiến trình {role} đang chạy. Ctrl-C để dừng.")

    serving = asyncio.create_task(app.serve(settings, role, stop, ready))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if is_built.is_set() or not stop.is_set():
        await serving
        return
    # Ctrl-C while everything is still being put together: nothing is in hand that must be finished first.
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


def _banner(house: app.House, port: int, password: str) -> str:
    host = house.settings.host
    base = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104 - compared, not bound
    off = "tắt (xem: khuyenhoc doctor)"
    lines = [
        "",
        f"  Trợ lý khuyến học đã sẵn sàng sau {time.monotonic() - _STARTED:.1f} giây.",
        f"  Trang cho người dân:  {base}/",
        f"  Trang cho cán bộ:     {base}/staff/",
    ]
    if password:
        lines.append(
            f"      đăng nhập lần đầu:  {FIRST_ADMIN}  /  {password}   (chỉ hiện một lần, bạn ghi lại nhé)"
        )
    lines += [
        "  Kênh:  web bật"
        f" · Zalo {'bật' if house.zalo else off}"
        f" · Messenger {'bật' if house.messenger else off}",
        "  Ctrl-C để dừng.",
        "",
    ]
    return "\n".join(lines)


@click.command()
@data_dir_option
def doctor(data_dir: Path | None) -> None:
    """Tell what is configured, what is missing and what is broken."""
    settings = settled(data_dir=data_dir, level="silent")
    findings = asyncio.run(examine(settings))
    for finding in findings:
        click.echo(str(finding))
    if any(finding.level is Level.BAD for finding in findings):
        raise SystemExit(1)


@click.group()
def channel() -> None:
    """Set up a channel."""


@channel.command()
@click.argument("name", type=click.Choice(["messenger"]))
def setup(name: str) -> None:
    """Put greeting, menu and first questions on the page, and subscribe to its events."""
    settings = settled(level="warning")
    if not settings.messenger_is_on:
        raise click.ClickException(
            "Messenger đang tắt: điền các biến MESSENGER_… trước (xem khuyenhoc doctor)."
        )
    for line in asyncio.run(_setup_messenger(settings)):
        click.echo(f" {line}")


async def _setup_messenger(settings: Settings) -> list[str]:
    channel_ = app.make_messenger(settings, utc_now)
    assert channel_ is not None
    try:
        texts = app.make_profile_texts(settings, app.load_knowledge())
        steps = await setup_profile(channel_.api, texts, comments_enabled=settings.messenger_comments)
        return [str(step) for step in steps]
    finally:
        await channel_.aclose()


@click.command()
@click.option("--port", type=int, default=8090, show_default=True)
@click.option("--bot-url", default="http://127.0.0.1:8080", show_default=True)
@click.option(
    "--print-env", is_flag=True, help="Print the settings with which the bot talks to this sandbox."
)
def sandbox(port: int, bot_url: str, print_env: bool) -> None:
    """Stand-ins for Zalo and Facebook, with a phone-like page to act as a citizen."""
    # Imported here alone: what serves citizens must not depend on a stand-in.
    from aiohttp import web  # noqa: PLC0415

    from connectors.sandbox import SandboxSettings, build_sandbox_app  # noqa: PLC0415

    if print_env:
        for name, value in SandboxSettings(bot_url=bot_url, port=port).bot_environment().items():
            click.echo(f"{name}={value}")
        return
    set_up_logging("console", "warning")
    sandbox_settings = SandboxSettings(bot_url=bot_url, port=port)
    web.run_app(build_sandbox_app(sandbox_settings), host="127.0.0.1", port=port)
