"""An article shown to all followers of a Zalo account: its states, its rules, what an answer means. Pure.

    draft ──ask──> approval ──approve──> scheduled ──its time──> sending ──> sent
      ^               │                      │  ^                   │
      └──── edit ─────┴──────────────────────┘  ├── waits ──────────┤
                                                │                   ├──> unknown ──a person──> sent, failed
                                                └── a person ───────┴──> failed

It reaches everybody or nobody: there are no recipients of ours, and nobody who said stop can be left out.
So a second person always approves it, and what may have gone out is never repeated by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from urllib.parse import parse_qs, urlsplit

from bot.outreach.campaign import LATE_AFTER, NotAllowed
from bot.outreach.windows import is_quiet
from connectors.errors import Deferred, OutcomeUnknown, RetryLater, SendError
from connectors.zalo import BroadcastTarget

TRY_AGAIN = timedelta(minutes=5)
"""After an answer that says it did not go out and not when it will."""
DIED_AFTER = timedelta(seconds=30)
"""No call takes longer than 10 seconds: what is still called `sending` now lost its process."""
AHEAD_AT_MOST = timedelta(days=366)
WHY_LIMIT = 300


class State(StrEnum):
    """Where an article stands."""

    DRAFT = "draft"
    APPROVAL = "approval"
    """Waits for a second person."""
    SCHEDULED = "scheduled"
    """Waits for its time, or (with a reason) for what kept it from going out."""
    SENDING = "sending"
    """The one call is being made."""
    SENT = "sent"
    UNKNOWN = "unknown"
    """The call began and nobody knows what became of it: a person looks."""
    FAILED = "failed"
    """Did not go out: a person decides whether it still shall."""
    CANCELLED = "cancelled"


MAY_FOLLOW: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.APPROVAL, State.CANCELLED}),
    State.APPROVAL: frozenset({State.DRAFT, State.SCHEDULED, State.CANCELLED}),
    State.SCHEDULED: frozenset({State.DRAFT, State.SCHEDULED, State.SENDING, State.FAILED, State.CANCELLED}),
    State.SENDING: frozenset({State.SENT, State.SCHEDULED, State.FAILED, State.UNKNOWN}),
    State.UNKNOWN: frozenset({State.SENT, State.FAILED}),
    State.FAILED: frozenset({State.DRAFT, State.SCHEDULED, State.CANCELLED}),
    State.SENT: frozenset(),
    State.CANCELLED: frozenset(),
}
MAY_BE_WRITTEN = frozenset({State.DRAFT, State.APPROVAL, State.SCHEDULED, State.FAILED})
"""What it says may be changed; it is a draft again then."""
COUNTED = frozenset({State.SCHEDULED, State.SENDING, State.SENT, State.UNKNOWN})
"""These take a day and one of the month's."""


class Why(StrEnum):
    """Our own reasons; the platform's stand with their code in brackets, as the connectors give them."""

    LATE = "late"
    """Its time was missed by more than LATE_AFTER."""
    DAY_IS_FULL = "day is full"
    MONTH_IS_FULL = "month is full"
    DIED = "sender died"
    """The process ended while the call was being made."""
    OTHER_ACCOUNT = "another account"
    """The article lies in an account that is not ours any more."""
    NOT_FOUND = "not found"
    """A person looked and did not find it among what went out."""


@dataclass(frozen=True, slots=True)
class Broadcast:
    """One article as it is stored. Moments are aware, UTC."""

    id: int
    account: str
    name: str
    article: str
    """Its id on Zalo."""
    target: BroadcastTarget
    state: State
    scheduled_at: datetime | None
    created_by: str
    written_by: str
    created_at: datetime
    revision: int
    """Raised by every change: whoever changes it says which one they saw."""
    asked_by: str = ""
    approved_by: str = ""
    approved_at: datetime | None = None
    why: str = ""
    not_before: datetime | None = None
    claimed_at: datetime | None = None
    given_on: date | None = None
    """The house's day of a call that was not refused for certain."""
    sent_at: datetime | None = None
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an article after its call."""

    state: State
    why: str
    not_before: datetime | None = None


def verdict(error: SendError, now: datetime) -> Verdict:
    """What a failed call means (platforms A8, A11). Only a definite refusal may lead to another call."""
    why = str(error)[:WHY_LIMIT]
    match error:
        case OutcomeUnknown():
            return Verdict(State.UNKNOWN, why)
        case Deferred(until=until):
            return Verdict(State.SCHEDULED, why, until)
        case RetryLater(retry_after=wait):
            pause = max(TRY_AGAIN, timedelta(seconds=wait or 0.0))
            return Verdict(State.SCHEDULED, why, now + pause)
        case _:
            return Verdict(State.FAILED, why)


def is_due(one: Broadcast, now: datetime, zone: tzinfo) -> bool:
    """Whether it may be called out now: its time has come, nothing holds it, and it is not night."""
    if one.state is not State.SCHEDULED or one.scheduled_at is None or now < one.scheduled_at:
        return False
    return (one.not_before is None or now >= one.not_before) and not is_quiet(now, zone)


def is_late(one: Broadcast, now: datetime) -> bool:
    """Whether its time was missed by so much that a person decides."""
    return one.scheduled_at is not None and now - one.scheduled_at > LATE_AFTER


def may_approve(one: Broadcast, by: str) -> None:
    """Raise NotAllowed unless somebody else than those who wrote it and asked agrees."""
    if one.state is not State.APPROVAL:
        raise NotAllowed("Bài này không chờ duyệt.")
    if by in (one.created_by, one.written_by, one.asked_by):
        raise NotAllowed("Người duyệt phải là người khác với người soạn và người xin duyệt.")


def check_time(at: datetime | None, now: datetime, zone: tzinfo) -> datetime:
    """The moment it shall go out. Raises NotAllowed where that is none, over, far, or at night."""
    if at is None:
        raise NotAllowed("Bạn chọn ngày giờ gửi giúp nhé.")
    if at <= now:
        raise NotAllowed("Giờ gửi đã qua. Bạn chọn giờ khác nhé.")
    if at - now > AHEAD_AT_MOST:
        raise NotAllowed("Chỉ hẹn trước được nhiều nhất một năm. Bạn chọn ngày gần hơn nhé.")
    if is_quiet(at, zone):
        raise NotAllowed("Từ 22 giờ đến 7 giờ sáng Hội không gửi tin. Bạn chọn giờ khác nhé.")
    return at


_ARTICLE = re.compile(r"[0-9A-Za-z_-]{6,80}")


def article_in(typed: str) -> str:
    """The id of an article, out of itself or out of a link that has it as `id`; empty where there is none."""
    typed = typed.strip()
    if "://" in typed or "?" in typed:
        try:
            typed = parse_qs(urlsplit(typed).query).get("id", [""])[0].strip()
        except ValueError:
            return ""
    return typed if _ARTICLE.fullmatch(typed) else ""


def target_as_json(target: BroadcastTarget) -> dict[str, object]:
    """The target as JSON-able values."""
    return {
        "gender": target.gender,
        "ages": list(target.ages),
        "regions": list(target.regions),
        "cities": list(target.cities),
        "platform": target.platform,
    }


def target_from(data: Mapping[str, object]) -> BroadcastTarget:
    """Read back what `target_as_json` made."""

    def several(name: str) -> tuple[str, ...]:
        found = data.get(name)
        return tuple(map(str, found)) if isinstance(found, list) else ()

    return BroadcastTarget(
        gender=str(data.get("gender", "")),
        ages=several("ages"),
        regions=several("regions"),
        cities=several("cities"),
        platform=str(data.get("platform", "")),
    )
