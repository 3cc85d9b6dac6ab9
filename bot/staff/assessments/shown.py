"""One self-assessment as officers read it: points by competency, the verdict in words, what was given. Pure.

Words and file names of citizens are hostile until a template escapes them; files are offered under names of
ours. Everything is the citizen's own estimate and is called that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.assessment_tally import group_name, step_name
from bot.flows.results import AssessmentResult
from bot.plain_words import channel_name
from bot.sheets.wording import judged
from bot.staff.assessments.addresses import evidence_path, path_of
from bot.store.assessments import Assessment
from bot.store.evidence import Kept, State
from knowledge.criteria import CriteriaSet
from knowledge.criteria_files import CriteriaBook

_KINDS = {"image": "Ảnh", "file": "Tệp", "link": "Đường dẫn", "text": "Lời kể"}
_WHY_NOT = {
    State.WAITING: "đang được tải về",
    State.TOO_LARGE: "tệp quá lớn nên không nhận",
    State.FAILED: "không tải được từ nền tảng",
}
_REFUSED = {
    "type": "loại tệp này không nhận",
    "too many": "người này đã gửi quá nhiều tệp",
    "kind": "loại nội dung này không nhận",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A self-assessment in the list."""

    code: str
    path: str
    when: str
    group: str
    place: str
    channel: str
    total: str
    """`77/100`, or how far it got."""
    verdict: str
    tone: str


@dataclass(frozen=True, slots=True)
class Given:
    """A piece of evidence."""

    kind: str
    words: str
    """What was written, or the file's name as the citizen called it."""
    path: str
    """To save the file; empty where there is none."""
    size: str
    why: str
    """Why there is no file."""


@dataclass(frozen=True, slots=True)
class Scored:
    """An indicator with its points and what was given for it."""

    number: int
    name: str
    points: int
    most: int
    width: float
    is_low: bool
    """Below what the rule asks of each."""
    given: tuple[Given, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A competency with its indicators."""

    name: str
    sum: str
    """`23/30`."""
    indicators: tuple[Scored, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything about one."""

    code: str
    facts: tuple[tuple[str, str], ...]
    verdict: str
    """Empty while it is not finished."""
    tone: str
    reasons: tuple[str, ...]
    total: str
    parts: tuple[Part, ...]
    other: tuple[Given, ...]
    """Given for the whole, or while no points are there to put it beside."""


def line(one: Assessment, book: CriteriaBook, zone: tzinfo) -> Line:
    """For the list."""
    verdict, tone = _verdict(one)
    at = one.finished_at or one.touched_at
    return Line(
        one.code,
        path_of(one.code),
        f"{at.astimezone(zone):%d/%m/%Y}",
        _group(one, book),
        one.place,
        channel_name(one.conversation.channel),
        _total(one, book) if one.finished_at else f"đang ở bước {step_name(one.furthest)}",
        verdict,
        tone,
    )


def sheet(one: Assessment, given: Sequence[Kept], book: CriteriaBook, zone: tzinfo) -> Sheet:
    """For its own page."""
    criteria = book.of(one.criteria)
    by_indicator: dict[int, list[Given]] = {}
    for piece in given:
        by_indicator.setdefault(piece.indicator, []).append(_given(piece))
    parts = _parts(one, criteria, by_indicator) if criteria is not None else ()
    placed = {scored.number for part in parts for scored in part.indicators}
    verdict, tone = _verdict(one)
    return Sheet(
        one.code,
        _facts(one, book, zone),
        verdict,
        tone,
        _reasons(one, criteria),
        _total(one, book) if one.finished_at else "",
        parts,
        tuple(
            piece
            for number, pieces in sorted(by_indicator.items())
            if number not in placed
            for piece in pieces
        ),
    )


def _facts(one: Assessment, book: CriteriaBook, zone: tzinfo) -> tuple[tuple[str, str], ...]:
    def at(moment: datetime) -> str:
        return f"{moment.astimezone(zone):%H:%M ngày %d/%m/%Y}"

    criteria = book.of(one.criteria)
    finished = at(one.finished_at) if one.finished_at else f"chưa, đang ở bước {step_name(one.furthest)}"
    return (
        ("Nhóm", _group(one, book)),
        ("Xã, phường", one.place or "không ghi"),
        ("Bộ tiêu chí", criteria.document if criteria else one.criteria),
        ("Qua kênh", channel_name(one.conversation.channel)),
        ("Bắt đầu", at(one.began_at)),
        ("Hoàn thành", finished),
    )


def _verdict(one: Assessment) -> tuple[str, str]:
    if one.finished_at is None:
        return "chưa xong", "off"
    return ("tự chấm đạt", "good") if one.passed else ("tự chấm chưa đạt", "warn")


def _total(one: Assessment, book: CriteriaBook) -> str:
    criteria = book.of(one.criteria)
    return f"{one.total}/{criteria.most}" if criteria else f"{one.total}"


def _group(one: Assessment, book: CriteriaBook) -> str:
    return group_name({made.id: made for made in book.sets}, one.criteria, one.group)


def _reasons(one: Assessment, criteria: CriteriaSet | None) -> tuple[str, ...]:
    if criteria is None or one.finished_at is None or len(one.points) != len(criteria.indicators):
        return ()
    result = AssessmentResult(
        one.code,
        one.criteria,
        one.group,
        one.points,
        one.total or 0,
        bool(one.passed),
        one.finished_at,
    )
    return judged(result, criteria).reasons


def _parts(one: Assessment, criteria: CriteriaSet, given: dict[int, list[Given]]) -> tuple[Part, ...]:
    """Empty while there are no points, or when they are not this set's."""
    if len(one.points) != len(criteria.indicators):
        return ()
    scored = {
        indicator.number: (
            indicator.competency,
            Scored(
                indicator.number,
                indicator.name,
                points,
                indicator.most,
                round(100 * points / indicator.most, 2) if indicator.most else 0,
                points < criteria.rule.each,
                tuple(given.get(indicator.number, ())),
            ),
        )
        for indicator, points in zip(criteria.indicators, one.points, strict=True)
    }
    return tuple(
        Part(
            competency.name,
            f"{got}/{most}",
            tuple(shown for belongs_to, shown in scored.values() if belongs_to == competency.id),
        )
        for competency, got, most in criteria.by_competency(one.points)
    )


def _given(piece: Kept) -> Given:
    kind = _KINDS.get(piece.kind, "Nội dung khác")
    if piece.state is State.KEPT:
        path = evidence_path(piece.code, piece.id)
        return Given(kind, piece.text, path, _size(piece.bytes), "")
    if piece.state is State.NOTED:
        return Given(kind, piece.text or piece.url, "", "", "")
    why = _REFUSED.get(piece.why, "không nhận") if piece.state is State.REFUSED else _WHY_NOT[piece.state]
    return Given(kind, piece.text, "", "", why)


def _size(count: int) -> str:
    if count >= 1_000_000:
        return f"{count / 1_000_000:.1f} MB".replace(".", ",")
    return f"{max(1, round(count / 1000))} KB"
