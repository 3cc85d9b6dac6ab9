"""Ways of asking put into an entry that is there, and taken out of it again.

An entry gets them as if an editor had typed them: over the newest version, checked by the content's own
rules, written down in its history. What another entry has as a way of asking is left out, and said.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.access import PageError
from bot.staff.faq import Saving
from bot.staff.misses.moments import micros, moment_of
from bot.store import audit, content, editing, misses
from bot.store.audit import Action
from bot.store.content import Status
from bot.store.editing import Kept
from bot.store.misses import Miss
from bot.store.staff import Officer
from knowledge.content import Kind, Misfit, item
from nlu.text import syllables

MOST = 12
"""Wordings that are added at once: those asked most. The others are near to them."""
_BLANK = "…"
_ORIGIN = "miss:"
_WHY = "Thêm cách hỏi của người dân"
_WHY_BACK = "Bỏ các cách hỏi vừa thêm"


Owners = Mapping[str, Sequence[Kept]]
"""Entries by their ways of asking, folded and without punctuation."""


class NobodysAnyMore(Exception):
    """A colleague decided about these questions meanwhile."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """Wordings beside one entry."""

    fresh: tuple[Miss, ...]
    """To be added."""
    known: tuple[Miss, ...]
    """What needs no adding: the entry has it, or it is one of too many."""
    elsewhere: tuple[tuple[Miss, Kept], ...]
    """Another entry's."""


def is_live(kept: Kept) -> bool:
    """May ways of asking be added? Not to what citizens do not get, nor while two versions wait."""
    return kept.status is Status.PUBLISHED and kept.conflict is None


def as_variant(miss: Miss) -> str:
    """A question as a way of asking: on one line, without what stands for blanked personal data."""
    return " ".join(miss.sample.replace(_BLANK, " ").split())


def is_whole(miss: Miss) -> bool:
    """Is nothing in it blanked? The rest of a sentence with a name in it is no way of asking."""
    return _BLANK not in miss.sample.rstrip(f"{_BLANK}.?! ")


def owners(entries: Iterable[Kept]) -> Owners:
    """Whose way of asking each question is. What is archived owns nothing."""
    made: dict[str, list[Kept]] = {}
    for kept in entries:
        if kept.status is not Status.ARCHIVED:
            for one in _askings(kept):
                made.setdefault(_key(one), []).append(kept)
    return made


def owner_of(miss: Miss, known: Owners) -> Kept | None:
    """The entry that has this question as a way of asking."""
    return next(iter(known.get(_key(as_variant(miss)), ())), None)


def sort(found: Sequence[Miss], kept: Kept, known_owners: Owners) -> Sorted:
    """What of these questions becomes a way of asking this entry."""
    own = {_key(one) for one in _askings(kept)}
    fresh: list[Miss] = []
    known: list[Miss] = []
    elsewhere: list[tuple[Miss, Kept]] = []
    for miss in found:
        text = as_variant(miss)
        others = [one for one in known_owners.get(_key(text), ()) if one.id != kept.id]
        if others:
            elsewhere.append((miss, others[0]))
        elif not text or _key(text) in own or not is_whole(miss) or len(fresh) >= MOST:
            known.append(miss)
        else:
            fresh.append(miss)
            own.add(_key(text))
    return Sorted(tuple(fresh), tuple(known), tuple(elsewhere))


def origin_of(at: datetime) -> str:
    """What the editor of a new entry is told: which questions an officer took at this moment."""
    return f"{_ORIGIN}{micros(at)}"


async def entry_saved(connection: AsyncConnection, saving: Saving) -> None:
    """An entry was saved. Made for a group and published, it is what the group is asked again for."""
    taken_at = moment_of(saving.origin.removeprefix(_ORIGIN)) if saving.origin.startswith(_ORIGIN) else None
    if taken_at is None or saving.status is not Status.PUBLISHED:
        return
    revision, by = await content.revision(connection), saving.officer.name
    taken = await misses.decided_together(connection, by, taken_at)
    keys = [miss.key for miss in taken]
    changed = await misses.hand_to(connection, keys, saving.item.id, revision, by=by, at=taken_at)
    if changed:
        detail = {"to": "written", "wordings": changed, "entry": saving.item.id}
        await audit.note(
            connection, saving.officer, Action.MISS_DECIDED, subject_of(taken), saving.at, detail
        )


def subject_of(about: Sequence[Miss]) -> str:
    """An id of a group for the audit log, where what was asked is never written."""
    key = min((one.key for one in about), default="")
    return f"miss:{hashlib.sha256(key.encode()).hexdigest()[:12]}"


async def add(
    connection: AsyncConnection, wanted: Sorted, kept: Kept, officer: Officer, subject: str, at: datetime
) -> None:
    """Make them ways of asking a published entry, and have them asked again. Raises Stale, NobodysAnyMore.

    `subject` is the group's in the log. Raises PageError when the entry cannot be changed like this.
    """
    if not is_live(kept):
        raise PageError(
            409,
            "Câu này chưa thêm được cách hỏi",
            "Câu đang là bản nháp, đã lưu trữ, hoặc chờ chọn giữa hai bản. Bạn mở câu đó để xem trước nhé.",
        )
    body = dict(kept.body)
    body["variants"] = [*body.get("variants", ()), *(as_variant(miss) for miss in wanted.fresh)]
    await content.begin_change(connection)
    await _put(connection, kept, body, officer, _WHY, at)
    keys = [miss.key for miss in (*wanted.fresh, *wanted.known)]
    revision = await content.revision(connection)
    changed = await misses.hand_to(connection, keys, kept.id, revision, by=officer.name, at=at)
    if not changed:
        raise NobodysAnyMore
    detail = {"variants": len(wanted.fresh)}
    await audit.note(connection, officer, Action.ENTRY_SAVED, kept.id, at, detail)
    about = {"to": "added", "wordings": changed, "entry": kept.id}
    await audit.note(connection, officer, Action.MISS_DECIDED, subject, at, about)


async def take_out(
    connection: AsyncConnection, entry_id: str, officer: Officer, at: datetime, now: datetime
) -> None:
    """Take out of an entry what `add` put into it at the moment `at`, whatever else changed since."""
    await content.begin_change(connection)
    kept = await editing.find(connection, Kind.ENTRY, entry_id)
    lines = await editing.history(connection, Kind.ENTRY, entry_id)
    line = next((one.change for one in lines if (one.change.at, one.change.by) == (at, officer.name)), None)
    if kept is None or line is None:
        return
    before, after = line.before or {}, line.after or {}
    added = [one for one in after.get("variants", ()) if one not in before.get("variants", ())]
    left = [one for one in kept.body.get("variants", ()) if one not in added]
    if len(left) == len(kept.body.get("variants", ())):
        return
    await _put(connection, kept, {**kept.body, "variants": left}, officer, _WHY_BACK, now)
    await audit.note(connection, officer, Action.ENTRY_SAVED, entry_id, now, {"variants": -len(added)})


async def _put(
    connection: AsyncConnection,
    kept: Kept,
    body: Mapping[str, Any],
    officer: Officer,
    why: str,
    at: datetime,
) -> None:
    try:
        made = item(Kind.ENTRY, kept.id, body)
    except Misfit as misfit:
        raise PageError(
            409,
            "Câu này cần sửa trước",
            "Một ô khác của câu này chưa đúng. Bạn mở câu đó để sửa rồi thêm sau nhé.",
        ) from misfit
    by = officer.name
    await editing.put_begun(connection, made, kept.version, by=by, why=why, at=at, status=kept.status)


def _askings(kept: Kept) -> list[str]:
    return [str(one) for one in (kept.body.get("question", ""), *kept.body.get("variants", ()))]


def _key(text: str) -> str:
    return " ".join(syllables(text))
