"""Conversations: who answers them, what the bot remembers, when the citizen was last heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.state import ConversationState, decode_state, encode_state
from bot.dialogue.turn import Mode
from bot.store.schema import conversation_notes, inbound_events, outbox, turns
from bot.store.schema import conversations as t
from connectors.message import ConversationId

_LOAD = select(t).where(t.c.key == bindparam("conversation"))
_SAVE = update(t).where(t.c.key == bindparam("conversation"), t.c.revision == bindparam("made_from"))
_BEGIN = {
    "sqlite": sqlite_insert(t).on_conflict_do_nothing(),
    "postgresql": pg_insert(t).on_conflict_do_nothing(),
}


@dataclass(frozen=True, slots=True)
class Conversation:
    """One row. `revision` 0 means it does not exist yet."""

    id: ConversationId
    state: ConversationState
    revision: int
    mode: Mode
    mode_since: datetime | None
    person_last_at: datetime | None
    last_heard_at: datetime | None
    can_receive: bool
    officer: str = ""
    """Who took it over in the console; empty in other modes, and when somebody writes from elsewhere."""


class StaleConversation(Exception):
    """Somebody else changed the conversation meanwhile; the turn must be taken again."""


async def load(connection: AsyncConnection, id_: ConversationId) -> Conversation:
    """The conversation as it is, or a fresh one that is not stored yet."""
    row = (await connection.execute(_LOAD, {"conversation": id_.key})).one_or_none()
    if row is None:
        return Conversation(id_, ConversationState(), 0, Mode.BOT, None, None, None, can_receive=True)
    return read_back(row)


async def save(connection: AsyncConnection, after: Conversation, now: datetime) -> None:
    """Store the conversation as revision + 1.

    Raises StaleConversation when the stored revision is no longer the one `after` was made from: two
    workers took the same turn (a lock was lost), and exactly one of them may win.
    """
    values = {
        "state": encode_state(after.state),
        "revision": after.revision + 1,
        "mode": after.mode.value,
        "mode_since": after.mode_since or now,
        "person_last_at": after.person_last_at,
        "last_heard_at": after.last_heard_at,
        "can_receive": int(after.can_receive),
        "officer": (after.officer or None) if after.mode is Mode.PERSON else None,
    }
    key = after.id.key
    if after.revision:
        done = await connection.execute(_SAVE, {**values, "conversation": key, "made_from": after.revision})
    else:
        fresh = {
            "key": key,
            "channel": after.id.channel,
            "account": after.id.account,
            "user": after.id.user,
            "created_at": now,
        }
        done = await connection.execute(_BEGIN[connection.dialect.name], {**fresh, **values})
    if not done.rowcount:
        raise StaleConversation(key)


async def set_mode(connection: AsyncConnection, id_: ConversationId, mode: Mode, now: datetime) -> bool:
    """Change who answers, from outside a turn; a turn in hand is taken again. False if already so.

    Nobody's name stands there afterwards: who takes it in the console does so by `take_over`.
    """
    # A person who takes the thread counts as having just written: the bot's return is timed from there.
    last = {"person_last_at": now} if mode is Mode.PERSON else {}
    done = await connection.execute(
        update(t)
        .where(t.c.key == id_.key, t.c.mode != mode.value)
        .values(mode=mode.value, mode_since=now, officer=None, revision=t.c.revision + 1, **last)
    )
    return bool(done.rowcount)


async def take_over(
    connection: AsyncConnection, id_: ConversationId, officer: str, now: datetime, *, instead_of: str = ""
) -> bool:
    """An officer takes the conversation; a turn in hand is taken again. False when one already has it.

    One conditional UPDATE: of two officers pressing at once, exactly one gets True. `instead_of` names the
    colleague it is taken from on purpose: when it is another's by now, nothing changes.
    """
    is_free = or_(t.c.mode != Mode.PERSON.value, t.c.officer.is_(None), t.c.officer == instead_of)
    done = await connection.execute(
        update(t)
        .where(t.c.key == id_.key, is_free)
        .values(
            mode=Mode.PERSON.value,
            mode_since=now,
            person_last_at=now,
            officer=officer,
            revision=t.c.revision + 1,
        )
    )
    return bool(done.rowcount)


async def give_back(connection: AsyncConnection, id_: ConversationId, officer: str, now: datetime) -> bool:
    """The bot answers again. False when it does already, or when a colleague has the conversation."""
    done = await connection.execute(
        update(t)
        .where(
            t.c.key == id_.key,
            t.c.mode != Mode.BOT.value,
            or_(t.c.officer.is_(None), t.c.officer == officer),
        )
        .values(mode=Mode.BOT.value, mode_since=now, officer=None, revision=t.c.revision + 1)
    )
    return bool(done.rowcount)


async def note_officer_wrote(
    connection: AsyncConnection, id_: ConversationId, officer: str, now: datetime
) -> bool:
    """An officer writes: the bot is silent from now on, and the conversation is this officer's.

    False, and nothing changes, when a colleague has it or there is no such conversation.
    """
    is_with_person = t.c.mode == Mode.PERSON.value
    done = await connection.execute(
        update(t)
        .where(t.c.key == id_.key, or_(~is_with_person, t.c.officer.is_(None), t.c.officer == officer))
        .values(
            mode=Mode.PERSON.value,
            mode_since=case((is_with_person, t.c.mode_since), else_=now),
            person_last_at=now,
            officer=officer,
            revision=t.c.revision + 1,
        )
    )
    return bool(done.rowcount)


async def in_mode(connection: AsyncConnection, mode: Mode, limit: int) -> list[Conversation]:
    """Conversations in a mode, those in it longest first."""
    rows = await connection.execute(
        select(t).where(t.c.mode == mode.value).order_by(t.c.mode_since, t.c.key).limit(limit)
    )
    return [read_back(row) for row in rows]


def read_back(row: Row[*tuple[Any, ...]]) -> Conversation:
    """A row of the table, read."""
    return Conversation(
        ConversationId(row.channel, row.account, row.user),
        decode_state(row.state),
        row.revision,
        Mode(row.mode),
        row.mode_since,
        row.person_last_at,
        row.last_heard_at,
        bool(row.can_receive),
        row.officer or "",
    )


async def forget(connection: AsyncConnection, key: str, keep_event: int) -> None:
    """Erase what the citizen said, what was answered, what was remembered and what officers noted.

    The event that demanded it stays (without content), so that the demand itself is on record, and so does
    the answer to it; what the citizen says afterwards is a new beginning. Both being the newest of their kind
    also keeps SQLite from giving out the same numbers again, which an open page would take for lines it has.
    """
    await connection.execute(
        delete(turns).where(turns.c.conversation_key == key, turns.c.event_id != keep_event)
    )
    answers_it = func.coalesce(outbox.c.event_id, 0) == keep_event
    await connection.execute(delete(outbox).where(outbox.c.conversation_key == key, ~answers_it))
    await connection.execute(delete(conversation_notes).where(conversation_notes.c.conversation_key == key))
    # Platforms do not promise order: what was said before may lie behind the demand, handled already.
    is_before = or_(inbound_events.c.id < keep_event, inbound_events.c.handled_at.is_not(None))
    await connection.execute(
        delete(inbound_events).where(
            inbound_events.c.conversation_key == key, inbound_events.c.id != keep_event, is_before
        )
    )
    await connection.execute(update(t).where(t.c.key == key).values(state="{}"))


async def remove(connection: AsyncConnection, key: str) -> None:
    """Erase everything of a conversation, the row itself and what nobody has handled too."""
    for table in (turns, outbox, conversation_notes, inbound_events):
        await connection.execute(delete(table).where(table.c.conversation_key == key))
    await connection.execute(delete(t).where(t.c.key == key))


async def count_by_mode(connection: AsyncConnection) -> dict[str, int]:
    """How many conversations are with the bot, waiting, and with a person."""
    rows = await connection.execute(select(t.c.mode, func.count()).group_by(t.c.mode))
    return {row[0]: row[1] for row in rows}
