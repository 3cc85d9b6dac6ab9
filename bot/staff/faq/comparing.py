"""What a file of entries would change: every row judged before anything is written. Pure, but for looking up
entries that seem to answer the same.

A row is written only where it takes nothing away from citizens: an entry they are answered with is never
made a draft, never put away and never replaced by a text the editor would have to confirm; such a row is held
back, and a person decides on the entry's own page. A file says nothing about entries it does not hold.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from bot.staff.faq import form as forms
from bot.staff.faq.citing import Citations, Cited, said_in
from bot.staff.faq.columns import Given
from bot.staff.faq.form import Doubt
from bot.staff.faq.shelf import Shelf, alike
from bot.staff.faq.shown import FIELDS
from bot.store.content import Status
from bot.store.editing import NEW, Kept
from knowledge.base import KnowledgeBase
from knowledge.content import Item, Kind
from knowledge.items import SLUG
from nlu.text import fold

LIKELY_LIMIT = 200
"""New entries to be in use at once that are compared with those there are: each costs some 20 ms."""
_ID_LENGTH = 120


class Verdict(StrEnum):
    """What becomes of a row."""

    ADD = "them"
    CHANGE = "sua"
    SAME = "khong-doi"
    HELD = "giu-nguyen"
    """Nothing is wrong with it, and a person must do it on the entry's page."""
    WRONG = "loi"


WRITTEN = frozenset({Verdict.ADD, Verdict.CHANGE})


@dataclass(frozen=True, slots=True)
class Planned:
    """A row with what becomes of it."""

    line: int
    sheet: str
    verdict: Verdict
    id: str
    """Of the entry; empty where the row names none."""
    question: str
    status: Status = Status.DRAFT
    """What the entry is afterwards."""
    version: str = NEW
    """The version of the entry this was compared with."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """What is written; empty where nothing is."""
    reasons: tuple[str, ...] = ()
    """In plain words: what is wrong, why it is held back, or why it becomes a draft only."""
    notes: tuple[str, ...] = ()
    """In plain words: how a cell was understood."""

    @property
    def item(self) -> Item:
        """The entry as it is written."""
        return Item(Kind.ENTRY, self.id, self.body)


async def compare(given: Sequence[Given], shelf: Shelf, base: KnowledgeBase) -> list[Planned]:
    """Every row of a file, in its order."""
    planned = await asyncio.to_thread(lambda: _Comparison(shelf).rows(given))
    looked = 0
    for place, row in enumerate(planned):
        if row.verdict is not Verdict.ADD or row.status is not Status.PUBLISHED:
            continue
        looked += 1
        if looked > LIKELY_LIMIT:
            why = "Tệp có nhiều câu mới quá, chưa so hết với những câu đã có."
            planned[place] = replace(row, status=Status.DRAFT, reasons=(why,))
            continue
        await asyncio.sleep(0)  # looking by words alone takes some milliseconds and pauses for nobody
        near = await alike(shelf, base, row.question, row.id)
        if near:
            planned[place] = replace(row, status=Status.DRAFT, reasons=_told(forms.similar(near)))
    return planned


def still_right(row: Planned, shelf: Shelf) -> tuple[str, ...]:
    """Why a row that was compared with another shelf can no longer be written; empty when it can."""
    made, problems = forms.checked_body(row.id, row.body, shelf.content)
    if made is None:
        return _problems(problems)
    if row.status is Status.PUBLISHED:
        return _told(forms.warnings(made, shelf, ()))
    return ()


class _Comparison:
    """Goes through the rows of one file."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._citations = Citations(shelf.content)
        self._ids: dict[str, int] = {}
        """Ids of rows so far, with their lines."""
        self._taken = set(shelf.entries)
        self._questions: dict[str, int] = {}
        """Folded questions of new rows so far, with their lines."""
        self._asked: dict[str, int] = {}
        """Folded ways of asking of new rows so far, with their lines."""
        self._by_question: dict[str, list[Kept]] = {}
        for kept in shelf.entries.values():
            if kept.status is not Status.ARCHIVED:
                self._by_question.setdefault(fold(str(kept.body.get("question", ""))), []).append(kept)

    def rows(self, given: Iterable[Given]) -> list[Planned]:
        return [self._row(one) for one in given]

    def _row(self, given: Given) -> Planned:
        question = str(given.values.get("question", ""))[:200]
        row = Planned(given.line, given.sheet, Verdict.WRONG, given.id[:_ID_LENGTH], question)
        if given.problem:
            return replace(row, reasons=(given.problem,))
        same = [] if given.id else self._by_question.get(fold(question), []) if question else []
        if len(same) > 1:
            why = f"Có {len(same)} câu cùng hỏi như vậy. Bạn ghi thêm mã của câu muốn sửa."
            return replace(row, reasons=(why,))
        kept = self._shelf.entries.get(given.id) if given.id else same[0] if same else None
        if given.id and (not re.fullmatch(SLUG, given.id) or len(given.id) > _ID_LENGTH):
            why = "Mã chỉ gồm chữ thường không dấu, chữ số và dấu gạch ngang. Câu mới thì để trống."
            return replace(row, reasons=(why,))
        entry_id = kept.id if kept else given.id or forms.new_id(question, self._taken)
        if entry_id in self._ids:
            return replace(row, id=entry_id, reasons=(f"Trùng với dòng {self._ids[entry_id]} của tệp.",))
        self._ids[entry_id] = given.line
        self._taken.add(entry_id)
        return self._judged(replace(row, id=entry_id, version=kept.version if kept else NEW), given, kept)

    def _judged(self, row: Planned, given: Given, kept: Kept | None) -> Planned:
        body = _body(given.values, kept.body if kept else {})
        cited = self._cited(body, kept)
        row = replace(row, notes=cited.notes)
        if cited.problems:
            return replace(row, reasons=tuple(f"{FIELDS['facts']}: {one}" for one in cited.problems))
        made, problems = forms.checked_body(row.id, body, self._shelf.content)
        if made is None:
            return replace(row, reasons=_problems(problems))
        row = replace(row, question=made.body["question"])
        if kept is None:
            return self._new(row, given, made, cited.doubts)
        return self._known(row, given, made, kept, cited.doubts)

    def _cited(self, body: dict[str, Any], kept: Kept | None) -> Cited:
        """Put what the cells about sources stand for into the body."""
        if isinstance(about := body.get("about"), list) and all(isinstance(one, str) for one in about):
            body["about"] = list(dict.fromkeys(map(self._citations.number_of, about)))
        lines = body.get("facts")
        if not isinstance(lines, list) or not all(isinstance(one, str) for one in lines):
            return Cited()  # the content's rules say what is wrong
        former = kept.body.get("facts", ()) if kept else ()
        cited = self._citations.cited(lines, said_in(body), former)
        body["facts"] = list(cited.facts)
        return cited

    def _new(self, row: Planned, given: Given, made: Item, doubts: tuple[str, ...]) -> Planned:
        if given.status is Status.ARCHIVED:
            return replace(
                row, verdict=Verdict.HELD, reasons=("Tệp ghi “lưu trữ”, nên câu này không được thêm.",)
            )
        first = self._questions.setdefault(fold(row.question), given.line)
        if first != given.line:
            return replace(row, reasons=(f"Cùng câu hỏi với dòng {first} của tệp.",))
        askings = [fold(one) for one in (made.body["question"], *made.body.get("variants", ()))]
        twice = next((self._asked[one] for one in askings if one in self._asked), 0)
        for one in askings:
            self._asked.setdefault(one, given.line)
        row = replace(row, verdict=Verdict.ADD, body=made.body)
        if given.status is not Status.PUBLISHED:
            return replace(row, notes=(*row.notes, *doubts))
        reasons = (*doubts, *_told(forms.warnings(made, self._shelf, ())))
        if twice:
            reasons = (*reasons, f"Có cách hỏi trùng với dòng {twice} của tệp.")
        return replace(row, status=Status.DRAFT if reasons else Status.PUBLISHED, reasons=reasons)

    def _known(self, row: Planned, given: Given, made: Item, kept: Kept, doubts: tuple[str, ...]) -> Planned:
        wanted = given.status or kept.status
        row = replace(row, status=kept.status)
        is_same = made.body == kept.body
        if is_same and wanted is kept.status:
            return replace(row, verdict=Verdict.SAME)
        why = _kept_back(kept, wanted)
        if why:
            return replace(row, verdict=Verdict.HELD, reasons=(why,))
        reasons: tuple[str, ...] = ()
        if wanted is Status.PUBLISHED:
            reasons = (*doubts, *_told(forms.warnings(made, self._shelf, ())))
        is_live = kept.status is Status.PUBLISHED
        if reasons and (is_live or (is_same and kept.status is Status.DRAFT)):
            return replace(row, verdict=Verdict.HELD, reasons=reasons)
        status = Status.DRAFT if reasons else wanted
        return replace(row, verdict=Verdict.CHANGE, status=status, body=made.body, reasons=reasons)


def _kept_back(kept: Kept, wanted: Status) -> str:
    """Why a file may not change this entry so; empty when it may."""
    if kept.conflict is not None:
        return "Câu này đang có bản mới của chương trình chờ bạn chọn."
    if wanted is Status.ARCHIVED:
        if kept.status is Status.ARCHIVED:
            return "Câu này đang lưu trữ. Muốn sửa thì ghi “bản nháp” hoặc “đang dùng” ở cột trạng thái."
        return "Nhập tệp không đưa câu nào vào lưu trữ. Bạn mở câu này để làm."
    if kept.status is Status.PUBLISHED and wanted is Status.DRAFT:
        return "Câu này đang trả lời người dân. Nhập tệp không ngừng câu nào; bạn mở câu này để làm."
    return ""


def _body(values: Mapping[str, Any], former: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry says with the row's cells in it: a key the file has no column for stays as it is."""
    body = {**former, **values}
    if "years" in values and values["years"] is None:
        body.pop("years")
        if former.get("years") == []:
            body["years"] = []
    return body


def _problems(problems: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{FIELDS.get(name, name)}: {said}" for name, said in problems.items())


def _told(doubts: Sequence[Doubt]) -> tuple[str, ...]:
    return tuple(" ".join(filter(None, (one.text, one.label))) for one in doubts)


def count(rows: Iterable[Planned]) -> dict[Verdict, int]:
    """How many rows there are of each verdict."""
    found = Counter(row.verdict for row in rows)
    return {verdict: found[verdict] for verdict in Verdict}
