"""The assistant: hears one event and decides what to say.

Order of hearing: is an officer writing? → too fast? → something pressed (or typed as if pressed)? →
intent (a person, small talk) → knowledge → an honest no with suggestions, the second time with a person.
No I/O of its own: what must be stored or sent is in the Turn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.dialogue import comments
from bot.dialogue.choices import match_choice
from bot.dialogue.misses import key_of, masked
from bot.dialogue.records import effects_of
from bot.dialogue.sources import as_sources
from bot.dialogue.state import ConversationState
from bot.dialogue.texts import BACK_TO_BOT, MENU, PERSON, WRONG, Texts
from bot.dialogue.turn import (
    Effect,
    Missed,
    Mode,
    Outcome,
    SetMode,
    SetReceiving,
    Turn,
    Understanding,
    View,
)
from connectors.message import ANSWERABLE, EventKind, InboundEvent, Option, Part, Text
from knowledge.answer import Abstention, AbstentionReason, Answer, Knowledge, Suggestion
from nlu.interpreter import Interpretation, Interpreter

MINUTE = timedelta(minutes=1)
_OTHERS = 3
"""Next best entries kept for "that is not what I meant"."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Numbers the association may set."""

    messages_per_minute: int = 60
    handoff_return: timedelta = timedelta(hours=12)


class Assistant:
    """Takes turns. Holds no conversation: everything it remembers is in the state it is given."""

    def __init__(
        self, interpreter: Interpreter, knowledge: Knowledge, texts: Texts, policy: Policy | None = None
    ) -> None:
        self._interpreter = interpreter
        self._knowledge = knowledge
        self._texts = texts
        self._policy = policy or Policy()

    async def turn(self, event: InboundEvent, view: View) -> Turn:
        """Decide about one event. Raises only on a fault of ours (the worker parks such events)."""
        if event.kind not in ANSWERABLE:
            return Turn(Outcome.RECORDED, view.state, effects=effects_of(event))
        if event.kind is EventKind.COMMENT:
            return await comments.answer(event, view.state, self._interpreter, self._knowledge, self._texts)
        state, count = _counted(view.state, view.received_at)
        if count > self._policy.messages_per_minute:
            asked_already = count > self._policy.messages_per_minute + 1 or self._officer_is_writing(view)
            replies: tuple[Part, ...] = () if asked_already else (Text(self._texts.slow_down),)
            return Turn(Outcome.SILENT if asked_already else Outcome.SLOWED, state, replies)
        payload = event.payload if event.kind is EventKind.CHOICE else match_choice(event.text, state)
        if self._officer_is_writing(view) and payload != BACK_TO_BOT.payload:
            return Turn(Outcome.SILENT, state)
        turn = await self._hear(event, payload, replace(view, state=state))
        if view.mode is Mode.PERSON and not any(isinstance(effect, SetMode) for effect in turn.effects):
            # The officer has been quiet for long enough that the bot speaks again.
            turn = replace(turn, effects=(*turn.effects, SetMode(Mode.BOT)))
        return turn

    def _officer_is_writing(self, view: View) -> bool:
        if view.mode is not Mode.PERSON:
            return False
        last = view.person_last_at
        return last is None or view.received_at - last < self._policy.handoff_return

    async def _hear(self, event: InboundEvent, payload: str, view: View) -> Turn:
        if event.kind is EventKind.FOLLOW or payload == "GET_STARTED":
            return self._menu(view.state, self._texts.welcome, SetReceiving(allowed=True))
        if payload:
            return self._pressed(payload, view)
        if event.kind is EventKind.REFERRAL:
            return self._menu(view.state, self._texts.welcome)
        if event.kind is EventKind.CONTACT:
            return self._say(view.state, self._texts.contact_received, Outcome.SMALLTALK)
        if not event.text:
            return self._say(view.state, self._texts.cannot_read, Outcome.SMALLTALK, (MENU, PERSON))
        return await self._answer(event.text, view)

    # --- pressed -----------------------------------------------------------------------------------

    def _pressed(self, payload: str, view: View) -> Turn:
        kind, _, value = payload.partition(":")
        if kind == "q":
            answer = self._knowledge.entry(value)
            if answer is not None:
                state = replace(view.state, last_question="")  # chosen, not asked: nothing to misunderstand
                return self._answered(answer, state, Understanding("ask_knowledge", 1.0))
        commands = {
            PERSON.payload: self._call_person,
            BACK_TO_BOT.payload: self._back_to_bot,
            WRONG.payload: self._was_wrong,
        }
        if payload in commands:
            return commands[payload](view)
        # An old button whose entry is gone, or one we never offered: show what there is now.
        return self._menu(view.state, self._texts.greeting)

    def _call_person(self, view: View) -> Turn:
        waiting = view.mode is Mode.WAITING
        text = self._texts.person_already_called if waiting else self._texts.person_called
        effects: tuple[Effect, ...] = () if waiting else (SetMode(Mode.WAITING),)
        turn = self._say(replace(view.state, misses=0), text, Outcome.HANDOFF, (MENU,))
        return replace(turn, effects=effects, understanding=Understanding("human_request", 1.0))

    def _was_wrong(self, view: View) -> Turn:
        """The last answer missed the point: count it for staff, and offer what came next best."""
        state = view.state
        options = _as_options(self._knowledge.suggestions(state.alternatives))
        turn = self._say(
            replace(state, last_entry="", last_question="", alternatives=()),
            self._texts.wrong_answer,
            Outcome.SMALLTALK,
            (*options, PERSON),
        )
        effects: tuple[Effect, ...] = ()
        if state.last_question:  # pressed once more, it is not counted once more
            key = key_of(state.last_question)
            effects = (Missed(key, state.last_question, "wrong", state.last_entry),)
        return replace(turn, effects=effects, understanding=Understanding("feedback_bad", 1.0))

    def _back_to_bot(self, view: View) -> Turn:
        turn = self._menu(view.state, self._texts.bot_is_back, SetMode(Mode.BOT))
        return replace(turn, understanding=Understanding("help", 1.0))

    # --- said --------------------------------------------------------------------------------------

    async def _answer(self, text: str, view: View) -> Turn:
        meaning = await self._interpreter.interpret(text)
        understanding = Understanding(meaning.intent, meaning.confidence)
        turn = self._by_intent(meaning, view)
        if turn is not None:
            return replace(turn, understanding=understanding)
        found = await self._knowledge.ask(text, view.state.last_entry)
        state = replace(view.state, last_question=masked(text))
        if isinstance(found, Answer):
            return self._answered(found, state, understanding)
        return self._abstained(found, state, understanding)

    def _by_intent(self, meaning: Interpretation, view: View) -> Turn | None:
        simple = {
            "thanks": (self._texts.thanks, ()),
            "goodbye": (self._texts.goodbye, ()),
            "bot_identity": (self._texts.identity, (MENU, PERSON)),
        }
        if meaning.intent == "human_request":
            return self._call_person(view)
        if meaning.intent == "greet":
            return self._menu(view.state, self._texts.greeting)
        if meaning.intent == "help":
            return self._menu(view.state, self._texts.help)
        if meaning.intent in simple:
            text, options = simple[meaning.intent]
            return self._say(view.state, text, Outcome.SMALLTALK, options)
        return None

    def _answered(self, answer: Answer, state: ConversationState, understanding: Understanding) -> Turn:
        wrong = (WRONG,) if state.last_question else ()
        options = (*_as_options(answer.suggestions[:2]), *wrong, PERSON)
        reply = Text(answer.text, options=options, sources=as_sources(answer.citations))
        others = tuple(p.id for p in answer.passages if p.id != answer.entry_id)
        return Turn(
            Outcome.ANSWERED,
            replace(
                _offering(state, reply), misses=0, last_entry=answer.entry_id, alternatives=others[:_OTHERS]
            ),
            (reply,),
            understanding=replace(
                understanding,
                entry_id=answer.entry_id,
                citations=answer.citations,
                passages=answer.passages,
            ),
        )

    def _abstained(self, found: Abstention, state: ConversationState, understanding: Understanding) -> Turn:
        misses = state.misses + 1
        options = (*_as_options(found.suggestions[:3]), PERSON)
        if misses > 1:
            options = (PERSON, *_as_options(found.suggestions[:2]))
        if found.reply:
            text = found.reply
        elif found.reason is AbstentionReason.TOO_VAGUE:
            text = self._texts.too_vague
        elif misses > 1:
            text = self._texts.not_known_again
        elif found.reason is AbstentionReason.OUT_OF_SCOPE:
            text = self._texts.out_of_scope
        else:
            text = self._texts.not_known
        reply = Text(text, options=options)
        question = state.last_question
        nearest = found.passages[0].id if found.passages else ""
        return Turn(
            Outcome.ABSTAINED,
            replace(_offering(state, reply), misses=misses, last_entry="", alternatives=()),
            (reply,),
            (Missed(key_of(question), question, found.reason.value, nearest),) if key_of(question) else (),
            understanding=replace(understanding, passages=found.passages),
        )

    # --- the simplest replies ----------------------------------------------------------------------

    def _menu(self, state: ConversationState, text: str, *effects: Effect) -> Turn:
        options = (*_as_options(self._knowledge.starters(4)), PERSON)
        turn = self._say(replace(state, misses=0), text, Outcome.SMALLTALK, options)
        return replace(turn, effects=effects)

    @staticmethod
    def _say(state: ConversationState, text: str, outcome: Outcome, options: tuple[Option, ...] = ()) -> Turn:
        reply = Text(text, options=options)
        return Turn(outcome, _offering(state, reply), (reply,))


def _as_options(suggestions: tuple[Suggestion, ...]) -> tuple[Option, ...]:
    return tuple(Option(s.question, f"q:{s.entry_id}") for s in suggestions)


def _offering(state: ConversationState, reply: Text) -> ConversationState:
    return replace(state, offered=reply.options, numbered=reply.numbered)


def _counted(state: ConversationState, now: datetime) -> tuple[ConversationState, int]:
    """Count this message in its minute. Counted by arrival, so a backlog is not taken for a flood."""
    if state.minute_began is None or not timedelta() <= now - state.minute_began < MINUTE:
        return replace(state, minute_began=now, in_minute=1), 1
    return replace(state, in_minute=state.in_minute + 1), state.in_minute + 1
