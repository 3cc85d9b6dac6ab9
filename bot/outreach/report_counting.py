"""Counts a report: everything is read in one look at the database, then put together by report_sections.

Reads only. Grouping questions is done in a thread, so that no citizen waits for a report.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, tzinfo

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.assessment_tally import Period, Statistics, Tally
from bot.misses_grouping import Wording, grouped
from bot.outreach.report_periods import ReportPeriod
from bot.outreach.report_sections import CampaignResult, Counts, Half, MissedGroup, Topic, put_together
from bot.outreach.reports import Report
from bot.store import assessments, broadcasts, figures, recipients, report_figures
from bot.store.database import Database
from bot.store.misses import Miss
from knowledge.base import DOCUMENT, KnowledgeBase
from knowledge.criteria import CriteriaSet

_QUESTIONS_GROUPED = 1000


@dataclass(frozen=True, slots=True)
class Bureau:
    """Where reports are counted."""

    database: Database
    zone: tzinfo
    criteria: Sequence[CriteriaSet]
    base: Callable[[], KnowledgeBase]

    async def count(self, period: ReportPeriod, now: datetime) -> Report:
        """The figures of a period as they are now."""
        base, zone = self.base(), self.zone
        days, before = period.days(zone), period.compared(now, zone)
        span = (days.since, days.until)
        bounds = [datetime.combine(day, time(), zone) for _, _, day in period.parts()]
        sets = {one.id: one for one in self.criteria}
        async with self.database.read() as connection:
            now_half = await _half(connection, days, sets)
            before_half = await _half(connection, before, sets)
            by_part = await figures.questions(connection, [*bounds, days.until])
            answered = await report_figures.answering(connection, span)
            earlier = await report_figures.answering(connection, (before.since, before.until))
            missed = await report_figures.unanswered(connection, span, _QUESTIONS_GROUPED)
            sent = await _sent(connection, span)
            articles = await broadcasts.sent_between(connection, *span)
            _, taken = await report_figures.content_work(connection, span)
        groups = await asyncio.to_thread(_groups, missed, base)
        topics, documents = _named(answered, earlier, base)
        counts = Counts(
            now=now_half,
            before=before_half,
            by_part=[sum(one.values()) for one in by_part],
            topics=topics,
            documents=documents,
            missed=groups,
            campaigns=sent,
            taken=taken,
            articles=articles,
        )
        return put_together(period, counts, now, zone)


async def _half(connection: AsyncConnection, days: Period, sets: Mapping[str, CriteriaSet]) -> Half:
    span = (days.since, days.until)
    (asked,) = await figures.questions(connection, span)
    work, _ = await report_figures.content_work(connection, span)
    return Half(
        days=days,
        reach=await report_figures.reach(connection, span),
        asked=Counter({one: asked[one] for one in figures.QUESTIONS}),
        waits=await figures.waits(connection, *span),
        assessed=await _assessed(connection, days, sets),
        subscribers=await report_figures.subscribers(connection, span),
        campaigns=len(await report_figures.campaigns_begun(connection, span)),
        work=work,
    )


async def _assessed(connection: AsyncConnection, days: Period, sets: Mapping[str, CriteriaSet]) -> Statistics:
    tally = Tally(days)
    async for one in assessments.counted(connection, days.since, days.until):
        tally.add(one)
    return tally.statistics(sets)


async def _sent(connection: AsyncConnection, span: tuple[datetime, datetime]) -> list[CampaignResult]:
    return [
        CampaignResult(
            one,
            await recipients.results(connection, one.id),
            await report_figures.responded(connection, one.id),
        )
        for one in await report_figures.campaigns_begun(connection, span)
    ]


def _groups(missed: Sequence[Miss], base: KnowledgeBase) -> list[MissedGroup]:
    """Questions that mean the same as one; the most asked first. In a thread."""
    by_key = {one.key: one for one in missed}
    wordings = [Wording(one.key, one.count, base.telling(one.sample)) for one in missed]
    found = []
    for keys in grouped(wordings):
        group = [by_key[key] for key in keys]
        found.append(MissedGroup(group[0].sample, sum(one.count for one in group), len(group)))
    return found


def _named(
    answered: Counter[str], earlier: Counter[str], base: KnowledgeBase
) -> tuple[list[Topic], list[Topic]]:
    """Entries by their questions, and the documents the answers rest on, the most used first."""
    topics: list[Topic] = []
    resting: Counter[str] = Counter()
    resting_before: Counter[str] = Counter()
    for entry, count in _by_count(answered):
        line = base.repertoire.line(entry)
        if line is not None:
            path = "" if line.is_fact else f"/staff/cau-hoi/{entry}"
            topics.append(Topic(line.question, count, earlier[entry], path))
        resting.update(dict.fromkeys(_documents(entry, base), count))
    for entry, count in earlier.items():
        resting_before.update(dict.fromkeys(_documents(entry, base), count))
    documents = [Topic(number, count, resting_before[number]) for number, count in _by_count(resting)]
    return topics, documents


def _by_count(counted: Counter[str]) -> Iterable[tuple[str, int]]:
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def _documents(entry: str, base: KnowledgeBase) -> Iterable[str]:
    if entry.startswith(DOCUMENT):
        return (entry.removeprefix(DOCUMENT),)
    line = base.repertoire.line(entry)
    return line.documents_cited if line is not None else ()
