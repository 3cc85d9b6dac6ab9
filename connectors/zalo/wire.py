"""Reading values out of JSON that anybody may have written.

Every function is total: any JSON value gives a clean value or an empty one, never an exception. Nothing here
knows what an event means.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from connectors.message import clean_text

Json = Mapping[str, object]
"""A JSON object of unknown content."""

MAX_LABEL = 200
"""Characters kept of a name, a title or an address line."""
_MAX_URL = 2048
_MAX_SIZE = 2**53
_IDENTIFIER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=+/-]{0,79}")
_URL = re.compile(r"https?://[^\s\x00-\x1f\x7f\ud800-\udfff]+", re.IGNORECASE)
_EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
_CLOCK_SKEW = timedelta(hours=1)


def mapping(value: object) -> Json:
    """A JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def identifier(value: object) -> str:
    """A platform id as text, or nothing.

    Ids are strings (platforms A1) but a number is taken too. The console's test samples, literal sentences
    such as `This is message id`, are not ids.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if 0 <= value < 10**40 else ""
    if not isinstance(value, str):
        return ""
    return value if _IDENTIFIER.fullmatch(value) else ""


def words(value: object) -> str:
    """Text somebody wrote, cleaned; empty for anything but a string."""
    return clean_text(value) if isinstance(value, str) else ""


def label(value: object) -> str:
    """One short line: a name, a title, a number. Empty for lists, objects and booleans."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    if isinstance(value, int) and abs(value) >= 10**40:
        return ""
    return " ".join(clean_text(str(value)[: MAX_LABEL * 4]).split())[:MAX_LABEL]


def web_address(value: object) -> str:
    """A web address with http or https, or nothing."""
    if not isinstance(value, str) or len(value) > _MAX_URL:
        return ""
    return value if _URL.fullmatch(value) else ""


def size(value: object) -> int | None:
    """A number of bytes given as a number or as text (platforms A3)."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 16:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_SIZE:
        return None
    return value


def degrees(value: object, limit: float) -> float | None:
    """A coordinate given as text or as a number, within ±limit."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str) and len(value) > 32:
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) <= limit else None


def moment(value: object, fallback: datetime) -> datetime:
    """Milliseconds since 1970, as text or number, in UTC; the fallback for anything absurd.

    Absurd is before Zalo had Official Accounts, or more than an hour ahead of `fallback`, our own clock.
    """
    milliseconds = size(value)
    if milliseconds is None or milliseconds > 10**14:
        return fallback
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at if _EARLIEST <= at <= fallback + _CLOCK_SKEW else fallback
