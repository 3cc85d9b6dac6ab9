"""`khuyenhoc nlu`: what a message is taken for, without any server of ours running.

Whoever asks for one engine gets that engine or an error: the other one must never answer in its place here.
Neither the database nor any conversation is touched, and nothing that was asked is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Literal, TextIO

from bot.json_lines import as_line, read_objects
from bot.settings import Settings
from knowledge.content import load_content
from nlu.embedded import open_embedded, restorer_for
from nlu.interpreter import Interpretation, Interpreter
from nlu.rasa import LONGEST_TEXT, RasaInterpreter, look_at
from nlu.rasa_answer import Unusable
from nlu.reading import Reader
from nlu.text import vietnamese_text
from nlu.training import TrainingData, load_training_data

Backend = Literal["embedded", "rasa"]

_RASA_SECONDS = 10.0
"""Patience for one question here, where no citizen waits."""


class RasaUnusable(Exception):
    """Rasa was asked for and cannot answer; the message says why, in Vietnamese, for an operator."""


class _Silence(Exception):
    """Rasa did not answer this message."""


class _NobodyElse:
    """Stands where the interpreter at hand stands in the bot, and never answers."""

    async def interpret(self, text: str) -> Interpretation:
        raise _Silence


def make_reader(data: TrainingData) -> Reader:
    """Reads messages, and puts marks back as the examples and the shipped content have them. Takes 1 s."""
    return Reader(vietnamese_text(), restorer_for(data, shipped_texts()).restore)


def shipped_texts() -> Iterator[str]:
    """What ships with the program, as examples of how words are written with their marks."""
    content = load_content()
    for entry in content.entries.values():
        yield from (entry.question, *entry.variants, entry.answer)
    for fact in content.facts.values():
        yield fact.statement


@asynccontextmanager
async def opened_backend(settings: Settings, backend: Backend) -> AsyncIterator[Interpreter]:
    """The engine alone. Raises RasaUnusable, or TrainingDataBroken for faults in nlu/data."""
    data = load_training_data()
    reader = await asyncio.to_thread(make_reader, data)
    if backend == "embedded":
        yield await asyncio.to_thread(open_embedded, settings.data_dir / "nlu", reader, data)
        return
    token = settings.rasa_token.get_secret_value()
    try:
        await look_at(settings.rasa_url, token, ["xin chào"])
    except Unusable as unusable:
        raise RasaUnusable(
            f"Máy chủ Rasa {settings.rasa_url} không dùng được ({unusable}). "
            "Chạy máy chủ (make rasa), hoặc xem RASA_URL và RASA_TOKEN; khuyenhoc doctor nói rõ hơn."
        ) from unusable
    rasa = RasaInterpreter(
        settings.rasa_url, token, _NobodyElse(), reader, timeout=_RASA_SECONDS, intents=data.intents
    )
    try:
        yield rasa
    finally:
        await rasa.aclose()


def as_record(id_: Any, found: Interpretation) -> dict[str, Any]:
    """The interpretation in the shape the command's contract promises (docs/commands.md)."""
    return {
        "id": id_,
        "intent": found.intent,
        "confidence": round(found.confidence, 4),
        "text": found.text,
        "folded": found.folded,
        "restored": found.restored,
        "is_sure": found.is_sure,
        "alternatives": [
            {"intent": other.intent, "confidence": round(other.confidence, 4)} for other in found.alternatives
        ],
        "entities": [
            {"kind": entity.kind, "value": entity.value, "start": entity.start, "end": entity.end}
            for entity in found.entities
        ],
    }


async def interpret_lines(interpreter: Interpreter, source: Iterable[str], target: TextIO) -> int:
    """Interpret JSON lines in order; gives how many messages the engine left without an answer.

    A line that is no message gives an error record, and so does a message without an answer.
    """
    silent = 0
    for given in read_objects(source, ["q"]):
        if isinstance(given, str):
            record: dict[str, Any] = {"id": None, "error": given}
        else:
            try:
                record = as_record(given.get("id"), await interpreter.interpret(given["q"]))
            except _Silence:
                silent += 1
                record = {"id": given.get("id"), "error": _silence_about(given["q"])}
        target.write(as_line(record))
    return silent


async def interpret_one(interpreter: Interpreter, text: str) -> list[str]:
    """The interpretation for a person to read, line by line. Raises RasaUnusable."""
    try:
        found = await interpreter.interpret(text)
    except _Silence:
        raise RasaUnusable(f"Rasa không trả lời câu này ({_silence_about(text)}).") from None
    lines = [
        f"{found.intent}  {found.confidence:.0%}  "
        + ("chắc chắn" if found.is_sure else "chưa chắc: bot sẽ hỏi lại")
    ]
    if found.restored not in ("", found.text):
        lines.append(f"  đọc là:       {found.restored}")
    lines += [f"  cũng có thể:  {one.intent}  {one.confidence:.0%}" for one in found.alternatives]
    lines += [
        f"  có nhắc tới:  {one.kind}  {one.value}  ({found.text[one.start : one.end]})"
        for one in found.entities
    ]
    return lines


def _silence_about(text: str) -> str:
    if not text.strip() or len(text) > LONGEST_TEXT:
        return f"Rasa is asked about messages of 1 to {LONGEST_TEXT} characters"
    return "Rasa gave no usable answer"
