"""What the documents point at exists, and nothing is published that must stay private."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from bot.cli import main

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")])
_LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)|!\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def _prose(document: Path) -> str:
    return _FENCE.sub("", document.read_text(encoding="utf-8"))


def _anchors(document: Path) -> set[str]:
    """Names of headings, as GitHub makes them."""
    names = (re.sub(r"[`*_]|\[|\]\([^)]*\)", "", found) for found in _HEADING.findall(_prose(document)))
    return {re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-") for name in names}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document: Path) -> None:
    lost = []
    for pair in _LINK.findall(_prose(document)):
        target = unquote(pair[0] or pair[1])
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            lost.append(target)
    assert lost == []


@cache
def _commands() -> set[str]:
    def names(group: click.Group, before: str) -> Iterator[str]:
        for name, command in group.commands.items():
            yield f"{before} {name}"
            if isinstance(command, click.Group):
                yield from names(command, f"{before} {name}")

    return set(names(main, "khuyenhoc"))


@cache
def _make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_named_exists(document: Path) -> None:
    # Only what is set as code is a command; prose may "make" things.
    text = document.read_text(encoding="utf-8")
    code = "\n".join([*_FENCE.findall(text), *re.findall(r"`([^`\n]+)`", _prose(document))])
    for target in re.findall(r"^(?:sudo )?make ([a-z-]+)", code, re.MULTILINE):
        assert target in _make_targets()
    for words in re.findall(r"(?:^|bin/|exec web )khuyenhoc ((?:[a-z]+ ?)*)", code, re.MULTILINE):
        said = "khuyenhoc " + words.strip()
        assert words == "" or any(f"{said} ".startswith(f"{command} ") for command in _commands()), said


def test_the_page_of_commands_has_every_command_and_every_option() -> None:
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    for name in _commands():
        command: click.Command = main
        for word in name.split()[1:]:
            assert isinstance(command, click.Group)
            command = command.commands[word]
        if isinstance(command, click.Group):
            continue
        start = page.find(f"\n## {name}")
        assert start >= 0, name
        section = page[start : page.find("\n## ", start + 4)]
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.opts[0] in section, f"{name} {option.opts[0]}"


def test_every_test_the_documents_rely_on_exists() -> None:
    written = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/*.py"))
    exist = set(re.findall(r"def (test_\w+)\(", written))
    named = {name for page in DOCUMENTS for name in re.findall(r"`(test_\w+)`", _prose(page))}
    assert named - exist == set()
    assert named


def test_every_part_of_the_platforms_page_that_code_cites_exists() -> None:
    parts = set(
        re.findall(r"^#+ ([A-F]\d*)\.", (ROOT / "docs/platforms.md").read_text("utf-8"), re.MULTILINE)
    )
    code = [p for room in ("bot", "connectors", "tests/connectors") for p in ROOT.glob(f"{room}/**/*.py")]
    for path in code:
        for cited in re.findall(r"platforms(?:\.md)? ([A-F]\d*)\b", path.read_text(encoding="utf-8")):
            # C and F are lists within one section.
            assert cited in parts or cited[0] in {"C", "F"}, f"{path.name} cites {cited}"


def test_the_decision_on_dependencies_names_exactly_what_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {
        re.match(r"[A-Za-z0-9_-]+", wanted).group().lower()  # type: ignore[union-attr]
        for wanted in [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    }
    page = (ROOT / "docs/decisions/0002-dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z][\w, -]*) \|", page, re.MULTILINE)
    assert {name.strip() for row in rows for name in row.split(",")} == declared


# --- What must never be published ---------------------------------------------------------------------


@cache
def _tracked() -> tuple[tuple[str, str], ...]:
    """Name and text of every file under version control; empty outside a checkout."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
        ).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        return ()
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix not in {".png", ".ico", ".woff2"}:
            found.append((name, path.read_text(encoding="utf-8", errors="replace")))
    return tuple(found)


def _find(pattern: str, *, leave_out: tuple[str, ...] = ()) -> list[str]:
    wanted = re.compile(pattern)
    return [
        f"{name}: {match.group()[:60]}"
        for name, text in _tracked()
        if name not in {"tests/docs/test_documents.py", *leave_out}
        for match in wanted.finditer(text)
    ]


def test_no_tracked_file_holds_a_secret() -> None:
    assert _find(r"-----BEGIN [A-Z ]*PRIVATE KEY-----") == []
    # Facebook tokens begin with EAA, Zalo's are long runs of letters; the invented ones of tests are short.
    assert _find(r"\bEAA[A-Za-z0-9]{60,}") == []
    assert _find(r"(?i)\b(?:access|refresh)_token\W{1,5}[A-Za-z0-9_-]{80,}") == []
    assert _find(r"(?m)^(?:ZALO|MESSENGER)_\w*(?:SECRET|TOKEN|KEY)=(?!…|tam-thoi)\S+") == []
    assert [name for name, _ in _tracked() if Path(name).name == ".env"] == []


def test_no_tracked_file_names_a_place_of_one_machine() -> None:
    assert _find(r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+)/") == []
    assert _find(r"(?<![\w./~-])/tmp/\w") == []


def test_no_tracked_file_names_a_package_registry() -> None:
    hosts = r"pypi\.org|pythonhosted\.org|registry\.npmjs|--(?:extra-)?index-url|UV_INDEX|PIP_INDEX"
    assert _find(hosts) == []
