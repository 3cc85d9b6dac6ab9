"""What reports are counted from, in SQL. Reading only.

People are counted as conversations: somebody who writes on two channels is two, so that the channels add up.
Of people only numbers come out of here; of questions, the masked wordings of the table `misses`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Subquery, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import Outcome
from bot.outreach.topics import Topic
from bot.store import misses as missed
from bot.store.misses import Miss, State
from bot.store.schema import (
    campaign_recipients,
    campaigns,
    consents,
    content_history,
    conversations,
    library_sources,
    misses,
    outbox,
    turns,
)
from bot.store.subscriptions import IN

RESPONSE_WITHIN = timedelta(hours=48)
"""Who writes so soon after a campaign's message counts as having answered it."""
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Reach:
    """One channel."""

    channel: str
    people: int
    new: int
    """Of those: whose conversation began in the span."""
    messages: int


async def reach(connection: AsyncConnection, span: Span) -> list[Reach]:
    """Who wrote in the span, by channel, the channels by name."""
    t, c = turns.c, conversations.c
    wrote = (
        select(t.conversation_key.label("key"), func.count().label("messages"))
        .where(t.at >= span[0], t.at < span[1], t.outcome != Outcome.RECORDED.value)
        .group_by(t.conversation_key)
        .subquery()
    )
    is_new = and_(c.created_at >= span[0], c.created_at < span[1])
    rows = await connection.execute(
        select(
            c.channel,
            func.count().label("people"),
            func.count().filter(is_new).label("new"),
            func.sum(wrote.c.messages).label("messages"),
        )
        .select_from(wrote.join(conversations, c.key == wrote.c.key))
        .group_by(c.channel)
        .order_by(c.channel)
    )
    return [Reach(row.channel, row.people, row.new, int(row.messages)) for row in rows]


async def answering(connection: AsyncConnection, span: Span) -> Counter[str]:
    """How often each entry, document or passage answered; empty ids are left out."""
    t = turns.c
    rows = await connection.execute(
        select(t.entry_id, func.count())
        .where(t.at >= span[0], t.at < span[1], t.outcome == Outcome.ANSWERED.value, t.entry_id != "")
        .group_by(t.entry_id)
    )
    return Counter({row[0]: row[1] for row in rows})


async def unanswered(connection: AsyncConnection, span: Span, limit: int) -> list[Miss]:
    """Open questions that were asked in the span, the most asked first."""
    t = misses.c
    keys = await connection.execute(
        select(t.key)
        .where(
            t.last_at >= span[0],
            t.first_at < span[1],
            t.state.in_([State.OPEN.value, State.TAKEN.value]),
        )
        .order_by(t.count.desc(), t.key)
        .limit(limit)
    )
    return await missed.find(connection, list(keys.scalars()))


@dataclass(frozen=True, slots=True)
class Subscribers:
    """One topic: who stands in it at the two ends of a span."""

    topic: Topic
    at_start: int
    at_end: int
    stayed: int

    @property
    def joined(self) -> int:
        """In it at the end and not at the start."""
        return self.at_end - self.stayed

    @property
    def left(self) -> int:
        """The other way round."""
        return self.at_start - self.stayed


async def subscribers(connection: AsyncConnection, span: Span) -> list[Subscribers]:
    """Every topic, from the log of consents. Whoever had their data erased is in none."""
    start, end = _agreed_before(span[0], "at_start"), _agreed_before(span[1], "at_end")
    same = and_(start.c.conversation_key == end.c.conversation_key, start.c.topic == end.c.topic)
    counts: list[dict[str, int]] = []
    for source, topic in ((start, start.c.topic), (end, end.c.topic), (start.join(end, same), end.c.topic)):
        rows = await connection.execute(select(topic, func.count()).select_from(source).group_by(topic))
        counts.append({row[0]: row[1] for row in rows})
    first, last, both = counts
    return [Subscribers(one, first.get(one, 0), last.get(one, 0), both.get(one, 0)) for one in Topic]


def _agreed_before(moment: datetime, name: str) -> Subquery:
    """(person, topic) of everybody whose last word before the moment was yes."""
    c = consents.c
    last = (
        select(func.max(c.id).label("id"))
        .where(c.at < moment)
        .group_by(c.conversation_key, c.topic)
        .subquery(f"last_{name}")
    )
    return (
        select(c.conversation_key, c.topic)
        .select_from(consents.join(last, last.c.id == c.id))
        .where(c.action == IN)
        .subquery(name)
    )


@dataclass(frozen=True, slots=True)
class Begun:
    """A campaign that began to be sent."""

    id: int
    name: str
    started_at: datetime


async def campaigns_begun(connection: AsyncConnection, span: Span) -> list[Begun]:
    """Campaigns whose sending began in the span, in that order."""
    c = campaigns.c
    rows = await connection.execute(
        select(c.id, c.name, c.started_at)
        .where(c.started_at >= span[0], c.started_at < span[1])
        .order_by(c.started_at, c.id)
    )
    return [Begun(row.id, row.name, row.started_at) for row in rows]


async def responded(connection: AsyncConnection, campaign_id: int) -> int:
    """Recipients who wrote within RESPONSE_WITHIN after the message went out."""
    r, o, t = campaign_recipients.c, outbox.c, turns.c
    next_word = (
        select(func.min(t.at))
        .where(t.conversation_key == r.conversation_key, t.at > o.sent_at)
        .correlate(campaign_recipients, outbox)
        .scalar_subquery()
    )
    # One clock for both databases: lengths of time are compared here, not in SQL.
    rows = await connection.stream(
        select(o.sent_at, next_word)
        .select_from(campaign_recipients.join(outbox, o.id == r.outbox_id))
        .where(r.campaign_id == campaign_id, o.sent_at.is_not(None))
    )
    count = 0
    async for some in rows.partitions(1000):
        count += sum(word is not None and word - sent <= RESPONSE_WITHIN for sent, word in some)
    return count


@dataclass(frozen=True, slots=True)
class Work:
    """What staff did to the content."""

    added: int
    changed: int
    archived: int
    documents: int
    versions: int
    """Documents that replaced an earlier version of themselves."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A document that was taken in."""

    id: int
    number: str
    title: str
    name: str
    version: int


async def content_work(connection: AsyncConnection, span: Span) -> tuple[Work, list[Taken]]:
    """Entries staff added, changed or archived (each counted once), and documents taken in."""
    h, s = content_history.c, library_sources.c
    by_staff = (h.at >= span[0], h.at < span[1], h.kind == "entry", h.changed_by != "")

    async def ids(*conditions: object) -> set[str]:
        query = select(h.item_id).distinct().where(*by_staff, *conditions)  # type: ignore[arg-type]
        return set((await connection.execute(query)).scalars())

    added = await ids(h.before.is_(None), h.after.is_not(None))
    archived = await ids(h.before.is_not(None), h.after.is_(None))
    changed = await ids(h.before.is_not(None), h.after.is_not(None)) - added - archived
    rows = await connection.execute(
        select(s.id, s.number, s.title, s.name, s.version)
        .where(s.added_at >= span[0], s.added_at < span[1], s.status != "loading")
        .order_by(s.id)
    )
    taken = [Taken(*row) for row in rows]
    versions = sum(one.version > 1 for one in taken)
    work = Work(len(added - archived), len(changed), len(archived), len(taken) - versions, versions)
    return work, taken
