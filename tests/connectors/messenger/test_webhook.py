"""The page's webhook: handshake, signature, envelope."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.channel import Delivery
from connectors.errors import InboundError, Malformed, NotForUs, Unauthorised
from connectors.message import EventKind, InboundEvent, decode_event, encode_event
from connectors.messenger.events import READ_FIELDS
from connectors.messenger.webhook import handshake, receive
from tests.connectors.messenger.deliveries import (
    AT,
    CONFIG,
    NOW,
    PAGE,
    comment,
    facebook_json,
    from_person,
    page,
    signed,
    take,
)

KNOWN_BODY = (
    rb'{"object":"page","entry":[{"id":"109876543210987","time":1767225600456,"messaging":[{"sender":'
    rb'{"id":"7654321098765432"},"recipient":{"id":"109876543210987"},"timestamp":1767225600123,"message":'
    rb'{"mid":"m_test-0001","text":"Xin ch\u00e0o https:\/\/example.com"}}]}]}'
)
KNOWN_SIGNATURE = "sha256=1f0313d4223c2e92e55754419613e7c981f1e52493efaefd1bcace07b158bc64"


def test_the_known_body_with_its_known_signature_is_taken() -> None:
    (event,) = receive(CONFIG, Delivery(KNOWN_BODY, {"x-hub-signature-256": KNOWN_SIGNATURE}), NOW)

    assert (event.kind, event.text, event.key) == (
        EventKind.TEXT,
        "Xin chào https://example.com",
        "m_test-0001",
    )


@pytest.mark.parametrize(
    "signature",
    [
        "sha256=47f5e466cf9e1e846316ed9437879bd5b866d3e416724e650ce5ea655146ccc5",
        "sha256=481dd334348f49bc9b4b115a1a152e0d99be34a77aba680ebd0500f98dbce41a",
        KNOWN_SIGNATURE.removeprefix("sha256="),
        KNOWN_SIGNATURE.replace("sha256", "sha1"),
        KNOWN_SIGNATURE + "0",
        "sha256=",
        "",
        "chữ ký giả \udcff",
    ],
)
def test_any_other_signature_is_refused(signature: str) -> None:
    with pytest.raises(Unauthorised):
        receive(CONFIG, Delivery(KNOWN_BODY, {"x-hub-signature-256": signature}), NOW)


def test_the_older_signature_header_is_not_looked_at() -> None:
    with pytest.raises(Unauthorised):
        receive(CONFIG, Delivery(KNOWN_BODY, {"x-hub-signature": KNOWN_SIGNATURE}), NOW)


def test_an_unset_app_secret_refuses_everything() -> None:
    unset = replace(CONFIG, app_secret="")

    with pytest.raises(Unauthorised):
        receive(unset, signed(KNOWN_BODY, secret=""), NOW)


def test_the_handshake_gives_the_bare_challenge_back() -> None:
    query = {
        "hub.mode": "subscribe",
        "hub.challenge": "1158201444",
        "hub.verify_token": CONFIG.verify_token,
    }

    assert handshake(CONFIG, query) == "1158201444"


@pytest.mark.parametrize(
    "change", [{"hub.verify_token": "sai"}, {"hub.verify_token": ""}, {"hub.mode": "unsubscribe"}]
)
def test_a_handshake_with_another_token_or_mode_is_refused(change: dict[str, str]) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": CONFIG.verify_token}

    with pytest.raises(Unauthorised):
        handshake(CONFIG, query | change)


def test_an_unset_verify_token_matches_nothing() -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": ""}

    with pytest.raises(Unauthorised):
        handshake(replace(CONFIG, verify_token=""), query)


def test_deliveries_about_other_objects_are_not_for_us() -> None:
    with pytest.raises(NotForUs) as caught:
        take({"object": "instagram", "entry": []})
    assert caught.value.status == 404


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"{", b"[1]", b"null", b'{"object":"page"}', b"[" * 100_000]
)
def test_what_is_not_a_delivery_is_malformed(body: bytes) -> None:
    with pytest.raises((Malformed, NotForUs)):
        receive(CONFIG, signed(body), NOW)


def test_every_event_of_every_entry_is_read_and_bad_ones_lose_no_neighbour() -> None:
    body = page(
        from_person(message={"mid": "m_1", "text": "một"}), 7, None, from_person(message="TEST_MESSAGE"), []
    )
    body["entry"] += [
        "rubbish",
        {"id": PAGE, "messaging": {"not": "a list"}},
        {"id": "another page", "messaging": [from_person(message={"mid": "m_x", "text": "không phải"})]},
        {"id": int(PAGE), "changes": [comment(), comment(comment_id="900_902"), 5, {"field": 9}]},
        {"id": PAGE, "messaging": [from_person(message={"mid": "m_2", "text": "hai"})]},
    ]

    events = take(body)

    assert [e.text for e in events if e.kind is not EventKind.IGNORED] == [
        "một",
        "Đăng ký ở đâu?",
        "Đăng ký ở đâu?",
        "hai",
    ]


def test_the_same_message_twice_in_one_delivery_has_one_key() -> None:
    event = from_person(message={"mid": "m_1", "text": "một"})

    first, second = take(page(event, event))

    assert first.key == second.key


def test_a_retried_delivery_has_the_same_keys() -> None:
    def deliver(entry_time: int, cdn: str) -> list[str]:
        image = {"type": "image", "payload": {"url": f"https://{cdn}.example/x"}}
        events = [
            from_person(message={"mid": "m_1", "text": "một"}),
            from_person(message={"mid": "m_2", "attachments": [image]}),
            from_person(postback={"title": "Xem", "payload": "SEE"}),
            from_person(read={"watermark": AT}),
            from_person(delivery={"mids": ["m_9"], "watermark": AT}),
            from_person(reaction={"mid": "m_9", "emoji": "❤️", "action": "react"}),
            from_person(message_edit={"mid": "m_1", "text": "mốt", "num_edit": 1}),
        ]
        return [event.key for event in take(page(*events, entry_time=entry_time))]

    assert deliver(AT, "cdn1") == deliver(AT + 60_000, "cdn2")
    assert len(set(deliver(AT, "cdn1"))) == 7


def test_messaging_events_wrapped_in_changes_are_read() -> None:
    wrapped = {"field": "messages", "value": from_person(message={"mid": "m_1", "text": "chào"})}
    pressed = {"field": "messaging_postbacks", "value": from_person(postback={"mid": "m_2", "payload": "A"})}

    kinds = [event.kind for event in take(page(wrapped, pressed, name="changes"))]

    assert kinds == [EventKind.TEXT, EventKind.CHOICE]


def test_the_dashboards_test_samples_are_not_answered() -> None:
    sample = {
        "sender": {"id": "12334"},
        "recipient": {"id": "23245"},
        "timestamp": "1527459824",
        "message": {"mid": "test_message_id", "text": "test_message"},
    }
    body = {"object": "page", "entry": [{"id": "0", "changes": [{"field": "messages", "value": sample}]}]}

    assert take(body) == ()
    assert take(page({"field": "messages", "value": sample}, name="changes")) == ()


def test_unknown_fields_are_kept_to_be_looked_at() -> None:
    (event,) = take(page({"field": "mystery", "value": {"x": 1}}, name="changes"))

    assert (event.kind, event.user, event.detail["fields"]) == (EventKind.IGNORED, "", "mystery")


# fmt: off
FIELDS = [
    "sender", "recipient", "id", "timestamp", "message", "mid", "text", "attachments", "type", "payload",
    "url", "coordinates", "lat", "long", "quick_reply", "reply_to", "referral", "ref", "postback", "title",
    "delivery", "mids", "watermark", "read", "reaction", "emoji", "message_edit", "num_edit", "optin",
    "user_ref", "is_echo", "app_id", "metadata", "pass_thread_control", "new_owner_app_id",
    "take_thread_control", "policy_enforcement", "action", "app_roles", "sticker_id", "is_deleted", "field",
    "value", "item", "verb", "comment_id", "post_id", "parent_id", "from", "created_time",
]
# fmt: on
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([PAGE, "m_1", "GET_STARTED", "image", "add", "comment", 1e308, 10**400, "9" * 40]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


def check_is_storable(events: tuple[InboundEvent, ...]) -> None:
    for event in events:
        assert event.key
        assert event.sent_at.tzinfo is not None
        assert decode_event(encode_event(event)) == event
        assert "\x00" not in encode_event(event)


@given(json_values)
def test_any_json_under_messaging_gives_events_or_an_inbound_error(value: Any) -> None:
    entry = {
        "id": PAGE,
        "messaging": value,
        "standby": [value],
        "changes": [value, comment(**{"from": value})],
    }
    body = json.dumps({"object": "page", "entry": [entry, value]}).encode()

    with contextlib.suppress(InboundError):
        check_is_storable(receive(CONFIG, signed(body), NOW))


@given(
    st.sampled_from([*READ_FIELDS, "sender"]),
    json_values,
    st.booleans(),
)
def test_any_value_of_a_known_field_gives_a_storable_event(field: str, value: Any, standby: bool) -> None:
    event = from_person(**{field: value})

    check_is_storable(take(page(event, name="standby" if standby else "messaging")))


@given(st.binary(max_size=200))
def test_any_signed_bytes_give_events_or_an_inbound_error(body: bytes) -> None:
    with pytest.raises(InboundError):
        receive(CONFIG, signed(body), NOW)


def test_hostile_text_is_made_safe_to_store() -> None:
    raw = b'{"mid":"m_1","text":"a\\u0000b\\ud800c e\\u0302\\u0301' + b"x" * 100_000 + b'"}'
    body = facebook_json(page(from_person(message="HERE"))).replace(b'"HERE"', raw)

    (event,) = receive(CONFIG, signed(body), NOW)

    assert event.text.startswith("abc ếx")
    assert len(event.text) == 4000


def test_deep_nesting_loses_no_neighbour() -> None:
    deep = b'{"sender":{"id":"1"},"x":' + b"[" * 900 + b"]" * 900 + b"}"
    body = facebook_json(page("HERE", from_person(message={"mid": "m_1", "text": "chào"})))

    events = receive(CONFIG, signed(body.replace(b'"HERE"', deep)), NOW)

    assert events[-1].text == "chào"
