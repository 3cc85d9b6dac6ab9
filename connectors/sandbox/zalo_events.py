"""Zalo's webhook events, one builder per kind (platforms A3). Ids and timestamps are text throughout.

Builders only write JSON; posting and signing are `webhooks`. They also write the odd ones: the console's
test samples, the old address shape, an event name nobody knows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.sandbox.clock import to_ms

Event = dict[str, object]


@dataclass(frozen=True, slots=True)
class ZaloEvents:
    """Writes events of one OA for one app."""

    app_id: str
    oa_id: str

    def user_id_by_app(self, user: str) -> str:
        """The app's own id for a person: stable, and different from the OA's."""
        return str(int(hashlib.sha256(f"{self.app_id}:{user}".encode()).hexdigest()[:14], 16))

    # -- from a person ------------------------------------------------------------------------------
    def text(self, user: str, text: str, msg_id: str, at: datetime, *, quote: str = "") -> Event:
        """user_send_text; a press on an `oa.query.*` button arrives exactly like this."""
        message: Event = {"text": text, "msg_id": msg_id}
        if quote:
            message["quote_msg_id"] = quote
        return self._from_user("user_send_text", user, message, at)

    def image(self, user: str, url: str, msg_id: str, at: datetime, *, text: str = "") -> Event:
        """user_send_image, with words beside it if given."""
        message = _attached(msg_id, "image", {"thumbnail": url, "url": url}, text)
        return self._from_user("user_send_image", user, message, at)

    def gif(self, user: str, url: str, msg_id: str, at: datetime) -> Event:
        """user_send_gif (listed in the console, no current page: platforms A3, [L])."""
        return self._from_user(
            "user_send_gif", user, _attached(msg_id, "gif", {"thumbnail": url, "url": url}), at
        )

    def link(self, user: str, url: str, description: str, msg_id: str, at: datetime) -> Event:
        """user_send_link."""
        payload = {"thumbnail": "https://cdn.example/t.jpg", "description": description, "url": url}
        return self._from_user("user_send_link", user, _attached(msg_id, "link", payload), at)

    def business_card(self, user: str, phone: str, msg_id: str, at: datetime) -> Event:
        """user_send_business_card: a link whose description is a JSON string."""
        description = json.dumps({"phone": phone, "qrCodeUrl": "https://cdn.example/qr.png"})
        payload = {"thumbnail": "", "description": description, "url": "https://cdn.example/card"}
        return self._from_user("user_send_business_card", user, _attached(msg_id, "link", payload), at)

    def audio(self, user: str, url: str, msg_id: str, at: datetime) -> Event:
        """user_send_audio."""
        return self._from_user("user_send_audio", user, _attached(msg_id, "audio", {"url": url}), at)

    def video(self, user: str, url: str, msg_id: str, at: datetime) -> Event:
        """user_send_video."""
        payload = {"thumbnail": url, "description": "", "url": url}
        return self._from_user("user_send_video", user, _attached(msg_id, "video", payload), at)

    def sticker(self, user: str, sticker: str, msg_id: str, at: datetime) -> Event:
        """user_send_sticker."""
        payload = {"id": sticker, "url": f"https://cdn.example/sticker/{sticker}.png"}
        return self._from_user("user_send_sticker", user, _attached(msg_id, "sticker", payload), at)

    def location(self, user: str, latitude: str, longitude: str, msg_id: str, at: datetime) -> Event:
        """user_send_location: coordinates are text."""
        payload = {"coordinates": {"latitude": latitude, "longitude": longitude}}
        return self._from_user("user_send_location", user, _attached(msg_id, "location", payload), at)

    def file(self, user: str, name: str, size: str | int, msg_id: str, at: datetime) -> Event:
        """user_send_file: `size` comes as text or as a number."""
        checksum = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
        kind = name.rsplit(".", 1)[-1]
        payload = {
            "url": f"https://cdn.example/{checksum}",
            "size": size,
            "name": name,
            "checksum": checksum,
            "type": kind,
        }
        return self._from_user("user_send_file", user, _attached(msg_id, "file", payload), at)

    def submit_info(self, user: str, info: Mapping[str, object], at: datetime) -> Event:
        """user_submit_info with today's `full_address` shape, or whatever `info` is."""
        return self._envelope("user_submit_info", user, self.oa_id, user, {"info": dict(info)}, at)

    def reacted(self, user: str, msg_id: str, icon: str, at: datetime) -> Event:
        """user_reacted_message."""
        return self._from_user("user_reacted_message", user, {"msg_id": msg_id, "react_icon": icon}, at)

    def anonymous(self, user: str, conversation: str, text: str, msg_id: str, at: datetime) -> Event:
        """anonymous_send_text: somebody without a Zalo account, known by a conversation id."""
        message: Event = {"text": text, "msg_id": msg_id, "conversation_id": conversation}
        return self._from_user("anonymous_send_text", user, message, at)

    # -- from the OA --------------------------------------------------------------------------------
    def oa_send(
        self, kind: str, user: str, message: Mapping[str, object], at: datetime, *, admin_id: str = ""
    ) -> Event:
        """oa_send_<kind>: the echo of every message of the OA; `admin_id` only when a person typed it."""
        event = self._from_oa(f"oa_send_{kind}", user, message, at)
        if admin_id:
            event["sender"] = {"id": self.oa_id, "admin_id": admin_id}
        return event

    def received(self, user: str, msg_id: str, at: datetime) -> Event:
        """user_received_message."""
        return self._from_oa("user_received_message", user, {"msg_id": msg_id}, at)

    def seen(self, user: str, msg_ids: Sequence[str], at: datetime) -> Event:
        """user_seen_message: a list of ids."""
        return self._from_oa("user_seen_message", user, {"msg_ids": list(msg_ids)}, at)

    def oa_reacted(self, user: str, msg_id: str, icon: str, at: datetime) -> Event:
        """oa_reacted_message."""
        return self._from_oa("oa_reacted_message", user, {"msg_id": msg_id, "react_icon": icon}, at)

    def template_received(self, phone: str, msg_id: str, tracking_id: str, at: datetime) -> Event:
        """Delivery of a template by phone number; posted with `X-ZEvent-Server: ZNS`."""
        message = {"delivery_time": str(to_ms(at)), "msg_id": msg_id, "tracking_id": tracking_id}
        return self._from_oa("user_received_message", phone, message, at)

    # -- management ---------------------------------------------------------------------------------
    def follow(self, user: str, at: datetime, *, source: str = "oa_profile") -> Event:
        """follow: flat, no sender and no recipient."""
        return self._flat("follow", user, {"follower": {"id": user}, "source": source}, at)

    def unfollow(self, user: str, at: datetime, *, source: str = "oa_profile") -> Event:
        """unfollow."""
        return self._flat("unfollow", user, {"follower": {"id": user}, "source": source}, at)

    def click_chatnow(self, user: str, at: datetime) -> Event:
        """user_click_chatnow: once, by a person who never chatted; opens the window."""
        return self._flat("user_click_chatnow", user, {"user_id": user}, at)

    def withdraw(self, user: str, at: datetime) -> Event:
        """user_withdraw: the person wants the data gone."""
        return self._flat("user_withdraw", user, {"user_id": user}, at)

    def tagged(self, users: Sequence[str], tag: str, at: datetime, *, removed: bool = False) -> Event:
        """add_user_to_tag, remove_user_from_tag."""
        name = "remove_user_from_tag" if removed else "add_user_to_tag"
        return self._plain(name, {"oa_id": self.oa_id, "tag": {"user_ids": list(users), "name": tag}}, at)

    def notice(self, name: str, fields: Mapping[str, object], at: datetime) -> Event:
        """Anything about the OA itself (`change_oa_daily_quota`, …) or a name nobody knows."""
        return self._plain(name, {"oa_id": self.oa_id, **fields}, at)

    def console_test(self, at: datetime) -> Event:
        """The console's Test button: literal placeholders in the shape of a text message."""
        message: Event = {"text": "This is testing message", "msg_id": "This is message id"}
        return self._from_user("user_send_text", "246845883529197922", message, at)

    # -- shapes -------------------------------------------------------------------------------------
    def _from_user(self, name: str, user: str, message: Mapping[str, object], at: datetime) -> Event:
        return self._envelope(name, user, self.oa_id, user, {"message": dict(message)}, at)

    def _from_oa(self, name: str, user: str, message: Mapping[str, object], at: datetime) -> Event:
        return self._envelope(name, self.oa_id, user, user, {"message": dict(message)}, at)

    def _envelope(
        self,
        name: str,
        sender: str,
        recipient: str,
        user: str,
        fields: Mapping[str, object],
        at: datetime,
    ) -> Event:
        return {
            "app_id": self.app_id,
            "sender": {"id": sender},
            "user_id_by_app": self.user_id_by_app(user),
            "recipient": {"id": recipient},
            "event_name": name,
            **fields,
            "timestamp": str(to_ms(at)),
        }

    def _flat(self, name: str, user: str, fields: Mapping[str, object], at: datetime) -> Event:
        by_app = {"user_id_by_app": self.user_id_by_app(user)}
        return self._plain(name, {"oa_id": self.oa_id, **fields, **by_app}, at)

    def _plain(self, name: str, fields: Mapping[str, object], at: datetime) -> Event:
        return {"app_id": self.app_id, **fields, "event_name": name, "timestamp": str(to_ms(at))}


def _attached(msg_id: str, kind: str, payload: Mapping[str, object], text: str | None = None) -> Event:
    message: Event = {"msg_id": msg_id, "attachments": [{"type": kind, "payload": dict(payload)}]}
    if text:
        message["text"] = text
    return message
