"""People to write to, put into the tables directly: many at once, each as a test needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.outreach.topics import Topic
from bot.store import schema
from bot.store.database import Database
from connectors.message import ConversationId


@dataclass(frozen=True, slots=True)
class Person:
    """One citizen who may be written to."""

    name: str
    channel: str = "zalo"
    heard_ago: timedelta | None = timedelta(hours=1)
    """None: never wrote privately."""
    topics: tuple[Topic, ...] = (Topic.MONTH,)
    can_receive: bool = True
    mode: str = "bot"
    commune: str = ""
    group: str = ""
    account: str = "oa"

    @property
    def id(self) -> ConversationId:
        return ConversationId(self.channel, self.account, self.name)


async def settle(database: Database, people: Sequence[Person], now: datetime) -> None:
    """Put them there."""
    rows = [
        {
            "key": one.id.key, "channel": one.channel, "account": one.account, "user": one.name,
            "state": "{}", "revision": 1, "mode": one.mode, "mode_since": now,
            "last_heard_at": now - one.heard_ago if one.heard_ago is not None else None,
            "can_receive": int(one.can_receive), "created_at": now,
        }
        for one in people
    ]  # fmt: skip
    agreed = [
        {"conversation_key": one.id.key, "topic": topic.value, "since": now, "consent_id": 0}
        for one in people
        for topic in one.topics
    ]
    told = [
        {"conversation_key": one.id.key, "commune": one.commune, "group_id": one.group,
         "given_at": now}
        for one in people if one.commune or one.group
    ]  # fmt: skip

    async def job(connection: AsyncConnection) -> None:
        for table, wanted in (
            (schema.conversations, rows),
            (schema.subscriptions, agreed),
            (schema.profiles, told),
        ):
            for first in range(0, len(wanted), 5000):
                await connection.execute(insert(table), wanted[first : first + 5000])

    await database.write(job)


def where_it_is_noon() -> str:
    """A time zone in whose daytime this runs: the clock of real processes cannot be set."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
