"""What each Zalo event means, in our words (platforms A3).

Pure and total: every envelope gives one event, or None when it belongs to another Official Account. What is
unknown, incomplete or a console sample becomes IGNORED, without a person and without content, so that nothing
is answered and nothing is lost. Nothing an OA itself sent may ever become an answerable event.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from connectors.message import EventKind, InboundEvent
from connectors.zalo.attachments import read_attachments
from connectors.zalo.recipient import anonymous_user
from connectors.zalo.wire import Json, identifier, label, mapping, moment, words

_log = structlog.get_logger(__name__)

_NAME = re.compile(r"[A-Za-z0-9_.]{1,64}")
_MAX_RECEIPTS = 200
_TAKEN_BACK = "/-remove"
"""The reaction icon that clears a reaction (platforms A5 [H])."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One verified delivery, with what is needed to name and place its event."""

    body: Json
    oa_id: str
    timestamp: str
    digest: str
    """Of the raw body: names an event that has no better identity. A redelivery has the same body (A1)."""
    server: str
    """Header X-ZEvent-Server: `ZNS` marks template messages, whose recipient is a phone number."""
    received_at: datetime

    @property
    def name(self) -> str:
        name = self.body.get("event_name")
        return name if isinstance(name, str) and _NAME.fullmatch(name) else "unknown"

    @property
    def message(self) -> Json:
        return mapping(self.body.get("message"))

    def party(self, side: str) -> str:
        """The id below `sender`, `recipient` or `follower`."""
        return identifier(mapping(self.body.get(side)).get("id"))

    def is_elsewhere(self, oa_id: str) -> bool:
        """Is this a real OA id, but not ours?"""
        return oa_id not in {"", self.oa_id}

    def key(self, subject: str) -> str:
        """Identity of an event that is not a message: name, subject and timestamp (platforms A1 [M])."""
        stamp = self.timestamp if self.timestamp.isdigit() else self.digest
        return f"{self.name}:{subject or self.digest}:{stamp}"

    def event(self, happening: Happening) -> InboundEvent:
        return InboundEvent(
            channel="zalo",
            account=self.oa_id,
            user=happening.user,
            key=happening.key or self.key(happening.user),
            kind=happening.kind,
            sent_at=moment(self.body.get("timestamp"), self.received_at),
            text=happening.text,
            attachments=read_attachments(self.name, self.message) if happening.with_attachments else (),
            message_id=happening.message_id,
            refers_to=tuple(happening.refers_to),
            detail=happening.detail,
        )

    def ignored(self, reason: str) -> InboundEvent:
        return self.event(Happening(EventKind.IGNORED, detail={"event": self.name, "reason": reason}))


@dataclass(frozen=True, slots=True)
class Happening:
    """The part of an event that its reader decides."""

    kind: EventKind
    user: str = ""
    key: str = ""
    text: str = ""
    message_id: str = ""
    refers_to: Sequence[str] = ()
    detail: Mapping[str, str] = field(default_factory=dict)
    with_attachments: bool = False


def read_event(envelope: Envelope) -> InboundEvent | None:
    """The event in this envelope; None when another OA's."""
    return _READERS.get(envelope.name, _unknown)(envelope)


def _unknown(envelope: Envelope) -> InboundEvent:
    return envelope.ignored("unknown kind")


def _nothing_for_us(envelope: Envelope) -> InboundEvent:
    return envelope.ignored("nothing for us")


def _message_identity(envelope: Envelope, user: str) -> tuple[str, str] | None:
    """Message id and event key; None when the id is there but is not one (a console sample)."""
    given = envelope.message.get("msg_id")
    if given in (None, ""):
        return "", envelope.key(user)
    message_id = identifier(given)
    return (message_id, message_id) if message_id else None


def _user_message(envelope: Envelope) -> InboundEvent | None:
    user, oa_id = envelope.party("sender"), envelope.party("recipient")
    if user == envelope.oa_id:
        return envelope.ignored("sent by the OA itself")
    if envelope.is_elsewhere(oa_id):
        return None
    return _from_person(envelope, user if oa_id else "")


def _anonymous_message(envelope: Envelope) -> InboundEvent | None:
    sender = mapping(envelope.body.get("sender"))
    oa_id = envelope.party("recipient")
    if envelope.is_elsewhere(oa_id):
        return None
    anonymous_id = identifier(sender.get("anonymous_id")) or identifier(sender.get("id"))
    conversation_id = identifier(envelope.message.get("conversation_id"))
    if not (oa_id and anonymous_id and conversation_id) or anonymous_id == envelope.oa_id:
        return envelope.ignored("incomplete")
    return _from_person(envelope, anonymous_user(anonymous_id, conversation_id))


def _from_person(envelope: Envelope, user: str) -> InboundEvent:
    identity = _message_identity(envelope, user)
    if not user or identity is None:
        return envelope.ignored("incomplete")
    message_id, key = identity
    text = words(envelope.message.get("text"))
    is_text = envelope.name.endswith("_text")
    if is_text and not text:
        return envelope.ignored("no text")
    quoted = identifier(envelope.message.get("quote_msg_id"))
    return envelope.event(
        Happening(
            EventKind.TEXT if is_text else EventKind.ATTACHMENT,
            user,
            key,
            text,
            message_id,
            refers_to=[quoted] if quoted else (),
            with_attachments=not is_text,
        )
    )


def _echo(envelope: Envelope) -> InboundEvent | None:
    """Something the OA sent. `admin_id` is there only when a person typed it (platforms A3 [M])."""
    sender = mapping(envelope.body.get("sender"))
    if envelope.is_elsewhere(envelope.party("sender")):
        return None
    user = envelope.party("recipient")
    if "_anonymous_" in envelope.name:
        conversation_id = identifier(envelope.message.get("conversation_id"))
        user = anonymous_user(user, conversation_id) if user and conversation_id else ""
    identity = _message_identity(envelope, user)
    if not user or identity is None or envelope.party("sender") != envelope.oa_id:
        return envelope.ignored("incomplete")
    message_id, key = identity
    admin = label(sender.get("admin_id"))
    return envelope.event(
        Happening(
            EventKind.HUMAN_ECHO if admin else EventKind.OWN_ECHO,
            user,
            key,
            words(envelope.message.get("text")),
            message_id,
            refers_to=[message_id] if message_id else (),
            detail={"admin_id": admin} if admin else {},
            with_attachments=not envelope.name.endswith("_text"),
        )
    )


def _is_template_receipt(envelope: Envelope) -> bool:
    """Template messages go to phone numbers, which must not become user ids (platforms A1, A9 [M])."""
    return envelope.server.strip().upper() == "ZNS" or "tracking_id" in envelope.message


def _receipt(envelope: Envelope) -> InboundEvent | None:
    if envelope.is_elsewhere(envelope.party("sender")):
        return None
    message = envelope.message
    given = message.get("msg_ids")
    listed = given[:_MAX_RECEIPTS] if isinstance(given, list) else [message.get("msg_id")]
    message_ids = [known for known in map(identifier, listed) if known]
    if _is_template_receipt(envelope):
        key = envelope.key(":".join(message_ids[:1]))
        return envelope.event(Happening(EventKind.NOTICE, key=key, detail={"event": envelope.name}))
    user = envelope.party("recipient")
    if not (user and message_ids):
        return envelope.ignored("incomplete")
    kind = EventKind.SEEN if envelope.name == "user_seen_message" else EventKind.DELIVERED
    key = envelope.key(f"{user}:{message_ids[0]}")
    return envelope.event(Happening(kind, user, key, refers_to=message_ids))


def _reaction(envelope: Envelope) -> InboundEvent | None:
    user = envelope.party("sender")
    if envelope.is_elsewhere(envelope.party("recipient")):
        return None
    message_id = identifier(envelope.message.get("msg_id"))
    if not (user and message_id) or user == envelope.oa_id:
        return envelope.ignored("incomplete")
    icon = label(envelope.message.get("react_icon"))
    return envelope.event(
        Happening(
            EventKind.REACTION,
            user,
            envelope.key(f"{user}:{message_id}"),
            "" if icon == _TAKEN_BACK else icon,
            refers_to=[message_id],
        )
    )


def _subject(envelope: Envelope) -> str:
    """The person a management event is about. These have no sender or recipient (platforms A3 [H])."""
    return (
        envelope.party("follower")
        or identifier(envelope.body.get("user_id"))
        or envelope.party("user")
        or envelope.party("sender")
    )


def _flat_oa(envelope: Envelope) -> str:
    return identifier(envelope.body.get("oa_id")) or envelope.party("recipient")


def _following(kind: EventKind) -> Callable[[Envelope], InboundEvent | None]:
    def read(envelope: Envelope) -> InboundEvent | None:
        if envelope.is_elsewhere(_flat_oa(envelope)):
            return None
        user = _subject(envelope)
        if not user or user == envelope.oa_id or not _flat_oa(envelope):
            return envelope.ignored("incomplete")
        source = label(envelope.body.get("source")) or (
            "chat_now" if envelope.name == "user_click_chatnow" else ""
        )
        return envelope.event(Happening(kind, user, detail={"source": source} if source else {}))

    return read


def _withdrawal(envelope: Envelope) -> InboundEvent | None:
    """A demand to delete must be honoured even when its shape is unusual (platforms A3 [M])."""
    if envelope.is_elsewhere(identifier(envelope.body.get("oa_id"))):
        return None
    user = next(
        (one for one in (_subject(envelope), envelope.party("recipient")) if one != envelope.oa_id), ""
    )
    if user:
        return envelope.event(Happening(EventKind.WITHDRAWN, user))
    _log.error("zalo_withdrawal_without_user")
    detail = {"event": envelope.name, "user_id_by_app": identifier(envelope.body.get("user_id_by_app"))}
    return envelope.event(Happening(EventKind.NOTICE, detail=detail))


_CONTACT_FIELDS = {
    "name": "name",
    "phone": "phone",
    "user_dob": "birthday",
    "gender": "gender",
    "address": "address",
    "ward": "ward",
    "district": "district",
    "city": "city",
    "user_address": "address",
    "user_ward": "ward",
    "user_district": "district",
    "user_city": "city",
}
"""Zalo's names, old and new (platforms A3 [M]), to ours."""


def _contact(envelope: Envelope) -> InboundEvent | None:
    user = envelope.party("sender")
    if envelope.is_elsewhere(envelope.party("recipient")):
        return None
    info = mapping(envelope.body.get("info"))
    full_address = info.get("full_address")
    fields = {**info, **mapping(full_address)}
    if isinstance(full_address, str):
        fields["address"] = full_address
    detail = {
        ours: label(fields[theirs])
        for theirs, ours in _CONTACT_FIELDS.items()
        if theirs in fields and label(fields[theirs])
    }
    if not (user and detail) or user == envelope.oa_id:
        return envelope.ignored("incomplete")
    return envelope.event(Happening(EventKind.CONTACT, user, detail=detail))


def _notice(envelope: Envelope) -> InboundEvent | None:
    """The platform tells the operator something. Only short, flat facts are kept, no phone number."""
    if envelope.is_elsewhere(_flat_oa(envelope)):
        return None
    hidden = {"app_id", "oa_id", "timestamp", "event_name", "user_id_by_app"}
    facts = {
        key: label(value)
        for key, value in list(envelope.body.items())[:20]
        if key not in hidden and "phone" not in key.lower() and _NAME.fullmatch(key) and label(value)
    }
    return envelope.event(Happening(EventKind.NOTICE, detail={**facts, "event": envelope.name}))


_READERS: Mapping[str, Callable[[Envelope], InboundEvent | None]] = {
    **{
        f"user_send_{what}": _user_message
        for what in (
            *("text", "image", "gif", "link", "business_card", "audio"),
            *("video", "sticker", "location", "file"),
        )
    },
    **{f"anonymous_send_{what}": _anonymous_message for what in ("text", "image", "file", "sticker")},
    **{
        f"oa_send_{what}": _echo
        for what in ("text", "image", "gif", "list", "file", "sticker", "template", "link", "audio", "video")
    },
    **{f"oa_send_anonymous_{what}": _echo for what in ("text", "image", "file", "sticker")},
    "user_received_message": _receipt,
    "user_seen_message": _receipt,
    "user_reacted_message": _reaction,
    "follow": _following(EventKind.FOLLOW),
    "user_click_chatnow": _following(EventKind.FOLLOW),
    "unfollow": _following(EventKind.UNFOLLOW),
    "user_submit_info": _contact,
    "user_withdraw": _withdrawal,
    **dict.fromkeys(
        ("change_template_status", "change_template_quality", "change_oa_daily_quota", "extension_purchased"),
        _notice,
    ),
    **dict.fromkeys(
        (
            *("oa_reacted_message", "add_user_to_tag", "remove_user_from_tag", "remove_tag"),
            *("update_user_info", "oa_send_consent", "user_reply_consent", "user_call_oa", "create_group"),
            *("widget_interaction_accepted", "widget_failed_to_sync_user_external_id"),
            *("user_feedback", "user_click_response_button"),
        ),
        _nothing_for_us,
    ),
}
"""Known names. Group chats (`user_send_group_*`), journeys and tomorrow's events fall to `_unknown`."""
