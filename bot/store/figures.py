"""Figures over many rows, for the console's first page: what was asked, what waits, how fast officers answer.

Reading only, and numbers only: no words of anybody come out of here. Sums are made in SQL; the boundaries
of days are given as moments, so that days are those of the house's time zone on every database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Select, case, distinct, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import Mode, Outcome
from bot.store.evidence import LOST
from bot.store.schema import (
    assessments,
    content_items,
    conversations,
    evidence,
    library_uploads,
    outbox,
    turns,
)

QUESTIONS = (Outcome.ANSWERED, Outcome.ABSTAINED, Outcome.HANDOFF)
"""What counts as a question: greetings and steps of a self-assessment do not."""
ANSWERED_WITHIN = timedelta(days=7)
"""How long after asking for a person an officer's line still counts as the answer to it."""


@dataclass(frozen=True, slots=True)
class AskedEntry:
    """An entry and how often it answered."""

    entry_id: str
    now: int
    before: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody asked for a person."""

    since: datetime
    answered_at: datetime | None
    """The first officer's line after that; None: none came."""

    @property
    def length(self) -> timedelta | None:
        """How long it took."""
        return None if self.answered_at is None else self.answered_at - self.since


async def questions(connection: AsyncConnection, bounds: Sequence[datetime]) -> list[Counter[Outcome]]:
    """How many questions came to which end, between each bound and the next; `bounds` ascending."""
    t = turns.c
    # A range of the index for each span: a third of the time of sorting all turns into spans.
    spans = [
        select(
            literal(number).label("span"),
            *(func.count(case((t.outcome == one.value, 1))) for one in QUESTIONS),
        ).where(t.at >= since, t.at < until)
        for number, (since, until) in enumerate(pairwise(bounds))
    ]
    rows = await connection.execute(union_all(*spans))
    found = [Counter[Outcome]() for _ in spans]
    for number, *counts in rows:
        found[number].update(dict(zip(QUESTIONS, counts, strict=True)))
    return found


async def most_asked(
    connection: AsyncConnection, now: tuple[datetime, datetime], before: tuple[datetime, datetime], limit: int
) -> list[AskedEntry]:
    """The entries that answered most often in the first span, with how often they did in the second."""
    counted = func.count()
    top = (await connection.execute(_answering(now).order_by(counted.desc(), _ENTRY).limit(limit))).all()
    earlier = await connection.execute(_answering(before).where(_ENTRY.in_([row[0] for row in top])))
    then = {row[0]: row[1] for row in earlier}
    return [AskedEntry(entry, count, then.get(entry, 0)) for entry, count in top]


_ENTRY = turns.c.entry_id


def _answering(span: tuple[datetime, datetime]) -> Select[str, int]:
    t = turns.c
    return (
        select(_ENTRY, func.count())
        .where(t.at >= span[0], t.at < span[1], t.outcome == Outcome.ANSWERED.value, _ENTRY != "")
        .group_by(_ENTRY)
    )


async def assessments_in(connection: AsyncConnection, since: datetime, until: datetime) -> tuple[int, int]:
    """Self-assessments begun, and those finished, in [since, until)."""
    t = assessments.c
    begun = select(func.count()).where(t.began_at >= since, t.began_at < until)
    ended = select(func.count()).where(t.finished_at >= since, t.finished_at < until)
    row = (await connection.execute(select(begun.scalar_subquery(), ended.scalar_subquery()))).one()
    return row[0], row[1]


async def waits(connection: AsyncConnection, since: datetime, until: datetime) -> list[Wait]:
    """Every time somebody began to wait for a person in [since, until), oldest first.

    Asking again while nobody has answered is the same waiting.
    """
    t, o = turns.c, outbox.c
    first = (
        select(func.min(o.created_at))
        .where(
            o.conversation_key == t.conversation_key,
            o.author == "officer",
            o.created_at >= t.at,
        )
        .scalar_subquery()
    )
    rows = await connection.execute(
        select(t.conversation_key, t.at, first.label("answered"))
        .where(t.at >= since, t.at < until, t.outcome == Outcome.HANDOFF.value)
        .order_by(t.at)
    )
    found: dict[tuple[str, datetime | None], Wait] = {}
    for key, at, answered in rows:
        in_time = answered if answered is not None and answered - at <= ANSWERED_WITHIN else None
        found.setdefault((key, in_time), Wait(at, in_time))
    return list(found.values())


# --- what waits for somebody of staff ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pending:
    """How much of everything waits for a person."""

    mine: int
    """Conversations this officer has taken over."""
    drafts: int
    """Of entries; so are conflicts."""
    conflicts: int
    failed_uploads: int
    lost_evidence: int
    """Self-assessments with files of evidence that could not be had, since the moment asked for."""


async def pending(connection: AsyncConnection, officer: str, lost_since: datetime) -> Pending:
    """In one round trip."""
    c, i, u, e = conversations.c, content_items.c, library_uploads.c, evidence.c
    counts = (
        select(func.count()).where(c.mode == Mode.PERSON.value, c.officer == officer),
        select(func.count()).where(i.status == "draft", i.kind == "entry"),
        select(func.count()).where(i.conflict.is_not(None), i.kind == "entry"),
        select(func.count()).where(u.state == "failed"),
        select(func.count(distinct(e.code))).where(
            e.created_at >= lost_since, e.state.in_([one.value for one in LOST])
        ),
    )
    row = (await connection.execute(select(*(one.scalar_subquery() for one in counts)))).one()
    return Pending(*row)
