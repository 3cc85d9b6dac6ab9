"""What operators read about settings is what the program does."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.settings_page import as_page, as_sample, main, sections

ROOT = Path(__file__).parents[2]


def test_the_committed_page_and_sample_are_what_the_table_makes() -> None:
    """When this fails: `make settings`, then read the difference before committing it."""
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == as_page()
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == as_sample()


def test_every_setting_is_explained_once_under_the_heading_it_belongs_to() -> None:
    listed = [(section.title, one) for section in sections() for one in section.settings]
    assert [one.name.lower() for _, one in listed] == list(Settings.model_fields)
    assert [one.name for _, one in listed if not one.help] == []
    for title, one in listed:
        assert ("Zalo" in title) == (one.name.startswith("ZALO_") and one.name != "ZALO_LINK")
        assert ("Messenger" in title) == one.name.startswith("MESSENGER_")


def test_the_sample_with_every_line_switched_on_changes_no_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    filled = tmp_path / "filled.env"
    filled.write_text(re.sub(r"^# (?=[A-Z_]+=)", "", as_sample(), flags=re.MULTILINE), encoding="utf-8")
    assert "\nPORT=8080\n" in filled.read_text(encoding="utf-8")
    assert Settings(_env_file=filled) == Settings()


def test_no_secret_of_this_machine_reaches_the_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "ZALO_APP_SECRET", "a-secret-of-this-machine")
    assert "a-secret-of-this-machine" not in as_page() + as_sample()


def test_the_page_needs_to_be_told_where_to_write(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
