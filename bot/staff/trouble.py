"""Tin lỗi: what could not be sent or handled, why, and the two things that can be done about it."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.plain_words import channel_name
from bot.staff import reasons
from bot.staff.access import ANSWERING, Route, Visit, not_found, see
from bot.staff.inbox import path_of
from bot.staff.inbox.window import ReplyWindow, reply_window
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.typed import number_in
from bot.staff.words import handle_of, moment, part_in_short, shortened, what_was_said
from bot.store import audit, conversations, events, outbox
from bot.store.audit import Action
from bot.store.database import Job
from bot.store.outbox import DeadLetter, State

log = structlog.get_logger(__name__)

TROUBLE = "/staff/tin-loi"
LISTED = 100
_WORDS = 300


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message that could not be sent."""

    id: int
    path: str
    who: str
    channel: str
    author: str
    at: str
    words: str
    more: int
    why: str
    recorded: str
    may_have_arrived: bool
    window: ReplyWindow


@dataclass(frozen=True, slots=True)
class Unhandled:
    """A citizen's message the bot failed on."""

    id: int
    path: str
    who: str
    channel: str
    at: str
    words: str
    recorded: str


class Trouble:
    """The two lists and their buttons."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        return (
            Route("GET", TROUBLE, ANSWERING, self.overview),
            Route("POST", f"{TROUBLE}/gui-di/{{id}}/gui-lai", ANSWERING, self.send_again),
            Route("POST", f"{TROUBLE}/gui-di/{{id}}/bo-qua", ANSWERING, self.set_aside_unsent),
            Route("POST", f"{TROUBLE}/den/{{id}}/bo-qua", ANSWERING, self.set_aside_unhandled),
        )

    async def overview(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/tin-loi"""
        async with self._parts.database.read() as connection:
            dead = await outbox.dead_letters(connection, LISTED + 1)
            parked = await events.parked(connection, LISTED + 1)
            unsent = [
                self._unsent(letter, await conversations.load(connection, letter.conversation))
                for letter in dead[:LISTED]
            ]
        values = {
            "unsent": unsent,
            "unhandled": [self._unhandled(record) for record in parked[:LISTED]],
            "is_cut": len(dead) > LISTED or len(parked) > LISTED,
        }
        if dead or parked:
            await self._note_view(visit)
        return self._pages.draw(Drawing("trouble.html", values), visit.request, visit.session)

    async def _note_view(self, visit: Visit) -> None:
        """The page shows what citizens wrote."""
        officer, seen, now = visit.session.officer, Action.TROUBLE_VIEWED, self._parts.clock()
        async with self._parts.database.read() as connection:
            if await audit.saw_lately(connection, officer, seen, "trouble", now):
                return
        await self._parts.database.write(lambda c: audit.note(c, officer, seen, "trouble", now))

    async def send_again(self, visit: Visit) -> web.StreamResponse:
        """POST …/gui-lai: back to waiting, unless it could not arrive now either."""
        id_, now = _id(visit), self._parts.clock()
        async with self._parts.database.read() as connection:
            found = await outbox.dead_letters(connection, 1, id_)
            if not found:
                return see(TROUBLE, "da-xong")
            one = await conversations.load(connection, found[0].conversation)
        if not self._window(one, found[0].author).is_open:
            return see(TROUBLE, "chua-gui-lai")
        done = await self._decide(
            visit, lambda c: outbox.revive(c, id_, now), Action.UNSENT_RETRIED, f"outbox:{id_}"
        )
        await self._parts.nerves.hint_outbox()
        return see(TROUBLE, "gui-lai" if done else "da-xong")

    async def set_aside_unsent(self, visit: Visit) -> web.StreamResponse:
        """POST …/gui-di/{id}/bo-qua"""
        id_ = _id(visit)
        done = await self._decide(
            visit, lambda c: outbox.set_aside(c, id_), Action.UNSENT_SET_ASIDE, f"outbox:{id_}"
        )
        return see(TROUBLE, "bo-qua" if done else "da-xong")

    async def set_aside_unhandled(self, visit: Visit) -> web.StreamResponse:
        """POST …/den/{id}/bo-qua"""
        id_ = _id(visit)
        done = await self._decide(
            visit, lambda c: events.set_aside(c, id_), Action.UNHANDLED_SET_ASIDE, f"event:{id_}"
        )
        return see(TROUBLE, "bo-qua" if done else "da-xong")

    async def _decide(self, visit: Visit, job: Job[bool], action: Action, subject: str) -> bool:
        """Do it and write down who did; False, and nothing written, when it was done already."""
        officer, now = visit.session.officer, self._parts.clock()

        async def decide(connection: AsyncConnection) -> bool:
            done = await job(connection)
            if done:
                await audit.note(connection, officer, action, subject, now)
            return done

        done = await self._parts.database.write(decide)
        log.info("staff_trouble_decided", staff_id=officer.id, action=action.value, done=done)
        return done

    def _unsent(self, letter: DeadLetter, one: conversations.Conversation) -> Unsent:
        return Unsent(
            letter.id,
            path_of(letter.conversation),
            handle_of(letter.conversation),
            channel_name(letter.conversation.channel),
            "Cán bộ" if letter.author == "officer" else "Trợ lý",
            moment(letter.created_at, self._parts.clock(), self._parts.zone),
            shortened(part_in_short(letter.part), _WORDS),
            letter.followers,
            reasons.UNSURE if letter.state is State.UNKNOWN else reasons.in_plain_words(letter.error),
            letter.error,
            letter.state is State.UNKNOWN,
            self._window(one, letter.author),
        )

    def _unhandled(self, record: events.Recorded) -> Unhandled:
        id_ = record.event.conversation
        return Unhandled(
            record.id,
            path_of(id_) if id_ else "",
            handle_of(id_) if id_ else "Tài khoản của Hội",
            channel_name(record.event.channel),
            moment(record.at, self._parts.clock(), self._parts.zone),
            shortened(what_was_said(record.event), _WORDS),
            record.error,
        )

    def _window(self, one: conversations.Conversation, author: str) -> ReplyWindow:
        """Officers may have more time than the bot, for their own words alone."""
        channel = self._parts.channel_of(one.id)
        longer = self._parts.officer_windows.get(one.id.channel) if author == "officer" else None
        return reply_window(one, channel, longer, self._parts.clock())


def _id(visit: Visit) -> int:
    found = number_in(visit.request.match_info["id"])
    if not found:
        raise not_found()
    return found
