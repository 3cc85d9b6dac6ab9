"""Signed deliveries as Facebook would make them, for the tests of this folder."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.channel import Delivery
from connectors.message import InboundEvent
from connectors.messenger.config import MessengerConfig
from connectors.messenger.webhook import receive

PAGE = "109876543210987"
PSID = "7654321098765432"
OUR_APP = "555000555"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
AT = 1767225600123
"""1 January 2026, 00:00:00.123 UTC, in milliseconds."""

CONFIG = MessengerConfig(
    page_id=PAGE,
    app_secret="fbAppSecretForTests",
    verify_token="a word of ours",
    page_access_token="EAAtestpagetoken",
    app_id=OUR_APP,
    comments_enabled=True,
)


def facebook_json(value: object) -> bytes:
    """JSON as Facebook writes it: ASCII escapes in lower case, and every slash escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def signed(body: bytes, secret: str = CONFIG.app_secret) -> Delivery:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Delivery(body, {"x-hub-signature-256": f"sha256={digest}"})


def take(body: object, config: MessengerConfig = CONFIG) -> tuple[InboundEvent, ...]:
    """Receive any JSON value as a signed delivery."""
    return receive(config, signed(facebook_json(body)), NOW)


def page(*events: object, name: str = "messaging", entry_time: object = AT) -> dict[str, Any]:
    return {"object": "page", "entry": [{"id": PAGE, "time": entry_time, name: list(events)}]}


def from_person(timestamp: object = AT, **fields: object) -> dict[str, Any]:
    return {"sender": {"id": PSID}, "recipient": {"id": PAGE}, "timestamp": timestamp, **fields}


def from_page(message: Mapping[str, object]) -> dict[str, Any]:
    echo = {"is_echo": True, **message}
    return {"sender": {"id": PAGE}, "recipient": {"id": PSID}, "timestamp": AT, "message": echo}


def comment(**changes: object) -> dict[str, Any]:
    value: dict[str, Any] = {
        "item": "comment",
        "verb": "add",
        "comment_id": "900_901",
        "post_id": f"{PAGE}_900",
        "parent_id": f"{PAGE}_900",
        "from": {"id": "31337", "name": "Lan"},
        "message": "Đăng ký ở đâu?",
        "created_time": 1767225699,
    }
    value.update(changes)
    return {"field": "feed", "value": {k: v for k, v in value.items() if v is not None}}
