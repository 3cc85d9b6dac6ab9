"""Evidence somebody gives along the way: pictures, files, or words that begin with `minh chứng`.

Never a step one must pass, never more than the limits. Only words and addresses are held, no file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.dialogue.comments import is_question
from bot.flows.assessment_questions import evidence_is_full
from bot.flows.assessment_state import AssessmentState, piece_of
from bot.flows.assessment_words import words_of
from bot.flows.flow import Said, Sent
from bot.flows.results import Evidence
from nlu.interpreter import ASK_KNOWLEDGE, OUT_OF_SCOPE

_KINDS = {
    "image": "ảnh",
    "gif": "ảnh",
    "video": "đoạn phim",
    "audio": "đoạn ghi âm",
    "file": "tệp",
    "link": "liên kết",
}
"""What counts as evidence, and what a citizen calls it. A sticker or a place does not."""
_BEGINS = re.compile(
    r"\s*(?:minh chứng|minh chung|bằng chứng|bang chung)"
    r"(?P<of>\s+(?:cho\s+|của\s+|cua\s+)?(?:câu|cau|chỉ số|chi so)(?:\s+(?:số|so))?\s*(?P<number>\d{1,2}))?"
    r"\s*(?P<colon>[:,–-]?)\s*(?P<words>.*)",
    re.IGNORECASE | re.DOTALL,
)
_OF = re.compile(r"\b(?:cau|chi so|tieu chi)(?: so)? (\d{1,2})\b")
_FEWEST_WORDS = 2
_TELLS = frozenset({ASK_KNOWLEDGE, OUT_OF_SCOPE, "submit_story"})
"""What a statement about a certificate or a course may be taken for."""
_MAY_TELL = frozenset({"change_language", "subscribe", "feedback_good", "ask_my_result"})
_SURELY = 0.8
"""Confidence from which even here these are what they seem: `chứng chỉ tiếng Anh` is no wish for English."""


@dataclass(frozen=True, slots=True)
class Given:
    """Evidence that came in, not yet kept."""

    pieces: tuple[Evidence, ...]
    called: str
    """What it is, to be put into a sentence: `ảnh`."""


def sent(message: Sent, state: AssessmentState) -> Given | None:
    """Evidence in what was sent; None when there is none in it."""
    files = [one for one in message.attachments if one.kind in _KINDS]
    if not files:
        return None
    number = _number_in(message.text, state)
    pieces = tuple(piece_of(number, one.kind, message.text or one.name, one.url) for one in files)
    return Given(pieces, _KINDS[files[0].kind])


def said(message: Said, state: AssessmentState, *, is_asked: bool) -> Given | None:
    """Evidence in words; when it `is_asked` for, any statement is, else only what says that it is."""
    text = message.text.strip()
    begins = _BEGINS.fullmatch(text)
    if begins is not None and begins["words"] and (begins["colon"] or begins["of"] or is_asked):
        if is_question(text) and not begins["colon"]:
            return None
        number = int(begins["number"]) if begins["number"] else state.indicator
        return Given((piece_of(_existing(number, state), "text", begins["words"]),), "lời kể")
    if not is_asked or not _is_statement(message):
        return None
    return Given((piece_of(_number_in(text, state), "text", text),), "lời kể")


def kept(state: AssessmentState, given: Given) -> tuple[AssessmentState, str]:
    """The state with as much of it as there is room for, and a line that says so."""
    taken = 0
    for piece in given.pieces:
        if state.has_room_for(piece.indicator):
            state = state.with_evidence(piece)
            taken += 1
    if not taken:
        return state, evidence_is_full()
    number = given.pieces[0].indicator
    of = f" cho câu {number}" if number else ""
    rest = f" {evidence_is_full()}" if taken < len(given.pieces) else ""
    return state, f"Mình đã giữ {taken} {given.called} làm minh chứng{of}.{rest}"


def _is_statement(message: Said) -> bool:
    """Words that tell something, rather than ask or want something."""
    meaning = message.meaning
    tells = meaning.intent in _TELLS or (meaning.intent in _MAY_TELL and meaning.confidence < _SURELY)
    if meaning.is_sure and not tells:
        return False
    if any(entity.kind == "document" for entity in meaning.entities) or is_question(message.text):
        return False
    return len(words_of(message.text)) > _FEWEST_WORDS


def _number_in(text: str, state: AssessmentState) -> int:
    named = _OF.search(" ".join(words_of(text)))
    return _existing(int(named[1]), state) if named else state.indicator


def _existing(number: int, state: AssessmentState) -> int:
    return number if 1 <= number <= len(state.points) else 0
