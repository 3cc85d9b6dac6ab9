"""Correctly signed and thoroughly hostile: stored or refused, never a server error, never a blocked talk."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.inbox import Inbox
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.store import events
from bot.store.database import Database
from connectors.channel import Delivery
from connectors.errors import InboundError
from connectors.message import InboundEvent
from connectors.messenger import MessengerConfig
from connectors.messenger.webhook import receive as receive_messenger
from connectors.zalo import ZaloConfig
from connectors.zalo.webhook import receive as receive_zalo
from tests.conftest import StandingClock

NOW = datetime(2026, 10, 2, tzinfo=UTC)
ZALO = ZaloConfig("1", "app-secret", "OA", "oa-key")
PAGE = MessengerConfig("PAGE", "fb-secret", "verify", "token")

nasty_text = st.one_of(
    st.text(st.characters(codec=None, exclude_categories=()), max_size=30),
    st.sampled_from(
        ["\x00", "\ud800", "a\x00b", "\udfff\ud800", "\u202e", "x" * 5000, "", " ", "e\u0301" * 400]
    ),
)
nasty = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), nasty_text),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(nasty_text, inner, max_size=3)),
    max_leaves=6,
)


def zalo_body(fields: Mapping[str, Any]) -> Delivery:
    body = json.dumps({"app_id": "1", "timestamp": "1767225600123", **fields}).encode()
    timestamp = json.loads(body)["timestamp"]
    mac = hashlib.sha256(b"1" + body + str(timestamp).encode(errors="replace") + b"oa-key").hexdigest()
    return Delivery(body, {"x-zevent-signature": f"mac={mac}"})


def page_body(event: Any) -> Delivery:
    body = json.dumps({"object": "page", "entry": [{"id": "PAGE", "time": 1, "messaging": [event]}]}).encode()
    digest = hmac.new(b"fb-secret", body, hashlib.sha256).hexdigest()
    return Delivery(body, {"x-hub-signature-256": f"sha256={digest}"})


zalo_events = st.fixed_dictionaries(
    {
        "event_name": st.sampled_from(
            ["user_send_text", "user_send_image", "follow", "oa_send_text", "user_seen_message"]
        ),
        "sender": st.one_of(nasty, st.fixed_dictionaries({"id": nasty_text})),
        "recipient": st.one_of(nasty, st.just({"id": "OA"})),
        "oa_id": st.just("OA"),
        "follower": st.fixed_dictionaries({"id": nasty_text}),
        "message": st.one_of(
            nasty, st.fixed_dictionaries({"text": nasty_text, "msg_id": nasty_text, "attachments": nasty})
        ),
    }
)
page_events = st.fixed_dictionaries(
    {
        "sender": st.one_of(nasty, st.fixed_dictionaries({"id": nasty_text})),
        "recipient": st.just({"id": "PAGE"}),
        "timestamp": nasty,
        "message": st.one_of(
            nasty, st.fixed_dictionaries({"mid": nasty_text, "text": nasty_text, "attachments": nasty})
        ),
    }
)


def heard_from(delivery: Delivery, platform: str) -> tuple[InboundEvent, ...]:
    try:
        if platform == "zalo":
            return receive_zalo(delivery, ZALO, NOW)
        return receive_messenger(PAGE, delivery, NOW)
    except InboundError:
        return ()


@settings(suppress_health_check=list(HealthCheck))
@given(zalo=zalo_events, page=page_events)
async def test_whatever_is_signed_can_be_stored_and_read_back(
    database: Database, nerves: Nerves, clock: StandingClock, zalo: dict[str, Any], page: dict[str, Any]
) -> None:
    inbox = Inbox(database, nerves, clock, Metrics())
    heard = heard_from(zalo_body(zalo), "zalo") + heard_from(page_body(page), "messenger")
    await inbox.accept(heard)
    for event in heard:
        if event.conversation is None:
            continue
        async with database.read() as connection:
            pending = await events.pending(connection, event.conversation.key, 1000)
        assert any(one.event.key == event.key for one in pending)


def test_the_strategies_do_reach_storable_events() -> None:
    """Guards the test above against passing because everything was refused."""
    plain = {"sender": {"id": "2"}, "recipient": {"id": "OA"}, "message": {"text": "x", "msg_id": "m"}}
    assert heard_from(zalo_body({"event_name": "user_send_text", **plain}), "zalo")
    page = {
        "sender": {"id": "2"},
        "recipient": {"id": "PAGE"},
        "timestamp": 1,
        "message": {"mid": "m", "text": "x"},
    }
    assert heard_from(page_body(page), "messenger")
