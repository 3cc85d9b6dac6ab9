"""Pretend people on Messenger and below the page's posts, acting through signed webhooks.

A person has a PSID in conversations and another id as the author of comments: the two never match on
the real platform either (platforms B5). Only what opens the 24-hour window there opens it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from connectors.sandbox.graph_checks import STANDARD_WINDOW
from connectors.sandbox.graph_events import PAGE_INBOX_APP, Event
from connectors.sandbox.standin import Line
from connectors.sandbox.webhooks import Delivery, Signature

if TYPE_CHECKING:
    from connectors.sandbox.graph import GraphSandbox


@dataclass(slots=True)
class Comment:
    """A comment below one of the page's posts."""

    id: str
    post_id: str
    parent_id: str
    """The post for a top-level comment, else the comment it answers."""
    author: str
    """PSID of the person, or the page's id."""
    text: str
    at: datetime
    privately_answered: bool = False


@dataclass(slots=True)
class MessengerPerson:
    """One invented person."""

    sandbox: GraphSandbox = field(repr=False)
    id: str
    """The PSID."""
    name: str
    last_action_at: datetime | None = None
    has_thread: bool = False
    """Is there a conversation with the page? Otherwise the PSID is unknown to it."""
    blocked: bool = False
    """The person blocked the page: 551/1545041."""
    owner_app_id: str = ""
    """Who owns the thread; empty: our app. Set, sends give 2018300 and events come as standby."""
    automation_running: bool = False
    """Meta's own question flow controls the thread: 2018321."""
    transcript: list[Line] = field(default_factory=list)

    @property
    def author_id(self) -> str:
        """The id that stands in `from` of a comment."""
        return f"55{self.id}"

    @property
    def window_is_open(self) -> bool:
        """May the page answer freely?"""
        last = self.last_action_at
        return last is not None and self.sandbox.clock() - last < STANDARD_WINDOW

    def goes_quiet(self, for_: timedelta) -> None:
        """Pretend the last action was that much longer ago."""
        if self.last_action_at is not None:
            self.last_action_at -= for_

    async def says(
        self,
        text: str,
        *,
        reply_to: str = "",
        referral: Mapping[str, object] | None = None,
        signature: Signature = Signature.GOOD,
    ) -> Delivery:
        """Type a text. Returns after the first attempt to deliver it."""
        mid, at = self._acts({"text": text})
        event = self.sandbox.events.text(self.id, text, mid, at, reply_to=reply_to, referral=referral)
        return await self._deliver("message", event, signature)

    async def taps(self, payload: str, title: str = "") -> Delivery:
        """Press a quick reply: a message with a payload, not a postback."""
        mid, at = self._acts({"text": title or payload})
        event = self.sandbox.events.text(self.id, title or payload, mid, at, quick_reply=payload)
        return await self._deliver("message", event)

    async def presses(self, payload: str, title: str = "", *, ref: str = "") -> Delivery:
        """Press a button, a menu item, an ice breaker or Get Started."""
        mid, at = self._acts({"text": title or payload})
        event = self.sandbox.events.postback(self.id, payload, title or payload, mid, at, ref=ref)
        return await self._deliver("postback", event)

    async def starts(self, *, ref: str = "") -> Delivery:
        """Open the conversation and press Get Started."""
        payload = self.sandbox.get_started_payload
        return await self.presses(payload, "Bắt đầu", ref=ref)

    async def follows_link(self, ref: str) -> Delivery:
        """Come back through an m.me link. By itself that opens no window (platforms B7)."""
        event = self.sandbox.events.referral(self.id, ref, self.sandbox.clock())
        return await self._deliver("referral", event)

    async def sends_image(self) -> Delivery:
        """Send a picture."""
        mid, at = self._acts({"note": "image"})
        event = self.sandbox.events.image(self.id, "https://cdn.example/anh.jpg", mid, at)
        return await self._deliver("message", event)

    async def sends_sticker(self) -> Delivery:
        """Send the thumbs-up."""
        mid, at = self._acts({"note": "sticker"})
        return await self._deliver("message", self.sandbox.events.sticker(self.id, mid, at))

    async def sends_location(self, latitude: float = 21.0285, longitude: float = 105.8542) -> Delivery:
        """Share a place."""
        mid, at = self._acts({"note": "location"})
        event = self.sandbox.events.location(self.id, latitude, longitude, mid, at)
        return await self._deliver("message", event)

    async def sends(self, kind: str, payload: Mapping[str, object] | None = None) -> Delivery:
        """Send any other attachment: audio, video, file, fallback (without payload), reel …"""
        mid, at = self._acts({"note": kind})
        event = self.sandbox.events.attachment(self.id, kind, mid, at, payload=payload)
        return await self._deliver("message", event)

    async def reacts(self, mid: str, *, removed: bool = False) -> Delivery:
        """Put an emoji on a message."""
        self._opens_window()
        event = self.sandbox.events.reaction(self.id, mid, self.sandbox.clock(), removed=removed)
        return await self._deliver("reaction", event)

    async def edits(self, mid: str, text: str) -> Delivery:
        """Change a message already sent."""
        return await self._deliver(
            "message_edit", self.sandbox.events.edited(self.id, mid, text, self.sandbox.clock())
        )

    async def comments(
        self, text: str, *, post_id: str = "", parent_id: str = ""
    ) -> tuple[Comment, Delivery]:
        """Write below a post of the page, or below a comment. Opens no window (platforms F14)."""
        comment = self.sandbox.add_comment(self.id, text, post_id=post_id, parent_id=parent_id)
        return comment, await self.sandbox.deliver_comment(comment, (self.author_id, self.name))

    async def officer_takes_thread(self, app_id: str = PAGE_INBOX_APP) -> Delivery:
        """Somebody takes the conversation over in the Page Inbox or another app."""
        previous, self.owner_app_id = self.owner_app_id or self.sandbox.account.app_id, app_id
        event = self.sandbox.events.thread_taken(self.id, previous, app_id, self.sandbox.clock())
        return await self.sandbox.deliver("take_thread_control", event)

    async def officer_returns_thread(self) -> Delivery:
        """The conversation is given back to the bot."""
        ours = self.sandbox.account.app_id
        previous, self.owner_app_id = self.owner_app_id or PAGE_INBOX_APP, ""
        event = self.sandbox.events.thread_passed(self.id, previous, ours, self.sandbox.clock())
        return await self.sandbox.deliver("pass_thread_control", event)

    async def _deliver(self, kind: str, event: Event, signature: Signature = Signature.GOOD) -> Delivery:
        return await self.sandbox.deliver(kind, event, signature=signature, standby=bool(self.owner_app_id))

    def _opens_window(self) -> datetime:
        self.last_action_at = self.sandbox.clock()
        self.has_thread = True
        return self.last_action_at

    def _acts(self, message: Mapping[str, object]) -> tuple[str, datetime]:
        at, mid = self._opens_window(), f"m_{self.sandbox.ids.message()}"
        self.transcript.append(Line("person", dict(message), at, mid))
        return mid, at
