"""Hỏi thử: the bot tried beside every page, as a citizen would meet it, with why it says what it says.

A turn of the assistant changes nothing by itself, and what it would have done is dropped here: nothing is
stored, nothing counted. What the bot remembers of the talk travels in the form. With a script the page is a
panel beside whatever is being worked on; without one it is a page of its own.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aiohttp import web

from bot.dialogue.turn import Mode, View
from bot.plain_words import channel_name
from bot.staff.access import EVERY_ROLE, Route, Visit
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.tried import (
    Line,
    Talk,
    Tried,
    bubbles_of,
    going_on,
    label_of,
    pack,
    passages_in,
    tried,
    unpack,
)
from bot.store import transcript
from bot.web.pace import SlidingWindow
from connectors.channel import Channel
from connectors.message import EventKind, InboundEvent, clean_text

log = structlog.get_logger(__name__)

TRYING = "/staff/hoi-thu"
TRIES, SECONDS = 30, 60.0
"""For each session: far more than anybody types, far less than a script would."""
_ASKED = 1_000
"""Characters of a question."""
_PAYLOAD = 300
_FAILED = "Trợ lý gặp lỗi với câu này. Lỗi đã được ghi lại; bạn thử câu khác, hoặc báo người quản trị nhé."


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the panel is about to show."""

    talk: Talk
    channel: str
    asked: str = ""
    """What stands in the field."""
    tried: Tried | None = None
    problem: str = ""
    status: int = 200
    earlier: tuple[Line, ...] | None = None
    """What was said before the try; None: all of the talk."""


class Trying:
    """The page and the panel."""

    def __init__(
        self, parts: StaffParts, pages: Pages, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._parts = parts
        self._pages = pages
        self._pace = SlidingWindow(TRIES, SECONDS, monotonic)

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        return (
            Route("GET", TRYING, EVERY_ROLE, self.begin),
            Route("POST", TRYING, EVERY_ROLE, self.ask),
        )

    async def begin(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/hoi-thu: `thu` in the address stands in the field; `manh`: the panel alone."""
        asked = visit.request.query.get("thu", "")[:_ASKED]
        return self._draw(visit, _Shown(Talk(), self._channel("").name, asked))

    async def ask(self, visit: Visit) -> web.StreamResponse:
        """POST /staff/hoi-thu: `thu` typed or `chon` pressed; `viec=lam-lai` begins anew, `viec=xem` only
        shows the talk so far."""
        form, channel = visit.form, self._channel(visit.form.get("kenh", ""))
        wanted = form.get("viec", "")
        talk = Talk() if wanted == "lam-lai" else unpack(form.get("noi-chuyen", ""))
        text = clean_text(form.get("thu", ""))[:_ASKED]
        payload = form.get("chon", "")[:_PAYLOAD]
        if wanted in ("lam-lai", "xem") or not (payload or text):
            return self._draw(visit, _Shown(talk, channel.name, "" if wanted == "lam-lai" else text))
        wait = self._pace.admit(visit.session.csrf)
        if wait:
            problem = f"Bạn thử nhanh quá. Chờ khoảng {wait} giây rồi thử tiếp nhé."
            return self._draw(visit, _Shown(talk, channel.name, text, problem=problem, status=429))
        asked = label_of(payload, talk.state) if payload else text
        kind = EventKind.CHOICE if payload else EventKind.TEXT
        now = self._parts.clock()
        event = InboundEvent(
            "staff", "staff", "staff", secrets.token_hex(8), kind, now, text=asked, payload=payload
        )
        view = View(talk.state, Mode.BOT, None, channel.capabilities, now)
        try:
            turn = await self._parts.assistant.turn(event, view)
        except Exception:
            # Whatever travelled in the form, and whatever is wrong with the bot: this page says so.
            log.exception("staff_try_failed")
            return self._draw(visit, _Shown(talk, channel.name, text, problem=_FAILED, status=500))
        bubbles = bubbles_of(turn, channel)
        wanted_places = passages_in(turn)
        async with self._parts.database.read() as connection:
            places = await transcript.places(connection, wanted_places)
        shown = tried(asked, turn, bubbles, self._parts.base(), places)
        after = going_on(talk, asked, turn, bubbles)
        return self._draw(visit, _Shown(after, channel.name, tried=shown, earlier=talk.lines))

    def _channel(self, name: str) -> Channel:
        """The channel of this name, else the first."""
        channels = self._parts.channels
        return next((one for one in channels if one.name == name), channels[0])

    def _draw(self, visit: Visit, shown: _Shown) -> web.StreamResponse:
        names = dict.fromkeys(one.name for one in self._parts.channels)
        values = {
            "path": TRYING,
            "channels": [(name, channel_name(name), name == shown.channel) for name in names],
            "lines": shown.talk.lines if shown.earlier is None else shown.earlier,
            "asked": shown.asked,
            "tried": shown.tried,
            "problem": shown.problem,
            "talk": pack(shown.talk),
            "is_begun": bool(shown.talk.lines),
        }
        if "manh" in visit.request.query:
            response = self._pages.draw_fragment(
                Drawing("trying/_panel.html", {**values, "in_panel": True}), visit.request, visit.session
            )
            response.set_status(shown.status)
            return response
        drawing = Drawing("trying/page.html", {**values, "in_panel": False}, shown.status)
        return self._pages.draw(drawing, visit.request, visit.session)
