"""What can go wrong at a door.

    InboundError                 a delivery we do not take; the HTTP status says so
    ├── Unauthorised             wrong or missing signature (nothing is stored)
    ├── Malformed                not the JSON shape the platform promises
    └── NotForUs                 well formed, but for another object, page or OA
    SendError                    a send the platform did not (certainly) accept
    ├── RetryLater               try again after a while: network, 5xx, rate limit
    ├── Deferred                 try again at a stated time: night hours, exhausted quota
    │   └── TemplatesUnavailable paid templates (or this one) need a person; other messages go on
    ├── OutcomeUnknown           it may have been accepted: look for the echo before trying again
    ├── WindowClosed             the person must write first
    ├── Refused                  never for this message or this person
    ├── HandledElsewhere         a person or another app owns the thread
    └── Misconfigured            nothing can be sent until somebody repairs the account

Each send error answers three questions by its class: may it be tried again (`retryable`), must
somebody of ours know (`needs_operator`), and how it is counted (`outcome`). `code` is the platform's own
code for the log; no error ever carries a message text, a token or a person's name.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar


class InboundError(Exception):
    """A delivery that is answered with `status` and not stored."""

    status: ClassVar[int] = 400


class Unauthorised(InboundError):
    """The signature is missing or wrong."""

    status = 403


class Malformed(InboundError):
    """The body is not what the platform's contract promises."""

    status = 400


class NotForUs(InboundError):
    """The delivery concerns something this account does not serve."""

    status = 404


class SendError(Exception):
    """A send that did not (certainly) succeed."""

    outcome: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    needs_operator: ClassVar[bool] = False

    def __init__(self, reason: str, *, code: str = "") -> None:
        """`reason` is for operators, in plain words without personal data; `code` is the platform's."""
        super().__init__(f"{reason} [{code}]" if code else reason)
        self.reason = reason
        self.code = code


class RetryLater(SendError):
    """Not accepted; the same call may work later. `retry_after` in seconds where the platform says so."""

    outcome = "retry"
    retryable = True

    def __init__(self, reason: str, *, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(reason, code=code)
        self.retry_after = retry_after


class Deferred(SendError):
    """Not accepted now; worth trying at `until` (aware) and not before."""

    outcome = "deferred"
    retryable = True

    def __init__(self, reason: str, *, until: datetime, code: str = "") -> None:
        super().__init__(reason, code=code)
        self.until = until


class TemplatesUnavailable(Deferred):
    """The account may not send paid templates, or not this one: not approved, no right, no money.

    Every send of it would fail alike until somebody repairs that, while other messages are not concerned.
    """

    needs_operator = True


class OutcomeUnknown(SendError):
    """The request left us and no readable answer came: the person may or may not have the message."""

    outcome = "unknown"
    retryable = True


class WindowClosed(SendError):
    """The platform lets us write only after the person writes again."""

    outcome = "window_closed"


class Refused(SendError):
    """This message can never reach this person: blocked, unknown, or the content is not allowed."""

    outcome = "refused"


class HandledElsewhere(SendError):
    """The thread belongs to a person in the platform's inbox or to another app."""

    outcome = "handled_elsewhere"


class Misconfigured(SendError):
    """The account is broken (token, permission, plan, restriction). Every send would fail alike."""

    outcome = "misconfigured"
    retryable = True
    needs_operator = True
