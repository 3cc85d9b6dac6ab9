"""A moment as a number, for an address or a form: what an officer did at one moment is taken back by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    """A moment as a number for an address; `moment_of` reads it back."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def moment_of(given: str) -> datetime | None:
    """The moment behind a number; None for anything else."""
    if not (given.isascii() and given.isdigit() and len(given) <= 17):
        return None
    return _EPOCH + timedelta(microseconds=int(given))
