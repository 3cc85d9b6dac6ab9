"""Commands on the accounts of the staff console."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from bot.cli.opening import data_dir_option, on_database, settled, told_plainly
from bot.clock import utc_now
from bot.settings import Settings
from bot.staff import by_hand
from bot.staff.passwords import MAX_LENGTH, MIN_LENGTH, hash_password, new_password
from bot.store import staff
from bot.store.database import Database
from connectors.message import clean_text

T = TypeVar("T")


@click.group(name="staff")
def staff_group() -> None:
    """Accounts of the staff console."""


@staff_group.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([role.value for role in staff.Role]),
    help="Without it a new account may look only, and an existing one keeps its role.",
)
@click.option("--password", help="At least 10 characters; without it one is made and printed.")
@data_dir_option
def add(name: str, role: str | None, password: str | None, data_dir: Path | None) -> None:
    """Create an account, or give an existing one a new password; a locked one is open again."""
    settings = settled(data_dir=data_dir)
    if password is not None and not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise click.ClickException(f"Mật khẩu cần từ {MIN_LENGTH} đến {MAX_LENGTH} ký tự.")
    kept = clean_text(name)
    if not kept or len(kept) > staff.NAME_LIMIT:
        raise click.ClickException(f"Tên cần từ 1 đến {staff.NAME_LIMIT} ký tự.")
    chosen = password or new_password()
    wanted = staff.Role(role) if role else None
    with told_plainly():
        hashed = hash_password(chosen)
        is_new, given = _on_accounts(settings, lambda d: by_hand.put(d, kept, wanted, hashed, utc_now()))
    click.echo(f"{'Đã tạo' if is_new else 'Đã đổi mật khẩu của'} tài khoản {kept} (quyền {given.value}).")
    if password is None:
        click.echo(f"Mật khẩu: {chosen}   (chỉ hiện một lần)")


@staff_group.command(name="list")
@data_dir_option
def list_staff(data_dir: Path | None) -> None:
    """Show the accounts: name, role, state, last use."""
    settings = settled(data_dir=data_dir)
    with told_plainly():
        lines = _on_accounts(settings, lambda d: by_hand.told(d, utc_now(), settings.zone))
    for line in lines:
        click.echo(line)


@staff_group.command()
@click.argument("name")
@data_dir_option
def lock(name: str, data_dir: Path | None) -> None:
    """Lock an account: whoever is signed in with it is out at once."""
    settings = settled(data_dir=data_dir)
    with told_plainly():
        _on_accounts(settings, lambda d: by_hand.lock(d, clean_text(name), utc_now()))
    click.echo(f"Đã khóa tài khoản {name}. Mở lại bằng: khuyenhoc staff add {shlex.quote(name)}")


def _on_accounts(settings: Settings, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    try:
        return on_database(settings, work)
    except staff.LastAdmin:
        raise click.ClickException(
            "Đây là người quản trị cuối cùng. Thêm một người quản trị khác trước: "
            "khuyenhoc staff add TÊN --role admin"
        ) from None
    except by_hand.NoSuchAccount:
        raise click.ClickException(
            "Không có tài khoản mang đúng tên này. Xem các tài khoản: khuyenhoc staff list"
        ) from None
