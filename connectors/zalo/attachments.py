"""What came along with a Zalo message, in our words (platforms A3).

Total: odd shapes give fewer details, never an exception. A business card's phone number belongs to somebody
who is not in this conversation: it is recognised and not kept.
"""

from __future__ import annotations

from connectors.message import Attachment
from connectors.zalo.wire import Json, degrees, label, mapping, size, web_address

_KINDS = frozenset({"image", "gif", "audio", "video", "sticker", "location", "file", "link"})
_MAX_ATTACHMENTS = 20


def read_attachments(event_name: str, message: Json) -> tuple[Attachment, ...]:
    """The attachments of one message; at least one, because the event's name says that there is one."""
    listed = message.get("attachments")
    named = event_name.rpartition("_send_")[2]
    if named == "business_card":
        return (Attachment("contact"),)
    found = listed[:_MAX_ATTACHMENTS] if isinstance(listed, list) else []
    known = tuple(_read(mapping(item)) for item in found if isinstance(item, dict))
    return known or (Attachment(named if named in _KINDS else "other"),)


def _read(item: Json) -> Attachment:
    kind, payload = item.get("type"), mapping(item.get("payload"))
    if not isinstance(kind, str) or kind not in _KINDS:
        return Attachment("other")
    if kind == "link" and _is_business_card(payload):
        return Attachment("contact")
    if kind == "location":
        place = mapping(payload.get("coordinates"))
        return Attachment(
            kind, latitude=degrees(place.get("latitude"), 90), longitude=degrees(place.get("longitude"), 180)
        )
    return Attachment(
        kind,
        url=web_address(payload.get("url")),
        name=label(payload.get("name") or payload.get("description")),
        size_bytes=size(payload.get("size")),
    )


def _is_business_card(payload: Json) -> bool:
    """A card is a link whose description is a JSON text with a phone number (platforms A3 [M])."""
    description = payload.get("description")
    return isinstance(description, str) and description.lstrip().startswith("{") and '"phone"' in description
