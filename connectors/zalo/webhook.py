"""Zalo's webhook: from signed bytes to events.

The order is fixed: probe, JSON, timestamp, signature, meaning. Nothing is believed, and no event leaves this
module, before the signature over the raw bytes was right; the body is only read earlier because Zalo signs
the timestamp inside it. Never re-serialise the body before checking (platforms A2), never log it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime

import structlog

from connectors.channel import Delivery
from connectors.errors import Malformed, Unauthorised
from connectors.message import InboundEvent
from connectors.zalo.config import ZaloConfig
from connectors.zalo.events import Envelope, read_event
from connectors.zalo.wire import Json, identifier, label

_log = structlog.get_logger(__name__)

SIGNATURE_HEADER = "x-zevent-signature"
SERVER_HEADER = "x-zevent-server"
_MAX_TIMESTAMP = 64
_MAX_PROBE = 64


def receive(delivery: Delivery, config: ZaloConfig, received_at: datetime) -> tuple[InboundEvent, ...]:
    """Verify one delivery and parse its event.

    Gives nothing for the unsigned probe `{}` and for events of another Official Account: one app has one
    webhook for all its OAs, and anything but 200 would make Zalo switch it off for all of them (platforms
    A1). Raises Malformed or Unauthorised, and nothing else, whatever the bytes are. `received_at` (aware)
    stands in for an absurd timestamp.
    """
    if is_probe(delivery.body):
        return ()
    body = _open(delivery.body)
    timestamp = _timestamp(body)
    _verify(delivery, body, timestamp, config)
    if identifier(body.get("app_id")) not in {"", config.app_id}:
        _log.warning("zalo_event_of_another_app", event_name=label(body.get("event_name")))
        return ()
    event = read_event(
        Envelope(
            body=body,
            oa_id=config.oa_id,
            timestamp=timestamp,
            digest=hashlib.sha256(delivery.body).hexdigest()[:24],
            server=delivery.headers.get(SERVER_HEADER, ""),
            received_at=received_at,
        )
    )
    if event is None:
        _log.info("zalo_event_of_another_oa", event_name=label(body.get("event_name")))
        return ()
    return (event,)


def is_probe(body: bytes) -> bool:
    """Is this the unsigned `{}` that Zalo posts when the webhook address is saved (platforms A1)?"""
    return len(body) <= _MAX_PROBE and b"".join(body.split()) == b"{}"


def signature(app_id: str, body: bytes, timestamp: str, secret_key: str) -> str:
    """The hex digest Zalo puts behind `mac=`: plain SHA-256, not HMAC, no separators (platforms A2, [H])."""
    return hashlib.sha256(app_id.encode() + body + timestamp.encode() + secret_key.encode()).hexdigest()


def _open(body: bytes) -> Json:
    try:
        value = json.loads(body.decode())
    except (ValueError, RecursionError) as error:  # bad UTF-8, bad JSON, absurd numbers, absurd depth
        raise Malformed("not JSON") from error
    if not isinstance(value, dict):
        raise Malformed("not a JSON object")
    return value


def _timestamp(body: Json) -> str:
    """The signed form of the timestamp. It is a string (platforms A1), but a whole number is taken too."""
    value = body.get("timestamp")
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**20:
        return str(value)
    if isinstance(value, str) and 0 < len(value) <= _MAX_TIMESTAMP and value.isprintable():
        return value
    raise Malformed("no usable timestamp")


def _verify(delivery: Delivery, body: Json, timestamp: str, config: ZaloConfig) -> None:
    given = delivery.headers.get(SIGNATURE_HEADER, "").strip().removeprefix("mac=").lower()
    if not config.oa_secret_key:
        _log.error("zalo_oa_secret_key_missing")
        raise Unauthorised("no OA Secret Key is configured")
    if _same(given, signature(config.app_id, delivery.body, timestamp, config.oa_secret_key)):
        return
    # Operators often paste the App Secret in place of the OA Secret Key (platforms C7, F2): tell them.
    app_secret_would_match = bool(config.app_secret) and _same(
        given, signature(config.app_id, delivery.body, timestamp, config.app_secret)
    )
    _log.warning(
        "zalo_signature_rejected",
        signature_present=bool(given),
        app_secret_would_match=app_secret_would_match,
        app_id_matches=identifier(body.get("app_id")) == config.app_id,
    )
    raise Unauthorised("the signature does not match")


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())
