"""What is logged when something breaks: where, and nothing that anybody said."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import structlog
from bot.logs import set_up_logging

set_up_logging({form!r}, "info")

def answer(said):
    raise RuntimeError("broken")

try:
    answer("số của tôi là 0912345678")
except RuntimeError:
    structlog.get_logger("x").exception("turn_raised", text="riêng tư")
"""


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_tells_where_and_never_what_was_said(form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(form=form)], capture_output=True, text=True, check=True
    )
    assert "turn_raised" in done.stderr
    assert "RuntimeError" in done.stderr
    assert "riêng tư" not in done.stderr
    assert done.stderr.count("0912345678") == 0
