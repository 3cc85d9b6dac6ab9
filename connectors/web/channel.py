"""The web chat as a channel.

A reply is "sent" when it stands in the store, because the page reads it from there. All this door adds
is the hint that makes an open page look at once instead of at its next glance. It must never fail a
send: a lost hint costs the citizen a few seconds, a failed send would cost the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from connectors.channel import Capabilities, Health, Outgoing, Receipt
from connectors.message import Part, PublicReply, Template, Text
from connectors.splitting import split_text

NAME = "web"
ACCOUNT = "site"

TEXT_LIMIT = 4000
"""Characters of one bubble. Ours to choose: longer is no longer read."""
MAX_OPTIONS = 60
"""What a page can still show; options are never turned into text here."""
LABEL_LIMIT = 120
"""Labels wrap on the page; beyond this they stop being buttons."""
HINT_SECONDS = 2.0
"""How long a send waits for the hint to leave before it is given up."""

Nudge = Callable[[str, str], Awaitable[None]]
"""Called with (user, kind), kind `message` or `typing`."""

_log = structlog.get_logger(__name__)


class WebChannel:
    """The chat on the association's own pages. Implements connectors.channel.Channel."""

    def __init__(self, nudge: Nudge) -> None:
        """`nudge` tells the pages a person has open that there is something to see."""
        self._nudge = nudge

    @property
    def name(self) -> str:
        return NAME

    @property
    def account(self) -> str:
        return ACCOUNT

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            text_limit=TEXT_LIMIT,
            max_options=MAX_OPTIONS,
            option_label_limit=LABEL_LIMIT,
            window=None,
            shows_typing=True,
            takes_files=False,
        )

    def fit(self, part: Part, user: str = "") -> tuple[Part, ...]:
        """One bubble per part; only a very long text becomes several, with what belongs to it last."""
        if isinstance(part, PublicReply | Template):
            part = Text(part.text)
        if not isinstance(part, Text) or len(part.text) <= TEXT_LIMIT:
            return (part,)
        *before, last = split_text(part.text, TEXT_LIMIT)
        return (*(Text(piece) for piece in before), replace(part, text=last))

    async def send(self, message: Outgoing) -> Receipt:
        """The store already holds the message; wake the pages that are open. Never raises a SendError."""
        await self._hint(message.user, "message")
        return Receipt()

    async def show_typing(self, user: str) -> None:
        await self._hint(user, "typing")

    async def check(self) -> Health:
        return Health(ok=True, summary="Trò chuyện trên trang web đang hoạt động.")

    async def aclose(self) -> None:
        """Nothing is held open."""

    async def _hint(self, user: str, kind: str) -> None:
        try:
            await asyncio.wait_for(self._nudge(user, kind), HINT_SECONDS)
        except Exception as error:
            # Pages look every few seconds anyway; whatever ails the messenger must not fail the message.
            _log.warning("web_hint_lost", kind=kind, error=type(error).__name__)
