"""What a self-assessment remembers between two messages, and what it leaves behind when it is over.

Read back with suspicion: a row may come from another version of the program, from another set of criteria,
or be torn. Whatever does not add up is None and never an exception.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from bot.flows.results import AssessmentResult, Evidence
from knowledge.criteria import CriteriaSet

VERSION = 1
CONSENT, GROUP, PLACE, EVIDENCE, RESTART = "consent", "group", "place", "evidence", "restart"
"""Steps that are no indicator; an indicator's step is its number: `1` … `10`."""
MOST_EVIDENCE = 20
MOST_FOR_ONE = 3
"""Pieces of evidence in all, and for one indicator."""
MOST_TEXT = 500
"""Characters of evidence in words."""
MOST_PLACE = 120
_MOST_NAME, _MOST_URL = 200, 2000
KEPT_RESULTS = 3


class CriteriaSets(Protocol):
    """Where the sets of criteria come from."""

    @property
    def current(self) -> CriteriaSet:
        """The set a new assessment uses."""
        ...

    def of(self, id_: str) -> CriteriaSet | None:
        """The set of this id, of whatever age; None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class AssessmentState:
    """Where one self-assessment stands."""

    code: str
    """Its identity and check code."""
    criteria: str
    """Id of the set it began with, and finishes with."""
    points: tuple[int | None, ...]
    """By indicator, in order; None where nothing was answered yet."""
    step: str = CONSENT
    remind: bool = False
    group: str = ""
    """Empty until it is chosen."""
    last: int = 0
    """Number of the indicator answered last; 0 before the first."""
    return_to: str = ""
    """The step to go on with when an earlier answer is being changed."""
    place: str = ""
    evidence: tuple[Evidence, ...] = ()

    @property
    def indicator(self) -> int:
        """Number of the indicator being asked; 0 at other steps."""
        return int(self.step) if self.step.isdigit() else 0

    @property
    def unanswered(self) -> tuple[int, ...]:
        """Numbers of the indicators without points, in order."""
        return tuple(number for number, got in enumerate(self.points, 1) if got is None)

    @property
    def total(self) -> int:
        """The points given so far."""
        return sum(got for got in self.points if got is not None)

    def got(self, number: int) -> int | None:
        """The points of one indicator."""
        return self.points[number - 1]

    def with_points(self, number: int, points: int) -> AssessmentState:
        """With one indicator answered."""
        given = (*self.points[: number - 1], points, *self.points[number:])
        return replace(self, points=given, last=number)

    def with_evidence(self, piece: Evidence) -> AssessmentState:
        """With one more piece of evidence."""
        return replace(self, evidence=(*self.evidence, piece))

    def has_room_for(self, number: int) -> bool:
        """Whether there is room for evidence of this indicator (0: of the whole)."""
        same = sum(piece.indicator == number for piece in self.evidence)
        return len(self.evidence) < MOST_EVIDENCE and (same < MOST_FOR_ONE or number == 0)


def begin(criteria: CriteriaSet, token: str) -> AssessmentState:
    """A new assessment. `token` gives it its code."""
    code = f"KH-{token[:4]}-{token[4:8]}"
    return AssessmentState(code, criteria.id, (None,) * len(criteria.indicators))


def encode(state: AssessmentState) -> dict[str, Any]:
    """The state as JSON-able values."""
    return {
        **asdict(state),
        "points": list(state.points),
        "evidence": [asdict(piece) for piece in state.evidence],
    }


def decode(version: int, data: Mapping[str, Any], sets: CriteriaSets) -> AssessmentState | None:
    """Read back a state. None when it is not one of this version and of a set that is there."""
    if version != VERSION:
        return None
    try:
        state = _read(data)
        criteria = sets.of(state.criteria)
        return state if criteria is not None and is_sound(state, criteria) else None
    except (KeyError, TypeError, ValueError):
        return None


def is_sound(state: AssessmentState, criteria: CriteriaSet) -> bool:
    """Does everything in the state belong together and to this set?"""
    count = len(criteria.indicators)
    return (
        len(state.points) == count
        and 0 <= state.last <= count
        and all(_may_have(got, one.most) for got, one in zip(state.points, criteria.indicators, strict=True))
        and not (state.last and state.got(state.last) is None)
        and _is_group_sound(state, criteria)
        and _is_evidence_sound(state, count)
        and _is_step_sound(state, {*map(str, range(1, count + 1)), PLACE, EVIDENCE})
    )


def _may_have(got: int | None, most: int) -> bool:
    return got is None or 0 <= got <= most


def _is_group_sound(state: AssessmentState, criteria: CriteriaSet) -> bool:
    """No group yet, or one of the set that has its questions."""
    known = {group.id for group in criteria.groups}
    asked = all(state.group in one.questions for one in criteria.indicators)
    return not state.group or (state.group in known and asked)


def _is_evidence_sound(state: AssessmentState, count: int) -> bool:
    within = all(0 <= piece.indicator <= count for piece in state.evidence)
    return within and len(state.evidence) <= MOST_EVIDENCE


def _is_step_sound(state: AssessmentState, after_group: set[str]) -> bool:
    steps = {CONSENT, GROUP, RESTART, *after_group}
    if state.step not in steps or state.return_to not in {"", GROUP, *after_group}:
        return False
    if state.step == RESTART and not state.return_to:
        return False
    if not state.group and ({state.step, state.return_to} & after_group or state.last):
        return False
    ending = {state.step, state.return_to} & {PLACE, EVIDENCE}
    return not (ending and state.unanswered)


def _read(data: Mapping[str, Any]) -> AssessmentState:
    evidence = tuple(_read_evidence(one) for one in _list(data["evidence"]))
    points = tuple(None if one is None else _whole(one) for one in _list(data["points"]))
    return AssessmentState(
        code=_text(data["code"]),
        criteria=_text(data["criteria"]),
        points=points,
        step=_text(data["step"]),
        remind=_flag(data["remind"]),
        group=_text(data["group"]),
        last=_whole(data["last"]),
        return_to=_text(data["return_to"]),
        place=_text(data["place"]),
        evidence=evidence,
    )


def _read_evidence(one: object) -> Evidence:
    if not isinstance(one, Mapping):
        raise TypeError("evidence")
    return Evidence(
        _whole(one["indicator"]), _text(one["kind"]), _text(one.get("text", "")), _text(one.get("url", ""))
    )


# --- what is left behind -----------------------------------------------------------------------------


def keep_results(latest: AssessmentResult, before: Sequence[AssessmentResult]) -> dict[str, Any]:
    """What the conversation keeps: the latest results, latest first, without the files' addresses."""
    results = [latest, *(one for one in before if one.code != latest.code)][:KEPT_RESULTS]
    return {"results": [_encode_result(one) for one in results]}


def kept_results(kept: Mapping[str, Any]) -> tuple[AssessmentResult, ...]:
    """Read back `keep_results`, latest first; what cannot be read is left out."""
    rows = kept.get("results", ())
    found = []
    for row in rows if isinstance(rows, list | tuple) else ():
        try:
            found.append(_read_result(row))
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            continue
    return tuple(found)


def _encode_result(result: AssessmentResult) -> dict[str, Any]:
    return {
        **asdict(result),
        "points": list(result.points),
        "finished_at": result.finished_at.isoformat(),
        "evidence": [asdict(replace(piece, url="")) for piece in result.evidence],
    }


def _read_result(row: Mapping[str, Any]) -> AssessmentResult:
    finished_at = datetime.fromisoformat(_text(row["finished_at"])).astimezone(UTC)
    points = tuple(_whole(one) for one in _list(row["points"]))
    return AssessmentResult(
        code=_text(row["code"]),
        criteria=_text(row["criteria"]),
        group=_text(row["group"]),
        points=points,
        total=sum(points),
        passed=_flag(row["passed"]),
        finished_at=finished_at,
        place=_text(row.get("place", "")),
        evidence=tuple(_read_evidence(one) for one in _list(row.get("evidence", []))),
    )


def piece_of(indicator: int, kind: str, text: str, url: str = "") -> Evidence:
    """A piece of evidence within its limits."""
    most = MOST_TEXT if kind == "text" else _MOST_NAME
    return Evidence(indicator, kind, text.strip()[:most], url if len(url) <= _MOST_URL else "")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("whole number")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("flag")
    return value


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise TypeError("list")
    return value
