"""One conversation: its transcript, who has it, answering, notes among officers.

An officer's words go out like the bot's: shaped by the channel and put into the outbox, never sent from
here. Answering always means that the bot falls silent in that conversation. Whatever cannot be done gives
back what was typed.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import Mode
from bot.plain_words import channel_name, duration
from bot.staff.access import PageError, Visit, not_found, see
from bot.staff.inbox import insertion
from bot.staff.inbox.addresses import asked_for, path_of
from bot.staff.inbox.insertion import Ready
from bot.staff.inbox.shown import ShownLine, last_of_answers, shown
from bot.staff.inbox.why import explain, library_passages
from bot.staff.inbox.window import ReplyWindow, reply_window
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.words import at_start, handle_of, moment
from bot.store import audit, conversations, notes, outbox, transcript, turns
from bot.store.audit import Action, conversation_subject
from bot.store.conversations import Conversation
from bot.store.outbox import NewMessage
from bot.store.transcript import Said
from connectors.message import MAX_TEXT, ConversationId, Text, clean_text

log = structlog.get_logger(__name__)

LINES = 200
ALL_LINES = 2000
NOTES = 50
NOTE_LIMIT = 1000
NOTED_TWICE_WITHIN = timedelta(minutes=1)
_TICKET = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class Draft:
    """What an officer typed and gets back, and what is to be said about it."""

    reply: str = ""
    problem: str = ""
    note: str = ""
    note_problem: str = ""
    seek: str = ""
    ready: Sequence[Ready] = ()
    status: int = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """Who answers, as this officer sees it."""

    hold: str
    """`bot`, `waiting`, `mine`, `colleague`, or `elsewhere`: somebody writes from the platform's inbox."""
    says: str
    holder: str
    """A colleague's name."""
    returns: str
    """When the bot speaks again by itself."""


@dataclass(frozen=True, slots=True)
class ShownNote:
    """A note among officers."""

    by: str
    at: str
    at_iso: str
    text: str


class Talk:
    """The page of one conversation and its buttons."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/hop-thu/{key}; `?manh=1` gives the living parts alone."""
        return await self._draw(visit, Draft())

    # --- who has it --------------------------------------------------------------------------------

    async def take_over(self, visit: Visit) -> web.StreamResponse:
        """POST …/nhan: exactly one officer gets it, the others are told who has it.

        `thay` names the colleague it is taken from on purpose.
        """
        id_, me, now = asked_for(visit), visit.session.officer, self._parts.clock()
        instead_of = visit.form.get("thay", "")[:60]
        await self._loaded(id_)

        async def job(connection: AsyncConnection) -> bool:
            if not await conversations.take_over(connection, id_, me.name, now, instead_of=instead_of):
                return (await conversations.load(connection, id_)).officer == me.name
            detail = {"instead_of": instead_of} if instead_of else None
            await audit.note(
                connection, me, Action.CONVERSATION_TAKEN, conversation_subject(id_), now, detail
            )
            return True

        won = await self._parts.database.write(job)
        log.info("staff_took_over", staff_id=me.id, won=won)
        return see(path_of(id_), "da-nhan" if won else "nguoi-khac")

    async def give_back(self, visit: Visit) -> web.StreamResponse:
        """POST …/tra-lai: the bot answers again. A colleague's conversation must be taken first."""
        id_, me, now = asked_for(visit), visit.session.officer, self._parts.clock()
        await self._loaded(id_)

        async def job(connection: AsyncConnection) -> str:
            if not await conversations.give_back(connection, id_, me.name, now):
                after = await conversations.load(connection, id_)
                return "chua-nhan" if after.mode is Mode.BOT else "nguoi-khac"
            await audit.note(connection, me, Action.CONVERSATION_RETURNED, conversation_subject(id_), now)
            return "da-tra"

        done = await self._parts.database.write(job)
        log.info("staff_gave_back", staff_id=me.id)
        return see(path_of(id_), done)

    # --- writing -----------------------------------------------------------------------------------

    async def reply(self, visit: Visit) -> web.StreamResponse:
        """POST …/tra-loi: what may not be sent is given back to be mended, never lost."""
        id_, me, now = asked_for(visit), visit.session.officer, self._parts.clock()
        one = await self._loaded(id_)
        typed = _typed(visit, "loi")
        problem = _problem_with(typed, self._window(one, now))
        channel = self._parts.channel_of(id_)
        if problem or channel is None:
            return await self._draw(visit, Draft(reply=typed, problem=problem, status=422))
        ticket = visit.form.get("ma", "")
        if not _TICKET.fullmatch(ticket):
            raise PageError(400, "Chưa gửi được", "Trang đã cũ. Bạn mở lại cuộc trò chuyện rồi gửi giúp nhé.")
        fitted = channel.fit(Text(clean_text(typed)), id_.user)
        messages = [
            NewMessage(id_, part, _stamp(id_, ticket, place), author="officer", officer=me.name)
            for place, part in enumerate(fitted)
        ]

        async def job(connection: AsyncConnection) -> str:
            # The same form sent twice (a double press, a reload) is one answer.
            if await outbox.has_stamp(connection, messages[0].stamp):
                return ""
            if not await conversations.note_officer_wrote(connection, id_, me.name, now):
                return (await conversations.load(connection, id_)).officer
            await outbox.add(connection, messages, now)
            detail = {"parts": len(messages)}
            await audit.note(
                connection, me, Action.CONVERSATION_ANSWERED, conversation_subject(id_), now, detail
            )
            return ""

        holder = await self._parts.database.write(job)
        if holder:
            problem = f"{at_start(holder)} đang trả lời cuộc này nên câu của bạn chưa gửi."
            return await self._draw(visit, Draft(reply=typed, problem=problem, status=409))
        await self._parts.nerves.hint_outbox()
        log.info("staff_replied", staff_id=me.id, channel=id_.channel, parts=len(fitted))
        return see(f"{path_of(id_)}#cuoi", "da-gui")

    async def insert(self, visit: Visit) -> web.StreamResponse:
        """POST …/chen: look for an answer the bot knows, or put the chosen one below what was typed."""
        typed, seek = _typed(visit, "loi"), " ".join(visit.form.get("tim-cau", "").split())
        chosen, base = visit.form.get("chon", ""), self._parts.base()
        if chosen:
            filled = insertion.with_answer(typed, chosen, base)
            if filled is None:
                return await self._draw(visit, Draft(typed, "Câu này vừa được bỏ. Bạn tìm câu khác nhé."))
            return await self._draw(visit, Draft(reply=filled))
        ready = await insertion.found(base, seek) if seek else ()
        return await self._draw(visit, Draft(reply=typed, seek=seek[: insertion.LONGEST], ready=ready))

    async def add_note(self, visit: Visit) -> web.StreamResponse:
        """POST …/ghi-chu: for colleagues; never sent."""
        id_, me, now = asked_for(visit), visit.session.officer, self._parts.clock()
        await self._loaded(id_)
        typed = _typed(visit, "ghi")
        text = clean_text(typed)
        problem = "" if text else "Bạn chưa viết gì."
        if len(text) > NOTE_LIMIT:
            problem = f"Ghi chú dài quá {NOTE_LIMIT} ký tự. Bạn rút ngắn lại giúp nhé."
        if problem:
            return await self._draw(visit, Draft(note=typed, note_problem=problem, status=422))

        async def job(connection: AsyncConnection) -> None:
            since = now - NOTED_TWICE_WITHIN
            if await notes.said_just_now(connection, id_.key, author=me.name, text=text, since=since):
                return
            await notes.add(connection, id_.key, author=me.name, text=text, at=now)
            await audit.note(connection, me, Action.NOTE_ADDED, conversation_subject(id_), now)

        await self._parts.database.write(job)
        log.info("staff_noted", staff_id=me.id)
        return see(f"{path_of(id_)}#ghi-chu", "da-ghi")

    # --- drawing -----------------------------------------------------------------------------------

    async def _loaded(self, id_: ConversationId) -> Conversation:
        async with self._parts.database.read() as connection:
            one = await conversations.load(connection, id_)
        if not one.revision:
            raise not_found()
        return one

    async def _draw(self, visit: Visit, draft: Draft) -> web.StreamResponse:
        id_, now = asked_for(visit), self._parts.clock()
        is_long = "het" in visit.request.query
        limit = ALL_LINES if is_long else LINES
        async with self._parts.database.read() as connection:
            one = await conversations.load(connection, id_)
            if not one.revision:
                raise not_found()
            said = await transcript.recent(connection, id_, limit)
            lines = await self._lines(connection, said, id_, now)
            noted = await notes.latest(connection, id_.key, NOTES)
        await self._note_view(visit, id_, now)
        standing = self._standing(one, visit.session.officer.name, now)
        values: dict[str, object] = {
            "path": path_of(id_),
            "who": handle_of(id_),
            "channel": channel_name(id_.channel),
            "standing": standing,
            "window": self._window(one, now),
            "lines": lines,
            "is_cut": len(said) >= limit,
            "is_longest": is_long,
            "notes": [self._note(note, now) for note in noted],
            "live": f"{path_of(id_)}?manh=1{'&het=1' if is_long else ''}",
            "now": now.isoformat(),
            "draft": draft,
            "ticket": secrets.token_hex(12),
            "text_limit": MAX_TEXT,
            "note_limit": NOTE_LIMIT,
        }
        if visit.request.query.get("bao") == "nguoi-khac" and standing.holder:
            # Who it is stands in the conversation, not in the address: that anybody could write.
            values["warning"] = f"{at_start(standing.holder)} đã nhận cuộc này trước bạn."
        if visit.request.method == "GET" and "manh" in visit.request.query:
            return self._pages.draw_fragment(
                Drawing("inbox/_living.html", values), visit.request, visit.session
            )
        return self._pages.draw(
            Drawing("inbox/conversation.html", values, draft.status), visit.request, visit.session
        )

    async def _lines(
        self, connection: AsyncConnection, said: Sequence[Said], id_: ConversationId, now: datetime
    ) -> Sequence[ShownLine]:
        ends = last_of_answers(said)
        whys = await turns.of_events(connection, set(ends.values()))
        places = await transcript.places(connection, library_passages(whys.values()))
        base = self._parts.base()
        explained = {
            row: explain(event, whys[event], base, places) for row, event in ends.items() if event in whys
        }
        zone = self._parts.zone
        return [shown(line, now, zone, id_.channel, explained.get(line.outbound_id)) for line in said]

    async def _note_view(self, visit: Visit, id_: ConversationId, now: datetime) -> None:
        officer, seen = visit.session.officer, Action.CONVERSATION_VIEWED
        subject = conversation_subject(id_)
        async with self._parts.database.read() as connection:
            if await audit.saw_lately(connection, officer, seen, subject, now):
                return
        await self._parts.database.write(lambda c: audit.note(c, officer, seen, subject, now))

    def _note(self, note: notes.Note, now: datetime) -> ShownNote:
        at = moment(note.at, now, self._parts.zone)
        return ShownNote(at_start(note.author), at, note.at.isoformat(), note.text)

    def _window(self, one: Conversation, now: datetime) -> ReplyWindow:
        return reply_window(
            one, self._parts.channel_of(one.id), self._parts.officer_windows.get(one.id.channel), now
        )

    def _standing(self, one: Conversation, me: str, now: datetime) -> Standing:
        since = one.mode_since or now
        if one.mode is Mode.BOT:
            return Standing("bot", "Trợ lý đang trả lời", "", "")
        if one.mode is Mode.WAITING:
            return Standing("waiting", f"Đang chờ cán bộ, đã {duration(now - since)}", "", "")
        hold, who = "colleague", at_start(one.officer)
        if one.officer == me:
            hold, who = "mine", "Bạn"
        elif not one.officer:
            hold, who = "elsewhere", f"Cán bộ viết từ ứng dụng {channel_name(one.id.channel)}"
        says = f"{who} đang trả lời, từ {moment(since, now, self._parts.zone)}"
        return Standing(hold, says, one.officer if hold == "colleague" else "", self._returns(one, now))

    def _returns(self, one: Conversation, now: datetime) -> str:
        if one.person_last_at is None:
            return ""
        at = one.person_last_at + self._parts.handoff_return
        told = moment(at, now, self._parts.zone)
        if at > now:
            return f"Trợ lý tự trả lời lại từ {told} nếu không ai viết."
        return f"Không ai viết từ lâu: người dân nhắn lại thì trợ lý tự trả lời (từ {told})."


def _typed(visit: Visit, name: str) -> str:
    return visit.form.get(name, "").replace("\r\n", "\n")


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
