"""Questions below the page's posts: one private answer and one short public line, never an argument.

Only a comment that is a question is answered, and once: the inbox knows each comment by its id, and
replies inside a thread never reach us as COMMENT events.
"""

from __future__ import annotations

import re
from dataclasses import replace

from bot.dialogue.sources import as_sources
from bot.dialogue.state import ConversationState
from bot.dialogue.texts import Texts
from bot.dialogue.turn import Outcome, Turn, Understanding
from connectors.message import InboundEvent, PublicReply, Text
from knowledge.answer import Answer, Knowledge
from nlu.interpreter import Interpreter
from nlu.text import fold

_QUESTION = re.compile(
    r"\b(?:la gi|the nao|bao nhieu|khi nao|bao gio|o dau|dau vay|ai|tai sao|vi sao|lam sao|co phai|duoc khong"
    r"|sao (?:phai|lai)|bao lau|co (?:can|nen|ai)\b.*\bkhong|co dat khong|co sao khong"
    r"|dung khong|cho hoi|xin hoi|hoi chut|ngay nao|may diem|can gi|nhu nao)\b"
    r"(?! cung\b)"
)
"""`ngày nào cũng đọc` and `bao nhiêu cũng được` ask nothing."""


def is_question(text: str) -> bool:
    """Whether a comment asks something (praise, tags and quarrels are left alone)."""
    return "?" in text or _QUESTION.search(fold(text)) is not None


async def answer(
    event: InboundEvent,
    state: ConversationState,
    interpreter: Interpreter,
    knowledge: Knowledge,
    texts: Texts,
) -> Turn:
    """Decide about one comment."""
    if not is_question(event.text):
        return Turn(Outcome.RECORDED, state)
    meaning = await interpreter.interpret(event.text)
    understanding = Understanding(meaning.intent, meaning.confidence)
    public = PublicReply(texts.comment_public(event.key))
    found = await knowledge.ask(event.text)
    if not isinstance(found, Answer):
        private = Text(texts.comment_private_unknown)
        return Turn(Outcome.ABSTAINED, state, (private, public), (), understanding)
    private = Text(found.text, sources=as_sources(found.citations))
    understanding = replace(
        understanding, entry_id=found.entry_id, citations=found.citations, passages=found.passages
    )
    return Turn(Outcome.ANSWERED, state, (private, public), (), understanding)
