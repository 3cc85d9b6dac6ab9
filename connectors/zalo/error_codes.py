"""What Zalo's error codes mean for us (platforms A11, and A9's template-by-phone codes).

Zalo answers errors as HTTP 200 with a negative `error`; only the code may be relied on, never the text. The
meanings are Zalo's, the classes are platforms A11's judgement. Pure: the clock is passed in.

    TokenRejected      class A: refresh the token, try once more
    AttachmentExpired  the uploaded id is too old: upload again, once
    QuotaExhausted     worth trying later, and a person should buy or change something
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta

import structlog

from connectors.errors import (
    Deferred,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    SendError,
    TemplatesUnavailable,
    WindowClosed,
)
from connectors.zalo.config import VIETNAM

_log = structlog.get_logger(__name__)

NIGHT_ENDS = time(6, 5)
"""Broadcasts are banned 22:00 to 06:00 (platforms A7 [M]); five minutes of grace for clocks that differ."""
_NIGHT_BEGINS = time(21, 55)
_RATE_PAUSE_SECONDS = 5.0

UNSUPPORTED_SHAPE = frozenset({"-201", "-209", "-210", "-212", "-233", "-235", "-240"})
"""Rejections after which the same words in a plainer form may still be taken (platforms F5)."""

NO_RIGHT = frozenset({"-209", "-212", "-221", "-223", "-224", "-235", "-240"})
"""What an account may not do while it may do other things: to the one call it was answered to, no more."""


class TokenRejected(Misconfigured):
    """The access token is invalid or expired. Refresh and try once more."""


class AttachmentExpired(Refused):
    """The uploaded id has expired (7 days). Upload again and try once more."""


class QuotaExhausted(Deferred):
    """The package's messages are used up: they come back with time or with money."""

    needs_operator = True


_TOKEN = {
    -216: "access token invalid",
    -220: "access token expired or removed",
    -124: "access token invalid (templates)",
    216: "access token invalid",  # this and the next two: seen in production by others (A11 [L])
    -401: "access token invalid",
    401: "access token invalid",
}

_ACCOUNT = {
    -204: "OA disabled",
    -205: "OA does not exist",
    -209: "API not supported or app not activated",
    -212: "app not registered for this API",
    -219: "app removed or disabled",
    -221: "OA not verified",
    -223: "OA has not granted this right",
    -224: "OA needs a higher package",
    -235: "API not supported for this kind of OA",
    -240: "this API version is shut",
    -242: "appsecret_proof invalid",
    -249: "template has no UID support",
    -320: "needs a linked ZCA account",
    -321: "ZCA cannot pay",
    -115: "out of balance (templates)",
    -117: "no permission (templates)",
    -118: "account not found (templates)",
    -126: "development mode limit (templates)",
    -127: "development mode limit (templates)",
    -131: "template not approved",
    -1241: "appsecret_proof invalid (templates)",
}

_PERMANENT = {
    -201: "a parameter is invalid",
    -210: "a parameter is over its limit",
    -213: "the person does not follow the OA",
    -217: "the person blocked invitations",
    -218: "the recipient's quota is reached",
    -227: "the person is banned or inactive",
    -233: "message type not supported",
    -237: "group disabled or expired",
    -238: "asset already used",
    -241: "asset unusable",
    -244: "the person restricts this kind of message",
    -248: "against the platform's standards",
    -403: "OA not in the group",
    -108: "phone number invalid (templates)",
    -114: "cannot receive (templates)",
    -119: "cannot receive (templates)",
    -139: "the person refused (templates)",
    -141: "the person refused (templates)",
    -1121: "parameter too long (templates)",
    -1122: "parameter missing (templates)",
}


def _after_night(now: datetime) -> datetime:
    """The next 06:05 in Vietnam; by day, when the platform's night is not ours, an hour from now."""
    local = now.astimezone(VIETNAM)
    if local.time() < NIGHT_ENDS:
        return local.replace(hour=NIGHT_ENDS.hour, minute=NIGHT_ENDS.minute, second=0, microsecond=0)
    if local.time() >= _NIGHT_BEGINS:
        return _next_morning(now)
    return now + timedelta(hours=1)


def _next_morning(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(VIETNAM).date() + timedelta(days=1), NIGHT_ENDS, VIETNAM)


def _in_an_hour(now: datetime) -> datetime:
    return now + timedelta(hours=1)


def _in_ten_minutes(now: datetime) -> datetime:
    return now + timedelta(minutes=10)


_LATER: dict[int, tuple[str, Callable[[datetime], datetime], type[Deferred]]] = {
    -211: ("out of quota", _in_an_hour, QuotaExhausted),
    -214: ("article still being processed", _in_ten_minutes, Deferred),
    -234: ("night hours", _after_night, Deferred),
    -133: ("night hours (templates)", _after_night, Deferred),
    -144: ("daily quota used up (templates)", _next_morning, QuotaExhausted),
    -147: ("daily quota of the template used up", _next_morning, QuotaExhausted),
    -1441: ("promotion cap reached (templates)", _next_morning, Deferred),
    -1471: ("promotion cap reached (templates)", _next_morning, Deferred),
    -1472: ("promotion cap reached (templates)", _next_morning, Deferred),
}


_OF_TEMPLATES = NO_RIGHT | {
    "-249", "-320", "-321", "-115", "-117", "-118", "-126", "-127", "-131", "-1122", "-1241"
}  # fmt: skip
"""Answers to a template that say nothing about the account's other messages, and that everybody else would
give too (platforms A9, A11): not approved, not linked, no money, another set of marks."""


def of_template(error: SendError, now: datetime) -> SendError:
    """What an answer to a template means. The account goes on where only its templates are concerned."""
    if error.code in _OF_TEMPLATES:
        return TemplatesUnavailable(f"template: {error.reason}", until=_in_an_hour(now), code=error.code)
    return error


def error_for(code: int, now: datetime) -> SendError:
    """The error to raise for a non-zero `error`. An unknown code is a definite no, and is logged."""
    if code in _LATER:
        reason, until, kind = _LATER[code]
        return kind(reason, until=until(now), code=str(code))
    if code == -32:
        return RetryLater("rate limit", code="-32", retry_after=_RATE_PAUSE_SECONDS)
    for reasons, error in _BY_CLASS:
        if code in reasons:
            return error(reasons[code], code=str(code))
    _log.warning("zalo_unknown_error_code", code=code)
    return Refused("unknown error", code=str(code))


_BY_CLASS: tuple[tuple[dict[int, str], type[SendError]], ...] = (
    (_TOKEN, TokenRejected),
    (_ACCOUNT, Misconfigured),
    (_PERMANENT, Refused),
    ({-230: "no interaction in 7 days", -232: "no interaction, or an expired one"}, WindowClosed),
    ({-100: "uploaded attachment expired"}, AttachmentExpired),
    ({-200: "send failed, perhaps only in part"}, OutcomeUnknown),
)
