"""Golden transcripts: whole conversations as people have them, with and without marks.

A transcript is a text file of blocks, each begun by `#` and its title. In a block `>` is what the citizen
types (`accented | unaccented`: the block is held once in each form), `*` a button pressed by the beginning of
its label, `+` a picture sent, `~ 26h` time going by. `<` is what must come back: the outcome, then `:` and
pieces that the replies must hold (`/` between them, `!` before one that must not be there). Compared without
marks, so that wording can be mended; what matters is what is said, not how.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.message import Attachment, EventKind, Option, Text
from nlu.text import fold
from tests.bot.fakes import START, said
from tests.bot.talk import Talk

FOLDER = Path(__file__).parent / "transcripts"


@dataclass
class Line:
    number: int
    sign: str
    words: str


@dataclass
class Transcript:
    name: str
    marked: bool
    lines: list[Line] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.name}, {'accented' if self.marked else 'unaccented'}"


def transcripts() -> Iterator[Transcript]:
    for path in sorted(FOLDER.glob("*.txt")):
        blocks: list[tuple[str, list[Line]]] = []
        for number, raw in enumerate(path.read_text("utf-8").splitlines(), 1):
            sign, _, words = raw.strip().partition(" ")
            if sign == "#":
                blocks.append((f"{path.stem}: {words}", []))
            elif sign:
                assert sign in {">", "<", "*", "+", "~"}, f"{path.name}:{number}: {raw}"
                blocks[-1][1].append(Line(number, sign, words))
        for name, lines in blocks:
            yield Transcript(name, True, lines)
            if any(line.sign == ">" and "|" in line.words for line in lines):
                yield Transcript(name, False, lines)


def what_came(parts: Iterable[object]) -> str:
    texts = [part for part in parts if isinstance(part, Text)]
    return "\n".join(f"{t.text} [{'] ['.join(o.label for o in t.options)}]" for t in texts)


def pressed(options: tuple[Option, ...], label: str) -> Option:
    found = [option for option in options if fold(option.label).startswith(fold(label))]
    assert found, f"no button {label!r} among {[option.label for option in options]}"
    return found[0]


@pytest.mark.parametrize("transcript", list(transcripts()), ids=str)
async def test_a_conversation_goes_as_written(transcript: Transcript) -> None:
    talk = Talk()
    turn = None
    for line in transcript.lines:
        match line.sign:
            case ">":
                marked, _, plain = line.words.partition("|")
                turn = await talk.say((marked if transcript.marked or not plain else plain).strip())
            case "*":
                assert turn is not None
                option = pressed(talk.view.state.offered, line.words)
                turn = await talk.hear(replace(said(""), kind=EventKind.CHOICE, payload=option.payload))
            case "+":
                picture = Attachment("image", "https://example.test/anh.jpg", line.words)
                turn = await talk.hear(replace(said(""), kind=EventKind.ATTACHMENT, attachments=(picture,)))
            case "~":
                talk.view = replace(
                    talk.view, received_at=talk.view.received_at + timedelta(hours=float(line.words[:-1]))
                )
            case "<":
                assert turn is not None
                outcome, _, pieces = line.words.partition(":")
                came = what_came(turn.replies)
                where = f"line {line.number}: came {turn.outcome.value}: {came}"
                assert turn.outcome.value == outcome.strip(), where
                for piece in filter(None, map(str.strip, pieces.split("/"))):
                    if piece.startswith("!"):
                        assert fold(piece[1:]) not in fold(came), where
                    else:
                        assert fold(piece) in fold(came), where


def test_there_are_transcripts_and_they_begin_at_a_known_time() -> None:
    assert len(list(transcripts())) > 20
    assert START.tzinfo is not None
