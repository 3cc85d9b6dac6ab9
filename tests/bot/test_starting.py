"""What a person reads when something is wrong at the start: one plain sentence, never a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot import app
from bot.cli import main
from bot.settings import Settings
from tests.service.process import free_port


def serve(data_dir: Path, **environment: str) -> Result:
    given: Mapping[str, str] = {"DATA_DIR": str(data_dir), "PORT": str(free_port()), **environment}
    return CliRunner().invoke(main, ["serve"], env=given)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "abc", "PORT: phải là một số nguyên"),
        ("PORT", "70000", "PORT: nhiều nhất là 65535"),
        ("LOG_FORMAT", "xml", "LOG_FORMAT: chỉ nhận 'console' hoặc 'json'"),
        ("TIMEZONE", "Hanoi", "TIMEZONE: không có múi giờ"),
        ("DATABASE_URL", "postgresql+asyncpg://u:secret@127.0.0.1:abc/x", "DATABASE_URL: không đọc được"),
        ("DATABASE_URL", "postgresql+asyncpg://u:secret@127.0.0.1:1/x", "Không mở được cơ sở dữ liệu"),
        ("REDIS_URL", "redis://127.0.0.1:abc/0", "REDIS_URL: cổng phải là một số"),
        ("NLU", "bert", "NLU: chỉ nhận 'embedded' hoặc 'rasa'"),
        ("RASA_URL", "http://bot:secret@rasa:5005", "RASA_URL: phải là địa chỉ máy chủ Rasa"),
        ("RASA_TOKEN", "sec\nret", "RASA_TOKEN: có ký tự không đọc được"),
        ("ZALO_APP_ID", "1", "còn thiếu: ZALO_APP_SECRET"),
    ],
)
def test_a_wrong_setting_is_named_in_plain_words(data_dir: Path, name: str, value: str, says: str) -> None:
    ended = serve(data_dir, **{name: value})
    assert ended.exit_code in (1, 2)
    assert isinstance(ended.exception, SystemExit)
    assert says in ended.output
    assert "secret" not in ended.output


def test_a_folder_that_cannot_be_one_is_named(data_dir: Path) -> None:
    (data_dir / "file").write_text("in the way")
    ended = serve(data_dir / "file" / "data")
    assert isinstance(ended.exception, SystemExit)
    assert "DATA_DIR" in ended.output


def test_a_settings_file_in_another_encoding_is_named(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data_dir)
    (data_dir / ".env").write_bytes("ASSOCIATION_NAME=Hội".encode("utf-16"))
    ended = serve(data_dir)
    assert isinstance(ended.exception, SystemExit)
    assert "UTF-8" in ended.output


async def test_what_is_kept_is_readable_by_nobody_else(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir / "fresh", _env_file=None)
    async with app.open_database(settings):
        assert settings.data_dir.stat().st_mode & 0o077 == 0
