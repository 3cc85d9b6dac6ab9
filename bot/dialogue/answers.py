"""What the knowledge layer says, made into turns: an answer with its sources, or an honest no.

Decides nothing about what is known; words only which of the bot's own sentences goes with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.dialogue.misses import key_of
from bot.dialogue.sources import as_sources
from bot.dialogue.state import ConversationState
from bot.dialogue.texts import MENU, PERSON, WRONG, Texts
from bot.dialogue.turn import Missed, Outcome, Turn, Understanding
from connectors.message import Option, Text
from knowledge.answer import Abstention, AbstentionReason, Answer, Suggestion

_OTHERS = 3
"""Next best entries kept for "that is not what I meant"."""
_STILL_LOST = 3
"""Questions in a row without an answer before nothing but a person is offered."""


def as_options(suggestions: Iterable[Suggestion]) -> tuple[Option, ...]:
    """Suggestions as things to press."""
    return tuple(Option(s.question, f"q:{s.entry_id}") for s in suggestions)


def offering(state: ConversationState, reply: Text, proposed: str = "") -> ConversationState:
    """The state after a reply: what it offers, and what a plain "yes" to it means."""
    return replace(state, offered=reply.options, numbered=reply.numbered, proposed=proposed)


def answered(
    answer: Answer, state: ConversationState, understanding: Understanding, also: tuple[Option, ...] = ()
) -> Turn:
    """An answer. `also` is offered beside what comes next: a wish the question may have held."""
    wrong = (WRONG,) if state.last_question else ()
    options = (*also, *as_options(answer.suggestions[: 2 - len(also)]), *wrong, PERSON)
    reply = Text(answer.text, options=options, sources=as_sources(answer.citations))
    others = tuple(p.id for p in answer.passages if p.id != answer.entry_id)
    return Turn(
        Outcome.ANSWERED,
        replace(offering(state, reply), misses=0, last_entry=answer.entry_id, alternatives=others[:_OTHERS]),
        (reply,),
        understanding=replace(
            understanding, entry_id=answer.entry_id, citations=answer.citations, passages=answer.passages
        ),
    )


def abstained(
    found: Abstention,
    state: ConversationState,
    understanding: Understanding,
    texts: Texts,
    also: tuple[Option, ...] = (),
) -> Turn:
    """An honest no: with the nearest questions, the second time a person first, the third time only a person.

    `also` are wishes the message may have held: with one of them this asks which is meant.
    """
    misses = state.misses + 1
    if found.reply:  # whose business it is, is known: there is nothing to guess at
        also = ()
    near = as_options(found.suggestions)
    proposed = ""
    options: tuple[Option, ...]
    if misses >= _STILL_LOST:
        text = "\n".join(filter(None, (found.reply, texts.still_lost)))
        options, proposed = (PERSON, MENU), PERSON.payload
    elif also:
        options, text = (*also, *near[: 3 - len(also)], PERSON), texts.which_is_meant
        proposed = also[0].payload if len(options) == 2 else ""
    else:
        options = (PERSON, *near[:2]) if misses > 1 else (*near[:3], PERSON)
        text = _words(found, misses, texts)
        proposed = near[0].payload if len(near) == 1 else ""
    reply = Text(text, options=options)
    question = state.last_question
    nearest = found.passages[0].id if found.passages else ""
    return Turn(
        Outcome.ABSTAINED,
        replace(offering(state, reply, proposed), misses=misses, last_entry="", alternatives=()),
        (reply,),
        (Missed(key_of(question), question, found.reason.value, nearest),) if key_of(question) else (),
        understanding=replace(understanding, passages=found.passages),
    )


def _words(found: Abstention, misses: int, texts: Texts) -> str:
    if found.reply:
        return found.reply
    if found.reason is AbstentionReason.TOO_VAGUE:
        return texts.too_vague
    if misses > 1:
        return texts.not_known_again
    return texts.out_of_scope if found.reason is AbstentionReason.OUT_OF_SCOPE else texts.not_known
