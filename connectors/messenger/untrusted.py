"""Reading values out of JSON that somebody else wrote.

Every function takes any JSON value and answers with something safe to store, or with the empty value of its
kind. None of them raises: one hostile field must not lose the events beside it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from connectors.message import clean_text

_IDENTIFIER = re.compile(r"[\x21-\x7e]{1,512}")
_DIGITS = re.compile(r"\d{1,17}")
_EARLIEST = datetime(2004, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_CLOCK_SKEW = timedelta(hours=1)
_MILLISECONDS_FROM = 10**11
"""Larger numbers are milliseconds: as seconds this would be the year 5138."""


def as_object(value: object) -> Mapping[str, object]:
    """The JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> Sequence[object]:
    """The JSON array, or an empty one."""
    return value if isinstance(value, list) else ()


def as_identifier(value: object) -> str:
    """A platform id as text. Numbers are tolerated; anything that is not plain ASCII is no id."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        value = str(value)
    return value if isinstance(value, str) and _IDENTIFIER.fullmatch(value) else ""


def as_text(value: object, limit: int = 4000) -> str:
    """Cleaned text of at most `limit` characters."""
    return clean_text(value)[:limit] if isinstance(value, str) else ""


def as_address(value: object) -> str:
    """A web address (http or https), or nothing: other schemes may run code where they are opened."""
    text = as_text(value, 2048)
    return text if text.lower().startswith(("https://", "http://")) else ""


def as_number(value: object) -> float | None:
    """A finite number, also when written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_moment(value: object) -> datetime | None:
    """A time stamp in milliseconds or seconds, number or text (platforms B3). None when it is no date."""
    if isinstance(value, str) and not _DIGITS.fullmatch(value.strip()):
        return None
    number = as_number(value)
    if number is None:
        return None
    seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
    return datetime.fromtimestamp(seconds, UTC) if _EARLIEST <= seconds <= _LATEST else None


def not_ahead(moment: datetime | None, arrived: datetime) -> datetime:
    """The moment, or the arrival by our own clock when it is missing or lies in the future.

    A date in the future would keep a reply window open and put the event behind all that follow.
    """
    return moment if moment is not None and moment <= arrived + _CLOCK_SKEW else arrived
