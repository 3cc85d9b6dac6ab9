"""What is said to small talk that needs nothing done: one sentence, and what can be pressed below it."""

from __future__ import annotations

from bot.dialogue.texts import MENU, PERSON, Texts
from connectors.message import Option


def reply_to(intent: str, texts: Texts) -> tuple[str, tuple[Option, ...]]:
    """The sentence for `intent` and its options; for one it does not know, what can be asked."""
    said: dict[str, tuple[str, tuple[Option, ...]]] = {
        "thanks": (texts.thanks, ()),
        "goodbye": (texts.goodbye, ()),
        "feedback_good": (texts.praise, ()),
        "bot_identity": (texts.identity, (MENU, PERSON)),
        "change_language": (texts.only_vietnamese, (PERSON,)),
        "subscribe": (texts.no_news_yet, (PERSON,)),
        "unsubscribe": (texts.no_news_anyway, (PERSON,)),
    }
    return said.get(intent, (texts.help, (MENU, PERSON)))
