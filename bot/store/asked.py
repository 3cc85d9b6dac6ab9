"""How often each entry answered, for those who keep the entries. Reads the record of turns, nothing else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import turns as t


async def answers_given(connection: AsyncConnection, since: datetime) -> dict[str, int]:
    """Turns answered since then, by what answered (`Answer.entry_id`); what answered none is not there."""
    rows = await connection.execute(
        select(t.c.entry_id, func.count()).where(t.c.at > since, t.c.entry_id != "").group_by(t.c.entry_id)
    )
    return {row[0]: row[1] for row in rows}
