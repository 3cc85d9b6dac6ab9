"""What becomes of an entry's form: saved, kept as a draft, put away, a conflict decided.

Every change is made over the version its author saw, with its line in the audit log in the same transaction.
What is saved is live in every process within about a second (bot.librarian follows the content's revision).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.access import PageError, Visit, not_found, see
from bot.staff.faq import form as forms
from bot.staff.faq.addresses import FAQ, NEW
from bot.staff.faq.entry import Draft, EntryPage, entry_of
from bot.staff.faq.form import Doubt
from bot.staff.faq.shelf import Shelf, Shelves, alike
from bot.staff.parts import StaffParts
from bot.staff.versions import changed_meanwhile
from bot.store import content, editing
from bot.store.audit import Action, note
from bot.store.content import Status
from bot.store.editing import NEW as NO_VERSION
from bot.store.editing import Kept, Stale
from bot.store.staff import Officer
from knowledge.content import Item, Kind

log = structlog.get_logger(__name__)

_PUBLISH, _DRAFT = "luu", "nhap"


@dataclass(frozen=True, slots=True)
class Saving:
    """An entry as it was just written."""

    item: Item
    status: Status
    origin: str
    """What was handed to the form as `nguon`; empty where nobody handed the question over."""
    officer: Officer
    at: datetime


class Saved(Protocol):
    """Who wants to know of every entry that is saved."""

    async def __call__(self, connection: AsyncConnection, saving: Saving) -> None:
        """Called in the transaction that saves, which may be run more than once: nothing but SQL."""
        ...


async def nobody(connection: AsyncConnection, saving: Saving) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Writing:
    """One entry to be written."""

    item: Item
    version: str
    """The version it was made from; the store's NEW for a new one."""
    why: str
    status: Status
    facts: Sequence[Item] = ()
    """Drafts of facts that become live with it."""
    origin: str = ""


def drafts_beneath(made: Item, status: Status, shelf: Shelf) -> list[Item]:
    """What came with a draft (a row of a table that was taken in) becomes live with it."""
    if status is not Status.PUBLISHED:
        return []
    return [shelf.items[Kind.FACT, name] for name in made.body["facts"] if name in shelf.drafts_of_facts]


async def put_entry(
    connection: AsyncConnection, writing: Writing, officer: Officer, at: datetime, saved: Saved
) -> None:
    """Write an entry within a change that was begun (`content.begin_change`). Raises Stale."""
    why, by, status = writing.why, officer.name, writing.status
    await editing.put_begun(connection, writing.item, writing.version, by=by, why=why, at=at, status=status)
    for fact in writing.facts:
        await content.save_begun(connection, fact, by=by, why=why, at=at, status=Status.PUBLISHED)
    await note(connection, officer, Action.ENTRY_SAVED, writing.item.id, at, {"status": status.value})
    await saved(connection, Saving(writing.item, status, writing.origin, officer, at))


class Keeper:
    """Takes the forms of an entry's page."""

    def __init__(self, parts: StaffParts, shelves: Shelves, page: EntryPage, saved: Saved = nobody) -> None:
        self._parts = parts
        self._shelves = shelves
        self._page = page
        self._saved = saved

    async def write(self, visit: Visit) -> web.StreamResponse:
        """POST …/{entry}: save, or show the form again with preview and facts found."""
        shelf, form = await self._shelves.now(), visit.form
        entry_id = entry_of(visit)
        kept = shelf.entries.get(entry_id)
        version = form.get("phien-ban", NO_VERSION)
        if entry_id != NEW and kept is None:
            raise not_found()
        draft = Draft(kept, forms.typed_in(form), version)
        wanted = form.get("viec", "")
        if wanted not in (_PUBLISH, _DRAFT):
            return await self._page.draw(visit, draft)
        if (kept.version if kept else NO_VERSION) != version:
            return await self._page.draw(visit, _overtaken(draft, kept))
        item_id = entry_id if kept else forms.new_id(draft.typed.question, shelf.entries)
        made, problems = forms.checked(item_id, draft.typed, kept.body if kept else {}, shelf.content)
        if made is None:
            return await self._page.draw(visit, replace(draft, problems=problems, status=422))
        warnings = await self._warnings(made, shelf, is_new=kept is None)
        if wanted == _PUBLISH and warnings and form.get("xac-nhan") != forms.token_of(warnings):
            return await self._page.draw(visit, replace(draft, warnings=tuple(warnings), status=422))
        status = Status.PUBLISHED if wanted == _PUBLISH else Status.DRAFT
        confirmed = warnings if status is Status.PUBLISHED else []
        why = forms.why_of(draft.typed.note, confirmed, "Thêm câu mới" if kept is None else "Sửa nội dung")
        facts = drafts_beneath(made, status, shelf)
        writing = Writing(made, version, why, status, facts, draft.typed.origin)
        try:
            await self._save(visit.session.officer, writing)
        except Stale as stale:
            return await self._page.draw(visit, _overtaken(draft, stale.now))
        return see(f"{FAQ}/{made.id}", "da-luu" if status is Status.PUBLISHED else "da-nhap")

    async def archive(self, visit: Visit) -> web.StreamResponse:
        """POST …/luu-tru: citizens do not get it any more; it can be brought back."""
        entry_id, at, officer = entry_of(visit), self._parts.clock(), visit.session.officer
        why = forms.why_of(visit.form.get("ghi-chu", ""), (), "Đưa vào lưu trữ")
        version = visit.form.get("phien-ban", NO_VERSION)

        async def job(connection: AsyncConnection) -> None:
            await editing.archive(connection, Kind.ENTRY, entry_id, version, by=officer.name, why=why, at=at)
            await note(connection, officer, Action.ENTRY_ARCHIVED, entry_id, at)

        try:
            await self._parts.database.write(job)
        except Stale as stale:
            raise changed_meanwhile(stale, "câu này") from stale
        log.info("staff_archived_entry", staff_id=officer.id)
        return see(f"{FAQ}/{entry_id}", "da-luu-tru")

    async def decide(self, visit: Visit) -> web.StreamResponse:
        """POST …/xung-dot: staff's version stays, or the program's goes live."""
        entry_id, at, officer = entry_of(visit), self._parts.clock(), visit.session.officer
        take: Literal["staff", "shipped"] = "shipped" if visit.form.get("lay") == "moi" else "staff"
        version = visit.form.get("phien-ban", NO_VERSION)

        async def job(connection: AsyncConnection) -> None:
            await editing.decide(connection, Kind.ENTRY, entry_id, version, take, by=officer.name, at=at)
            await note(connection, officer, Action.CONFLICT_DECIDED, entry_id, at, {"take": take})

        try:
            await self._parts.database.write(job)
        except Stale as stale:
            raise changed_meanwhile(stale, "câu này") from stale
        log.info("staff_decided_conflict", staff_id=officer.id, take=take)
        return see(f"{FAQ}/{entry_id}", "da-chon")

    async def _save(self, officer: Officer, writing: Writing) -> None:
        at = self._parts.clock()

        async def job(connection: AsyncConnection) -> None:
            await content.begin_change(connection)
            await put_entry(connection, writing, officer, at, self._saved)

        await self._parts.database.write(job)
        log.info("staff_saved_entry", staff_id=officer.id, status=writing.status.value)

    async def _warnings(self, made: Item, shelf: Shelf, *, is_new: bool) -> list[Doubt]:
        base = self._parts.base()
        likely = await alike(shelf, base, made.body["question"], made.id) if is_new else []
        return forms.warnings(made, shelf, likely)


def _overtaken(draft: Draft, now: Kept | None) -> Draft:
    """The form as typed beside what a colleague saved meanwhile; saving it again is then a decision."""
    if now is None:
        raise PageError(
            409, "Câu này không còn nữa", "Có người vừa xóa câu này. Bạn mở lại danh sách giúp nhé."
        )
    return replace(draft, kept=now, newer=now, version=now.version, status=409)
