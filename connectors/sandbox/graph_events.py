"""Meta's webhook events for a page, one builder per kind (platforms B4, B5).

A builder gives one messaging event or one feed change; `page`, `entry` and `feed_entry` wrap them.
Messaging times are milliseconds, feed times seconds, as on the real wire. Posting is `webhooks`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.sandbox.clock import to_ms

Event = dict[str, object]

PAGE_INBOX_APP = "263902037430900"  # platforms B4: Conversation Routing page
PAGE_INBOX_APP_MISPRINT = "26390203743090"  # platforms F12: the echoes page; accept both


@dataclass(frozen=True, slots=True)
class GraphEvents:
    """Writes events of one page for one app."""

    page_id: str
    app_id: str

    # -- wrapping -----------------------------------------------------------------------------------
    def page(self, entries: Sequence[Mapping[str, object]], *, of: str = "page") -> Event:
        """The body of one POST; several entries are allowed."""
        return {"object": of, "entry": list(entries)}

    def entry(
        self, messaging: Sequence[Mapping[str, object]], at: datetime, *, standby: bool = False
    ) -> Event:
        """Messaging events; under `standby` when another app owns the thread."""
        return {"id": self.page_id, "time": to_ms(at), "standby" if standby else "messaging": list(messaging)}

    def feed_entry(self, values: Sequence[Mapping[str, object]], at: datetime) -> Event:
        """Feed changes; times in seconds."""
        changes = [{"field": "feed", "value": dict(value)} for value in values]
        return {"id": self.page_id, "time": int(at.timestamp()), "changes": changes}

    def wrapped_in_changes(self, event: Mapping[str, object], at: datetime) -> Event:
        """A messaging event inside `changes[]`, as one reference page and the Test button print it."""
        field = "messaging_postbacks" if "postback" in event else "messages"
        change = {"field": field, "value": dict(event)}
        return {"id": self.page_id, "time": to_ms(at), "changes": [change]}

    # -- from a person ------------------------------------------------------------------------------
    def text(
        self,
        user: str,
        text: str,
        mid: str,
        at: datetime,
        *,
        quick_reply: str | None = None,
        reply_to: str = "",
        referral: Mapping[str, object] | None = None,
    ) -> Event:
        """A message with words; `quick_reply` is the payload of a pressed quick reply."""
        message: Event = {"mid": mid, "text": text}
        if quick_reply is not None:
            message["quick_reply"] = {"payload": quick_reply}
        if reply_to:
            message["reply_to"] = {"mid": reply_to, "is_self_reply": False}
        if referral is not None:
            message["referral"] = dict(referral)
        return self._from_user(user, {"message": message}, at)

    def attachment(
        self,
        user: str,
        kind: str,
        mid: str,
        at: datetime,
        *,
        payload: Mapping[str, object] | None = None,
        text: str = "",
    ) -> Event:
        """image, audio, video, file, sticker, location, reel … `fallback` may have no payload at all."""
        attached: Event = {"type": kind}
        if payload is not None:
            attached["payload"] = dict(payload)
        message: Event = {"mid": mid, "attachments": [attached]}
        if text:
            message["text"] = text
        return self._from_user(user, {"message": message}, at)

    def image(self, user: str, url: str, mid: str, at: datetime) -> Event:
        """A picture."""
        return self.attachment(user, "image", mid, at, payload={"url": url})

    def sticker(self, user: str, mid: str, at: datetime, *, sticker_id: int = 369239263222822) -> Event:
        """A sticker (since 2026-08-30 of type `sticker`); the default is the thumbs-up."""
        payload = {"url": "https://cdn.example/s.png", "sticker_id": sticker_id}
        return self.attachment(user, "sticker", mid, at, payload=payload)

    def location(self, user: str, latitude: float, longitude: float, mid: str, at: datetime) -> Event:
        """A place: coordinates are numbers."""
        payload = {"coordinates": {"lat": latitude, "long": longitude}}
        return self.attachment(user, "location", mid, at, payload=payload)

    def deleted(self, user: str, mid: str, at: datetime) -> Event:
        """A message the person took back."""
        return self._from_user(user, {"message": {"mid": mid, "is_deleted": True}}, at)

    def edited(self, user: str, mid: str, text: str, at: datetime, *, times: int = 1) -> Event:
        """A message the person changed."""
        return self._from_user(user, {"message_edit": {"mid": mid, "text": text, "num_edit": times}}, at)

    def postback(
        self, user: str, payload: str, title: str, mid: str, at: datetime, *, ref: str = ""
    ) -> Event:
        """A pressed button, menu item, ice breaker or Get Started (then with `ref` if a link led here)."""
        postback: Event = {"mid": mid, "title": title, "payload": payload}
        if ref:
            postback["referral"] = {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
        return self._from_user(user, {"postback": postback}, at)

    def referral(self, user: str, ref: str, at: datetime, *, in_seconds: bool = False) -> Event:
        """An m.me link into a conversation that exists; sometimes stamped in seconds."""
        referral = {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
        event = self._from_user(user, {"referral": referral}, at)
        return event | {"timestamp": int(at.timestamp())} if in_seconds else event

    def reaction(self, user: str, mid: str, at: datetime, *, removed: bool = False) -> Event:
        """An emoji put on a message, or taken off."""
        action = "unreact" if removed else "react"
        reaction = {"reaction": "love", "emoji": "\u2764\ufe0f", "action": action, "mid": mid}
        return self._from_user(user, {"reaction": reaction}, at)

    def optin(self, user: str, ref: str, at: datetime) -> Event:
        """The checkbox or send-to-Messenger plugin."""
        return self._from_user(user, {"optin": {"ref": ref}}, at)

    def delivery(self, user: str, watermark: datetime, at: datetime, *, mids: Sequence[str] = ()) -> Event:
        """Delivered up to `watermark`; the ids are only sometimes there."""
        delivery: Event = {"watermark": to_ms(watermark)}
        if mids:
            delivery["mids"] = list(mids)
        return self._from_user(user, {"delivery": delivery}, at)

    def read(self, user: str, watermark: datetime, at: datetime) -> Event:
        """Read up to `watermark`; never with ids."""
        return self._from_user(user, {"read": {"watermark": to_ms(watermark)}}, at)

    # -- from the page ------------------------------------------------------------------------------
    def echo(
        self, user: str, message: Mapping[str, object], mid: str, at: datetime, *, app_id: str | None
    ) -> Event:
        """What the page sent. `app_id` tells who: our app, the Page Inbox, another tool, or nobody says."""
        echoed: Event = {"is_echo": True}
        if app_id is not None:
            echoed["app_id"] = int(app_id)
        echoed |= {"mid": mid, **message}
        event: Event = {"sender": {"id": self.page_id}, "recipient": {"id": user}}
        return event | {"timestamp": to_ms(at), "message": echoed}

    # -- thread control -----------------------------------------------------------------------------
    def thread_passed(self, user: str, previous: str, new: str, at: datetime) -> Event:
        """pass_thread_control: `new` owns the thread now."""
        control = {"previous_owner_app_id": previous, "new_owner_app_id": new, "metadata": ""}
        return self._from_user(user, {"pass_thread_control": control}, at)

    def thread_taken(self, user: str, previous: str, new: str, at: datetime) -> Event:
        """take_thread_control: taken from `previous`."""
        control = {"previous_owner_app_id": previous, "new_owner_app_id": new, "metadata": ""}
        return self._from_user(user, {"take_thread_control": control}, at)

    def thread_requested(self, user: str, by: str, at: datetime) -> Event:
        """request_thread_control: another app would like the thread."""
        control = {"requested_owner_app_id": by, "metadata": ""}
        return self._from_user(user, {"request_thread_control": control}, at)

    # -- about the page itself ----------------------------------------------------------------------
    def policy_enforcement(self, action: str, reason: str, at: datetime) -> Event:
        """Meta warns, blocks or unblocks the page. There is no sender."""
        enforcement = {"action": action, "reason": reason}
        event: Event = {"recipient": {"id": self.page_id}, "timestamp": to_ms(at)}
        return event | {"policy_enforcement": enforcement}

    def self_test(self, at: datetime) -> Event:
        """The documentation's own test body, whose `message` is text and not an object."""
        event: Event = {"sender": {"id": "12345"}, "recipient": {"id": self.page_id}}
        return event | {"timestamp": to_ms(at), "message": "TEST_MESSAGE"}

    # -- comments -----------------------------------------------------------------------------------
    def comment(
        self,
        comment_id: str,
        post_id: str,
        author: tuple[str, str],
        text: str,
        at: datetime,
        *,
        parent_id: str = "",
        verb: str = "add",
    ) -> Event:
        """A feed change for a comment. `author` is (id, name); that id is not a PSID."""
        created = int(at.timestamp())
        post = {
            "id": post_id,
            "status_type": "added_photos",
            "is_published": True,
            "updated_time": at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "permalink_url": f"https://www.facebook.example/{post_id}",
            "promotion_status": "inactive",
        }
        value: Event = {"item": "comment", "verb": verb, "comment_id": comment_id, "post_id": post_id}
        value |= {"parent_id": parent_id or post_id, "from": {"id": author[0], "name": author[1]}}
        value |= {"created_time": created, "post": post}
        return value if verb == "remove" else value | {"message": text, "published": True}

    def feed_item(self, item: str, verb: str, author: tuple[str, str], post_id: str, at: datetime) -> Event:
        """Any other change on the page's wall: post, status, reaction, share …"""
        value: Event = {"item": item, "verb": verb, "post_id": post_id, "created_time": int(at.timestamp())}
        return value | {"from": {"id": author[0], "name": author[1]}}

    def _from_user(self, user: str, fields: Mapping[str, object], at: datetime) -> Event:
        event: Event = {"sender": {"id": user}, "recipient": {"id": self.page_id}, "timestamp": to_ms(at)}
        return event | dict(fields)
