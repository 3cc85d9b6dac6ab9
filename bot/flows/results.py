"""The result of a self-assessment, as it is kept, drawn and handed over. Data only.

It is the citizen's own estimate and is called that wherever it is shown; recognition is the authority's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectors.message import Text


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something given to show one indicator."""

    indicator: int
    """Its number; 0 for the whole."""
    kind: str
    """`text`, or an attachment's kind: `image`, `file` …"""
    text: str = ""
    """The words, or the file's name. Hostile until escaped."""
    url: str = ""
    """Where the platform keeps the file; it expires, and is fetched soon after."""


@dataclass(frozen=True, slots=True)
class AssessmentResult:
    """One finished self-assessment."""

    code: str
    """Its identity and check code, as on the sheet: `KH-7Q2M-XA4T`. Stable when the turn is repeated."""
    criteria: str
    """Id of the set it was made under: `324-2023`."""
    group: str
    """Id of the group."""
    points: tuple[int, ...]
    """By indicator, in order."""
    total: int
    passed: bool
    finished_at: datetime
    """Aware, UTC."""
    place: str = ""
    """The commune, if it was given freely."""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class AssessmentProgress:
    """A self-assessment moved on: for the funnel, and for one gentle reminder."""

    code: str
    criteria: str
    group: str
    """Empty before it is chosen."""
    step: str
    """Where it stands now: `consent`, `group`, `1` … `10`, `place`, `evidence`, `finished`, `left`."""
    remind: bool
    """The citizen agreed to be reminded once."""
    place: str = ""
    evidence: tuple[Evidence, ...] = ()
    """All that was given so far: files are fetched now, because their addresses expire before the end."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A drawing of a result to hand over: made when the turn is carried out, the same every time."""

    result: AssessmentResult
    form: str
    """`card`: a picture for the phone. `paper`: the A4 sheet as PDF."""
    compared: AssessmentResult | None = None
    """An earlier result to compare with, if there is one."""


@dataclass(frozen=True, slots=True)
class DataCopy:
    """A copy of everything kept about the citizen, to hand over: drawn when the turn is carried out."""

    number: str
    """`BS-7Q2M-XA4T`: stands on the copy and in its name. Stable when the turn is repeated."""
    otherwise: Text
    """Said instead when it cannot be made."""
