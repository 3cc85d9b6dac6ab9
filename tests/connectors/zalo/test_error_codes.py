"""Every code of platforms A11 leads to the right next step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from connectors.errors import (
    Deferred,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    SendError,
    WindowClosed,
)
from connectors.zalo.error_codes import AttachmentExpired, QuotaExhausted, TokenRejected, error_for

NOW = datetime(2026, 9, 2, 15, 30, tzinfo=UTC)  # 22:30 in Vietnam
TABLE: dict[type[SendError], tuple[int, ...]] = {
    RetryLater: (-32,),
    AttachmentExpired: (-100,),
    OutcomeUnknown: (-200,),
    TokenRejected: (-216, -220, 216, -401, 401, -124),
    WindowClosed: (-230, -232),
    QuotaExhausted: (-211, -144, -147),
    Deferred: (-214, -234, -133, -1441, -1471, -1472),
    Refused: (
        *(-201, -210, -213, -217, -218, -227, -233, -237, -238, -241, -244, -248, -403),
        *(-108, -114, -119, -139, -141, -1121, -1122),
    ),
    Misconfigured: (
        *(-204, -205, -209, -212, -219, -221, -223, -224, -235, -240, -242, -249, -320, -321),
        *(-115, -117, -118, -126, -127, -131, -1241),
    ),
}


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in TABLE.items() for code in codes])
def test_each_code_has_its_class(kind: type[SendError], code: int) -> None:
    error = error_for(code, NOW)

    assert type(error) is kind
    assert error.code == str(code)


def test_an_unknown_code_is_a_definite_no_and_is_logged() -> None:
    with capture_logs() as logs:
        error = error_for(-98765, NOW)

    assert type(error) is Refused
    assert logs == [{"event": "zalo_unknown_error_code", "code": -98765, "log_level": "warning"}]


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2026, 9, 2, 15, 30, tzinfo=UTC), datetime(2026, 9, 2, 23, 5, tzinfo=UTC)),  # 22:30 → 06:05
        (datetime(2026, 9, 2, 20, 0, tzinfo=UTC), datetime(2026, 9, 2, 23, 5, tzinfo=UTC)),  # 03:00 → 06:05
        (datetime(2026, 9, 2, 0, 0, tzinfo=UTC), datetime(2026, 9, 2, 1, 0, tzinfo=UTC)),  # 07:00 → 08:00
    ],
)
def test_night_ends_at_five_past_six_in_vietnam(now: datetime, until: datetime) -> None:
    error = error_for(-234, now)

    assert isinstance(error, Deferred)
    assert error.until == until


def test_an_exhausted_quota_waits_an_hour_and_calls_a_person() -> None:
    error = error_for(-211, NOW)

    assert isinstance(error, Deferred)
    assert error.until == NOW + timedelta(hours=1)
    assert error.needs_operator
