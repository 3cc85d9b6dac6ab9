"""Who agreed to be sent what: a log of every yes and no, and what follows from it.

A line of the log holds the wording that was said yes to, and the citizen's own message. Lines are added,
never changed, and go only when everything about the person goes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.outreach.topics import Topic
from bot.store.schema import consents
from bot.store.schema import subscriptions as t

IN, OUT = "in", "out"


@dataclass(frozen=True, slots=True)
class Consent:
    """One line of the log."""

    topic: Topic
    action: str
    """`in` or `out`."""
    at: datetime
    wording: str


async def agree(
    connection: AsyncConnection,
    conversation_key: str,
    topics: Collection[Topic],
    *,
    wording: str,
    event_id: int | None,
    at: datetime,
) -> None:
    """Keep a yes. One to a topic that was agreed to before is kept too: the wording may be another."""
    make = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    for topic in topics:
        made = await _line(connection, conversation_key, topic, IN, wording, event_id, at)
        values = {"since": at, "consent_id": made}
        await connection.execute(
            make(t)
            .values(conversation_key=conversation_key, topic=topic.value, **values)
            .on_conflict_do_update(index_elements=[t.c.conversation_key, t.c.topic], set_=values)
        )


async def withdraw(
    connection: AsyncConnection,
    conversation_key: str,
    *,
    wording: str,
    event_id: int | None,
    at: datetime,
) -> list[Topic]:
    """Nothing is sent any more; gives what was agreed to until now."""
    topics = await of(connection, conversation_key)
    for topic in topics:
        await _line(connection, conversation_key, topic, OUT, wording, event_id, at)
    await connection.execute(delete(t).where(t.c.conversation_key == conversation_key))
    return topics


async def of(connection: AsyncConnection, conversation_key: str) -> list[Topic]:
    """What somebody is subscribed to, in the order of the offers."""
    rows = await connection.execute(select(t.c.topic).where(t.c.conversation_key == conversation_key))
    wanted = set(rows.scalars())
    return [topic for topic in Topic if topic.value in wanted]


async def history(connection: AsyncConnection, conversation_key: str) -> list[Consent]:
    """Every yes and no of somebody, the oldest first."""
    rows = await connection.execute(
        select(consents).where(consents.c.conversation_key == conversation_key).order_by(consents.c.id)
    )
    return [Consent(Topic(row.topic), row.action, row.at, row.wording) for row in rows]


async def count_by_topic(connection: AsyncConnection) -> dict[Topic, int]:
    """How many people are subscribed to each topic."""
    rows = await connection.execute(select(t.c.topic, func.count()).group_by(t.c.topic))
    counted = {row[0]: row[1] for row in rows}
    return {topic: counted.get(topic.value, 0) for topic in Topic}


async def count_people(connection: AsyncConnection) -> int:
    """How many people are subscribed to anything."""
    return await connection.scalar(select(func.count(func.distinct(t.c.conversation_key)))) or 0


async def forget(connection: AsyncConnection, conversation_key: str) -> None:
    """Erase all of it."""
    for table in (t, consents):
        await connection.execute(delete(table).where(table.c.conversation_key == conversation_key))


async def _line(
    connection: AsyncConnection,
    conversation_key: str,
    topic: Topic,
    action: str,
    wording: str,
    event_id: int | None,
    at: datetime,
) -> int:
    done = await connection.execute(
        insert(consents)
        .values(
            conversation_key=conversation_key,
            topic=topic.value,
            action=action,
            at=at,
            wording=wording,
            event_id=event_id,
        )
        .returning(consents.c.id)
    )
    made: int = done.scalar_one()
    return made
