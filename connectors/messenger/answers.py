"""What Graph's answers mean for a send (platforms B10). Pure.

Facebook decides by `code` and `error_subcode`, not by HTTP status. Its own error texts are not kept: they may
quote what was sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.errors import (
    HandledElsewhere,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    SendError,
    TemplatesUnavailable,
    WindowClosed,
)
from connectors.messenger.untrusted import as_identifier, as_list, as_number, as_object

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read to its end. `body` is None when it could not be read."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None


_SENT = (1, 1357046)
"""An "error" which says that the message was sent; trying again would send it twice."""
WAS_SENT = "was_sent"
_NOT_AVAILABLE = {(551, 1545041), (200, 1545041), (551, 0)}
"""Blocked or left; one official page says "window closed" instead (platforms F13)."""
_NOT_OWNER = {2018300, 2018321, 2534037}
_RATE_LIMITS = {4, 17, 32, 341, 613, 80001, 80006}
_TAG_NOT_GRANTED = {10, 100, 200}
"""Answers to a tagged send that mean the tag is not ours to use (platforms F15)."""

_BY_SUBCODE: Mapping[tuple[int, int], tuple[type[SendError], str]] = {
    (1, 99): (Misconfigured, "a permission is missing"),
    (2, 2018344): (Misconfigured, "the label privacy terms are not accepted"),
    (613, 2018338): (WindowClosed, "too many tagged messages to this person"),
    (613, 1893016): (Refused, "this was asked before"),
    (10, 2018278): (WindowClosed, "outside the allowed window"),
    (10, 2534022): (WindowClosed, "outside the allowed window"),
    (10, 2018065): (WindowClosed, "outside the allowed window"),
    (10, 1893063): (Misconfigured, "the page is restricted for a while"),
    (10, 1404170): (Misconfigured, "the page is restricted"),
    (200, 2018028): (Misconfigured, "the app is not live or not reviewed"),
    (100, 2018008): (RetryLater, "the file could not be fetched in time"),
    (100, 2018294): (RetryLater, "the file could not be fetched in time"),
}
_BY_CODE: Mapping[int, tuple[type[SendError], str]] = {
    1: (RetryLater, "Facebook failed"),
    2: (RetryLater, "Facebook is unavailable for a while"),
    3: (Misconfigured, "the app lacks a capability"),
    102: (Misconfigured, "the page token is no longer valid"),
    190: (Misconfigured, "the page token is no longer valid"),
    368: (Misconfigured, "the page is blocked for policy violations"),
    2022: (Misconfigured, "sending is disabled for this page"),
}
_WITHOUT_SUBCODE: Mapping[int, tuple[type[SendError], str]] = {
    10: (Misconfigured, "a permission is missing"),
    200: (Misconfigured, "a permission is missing"),
}
EXPIRED_ATTACHMENT = "100/2018074"
"""`code` of the refusal after which an upload has to be made again."""


def read_answer(answer: Answer, pause_seconds: float) -> Json:
    """The JSON object of a successful answer. Raises the SendError the answer stands for.

    `pause_seconds` is what to wait after a rate limit for which Facebook gives no estimate. An "error" that
    says the message was sent gives `WAS_SENT` and no id.
    """
    body = _parse(answer.body)
    error = body.get("error") if body is not None else None
    if isinstance(error, dict):
        code, subcode = _code(error.get("code")), _code(error.get("error_subcode"))
        if (code, subcode) == _SENT:
            return {WAS_SENT: True}
        raise classify(error, answer, pause_seconds)
    if 200 <= answer.status < 300:
        if body is None:
            raise OutcomeUnknown("the answer to an accepted request could not be read", code="http-200")
        return body
    raise _without_json(answer)


def classify(error: Json, answer: Answer, pause_seconds: float) -> SendError:
    """The SendError for a Graph error object."""
    code, subcode = _code(error.get("code")), _code(error.get("error_subcode"))
    name = f"{code}/{subcode}" if subcode else str(code)
    known = (
        _BY_SUBCODE.get((code, subcode))
        or _BY_CODE.get(code)
        or (_WITHOUT_SUBCODE.get(code) if not subcode else None)
    )
    if subcode in _NOT_OWNER or code in _NOT_OWNER:
        return HandledElsewhere("somebody else owns the thread", code=name)
    if known:
        return known[0](known[1], code=name)
    if code in _RATE_LIMITS:
        pause = _regain_seconds(answer.headers) or pause_seconds
        return RetryLater("a rate limit is reached", code=name, retry_after=pause)
    if is_unavailable(name) or code in {100, 200, 10}:
        return Refused("Facebook will not deliver this", code=name)
    if error.get("is_transient") is True or answer.status >= 500:
        return RetryLater("Facebook failed for a while", code=name)
    return Refused("Facebook refused this", code=name)


def is_unavailable(code: str) -> bool:
    """Does this `SendError.code` say that the person is not available (or the window is closed)?"""
    head, _, tail = code.partition("/")
    return (_code(head), _code(tail)) in _NOT_AVAILABLE


def is_tag_refusal(error: SendError) -> bool:
    """Does this answer to a tagged send mean that the tag is not granted?"""
    return _code(error.code) in _TAG_NOT_GRANTED


_OF_TEMPLATES = {"3", "10", "100", "200", "1/99"}
"""Answers to a utility message that say nothing about the page's other messages: the permission is missing,
the template is unknown, not approved, or wants other parameters (platforms B7, B10)."""


def of_template(error: SendError, now: datetime) -> SendError:
    """What an answer to a utility message means."""
    if error.code in _OF_TEMPLATES:
        until = now + timedelta(hours=1)
        return TemplatesUnavailable("Facebook does not take this template", until=until, code=error.code)
    return error


def _without_json(answer: Answer) -> SendError:
    code = f"http-{answer.status}"
    if answer.status >= 500 or answer.status in {408, 429}:
        return RetryLater("Facebook failed without a word", code=code)
    if answer.status in {401, 403} or 300 <= answer.status < 400:
        return Misconfigured("the Graph address or the token is wrong", code=code)
    return Refused("Facebook refused this without a word", code=code)


def _parse(body: bytes | None) -> Json | None:
    try:
        value = json.loads(body or b"")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _code(value: object) -> int:
    name = as_identifier(value)
    return int(name) if name.isascii() and name.isdigit() and len(name) < 12 else 0


def _regain_seconds(headers: Mapping[str, str]) -> float | None:
    """How long Facebook says it will be, from `X-Business-Use-Case-Usage` (minutes; platforms B9)."""
    usage = _parse(headers.get("x-business-use-case-usage", "").encode("utf-8", "replace"))
    estimates = [
        as_number(as_object(use).get("estimated_time_to_regain_access"))
        for uses in (usage or {}).values()
        for use in as_list(uses)
    ]
    minutes = max((estimate for estimate in estimates if estimate), default=0.0)
    return min(minutes * 60, 86_400.0) if minutes > 0 else None
