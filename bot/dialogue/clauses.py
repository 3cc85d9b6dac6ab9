"""The pieces of a message that holds several wishes: `… là gì rồi cho tôi gặp cán bộ`.

A comma or a `rồi` inside one wish gives pieces that mean nothing by themselves, so what a piece means is
asked of the interpreter, and nobody may act on one unless it is sure.
"""

from __future__ import annotations

import re

from bot.dialogue.comments import is_question
from nlu.interpreter import ASK_KNOWLEDGE, Interpreter

_BREAKS = re.compile(
    r"[.!?;,\n]+(?!\d)"
    r"|\b(?:rồi|roi|sau đó|sau do|xong|với lại|voi lai|ngoài ra|ngoai ra|đồng thời|dong thoi)\b",
    re.IGNORECASE,
)
_MOST = 4
_LONGEST = 500
"""Characters; a longer message is a story and no list of wishes."""


def clauses(text: str) -> tuple[str, ...]:
    """The pieces of `text`, at most four; none when there is but one."""
    if len(text) > _LONGEST:
        return ()
    pieces = [piece.strip() for piece in _BREAKS.split(text)]
    found = tuple(piece for piece in pieces if " " in piece)
    return found if 1 < len(found) <= _MOST else ()


async def question_beside_person(text: str, interpreter: Interpreter) -> str:
    """The piece that asks something, where another piece surely asks for a person; else nothing."""
    meanings = {piece: await interpreter.interpret(piece) for piece in clauses(text)}
    if not any(meaning.is_sure and meaning.intent == "human_request" for meaning in meanings.values()):
        return ""
    asking = (piece for piece, m in meanings.items() if m.intent == ASK_KNOWLEDGE and is_question(piece))
    return next(asking, "")
