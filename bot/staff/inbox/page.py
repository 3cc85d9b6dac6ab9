"""Hộp thư: the list of conversations, each conversation, and the streams that keep both fresh."""

from __future__ import annotations

from aiohttp import web

from bot.staff.access import ANSWERING, Route
from bot.staff.inbox.addresses import INBOX
from bot.staff.inbox.letters import Letters
from bot.staff.inbox.live import Live, Rhythm
from bot.staff.inbox.talk import Talk
from bot.staff.pages import Pages
from bot.staff.parts import StaffParts


class Inbox:
    """Everything below /staff/hop-thu."""

    def __init__(self, parts: StaffParts, pages: Pages, rhythm: Rhythm | None = None) -> None:
        self._letters = Letters(parts, pages)
        self._talk = Talk(parts, pages)
        self._live = Live(parts, ANSWERING, rhythm or Rhythm())

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves. `luong` must come before `{key}`, which would take it."""
        one, talk = f"{INBOX}/{{key}}", self._talk
        return (
            Route("GET", INBOX, ANSWERING, self._letters.show),
            Route("GET", f"{INBOX}/luong", ANSWERING, self._live.of_list),
            Route("GET", one, ANSWERING, talk.show),
            Route("GET", f"{one}/luong", ANSWERING, self._live.of_conversation),
            Route("POST", f"{one}/nhan", ANSWERING, talk.take_over),
            Route("POST", f"{one}/tra-lai", ANSWERING, talk.give_back),
            Route("POST", f"{one}/tra-loi", ANSWERING, talk.reply),
            Route("POST", f"{one}/chen", ANSWERING, talk.insert),
            Route("POST", f"{one}/ghi-chu", ANSWERING, talk.add_note),
        )

    async def close(self, _: web.Application) -> None:
        """Let every open stream end, so that stopping the server waits for none of them."""
        await self._live.close()
