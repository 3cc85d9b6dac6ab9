"""One sentence with what can be pressed below it: what is said to small talk that needs nothing done."""

from __future__ import annotations

from bot.dialogue.answers import offering
from bot.dialogue.state import ConversationState
from bot.dialogue.texts import MENU, PERSON, Texts
from bot.dialogue.turn import Outcome, Turn
from connectors.message import Option, Text


def reply_to(intent: str, texts: Texts) -> tuple[str, tuple[Option, ...]]:
    """The sentence for `intent` and its options; for one it does not know, what can be asked."""
    said: dict[str, tuple[str, tuple[Option, ...]]] = {
        "thanks": (texts.thanks, ()),
        "goodbye": (texts.goodbye, ()),
        "feedback_good": (texts.praise, ()),
        "bot_identity": (texts.identity, (MENU, PERSON)),
        "change_language": (texts.only_vietnamese, (PERSON,)),
    }
    return said.get(intent, (texts.help, (MENU, PERSON)))


def say(
    state: ConversationState,
    text: str,
    outcome: Outcome,
    options: tuple[Option, ...] = (),
    proposed: str = "",
) -> Turn:
    """A turn that says one thing; `proposed` is what a plain "yes" to it means."""
    reply = Text(text, options=options)
    return Turn(outcome, offering(state, reply, proposed), (reply,))
