"""The image and the composition say what the program understands. No container engine is needed here."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from bot.app import ROLES
from bot.cli import main, serve
from bot.settings import Settings

ROOT = Path(__file__).parents[2]
_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==\S+.*(?:\n +--hash=sha256:[0-9a-f]{64}(?: \\)?)+", re.MULTILINE)


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(_read("compose.yaml"))
    return loaded


def test_the_list_for_the_image_is_a_part_of_the_full_list_pin_by_pin() -> None:
    full = {match.group() for match in _PIN.finditer(_read("constraints.txt"))}
    part = {match.group(): match.group(1) for match in _PIN.finditer(_read("constraints-runtime.txt"))}
    assert set(part) <= full
    project = tomllib.loads(_read("pyproject.toml"))["project"]
    wanted = {re.split(r"[^A-Za-z0-9-]", need, maxsplit=1)[0] for need in project["dependencies"]}
    assert wanted <= set(part.values())
    assert not {"pytest", "playwright", "mypy"} & set(part.values())


def test_what_the_image_copies_is_there_and_reaches_the_build() -> None:
    ignored = _read(".dockerignore").splitlines()
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert "*" in ignored
    copied: set[str] = set()
    for line in re.findall(r"^COPY (?!--from)(.+)$", _read("Dockerfile"), re.MULTILINE):
        copied |= set(line.split()[:-1])
    assert copied == let_in
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_build_tool_is_found_in_the_full_list_with_its_hash() -> None:
    """The Dockerfile cuts this block out with the same rule."""
    block = re.search(r"^setuptools==.*?[^\\]$", _read("constraints.txt"), re.MULTILINE | re.DOTALL)
    assert block is not None
    assert "--hash=sha256:" in block.group()
    assert block.group().count("==") == 1


def test_each_role_runs_once_with_settings_that_exist() -> None:
    services = _compose()["services"]
    ours = {name: service for name, service in services.items() if service.get("build") == "."}
    assert sorted(ours) == ["sender", "web", "worker"]
    for name, service in ours.items():
        with serve.make_context("serve", service["command"].split()[1:]) as context:
            assert context.params["role"] == name
            assert name in ROLES
        assert service["command"].split()[0] in main.commands
        unknown = [key for key in service["environment"] if key.lower() not in Settings.model_fields]
        assert unknown == []
    assert "healthcheck" not in ours["web"]
    assert ours["worker"]["healthcheck"] == ours["sender"]["healthcheck"] == {"disable": True}


def test_rasa_is_built_from_files_that_reach_the_build_and_is_asked_where_it_listens() -> None:
    services = _compose()["services"]
    dockerfile = _read(services["rasa"]["build"]["dockerfile"])
    let_in = {line.removeprefix("!") for line in _read(".dockerignore").splitlines() if line.startswith("!")}
    copied: set[str] = set()
    for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE):
        copied |= set(line.split()[:-1])
    assert copied
    assert all((ROOT / name).exists() and name.split("/")[0] in let_in for name in copied)
    for name in re.findall(r"[\w-]+\.(?:yml|py)\b", dockerfile):
        assert (ROOT / "nlu/rasa" / name).is_file(), name
    port = re.findall(r"^EXPOSE (\d+)$", dockerfile, re.MULTILINE)
    assert services["web"]["environment"]["RASA_URL"] == f"${{RASA_URL:-http://rasa:{port[0]}}}"
    assert services["rasa"]["profiles"] == ["rasa"]
    assert "ports" not in services["rasa"]
    assert "/tmp" in services["rasa"]["tmpfs"]  # a model is unpacked there


def test_the_compositions_own_addresses_are_accepted_as_settings() -> None:
    given = _compose()["services"]["web"]["environment"]
    filled = {key.lower(): re.sub(r"\$\{POSTGRES_PASSWORD:[^}]*\}", "matkhau", given[key]) for key in given}
    filled["rasa_url"] = re.sub(r"\$\{RASA_URL:-([^}]*)\}", r"\1", filled["rasa_url"])
    settings = Settings.model_validate(filled)
    assert settings.database_url == "postgresql+asyncpg://khuyenhoc:matkhau@postgres/khuyenhoc"
    assert settings.rasa_url == "http://rasa:5005"
    assert settings.trusted_proxies == 1


def test_only_the_reverse_proxy_is_reachable_and_no_secret_is_written_down() -> None:
    for name, service in _compose()["services"].items():
        ports = service.get("ports", [])
        assert name == "caddy" or all(port.startswith("127.0.0.1:") for port in ports), name
        for key, value in service.get("environment", {}).items():
            if "PASSWORD" in key or "SECRET" in key or "TOKEN" in key:
                assert str(value).startswith("${"), f"{name} {key}"
