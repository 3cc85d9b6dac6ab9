"""The assistant: hears one event and decides what to say.

Order of hearing: is an officer writing? → too fast? → something pressed (or typed as if pressed)? → an
answer to what a flow is asking? → what the message means (`bot.dialogue.routing`) → the documents → an honest
no with suggestions, the second time with a person. Whatever is answered in the middle of a flow, the flow's
question is asked again below it. No I/O of its own: what must be stored or sent is in the Turn.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from bot.dialogue import comments
from bot.dialogue.answers import abstained, answered, as_options
from bot.dialogue.choices import match_choice
from bot.dialogue.clauses import question_beside_person
from bot.dialogue.contact import holds_telephone
from bot.dialogue.languages import line_in
from bot.dialogue.leaving import ends_news, stops_bare
from bot.dialogue.menu import Menu, menu_options
from bot.dialogue.misses import key_of, masked
from bot.dialogue.nearest import commune_named, commune_told
from bot.dialogue.pace import counted
from bot.dialogue.records import effects_of
from bot.dialogue.routing import (
    Route,
    Way,
    asks_what_points_are_worth,
    by_intent,
    is_aside,
    is_small_talk,
    may_ask,
    may_want_person,
    route,
    worth_offering,
)
from bot.dialogue.small_talk import reply_to, say
from bot.dialogue.sources import as_sources
from bot.dialogue.texts import ASSESS, BACK_TO_BOT, MENU, PERSON, RESUME, WISHES, WRONG, Texts
from bot.dialogue.turn import Effect, Missed, Mode, Outcome, SetMode, SetReceiving, Turn, Understanding, View
from bot.flows.export import hand_over
from bot.flows.flow import Command, Flow, Pressed, Said, Sent
from bot.flows.guide import FlowGuide
from connectors.message import ANSWERABLE, EventKind, InboundEvent, Part, Text
from knowledge.answer import Answer, Knowledge
from nlu.interpreter import ASK_KNOWLEDGE, Interpreter
from nlu.languages import foreign_language
from nlu.text import syllables


@dataclass(frozen=True, slots=True)
class Policy:
    """What the association may set, beside words."""

    messages_per_minute: int = 60
    handoff_return: timedelta = timedelta(hours=12)
    menu: Menu = field(default_factory=Menu)


class Assistant:
    """Takes turns. Holds no conversation: everything it remembers is in the state it is given."""

    def __init__(
        self,
        interpreter: Interpreter,
        knowledge: Knowledge,
        texts: Texts,
        policy: Policy | None = None,
        flows: Iterable[Flow[Any]] = (),
    ) -> None:
        self._interpreter = interpreter
        self._knowledge = knowledge
        self._texts = texts
        self._policy = policy or Policy()
        self._guide = FlowGuide(flows, texts)
        self._ways: dict[Way, Callable[[Route, View], Turn]] = {
            Way.FLOW: self._begin_flow,
            Way.GLANCE: self._look_in,
            Way.RESUME: self._resume,
            Way.COMMAND: self._command_without_words,
            Way.SMALL_TALK: self._small_talk,
            Way.PERSON: self._call_person,
            Way.YES: self._yes,
            Way.NO: self._no,
            Way.STOP: self._stop,
            Way.REPEAT: self._repeat,
            Way.WRONG: self._was_wrong,
            Way.ABUSE: self._met_abuse,
        }

    async def turn(self, event: InboundEvent, view: View) -> Turn:
        """Decide about one event. Raises only on a fault of ours (the worker parks such events)."""
        if event.kind not in ANSWERABLE:
            return Turn(Outcome.RECORDED, view.state, effects=effects_of(event))
        if event.kind is EventKind.COMMENT:
            return await comments.answer(event, view.state, self._interpreter, self._knowledge, self._texts)
        state, count = counted(view.state, view.received_at)
        if count > self._policy.messages_per_minute:
            asked_already = count > self._policy.messages_per_minute + 1 or self._officer_is_writing(view)
            replies: tuple[Part, ...] = () if asked_already else (Text(self._texts.slow_down),)
            return Turn(Outcome.SILENT if asked_already else Outcome.SLOWED, state, replies)
        payload = event.payload if event.kind is EventKind.CHOICE else match_choice(event.text, state)
        if self._officer_is_writing(view) and payload != BACK_TO_BOT.payload:
            if not ends_news(event.text):
                return Turn(Outcome.SILENT, state)
            # Taking a consent back is between the citizen and us: it waits for no officer.
            return self._look_in(by_intent("unsubscribe"), replace(view, state=state))
        turn = await self._hear(event, payload, replace(view, state=state, token=_token_of(event)))
        if place := commune_told(turn.effects):
            turn = replace(turn, state=replace(turn.state, place=place))
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
        if not payload and not event.text:
            view = self._guide.settled(view)
        if event.kind is EventKind.FOLLOW or payload == "GET_STARTED":
            return self._menu(view, self._texts.welcome, SetReceiving(allowed=True))
        if payload:
            return self._pressed(payload, view)
        if event.kind is EventKind.REFERRAL:
            return self._menu(view, self._texts.welcome)
        if event.kind is EventKind.CONTACT:
            return self._in_between(say(view.state, self._texts.contact_received, Outcome.SMALLTALK), view)
        sent = Sent(event.attachments, event.text)
        turn = self._guide.hear(sent, view) if event.attachments else None
        if turn is None and event.text:
            return await self._said(event.text, view)
        if turn is None:
            turn = say(view.state, self._texts.cannot_read, Outcome.SMALLTALK, (MENU, PERSON))
            turn = self._in_between(turn, view)
        return turn

    # --- pressed -----------------------------------------------------------------------------------

    def _pressed(self, payload: str, view: View) -> Turn:
        kind, _, value = payload.partition(":")
        view = self._guide.settled(view, but=value.partition(":")[0] if kind == "f" else "")
        commands = {PERSON.payload: "human_request", WRONG.payload: "feedback_bad"}
        turn: Turn | None = None
        if payload == BACK_TO_BOT.payload:
            turn = self._menu(view, self._texts.bot_is_back, SetMode(Mode.BOT))
            turn = replace(turn, understanding=Understanding("help", 1.0))
        elif payload in commands:
            turn = self._take(by_intent(commands[payload]), view)
        elif kind == "do" and value in WISHES:
            turn = self._take(by_intent(value), view)
        elif kind == "f":
            flow, _, rest = value.partition(":")
            step, _, chosen = rest.partition(":")
            turn = self._guide.press(flow, Pressed(step, chosen), view)
        elif kind == "q" and (answer := self._knowledge.entry(value)) is not None:
            state = replace(view.state, last_question="")  # chosen, not asked: nothing to misunderstand
            turn = self._in_between(answered(answer, state, Understanding(ASK_KNOWLEDGE, 1.0)), view)
        # An old button whose entry is gone, or one we never offered: show what there is now.
        return turn or self._greet(view)

    # --- said --------------------------------------------------------------------------------------

    async def _said(self, text: str, view: View) -> Turn:
        meaning = await self._interpreter.interpret(text)
        if place := commune_named(meaning.entities):
            view = replace(view, state=replace(view.state, place=place))
        turn = await self._by_meaning(Said(text, meaning), view)
        why = replace(turn.understanding, intent=meaning.intent, confidence=meaning.confidence)
        why = replace(why, entities=meaning.entities)
        return replace(turn, understanding=why)

    async def _by_meaning(self, said: Said, view: View) -> Turn:
        turn = self._guide.hear(said, view)
        if turn is not None:
            return turn
        view = self._guide.settled(view)
        asks, in_flow = comments.is_question(said.text), self._is_in_flow(view)
        if not in_flow and _is_subscribed(view) and not view.state.proposed and stops_bare(said.text):
            # Nothing else is going on that could be stopped: what stops is what we send.
            return self._look_in(by_intent("unsubscribe"), view)
        has_answered = bool(view.state.last_entry) and not view.state.proposed
        going = route(said.meaning, asks=asks, in_flow=in_flow, answered=has_answered)
        turn = await self._beside_its_intent(said, going, view, asks=asks)
        if turn is not None:
            return turn
        command = by_intent(said.meaning.intent).command if said.meaning.is_sure else None
        if command is not None and in_flow:
            turn = self._guide.command(command, said, view)
            return turn or self._guide.not_understood(view) or self._take(going, view)
        if going.way in (Way.KNOWLEDGE, Way.UNSURE):
            return await self._ask(said, going, view)
        return self._take(going, view)

    async def _beside_its_intent(self, said: Said, going: Route, view: View, *, asks: bool) -> Turn | None:
        """What no intent tells: another language, two wishes at once, a telephone number. None for most."""
        language = foreign_language(said.text)
        if language and going.way in (Way.KNOWLEDGE, Way.UNSURE, Way.SMALL_TALK):
            return self._menu(view, line_in(language, self._texts.association))
        if asks:
            wanted = may_want_person(said.meaning)
            return await self._question_and_person(said, view) if wanted else None
        has_number = going.way is not Way.PERSON and holds_telephone(said.text)
        return self._got_telephone(view) if has_number else None

    def _is_in_flow(self, view: View) -> bool:
        return self._guide.is_current(view.state, view.received_at)

    def _in_between(self, turn: Turn, view: View) -> Turn:
        """About something else than a flow is asking: its question comes again, unless left long ago."""
        return self._guide.interrupted(turn, view) if self._is_in_flow(view) else turn

    async def _ask(self, said: Said, going: Route, view: View) -> Turn:
        """Ask the documents; where the meaning was not sure, also the citizen."""
        in_flow, unsure = self._is_in_flow(view), going.way is Way.UNSURE
        harmless = unsure and is_small_talk(said.meaning, proposed=bool(view.state.proposed))
        if harmless and not may_ask(said.meaning):
            return self._take(by_intent(going.intent), view)
        found = await self._knowledge.ask(said.text, view.state.last_entry)
        state = replace(view.state, last_question=masked(said.text))
        why = Understanding()
        also = tuple(WISHES[intent] for intent in worth_offering(said.meaning)) if unsure else ()
        asks = comments.is_question(said.text) or is_aside(said.meaning)
        if isinstance(found, Answer) and (asks or not in_flow):
            also = tuple(option for option in also if option is not PERSON)[:1]
            return self._in_between(answered(found, state, why, also), view)
        if isinstance(found, Answer) or (
            in_flow and not found.reply and not (asks and syllables(said.meaning.folded))
        ):
            return self._guide.not_understood(view) or self._menu(view, self._texts.help)
        meant = unsure and said.meaning.is_sure and not asks_what_points_are_worth(said.meaning)
        if not found.reply and (harmless or meant):
            return self._take(by_intent(going.intent), view)
        also = tuple(option for option in also if option is not PERSON)
        turn = abstained(found, state, why, self._texts.at(view.received_at, state.place), also)
        if in_flow and not found.reply:  # what would be offered here gives way to the flow's own buttons
            turn = replace(turn, replies=(Text(self._texts.not_known_in_between),))
        return self._in_between(turn, view)

    async def _question_and_person(self, said: Said, view: View) -> Turn | None:
        """A question and the wish for a person in one message: both are met. None when that is not so."""
        question = await question_beside_person(said.text, self._interpreter)
        found = await self._knowledge.ask(question, view.state.last_entry) if question else None
        if not isinstance(found, Answer):
            return None
        turn = self._call_person(by_intent("human_request"), view)
        answer = Text(found.text, sources=as_sources(found.citations))
        return replace(turn, replies=(answer, *turn.replies))

    # --- the ways a message can go -----------------------------------------------------------------

    def _take(self, going: Route, view: View) -> Turn:
        turn = self._ways[going.way](going, view)
        return replace(turn, understanding=replace(turn.understanding, intent=going.intent, confidence=1.0))

    def _begin_flow(self, going: Route, view: View) -> Turn:
        current = view.state.underway
        if current is not None and current.flow == going.flow and not going.entry and self._is_in_flow(view):
            turn = self._guide.again(view)
            if turn is not None:
                return turn
        left = self._guide.left_in_the_middle(view.state, view.received_at)
        if left is not None and left.flow == going.flow and not going.entry:
            # What was answered days ago is not thrown away by the same wish; `làm lại từ đầu` does that.
            turn = self._guide.resume(view)
            if turn is not None:
                return turn
        # Whether to be reminded is asked anew.
        view = replace(view, state=replace(view.state, undisturbed=False))
        return self._guide.begin(going.flow, view, going.entry)

    def _look_in(self, going: Route, view: View) -> Turn:
        if going.intent == "unsubscribe":
            view = replace(view, state=replace(view.state, undisturbed=True))
        return self._guide.look_in(going.flow, going.entry, view)

    def _resume(self, going: Route, view: View) -> Turn:
        turn = self._guide.again(view) if self._is_in_flow(view) else self._guide.resume(view)
        text, options = self._texts.nothing_to_resume, (ASSESS, PERSON)
        return turn or say(view.state, text, Outcome.SMALLTALK, options, ASSESS.payload)

    def _command_without_words(self, going: Route, view: View) -> Turn:
        """Back, skip, correct or restart, with no flow that takes it."""
        left = self._guide.left_in_the_middle(view.state, view.received_at)
        if left is not None and going.command is Command.RESTART:
            return self._guide.resume(view) or self._menu(view, self._texts.nothing_underway)
        return self._menu(view, self._texts.paused if left else self._texts.nothing_underway)

    def _small_talk(self, going: Route, view: View) -> Turn:
        texts = self._texts
        explained = self._guide.explain(view) if going.intent == "help" and self._is_in_flow(view) else None
        if explained is not None:
            return explained
        if going.intent in ("greet", "help"):
            return self._greet(view) if going.intent == "greet" else self._menu(view, texts.help)
        if going.intent == "export_my_data":
            return self._hand_copy(view)
        if going.intent == "goodbye" and self._is_in_flow(view) and (left := self._guide.leave(view)):
            return replace(left, replies=(*left.replies, Text(texts.goodbye)))
        text, options = reply_to(going.intent, texts)
        return self._in_between(say(view.state, text, Outcome.SMALLTALK, options), view)

    def _call_person(self, going: Route, view: View, text: str = "") -> Turn:
        waiting = view.mode is Mode.WAITING
        texts = self._texts.at(view.received_at, view.state.place)
        text = text or (texts.person_already_called if waiting else texts.person_called)
        state = replace(view.state, misses=0)
        if self._is_in_flow(view) and state.underway is not None:
            text = f"{text}\n{texts.flow_kept(self._guide.title(state.underway))}"
            state = self._guide.put_aside(state)
        turn = say(state, text, Outcome.HANDOFF, (MENU,))
        effects: tuple[Effect, ...] = () if waiting else (SetMode(Mode.WAITING),)
        return replace(turn, effects=effects, understanding=Understanding("human_request", 1.0))

    def _hand_copy(self, view: View) -> Turn:
        """What is kept about them, to themselves, whatever else is going on."""
        state = replace(view.state, offered=(), proposed="", misses=0)
        return self._in_between(Turn(Outcome.FLOW, state, hand_over(view.token)), view)

    def _got_telephone(self, view: View) -> Turn:
        """A number to call back: for whom a person is waiting for, else that is asked."""
        if view.mode is Mode.WAITING:
            turn = say(view.state, self._texts.contact_received, Outcome.SMALLTALK)
            return self._in_between(turn, view)
        text = self._texts.contact_unasked
        return say(view.state, text, Outcome.SMALLTALK, (PERSON, MENU), PERSON.payload)

    def _yes(self, going: Route, view: View) -> Turn:
        if view.state.proposed:
            return self._pressed(view.state.proposed, view)
        return self._in_flow_or(view, self._texts.yes_to_nothing)

    def _no(self, going: Route, view: View) -> Turn:
        if view.state.proposed and self._is_in_flow(view):
            return self._guide.again(view) or self._menu(view, self._texts.no_to_nothing)
        if going.refused == "human_request" and view.mode is Mode.WAITING:
            turn = say(view.state, self._texts.person_not_needed, Outcome.SMALLTALK)
            return replace(self._in_between(turn, view), effects=(SetMode(Mode.BOT),))
        return self._in_flow_or(view, self._texts.no_to_nothing)

    def _in_flow_or(self, view: View, text: str) -> Turn:
        turn = self._guide.not_understood(view) if self._is_in_flow(view) else None
        return turn or self._menu(view, text)

    def _stop(self, going: Route, view: View) -> Turn:
        turn = self._guide.leave(view) if self._is_in_flow(view) else None
        return turn or say(view.state, self._texts.stopped, Outcome.SMALLTALK)

    def _repeat(self, going: Route, view: View) -> Turn:
        turn = self._guide.again(view) if self._is_in_flow(view) else None
        if turn is not None:
            return turn
        answer = self._knowledge.entry(view.state.last_entry) if view.state.last_entry else None
        if answer is not None:
            return answered(answer, view.state, Understanding())
        return self._menu(view, self._texts.nothing_to_repeat)

    def _was_wrong(self, going: Route, view: View) -> Turn:
        """The last answer missed the point: count it for staff, and offer what came next best."""
        state = view.state
        if self._is_in_flow(view) and not state.last_entry:  # there was no answer: it is the flow that tires
            turn = say(state, self._texts.flow_is_long, Outcome.SMALLTALK)
            return self._in_between(turn, view)
        options = as_options(self._knowledge.suggestions(state.alternatives))
        turn = say(
            replace(state, last_entry="", last_question="", alternatives=()),
            self._texts.wrong_answer,
            Outcome.SMALLTALK,
            (*options, PERSON),
        )
        turn = self._in_between(turn, view)
        effects: tuple[Effect, ...] = ()
        if state.last_question:  # pressed once more, it is not counted once more
            key = key_of(state.last_question)
            effects = (Missed(key, state.last_question, "wrong", state.last_entry),)
        return replace(turn, effects=effects, understanding=Understanding("feedback_bad", 1.0))

    def _met_abuse(self, going: Route, view: View) -> Turn:
        """Calm the first time; then it is a person's matter."""
        state = replace(view.state, insults=view.state.insults + 1)
        if state.insults == 1:
            turn = say(state, self._texts.insult, Outcome.SMALLTALK, (PERSON,))
            return self._in_between(turn, view)
        texts = self._texts.at(view.received_at, state.place)
        return self._call_person(going, replace(view, state=state), texts.insult_again)

    # --- the simplest replies ----------------------------------------------------------------------

    def _greet(self, view: View) -> Turn:
        texts = self._texts
        return self._menu(view, texts.greeting_in_between if self._is_in_flow(view) else texts.greeting)

    def _menu(self, view: View, text: str, *effects: Effect) -> Turn:
        """What can be asked and done; first of all what was left in the middle."""
        state = replace(view.state, misses=0)
        if self._is_in_flow(view):
            turn = say(state, text, Outcome.SMALLTALK)
            return replace(self._guide.interrupted(turn, view), effects=effects)
        begun = self._guide.left_in_the_middle(state, view.received_at)
        if begun is not None:
            text = f"{text}\n{self._texts.left_in_the_middle(self._guide.title(begun))}"
        has_flows = self._guide.has("assessment")
        options = menu_options(
            self._policy.menu, self._knowledge, has_flows=has_flows, resumes=begun is not None
        )
        proposed = RESUME.payload if begun is not None else ""
        turn = say(state, text, Outcome.SMALLTALK, options, proposed)
        return replace(turn, effects=effects)


def _is_subscribed(view: View) -> bool:
    return bool(view.state.kept.get("subscription", {}).get("topics"))


def _token_of(event: InboundEvent) -> str:
    """Twelve capital letters and digits made from the event's identity."""
    identity = "\0".join((event.channel, event.account, event.user, event.key))
    return base64.b32encode(hashlib.sha256(identity.encode()).digest())[:12].decode()
