"""One Messenger event, as it stands in `messaging[]` or `standby[]`, in the house's words (platforms B4).

Pure and total: any JSON object gives an event or None (about nobody we serve). Keys are made of what stays
the same when Facebook delivers again (the message id), never of `entry.time` or of attachment addresses,
which change (platforms B3).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.message import ANSWERABLE, EventKind, InboundEvent
from connectors.messenger.attachments import read_attachments, sticker_id
from connectors.messenger.config import CHANNEL, PAGE_INBOX_APP_IDS
from connectors.messenger.untrusted import as_identifier, as_list, as_moment, as_object, as_text, not_ahead

GET_STARTED = "GET_STARTED"
"""Payload of the Get Started button; set by `profile`, read here as FOLLOW."""
STAMP_PREFIX = "kh:"
"""Opens the `metadata` of everything we send, so that its echo is known as ours."""
USER_REF_PREFIX = "user_ref:"
"""Before the user part of somebody known only by a plugin's reference, not by a page-scoped id."""

_LONGEST_KEY = 200
Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Frame:
    """What all readers need to know about the event they read from."""

    base: InboundEvent
    """Channel, account, user and time are set; kind is IGNORED."""
    app_id: str
    standby: bool
    clock: str
    """The event's own time stamp for keys, empty when it had none."""

    def event(self, kind: EventKind, key: str) -> InboundEvent:
        """The base event, of this kind and with this key."""
        return replace(self.base, kind=kind, key=key)


def event_key(*parts: str) -> str:
    """Join the parts of a key; a very long one is hashed so that every store can index it."""
    key = ":".join(parts)
    if len(key) <= _LONGEST_KEY:
        return key
    return f"{parts[0][:20]}:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def fingerprint(value: object) -> str:
    """A short stable name for any JSON value that has no id of its own."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def read_event(
    event: Json, *, page_id: str, app_id: str, standby: bool, arrived: datetime
) -> InboundEvent | None:
    """Read one messaging event. `arrived` (aware) stands in for a missing time stamp."""
    is_echo = as_object(event.get("message")).get("is_echo") is True
    sender, recipient = as_object(event.get("sender")), as_object(event.get("recipient"))
    page, person = (sender, recipient) if is_echo else (recipient, sender)
    if as_identifier(page.get("id")) not in {"", page_id}:
        return None
    at = as_moment(event.get("timestamp"))
    user = _user(person)
    base = InboundEvent(CHANNEL, page_id, user, "", EventKind.IGNORED, not_ahead(at, arrived))
    frame = Frame(base, app_id, standby, str(int(at.timestamp() * 1000)) if at else "")
    read = _ignored(frame, event) if user == page_id else _dispatch(frame, event)
    return _held_elsewhere(read) if standby else read


def _user(person: Json) -> str:
    if psid := as_identifier(person.get("id")):
        return psid
    reference = as_identifier(person.get("user_ref"))
    return f"{USER_REF_PREFIX}{reference}" if reference else ""


def _dispatch(frame: Frame, event: Json) -> InboundEvent:
    for name, (reader, needs_user) in _READERS.items():
        value = event.get(name)
        if isinstance(value, dict) and (frame.base.user or not needs_user):
            read = reader(frame, value)
            if read is not None:
                return read
    return _ignored(frame, event)


def _ignored(frame: Frame, event: Json) -> InboundEvent:
    kinds = sorted(as_text(name, 40) for name in event if name not in {"sender", "recipient", "timestamp"})
    ignored = frame.event(EventKind.IGNORED, event_key("ignored", fingerprint(event)))
    return replace(ignored, detail={"fields": ",".join(kinds)[:200]})


def _held_elsewhere(event: InboundEvent) -> InboundEvent:
    """Standby events are told to us while somebody else owns the thread: never to be answered."""
    if event.kind is EventKind.REACTION:
        return replace(event, kind=EventKind.IGNORED, key=event_key("standby", event.key))
    if event.kind not in ANSWERABLE:
        return event
    detail = {**event.detail, "reason": "standby"}
    return replace(
        event, kind=EventKind.CONTROL, payload="taken", key=event_key("standby", event.key), detail=detail
    )


def _read_message(frame: Frame, message: Json) -> InboundEvent | None:
    mid = as_identifier(message.get("mid"))
    if message.get("is_echo") is True:
        return _read_echo(frame, message, mid)
    if message.get("is_deleted") is True and mid:
        deleted = frame.event(EventKind.EDITED, event_key("deleted", mid))
        return replace(deleted, refers_to=(mid,), detail={"deleted": "yes"})
    text = as_text(message.get("text"))
    attachments = read_attachments(message)
    choice = as_text(as_object(message.get("quick_reply")).get("payload"))
    referral = _referral_detail(message.get("referral"))
    if choice:
        kind = EventKind.CHOICE
    elif attachments and not (text and all(a.kind == "link" for a in attachments)):
        kind = EventKind.ATTACHMENT
    elif text:
        kind = EventKind.TEXT  # also with a link: Messenger turns an address in the text into an attachment
    elif referral:
        kind = EventKind.REFERRAL
    else:
        return None
    quoted = as_identifier(as_object(message.get("reply_to")).get("mid"))
    sticker = sticker_id(message)
    return replace(
        frame.event(kind, _message_key(frame, mid, text, choice)),
        text=text,
        payload=referral.get("ref", "") if kind is EventKind.REFERRAL else choice,
        attachments=attachments,
        message_id=mid,
        refers_to=(quoted,) if quoted else (),
        detail={**referral, **({"sticker_id": sticker} if sticker else {})},
    )


def _message_key(frame: Frame, mid: str, *content: str) -> str:
    if mid:
        return event_key(mid)
    return event_key("message", frame.base.user, frame.clock, fingerprint(content))


def _read_echo(frame: Frame, message: Json, mid: str) -> InboundEvent:
    metadata = as_text(message.get("metadata"), 1000)
    app = as_identifier(message.get("app_id"))
    text = as_text(message.get("text"))
    is_stamped = metadata.startswith(STAMP_PREFIX)
    by_inbox = not app or app in PAGE_INBOX_APP_IDS
    is_ours = is_stamped or (app != "" and app == frame.app_id)
    kind = EventKind.HUMAN_ECHO if by_inbox and not is_ours else EventKind.OWN_ECHO
    return replace(
        frame.event(kind, _message_key(frame, mid, text, "echo")),
        text=text,
        attachments=read_attachments(message),
        message_id=mid,
        stamp=metadata.removeprefix(STAMP_PREFIX) if is_stamped else "",
        detail={"app_id": app} if app else {},
    )


def _read_postback(frame: Frame, postback: Json) -> InboundEvent | None:
    mid, title = as_identifier(postback.get("mid")), as_text(postback.get("title"), 200)
    payload = as_text(postback.get("payload"))
    referral = _referral_detail(postback.get("referral"))
    ref = referral.get("ref", "")
    if payload == GET_STARTED:
        kind = EventKind.REFERRAL if ref else EventKind.FOLLOW
    elif payload:
        kind = EventKind.CHOICE
    elif title:
        kind = EventKind.TEXT  # another tool's button: what it says is all we are told
    else:
        return None
    key = event_key(mid) if mid else event_key("postback", frame.base.user, frame.clock, payload)
    payload = ref if kind is EventKind.REFERRAL else payload
    return replace(frame.event(kind, key), text=title, payload=payload, message_id=mid, detail=referral)


def _referral_detail(value: object) -> dict[str, str]:
    referral = as_object(value)
    fields = {name: as_text(referral.get(name), 300) for name in ("ref", "source", "type")}
    fields["ad_id"] = as_identifier(referral.get("ad_id"))
    fields["post_id"] = as_identifier(as_object(referral.get("ads_context_data")).get("post_id"))
    return {name: found for name, found in fields.items() if found}


def _read_referral(frame: Frame, referral: Json) -> InboundEvent | None:
    detail = _referral_detail(referral)
    if not detail:
        return None
    key = event_key("referral", frame.base.user, frame.clock, fingerprint(detail))
    return replace(frame.event(EventKind.REFERRAL, key), payload=detail.get("ref", ""), detail=detail)


def _read_optin(frame: Frame, optin: Json) -> InboundEvent | None:
    ref = as_text(optin.get("ref"), 300)
    if not ref:
        return None  # notification tokens ended on 2026-02-10 (platforms B7)
    user = frame.base.user
    reference = as_identifier(optin.get("user_ref"))
    if not user and reference:
        user = f"{USER_REF_PREFIX}{reference}"
    if not user:
        return None
    referral = frame.event(EventKind.REFERRAL, event_key("optin", user, frame.clock, fingerprint(ref)))
    return replace(referral, user=user, payload=ref, detail={"ref": ref, "source": "OPTIN"})


def _read_delivery(frame: Frame, delivery: Json) -> InboundEvent:
    found = (as_identifier(mid) for mid in as_list(delivery.get("mids"))[:1000])
    mids = tuple(mid for mid in found if mid)
    names = (fingerprint(mids),) if mids else ()
    return replace(_up_to(frame, EventKind.DELIVERED, delivery, *names), refers_to=mids)


def _read_seen(frame: Frame, read: Json) -> InboundEvent:
    return _up_to(frame, EventKind.SEEN, read)


def _up_to(frame: Frame, kind: EventKind, receipt: Json, *names: str) -> InboundEvent:
    watermark = as_moment(receipt.get("watermark"))
    mark = str(int(watermark.timestamp() * 1000)) if watermark else frame.clock
    event = frame.event(kind, event_key(kind.value, frame.base.user, mark, *names))
    return replace(event, sent_at=not_ahead(watermark, frame.base.sent_at))


def _read_reaction(frame: Frame, reaction: Json) -> InboundEvent:
    mid = as_identifier(reaction.get("mid"))
    taken_back = reaction.get("action") == "unreact"
    emoji = as_text(reaction.get("emoji"), 20) or as_text(reaction.get("reaction"), 20)
    key = event_key("reaction", frame.base.user, mid, frame.clock, "" if taken_back else fingerprint(emoji))
    return replace(
        frame.event(EventKind.REACTION, key),
        text="" if taken_back else emoji,
        refers_to=(mid,) if mid else (),
    )


def _read_edit(frame: Frame, edit: Json) -> InboundEvent | None:
    mid, text = as_identifier(edit.get("mid")), as_text(edit.get("text"))
    if not mid:
        return None
    count = as_identifier(edit.get("num_edit")) or fingerprint(text)
    return replace(frame.event(EventKind.EDITED, event_key("edit", mid, count)), text=text, refers_to=(mid,))


def _read_handover(frame: Frame, control: Json) -> InboundEvent:
    """Who owns the thread now? Without our app id, all but the Page Inbox and standby means us."""
    owner = as_identifier(control.get("new_owner_app_id"))
    previous = as_identifier(control.get("previous_owner_app_id"))
    if frame.app_id and owner:
        is_ours = owner == frame.app_id
    else:
        is_ours = bool(owner) and owner not in PAGE_INBOX_APP_IDS and not frame.standby
    payload = "returned" if is_ours else "taken"
    key = event_key("control", frame.base.user, frame.clock, previous, owner)
    detail = {"owner_app_id": owner, "previous_app_id": previous}
    return replace(
        frame.event(EventKind.CONTROL, key),
        payload=payload,
        detail={name: found for name, found in detail.items() if found},
    )


def _read_policy(frame: Frame, policy: Json) -> InboundEvent:
    detail = {name: as_text(policy.get(name), 500) for name in ("action", "reason")}
    detail["source"] = "policy_enforcement"
    key = event_key("policy_enforcement", frame.clock, fingerprint(detail))
    return replace(frame.event(EventKind.NOTICE, key), user="", detail=detail)


def _read_app_roles(frame: Frame, roles: Json) -> InboundEvent:
    names = ",".join(as_identifier(app) for app in roles)[:200]
    key = event_key("app_roles", frame.clock, fingerprint(roles))
    return replace(frame.event(EventKind.NOTICE, key), user="", detail={"source": "app_roles", "apps": names})


_Reader = Callable[[Frame, Json], InboundEvent | None]

_READERS: Mapping[str, tuple[_Reader, bool]] = {
    "message": (_read_message, True),
    "postback": (_read_postback, True),
    "referral": (_read_referral, True),
    "delivery": (_read_delivery, True),
    "read": (_read_seen, True),
    "reaction": (_read_reaction, True),
    "message_edit": (_read_edit, True),
    "optin": (_read_optin, False),
    "pass_thread_control": (_read_handover, True),
    "take_thread_control": (_read_handover, True),
    "policy_enforcement": (_read_policy, False),
    "app_roles": (_read_app_roles, False),
}
"""Field of an event, who reads it, and whether it means anything without a person."""

READ_FIELDS = tuple(_READERS)
"""Every field of an event this connector understands."""
