"""Chưa trả lời được: what the bot could not answer, by what was meant, and what is done about it.

Nobody's name, channel or conversation is here: what is kept of a question is masked. Every decision is one
press and can be taken back (bot.staff.misses.deciding). Everything works without a script.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.staff.access import EDITING, READING_QUESTIONS, Route, Visit
from bot.staff.faq import FAQ
from bot.staff.faq.shelf import Shelf as Entries
from bot.staff.misses import adding, sheet, shown
from bot.staff.misses.board import Board, Group, Shelf
from bot.staff.misses.deciding import Deciding
from bot.staff.misses.entries import EntryShelf
from bot.staff.misses.moments import micros, moment_of
from bot.staff.misses.shown import LISTED, MISSES, PERIODS, REASONS, SHELVES, GroupShown, Wanted
from bot.staff.pages import Drawing, Pages
from bot.staff.paging import leaf
from bot.staff.parts import StaffParts
from bot.staff.words import moment, shortened
from bot.store import misses
from bot.store.content import Status
from bot.store.misses import State

PER_PAGE = 15
_DONE = {
    "hoan-tac": "Đã hoàn tác. Nhóm lại nằm trong danh sách đang mở.",
    "mo-lai": "Đã mở lại.",
}
_NOT_DONE = {
    "dong-nghiep": "Có đồng nghiệp vừa xử lý nhóm này. Danh sách dưới đây là mới nhất.",
    "khong-them": "Chưa thêm được cách hỏi nào: câu đó đã có sẵn, hoặc đây là cách hỏi của câu khác.",
    "khong-chon": "Bạn chưa chọn cách hỏi nào trong nhóm.",
    "khong-hoan-tac": "Không còn gì để hoàn tác: nhóm này đã được xử lý khác đi.",
}


class Misses:
    """The list of groups. Whoever saves entries tells `bot.staff.misses.adding.entry_saved`."""

    def __init__(self, parts: StaffParts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages
        self._board = Board(parts.database, parts.base)
        self._entries = EntryShelf(parts.database)
        self._deciding = Deciding(parts, pages, self._board, self._entries)

    @property
    def routes(self) -> tuple[Route, ...]:
        """What this module serves."""
        do = self._deciding
        return (
            Route("GET", MISSES, READING_QUESTIONS, self.overview),
            Route("GET", f"{MISSES}/danh-sach.csv", READING_QUESTIONS, self.export),
            Route("POST", f"{MISSES}/soan", EDITING, do.compose),
            Route("POST", f"{MISSES}/them", EDITING, do.add),
            Route("POST", f"{MISSES}/ngoai-pham-vi", EDITING, do.put_outside),
            Route("POST", f"{MISSES}/bo-qua", EDITING, do.skip),
            Route("POST", f"{MISSES}/mo-lai", EDITING, do.reopen),
            Route("POST", f"{MISSES}/hoan-tac", EDITING, do.take_back),
        )

    async def close(self, _: web.Application) -> None:
        """When the server stops."""
        await self._board.close()

    async def overview(self, visit: Visit) -> web.StreamResponse:
        """GET /staff/chua-tra-loi: `loc`, `ly-do`, `ky`, `tim`, `trang` in the address; see `Wanted`."""
        query = visit.request.query
        wanted, now = Wanted.of(query), self._parts.clock()
        standing, entries = await self._board.now(), await self._entries.now()
        fitting = {
            shelf: [one for one in standing[shelf].groups if shown.fits(one, wanted, now)] for shelf in Shelf
        }
        groups = fitting[wanted.shelf]
        page = leaf(wanted.page, len(groups), PER_PAGE)
        wanted = wanted.on(page.page)
        values = {
            "path": MISSES,
            "faq": FAQ,
            "wanted": wanted,
            "fields": wanted.fields(),
            "reasons": REASONS,
            "periods": [(one.value, label) for one, label in PERIODS.items()],
            "tabs_shown": [
                (
                    label,
                    len(fitting[one]),
                    Wanted.of({**wanted.fields(), "loc": one.value}).on(1).address(),
                    one is wanted.shelf,
                )
                for one, label in SHELVES.items()
            ],
            "groups": [await self._shown(one, entries, visit, now) for one in page.of(groups)],
            "total": len(groups),
            "asked": sum(one.count for one in groups),
            "is_cut": standing[wanted.shelf].is_cut,
            **page.values(lambda number: wanted.on(number).address()),
            "export": wanted.on(1).address(f"{MISSES}/danh-sach.csv"),
            "everything": Wanted(wanted.shelf).address(),
            "may_edit": visit.session.officer.role in EDITING,
            "just_done": await self._just_done(visit, entries),
            "notice": _DONE.get(query.get("xong", ""), ""),
            "warning": _NOT_DONE.get(query.get("loi", ""), ""),
        }
        return self._pages.draw(Drawing("misses/list.html", values), visit.request, visit.session)

    async def export(self, visit: Visit) -> web.StreamResponse:
        """GET …/danh-sach.csv: what the page lists, all pages of it."""
        wanted, now = Wanted.of(visit.request.query), self._parts.clock()
        standing, entries = await self._board.now(), await self._entries.now()
        groups = [one for one in standing[wanted.shelf].groups if shown.fits(one, wanted, now)]

        def title_of(answer: str) -> str:
            told = shown.told_of(answer, entries)
            return told.label if told else ""

        body = sheet.as_csv(groups, title_of, self._parts.zone)
        name = f"chua-tra-loi-{now.astimezone(self._parts.zone):%Y-%m-%d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(body=body, content_type="text/csv", charset="utf-8", headers=headers)

    async def _shown(self, group: Group, entries: Entries, visit: Visit, now: datetime) -> GroupShown:
        typical, me, owners = group.typical, visit.session.officer.name, self._entries.owners(entries)
        is_open = typical.state in misses.UNSOLVED
        wrong = next((m.nearest_entry for m in group.misses if m.reason == misses.WRONG), "")
        live = {id_: kept for id_, kept in self._entries.live(entries).items() if id_ != wrong}
        near = await self._board.nearest(typical, live) if is_open else []
        name, note, tone = shown.reason_shown(group.reason)
        wordings = sorted(group.misses, key=lambda one: (one is not typical, -one.count, one.key))
        owned = [owner for one in wordings[:LISTED] if (owner := adding.owner_of(one, owners))]
        draft = next((kept for kept in owned if kept.status is Status.DRAFT), None)
        tried = next((m.answered_by for m in group.misses if m.state is State.OPEN and m.answered_by), "")
        return GroupShown(
            id=f"nhom-{hashlib.sha256(typical.key.encode()).hexdigest()[:12]}",
            key=typical.key,
            question=shortened(shown.as_asked(typical), shown.WORDS),
            count=group.count,
            ways=len(group.misses),
            span=shown.span_of(group, self._parts.zone),
            last=moment(group.last_at, now, self._parts.zone),
            reason=name,
            reason_note=note,
            tone=tone,
            wordings=[shown.wording_shown(one, owners) for one in wordings[:LISTED]],
            rest=shown.keys_of(wordings[LISTED:]),
            near=[shown.near_shown(id_, score, live[id_]) for id_, score in near],
            wrong=shown.told_of(wrong, entries) if is_open else None,
            answered=None if is_open else shown.told_of(typical.answered_by, entries),
            tried=shown.told_of(tried, entries) if is_open else None,
            state_words=shown.state_shown(group, me, now, self._parts.zone),
            taken_by_me=any(m.state is State.TAKEN and m.decided_by == me for m in group.misses),
            is_asked=any(m.state is State.TAKEN and m.answered_by for m in group.misses),
            draft=shown.Told(str(draft.body.get("question") or draft.id), draft.id) if draft else None,
        )

    async def _just_done(self, visit: Visit, entries: Entries) -> Mapping[str, Any] | None:
        """What this officer did a moment ago, with what came of it, to be taken back."""
        query = visit.request.query
        at = moment_of(query.get("vua", ""))
        if at is None:
            return None
        async with self._parts.database.read() as connection:
            done = await misses.decided_together(connection, visit.session.officer.name, at)
        if not done:
            return None
        left = query.get("de-lai", "")
        return {
            "question": shortened(shown.as_asked(done[0]), 80),
            "ways": len(done),
            "state": done[0].state.value,
            "entry": shown.told_of(done[0].answered_by, entries),
            "solved": sum(one.state is State.SOLVED for one in done),
            "is_asked": any(one.state is State.TAKEN and one.answered_by for one in done),
            "left_out": int(left) if left.isascii() and left.isdigit() and len(left) < 5 else 0,
            "at": micros(at),
        }
