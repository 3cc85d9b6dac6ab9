"""The error table of platforms B10, row by row."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import (
    HandledElsewhere,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    SendError,
    WindowClosed,
)
from connectors.messenger.answers import Answer, read_answer


def answered(body: object, status: int = 400, headers: dict[str, str] | None = None) -> SendError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(SendError) as caught:
        read_answer(Answer(status, headers or {}, raw), pause_seconds=300)
    return caught.value


@pytest.mark.parametrize(
    ("code", "subcode", "expected"),
    [
        (1, None, RetryLater),
        (1, 99, Misconfigured),
        (2, None, RetryLater),
        (2, 2018344, Misconfigured),
        (3, None, Misconfigured),
        (4, None, RetryLater),
        (17, None, RetryLater),
        (32, None, RetryLater),
        (341, None, RetryLater),
        (613, None, RetryLater),
        (80001, None, RetryLater),
        (80006, None, RetryLater),
        (613, 2018338, WindowClosed),
        (613, 1893016, Refused),
        (10, None, Misconfigured),
        (200, None, Misconfigured),
        (200, 2018028, Misconfigured),
        (10, 2018278, WindowClosed),
        (10, 2534022, WindowClosed),
        (10, 2018065, WindowClosed),
        (10, 2018108, Refused),
        (10, 1893063, Misconfigured),
        (10, 1893015, Refused),
        (10, 1404170, Misconfigured),
        (100, None, Refused),
        (100, 2018001, Refused),
        (100, 33, Refused),
        (100, 2018008, RetryLater),
        (100, 2018294, RetryLater),
        (100, 2018047, Refused),
        (100, 2018074, Refused),
        (100, 2018109, Refused),
        (100, 2018292, Refused),
        (100, 2534037, HandledElsewhere),
        (100, 2018300, HandledElsewhere),
        (10, 2018300, HandledElsewhere),
        (2018300, None, HandledElsewhere),
        (10, 2018321, HandledElsewhere),
        (102, None, Misconfigured),
        (190, 460, Misconfigured),
        (190, 463, Misconfigured),
        (190, 458, Misconfigured),
        (190, None, Misconfigured),
        (200, 1545041, Refused),
        (551, 1545041, Refused),
        (551, None, Refused),
        (368, None, Misconfigured),
        (2022, None, Misconfigured),
        (506, None, Refused),
        (9000001, None, Refused),
        (10900, None, Refused),
        (10901, None, Refused),
        (10902, None, Refused),
        (10903, None, Refused),
        (2018218, None, Refused),
        (987654, None, Refused),
    ],
)
def test_an_error_code_has_its_consequence(code: int, subcode: int | None, expected: type[SendError]) -> None:
    error: dict[str, object] = {"message": "secret words", "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode

    found = answered({"error": error})

    assert type(found) is expected
    assert found.code == (f"{code}/{subcode}" if subcode else str(code))
    assert "secret" not in str(found)


def test_the_error_that_says_the_message_was_sent_is_no_error() -> None:
    body = json.dumps({"error": {"code": 1, "error_subcode": 1357046}}).encode()

    assert read_answer(Answer(500, {}, body), 300)


def test_an_unknown_code_is_tried_again_only_when_facebook_calls_it_transient() -> None:
    assert type(answered({"error": {"code": 987654, "is_transient": True}})) is RetryLater
    assert type(answered({"error": {"code": 987654, "is_transient": "true"}})) is Refused
    assert type(answered({"error": {"code": 987654}}, status=503)) is RetryLater
    assert type(answered({"error": {}})) is Refused


def test_a_rate_limit_waits_as_long_as_facebook_estimates() -> None:
    use = {"109": [{"type": "messenger", "estimated_time_to_regain_access": 28}, {"x": 1}], "odd": 5}

    told = answered({"error": {"code": 80006}}, headers={"x-business-use-case-usage": json.dumps(use)})
    untold = answered({"error": {"code": 4}}, headers={"x-business-use-case-usage": "{not json"})

    assert isinstance(told, RetryLater)
    assert told.retry_after == 28 * 60
    assert isinstance(untold, RetryLater)
    assert untold.retry_after == 300


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, OutcomeUnknown),
        (500, RetryLater),
        (503, RetryLater),
        (429, RetryLater),
        (401, Misconfigured),
        (302, Misconfigured),
        (404, Refused),
    ],
)
@pytest.mark.parametrize("body", [b"<html>", b"", b'{"recipient_id":', b"[]", b"\xff"])
def test_an_answer_without_json_is_judged_by_its_status(
    status: int, expected: type[SendError], body: bytes
) -> None:
    assert type(answered(body, status)) is expected


@given(st.integers(200, 599), st.binary(max_size=60) | st.from_regex(rb'\{"error":\{"code":.{0,20}\}\}'))
def test_no_answer_raises_anything_but_a_send_error(status: int, body: bytes) -> None:
    try:
        assert isinstance(read_answer(Answer(status, {}, body), 300), dict)
    except SendError as error:
        assert error.reason  # noqa: PT017 - either outcome is fine, other exceptions are not
