"""One row per kind of messaging event: what Facebook sends, what the house gets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.message import Attachment, EventKind, InboundEvent
from connectors.messenger.webhook import receive
from tests.connectors.messenger.deliveries import (
    AT,
    CONFIG,
    NOW,
    OUR_APP,
    PAGE,
    PSID,
    facebook_json,
    from_page,
    from_person,
    page,
    signed,
    take,
)

INBOX = 263902037430900
IMAGE = {"type": "image", "payload": {"url": "https://cdn.example/x"}}


def one(event: dict[str, Any], name: str = "messaging") -> InboundEvent:
    (read,) = take(page(event, name=name))
    return read


def message(**fields: object) -> dict[str, Any]:
    return from_person(message={"mid": "m_1", **fields})


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            message(text="giá bao nhiêu"),
            {"kind": EventKind.TEXT, "text": "giá bao nhiêu", "message_id": "m_1"},
        ),
        (
            message(text="Hỏi", quick_reply={"payload": "ASK"}),
            {"kind": EventKind.CHOICE, "text": "Hỏi", "payload": "ASK", "key": "m_1"},
        ),
        (message(text="cái này", reply_to={"mid": "m_0"}), {"kind": EventKind.TEXT, "refers_to": ("m_0",)}),
        (
            message(text="xem", attachments=[IMAGE, IMAGE | {"payload": {"url": "https://cdn.example/y"}}]),
            {
                "kind": EventKind.ATTACHMENT,
                "text": "xem",
                "attachments": (
                    Attachment("image", "https://cdn.example/x"),
                    Attachment("image", "https://cdn.example/y"),
                ),
            },
        ),
        (
            message(
                attachments=[
                    {"type": "location", "payload": {"coordinates": {"lat": "10.77", "long": 106.7}}}
                ]
            ),
            {
                "kind": EventKind.ATTACHMENT,
                "attachments": (Attachment("location", latitude=10.77, longitude=106.7),),
            },
        ),
        (
            message(
                attachments=[{"type": "file", "payload": {"url": "javascript:alert(1)", "title": "a.pdf"}}]
            ),
            {"kind": EventKind.ATTACHMENT, "attachments": (Attachment("file", name="a.pdf"),)},
        ),
        (
            message(
                text="https://a.example",
                attachments=[{"type": "fallback", "title": "A", "url": "https://a.example"}],
            ),
            {"kind": EventKind.TEXT, "attachments": (Attachment("link", "https://a.example", "A"),)},
        ),
        (
            message(attachments=[{"type": "fallback", "payload": None}]),
            {"kind": EventKind.ATTACHMENT, "attachments": (Attachment("other"),)},
        ),
        (
            message(attachments=[{"type": "ig_reel", "payload": {"url": "https://r.example/1"}}]),
            {"kind": EventKind.ATTACHMENT, "attachments": (Attachment("link", "https://r.example/1"),)},
        ),
        (
            message(
                text="chào", referral={"ref": "r1", "ad_id": "60", "source": "ADS", "type": "OPEN_THREAD"}
            ),
            {
                "kind": EventKind.TEXT,
                "text": "chào",
                "detail": {"ref": "r1", "ad_id": "60", "source": "ADS", "type": "OPEN_THREAD"},
            },
        ),
        (
            from_person(postback={"mid": "m_7", "title": "Bắt đầu", "payload": "GET_STARTED"}),
            {"kind": EventKind.FOLLOW, "key": "m_7", "payload": "GET_STARTED"},
        ),
        (
            from_person(postback={"mid": "m_7", "payload": "GET_STARTED", "referral": {"ref": "qr1"}}),
            {"kind": EventKind.REFERRAL, "payload": "qr1", "key": "m_7"},
        ),
        (
            from_person(postback={"mid": "m_7", "title": "Xem", "payload": "SEE"}),
            {"kind": EventKind.CHOICE, "payload": "SEE", "text": "Xem"},
        ),
        (
            {"sender": {"user_ref": "ref-1"}, "recipient": {"id": PAGE}, "postback": {"payload": "SEE"}},
            {"kind": EventKind.CHOICE, "user": "user_ref:ref-1", "sent_at": NOW},
        ),
        (
            from_person(referral={"ref": "qr1", "source": "SHORTLINK"}),
            {"kind": EventKind.REFERRAL, "payload": "qr1", "detail": {"ref": "qr1", "source": "SHORTLINK"}},
        ),
        (from_person(optin={"ref": "plugin"}), {"kind": EventKind.REFERRAL, "payload": "plugin"}),
        (
            {"recipient": {"id": PAGE}, "timestamp": AT, "optin": {"ref": "box", "user_ref": "u1"}},
            {"kind": EventKind.REFERRAL, "payload": "box", "user": "user_ref:u1"},
        ),
        (
            from_person(optin={"type": "notification_messages", "payload": "x"}),
            {"kind": EventKind.IGNORED, "detail": {"fields": "optin"}},
        ),
        (
            from_person(delivery={"mids": ["m_10"], "watermark": AT - 123}),
            {
                "kind": EventKind.DELIVERED,
                "refers_to": ("m_10",),
                "sent_at": datetime(2026, 1, 1, tzinfo=UTC),
            },
        ),
        (
            from_person(delivery={"watermark": AT - 123}),
            {"kind": EventKind.DELIVERED, "refers_to": (), "sent_at": datetime(2026, 1, 1, tzinfo=UTC)},
        ),
        (
            from_person(read={"watermark": AT - 123}),
            {
                "kind": EventKind.SEEN,
                "sent_at": datetime(2026, 1, 1, tzinfo=UTC),
                "key": f"seen:{PSID}:{AT - 123}",
            },
        ),
        (
            from_person(reaction={"reaction": "love", "emoji": "❤️", "action": "react", "mid": "m_10"}),
            {"kind": EventKind.REACTION, "text": "❤️", "refers_to": ("m_10",)},
        ),
        (
            from_person(reaction={"reaction": "love", "emoji": "❤️", "action": "unreact", "mid": "m_10"}),
            {"kind": EventKind.REACTION, "text": "", "refers_to": ("m_10",)},
        ),
        (
            from_person(message_edit={"mid": "m_1", "text": "giá sao ạ", "num_edit": 1}),
            {"kind": EventKind.EDITED, "text": "giá sao ạ", "refers_to": ("m_1",), "key": "edit:m_1:1"},
        ),
        (message(is_deleted=True), {"kind": EventKind.EDITED, "refers_to": ("m_1",), "key": "deleted:m_1"}),
        (
            from_page({"mid": "m_11", "app_id": INBOX, "text": "Dạ em nghe"}),
            {"kind": EventKind.HUMAN_ECHO, "user": PSID, "text": "Dạ em nghe", "key": "m_11"},
        ),
        (
            from_page({"mid": "m_11", "app_id": "26390203743090", "text": "Dạ"}),
            {"kind": EventKind.HUMAN_ECHO, "user": PSID},
        ),
        (from_page({"mid": "m_11", "text": "Dạ"}), {"kind": EventKind.HUMAN_ECHO, "user": PSID}),
        (
            from_page({"mid": "m_11", "app_id": OUR_APP, "metadata": "kh:turn-17"}),
            {"kind": EventKind.OWN_ECHO, "user": PSID, "stamp": "turn-17"},
        ),
        (
            from_page({"mid": "m_11", "app_id": 999, "metadata": "kh:turn-17"}),
            {"kind": EventKind.OWN_ECHO, "stamp": "turn-17"},
        ),
        (from_page({"mid": "m_11", "app_id": int(OUR_APP)}), {"kind": EventKind.OWN_ECHO, "stamp": ""}),
        (
            from_page({"mid": "m_11", "app_id": 424242, "metadata": "theirs"}),
            {"kind": EventKind.OWN_ECHO, "stamp": ""},
        ),
        (
            from_person(
                pass_thread_control={"previous_owner_app_id": str(INBOX), "new_owner_app_id": OUR_APP}
            ),
            {"kind": EventKind.CONTROL, "payload": "returned", "user": PSID},
        ),
        (
            from_person(pass_thread_control={"previous_owner_app_id": OUR_APP, "new_owner_app_id": INBOX}),
            {"kind": EventKind.CONTROL, "payload": "taken"},
        ),
        (
            from_person(take_thread_control={"previous_owner_app_id": OUR_APP, "new_owner_app_id": "77"}),
            {"kind": EventKind.CONTROL, "payload": "taken"},
        ),
        (
            {
                "recipient": {"id": PAGE},
                "timestamp": AT,
                "policy_enforcement": {"action": "block", "reason": "spam"},
            },
            {
                "kind": EventKind.NOTICE,
                "user": "",
                "detail": {"action": "block", "reason": "spam", "source": "policy_enforcement"},
            },
        ),
        (
            {"recipient": {"id": PAGE}, "timestamp": AT, "app_roles": {"123": ["primary_receiver"]}},
            {"kind": EventKind.NOTICE, "user": "", "detail": {"source": "app_roles", "apps": "123"}},
        ),
        ({"message": "TEST_MESSAGE"}, {"kind": EventKind.IGNORED, "user": ""}),
        ({"recipient": {"id": PAGE}, "message": {"mid": "m", "text": "ai?"}}, {"kind": EventKind.IGNORED}),
        (
            {"sender": {"id": PAGE}, "recipient": {"id": PAGE}, "message": {"mid": "m", "text": "vọng"}},
            {"kind": EventKind.IGNORED},
        ),
        (message(), {"kind": EventKind.IGNORED, "user": PSID}),
        (from_person(brand_new={"x": 1}), {"kind": EventKind.IGNORED, "detail": {"fields": "brand_new"}}),
    ],
)
def test_an_event_is_read_as_the_house_names_it(event: dict[str, Any], expected: dict[str, Any]) -> None:
    read = one(event)

    assert (read.channel, read.account) == ("messenger", PAGE)
    assert {name: getattr(read, name) for name in expected} == expected


@pytest.mark.parametrize(
    "attachments",
    [
        [{"type": "sticker", "payload": {"url": "https://s.example", "sticker_id": 369239263222822}}],
        [{"type": "image", "payload": {"url": "https://s.example", "sticker_id": 369239263222822}}],
        [
            {"type": "image", "payload": {"url": "https://s.example", "sticker_id": 369239263222822}},
            {"type": "sticker", "payload": {"url": "https://s.example", "sticker_id": 369239263222822}},
        ],
    ],
)
def test_a_sticker_is_one_sticker_in_the_old_and_the_new_shape(attachments: list[object]) -> None:
    read = one(message(attachments=attachments))

    assert read.attachments == (Attachment("sticker", "https://s.example"),)
    assert read.detail["sticker_id"] == "369239263222822"


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (message(text="tôi hỏi cán bộ"), EventKind.CONTROL),
        (from_person(postback={"mid": "m_7", "title": "Xem"}), EventKind.CONTROL),
        (from_person(referral={"ref": "qr1"}), EventKind.CONTROL),
        (from_person(reaction={"mid": "m_10", "emoji": "❤️"}), EventKind.IGNORED),
        (from_page({"mid": "m_11", "app_id": INBOX, "text": "Dạ"}), EventKind.HUMAN_ECHO),
        (from_person(read={"watermark": AT}), EventKind.SEEN),
        (from_person(strange={}), EventKind.IGNORED),
    ],
)
def test_what_happens_in_a_thread_somebody_else_owns_is_never_answered(
    event: dict[str, Any], kind: EventKind
) -> None:
    read = one(event, name="standby")

    assert read.kind is kind
    if kind is EventKind.CONTROL:
        assert read.payload == "taken"


def test_a_message_seen_in_standby_does_not_hide_the_same_message_delivered_to_us() -> None:
    assert one(message(text="a"), name="standby").key != one(message(text="a")).key


@pytest.mark.parametrize("timestamp", [AT, str(AT), AT // 1000 + 0.123, float(AT)])
def test_time_stamps_may_be_milliseconds_seconds_or_text(timestamp: object) -> None:
    read = one(from_person(timestamp, message={"mid": "m_1", "text": "a"}))

    assert abs(read.sent_at - datetime(2026, 1, 1, 0, 0, 0, 123000, tzinfo=UTC)) < timedelta(milliseconds=1)


@pytest.mark.parametrize("timestamp", [None, True, -1, 0, 1e308, "soon", [], AT * 10, AT + 10**10])
def test_an_absurd_time_stamp_becomes_the_time_of_arrival(timestamp: object) -> None:
    assert one(from_person(timestamp, message={"mid": "m_1", "text": "a"})).sent_at == NOW


def test_without_our_app_id_a_thread_passed_on_is_still_understood() -> None:
    unnamed = replace(CONFIG, app_id="")
    ours = from_person(pass_thread_control={"previous_owner_app_id": INBOX, "new_owner_app_id": "1"})
    theirs = from_person(pass_thread_control={"previous_owner_app_id": "1", "new_owner_app_id": INBOX})

    payloads = [e.payload for e in take(page(ours, theirs), unnamed)]

    assert payloads == ["returned", "taken"]


def test_presses_without_message_id_are_told_apart_by_time_and_payload() -> None:
    presses = [
        from_person(postback={"title": "Xem", "payload": "SEE"}),
        from_person(AT + 1, postback={"title": "Xem", "payload": "SEE"}),
        from_person(postback={"title": "Xem", "payload": "OTHER"}),
    ]

    assert len({event.key for event in take(page(*presses))}) == 3


def test_a_very_long_id_still_gives_a_short_key() -> None:
    assert len(one(from_person(message={"mid": "m" * 500, "text": "a"})).key) <= 200


def test_events_about_other_pages_are_left_out() -> None:
    other = {**message(text="a"), "recipient": {"id": "42"}}

    assert receive(CONFIG, signed(facebook_json(page(other))), NOW) == ()
