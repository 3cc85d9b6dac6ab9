"""Cuts messages for Rasa as the rest of the house reads them: folded, short forms opened, slips undone.

A token keeps the text and the place of what was typed; its lemma is what was meant, and the featurizers count
lemmas. Must never differ from `nlu.text.VietnameseText.as_meant`: both engines are to read the same words.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

from nlu.folding import normalise
from nlu.pieces import pieces
from nlu.text import vietnamese_text

_NOTHING = " "
"""Rasa puts the text in place of an empty lemma; a space has no n-grams of its own."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class MeaningTokenizer(Tokenizer):
    """One token for each run of characters without a space."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The keys Rasa's own base class insists on; none of them matters here."""
        return {"intent_tokenization_flag": False, "intent_split_symbol": "_"}

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """The tokens of one attribute of `message`; never none, because Rasa's featurizers need one."""
        text = message.get(attribute)
        found = [
            Token(
                normalise(text[piece.start : piece.end]),
                piece.start,
                piece.end,
                lemma=piece.meant or _NOTHING,
            )
            for piece in pieces(text, vietnamese_text())
        ]
        return found or [Token(text, 0, len(text), lemma=_NOTHING)]
