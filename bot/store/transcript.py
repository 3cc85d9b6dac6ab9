"""What was said in a conversation, by whom, in order: the inbox and the outbox read together."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import events, outbox
from bot.store.schema import inbound_events, library_passages, library_sources
from bot.store.schema import outbox as outbox_table
from connectors.message import Attachment, ConversationId, Part, Text, decode_event, decode_part

Author = Literal["citizen", "bot", "officer"]


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said. Citizens' words and ours lie in two tables, so each line carries its own id."""

    inbound_id: int
    """Id in the inbox; 0 for a line of ours."""
    outbound_id: int
    """Id in the outbox; 0 for a citizen's line."""
    author: Author
    at: datetime
    part: Part
    attachments: tuple[Attachment, ...] = ()
    key: str = ""
    """A citizen's line: the key of its event."""
    state: str = ""
    """A line of ours: where it is on its way out (bot.store.outbox.State)."""
    error: str = ""
    """A line of ours: why the last attempt to send it failed."""
    event_id: int = 0
    """A line of ours: the event it answers; 0 when it answers none."""
    officer: str = ""
    """An officer's line written in the console: by whom (lines of older versions do not know)."""
    is_from_elsewhere: bool = False
    """An officer's line written in the platform's own inbox, which we only heard of."""


async def lines(
    connection: AsyncConnection,
    conversation: ConversationId,
    *,
    after_inbound: int = 0,
    after_outbound: int = 0,
    limit: int,
) -> list[Said]:
    """Lines newer than both ids, oldest first, at most `limit`; each side keeps the order of its ids."""
    heard = await connection.execute(
        events.said(conversation.key).where(inbound_events.c.id > after_inbound).limit(limit)
    )
    told = await connection.execute(
        outbox.answered(conversation.key).where(outbox_table.c.id > after_outbound).limit(limit)
    )
    return _merged(map(_citizen, heard), map(_ours, told))[:limit]


async def recent(connection: AsyncConnection, conversation: ConversationId, limit: int) -> list[Said]:
    """The last `limit` lines, oldest first."""
    said, told = events.said(conversation.key), outbox.answered(conversation.key)
    newest_said = said.order_by(None).order_by(inbound_events.c.id.desc()).limit(limit)
    newest_told = told.order_by(None).order_by(outbox_table.c.id.desc()).limit(limit)
    heard = [_citizen(row) for row in await connection.execute(newest_said)]
    ours = [_ours(row) for row in await connection.execute(newest_told)]
    return _merged(reversed(heard), reversed(ours))[-limit:]


async def told(connection: AsyncConnection, conversation: ConversationId, outbound_id: int) -> Part | None:
    """What we said to this conversation in this row of the outbox; None when it is nobody's or another's."""
    query = outbox.answered(conversation.key).where(outbox_table.c.id == outbound_id)
    row = (await connection.execute(query)).first()
    return None if row is None else _ours(row).part


def _merged(heard: Iterable[Said], told: Iterable[Said]) -> list[Said]:
    return list(heapq.merge(heard, told, key=lambda line: (line.at, line.outbound_id > 0)))


def _citizen(row: events.SaidRow) -> Said:
    event = decode_event(row[1])
    words = Text(event.text or event.detail.get("label", ""))
    return Said(row[0], 0, "citizen", row[2], words, event.attachments, key=event.key)


def _ours(row: outbox.ToldRow) -> Said:
    author: Author = "officer" if row[1] == "officer" else "bot"
    return Said(
        0,
        row[0],
        author,
        row[3],
        decode_part(row[2]),
        state=row[4],
        error=row[5] or "",
        event_id=row[6] or 0,
        officer=row[8] or "",
        is_from_elsewhere=row[7].startswith(outbox.ECHO),
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage of a document that was taken in stands."""

    title: str
    locator: str


async def places(connection: AsyncConnection, passage_ids: Collection[int]) -> dict[int, Place]:
    """By passage of the library: its document's title and its place there. Gone ones are left out."""
    if not passage_ids:
        return {}
    rows = await connection.execute(
        select(library_passages.c.id, library_sources.c.title, library_passages.c.locator)
        .join(library_sources, library_sources.c.id == library_passages.c.source_id)
        .where(library_passages.c.id.in_(passage_ids))
    )
    return {row[0]: Place(row[1], row[2]) for row in rows}


async def heard_lately(connection: AsyncConnection, limit: int) -> list[tuple[str, str]]:
    """The last things citizens said in any conversation: (conversation key, event as JSON), newest first."""
    t = inbound_events
    rows = await connection.execute(
        select(t.c.conversation_key, t.c.body)
        .where(t.c.kind.in_(events.SPOKEN))
        .order_by(t.c.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]
