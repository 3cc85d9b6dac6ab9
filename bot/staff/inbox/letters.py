"""The list of conversations: who waits, then one's own, colleagues', and the bot's, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import Mode
from bot.plain_words import channel_name, duration
from bot.staff.access import Visit
from bot.staff.inbox import seeking
from bot.staff.inbox.addresses import INBOX, path_of
from bot.staff.inbox.promise import Promise, promise
from bot.staff.inbox.window import ReplyWindow, open_since, reply_window
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.words import at_start, handle_of, moment, shortened, what_was_said
from bot.store import conversation_lists, events
from bot.store.conversation_lists import Standing
from bot.store.conversations import Conversation

LISTED = 100
"""Of those who wait for people, at most."""
PAGE = 25
"""Of the bot's conversations, on one page."""
GLIMPSE = 10
"""Of the bot's conversations, below the others."""
PAGES = 40
_FILTERS = {
    "cho": Standing.WAITING,
    "toi": Standing.MINE,
    "khac": Standing.OTHERS,
    "tro-ly": Standing.BOT,
}
_TITLES = {
    Standing.WAITING: ("dang-cho", "Đang chờ cán bộ", "Không ai phải chờ."),
    Standing.MINE: ("cua-toi", "Bạn đang trả lời", "Bạn chưa nhận cuộc trò chuyện nào."),
    Standing.OTHERS: (
        "dang-tra-loi",
        "Cán bộ khác đang trả lời",
        "Chưa có cuộc nào cán bộ khác đang trả lời.",
    ),
    Standing.BOT: ("gan-day", "Trợ lý đang trả lời", "Chưa có cuộc trò chuyện nào."),
}
_CODES = {standing: code for code, standing in _FILTERS.items()}
_SHOWN_EVEN_EMPTY = (Standing.WAITING, Standing.BOT)


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation in the list."""

    path: str
    who: str
    channel: str
    words: str
    since: str
    is_waiting: bool
    """Somebody of us owes an answer."""
    by: str
    """Who of us has it."""
    window: ReplyWindow | None
    """None where the bot answers: it never waits."""
    promise: Promise | None
    """What somebody who waits was told to expect."""


@dataclass(frozen=True, slots=True)
class Group:
    """One part of the list."""

    anchor: str
    title: str
    empty: str
    rows: Sequence[Row]
    total: int
    more: str = ""
    """Where the rest is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the officer wants to see."""

    standing: Standing | None
    channel: str
    words: str
    page: int

    def address(self, **instead: str | int) -> str:
        """The address of this list, with something else in it."""
        code = _CODES.get(self.standing, "") if self.standing else ""
        given: dict[str, str | int] = {
            "loc": code,
            "kenh": self.channel,
            "tim": self.words,
            "trang": self.page,
        }
        given |= instead
        query = urlencode({name: value for name, value in given.items() if value not in ("", 1)})
        return f"{INBOX}?{query}" if query else INBOX


class Letters:
    """Draws the list."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/hop-thu; `?manh=1` gives the living part alone."""
        asked = self._asked(visit)
        me, now = visit.session.officer.name, self._parts.clock()
        if asked.words:
            values = await self._found(asked, me, now)
        else:
            async with self._parts.database.read() as connection:
                values = await self._standing(connection, asked, me, now)
        # What was searched for is not searched again whenever anybody writes.
        live = "" if asked.words else f"{asked.address()}{'&' if '?' in asked.address() else '?'}manh=1"
        values |= {
            "asked": asked,
            "channels": [(name, channel_name(name)) for name in self._channels()],
            "loc": _CODES[asked.standing] if asked.standing else "",
            "live": live,
        }
        if "manh" in visit.request.query:
            return self._pages.draw_fragment(
                Drawing("inbox/_list.html", values), visit.request, visit.session
            )
        return self._pages.draw(Drawing("inbox/list.html", values), visit.request, visit.session)

    def _asked(self, visit: Visit) -> Asked:
        query = visit.request.query
        page, channel = query.get("trang", "1"), query.get("kenh", "")
        return Asked(
            _FILTERS.get(query.get("loc", "")),
            channel if channel in self._channels() else "",
            " ".join(query.get("tim", "").split())[: seeking.LONGEST],
            min(PAGES, max(1, int(page))) if page.isascii() and page.isdigit() and len(page) < 4 else 1,
        )

    def _channels(self) -> list[str]:
        return list(dict.fromkeys(channel.name for channel in self._parts.channels))

    async def _standing(
        self, connection: AsyncConnection, asked: Asked, me: str, now: datetime
    ) -> dict[str, object]:
        counted = await conversation_lists.counts(connection, me, asked.channel)
        wanted = [asked.standing] if asked.standing else list(Standing)
        shown: dict[Standing, list[Conversation]] = {}
        since = open_since(self._parts.channels, self._parts.officer_windows, now)
        for standing in wanted:
            limit, offset = LISTED, 0
            if standing is Standing.BOT:
                limit = PAGE if asked.standing else GLIMPSE
                offset = (asked.page - 1) * PAGE if asked.standing else 0
            shown[standing] = await conversation_lists.listed(
                connection, standing, me, channel=asked.channel, limit=limit, offset=offset, open_since=since
            )
        keys = [one.id.key for found in shown.values() for one in found]
        words = {
            key: shortened(what_was_said(said))
            for key, said in (await events.last_words(connection, keys)).items()
        }
        groups = [
            self._group(standing, found, counted[standing], words, me, now, asked)
            for standing, found in shown.items()
            if found or asked.standing or standing in _SHOWN_EVEN_EMPTY
        ]
        pages = min(PAGES, -(-counted[Standing.BOT] // PAGE)) if asked.standing is Standing.BOT else 1
        return {
            "groups": groups,
            "tabs": self._tabs(asked, counted),
            "said": _said(counted),
            "page": asked.page,
            "pages": pages,
            "before": asked.address(trang=asked.page - 1) if asked.page > 1 else "",
            "after": asked.address(trang=asked.page + 1) if asked.page < pages else "",
        }

    async def _found(self, asked: Asked, me: str, now: datetime) -> dict[str, object]:
        found = await seeking.found(self._parts.database, asked.words, asked.channel)
        keys = [one.id.key for one, line in found if not line]
        async with self._parts.database.read() as connection:
            last = await events.last_words(connection, keys)
        rows = [
            self._row(
                one,
                shortened(line or (what_was_said(last[one.id.key]) if one.id.key in last else "")),
                me,
                now,
            )
            for one, line in found
        ]
        title = f"Tìm thấy {len(rows)} cuộc"
        empty = "Chưa thấy cuộc nào. Bạn thử ít từ hơn, hoặc bốn ký tự trong tên, như 3F9C."
        return {
            "groups": [Group("tim-thay", title if rows else "Kết quả tìm", empty, rows, 0)],
            "tabs": [],
            "said": "",
            "page": 1,
            "pages": 1,
            "before": "",
            "after": "",
        }

    def _tabs(self, asked: Asked, counted: Mapping[Standing, int]) -> list[tuple[str, int, str, bool]]:
        names = {
            Standing.WAITING: "Đang chờ",
            Standing.MINE: "Của tôi",
            Standing.OTHERS: "Của người khác",
            Standing.BOT: "Trợ lý",
        }
        everything = ("Tất cả", sum(counted.values()), asked.address(loc="", trang=1), asked.standing is None)
        return [
            everything,
            *(
                (name, counted[one], asked.address(loc=_CODES[one], trang=1), asked.standing is one)
                for one, name in names.items()
            ),
        ]

    def _group(
        self,
        standing: Standing,
        found: Sequence[Conversation],
        total: int,
        words: Mapping[str, str],
        me: str,
        now: datetime,
        asked: Asked,
    ) -> Group:
        anchor, title, empty = _TITLES[standing]
        rows = [self._row(one, words.get(one.id.key, ""), me, now) for one in found]
        is_cut = total > len(rows) and asked.standing is None
        return Group(
            anchor, title, empty, rows, total, asked.address(loc=_CODES[standing], trang=1) if is_cut else ""
        )

    def _row(self, one: Conversation, words: str, me: str, now: datetime) -> Row:
        since, is_waiting = self._since(one, me, now)
        window = None
        if one.mode is not Mode.BOT:
            longer = self._parts.officer_windows.get(one.id.channel)
            window = reply_window(one, self._parts.channel_of(one.id), longer, now)
        return Row(
            path_of(one.id),
            handle_of(one.id),
            channel_name(one.id.channel),
            words,
            since,
            is_waiting,
            _by(one, me),
            window,
            self._promise(one, now),
        )

    def _promise(self, one: Conversation, now: datetime) -> Promise | None:
        if one.mode is not Mode.WAITING or one.mode_since is None:
            return None
        return promise(self._parts.board.rules.office, one.mode_since, now, self._parts.zone)

    def _since(self, one: Conversation, me: str, now: datetime) -> tuple[str, bool]:
        """How long somebody waits, or when it was last about something; and which of the two."""
        if one.mode is Mode.WAITING and one.mode_since is not None:
            return f"chờ {duration(now - one.mode_since)}", True
        heard, wrote = one.last_heard_at, one.person_last_at
        if one.mode is Mode.PERSON and heard is not None and wrote is not None and heard > wrote:
            whom = "chờ bạn" if one.officer == me else "chờ"
            return f"{whom} {duration(now - heard)}", True
        last = wrote if one.mode is Mode.PERSON else heard
        return (moment(last, now, self._parts.zone) if last else ""), False


def _by(one: Conversation, me: str) -> str:
    if one.mode is not Mode.PERSON or one.officer == me:
        return ""
    return at_start(one.officer) if one.officer else f"Từ ứng dụng {channel_name(one.id.channel)}"


def _said(counted: Mapping[Standing, int]) -> str:
    """What a screen reader is told when it changes."""
    waiting, mine = counted[Standing.WAITING], counted[Standing.MINE]
    return f"{waiting} người đang chờ cán bộ, bạn đang trả lời {mine} cuộc."
