"""Finding the people a campaign means, with all that decides whether they may be written to.

Reads only. People come in portions, so that a hundred thousand of them hold nobody up. Whoever did not agree
to the topic is counted, never listed: nothing here can make a recipient of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import Mode
from bot.outreach.campaign import Assessed, Audience
from bot.outreach.topics import Topic
from bot.outreach.windows import Recipient
from bot.store.outbox import State as Sending
from bot.store.schema import (
    assessments,
    campaign_recipients,
    campaigns,
    conversations,
    outbox,
    profiles,
    subscriptions,
)

PORTION = 200
_COUNTED = tuple(
    one.value for one in (Sending.WAITING, Sending.SENDING, Sending.CHECKING, Sending.SENT, Sending.UNKNOWN)
)
"""What may have reached somebody counts towards their day and month."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who agreed to the topic and is meant."""

    conversation_key: str
    account: str
    recipient: Recipient


async def candidates(
    connection: AsyncConnection, topic: Topic, audience: Audience, now: datetime, zone: tzinfo
) -> AsyncIterator[list[Candidate]]:
    """Everybody meant, by conversation key, in portions. Needs a connection of `Database.read`."""
    result = await connection.stream(_query(topic, audience, now, zone))
    async for rows in result.partitions(PORTION):
        yield [_candidate(row) for row in rows]


async def as_they_stand(
    connection: AsyncConnection, topic: Topic, keys: Sequence[str], now: datetime, zone: tzinfo
) -> dict[str, Candidate]:
    """These people as they stand now, by key. Who is missing agreed to nothing any more, or is gone."""
    rows = await connection.execute(_query(topic, Audience(), now, zone, keys))
    return {row.key: _candidate(row) for row in rows}


async def count_without_consent(
    connection: AsyncConnection, topic: Topic, audience: Audience, now: datetime
) -> int:
    """How many people are meant but did not agree to the topic."""
    agreed = exists().where(
        subscriptions.c.conversation_key == conversations.c.key, subscriptions.c.topic == topic.value
    )
    query = (
        select(func.count())
        .select_from(_with_profile())
        .where(~agreed, *_meant(audience, now), conversations.c.last_heard_at.is_not(None))
    )
    return await connection.scalar(query) or 0


def starts_of(now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """When the day and the month began where the house is; aware, UTC or whatever `now` is in."""
    local = now.astimezone(zone)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return day.astimezone(now.tzinfo), day.replace(day=1).astimezone(now.tzinfo)


def _query(
    topic: Topic, audience: Audience, now: datetime, zone: tzinfo, keys: Sequence[str] | None = None
) -> Select[Any]:
    day, month = starts_of(now, zone)
    only = () if keys is None else (conversations.c.key.in_(keys),)
    sent_to_them = () if keys is None else (campaign_recipients.c.conversation_key.in_(keys),)
    got = (
        select(
            campaign_recipients.c.conversation_key.label("key"),
            func.sum(case((outbox.c.created_at >= day, 1), else_=0)).label("today"),
            func.sum(
                case((and_(campaigns.c.topic == topic.value, outbox.c.created_at >= month), 1), else_=0)
            ).label("month"),
        )
        .select_from(
            campaign_recipients.join(outbox, outbox.c.id == campaign_recipients.c.outbox_id).join(
                campaigns, campaigns.c.id == campaign_recipients.c.campaign_id
            )
        )
        .where(outbox.c.created_at >= month, outbox.c.state.in_(_COUNTED), *sent_to_them)
        .group_by(campaign_recipients.c.conversation_key)
        .subquery()
    )
    return (
        select(
            conversations.c.key,
            conversations.c.channel,
            conversations.c.account,
            conversations.c.last_heard_at,
            conversations.c.can_receive,
            conversations.c.mode,
            func.coalesce(got.c.today, 0).label("today"),
            func.coalesce(got.c.month, 0).label("month"),
        )
        .select_from(
            _with_profile()
            .join(
                subscriptions,
                and_(
                    subscriptions.c.conversation_key == conversations.c.key,
                    subscriptions.c.topic == topic.value,
                ),
            )
            .outerjoin(got, got.c.key == conversations.c.key)
        )
        .where(*_meant(audience, now), *only)
        .order_by(conversations.c.key)
    )


def _with_profile() -> Any:
    return conversations.outerjoin(profiles, profiles.c.conversation_key == conversations.c.key)


def _meant(audience: Audience, now: datetime) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if audience.channels:
        wanted.append(conversations.c.channel.in_(audience.channels))
    if audience.communes:
        wanted.append(profiles.c.commune.in_(audience.communes))
    if audience.groups:
        wanted.append(profiles.c.group_id.in_(audience.groups))
    if audience.active_within_days is not None:
        since = now - timedelta(days=audience.active_within_days)
        wanted.append(conversations.c.last_heard_at >= since)
    theirs = assessments.c.conversation_key == conversations.c.key
    finished = exists().where(theirs, assessments.c.finished_at.is_not(None))
    match audience.assessed:
        case Assessed.NEVER:
            wanted.append(~exists().where(theirs))
        case Assessed.UNFINISHED:
            wanted += [exists().where(theirs), ~finished]
        case Assessed.FINISHED:
            wanted.append(finished)
        case Assessed.ANY:
            pass
    return wanted


def _candidate(row: Row[Any]) -> Candidate:
    return Candidate(
        row.key,
        row.account,
        Recipient(
            channel=row.channel,
            last_heard_at=row.last_heard_at,
            can_receive=bool(row.can_receive),
            agreed=True,
            with_a_person=row.mode == Mode.PERSON.value,
            sent_today=int(row.today),
            sent_this_month=int(row.month),
        ),
    )
