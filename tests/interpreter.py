"""The interpreter as it is shipped, learnt once and kept between runs of the tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from nlu.embedded import EmbeddedInterpreter, open_embedded

KEPT = Path(__file__).parent.parent / ".pytest_cache" / "nlu"


@cache
def interpreter() -> EmbeddedInterpreter:
    """Some seconds the first time, then a fraction of one."""
    KEPT.mkdir(parents=True, exist_ok=True)
    return open_embedded(KEPT)
