"""Everything that is kept about one person, read together: for the copy they can ask for.

A new table that keeps something of people belongs here as it belongs into bot.erasures.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.outreach.topics import Topic
from bot.store import assessments, conversations, evidence, profiles, subscriptions, transcript
from bot.store.assessments import Assessment
from bot.store.events import SPOKEN
from bot.store.evidence import Kept
from bot.store.profiles import Profile
from bot.store.schema import campaign_recipients, campaigns, conversation_notes, inbound_events, outbox
from bot.store.schema import conversations as talks
from bot.store.subscriptions import Consent
from bot.store.transcript import Said
from connectors.message import ConversationId, EventKind, decode_event

MOST_LINES = 2000
"""Lines of talk that are given; older ones are counted."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A campaign this person was meant to get."""

    name: str
    topic: str
    at: datetime
    state: str
    """waiting, held, queued or skipped."""


@dataclass(frozen=True, slots=True)
class Records:
    """Everything about one person. Words are hostile until made printable."""

    channel: str
    user: str
    """The platform's id of this person."""
    began_at: datetime | None
    last_heard_at: datetime | None
    profile: Profile
    remembered_place: str
    """The commune they named last in the talk."""
    contacts: tuple[tuple[datetime, str], ...]
    """Contact details they shared, and when."""
    topics: tuple[Topic, ...]
    consents: tuple[Consent, ...]
    assessments: tuple[tuple[Assessment, tuple[Kept, ...]], ...]
    """The latest first, each with what was given for it."""
    campaigns: tuple[Reached, ...]
    notes: int
    """How many notes officers made beside the talk."""
    lines: tuple[Said, ...]
    """The latest, oldest first."""
    lines_in_all: int


async def collect(connection: AsyncConnection, id_: ConversationId, limit: int = MOST_LINES) -> Records:
    """All of it, as it is at this moment."""
    key = id_.key
    talk = await conversations.load(connection, id_)
    begun = await connection.scalar(select(talks.c.created_at).where(talks.c.key == key))
    own = await assessments.of_conversation(connection, key)
    given = [tuple(await evidence.of_assessment(connection, one.code)) for one in own]
    noted = select(func.count()).where(conversation_notes.c.conversation_key == key)
    return Records(
        channel=id_.channel,
        user=id_.user,
        began_at=begun,
        last_heard_at=talk.last_heard_at,
        profile=await profiles.load(connection, key),
        remembered_place=talk.state.place,
        contacts=await _contacts(connection, key),
        topics=tuple(await subscriptions.of(connection, key)),
        consents=tuple(await subscriptions.history(connection, key)),
        assessments=tuple(zip(own, given, strict=True)),
        campaigns=await _reached(connection, key),
        notes=await connection.scalar(noted) or 0,
        lines=tuple(await transcript.recent(connection, id_, limit)),
        lines_in_all=await _count_lines(connection, key),
    )


async def _reached(connection: AsyncConnection, key: str) -> tuple[Reached, ...]:
    r, t = campaign_recipients, campaigns
    rows = await connection.execute(
        select(t.c.name, t.c.topic, r.c.decided_at, r.c.state)
        .join(t, t.c.id == r.c.campaign_id)
        .where(r.c.conversation_key == key)
        .order_by(r.c.id)
    )
    return tuple(Reached(*row) for row in rows)


async def _contacts(connection: AsyncConnection, key: str) -> tuple[tuple[datetime, str], ...]:
    t = inbound_events
    rows = await connection.execute(
        select(t.c.received_at, t.c.body)
        .where(t.c.conversation_key == key, t.c.kind == EventKind.CONTACT.value)
        .order_by(t.c.id)
    )
    return tuple((row[0], ", ".join(decode_event(row[1]).detail.values())) for row in rows)


async def _count_lines(connection: AsyncConnection, key: str) -> int:
    heard = select(func.count()).where(
        inbound_events.c.conversation_key == key, inbound_events.c.kind.in_(SPOKEN)
    )
    told = select(func.count()).where(outbox.c.conversation_key == key)
    return (await connection.scalar(heard) or 0) + (await connection.scalar(told) or 0)
