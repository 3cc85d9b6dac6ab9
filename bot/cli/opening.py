"""What commands open with: settings, logging, a database; and what keeps them from it, in plain words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot import app
from bot.embedded_valkey import ValkeyUnavailable
from bot.logs import set_up_logging
from bot.settings import Settings
from bot.store.database import Database, StoreUnavailable
from bot.store.migrate import SchemaTooNew
from knowledge.content import ContentError
from nlu.training import TrainingDataBroken

T = TypeVar("T")
_WORDS = {
    "int_parsing": "phải là một số nguyên",
    "float_parsing": "phải là một số",
    "bool_parsing": "chỉ nhận true hoặc false",
    "literal_error": "chỉ nhận {expected}",
    "greater_than": "phải lớn hơn {gt}",
    "greater_than_equal": "phải từ {ge} trở lên",
    "less_than_equal": "nhiều nhất là {le}",
}

data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Data folder (DATA_DIR)."
)


def read_settings(**overrides: object) -> Settings:
    """The settings, with what the command line says on top; a mistake ends the program in plain words."""
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        for problem in error.errors():
            where = ".".join(str(part) for part in problem["loc"]).upper()
            click.echo(
                f"Cấu hình chưa đúng: {f'{where}: ' if where else ''}{_in_plain_words(problem)}", err=True
            )
        raise SystemExit(2) from None
    except UnicodeDecodeError:
        click.echo("Cấu hình chưa đúng: tệp .env phải được lưu ở bảng mã UTF-8.", err=True)
        raise SystemExit(2) from None


def settled(*, level: str | None = "error", **overrides: object) -> Settings:
    """The settings, and logging: what is as bad as `level`, on the console; None: as the settings say."""
    settings = read_settings(**overrides)
    if level is None:
        set_up_logging(settings.log_format, settings.log_level)
    else:
        set_up_logging("console", level)
    return settings


@contextmanager
def told_plainly() -> Iterator[None]:
    """What keeps the program from starting, said to whoever installs it."""
    try:
        yield
    except StoreUnavailable as error:
        raise click.ClickException(
            f"Không mở được cơ sở dữ liệu ({error}). Kiểm tra DATABASE_URL, hoặc quyền ghi và chỗ trống "
            "của thư mục DATA_DIR. Xem thêm: khuyenhoc doctor."
        ) from error
    except SchemaTooNew as error:
        raise click.ClickException(
            "Cơ sở dữ liệu đã được một phiên bản mới hơn nâng cấp. Hãy chạy phiên bản đó, "
            "hoặc khôi phục một bản sao lưu cũ hơn."
        ) from error
    except TrainingDataBroken as error:
        raise click.ClickException(f"Câu mẫu kèm chương trình có lỗi:\n{error}") from error
    except ContentError as error:
        raise click.ClickException(f"Nội dung kèm chương trình có lỗi: {error}") from error
    except (ValkeyUnavailable, app.HalfConfigured) as error:
        raise click.ClickException(str(error)) from error
    except app.AddressTaken as error:
        raise click.ClickException(
            f"Không mở được địa chỉ {error}. Có chương trình khác đang dùng cổng này? Thử --port khác."
        ) from error


def on_database(settings: Settings, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    """What `work` finds or does on the database of an installation."""

    async def run() -> T:
        async with app.open_database(settings) as database:
            return await work(database)

    return asyncio.run(run())


def tell_progress(done: int, of: int) -> None:
    """Making vectors takes seconds the first time: say so, on standard error."""
    if done % 50 == 0 or done == of:
        click.echo(f"Đang học nghĩa của nội dung: {done}/{of}", err=True)


def _in_plain_words(problem: ErrorDetails) -> str:
    """What is wrong with a setting, without its value: it may be a secret."""
    words = _WORDS.get(problem["type"])
    if words is None:
        return problem["msg"].removeprefix("Value error, ")
    return words.format(**problem.get("ctx", {})).replace(" or ", " hoặc ")
