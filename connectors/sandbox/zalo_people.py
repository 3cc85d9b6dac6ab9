"""Pretend people on Zalo: each knows what it saw, and acts through signed webhooks.

A person exists for the stand-in from the first time it does something; every action that Zalo counts as
an interaction (platforms A7) opens the seven-day window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from connectors.sandbox.standin import Line
from connectors.sandbox.webhooks import Delivery, Signature

if TYPE_CHECKING:
    from connectors.sandbox.zalo import ZaloSandbox

WINDOW = timedelta(days=7)  # platforms A7, [H]
FREE_FOR = timedelta(hours=48)  # platforms A7, [M]
PICTURE_URL = "https://cdn.example/anh.jpg"


@dataclass(slots=True)
class ZaloPerson:
    """One invented person."""

    sandbox: ZaloSandbox = field(repr=False)
    id: str
    name: str
    last_interaction_at: datetime | None = None
    is_follower: bool = False
    refusal_code: int = 0
    """Answer every send to this person with this code (-213, -227, -244 …); 0 for none."""
    transcript: list[Line] = field(default_factory=list)

    @property
    def window_is_open(self) -> bool:
        """May the OA write freely?"""
        last = self.last_interaction_at
        return last is not None and self.sandbox.clock() - last < WINDOW

    def goes_quiet(self, for_: timedelta) -> None:
        """Pretend the last interaction was that much longer ago."""
        if self.last_interaction_at is not None:
            self.last_interaction_at -= for_

    async def says(self, text: str, *, quote: str = "", signature: Signature = Signature.GOOD) -> Delivery:
        """Type a text. Returns after the first attempt to deliver it."""
        msg_id, at = self._acts({"text": text})
        event = self.sandbox.events.text(self.id, text, msg_id, at, quote=quote)
        return await self.sandbox.deliver(event, signature=signature)

    async def presses(self, payload: str) -> Delivery:
        """Press an `oa.query.*` button: on Zalo that is a text equal to the payload (platforms A3)."""
        return await self.says(payload)

    async def sends_image(self, text: str = "") -> Delivery:
        """Send a picture, with words beside it if given."""
        msg_id, at = self._acts({"text": text, "note": "image"})
        return await self.sandbox.deliver(
            self.sandbox.events.image(self.id, PICTURE_URL, msg_id, at, text=text)
        )

    async def sends_sticker(self, sticker: str = "bfe458bf64fa8da4d4eb") -> Delivery:
        """Send a sticker."""
        msg_id, at = self._acts({"note": "sticker"})
        return await self.sandbox.deliver(self.sandbox.events.sticker(self.id, sticker, msg_id, at))

    async def sends_location(self, latitude: str = "21.0285", longitude: str = "105.8542") -> Delivery:
        """Share a place."""
        msg_id, at = self._acts({"note": "location"})
        event = self.sandbox.events.location(self.id, latitude, longitude, msg_id, at)
        return await self.sandbox.deliver(event)

    async def sends_file(self, name: str = "minh-chung.pdf", size: str | int = "24576") -> Delivery:
        """Send a file."""
        msg_id, at = self._acts({"note": "file", "text": name})
        return await self.sandbox.deliver(self.sandbox.events.file(self.id, name, size, msg_id, at))

    async def sends_voice(self) -> Delivery:
        """Send a voice message."""
        msg_id, at = self._acts({"note": "audio"})
        event = self.sandbox.events.audio(self.id, "https://cdn.example/giong.amr", msg_id, at)
        return await self.sandbox.deliver(event)

    async def follows(self) -> Delivery:
        """Press "Quan tâm"."""
        at = self._interacts()
        self.is_follower = True
        return await self.sandbox.deliver(self.sandbox.events.follow(self.id, at))

    async def unfollows(self) -> Delivery:
        """Press "Bỏ quan tâm"."""
        self.is_follower = False
        return await self.sandbox.deliver(self.sandbox.events.unfollow(self.id, self.sandbox.clock()))

    async def clicks_chatnow(self) -> Delivery:
        """Press the chat button for the first time."""
        return await self.sandbox.deliver(self.sandbox.events.click_chatnow(self.id, self._interacts()))

    async def submits_info(self, info: Mapping[str, object]) -> Delivery:
        """Fill in the form the OA sent."""
        return await self.sandbox.deliver(self.sandbox.events.submit_info(self.id, info, self._interacts()))

    async def reacts(self, msg_id: str, icon: str = "/-heart") -> Delivery:
        """Put an emoji on a message."""
        return await self.sandbox.deliver(
            self.sandbox.events.reacted(self.id, msg_id, icon, self.sandbox.clock())
        )

    async def withdraws(self) -> Delivery:
        """Demand that the data be deleted."""
        return await self.sandbox.deliver(self.sandbox.events.withdraw(self.id, self.sandbox.clock()))

    def _interacts(self) -> datetime:
        self.last_interaction_at = self.sandbox.clock()
        return self.last_interaction_at

    def _acts(self, message: Mapping[str, object]) -> tuple[str, datetime]:
        """Write the line down and open the window; gives the message id and the moment."""
        at, msg_id = self._interacts(), self.sandbox.ids.message()
        self.transcript.append(Line("person", dict(message), at, msg_id))
        return msg_id, at
