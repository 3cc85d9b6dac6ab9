"""The interpreter as it is shipped. `make test` has let it learn beforehand; else the first use does."""

from __future__ import annotations

from functools import cache

from nlu.embedded import INSTALLED, EmbeddedInterpreter, open_embedded


@cache
def interpreter() -> EmbeddedInterpreter:
    """Some seconds the first time, then a fraction of one."""
    return open_embedded(INSTALLED)
