"""Serves the trained model over Rasa's HTTP API, on loopback unless told otherwise.

The token comes from the environment or .env (RASA_TOKEN), where the bot finds it too, never from the command
line, where everybody on the machine could read it. Must never serve without one: whoever may use Rasa's API
may replace its model.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAME = "RASA_TOKEN"


def token_in(env_file: Path) -> str:
    """The token that a file of `NAME=value` lines gives; empty when there is none."""
    lines = env_file.read_text("utf-8").splitlines() if env_file.exists() else []
    found = ""
    for line in lines:
        name, is_setting, value = line.strip().partition("=")
        if is_setting and name.removeprefix("export ").strip() == NAME:
            found = value.strip().strip("\"'")
    return found


def add_token(env_file: Path) -> str:
    """Make a token and add it to the file, which only its owner may read when it is new."""
    token = secrets.token_urlsafe(32)
    is_new = not env_file.exists()
    before = "" if is_new else env_file.read_text("utf-8")
    gap = "" if not before or before.endswith("\n") else "\n"
    with os.fdopen(os.open(env_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
        file.write(f"{gap}{NAME}={token}\n")
    return token


def main() -> None:
    """Become `rasa run`."""
    parser = argparse.ArgumentParser(description="Serve a trained Rasa model.")
    parser.add_argument("--model", required=True, type=Path, help="the model's file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default="5005")
    parser.add_argument("--env-file", type=Path, help="where RASA_TOKEN is read, and put when there is none")
    given = parser.parse_args()
    model = given.model.resolve()
    if not model.is_file():
        sys.exit(f"There is no model at {model.name}: `make rasa-train` makes it.")
    token = os.environ.pop(NAME, "").strip()
    if not token and given.env_file:
        token = token_in(given.env_file)
    if not token and given.env_file:
        token = add_token(given.env_file)
        sys.stderr.write(f"No {NAME} was set: a new one is in {given.env_file.name} now, for the bot too.\n")
    if not token:
        sys.exit(f"{NAME} is not set: the server would answer anybody.")

    from rasa.__main__ import main as rasa  # noqa: PLC0415  (seconds; what is above must be quick)

    os.chdir(HERE)  # our components are found from here
    sys.argv = [
        "rasa", "run", "--enable-api", "--model", str(model), "--credentials", "credentials.yml",
        "--interface", given.host, "--port", given.port, "--auth-token", token,
    ]  # fmt: skip
    rasa()


if __name__ == "__main__":
    main()
