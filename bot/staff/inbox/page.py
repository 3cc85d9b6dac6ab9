"""Hộp thư: the conversations, one transcript at a time, taking over, answering, giving back.

An officer's words go out like the bot's: shaped by the channel and put into the outbox, never sent from
here. Answering always means that the bot falls silent in that conversation.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import Mode
from bot.staff.access import ANSWERING, PageError, Route, Visit, not_found, see
from bot.staff.inbox.shown import ShownLine, shown
from bot.staff.inbox.window import ReplyWindow, reply_window
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.words import channel_name, duration, handle_of, moment, shortened, what_was_said
from bot.store import conversations, events, outbox, transcript
from bot.store.conversations import Conversation
from bot.store.outbox import NewMessage
from connectors.message import MAX_TEXT, ConversationId, Text, clean_text

log = structlog.get_logger(__name__)

INBOX = "/staff/hop-thu"
LISTED = 100
LISTED_RECENT = 50
LINES = 200
ALL_LINES = 2000
_TICKET = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation in the list."""

    path: str
    who: str
    channel: str
    words: str
    since: str
    window: ReplyWindow


@dataclass(frozen=True, slots=True)
class Group:
    """One part of the list."""

    anchor: str
    title: str
    empty: str
    rows: Sequence[Row]
    is_cut: bool
    """There are more than are shown."""


class Inbox:
    """The list, the transcript, and the three buttons."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        one = f"{INBOX}/{{key}}"
        return (
            Route("GET", INBOX, ANSWERING, self.overview),
            Route("GET", one, ANSWERING, self.show),
            Route("POST", f"{one}/nhan", ANSWERING, self.take_over),
            Route("POST", f"{one}/tra-lai", ANSWERING, self.give_back),
            Route("POST", f"{one}/tra-loi", ANSWERING, self.reply),
        )

    # --- the list ----------------------------------------------------------------------------------

    async def overview(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/hop-thu"""
        now = self._parts.clock()
        async with self._parts.database.read() as connection:
            waiting = await conversations.in_mode(connection, Mode.WAITING, LISTED + 1)
            taken = await conversations.in_mode(connection, Mode.PERSON, LISTED + 1)
            recent = await conversations.last_active(connection, Mode.BOT, LISTED_RECENT + 1)
            keys = [c.id.key for c in (*waiting, *taken, *recent)]
            said = await events.last_words(connection, keys)
        words = {key: shortened(what_was_said(event)) for key, event in said.items()}
        groups = [
            self._group("dang-cho", "Đang chờ cán bộ", "Không ai phải chờ.", waiting, words, LISTED),
            self._group(
                "dang-tra-loi", "Cán bộ đang trả lời", "Chưa có cuộc nào cán bộ đang trả lời.",
                taken, words, LISTED,
            ),
            self._group(
                "gan-day", "Trợ lý đang trả lời", "Chưa có cuộc trò chuyện nào.", recent, words, LISTED_RECENT
            ),
        ]  # fmt: skip
        values = {"groups": groups, "as_of": f"{now.astimezone(self._parts.zone):%H:%M}"}
        if "manh" in visit.request.query:
            return self._pages.draw_fragment(
                Drawing("inbox/_list.html", values), visit.request, visit.session
            )
        return self._pages.draw(Drawing("inbox/list.html", values), visit.request, visit.session)

    def _group(
        self,
        anchor: str,
        title: str,
        empty: str,
        found: Sequence[Conversation],
        words: dict[str, str],
        limit: int,
    ) -> Group:
        now = self._parts.clock()
        rows = [
            Row(
                path_of(one.id),
                handle_of(one.id),
                channel_name(one.id.channel),
                words.get(one.id.key, ""),
                self._since(one, now),
                self._window(one, now),
            )
            for one in found[:limit]
        ]
        return Group(anchor, title, empty, rows, len(found) > limit)

    def _since(self, one: Conversation, now: datetime) -> str:
        if one.mode is Mode.WAITING and one.mode_since is not None:
            return f"chờ {duration(now - one.mode_since)}"
        if one.mode is Mode.PERSON and one.mode_since is not None:
            return f"từ {moment(one.mode_since, now, self._parts.zone)}"
        return moment(one.last_heard_at, now, self._parts.zone) if one.last_heard_at else ""

    def _window(self, one: Conversation, now: datetime) -> ReplyWindow:
        return reply_window(
            one, self._parts.channel_of(one.id), self._parts.officer_windows.get(one.id.channel), now
        )

    # --- one conversation --------------------------------------------------------------------------

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/hop-thu/{key}; `?manh=1` gives the transcript alone."""
        return await self._draw(visit)

    async def take_over(self, visit: Visit) -> web.StreamResponse:
        """POST …/nhan: exactly one officer gets it, the others are told."""
        id_ = _asked_for(visit)
        await self._loaded(id_)
        now = self._parts.clock()
        won = await self._parts.database.write(lambda c: conversations.take_over(c, id_, now))
        log.info("staff_took_over", staff_id=visit.session.officer.id, won=won)
        return see(path_of(id_), "da-nhan" if won else "nguoi-khac")

    async def give_back(self, visit: Visit) -> web.StreamResponse:
        """POST …/tra-lai: the bot answers again."""
        id_ = _asked_for(visit)
        await self._loaded(id_)
        now = self._parts.clock()
        done = await self._parts.database.write(lambda c: conversations.set_mode(c, id_, Mode.BOT, now))
        log.info("staff_gave_back", staff_id=visit.session.officer.id)
        return see(path_of(id_), "da-tra" if done else "chua-nhan")

    async def reply(self, visit: Visit) -> web.StreamResponse:
        """POST …/tra-loi: what may not be sent is given back to be mended, never lost."""
        id_ = _asked_for(visit)
        one = await self._loaded(id_)
        typed = visit.form.get("loi", "").replace("\r\n", "\n")
        now = self._parts.clock()
        problem = _problem_with(typed, self._window(one, now))
        channel = self._parts.channel_of(id_)
        if problem or channel is None:
            return await self._draw(visit, typed=typed, problem=problem)
        ticket = visit.form.get("ma", "")
        if not _TICKET.fullmatch(ticket):
            raise PageError(400, "Chưa gửi được", "Trang đã cũ. Bạn mở lại cuộc trò chuyện rồi gửi giúp nhé.")
        fitted = channel.fit(Text(clean_text(typed)), id_.user)
        messages = [
            NewMessage(id_, part, _stamp(id_, ticket, place), author="officer")
            for place, part in enumerate(fitted)
        ]

        async def job(connection: AsyncConnection) -> None:
            await conversations.note_officer_wrote(connection, id_, now)
            # The same form sent twice (a double press, a reload) is one answer.
            if not await outbox.has_stamp(connection, messages[0].stamp):
                await outbox.add(connection, messages, now)

        await self._parts.database.write(job)
        await self._parts.nerves.hint_outbox()
        log.info("staff_replied", staff_id=visit.session.officer.id, channel=id_.channel, parts=len(fitted))
        return see(f"{path_of(id_)}#cuoi", "da-gui")

    async def _loaded(self, id_: ConversationId) -> Conversation:
        async with self._parts.database.read() as connection:
            one = await conversations.load(connection, id_)
        if not one.revision:
            raise not_found()
        return one

    async def _draw(self, visit: Visit, *, typed: str = "", problem: str = "") -> web.StreamResponse:
        id_ = _asked_for(visit)
        one = await self._loaded(id_)
        now = self._parts.clock()
        limit = ALL_LINES if "het" in visit.request.query else LINES
        async with self._parts.database.read() as connection:
            said = await transcript.recent(connection, id_, limit)
        lines: Sequence[ShownLine] = [shown(line, now, self._parts.zone) for line in said]
        window = self._window(one, now)
        values = {
            "path": path_of(id_),
            "who": handle_of(id_),
            "channel": channel_name(id_.channel),
            "mode": one.mode.value,
            "standing": self._standing(one, now),
            "window": window,
            "lines": lines,
            "is_cut": len(said) >= limit,
            "is_longest": limit == ALL_LINES,
            "live": f"{path_of(id_)}?manh=1{'&het=1' if limit == ALL_LINES else ''}",
            "typed": typed,
            "problem": problem,
            "ticket": secrets.token_hex(12),
            "text_limit": MAX_TEXT,
            "bot_returns": duration(self._parts.handoff_return),
        }
        if visit.request.method == "GET" and "manh" in visit.request.query:
            return self._pages.draw_fragment(
                Drawing("inbox/_transcript.html", values), visit.request, visit.session
            )
        status = 422 if problem else 200
        return self._pages.draw(
            Drawing("inbox/conversation.html", values, status), visit.request, visit.session
        )

    def _standing(self, one: Conversation, now: datetime) -> str:
        if one.mode is Mode.BOT or one.mode_since is None:
            return "Trợ lý đang trả lời"
        if one.mode is Mode.WAITING:
            return f"Đang chờ cán bộ, đã {duration(now - one.mode_since)}"
        return f"Cán bộ đang trả lời, từ {moment(one.mode_since, now, self._parts.zone)}"


def path_of(id_: ConversationId) -> str:
    """The address of a conversation's page. The key is only dressed for a URL: opening it needs a role."""
    return f"{INBOX}/{base64.urlsafe_b64encode(id_.key.encode()).decode().rstrip('=')}"


def _asked_for(visit: Visit) -> ConversationId:
    dressed = visit.request.match_info["key"]
    try:
        key = base64.b64decode(dressed + "=" * (-len(dressed) % 4), altchars=b"-_", validate=True).decode()
        return ConversationId.from_key(key)
    except (binascii.Error, ValueError) as error:
        raise not_found() from error


def _problem_with(typed: str, window: ReplyWindow) -> str:
    if not window.is_open:
        return f"{window.says} Câu trả lời chưa được gửi."
    if not clean_text(typed):
        return "Bạn chưa viết gì."
    if len(typed) > MAX_TEXT:
        return f"Câu trả lời dài quá {MAX_TEXT} ký tự. Bạn chia thành hai lần gửi nhé."
    return ""


def _stamp(id_: ConversationId, ticket: str, place: int) -> str:
    """The identity of one part of one answer: the same form always gives the same."""
    digest = hashlib.sha256(f"{id_.key}\n{ticket}\n{place}".encode()).hexdigest()
    return f"kh:{digest[:24]}"
