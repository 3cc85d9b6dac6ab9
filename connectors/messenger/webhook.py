"""The page's webhook: the handshake, the signature, and every event of a delivery (platforms B1 to B5).

Pure. The signature is checked over the raw bytes before anything is parsed; parsing is total, so that one
strange event never loses its neighbours. Nothing here stores, answers or logs a message.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from connectors.channel import Delivery
from connectors.errors import Malformed, NotForUs, Unauthorised
from connectors.message import EventKind, InboundEvent
from connectors.messenger.comments import read_feed_change
from connectors.messenger.config import CHANNEL, MessengerConfig
from connectors.messenger.events import Json, event_key, fingerprint, read_event
from connectors.messenger.untrusted import as_identifier, as_list, as_object, as_text

SIGNATURE_HEADER = "x-hub-signature-256"
"""The older `x-hub-signature` (SHA-1) is never looked at."""


def handshake(config: MessengerConfig, query: Mapping[str, str]) -> str:
    """The bare challenge to answer a subscription with, as plain text. Raises Unauthorised or Malformed."""
    expected = config.verify_token.encode()
    given = query.get("hub.verify_token", "").encode("utf-8", "replace")
    is_ours = hmac.compare_digest(expected, given)
    if not expected or not is_ours or query.get("hub.mode") != "subscribe":
        raise Unauthorised("the verify token is not ours")
    challenge = query.get("hub.challenge", "")
    if not challenge:
        raise Malformed("a handshake carries a challenge")
    return challenge


def verify_signature(config: MessengerConfig, delivery: Delivery) -> None:
    """HMAC-SHA256 over the bytes as received, in constant time (platforms B2). Raises Unauthorised."""
    if not config.app_secret:
        raise Unauthorised("no app secret is configured")
    digest = hmac.new(config.app_secret.encode(), delivery.body, hashlib.sha256).hexdigest()
    given = delivery.headers.get(SIGNATURE_HEADER, "").encode("utf-8", "replace")
    if not hmac.compare_digest(f"sha256={digest}".encode(), given):
        raise Unauthorised("the signature is missing or wrong")


def receive(config: MessengerConfig, delivery: Delivery, arrived: datetime) -> tuple[InboundEvent, ...]:
    """Every event of the delivery that concerns our page, in the order given.

    `arrived` (aware) stands in for missing time stamps. Raises Unauthorised, Malformed, or NotForUs when the
    object is not `page`.
    """
    verify_signature(config, delivery)
    try:
        body = json.loads(delivery.body)
    except (ValueError, RecursionError):
        raise Malformed("the body is not JSON") from None
    if not isinstance(body, dict):
        raise Malformed("the body is not a JSON object")
    if body.get("object") != "page":
        raise NotForUs("the delivery is not about a page")
    if not isinstance(body.get("entry"), list):
        raise Malformed("the delivery has no entries")
    return tuple(event for entry in body["entry"] for event in _read_entry(config, as_object(entry), arrived))


def _read_entry(config: MessengerConfig, entry: Json, arrived: datetime) -> Iterator[InboundEvent]:
    if as_identifier(entry.get("id")) != config.page_id:
        return  # another page of the same app, or a sample from the dashboard's Test button
    for standby, name in ((False, "messaging"), (True, "standby")):
        for value in as_list(entry.get(name)):
            yield from _read_messaging(config, value, arrived, standby=standby)
    for value in as_list(entry.get("changes")):
        yield from _read_change(config, as_object(value), arrived)


def _read_messaging(
    config: MessengerConfig, value: object, arrived: datetime, *, standby: bool
) -> Iterator[InboundEvent]:
    if not isinstance(value, dict):
        return
    try:
        event = read_event(
            value, page_id=config.page_id, app_id=config.app_id, standby=standby, arrived=arrived
        )
    except RecursionError:  # nested deeper than can be fingerprinted: nothing Facebook sends
        return
    if event is not None:
        yield event


def _read_change(config: MessengerConfig, change: Json, arrived: datetime) -> Iterator[InboundEvent]:
    field, value = as_text(change.get("field"), 60), change.get("value")
    if field == "feed":
        comment = read_feed_change(config, as_object(value), arrived)
        if comment is not None:
            yield comment
    elif field.startswith(("messag", "standby")) and _is_messaging_event(value):
        yield from _read_messaging(config, value, arrived, standby=field == "standby")
    elif field:
        yield from _unknown_change(config, field, change, arrived)


def _is_messaging_event(value: object) -> bool:
    """Some dashboards and pages wrap messaging events in `changes` (platforms B4, [M])."""
    fields = as_object(value)
    return "recipient" in fields or "sender" in fields


def _unknown_change(
    config: MessengerConfig, field: str, change: Json, arrived: datetime
) -> Iterator[InboundEvent]:
    try:
        key = event_key("change", fingerprint(change))
    except RecursionError:
        return
    detail = {"fields": field}
    yield InboundEvent(CHANNEL, config.page_id, "", key, EventKind.IGNORED, arrived, detail=detail)
