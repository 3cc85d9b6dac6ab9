"""The Rasa room fits the rest of the house; needs no Rasa (what does is in tests/rasa)."""

from __future__ import annotations

import importlib.util
import re
import stat
from pathlib import Path
from types import ModuleType

import yaml

from nlu.interpreter import ASK_KNOWLEDGE, OUT_OF_SCOPE
from nlu.training import load_training_data

ROOM = Path(__file__).parents[2] / "nlu/rasa"
_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==\S+", re.MULTILINE)


def _serving() -> ModuleType:
    """nlu/rasa/serve.py, which is started by Rasa's Python and not part of the package."""
    spec = importlib.util.spec_from_file_location("rasa_room_serve", ROOM / "serve.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_domain_lists_exactly_the_intents_of_the_examples() -> None:
    domain = yaml.safe_load((ROOM / "domain.yml").read_text("utf-8"))
    listed = domain["intents"]
    assert sorted(listed) == sorted(load_training_data().intents)
    assert {ASK_KNOWLEDGE, OUT_OF_SCOPE} <= set(listed)
    [rule] = yaml.safe_load((ROOM / "rules.yml").read_text("utf-8"))["rules"]
    assert [step["intent"] for step in rule["steps"][0]["or"]] == listed


def test_both_pipelines_read_and_find_entities_alike() -> None:
    for name in ("config.yml", "config-diet.yml"):
        config = yaml.safe_load((ROOM / name).read_text("utf-8"))
        parts = [part["name"] for part in config["pipeline"]]
        assert parts[:2] == ["components.tokenizer.MeaningTokenizer", "components.entities.EntityFinder"]
        ours = [part for part in parts if part.startswith("components.")]
        assert all((ROOM / f"{part.rpartition('.')[0].replace('.', '/')}.py").is_file() for part in ours)
        diet = [part for part in config["pipeline"] if part["name"] == "DIETClassifier"]
        assert all(part["entity_recognition"] is False for part in diet)


def test_everything_rasa_needs_is_pinned_with_its_hash_and_nothing_says_where_from() -> None:
    pinned = (ROOM / "requirements.txt").read_text("utf-8")
    names = {match["name"] for match in _PIN.finditer(pinned)}
    blocks = re.split(r"^(?=[a-z0-9])", pinned, flags=re.MULTILINE)[1:]
    assert {"rasa", "setuptools", "wheel"} <= names
    assert [block for block in blocks if "--hash=sha256:" not in block or "==" not in block] == []
    assert "://" not in pinned
    assert "--index" not in pinned


def test_a_missing_token_is_made_once_and_found_by_the_next_start(tmp_path: Path) -> None:
    serving, env_file = _serving(), tmp_path / ".env"
    token = serving.add_token(env_file)
    assert len(token) >= 40
    assert serving.token_in(env_file) == token
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600


def test_a_token_is_added_behind_what_the_file_has_and_the_last_one_counts(tmp_path: Path) -> None:
    serving, env_file = _serving(), tmp_path / ".env"
    env_file.write_text("# RASA_TOKEN=no\nRASA_TOKEN=\nNLU=rasa", "utf-8")
    assert serving.token_in(env_file) == ""
    token = serving.add_token(env_file)
    assert env_file.read_text("utf-8") == f"# RASA_TOKEN=no\nRASA_TOKEN=\nNLU=rasa\nRASA_TOKEN={token}\n"
    assert serving.token_in(env_file) == token
    env_file.write_text("export RASA_TOKEN='mã bí mật'\n", "utf-8")
    assert serving.token_in(env_file) == "mã bí mật"
