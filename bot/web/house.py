"""What the house gives the web chat: its inbox, its transcript and its hints, in the chat's own terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager

from bot.nerves import Hints, Nerves
from bot.store import transcript
from bot.store.database import Database
from bot.store.outbox import State
from bot.store.transcript import Said
from bot.web.contract import Author, Cursor, Line
from connectors.message import ConversationId, File, Text


class StoredTranscript:
    """Reads what was said from SQL. Fulfils bot.web.contract.Transcript."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lines(self, conversation: ConversationId, after: Cursor, limit: int) -> Sequence[Line]:
        """Lines after the cursor, oldest first, with rising cursors."""
        async with self._database.read() as connection:
            said = await transcript.lines(
                connection,
                conversation,
                after_inbound=after.inbound,
                after_outbound=after.outbound,
                limit=limit,
            )
        return _shown(said, after)

    async def recent(self, conversation: ConversationId, limit: int) -> Sequence[Line]:
        """The last lines, oldest first."""
        async with self._database.read() as connection:
            return _shown(await transcript.recent(connection, conversation, limit), Cursor())

    async def file(self, conversation: ConversationId, outbound: int) -> File | None:
        """The file said to this conversation in the row `outbound`."""
        async with self._database.read() as connection:
            part = await transcript.told(connection, conversation, outbound)
        return part if isinstance(part, File) else None


def _shown(said: Iterable[Said], after: Cursor) -> list[Line]:
    made: list[Line] = []
    for line in said:
        after = Cursor(max(after.inbound, line.inbound_id), max(after.outbound, line.outbound_id))
        if line.state in (State.FAILED, State.SET_ASIDE):
            continue
        if line.author == "citizen":
            words = line.part.text if isinstance(line.part, Text) else ""
            made.append(Line(after, Author.CITIZEN, line.at, text=words, key=line.key))
        else:
            made.append(Line(after, Author(line.author), line.at, part=line.part))
    return made


class RedisNudges:
    """Hints through Redis. Fulfils bot.web.contract.Nudges."""

    def __init__(self, nerves: Nerves) -> None:
        self._nerves = nerves

    def subscribe(self, conversation_key: str) -> AbstractAsyncContextManager[Hints]:
        """Hints for one conversation while the context is open."""
        return self._nerves.web_hints(ConversationId.from_key(conversation_key).user)
