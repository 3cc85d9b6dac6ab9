"""Typed words that mean something we offered: a number, a label, or a button's payload sent as text.

Zalo delivers a pressed button as ordinary text (platforms A3), and where there are no buttons people type
the number in front of an option or copy its words.
"""

from __future__ import annotations

import re

from bot.dialogue.state import ConversationState
from bot.dialogue.texts import BACK_TO_BOT, MENU, PERSON, WRONG
from nlu.text import fold

_PAYLOAD = re.compile(
    r"(?:(?:q|cmd):[a-z0-9][a-z0-9._-]{0,100}|do:[a-z_]{1,40}|f:[a-z]{1,20}:[a-z0-9._-]{1,30}:[a-z0-9._-]{1,40})"
)
_NUMBER = re.compile(
    r"(?:so |chon |cau |cai |y |muc )*(?:thu )?(?P<number>\d{1,2}|[a-z]+(?: tien)?)[.)]?"
    r"(?: (?:nhe|a|di|do|ay))*"
)
_ORDER = {"mot": 1, "nhat": 1, "dau": 1, "dau tien": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5}
"""Numbers in words, folded, as people say them of a list."""


def match_choice(text: str, state: ConversationState) -> str:
    """The payload that `text` stands for, or "" when it is an ordinary message."""
    typed = text.strip()
    if _PAYLOAD.fullmatch(typed):
        return typed
    folded = fold(typed)
    if state.numbered and (number := _NUMBER.fullmatch(folded)):
        said = number["number"]
        index = int(said) if said.isdigit() else _ORDER.get(said, 0)
        if 1 <= index <= len(state.offered):
            return state.offered[index - 1].payload
    for option in (*state.offered, MENU, PERSON, BACK_TO_BOT, WRONG):
        if folded == fold(option.label):
            return option.payload
    return ""
