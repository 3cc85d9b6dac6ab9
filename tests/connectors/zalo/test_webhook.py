"""What arrives from Zalo: only signed bytes are believed, and every kind of event becomes the right one."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from connectors.channel import Delivery
from connectors.errors import InboundError, Malformed, Unauthorised
from connectors.message import ANSWERABLE, MAX_TEXT, EventKind, InboundEvent, decode_event, encode_event
from connectors.zalo.config import ZaloConfig
from connectors.zalo.webhook import receive, signature
from tests.connectors.zalo import cases
from tests.connectors.zalo.cases import AT, OA, USER, Case, about, from_oa, from_user

NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
CONFIG = ZaloConfig(cases.APP, "appSecretKey", OA, "oaSecretKeyForTests")
VECTOR = (
    '{"app_id":"1234567890123456789","sender":{"id":"2512523625412515"},"user_id_by_app":"552177279717587730",'
    '"recipient":{"id":"388613280878808645"},"event_name":"user_send_text",'
    '"message":{"text":"Xin chào, còn hàng không?","msg_id":"96d3cdf3af150460909"},'
    '"timestamp":"1767225600123"}'
).encode()
VALID = "da2f25e6e48572a46d98ccd612988288faefaeaa56de6b49f57c5c4281cfffe8"
MUST_BE_REJECTED = {
    "escaped re-serialisation": "a6dcc3ad07b717d5f395ad89a644d23e525d2d8b582ab4d0839a3359282d730e",
    "raw re-serialisation": "763f5b876842386bdf3b95312c9afc6bce69434e34b6a1320e84214c96f2b8e1",
    "hmac": "8351528f263dc696d372fc7d9a680293db47dc2eef90c82a4e5e00118af71db0",
    "nothing": "",
    "not hex": "đây không phải chữ ký",
}


def deliver(
    body: bytes, mac: str | None, config: ZaloConfig = CONFIG, server: str = "OA OpenAPI"
) -> tuple[InboundEvent, ...]:
    signed = {} if mac is None else {"x-zevent-signature": mac}
    return receive(Delivery(body, signed | {"x-zevent-server": server}), config, NOW)


def deliver_signed(payload: Any, server: str = "OA OpenAPI") -> tuple[InboundEvent, ...]:
    body = json.dumps(payload, ensure_ascii=False).encode(errors="surrogatepass")
    return deliver_bytes(body, payload.get("timestamp", ""), server)


def deliver_bytes(body: bytes, timestamp: object, server: str = "OA OpenAPI") -> tuple[InboundEvent, ...]:
    mac = signature(CONFIG.app_id, body, str(timestamp), CONFIG.oa_secret_key)
    return deliver(body, f"mac={mac}", server=server)


def test_the_known_signature_is_accepted() -> None:
    assert len(VECTOR) == 285
    assert deliver(VECTOR, f"mac={VALID}") == deliver(VECTOR, VALID) == cases.MESSAGES[0].events


@pytest.mark.parametrize("mac", MUST_BE_REJECTED.values(), ids=MUST_BE_REJECTED)
def test_known_wrong_signatures_are_refused(mac: str) -> None:
    with pytest.raises(Unauthorised):
        deliver(VECTOR, f"mac={mac}")


def test_an_unsigned_event_is_refused() -> None:
    with pytest.raises(Unauthorised):
        deliver(VECTOR, None)


def test_one_changed_byte_is_refused() -> None:
    with pytest.raises(Unauthorised):
        deliver(VECTOR.replace(b"0909", b"0908"), f"mac={VALID}")


def test_without_a_secret_everything_is_refused() -> None:
    empty = replace(CONFIG, oa_secret_key="")
    mac = hashlib.sha256(CONFIG.app_id.encode() + VECTOR + b"1767225600123").hexdigest()

    with pytest.raises(Unauthorised):
        deliver(VECTOR, f"mac={mac}", empty)


def test_the_app_secret_is_recognised_but_never_accepted() -> None:
    mac = signature(CONFIG.app_id, VECTOR, "1767225600123", CONFIG.app_secret)

    with capture_logs() as logs, pytest.raises(Unauthorised):
        deliver(VECTOR, f"mac={mac}")

    assert [(log["event"], log["app_secret_would_match"]) for log in logs] == [
        ("zalo_signature_rejected", True)
    ]
    assert "Xin" not in repr(logs)
    assert mac not in repr(logs)


def test_hmac_of_the_right_key_is_not_zalos_signature() -> None:
    mac = hmac.new(CONFIG.oa_secret_key.encode(), VECTOR, hashlib.sha256).hexdigest()

    assert mac == MUST_BE_REJECTED["hmac"]


@pytest.mark.parametrize("probe", [b"{}", b" {}\r\n", b"{ }"])
def test_the_unsigned_probe_is_accepted_and_empty(probe: bytes) -> None:
    assert deliver(probe, None) == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"xin chao",
        b"[]",
        b"null",
        b'"{}"',
        b"\xff\xfe{}",
        b'{"a":1}',
        b'{"timestamp":true}',
        b'{"timestamp":1.5}',
        b'{"timestamp":["1"]}',
        b'{"timestamp":"\\ud800"}',
        b'{"timestamp":"' + b"1" * 100 + b'"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"timestamp":' + b"1" * 5000 + b"}",
    ],
    ids=lambda body: body[:20].decode(errors="replace"),
)
def test_what_zalo_never_sends_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        deliver(body, f"mac={VALID}")


@pytest.mark.parametrize(
    "case",
    [*cases.MESSAGES, *cases.ECHOES, *cases.RECEIPTS, *cases.MANAGEMENT[:-1]],
    ids=lambda case: case.name,
)
def test_every_kind_becomes_its_event(case: Case) -> None:
    assert deliver_signed(case.payload) == case.events


@pytest.mark.parametrize("case", cases.ANOTHER_OA, ids=lambda case: case.name)
def test_what_concerns_another_oa_is_accepted_and_left_out(case: Case) -> None:
    assert deliver_signed(case.payload) == ()


@pytest.mark.parametrize("case", cases.IGNORED, ids=lambda case: case.name)
def test_what_is_nothing_for_us_is_kept_without_person_and_content(case: Case) -> None:
    (found,) = deliver_signed(case.payload)

    assert (found.kind, found.user, found.text, found.attachments) == (EventKind.IGNORED, "", "", ())
    assert set(found.detail) == {"event", "reason"}


def test_a_notice_keeps_flat_facts_and_no_phone_number() -> None:
    (found,) = deliver_signed(cases.MANAGEMENT[-1].payload)

    assert found.kind is EventKind.NOTICE
    assert found.detail == {"event": "change_template_status", "template_id": "12345", "reason": "ok"}


def test_a_zns_receipt_is_known_by_its_header() -> None:
    payload = from_oa("user_received_message", {}, recipient={"id": "84901234567"})

    (found,) = deliver_signed(payload, server="ZNS")

    assert (found.kind, found.user) == (EventKind.NOTICE, "")
    assert "84901234567" not in encode_event(found)


def test_a_withdrawal_without_a_person_is_shown_to_the_operator() -> None:
    with capture_logs() as logs:
        (found,) = deliver_signed(about("user_withdraw", user_id_by_app="5521"))

    assert found.kind is EventKind.NOTICE
    assert found.detail == {"event": "user_withdraw", "user_id_by_app": "5521"}
    assert [log["event"] for log in logs] == ["zalo_withdrawal_without_user"]


@pytest.mark.parametrize("stamp", ["0", "99999999999999", "1", str(10**19), "This is timestamp"])
def test_an_absurd_time_becomes_our_own(stamp: str) -> None:
    (found,) = deliver_signed(from_user("user_send_text", {"text": "a"}, timestamp=stamp))

    assert found.sent_at == NOW


def test_a_redelivery_has_the_same_key_and_management_events_of_two_people_have_two() -> None:
    first, second = (about("follow", follower={"id": user}) for user in (USER, "77"))

    assert deliver_signed(first)[0].key == deliver_signed(first)[0].key
    assert deliver_signed(first)[0].key != deliver_signed(second)[0].key


def test_long_hostile_text_is_cut_and_cleaned() -> None:
    text = "\\ud800\\u0000" + "ế" * 100_000
    body = (
        json.dumps(from_user("user_send_text", {"text": "?"}), ensure_ascii=False).replace("?", text).encode()
    )

    (found,) = deliver_bytes(body, cases.STAMP)

    assert found.text == "ế" * MAX_TEXT
    assert decode_event(encode_event(found)) == found


def test_decomposed_and_right_to_left_text_survives() -> None:
    (found,) = deliver_signed(
        from_user("user_send_text", {"text": "Ho\u0323c ta\u0323\u0302p \u202eabc 👨‍👩‍👧"})
    )

    assert found.text == "Học tập \u202eabc 👨‍👩‍👧"


def test_escaped_and_raw_bodies_say_the_same() -> None:
    payload = from_user("user_send_text", {"text": "Xin chào"})

    assert deliver_bytes(json.dumps(payload).encode(), cases.STAMP) == deliver_signed(payload)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.just("\ud800\x00"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
names = [
    case.payload["event_name"]
    for case in (*cases.MESSAGES, *cases.ECHOES, *cases.RECEIPTS, *cases.MANAGEMENT)
]
parties = st.fixed_dictionaries(
    {}, optional={"id": anything | st.just(USER) | st.just(OA), "admin_id": anything}
)
hostile_messages = st.fixed_dictionaries(
    {},
    optional={
        "msg_id": anything,
        "msg_ids": anything,
        "text": anything,
        "react_icon": anything,
        "conversation_id": anything,
        "attachments": anything
        | st.lists(
            st.fixed_dictionaries(
                {"type": st.sampled_from(["link", "location", "file"]), "payload": anything}
            )
        ),
    },
)
hostile_events = st.fixed_dictionaries(
    {
        "timestamp": st.integers(0, 10**20) | st.just(cases.STAMP),
        "event_name": st.sampled_from(names) | anything,
    },
    optional={
        "app_id": st.just(cases.APP) | anything,
        "oa_id": st.just(OA) | anything,
        "sender": parties | anything,
        "recipient": parties | anything,
        "follower": parties | anything,
        "user_id": anything,
        "message": hostile_messages | anything,
        "info": anything,
        "source": anything,
    },
)


@given(hostile_events)
def test_any_signed_event_becomes_storable_events_or_an_inbound_error(payload: dict[str, Any]) -> None:
    try:
        found = deliver_bytes(json.dumps(payload).encode(), payload["timestamp"])
    except InboundError:
        return

    for event in found:
        assert decode_event(encode_event(event)) == event
        assert len(event.key) <= 255
        if event.kind in ANSWERABLE:
            assert event.user not in {"", OA}
            assert not str(payload["event_name"]).startswith("oa_send_")


@given(st.binary(max_size=200) | anything.map(lambda value: json.dumps(value).encode()))
def test_any_unsigned_bytes_give_nothing_or_an_inbound_error(body: bytes) -> None:
    with contextlib.suppress(Malformed, Unauthorised):
        assert deliver(body, f"mac={VALID}") == ()


def test_the_vector_is_what_the_table_says() -> None:
    assert json.loads(VECTOR) == cases.MESSAGES[0].payload
    assert cases.MESSAGES[0].events[0].sent_at == AT
