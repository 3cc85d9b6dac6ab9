"""What the Send API accepts, as far as docs/platforms.md says (B6 to B8). Pure.

Every check gives a GraphError or None. Where the contract names no subcode, none is given.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from connectors.sandbox.standin import Json, Upload, child, objects

TEXT_LIMIT = 2000  # platforms B6, [H]
METADATA_LIMIT = 1000  # platforms B6, [H]: less than
MAX_QUICK_REPLIES = 13  # platforms B6, [H]
TITLE_LIMIT = 20  # platforms B6: buttons [H], quick replies [M]
PAYLOAD_LIMIT = 1000  # platforms B6
BUTTON_TEXT_LIMIT = 640  # platforms B6, [H]
MAX_BUTTONS = 3  # platforms B6, [H]
MAX_ELEMENTS = 10  # platforms B6, [H]
ELEMENT_TEXT_LIMIT = 80  # platforms B6, [H]
MAX_IMAGE_BYTES, MAX_FILE_BYTES = 8 * 1024 * 1024, 25 * 1024 * 1024  # platforms B6, [H]
STANDARD_WINDOW = timedelta(hours=24)  # platforms B7, [H]
HUMAN_AGENT_WINDOW = timedelta(days=7)  # platforms B7, [H]
DEAD_TAGS = frozenset({"CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"})  # B7, [H]
MESSAGING_TYPES = frozenset({"RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"})
SENDER_ACTIONS = frozenset({"typing_on", "typing_off", "mark_seen", "react", "unreact"})
MEDIA_TYPES = frozenset({"image", "audio", "video", "file"})


@dataclass(frozen=True, slots=True)
class GraphError:
    """Code and subcode as in platforms B10; the text is for reading only."""

    code: int
    subcode: int = 0
    text: str = "Invalid parameter"


@dataclass(slots=True)
class GraphRules:
    """What differs between sources or between days, switchable while the stand-in runs."""

    echo_first: bool = False
    """Post the echo before the send is answered (platforms D, echo)."""
    sends_echo: bool = True
    sends_delivery: bool = True
    sends_read: bool = True
    mids_in_every_nth_delivery: int = 2
    """1: always with `mids`; 2: every second delivery; 0: never."""
    human_agent_permitted: bool = True
    human_agent_refusal_code: int = 10
    """Unknown (platforms F15)."""
    page_restricted: bool = False
    """10/1893063 for every send."""
    rate_limit_code: int = 613
    """4 or 613."""
    calls_per_second: int = 300
    """platforms B9, [H]."""
    rejects_long_quick_reply_titles: bool = True
    """False: they are cut at 20 characters instead (platforms E)."""
    counts_utf16: bool = False
    """Count 2000 in UTF-16 units rather than code points (platforms E)."""
    requires_proof: bool = False
    already_replied_code: int = 10900
    reply_too_late_code: int = 10901
    not_replyable_code: int = 10902
    refuses_repeated_comments: bool = True
    """506 for the same public words twice in a row below one post (how wide Meta looks is not known)."""
    profiles_hidden: bool = False
    """Reading a person's profile gives 2018218."""
    inbox_takes_thread: bool = False
    """Does an officer's answer in the Page Inbox also take the thread away from the bot?"""


@dataclass(frozen=True, slots=True)
class StoredAttachment:
    """A file kept for 90 days, or an address somebody else keeps."""

    kind: str
    file: Upload | None
    url: str = ""
    expired: bool = False


FindAttachment = Callable[[str], StoredAttachment | None]


def error(text: str = "Invalid parameter", subcode: int = 0) -> GraphError:
    """Code 100, the usual refusal."""
    return GraphError(100, subcode, text)


def length(text: str, rules: GraphRules) -> int:
    """Characters of NFC text, in code points or UTF-16 units."""
    composed = unicodedata.normalize("NFC", text)
    return len(composed.encode("utf-16-le", "surrogatepass")) // 2 if rules.counts_utf16 else len(composed)


_MARK = re.compile(r"\{\{(\w+)\}\}")


def check_utility(message: Json, approved: Mapping[str, str], languages: frozenset[str]) -> GraphError | None:
    """Check a utility message (platforms B7): an approved template and exactly the parameters it wants.

    `approved`: name to wording with `{{1}}` or `{{name}}` marks. The refusals are all 100: no source tells
    them apart.
    """
    template = child(message, "template")
    if set(message) - {"template", "metadata"} or not template:
        return error("A utility message is a template and nothing else")
    wording = approved.get(str(template.get("name")))
    if wording is None:
        return error("Template is not approved")
    if child(template, "language").get("code") not in languages:
        return error("Template has no such language")
    marks = list(dict.fromkeys(_MARK.findall(wording)))
    bodies = [one for one in objects(template.get("components")) if one.get("type") == "body"]
    given = objects(bodies[0].get("parameters")) if bodies else []
    if len(given) != len(marks) or any(
        one.get("type") != "text" or not isinstance(one.get("text"), str) or not one["text"] for one in given
    ):
        return error("INCORRECT_PARAMS: count or kind")
    named = [] if all(mark.isdecimal() for mark in marks) else marks
    if [one.get("parameter_name") for one in given if "parameter_name" in one] != named:
        return error("INCORRECT_PARAMS: names")
    return None


def utility_text(message: Json, approved: Mapping[str, str]) -> str:
    """What the person reads of a utility message that passed."""
    template = child(message, "template")
    wording = approved[str(template["name"])]
    bodies = [one for one in objects(template.get("components")) if one.get("type") == "body"]
    given = objects(bodies[0].get("parameters")) if bodies else []
    marks = list(dict.fromkeys(_MARK.findall(wording)))
    marks = sorted(marks, key=int) if all(mark.isdecimal() for mark in marks) else marks
    values = {mark: str(one["text"]) for mark, one in zip(marks, given, strict=True)}
    return _MARK.sub(lambda mark: values[mark[1]], wording)


def check_message(
    message: Json, rules: GraphRules, find: FindAttachment, file: Upload | None
) -> GraphError | None:
    """Check the `message` object of a send; `file` is what came with it as multipart."""
    has_text, has_attachment = "text" in message, "attachment" in message
    if has_text == has_attachment:
        return error("Message must have either text or an attachment")
    metadata = message.get("metadata", "")
    if not isinstance(metadata, str) or len(metadata) >= METADATA_LIMIT:
        return error("Length of param message[metadata] must be less than 1000")
    if problem := check_quick_replies(message.get("quick_replies", []), rules):
        return problem
    if has_attachment:
        return _check_attachment(child(message, "attachment"), rules, find, file)
    return _check_text(message["text"], rules)


def _check_text(text: object, rules: GraphRules) -> GraphError | None:
    if not isinstance(text, str) or not text:
        return error("Param message[text] must be a non-empty UTF-8 encoded string")
    if length(text, rules) > TEXT_LIMIT:
        return error("Length of param message[text] must be less than or equal to 2000")
    return None


def check_quick_replies(value: object, rules: GraphRules) -> GraphError | None:
    """At most 13, each with a kind; a text one with title and payload."""
    replies = objects(value)
    if not isinstance(value, list) or len(replies) != len(value) or len(replies) > MAX_QUICK_REPLIES:
        return error("Too many quick replies, or not a list of objects")
    for reply in replies:
        kind = reply.get("content_type")
        if kind in ("user_phone_number", "user_email"):
            continue
        title, payload = reply.get("title"), reply.get("payload")
        if kind != "text" or not isinstance(title, str) or not title or not _is_payload(payload):
            return error("Quick reply needs content_type, title and payload")
        if rules.rejects_long_quick_reply_titles and length(title, rules) > TITLE_LIMIT:
            return error("Quick reply title is too long")
    return None


def _is_payload(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= PAYLOAD_LIMIT


def _is_web_address(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://"))


def _check_attachment(
    attachment: Json, rules: GraphRules, find: FindAttachment, file: Upload | None
) -> GraphError | None:
    kind, payload = attachment.get("type"), child(attachment, "payload")
    if kind == "template":
        return _check_template(payload, rules, find)
    if kind not in MEDIA_TYPES:
        return error("Unknown attachment type", 2018047)
    return check_media(str(kind), payload, find, file)


def check_media(kind: str, payload: Json, find: FindAttachment, file: Upload | None) -> GraphError | None:
    """A file by id, by address, or sent along."""
    if (attachment_id := payload.get("attachment_id")) is not None:
        return _check_attachment_id(attachment_id, find)
    if file is not None:
        return check_size(kind, file)
    return None if _is_web_address(payload.get("url")) else error("Attachment has no url and no id", 2018047)


def check_size(kind: str, file: Upload) -> GraphError | None:
    """Images up to 8 MB, others up to 25 MB."""
    limit = MAX_IMAGE_BYTES if kind == "image" else MAX_FILE_BYTES
    return error("Attachment size exceeds allowable limit", 2018109) if len(file.content) > limit else None


def _check_attachment_id(attachment_id: object, find: FindAttachment) -> GraphError | None:
    stored = find(attachment_id) if isinstance(attachment_id, str) else None
    if stored is None or stored.expired:
        return error("Attachment id is not ours or has expired", 2018074)
    return None


def _check_template(payload: Json, rules: GraphRules, find: FindAttachment) -> GraphError | None:
    kind = payload.get("template_type")
    if kind == "button":
        text = payload.get("text")
        if not isinstance(text, str) or not 1 <= length(text, rules) <= BUTTON_TEXT_LIMIT:
            return error("Button template text must have 1 to 640 characters")
        return check_buttons(payload.get("buttons"), rules, fewest=1)
    if kind == "generic":
        return _check_generic(payload, rules)
    if kind == "media":
        return _check_media_template(payload, rules, find)
    if kind == "customer_feedback":
        return None
    return error(f"Template type {kind!r} is not known to the stand-in")


def _check_generic(payload: Json, rules: GraphRules) -> GraphError | None:
    elements = objects(payload.get("elements"))
    if not 1 <= len(elements) <= MAX_ELEMENTS:
        return error("Generic template needs 1 to 10 elements")
    return next((problem for element in elements if (problem := _check_element(element, rules))), None)


def _check_element(element: Json, rules: GraphRules) -> GraphError | None:
    title, subtitle = element.get("title"), element.get("subtitle", "")
    if not isinstance(title, str) or not 1 <= length(title, rules) <= ELEMENT_TEXT_LIMIT:
        return error("Element title must have 1 to 80 characters")
    if not isinstance(subtitle, str) or length(subtitle, rules) > ELEMENT_TEXT_LIMIT:
        return error("Element subtitle is longer than 80 characters")
    if not any(element.get(k) for k in ("subtitle", "image_url", "default_action", "buttons")):
        return error("Element needs something besides its title")
    if element.get("image_url") and not _is_web_address(element["image_url"]):
        return error("Element image_url is no address")
    return check_buttons(element["buttons"], rules, fewest=1) if "buttons" in element else None


def _check_media_template(payload: Json, rules: GraphRules, find: FindAttachment) -> GraphError | None:
    elements = objects(payload.get("elements"))
    if len(elements) != 1 or elements[0].get("media_type") not in ("image", "video"):
        return error("Media template needs one image or video")
    if problem := check_media(str(elements[0]["media_type"]), elements[0], find, None):
        return problem
    return check_buttons(elements[0].get("buttons", []), rules, fewest=0)


def check_buttons(
    value: object, rules: GraphRules, *, fewest: int, most: int = MAX_BUTTONS
) -> GraphError | None:
    """One to three buttons of the kinds the platform knows."""
    buttons = objects(value)
    if not isinstance(value, list) or len(buttons) != len(value) or not fewest <= len(buttons) <= most:
        return error("Wrong number of buttons")
    return next((problem for button in buttons if (problem := _check_button(button, rules))), None)


def _check_button(button: Json, rules: GraphRules) -> GraphError | None:
    kind, title = button.get("type"), button.get("title")
    if kind in ("account_link", "account_unlink"):
        return None
    if not isinstance(title, str) or not 1 <= length(title, rules) <= TITLE_LIMIT:
        return error("Button title must have 1 to 20 characters")
    good: Mapping[object, bool] = {
        "web_url": _is_web_address(button.get("url")),
        "postback": _is_payload(button.get("payload")),
        "phone_number": str(button.get("payload", "")).startswith("+"),
        "game_play": True,
    }
    return None if good.get(kind, False) else error(f"Button of type {kind!r} is not complete")


def check_profile(profile: Json, current: Json, rules: GraphRules) -> GraphError | None:
    """The messenger profile (platforms B8). `current` is what is set already."""
    known = {"get_started", "greeting", "ice_breakers", "persistent_menu", "commands", "whitelisted_domains"}
    if not profile or set(profile) - known - {"access_token"}:
        return error("Unknown profile property")
    if "get_started" in profile and not _is_payload(child(profile, "get_started").get("payload")):
        return error("get_started needs a payload")
    for greeting in objects(profile.get("greeting")):
        if not greeting.get("locale") or not isinstance(greeting.get("text"), str):
            return error("greeting needs locale and text")
    for group in objects(profile.get("ice_breakers")):
        questions = objects(group.get("call_to_actions"))
        complete = all(q.get("question") and _is_payload(q.get("payload")) for q in questions)
        if not 1 <= len(questions) <= 4 or not complete:
            return error("ice_breakers: 1 to 4 questions with payloads")
    return _check_menu(profile, current, rules)


def _check_menu(profile: Json, current: Json, rules: GraphRules) -> GraphError | None:
    menus = objects(profile.get("persistent_menu"))
    if menus and "get_started" not in {**current, **profile}:
        return error("persistent_menu needs get_started")
    for menu in menus:
        items = objects(menu.get("call_to_actions"))
        if not 1 <= len(items) <= 20:
            return error("persistent_menu: 1 to 20 items")
        for item in items:
            title = item.get("title")
            good_title = isinstance(title, str) and 1 <= length(title, rules) <= 30
            is_link = item.get("type") == "web_url" and _is_web_address(item.get("url"))
            is_press = item.get("type") == "postback" and _is_payload(item.get("payload"))
            if not good_title or not (is_link or is_press):
                return error("persistent_menu: title of 1 to 30 characters, web_url or postback")
    return None
