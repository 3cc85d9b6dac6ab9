"""What a page tells of one kind of content that is kept with its history: for pages with a form.

Who changed it last, what a colleague saved meanwhile, what the program would change, every change there was,
and an older text put into the form again. Reads only; forms are saved elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.staff.differences import Difference
from bot.staff.parts import StaffParts
from bot.staff.typed import number_in
from bot.staff.versions import PastChange, past_changes, with_texts_before
from bot.staff.words import moment
from bot.store import editing
from bot.store.content import Status
from bot.store.editing import Kept
from knowledge.content import Kind


@dataclass(frozen=True, slots=True)
class Newer:
    """What a colleague saved while this form was open, beside what was typed here."""

    by: str
    at: str
    differences: Sequence[Difference]


@dataclass(frozen=True, slots=True)
class Conflict:
    """The house's text beside the one that came with the program since."""

    version: str
    is_taken_away: bool
    """The house no longer uses it at all."""
    differences: Sequence[Difference]


@dataclass(frozen=True, slots=True)
class OtherText:
    """A text to fill the form with that is not the one in use."""

    body: Mapping[str, Any]
    why: str
    """For the history, once it is saved."""
    told: str
    """One sentence above the form."""


class History:
    """The versions of one kind of content; `between` finds the differences of two bodies."""

    def __init__(
        self,
        parts: StaffParts,
        kind: Kind,
        between: Callable[[Mapping[str, Any], Mapping[str, Any]], Sequence[Difference]],
    ) -> None:
        self._parts = parts
        self._kind = kind
        self._between = between

    async def past(self, kept: Kept) -> list[PastChange]:
        """Every change, the last one first."""
        return past_changes(await self._lines(kept), self._between, self._moment)

    async def other_text(self, kept: Kept, query: Mapping[str, str]) -> OtherText | None:
        """The text an address asks for: `lay=moi` the program's, `ban-cu=ID` what stood before that line of
        the history, `ban-nhap=ID` the draft it kept. None where it asks for none, or for one there is not."""
        if query.get("lay") == "moi" and kept.conflict is not None:
            told = "Ô dưới đây đang là bản mới của chương trình. Bạn sửa thêm cho vừa ý rồi lưu."
            return OtherText(kept.conflict, "Gộp với bản mới của chương trình", told)
        old, draft = number_in(query.get("ban-cu", "")), number_in(query.get("ban-nhap", ""))
        if not (old or draft):
            return None
        for line, before in with_texts_before(await self._lines(kept)):
            when = self._moment(line.change.at)
            if line.id == old and before:
                return _back_to(before, f"bản trước lần đổi lúc {when}")
            if line.id == draft and line.change.draft:
                return _back_to(line.change.draft, f"bản nháp lưu lúc {when}")
        return None

    def newer(self, now: Kept | None, mine: Callable[[Kept], Mapping[str, Any]]) -> Newer | None:
        """What was saved meanwhile (`now`) beside `mine`, the body this form would have made of it."""
        if now is None:
            return None
        at = self._moment(now.changed_at) if now.changed_at else ""
        return Newer(now.changed_by or "Chương trình", at, self._between(now.body, mine(now)))

    def conflict(self, kept: Kept | None) -> Conflict | None:
        """What is to be decided between the house's text and the program's; None where nothing is."""
        if kept is None or kept.conflict is None:
            return None
        is_taken_away = kept.status is not Status.PUBLISHED
        return Conflict(kept.version, is_taken_away, self._between(kept.body, kept.conflict))

    def last_change(self, kept: Kept | None) -> str:
        """Who changed it last, as a sentence; empty for what is not there yet."""
        if kept is None:
            return ""
        if kept.changed_at is None:
            return "Đi kèm chương trình, chưa ai sửa."
        return f"{kept.changed_by} sửa lần cuối lúc {self._moment(kept.changed_at)}."

    async def _lines(self, kept: Kept) -> list[editing.Entry]:
        async with self._parts.database.read() as connection:
            return await editing.history(connection, self._kind, kept.id)

    def _moment(self, at: datetime) -> str:
        return moment(at, self._parts.clock(), self._parts.zone)


def _back_to(body: Mapping[str, Any], which: str) -> OtherText:
    told = f"Ô dưới đây là {which}, chưa lưu. Bấm lưu thì bản này được dùng lại."
    return OtherText(body, f"Quay lại {which}", told)
