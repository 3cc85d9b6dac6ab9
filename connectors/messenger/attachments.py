"""What a person may attach to a Messenger message, in the house's words (platforms B4)."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.message import Attachment
from connectors.messenger.untrusted import as_address, as_identifier, as_list, as_number, as_object, as_text

_MOST = 30
"""Attachments kept of one message; the app lets people pick fewer."""
_PLAIN_KINDS = frozenset({"image", "audio", "video", "file"})


def sticker_id(message: Mapping[str, object]) -> str:
    """The sticker in a message, in the shape before or after 30 August 2026; empty if none."""
    for value in as_list(message.get("attachments")):
        payload = as_object(as_object(value).get("payload"))
        if found := as_identifier(payload.get("sticker_id")):
            return found
    return as_identifier(message.get("sticker_id"))


def read_attachments(message: Mapping[str, object]) -> tuple[Attachment, ...]:
    """Everything attached, unknown kinds as `other`; the old double shape of a sticker counts once."""
    read = [_read(as_object(value)) for value in as_list(message.get("attachments"))[:_MOST]]
    return tuple(dict.fromkeys(attachment for attachment in read if attachment is not None))


def _read(value: Mapping[str, object]) -> Attachment | None:
    kind = as_text(value.get("type"), 40)
    if not kind:
        return None
    payload = as_object(value.get("payload"))  # absent or null in a `fallback`
    url = as_address(payload.get("url")) or as_address(value.get("url"))
    name = as_text(payload.get("title") or value.get("title"), 200)
    if kind == "sticker" or payload.get("sticker_id"):
        return Attachment("sticker", url)
    if kind == "location":
        return _location(payload, url, name)
    if kind in _PLAIN_KINDS:
        return Attachment(kind, url, name)
    return Attachment("link" if url else "other", url, name)


def _location(payload: Mapping[str, object], url: str, name: str) -> Attachment:
    coordinates = as_object(payload.get("coordinates"))
    latitude, longitude = as_number(coordinates.get("lat")), as_number(coordinates.get("long"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return Attachment("location", url, name)
    return Attachment("location", url, name, latitude=latitude, longitude=longitude)
