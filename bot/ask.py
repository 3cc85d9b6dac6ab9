"""`khuyenhoc ask`: one question in, the answer a citizen would see out, without any server running."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

from bot.dialogue.assistant import Assistant
from bot.dialogue.state import ConversationState
from bot.dialogue.turn import Mode, Turn, View
from bot.json_lines import as_line, read_objects
from connectors.channel import Capabilities
from connectors.message import EventKind, InboundEvent, Source, Text, clean_text

_PLAIN = Capabilities(text_limit=4000, max_options=0, option_label_limit=120, window=None)


async def ask(assistant: Assistant, question: str) -> Turn:
    """One turn of a fresh conversation."""
    now = datetime.now(UTC)
    event = InboundEvent("cli", "cli", "cli", "cli", EventKind.TEXT, now, text=clean_text(question))
    return await assistant.turn(event, View(ConversationState(), Mode.BOT, None, _PLAIN, now))


def source_line(source: Source) -> str:
    """A source as a citizen reads it."""
    return "Nguồn: " + ", ".join(part for part in (source.title, source.locator) if part)


def as_text(turn: Turn) -> str:
    """What the citizen would see, as plain text."""
    lines: list[str] = []
    for part in turn.replies:
        if isinstance(part, Text):
            lines.append(part.text)
            lines.extend(source_line(source) for source in part.sources)
    return "\n".join(lines)


def options_of(turn: Turn) -> list[str]:
    """What could be pressed next."""
    return [option.label for part in turn.replies if isinstance(part, Text) for option in part.options]


def as_record(id_: Any, turn: Turn, took_ms: float) -> dict[str, Any]:
    """The turn in the shape the command's contract promises (docs/commands.md)."""
    why = turn.understanding
    return {
        "id": id_,
        "outcome": turn.outcome.value,
        "answer": as_text(turn),
        "citations": [
            {"document": c.document, "locator": c.locator, "title": c.title} for c in why.citations
        ],
        "passages": [{"id": p.id, "score": round(p.score, 4)} for p in why.passages],
        "intent": why.intent,
        "ms": round(took_ms, 2),
    }


async def ask_lines(assistant: Assistant, source: Iterable[str], target: TextIO) -> None:
    """Answer JSON lines in order; a bad line gives an error record and the rest go on."""
    for given in read_objects(source, ["q"]):
        if isinstance(given, str):
            record: dict[str, Any] = {"id": None, "error": given}
        else:
            started = time.perf_counter()
            turn = await ask(assistant, given["q"])
            record = as_record(given.get("id"), turn, (time.perf_counter() - started) * 1000)
        target.write(as_line(record))
