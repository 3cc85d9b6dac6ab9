"""What Zalo accepts as a message, as far as docs/platforms.md says (A5, A6, A8). Pure.

Each check returns an error code, or 0 when there is nothing to object to. Where the contract leaves the
code open (more than five buttons, an overlong payload) -201 is used: callers may only rely on its being
permanent. Fields the contract does not name are refused, because a stand-in that shrugs hides mistakes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from connectors.sandbox.standin import Json, Upload, child, objects

TEXT_LIMIT = 2000  # platforms A5, [H]
PAYLOAD_LIMIT = 1000  # platforms A5, [H]
MAX_BUTTONS = 5  # platforms A5, [H]
MAX_LIST_ELEMENTS = 5  # platforms A5, [L]
INVALID_PARAMETER = -201
OVER_LIMIT = -210
UNSUPPORTED_TYPE = -233
ATTACHMENT_EXPIRED = -100
QUERY_BUTTONS = frozenset({"oa.query.show", "oa.query.hide"})
MEBIBYTE = 1024 * 1024


@dataclass(slots=True)
class ZaloRules:
    """What differs between sources or between days, switchable while the stand-in runs."""

    long_text_code: int = OVER_LIMIT
    """-210 or -201: sources differ (platforms F9)."""
    accepts_buttons: bool = True
    """Does v3 cs take the button template? No official page says so (platforms F5)."""
    accepts_lists: bool = True
    """Does v3 cs take the list template? (platforms F5)"""
    unsupported_template_code: int = UNSUPPORTED_TYPE
    button_title_limit: int = 100
    """35 or 100, [L]."""
    requires_proof: bool = False
    """Demand the `appsecret_proof` header; without it -242."""
    requests_per_minute: int = 4000
    """platforms A10, [M]."""
    paid_messages_left: int = 500
    """Messages between 48 h and 7 days after the last interaction; then -211."""
    uploads_left: int = 5000
    """platforms A6, [M]; per month."""
    broadcasts_per_month: int = 4
    """4 or 30, [L] (platforms A8)."""
    processing: set[str] = field(default_factory=set)
    """Articles that were made a moment ago: -214 until they are taken out of here."""
    sends_echo: bool = True
    sends_received: bool = True
    sends_seen: bool = True
    escapes_unicode: bool = False
    """Write webhook bodies with `\\u` escapes instead of raw UTF-8 (not documented which)."""


FindUpload = Callable[[str], "StoredUpload | None"]


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """A file the stand-in keeps for seven days."""

    kind: str
    """`image`, `gif` or `file`."""
    file: Upload
    expired: bool = False


def length(text: str) -> int:
    """Characters as the stand-in counts them: NFC code points (what Zalo counts is not documented)."""
    return len(unicodedata.normalize("NFC", text))


def check_message(message: Json, rules: ZaloRules, find_upload: FindUpload) -> int:
    """Check the `message` object of a consultation send."""
    if not message or set(message) - {"text", "attachment", "quote_message_id"}:
        return INVALID_PARAMETER
    has_attachment = "attachment" in message
    if "quote_message_id" in message and (has_attachment or "text" not in message):
        return INVALID_PARAMETER
    text = message.get("text", "" if has_attachment else None)
    if not isinstance(text, str) or (not has_attachment and not text.strip()):
        return INVALID_PARAMETER
    if length(text) > TEXT_LIMIT:
        return rules.long_text_code
    if not has_attachment:
        return 0
    return _check_attachment(message, rules, find_upload)


def _check_attachment(message: Json, rules: ZaloRules, find_upload: FindUpload) -> int:
    attachment = child(message, "attachment")
    payload = child(attachment, "payload")
    kind, template = attachment.get("type"), payload.get("template_type")
    # Words beside a bare file, a list or a request for details are not documented (platforms A5).
    if message.get("text") and template not in ("media", "button"):
        return INVALID_PARAMETER
    if kind == "file":
        return _check_uploaded(payload.get("token"), {"file"}, find_upload)
    if kind != "template":
        return INVALID_PARAMETER
    checks: dict[object, Callable[[], int]] = {
        "media": lambda: _check_media(payload, find_upload),
        "button": lambda: _check_button_template(payload, message.get("text"), rules),
        "list": lambda: _check_list_template(payload, rules),
        "request_user_info": lambda: _check_request_info(payload),
    }
    return checks.get(template, lambda: UNSUPPORTED_TYPE)()


def _check_uploaded(attachment_id: object, kinds: set[str], find_upload: FindUpload) -> int:
    stored = find_upload(attachment_id) if isinstance(attachment_id, str) else None
    if stored is None or stored.kind not in kinds:
        return INVALID_PARAMETER
    return ATTACHMENT_EXPIRED if stored.expired else 0


def _check_media(payload: Json, find_upload: FindUpload) -> int:
    elements = objects(payload.get("elements"))
    if len(elements) != 1:
        return INVALID_PARAMETER
    element = elements[0]
    kind = element.get("media_type")
    attachment_id, url = element.get("attachment_id"), element.get("url")
    if kind == "sticker":
        return 0 if isinstance(attachment_id, str) and attachment_id else INVALID_PARAMETER
    if kind not in ("image", "gif") or (attachment_id is None) == (url is None):
        return INVALID_PARAMETER
    if kind == "gif" and not all(_is_size(element.get(side)) for side in ("width", "height")):
        return INVALID_PARAMETER
    if url is not None:
        return 0 if is_web_address(url) else INVALID_PARAMETER
    return _check_uploaded(attachment_id, {str(kind)}, find_upload)


def _is_size(value: object) -> bool:
    return str(value).isdecimal() and int(str(value)) > 0


def is_web_address(value: object) -> bool:
    """Is it text that starts like a web address?"""
    return isinstance(value, str) and value.startswith(("http://", "https://"))


def _check_request_info(payload: Json) -> int:
    elements = objects(payload.get("elements"))
    if len(elements) != 1:
        return INVALID_PARAMETER
    filled = all(isinstance(elements[0].get(k), str) and elements[0][k] for k in ("title", "subtitle"))
    return 0 if filled and is_web_address(elements[0].get("image_url")) else INVALID_PARAMETER


def _check_button_template(payload: Json, words_beside: object, rules: ZaloRules) -> int:
    """The words may lie in the payload or beside the attachment: the one source does not say which."""
    if not rules.accepts_buttons:
        return rules.unsupported_template_code
    text = payload.get("text") or words_beside
    if not isinstance(text, str) or not text.strip():
        return INVALID_PARAMETER
    if length(text) > TEXT_LIMIT:
        return rules.long_text_code
    if not objects(payload.get("buttons")):
        return INVALID_PARAMETER
    return _check_buttons(payload.get("buttons"), rules)


def _check_list_template(payload: Json, rules: ZaloRules) -> int:
    if not rules.accepts_lists:
        return rules.unsupported_template_code
    elements = objects(payload.get("elements"))
    if not 1 <= len(elements) <= MAX_LIST_ELEMENTS or not elements[0].get("subtitle"):
        return INVALID_PARAMETER
    for element in elements:
        title, subtitle = element.get("title"), element.get("subtitle", "")
        if not isinstance(title, str) or not isinstance(subtitle, str) or not title:
            return INVALID_PARAMETER
        if length(title) > 100 or length(subtitle) > 500:  # platforms A5, [L]
            return INVALID_PARAMETER
        if "default_action" in element and not child(element, "default_action").get("type"):
            return INVALID_PARAMETER
    return _check_buttons(payload.get("buttons", []), rules)


def _check_buttons(value: object, rules: ZaloRules) -> int:
    buttons = objects(value)
    if not isinstance(value, list) or len(buttons) != len(value) or len(buttons) > MAX_BUTTONS:
        return INVALID_PARAMETER
    return next((code for button in buttons if (code := _check_button(button, rules))), 0)


def _check_button(button: Json, rules: ZaloRules) -> int:
    title, payload = button.get("title"), button.get("payload")
    if not isinstance(title, str) or not 1 <= length(title) <= rules.button_title_limit:
        return INVALID_PARAMETER
    kind = button.get("type")
    if kind in QUERY_BUTTONS:
        good = isinstance(payload, str) and 1 <= len(payload) <= PAYLOAD_LIMIT
    elif kind == "oa.open.url":
        good = is_web_address(child(payload).get("url"))
    elif kind == "oa.open.phone":
        good = isinstance(child(payload).get("phone_code"), str)
    elif kind == "oa.open.sms":
        good = all(isinstance(child(payload).get(k), str) for k in ("phone_code", "content"))
    else:
        good = False
    return 0 if good else INVALID_PARAMETER


_TARGET_CODES: Mapping[str, range] = {
    # platforms A8, [M].
    "gender": range(3),
    "ages": range(8),
    "locations": range(3),
    "cities": range(64),
    "platform": range(1, 4),
}


def check_broadcast(target: object, message: Json) -> int:
    """Check a broadcast: one article and nothing else, to a coarse target in codes that exist.

    Codes may come as numbers, as lists, or as text with commas between: documents and SDK differ.
    """
    if not isinstance(target, Mapping) or set(target) - set(_TARGET_CODES):
        return INVALID_PARAMETER
    for name, value in target.items():
        codes = value if isinstance(value, list) else str(value).split(",")
        if not codes or not all(str(c).isdecimal() and int(str(c)) in _TARGET_CODES[name] for c in codes):
            return INVALID_PARAMETER
    elements = objects(child(message, "attachment", "payload").get("elements"))
    if set(message) != {"attachment"} or len(elements) != 1:
        return INVALID_PARAMETER
    if child(message, "attachment", "payload").get("template_type") != "media":
        return INVALID_PARAMETER
    if elements[0].get("media_type") != "article" or not elements[0].get("attachment_id"):
        return INVALID_PARAMETER
    return 0


_UPLOAD_RULES: Mapping[str, tuple[frozenset[str], int, tuple[bytes, ...]]] = {
    # platforms A6: extensions [H], sizes [H]; the first bytes are how a real service would look.
    "image": (frozenset({"jpg", "jpeg", "png"}), MEBIBYTE, (b"\xff\xd8\xff", b"\x89PNG")),
    "gif": (frozenset({"gif"}), 5 * MEBIBYTE, (b"GIF8",)),
    "file": (frozenset({"pdf", "doc", "docx", "csv"}), 5 * MEBIBYTE, ()),
}


def check_upload(kind: str, file: Upload | None) -> int:
    """Check an uploaded file: it needs an extension, a fitting type, and a size within the limit."""
    extensions, limit, openings = _UPLOAD_RULES[kind]
    if file is None or "." not in file.name or file.name.rsplit(".", 1)[1].lower() not in extensions:
        return INVALID_PARAMETER
    if len(file.content) > limit:
        return OVER_LIMIT
    if not file.content or (openings and not file.content.startswith(openings)):
        return INVALID_PARAMETER
    return 0


def echo_kind(message: Json) -> str:
    """The `oa_send_<kind>` a message comes back as."""
    attachment = child(message, "attachment")
    if not attachment:
        return "text"
    if attachment.get("type") == "file":
        return "file"
    payload = child(attachment, "payload")
    if payload.get("template_type") == "media":
        return str(objects(payload.get("elements"))[0].get("media_type"))
    return "list" if payload.get("template_type") == "list" else "template"
