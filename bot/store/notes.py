"""What officers note for each other beside a conversation. Never sent; erased with the citizen's data
(bot.store.conversations.forget)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import conversation_notes as t


@dataclass(frozen=True, slots=True)
class Note:
    """One note."""

    id: int
    at: datetime
    author: str
    text: str


async def add(
    connection: AsyncConnection, conversation_key: str, *, author: str, text: str, at: datetime
) -> None:
    """Keep a note."""
    await connection.execute(
        insert(t).values(conversation_key=conversation_key, author=author, text=text, at=at)
    )


async def said_just_now(
    connection: AsyncConnection, conversation_key: str, *, author: str, text: str, since: datetime
) -> bool:
    """Whether this officer noted the same words since a moment: a form sent twice is one note."""
    row = await connection.execute(
        select(t.c.id)
        .where(t.c.conversation_key == conversation_key, t.c.at >= since)
        .where(t.c.author == author, t.c.text == text)
        .limit(1)
    )
    return row.first() is not None


async def latest(connection: AsyncConnection, conversation_key: str, limit: int) -> list[Note]:
    """The notes of a conversation, the newest first."""
    rows = await connection.execute(
        select(t.c.id, t.c.at, t.c.author, t.c.text)
        .where(t.c.conversation_key == conversation_key)
        .order_by(t.c.id.desc())
        .limit(limit)
    )
    return [Note(*row) for row in rows]
