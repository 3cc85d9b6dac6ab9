"""The guide for staff names what is on the screen, and shows pictures that are there and small.

In the guide, bold is for what can be read on a page of the console: buttons, links, fields, headings.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from html import unescape
from pathlib import Path

import pytest
from PIL import Image

from bot.staff.console import MENU

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "huong-dan-can-bo.md"
OPERATION = ROOT / "docs" / "van-hanh.md"
STAFF = ROOT / "bot" / "staff"
PICTURES = ROOT / "docs" / "anh"
MOST_BYTES = 80_000
_JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_TAG = re.compile(r"<[^>]*>")


def _tidy(text: str) -> str:
    return " ".join(unescape(text).split()).strip(" :.→←")


@cache
def on_the_screen() -> frozenset[str]:
    """Every piece of text a page can show, as it stands between two tags or two values."""
    found: set[str] = set()
    for template in STAFF.glob("templates/**/*.html"):
        text = template.read_text(encoding="utf-8")
        for code in _JINJA.findall(text):
            found.update(_tidy(one or other) for one, other in _QUOTED.findall(code))
        found.update(map(_tidy, _TAG.sub("\0", _JINJA.sub("\0", text)).split("\0")))
    for module in STAFF.glob("**/*.py"):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        found.update(
            _tidy(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
    return frozenset(found)


def test_what_the_guide_names_is_on_the_screen() -> None:
    named = re.findall(r"\*\*(.+?)\*\*", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(named) > 30
    assert sorted({one for one in map(_tidy, named) if one not in on_the_screen()}) == []


def test_the_operator_is_told_of_every_page_of_the_menu() -> None:
    section = OPERATION.read_text(encoding="utf-8").partition("## 7. ")[2].partition("\n## ")[0]
    assert [(item.label, item.group) for item in MENU if item.label not in section] == []
    assert [item.group for item in MENU if item.group not in section] == []


def test_every_picture_is_shown_once_and_small() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(anh/([\w-]+\.png)\)", GUIDE.read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(path.name for path in PICTURES.glob("*"))
    for name in shown:
        assert (PICTURES / name).stat().st_size <= MOST_BYTES, name
        with Image.open(PICTURES / name) as picture:
            assert picture.mode == "P", f"{name} has more colours than it needs"


@pytest.mark.parametrize("word", ["Gửi trả lời", "Hộp thư", "Quản trị"])
def test_words_of_templates_and_of_code_are_known(word: str) -> None:
    assert word in on_the_screen()
    assert f"{word} ngay" not in on_the_screen()
