"""The settings page and the sample `.env`, written from the one table in `bot.settings`.

    python -m bot.settings_page docs/settings.md .env.example

writes both files; a test fails when what is committed differs from what this makes. Never reads a setting's
value, so nothing secret can end up in a document.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bot.settings import MESSENGER_NEEDED, ZALO_NEEDED, Settings

_SECTIONS = (
    (
        "data_dir",
        "The installation",
        "Where it runs and what it keeps. The defaults are right for one machine.",
    ),
    (
        "association_name",
        "The association and its citizens",
        "What citizens read, and how much is taken from them.",
    ),
    ("worker_concurrency", "Work in hand", "Leave these alone until `/metrics` gives a reason."),
    (
        "zalo_app_id",
        "Zalo Official Account",
        f"Off while all are empty. {', '.join(f'`{name}`' for name in ZALO_NEEDED)} go together; "
        "the token pair is needed once, until the first refresh is stored.",
    ),
    (
        "messenger_page_id",
        "Facebook page (Messenger)",
        f"Off while all are empty. {', '.join(f'`{name}`' for name in MESSENGER_NEEDED)} go together.",
    ),
)
"""Name of the first setting, title and introduction of each section, in the order of the table."""

_TYPES = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "`true` or `false`",
    "Path": "folder",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table as an operator reads it."""

    name: str
    type: str
    default: str
    help: str
    is_secret: bool


@dataclass(frozen=True, slots=True)
class Section:
    """Settings that belong together."""

    title: str
    introduction: str
    settings: tuple[Setting, ...]


def _type_of(field: FieldInfo) -> str:
    annotation = field.annotation
    if annotation is SecretStr:
        return "secret text"
    if get_origin(annotation) is Literal:
        return " / ".join(f"`{choice}`" for choice in get_args(annotation))
    name = _TYPES[getattr(annotation, "__name__", "")]
    bounds = {key: value for rule in field.metadata for key, value in _bounds(rule)}
    if "ge" in bounds and "le" in bounds:
        return f"{name}, {bounds['ge']:g} to {bounds['le']:g}"
    if "le" in bounds:
        return f"{name}, up to {bounds['le']:g}"
    if "ge" in bounds and bounds["ge"] > 0:
        return f"{name}, at least {bounds['ge']:g}"
    return name


def _bounds(rule: object) -> Iterator[tuple[str, float]]:
    for key in ("ge", "gt", "le", "lt"):
        value = getattr(rule, key, None)
        if isinstance(value, int | float):
            yield key, value


def _default_of(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, SecretStr):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def sections() -> tuple[Section, ...]:
    """The whole table, cut into sections. Raises KeyError for a type this page cannot name."""
    starts = [first for first, _, _ in _SECTIONS]
    found: dict[str, list[Setting]] = {first: [] for first in starts}
    current = starts[0]
    for key, field in Settings.model_fields.items():
        current = key if key in found else current
        found[current].append(
            Setting(
                key.upper(),
                _type_of(field),
                _default_of(field),
                field.description or "",
                field.annotation is SecretStr,
            )
        )
    return tuple(Section(title, intro, tuple(found[first])) for first, title, intro in _SECTIONS)


def as_page() -> str:
    """The reference page, in Markdown."""
    lines = [
        "# Settings",
        "",
        "Made from `bot/settings.py` by `make settings`; change it there.",
        "",
        "Read once at start from the environment and from a file `.env` in the folder the program is",
        "started in. A variable of the environment wins over the file, and an option of the command line",
        "over both. An empty value is no value. A mistake ends the program with a sentence that names the",
        "setting. Secrets are never printed or logged. `khuyenhoc doctor` says what is on, what is missing",
        "and what is broken.",
    ]
    for section in sections():
        lines += ["", f"## {section.title}", "", section.introduction, ""]
        lines += ["| Setting | Type | Default | What it is for |", "|---|---|---|---|"]
        for one in section.settings:
            default = f"`{one.default}`" if one.default else "empty"
            lines.append(f"| `{one.name}` | {one.type} | {default} | {one.help} |")
    return "\n".join(lines) + "\n"


def as_sample() -> str:
    """The sample `.env`: every setting, commented out, with its default."""
    lines = [
        "# Copy this file to .env, fill in what you need, and keep it to yourself: chmod 600 .env",
        "# Every line that stays commented out keeps its default. Explained in docs/settings.md and, step by",
        "# step in Vietnamese, in docs/van-hanh.md. Made by `make settings`.",
    ]
    for section in sections():
        lines += ["", f"# --- {section.title} ---"]
        for one in section.settings:
            lines += ["", f"# {one.help.replace('`', '')}", f"# {one.name}={one.default}"]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page and the sample to the two paths given."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m bot.settings_page PAGE.md SAMPLE.env\n")
        return 2
    for path, content in zip(arguments, (as_page(), as_sample()), strict=True):
        Path(path).write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
