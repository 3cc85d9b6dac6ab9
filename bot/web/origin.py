"""What counts as the address of a site: it becomes part of a security header."""

from __future__ import annotations

import re

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?")


def is_origin(text: str) -> bool:
    """Scheme, host and perhaps a port, nothing more: a stray character would change the policy."""
    return _ORIGIN.fullmatch(text) is not None
