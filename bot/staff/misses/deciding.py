"""The buttons of the list: who decides what about which questions, and how it is taken back.

Each decision is one transaction with its line in the audit log, where groups go by a digest: what was asked
is never written there. Of two officers pressing at once one wins and the other is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.access import PageError, Visit, not_found
from bot.staff.faq import FAQ
from bot.staff.faq.shelf import found
from bot.staff.misses import adding, shown
from bot.staff.misses.adding import NobodysAnyMore, Sorted
from bot.staff.misses.board import Board
from bot.staff.misses.entries import EntryShelf
from bot.staff.misses.moments import micros, moment_of
from bot.staff.misses.shown import LISTED, MISSES, Wanted
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.staff.words import shortened
from bot.store import audit, misses
from bot.store.audit import Action
from bot.store.editing import Kept, Stale
from bot.store.misses import Miss, State

log = structlog.get_logger(__name__)

FOUND_AT_MOST = 8
_KEY = "cach:"
"""Begins the name of a wording's tick."""
_KEYS_AT_MOST = 2_000
_TRIES = 3
"""How often something is put over the newest version of an entry that colleagues work on."""
_ADDRESS_LENGTH = 6_000
"""Of what the editor is opened with; a request line may have 8,190 characters."""


class Deciding:
    """What is done about groups."""

    def __init__(self, parts: StaffParts, pages: Pages, board: Board, entries: EntryShelf) -> None:
        self._parts = parts
        self._pages = pages
        self._board = board
        self._entries = entries

    async def compose(self, visit: Visit) -> web.StreamResponse:
        """POST …/soan: the group is this officer's, and the editor opens with its questions filled in."""
        chosen = await self._chosen(visit)
        if not chosen:
            return _back(visit, loi="khong-chon")
        at = self._parts.clock()
        if not await self._decide(visit, chosen, State.TAKEN, at):
            return _back(visit, loi="dong-nghiep")
        first = next((one for one in chosen if one.key == visit.form.get("tieu-bieu")), chosen[0])
        others = [adding.as_variant(one) for one in chosen if one is not first and adding.is_whole(one)]
        return web.Response(status=303, headers={"Location": _editor(adding.as_variant(first), others, at)})

    async def put_outside(self, visit: Visit) -> web.StreamResponse:
        """POST …/ngoai-pham-vi"""
        return await self._close(visit, State.OUTSIDE)

    async def skip(self, visit: Visit) -> web.StreamResponse:
        """POST …/bo-qua"""
        return await self._close(visit, State.SKIPPED)

    async def reopen(self, visit: Visit) -> web.StreamResponse:
        """POST …/mo-lai: whatever became of it, the group is open again."""
        chosen, at, officer = await self._chosen(visit), self._parts.clock(), visit.session.officer

        async def job(connection: AsyncConnection) -> int:
            changed = await misses.reopen(connection, [one.key for one in chosen], at)
            if changed:
                await audit.note(
                    connection,
                    officer,
                    Action.MISS_DECIDED,
                    adding.subject_of(chosen),
                    at,
                    _detail("open", changed),
                )
            return changed

        changed = await self._parts.database.write(job) if chosen else 0
        return _back(visit, xong="mo-lai") if changed else _back(visit, loi="dong-nghiep")

    async def take_back(self, visit: Visit) -> web.StreamResponse:
        """POST …/hoan-tac: undo what this officer did at the moment `luc`."""
        at, now, officer = (
            moment_of(visit.form.get("luc", "")),
            self._parts.clock(),
            visit.session.officer,
        )
        if at is None:
            raise not_found()

        async def job(connection: AsyncConnection) -> int:
            done = await misses.decided_together(connection, officer.name, at)
            for entry_id in sorted({one.answered_by for one in done if one.answered_by}):
                await adding.take_out(connection, entry_id, officer, at, now)
            changed = await misses.take_back(connection, officer.name, at)
            if changed:
                await audit.note(
                    connection,
                    officer,
                    Action.MISS_DECIDED,
                    adding.subject_of(done),
                    now,
                    _detail("open", changed),
                )
            return changed

        try:
            changed = await self._parts.database.write(job)
        except Stale:
            changed = 0
        log.info("staff_took_back_miss", staff_id=officer.id, done=bool(changed))
        return _back(visit, xong="hoan-tac") if changed else _back(visit, loi="khong-hoan-tac")

    async def _close(self, visit: Visit, state: State) -> web.StreamResponse:
        chosen, at = await self._chosen(visit), self._parts.clock()
        if not chosen:
            return _back(visit, loi="khong-chon")
        if not await self._decide(visit, chosen, state, at):
            return _back(visit, loi="dong-nghiep")
        return _back(visit, vua=micros(at))

    async def _decide(self, visit: Visit, chosen: Sequence[Miss], state: State, at: datetime) -> int:
        officer = visit.session.officer

        async def job(connection: AsyncConnection) -> int:
            keys = [one.key for one in chosen]
            changed = await misses.decide(connection, keys, state, by=officer.name, at=at)
            if changed:
                detail = _detail(state.value, changed)
                await audit.note(
                    connection, officer, Action.MISS_DECIDED, adding.subject_of(chosen), at, detail
                )
            return changed

        changed = await self._parts.database.write(job)
        log.info("staff_decided_miss", staff_id=officer.id, state=state.value, changed=changed)
        return changed

    async def add(self, visit: Visit) -> web.StreamResponse:
        """POST …/them: make the wordings ways of asking the entry `vao`; without one, choose it first."""
        chosen = await self._chosen(visit)
        if not chosen:
            return _back(visit, loi="khong-chon")
        entry_id = visit.form.get("vao", "")
        if not entry_id:
            return await self._choose(visit, chosen)
        at = self._parts.clock()
        for _ in range(_TRIES):
            entries = await self._entries.now()
            kept = entries.entries.get(entry_id)
            if kept is None:
                raise not_found()
            wanted = adding.sort(chosen, kept, self._entries.owners(entries))
            if not wanted.fresh:
                return _back(visit, loi="khong-them")
            try:
                await self._put(wanted, kept, chosen, visit, at)
            except Stale:
                continue  # a colleague saved it just now: the wordings go into what they made of it
            except NobodysAnyMore:
                return _back(visit, loi="dong-nghiep")
            log.info("staff_added_variants", staff_id=visit.session.officer.id, count=len(wanted.fresh))
            left = {"de_lai": len(wanted.elsewhere)} if wanted.elsewhere else {}
            return _back(visit, vua=micros(at), **left)
        raise PageError(
            409, "Câu này đang có người sửa", "Đồng nghiệp vừa lưu câu này. Bạn quay lại rồi thử lần nữa nhé."
        )

    async def _put(
        self, wanted: Sorted, kept: Kept, chosen: Sequence[Miss], visit: Visit, at: datetime
    ) -> None:
        officer, subject = visit.session.officer, adding.subject_of(chosen)
        await self._parts.database.write(lambda c: adding.add(c, wanted, kept, officer, subject, at))

    async def _choose(self, visit: Visit, chosen: Sequence[Miss]) -> web.StreamResponse:
        entries, words = await self._entries.now(), " ".join(visit.form.get("tim-cau", "").split())[:200]
        first = next((one for one in chosen if one.key == visit.form.get("tieu-bieu")), chosen[0])
        live = self._entries.live(entries)
        near = await self._board.nearest(first, live)
        results = await found(entries, self._parts.base(), words) if words else []
        owners = self._entries.owners(entries)
        values = {
            "path": MISSES,
            "faq": FAQ,
            "fields": Wanted.of(visit.form).fields(),
            "back": Wanted.of(visit.form).address(),
            "key": first.key,
            "question": shortened(shown.as_asked(first), shown.WORDS),
            "wordings": [shown.wording_shown(one, owners) for one in chosen[:LISTED]],
            "rest": shown.keys_of(chosen[LISTED:]),
            "near": [shown.near_shown(id_, score, live[id_]) for id_, score in near],
            "words": words,
            "results": [
                (kept.id, str(kept.body.get("question") or kept.id)) for kept in results if kept.id in live
            ][:FOUND_AT_MOST],
            "most": adding.MOST,
        }
        return self._pages.draw(Drawing("misses/choose.html", values), visit.request, visit.session)

    async def _chosen(self, visit: Visit) -> list[Miss]:
        """The wordings that were ticked, those asked most first."""
        keys = [name[len(_KEY) :] for name in visit.form if name.startswith(_KEY)]
        keys += visit.form.get("con-lai", "").splitlines()
        async with self._parts.database.read() as connection:
            chosen = await misses.find(connection, keys[:_KEYS_AT_MOST])
        return sorted(chosen, key=lambda one: (-one.count, one.key))


def _back(visit: Visit, **more: str | int) -> web.Response:
    """To the list as it was, with what happened in the address (codes and numbers alone)."""
    return web.Response(status=303, headers={"Location": Wanted.of(visit.form).address(**more)})


def _editor(question: str, others: Sequence[str], at: datetime) -> str:
    """The editor of a new entry, filled in with as many ways of asking as an address holds."""
    fields = {"cau-hoi": question[:200], "nguon": adding.origin_of(at)}
    variants: list[str] = []
    for text in others[: adding.MOST]:
        longer = {**fields, "cach-hoi": "\n".join([*variants, text])}
        if len(urlencode(longer)) > _ADDRESS_LENGTH:
            break
        variants.append(text)
    if variants:
        fields["cach-hoi"] = "\n".join(variants)
    return f"{FAQ}/_moi?{urlencode(fields)}"


def _detail(state: str, changed: int) -> dict[str, object]:
    return {"to": state, "wordings": changed}
