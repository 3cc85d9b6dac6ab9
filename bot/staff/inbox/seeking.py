"""Finding a conversation by the short name officers see, or by words the citizen wrote. Bounded.

Looks at what was said lately, not at everything ever said: an officer looks for somebody of these days. Marks
and capitals do not matter.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from pydantic import ValidationError

from bot.staff.words import handle_of, what_was_said
from bot.store import conversation_lists, transcript
from bot.store.conversations import Conversation
from bot.store.database import Database
from connectors.message import ConversationId, decode_event
from nlu.text import fold

MESSAGES = 3000
"""How many of the last messages are looked through."""
CONVERSATIONS = 5000
"""How many of the conversations heard last are looked through for a name."""
FOUND = 50
LONGEST = 100
_HANDLE = re.compile(r"(?:nguoi dan )?([0-9a-f]{4})")


async def found(database: Database, words: str, channel: str = "") -> list[tuple[Conversation, str]]:
    """Conversations with the line that was found (empty: found by name), newest first; at most FOUND."""
    wanted = " ".join(fold(words[:LONGEST]).split())
    if not wanted:
        return []
    named = _HANDLE.fullmatch(wanted)
    async with database.read() as connection:
        said = await transcript.heard_lately(connection, MESSAGES)
        keys = await conversation_lists.keys_lately(connection, CONVERSATIONS) if named else []
    code = named.group(1).upper() if named else ""
    lines = dict.fromkeys((key for key in keys if _is_called(key, code)), "")
    # A few thousand messages are read and compared: not on the loop that answers citizens.
    lines |= await asyncio.to_thread(_saying, wanted, said)
    async with database.read() as connection:
        among = await conversation_lists.by_keys(connection, list(lines)[: FOUND if not channel else None])
    return [(one, lines[one.id.key]) for one in among if channel in ("", one.id.channel)][:FOUND]


def _is_called(key: str, code: str) -> bool:
    return handle_of(ConversationId.from_key(key)).endswith(f" {code}")


def _saying(wanted: str, said: Sequence[tuple[str, str]]) -> dict[str, str]:
    """By conversation, its last line that holds all of the words next to each other."""
    lines: dict[str, str] = {}
    for key, body in said:
        if not key or key in lines:
            continue
        try:
            line = what_was_said(decode_event(body))
        except ValidationError:  # written by a newer program
            continue
        if wanted in fold(line):
            lines[key] = line
    return lines
