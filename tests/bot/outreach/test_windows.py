"""Who may be written to, at what cost, and when nobody may."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.outreach.campaign import BadText, check_text, rendered
from bot.outreach.windows import (
    Recipient,
    Standing,
    Why,
    is_quiet,
    out_of_quiet,
    quiet_begins,
    standing_of,
)

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 10, 2, 2, 0, tzinfo=UTC)  # nine in the morning there
LAN = Recipient("zalo", NOW - timedelta(hours=1), can_receive=True, agreed=True)


@pytest.mark.parametrize(
    ("channel", "since", "expected"),
    [
        ("zalo", timedelta(hours=47, minutes=59), (Standing.FREE, Why.OPEN)),
        ("zalo", timedelta(hours=48), (Standing.PAID, Why.BEYOND_FREE)),
        ("zalo", timedelta(days=7) - timedelta(seconds=1), (Standing.PAID, Why.BEYOND_FREE)),
        ("zalo", timedelta(days=7), (Standing.CLOSED, Why.WINDOW)),
        ("messenger", timedelta(hours=23, minutes=59), (Standing.FREE, Why.OPEN)),
        ("messenger", timedelta(hours=24), (Standing.CLOSED, Why.WINDOW)),
        ("web", timedelta(days=300), (Standing.FREE, Why.OPEN)),
        ("telegram", timedelta(0), (Standing.CLOSED, Why.CHANNEL_OFF)),
    ],
)
def test_the_window_is_the_platforms(channel: str, since: timedelta, expected: tuple[Standing, Why]) -> None:
    one = replace(LAN, channel=channel, last_heard_at=NOW - since)
    assert standing_of(one, NOW, per_month=4) == expected


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"agreed": False}, Why.NOT_AGREED),
        ({"can_receive": False}, Why.CANNOT_RECEIVE),
        ({"sent_today": 1}, Why.DAY_IS_FULL),
        ({"sent_this_month": 4}, Why.MONTH_IS_FULL),
        ({"last_heard_at": None}, Why.NEVER_WROTE),
        ({"with_a_person": True}, Why.WITH_A_PERSON),
        ({"agreed": False, "can_receive": False, "last_heard_at": None}, Why.NOT_AGREED),
    ],
)
def test_whoever_is_barred_hears_nothing_and_the_weightiest_reason_is_given(
    changed: dict[str, object], why: Why
) -> None:
    assert standing_of(replace(LAN, **changed), NOW, per_month=4) == (Standing.CLOSED, why)  # type: ignore[arg-type]


@given(st.datetimes(datetime(2024, 2, 28), datetime(2028, 3, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_out_of_quiet_is_the_first_moment_at_which_people_may_be_written_to(moment: datetime) -> None:
    after = out_of_quiet(moment, HANOI)
    assert not is_quiet(after, HANOI)
    assert moment <= after <= moment + timedelta(hours=9)
    assert after == moment or is_quiet(after - timedelta(seconds=1), HANOI)
    begins = quiet_begins(after, HANOI)
    assert is_quiet(begins, HANOI)
    assert timedelta(0) < begins - after <= timedelta(hours=15)


@pytest.mark.parametrize(
    "text", ["", "  ", "Chào {ten}", "Mời {xa", "a}b", "{hoi!r}", "{hoi:>9}", "x" * 1201]
)
def test_a_text_that_cannot_be_filled_in_is_refused(text: str) -> None:
    with pytest.raises(BadText):
        check_text(text)


def test_what_is_filled_in_is_not_read_as_a_placeholder_again() -> None:
    check_text("Mời bạn ở {xa}, ngày {ngay}.")
    assert (
        rendered("Mời {xa}, {ngay}", {"xa": "{ngay}", "ngay": "02/10", "hoi": "Hội"}) == "Mời {ngay}, 02/10"
    )
