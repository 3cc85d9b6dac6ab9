"""An entry's page: the form with its preview, what the program or a colleague changed, and the history.

It draws what is stored or what was typed, and writes nothing. A form that cannot be saved comes back as it
was typed; everything works without a script.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from bot.staff.access import EDITING, Visit, not_found
from bot.staff.faq import form as forms
from bot.staff.faq import shown
from bot.staff.faq.addresses import FAQ, NEW
from bot.staff.faq.form import Doubt, Typed
from bot.staff.faq.listing import ASKED_WITHIN, Listing
from bot.staff.faq.shelf import Shelves, topic_of
from bot.staff.faq.shown import STATUS_WORDS
from bot.staff.history import History
from bot.staff.pages import Drawing, Pages
from bot.staff.parts import StaffParts
from bot.store.content import Status
from bot.store.editing import NEW as NO_VERSION
from bot.store.editing import Kept
from knowledge.content import ANSWER_LIMIT, QUESTION_LIMIT, STEP_LIMIT, Certainty, Fact, Kind

_CERTAINTY = {
    Certainty.CERTAIN: ("chắc chắn", "good"),
    Certainty.SINGLE_SOURCE: ("một nguồn", "warn"),
    Certainty.UNVERIFIED: ("chưa xác minh", "bad"),
}


@dataclass(frozen=True, slots=True)
class FactShown:
    """A fact to be chosen, with where it stands and how sure it is."""

    id: str
    statement: str
    source: str
    certainty: str
    tone: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """What an entry's page is about to show."""

    kept: Kept | None
    typed: Typed
    version: str
    problems: Mapping[str, str] | None = None
    warnings: tuple[Doubt, ...] = ()
    newer: Kept | None = None
    """What a colleague saved meanwhile."""
    told: str = ""
    """A sentence on top, where what is in the form is not what is stored."""
    status: int = 200


class EntryPage:
    """The page of one entry, and of one that is being written."""

    def __init__(self, parts: StaffParts, pages: Pages, shelves: Shelves, listing: Listing) -> None:
        self._parts = parts
        self._pages = pages
        self._shelves = shelves
        self._listing = listing
        self._history = History(parts, Kind.ENTRY, shown.differences)

    async def begin(self, visit: Visit) -> web.StreamResponse:
        """GET …/_moi: an empty form. In the address: `cau-hoi` the question, `cach-hoi` other ways of asking,
        one a line, `nguon` what whoever hands the question over knows it by."""
        query = visit.request.query
        typed = Typed(
            question=query.get("cau-hoi", "")[:500],
            variants=query.get("cach-hoi", "").replace("\r\n", "\n")[:20_000],
            origin=query.get("nguon", "")[: forms.ORIGIN_LIMIT],
        )
        return await self.draw(visit, Draft(None, typed, NO_VERSION))

    async def show(self, visit: Visit) -> web.StreamResponse:
        """GET …/{entry}: as stored; `ban-cu` (a line of the history) or `lay=moi` fills in another text."""
        kept = (await self._shelves.now()).entries.get(entry_of(visit))
        if kept is None:
            raise not_found()
        draft = Draft(kept, forms.typed_of(kept.body), kept.version)
        if other := await self._history.other_text(kept, visit.request.query):
            draft = replace(draft, typed=forms.typed_of(other.body, other.why), told=other.told)
        return await self.draw(visit, draft)

    async def history(self, visit: Visit) -> web.StreamResponse:
        """GET …/lich-su: who, when, why, and what changed."""
        entry_id = entry_of(visit)
        kept = (await self._shelves.now()).entries.get(entry_id)
        if kept is None:
            raise not_found()
        values = {
            "path": f"{FAQ}/{entry_id}",
            "title": str(kept.body.get("question") or entry_id),
            "what": "câu này",
            "may_edit": visit.session.officer.role in EDITING,
            "lines": await self._history.past(kept),
        }
        return self._pages.draw(Drawing("kept_history.html", values), visit.request, visit.session)

    async def draw(self, visit: Visit, draft: Draft) -> web.StreamResponse:
        """The page with this in its form."""
        shelf = await self._shelves.now()
        kept, typed, role = draft.kept, draft.typed, visit.session.officer.role
        entry_id = kept.id if kept else NEW
        made, _ = forms.checked(kept.id if kept else "moi", typed, kept.body if kept else {}, shelf.content)
        seen = frozenset(typed.facts)
        values: dict[str, Any] = {
            "path": f"{FAQ}/{entry_id}",
            "is_new": kept is None,
            "may_edit": role in EDITING,
            "title": str(kept.body.get("question") or kept.id) if kept else "Thêm câu hỏi",
            "status": STATUS_WORDS[kept.status] if kept else ("chưa lưu", "plain"),
            "is_live": kept is not None and kept.status is Status.PUBLISHED,
            "is_archived": kept is not None and kept.status is Status.ARCHIVED,
            "changed": await self._changed(kept),
            "topics": shelf.topics_of(kept) if kept else (),
            "typed": typed,
            "version": draft.version,
            "problems": draft.problems or {},
            "field_names": shown.FIELDS,
            "warnings": draft.warnings,
            "warnings_token": forms.token_of(draft.warnings) if draft.warnings else "",
            "told": draft.told,
            "newer": self._history.newer(draft.newer, lambda now: _body_of(typed, now)),
            "conflict": self._history.conflict(kept),
            "facts": [_fact_shown(shelf.content.facts.get(name), name) for name in typed.facts],
            "seeking": [
                _fact_shown(fact, fact.id, is_chosen=False)
                for fact in shelf.facts_like(typed.seek[:200])
                if fact.id not in seen
            ],
            "previews": shown.previews(made, shelf, self._parts.channels) if made else [],
            "limits": {"question": QUESTION_LIMIT, "answer": ANSWER_LIMIT, "step": STEP_LIMIT},
            "faq": FAQ,
        }
        return self._pages.draw(Drawing("faq/entry.html", values, draft.status), visit.request, visit.session)

    async def _changed(self, kept: Kept | None) -> str:
        asked = (await self._listing.asked()).get(kept.id, 0) if kept else 0
        often = f"{ASKED_WITHIN.days} ngày qua trả lời {asked} lượt." if asked else ""
        return f"{self._history.last_change(kept)} {often}".strip()


def entry_of(visit: Visit) -> str:
    """The id in the address; NEW for an entry that is being written."""
    return visit.request.match_info.get("entry", NEW)


def _body_of(typed: Typed, now: Kept) -> dict[str, Any]:
    """The body this form would make of what is stored now, without what is empty."""
    return {name: value for name, value in forms.body_of(typed, now.body).items() if value}


def _fact_shown(fact: Fact | None, fact_id: str, *, is_chosen: bool = True) -> FactShown:
    if fact is None:
        return FactShown(fact_id, "Căn cứ này không còn nữa.", fact_id, "đã mất", "bad", is_chosen)
    words, tone = _CERTAINTY[fact.certainty]
    place = ", ".join(filter(None, (fact.citation.title, fact.citation.locator)))
    return FactShown(fact.id, fact.statement, place or topic_of(fact), words, tone, is_chosen)
