"""Rows that are changed from a known revision: of two who change one at once exactly one succeeds.

For tables with `id`, `revision` and `state`. Which states may follow which is the business of who calls.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from sqlalchemy import Table, update
from sqlalchemy.ext.asyncio import AsyncConnection


class Overtaken(Exception):
    """The row is another by now: nothing was changed."""


async def change(
    connection: AsyncConnection,
    table: Table,
    id_: int,
    revision: int,
    from_states: Collection[StrEnum],
    values: Mapping[str, object],
) -> None:
    """Write these values and raise the revision. Raises Overtaken."""
    done = await connection.execute(
        update(table)
        .where(
            table.c.id == id_,
            table.c.revision == revision,
            table.c.state.in_([one.value for one in from_states]),
        )
        .values(**values, revision=revision + 1)
    )
    if done.rowcount != 1:
        raise Overtaken
