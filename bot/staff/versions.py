"""Versions of a piece of content side by side: where they differ, what a change did, who was faster. Pure.

For every page on which staff change content that is kept with its history (bot.store.editing). Texts are as
hostile as any: templates escape them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.staff.access import PageError, not_found
from bot.staff.differences import Difference, difference
from bot.store.editing import Entry, Stale


@dataclass(frozen=True, slots=True)
class PastChange:
    """A line of the history, for the macro `changes`."""

    id: int
    by: str
    at: str
    why: str
    differences: Sequence[Difference]
    kind: str
    can_return: bool
    """There was another text before it, to be used again."""
    is_draft: bool


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], labels: Mapping[str, str]
) -> list[Difference]:
    """What changed from one body to another, word by word, in the fields that have a label."""
    found = []
    for name, label in labels.items():
        old, new = _as_text(before.get(name)), _as_text(after.get(name))
        if old != new:
            found.append(difference(label, old, new))
    return found


def past_changes(
    lines: Sequence[Entry],
    between: Callable[[Mapping[str, Any], Mapping[str, Any]], Sequence[Difference]],
    moment: Callable[[datetime], str],
) -> list[PastChange]:
    """The history as it is shown; `between` finds the differences of two bodies."""
    return [
        PastChange(
            line.id,
            line.change.by or "Chương trình",
            moment(line.change.at),
            line.change.why,
            between(before, line.change.draft or line.change.after or {}),
            what_happened(line),
            bool(before) and line.change.after != before,
            line.change.draft is not None,
        )
        for line, before in with_texts_before(lines)
    ]


def with_texts_before(lines: Sequence[Entry]) -> list[tuple[Entry, Mapping[str, Any]]]:
    """Each line of the history with the text there was before it: what was live, else the draft."""
    texts: list[Mapping[str, Any]] = []
    last: Mapping[str, Any] = {}
    for line in reversed(lines):
        texts.append(line.change.before or last)
        last = line.change.after or line.change.draft or line.change.before or last
    return list(zip(lines, reversed(texts), strict=True))


def what_happened(line: Entry) -> str:
    """What a line of the history did to what is in use."""
    change = line.change
    if change.draft is not None:
        return "Lưu bản nháp" if change.before is None else "Ngừng dùng, lưu thành bản nháp"
    if change.after is None:
        return "Đưa vào lưu trữ" if change.by else "Ngừng dùng"
    return "Đưa vào dùng" if change.before is None else "Sửa"


def changed_meanwhile(stale: Stale, what: str) -> PageError:
    """For a button on a version that is no longer there. `what`: `câu này`."""
    if stale.now is None:
        return not_found()
    who = stale.now.changed_by or "Bản mới của chương trình"
    title = f"{what[:1].upper()}{what[1:]} vừa được đổi"
    return PageError(409, title, f"{who} vừa lưu một bản khác. Bạn mở lại {what} để xem rồi làm tiếp nhé.")


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "có" if value else ""
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return "" if value is None else str(value)
