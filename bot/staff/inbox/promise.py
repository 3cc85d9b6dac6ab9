"""By when somebody who waits was told to expect an officer, under the office hours that are set now. Pure.

Without office hours nothing was promised and nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.office import Office
from bot.staff.words import moment


@dataclass(frozen=True, slots=True)
class Promise:
    """What a citizen may expect."""

    says: str
    is_late: bool
    """The hours in which an answer was due are over."""


def promise(office: Office | None, asked_at: datetime, now: datetime, zone: tzinfo) -> Promise | None:
    """For a citizen who asked for a person at `asked_at`; None when no hour was named."""
    opens = office.next_opening(asked_at) if office else None
    if office is None or opens is None:
        return None
    closes = office.closing(opens)
    is_late = closes is not None and closes <= now
    if opens > asked_at:
        said = f"Đã hẹn trả lời từ {moment(opens, now, zone)}"
    elif closes is not None:
        said = f"Đã hẹn trả lời trước {moment(closes, now, zone)}"
    else:
        said = "Đã hẹn trả lời ngay"
    return Promise(f"{said}, nay đã quá hẹn" if is_late else said, is_late)
