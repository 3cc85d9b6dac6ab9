"""Zalo's webhook bodies and what each must become: one row per event kind of platforms A3.

The shape is the platform-neutral one: a name that is a sentence, the raw payload, the events expected.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.message import Attachment, EventKind, InboundEvent

APP, OA, USER, BY_APP = "1234567890123456789", "388613280878808645", "2512523625412515", "552177279717587730"
STAMP = "1767225600123"
AT = datetime(2026, 1, 1, 0, 0, 0, 123000, tzinfo=UTC)
MSG = "96d3cdf3af150460909"
IMAGE = {"thumbnail": "https://f.example/t.jpg", "url": "https://f.example/o.jpg"}


@dataclass(frozen=True)
class Case:
    """One delivery and the events it must give."""

    name: str
    payload: dict[str, Any]
    events: tuple[InboundEvent, ...]


def event(kind: EventKind, key: str = MSG, **fields: Any) -> InboundEvent:
    """An expected event of our OA and the usual person."""
    usual: dict[str, Any] = {"channel": "zalo", "account": OA, "user": USER, "sent_at": AT}
    return InboundEvent(key=key, kind=kind, **(usual | fields))


def from_user(name: str, message: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A body of a person writing to our OA."""
    return {
        "app_id": APP,
        "sender": {"id": USER},
        "user_id_by_app": BY_APP,
        "recipient": {"id": OA},
        "event_name": name,
        "message": {"msg_id": MSG} | message,
        "timestamp": STAMP,
    } | more


def from_oa(name: str, message: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A body about something our OA sent."""
    return from_user(name, message, sender={"id": OA}, recipient={"id": USER}) | more


def about(name: str, **more: Any) -> dict[str, Any]:
    """A management event: flat, without sender and recipient."""
    return {"app_id": APP, "oa_id": OA, "event_name": name, "timestamp": STAMP} | more


def attached(kind: str, payload: Any, **more: Any) -> dict[str, Any]:
    """A message with one attachment."""
    return {"attachments": [{"type": kind, "payload": payload}]} | more


def attachment_case(name: str, event_name: str, kind: str, payload: Any, expected: Attachment) -> Case:
    """A person sends one attachment and nothing else."""
    return Case(
        name,
        from_user(event_name, attached(kind, payload)),
        (event(EventKind.ATTACHMENT, message_id=MSG, attachments=(expected,)),),
    )


def ignored(case_name: str, payload: dict[str, Any]) -> Case:
    """Understood to be nothing for us; the key and the reason are looked at elsewhere."""
    return Case(case_name, payload, ())


MESSAGES = [
    Case(
        "text is text",
        from_user("user_send_text", {"text": "Xin chào, còn hàng không?"}),
        (event(EventKind.TEXT, text="Xin chào, còn hàng không?", message_id=MSG),),
    ),
    Case(
        "a pressed button is text equal to its payload",
        from_user("user_send_text", {"text": "assessment:start"}),
        (event(EventKind.TEXT, text="assessment:start", message_id=MSG),),
    ),
    Case(
        "a quotation names the quoted message",
        from_user("user_send_text", {"text": "cái này", "quote_msg_id": "96d3cdf3af150460001"}),
        (event(EventKind.TEXT, text="cái này", message_id=MSG, refers_to=("96d3cdf3af150460001",)),),
    ),
    Case(
        "a picture may carry text",
        from_user("user_send_image", attached("image", IMAGE, text="mẫu này nè")),
        (
            event(
                EventKind.ATTACHMENT,
                text="mẫu này nè",
                message_id=MSG,
                attachments=(Attachment("image", IMAGE["url"]),),
            ),
        ),
    ),
    attachment_case("a gif", "user_send_gif", "gif", IMAGE, Attachment("gif", IMAGE["url"])),
    attachment_case(
        "a link has a title",
        "user_send_link",
        "link",
        {"thumbnail": "", "description": "Trang của Hội", "url": "https://hoi.example/a"},
        Attachment("link", "https://hoi.example/a", "Trang của Hội"),
    ),
    attachment_case(
        "a business card loses its phone number",
        "user_send_link",
        "link",
        {
            "description": '{"phone":"84901234567","qrCodeUrl":"https://q.example"}',
            "url": "https://q.example",
        },
        Attachment("contact"),
    ),
    attachment_case(
        "a business card under its own name",
        "user_send_business_card",
        "link",
        {"description": "{}", "url": "https://q.example"},
        Attachment("contact"),
    ),
    attachment_case(
        "sound",
        "user_send_audio",
        "audio",
        {"url": "https://f.example/a.amr"},
        Attachment("audio", "https://f.example/a.amr"),
    ),
    attachment_case(
        "video",
        "user_send_video",
        "video",
        {"thumbnail": "", "description": "clip", "url": "https://f.example/v.mp4"},
        Attachment("video", "https://f.example/v.mp4", "clip"),
    ),
    attachment_case(
        "a sticker",
        "user_send_sticker",
        "sticker",
        {"id": "9f", "url": "https://f.example/s"},
        Attachment("sticker", "https://f.example/s"),
    ),
    attachment_case(
        "a place comes as text",
        "user_send_location",
        "location",
        {"coordinates": {"latitude": "10.7626", "longitude": "106.6602"}},
        Attachment("location", latitude=10.7626, longitude=106.6602),
    ),
    attachment_case(
        "a place that is nowhere",
        "user_send_location",
        "location",
        {"coordinates": {"latitude": "nan", "longitude": "1e400"}},
        Attachment("location"),
    ),
    attachment_case(
        "a file with its size as text",
        "user_send_file",
        "file",
        {"url": "https://f.example/d", "size": "1024", "name": "Báo cáo.pdf", "checksum": "x", "type": "pdf"},
        Attachment("file", "https://f.example/d", "Báo cáo.pdf", 1024),
    ),
    attachment_case(
        "a file with its size as a number",
        "user_send_file",
        "file",
        {"url": "https://f.example/d", "size": 1024, "name": "a.pdf"},
        Attachment("file", "https://f.example/d", "a.pdf", 1024),
    ),
    attachment_case(
        "a dangerous address is not kept",
        "user_send_link",
        "link",
        {"description": "bấm đi", "url": "javascript:alert(1)"},
        Attachment("link", "", "bấm đi"),
    ),
    Case(
        "a picture whose attachment is missing is still a picture",
        from_user("user_send_image", {"attachments": "không phải danh sách"}),
        (event(EventKind.ATTACHMENT, message_id=MSG, attachments=(Attachment("image"),)),),
    ),
    Case(
        "an anonymous visitor is named by both ids",
        from_user("anonymous_send_text", {"text": "chào", "conversation_id": "c77"}, sender={"id": "a55"}),
        (event(EventKind.TEXT, user="anon:a55:c77", text="chào", message_id=MSG),),
    ),
    Case(
        "a message without id is named by person and time",
        from_user("user_send_text", {"text": "chào", "msg_id": None}),
        (event(EventKind.TEXT, f"user_send_text:{USER}:{STAMP}", text="chào"),),
    ),
    Case(
        "ids as numbers are taken as text",
        from_user(
            "user_send_text", {"text": "chào", "msg_id": 77}, sender={"id": int(USER)}, timestamp=int(STAMP)
        ),
        (event(EventKind.TEXT, "77", text="chào", message_id="77"),),
    ),
]

ECHOES = [
    Case(
        "what a person typed in the OA's inbox is a human echo",
        from_oa("oa_send_text", {"text": "Dạ em đây ạ"}, sender={"id": OA, "admin_id": "7711223344556677"}),
        (
            event(
                EventKind.HUMAN_ECHO,
                text="Dạ em đây ạ",
                message_id=MSG,
                refers_to=(MSG,),
                detail={"admin_id": "7711223344556677"},
            ),
        ),
    ),
    Case(
        "what was sent by API is our own echo",
        from_oa("oa_send_text", {"text": "Bạn gõ số nhé"}),
        (event(EventKind.OWN_ECHO, text="Bạn gõ số nhé", message_id=MSG, refers_to=(MSG,)),),
    ),
    Case(
        "a picture of ours is an echo with a picture",
        from_oa("oa_send_image", attached("image", IMAGE)),
        (
            event(
                EventKind.OWN_ECHO,
                message_id=MSG,
                refers_to=(MSG,),
                attachments=(Attachment("image", IMAGE["url"]),),
            ),
        ),
    ),
    Case(
        "an answer to an anonymous visitor",
        from_oa("oa_send_anonymous_text", {"text": "dạ", "conversation_id": "c77"}, recipient={"id": "a55"}),
        (event(EventKind.OWN_ECHO, user="anon:a55:c77", text="dạ", message_id=MSG, refers_to=(MSG,)),),
    ),
]

RECEIPTS = [
    Case(
        "delivered",
        from_oa("user_received_message", {}),
        (event(EventKind.DELIVERED, f"user_received_message:{USER}:{MSG}:{STAMP}", refers_to=(MSG,)),),
    ),
    Case(
        "seen, several at once",
        from_oa("user_seen_message", {"msg_id": None, "msg_ids": [MSG, "b2", {"c": 3}]}),
        (event(EventKind.SEEN, f"user_seen_message:{USER}:{MSG}:{STAMP}", refers_to=(MSG, "b2")),),
    ),
    Case(
        "a reaction",
        from_user("user_reacted_message", {"react_icon": "/-heart"}),
        (
            event(
                EventKind.REACTION,
                f"user_reacted_message:{USER}:{MSG}:{STAMP}",
                text="/-heart",
                refers_to=(MSG,),
            ),
        ),
    ),
    Case(
        "a reaction taken back",
        from_user("user_reacted_message", {"react_icon": "/-remove"}),
        (event(EventKind.REACTION, f"user_reacted_message:{USER}:{MSG}:{STAMP}", refers_to=(MSG,)),),
    ),
    Case(
        "a template's receipt does not make a phone number a person",
        from_oa("user_received_message", {"tracking_id": "t1"}, recipient={"id": "84901234567"}),
        (
            event(
                EventKind.NOTICE,
                f"user_received_message:{MSG}:{STAMP}",
                user="",
                detail={"event": "user_received_message"},
            ),
        ),
    ),
]

MANAGEMENT = [
    Case(
        "follow",
        about("follow", follower={"id": USER}, source="oa_profile", user_id_by_app=BY_APP),
        (event(EventKind.FOLLOW, f"follow:{USER}:{STAMP}", detail={"source": "oa_profile"}),),
    ),
    Case(
        "unfollow",
        about("unfollow", follower={"id": USER}),
        (event(EventKind.UNFOLLOW, f"unfollow:{USER}:{STAMP}"),),
    ),
    Case(
        "pressing chat now opens the conversation",
        about("user_click_chatnow", user_id=USER),
        (event(EventKind.FOLLOW, f"user_click_chatnow:{USER}:{STAMP}", detail={"source": "chat_now"}),),
    ),
    Case(
        "contact details, new shape",
        from_user(
            "user_submit_info",
            {},
            info={
                "name": "Nguyễn Văn A",
                "phone": "84901234567",
                "user_dob": "",
                "gender": "",
                "full_address": {"user_city": "TP.HCM", "user_ward": "Bến Nghé", "user_address": "1 Lê Duẩn"},
            },
        ),
        (
            event(
                EventKind.CONTACT,
                f"user_submit_info:{USER}:{STAMP}",
                detail={
                    "name": "Nguyễn Văn A",
                    "phone": "84901234567",
                    "address": "1 Lê Duẩn",
                    "ward": "Bến Nghé",
                    "city": "TP.HCM",
                },
            ),
        ),
    ),
    Case(
        "contact details, old shape with a number",
        from_user(
            "user_submit_info",
            {},
            info={
                "name": "A",
                "phone": 84901234567,
                "address": "1 LD",
                "city": "HCM",
                "district": "1",
                "ward": "2",
            },
        ),
        (
            event(
                EventKind.CONTACT,
                f"user_submit_info:{USER}:{STAMP}",
                detail={
                    "name": "A",
                    "phone": "84901234567",
                    "address": "1 LD",
                    "ward": "2",
                    "district": "1",
                    "city": "HCM",
                },
            ),
        ),
    ),
    Case(
        "a withdrawal, flat",
        about("user_withdraw", user_id=USER),
        (event(EventKind.WITHDRAWN, f"user_withdraw:{USER}:{STAMP}"),),
    ),
    Case(
        "a withdrawal seen from the OA",
        {k: v for k, v in from_oa("user_withdraw", {}).items() if k != "message"},
        (event(EventKind.WITHDRAWN, f"user_withdraw:{USER}:{STAMP}"),),
    ),
    Case(
        "a template's state is a notice",
        about(
            "change_template_status", template_id=12345, status={"new": "x"}, reason="ok", phone="84901234567"
        ),
        (),
    ),
]

ANOTHER_OA = [
    ignored(
        "a message to another OA of the app",
        from_user("user_send_text", {"text": "a"}, recipient={"id": "999"}),
    ),
    ignored("an echo of another OA", from_oa("oa_send_text", {"text": "a"}, sender={"id": "999"})),
    ignored("a follower of another OA", about("follow", oa_id="999", follower={"id": USER})),
    ignored(
        "a receipt of another OA", from_oa("user_seen_message", {"msg_ids": [MSG]}, sender={"id": "999"})
    ),
    ignored("a withdrawal at another OA", about("user_withdraw", oa_id="999", user_id=USER)),
    ignored("an event of another app", from_user("user_send_text", {"text": "a"}, app_id="42")),
]
"""Accepted, so that Zalo keeps the webhook on, and left out."""

IGNORED = [
    ignored("tomorrow's event", about("user_waved", user_id=USER)),
    ignored("no event name", {"timestamp": STAMP}),
    ignored("an event name that is a list", about(["follow"])),  # type: ignore[arg-type]
    ignored("a group message", from_user("user_send_group_text", {"text": "chào nhóm"})),
    ignored("a message of the OA in a group", from_oa("oa_send_group_text", {"text": "chào nhóm"})),
    ignored("a tag", about("add_user_to_tag", tag={"user_ids": [USER], "name": "vip"})),
    ignored("a changed note", about("update_user_info", user_id=USER)),
    ignored("a call", about("user_call_oa", user_id=USER)),
    ignored("a consent", about("user_reply_consent", user_id=USER)),
    ignored("a widget", about("widget_interaction_accepted", user_id=USER)),
    ignored("a template's button", from_user("user_click_response_button", {"text": "x"})),
    ignored("the OA writing to itself", from_user("user_send_text", {"text": "a"}, sender={"id": OA})),
    ignored("the OA following itself", about("follow", follower={"id": OA})),
    ignored("text that is a list", from_user("user_send_text", {"text": ["a"]})),
    ignored("text of control characters", from_user("user_send_text", {"text": "\x00\x01"})),
    ignored("text without a message", from_user("user_send_text", {}) | {"message": "hello"}),
    ignored("a sender that is a list", from_user("user_send_text", {"text": "a"}, sender=["x"])),
    ignored("a follower without id", about("follow", follower={})),
    ignored("a receipt about nothing", from_oa("user_seen_message", {"msg_id": None, "msg_ids": []})),
    ignored(
        "the console's sample",
        from_user(
            "user_send_text",
            {"text": "This is message text", "msg_id": "This is message id"},
            sender={"id": "This is user id"},
            recipient={"id": "This is oa id"},
        ),
    ),
    ignored(
        "the console's sample of an echo",
        from_oa(
            "oa_send_image",
            {
                "msg_id": "This is message id",
                "attachments": [{"type": "image", "payload": {"url": "url_to_image"}}],
            },
        ),
    ),
    ignored(
        "an anonymous visitor without a conversation",
        from_user("anonymous_send_text", {"text": "a"}, sender={"id": "a55"}),
    ),
]
"""One IGNORED event without a person and without content."""
