"""A posted message: from hostile bytes to one InboundEvent.

Everything here may be forged by whoever posts it, the payload of a press included; the assistant must
treat a payload as it treats text. Nothing here touches the store.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aiohttp import web

from bot.web.problem import empty_text, malformed, not_json, too_large, too_long
from connectors.message import ConversationId, EventKind, InboundEvent, clean_text

BODY_LIMIT = 64 * 1024
"""Bytes of a request body that are read."""
TEXT_LIMIT = 2000
"""Characters a citizen may send at once: the same as on Zalo and Messenger (platforms A, C)."""
PAYLOAD_LIMIT = 1000
LABEL_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Submission:
    """What the page posted, checked."""

    client_id: str
    """The page's own id of this message, the same on every resend. Canonical UUID."""
    text: str
    """What was typed, or the label of what was pressed."""
    payload: str = ""
    """What was pressed; empty for typed text."""

    def event(self, conversation: ConversationId, at: datetime) -> InboundEvent:
        """The event to store. Its key is the same for every resend by the same visitor."""
        key = f"{conversation.user}:{self.client_id}"
        return InboundEvent(
            channel=conversation.channel,
            account=conversation.account,
            user=conversation.user,
            key=key,
            kind=EventKind.CHOICE if self.payload else EventKind.TEXT,
            sent_at=at,
            text=self.text,
            payload=self.payload,
            message_id=key,
        )


async def read_submission(request: web.Request) -> Submission:
    """Read and check the body. Raises ChatError with the status that fits."""
    return parse_submission(await _read_body(request))


def parse_submission(body: bytes) -> Submission:
    """Check `{client_id, text}` or `{client_id, payload, label}`. Unknown fields are passed over."""
    try:
        content = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise malformed() from error
    if not isinstance(content, dict):
        raise malformed()
    client_id = _uuid(content.get("client_id"))
    text, payload = content.get("text"), content.get("payload")
    if isinstance(payload, str) and text is None:
        return _press(client_id, payload, content.get("label"))
    if isinstance(text, str) and payload is None:
        return _typed(client_id, text)
    raise malformed()


def _typed(client_id: str, text: str) -> Submission:
    cleaned = clean_text(text)
    if not cleaned:
        raise empty_text()
    if len(cleaned) > TEXT_LIMIT:
        raise too_long(TEXT_LIMIT)
    return Submission(client_id, cleaned)


def _press(client_id: str, payload: str, label: object) -> Submission:
    cleaned = clean_text(payload)
    if not cleaned or len(cleaned) > PAYLOAD_LIMIT or not isinstance(label, str):
        raise malformed()
    return Submission(client_id, clean_text(label)[:LABEL_LIMIT], cleaned)


def _uuid(value: object) -> str:
    # UUID() also reads braces and urn: forms, which would give one message several spellings.
    if not isinstance(value, str) or len(value) != 36:
        raise malformed()
    try:
        return str(UUID(value))
    except ValueError as error:
        raise malformed() from error


async def _read_body(request: web.Request) -> bytes:
    # Only a page of an allowed origin can send this type without the browser asking us first.
    if request.content_type != "application/json":
        raise not_json()
    if (request.content_length or 0) > BODY_LIMIT:
        raise too_large()
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise too_large()
    return bytes(body)
