"""How good an interpreter is, in figures: from what it was asked and what it said. Pure; knows no texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlu.interpreter import OUT_OF_SCOPE

PRECISION = 0.95
_BINS = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """One message: what it wants, and what the interpreter said."""

    truth: str
    said: str
    confidence: float
    is_sure: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One column of the table: label and value, in order."""

    name: str
    rows: tuple[tuple[str, str], ...]


def figures_of(
    name: str, by_set: Mapping[str, Sequence[Asked]], training: float, start: float, memory: float
) -> Figures:
    """All figures of one engine; `by_set` is keyed `set, style`. Seconds and megabytes."""
    rows: list[tuple[str, str]] = []
    by_file: dict[str, list[Asked]] = {}
    for label, asked in by_set.items():
        by_file.setdefault(label.split(",")[0], []).extend(asked)
        rows.append((f"right: {label}", _percent(accuracy(asked))))
    for label, asked in by_file.items():
        rows += [
            (f"macro-F1: {label}", f"{macro_f1(asked):.3f}"),
            (f"acted on, and right then: {label}", _acted_on(asked)),
            (f"out of scope kept out at {PRECISION:.0%} right acts: {label}", _kept_out(asked)),
            (f"calibration error: {label}", f"{calibration_error(asked):.3f}"),
        ]
    times = sorted(one.seconds for label, asked in by_set.items() if "fold" not in label for one in asked)
    if times:
        rows.append(("one message, p50 / p99, ms", f"{_at(times, 0.5):.1f} / {_at(times, 0.99):.1f}"))
    rows += [
        ("training, s", f"{training:.0f}"),
        ("start, s", f"{start:.1f}"),
        ("memory of the process, MB", f"{memory:.0f}"),
    ]
    return Figures(name, tuple(rows))


def accuracy(asked: Sequence[Asked]) -> float:
    """Share that was right."""
    return sum(one.said == one.truth for one in asked) / len(asked)


def macro_f1(asked: Sequence[Asked]) -> float:
    """F1 of each intent that was wanted, the rare counting as much as the common."""
    wanted = Counter(one.truth for one in asked)
    said = Counter(one.said for one in asked)
    right = Counter(one.truth for one in asked if one.said == one.truth)
    return sum(2 * right[intent] / (wanted[intent] + said[intent]) for intent in wanted) / len(wanted)


def calibration_error(asked: Sequence[Asked]) -> float:
    """Expected calibration error over ten equal steps of confidence."""
    bins: dict[int, list[Asked]] = {}
    for one in asked:
        bins.setdefault(min(int(one.confidence * _BINS), _BINS - 1), []).append(one)
    gaps = (
        abs(sum(one.confidence for one in part) - sum(one.said == one.truth for one in part))
        for part in bins.values()
    )
    return sum(gaps) / len(asked)


def kept_out(asked: Sequence[Asked], precision: float = PRECISION) -> tuple[float, float] | None:
    """Share of what is out of scope that is not acted on, and share of the rest that is.

    Acted on is what was said to be in scope with a confidence of at least the lowest threshold at which so
    many acts are right. None when no threshold gets there.
    """
    outside = sum(one.truth == OUT_OF_SCOPE for one in asked)
    inside = len(asked) - outside
    candidates = sorted((one for one in asked if one.said != OUT_OF_SCOPE), key=lambda one: -one.confidence)
    best: tuple[float, float] | None = None
    right = strayed = 0
    for count, one in enumerate(candidates, start=1):
        right += one.said == one.truth
        strayed += one.truth == OUT_OF_SCOPE
        next_is_lower = count == len(candidates) or candidates[count].confidence < one.confidence
        if next_is_lower and right / count >= precision:
            best = (1 - strayed / max(outside, 1), (count - strayed) / max(inside, 1))
    return best


def as_table(columns: Sequence[Figures]) -> str:
    """Markdown, one column for each engine."""
    lines = [
        "| | " + " | ".join(column.name for column in columns) + " |",
        "|---|" + "---|" * len(columns),
    ]
    for place, (label, _) in enumerate(columns[0].rows if columns else ()):
        lines.append(f"| {label} | " + " | ".join(column.rows[place][1] for column in columns) + " |")
    return "\n".join(lines)


def _acted_on(asked: Sequence[Asked]) -> str:
    sure = [one for one in asked if one.is_sure]
    return f"{_percent(len(sure) / len(asked))}, {_percent(accuracy(sure)) if sure else '–'}"


def _kept_out(asked: Sequence[Asked]) -> str:
    found = kept_out(asked)
    return (
        "not reached"
        if found is None
        else f"{_percent(found[0])} (acting on {_percent(found[1])} of the rest)"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _at(ordered: Sequence[float], share: float) -> float:
    """Milliseconds."""
    return 1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)]
