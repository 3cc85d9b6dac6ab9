"""Leads citizens through flows: begins them, hears answers, is interrupted, sets aside, takes up again.

The one place that knows how a flow lies in the conversation's state. Flows themselves know only their own
steps; what a message means outside a flow is decided in `bot.dialogue.routing`. Pure, like the flows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.dialogue.state import ConversationState, Underway
from bot.dialogue.texts import MENU, PERSON, Texts
from bot.dialogue.turn import Forget, Outcome, Reply, Turn, Understanding, View
from bot.flows.flow import Command, Context, Flow, Heard, Pressed, Said, Step, Tells, Told
from connectors.message import Text

log = structlog.get_logger(__name__)

FRESH = timedelta(hours=12)
"""A flow untouched for longer is no longer what the next message is about, unless it is an answer to it."""
_UNCLEAR_TO_PERSON = 3
"""Answers in a row that were not understood before a person is offered instead of another example."""


class FlowGuide:
    """Knows the flows by name. Holds no conversation."""

    def __init__(self, flows: Iterable[Flow[Any]], texts: Texts) -> None:
        self._flows: dict[str, Flow[Any]] = {flow.name: flow for flow in flows}
        self._texts = texts

    # --- what is there -----------------------------------------------------------------------------

    def is_current(self, state: ConversationState, now: datetime) -> bool:
        """Whether a flow's question is what the citizen is looking at.

        One that cannot be read any more is not: it counts as left in the middle, and `resume` says so.
        """
        current = state.underway
        return current is not None and now - current.touched_at <= FRESH and self._read(current) is not None

    def left_in_the_middle(self, state: ConversationState, now: datetime) -> Underway | None:
        """The flow that can be taken up again, if any: one underway, else the one set aside last."""
        underway: tuple[Underway, ...] = (state.underway,) if state.underway is not None else ()
        for one in underway + state.set_aside:
            flow = self._flows.get(one.flow)
            if flow is not None and now - one.touched_at <= flow.kept_for:
                return one
        return None

    def has(self, name: str) -> bool:
        """Whether there is a flow of this name."""
        return name in self._flows

    def put_aside(self, state: ConversationState) -> ConversationState:
        """Nothing is underway any more; what was can be taken up again."""
        return _set_aside(state)

    def title(self, one: Underway) -> str:
        """What a citizen calls it, with where it was left: `phần tự đánh giá (câu 4/10)`."""
        flow = self._flows[one.flow]
        held = flow.decode(one.version, one.data)
        where = flow.progress(held) if held is not None else ""
        return f"{flow.title} ({where})" if where else flow.title

    def settled(self, view: View, but: str = "") -> View:
        """Without a question that was asked in passing: something else was said, so it is over.

        `but`: the flow that is being pressed, whose question stays."""
        found = self._underway(view)
        if found is None or found[0].name == but or found[0].waits(found[1]):
            return view
        return replace(view, state=replace(view.state, underway=None))

    # --- beginning and taking up -------------------------------------------------------------------

    def begin(self, name: str, view: View, entry: str = "") -> Turn:
        """Begin a flow anew; another one underway is set aside. Raises KeyError on an unknown name."""
        flow = self._flows[name]
        step = flow.begin(self._context(flow, view), entry)
        return self._stepped(flow, step, replace(view, state=_set_aside(view.state, but=name)))

    def look_in(self, name: str, entry: str, view: View) -> Turn:
        """What a flow shows through a side door; whatever is underway goes on. Raises KeyError."""
        flow = self._flows[name]
        step = flow.begin(self._context(flow, view), entry)
        if step.state is not None:
            return self._stepped(flow, step, replace(view, state=_set_aside(view.state, but=name)))
        turn = self._stepped(flow, step, replace(view, state=replace(view.state, underway=None)))
        state = replace(turn.state, underway=view.state.underway)
        return self.interrupted(replace(turn, state=state), view)

    def resume(self, view: View) -> Turn | None:
        """Take up what was left in the middle. None when there is nothing."""
        found = self.left_in_the_middle(view.state, view.received_at)
        if found is None:
            return None
        flow = self._flows[found.flow]
        held = flow.decode(found.version, found.data)
        if held is None:
            log.warning("flow_begun_anew", flow=flow.name, version=found.version)
            turn = self.begin(flow.name, view)
            return replace(turn, replies=(Text(self._texts.flow_lost(flow.title)), *turn.replies))
        state = _set_aside(view.state, but=flow.name)
        rest = tuple(one for one in state.set_aside if one.flow != flow.name)
        state = replace(state, underway=replace(found, unclear=0), set_aside=rest)
        context = self._context(flow, view)
        welcome = Text(self._texts.flow_resumed(self.title(found)))
        step = Step(held, (welcome, *flow.ask(held, context)))
        return self._stepped(flow, step, replace(view, state=state))

    # --- hearing -----------------------------------------------------------------------------------

    def press(self, flow_name: str, pressed: Pressed, view: View) -> Turn | None:
        """Something of a flow was pressed. None when that flow is not there any more."""
        current = view.state.underway
        if current is None or current.flow != flow_name:
            aside = next((one for one in view.state.set_aside if one.flow == flow_name), None)
            if aside is None:
                # Tapped once more after the end: what it left behind is what the thumb is after.
                over = flow_name in self._flows and view.state.kept.get(flow_name)
                return self.look_in(flow_name, "result", view) if over else None
            state = _set_aside(view.state)
            rest = tuple(one for one in state.set_aside if one is not aside)
            view = replace(view, state=replace(state, underway=aside, set_aside=rest))
        turn = self.hear(pressed, view)
        return turn or self.again(view)

    def hear(self, heard: Heard, view: View) -> Turn | None:
        """An answer to the flow underway. None when there is none, or when this is no answer to it."""
        found = self._underway(view)
        if found is None:
            return None
        flow, held = found
        step = flow.hear(held, heard, self._context(flow, view))
        return None if step is None else self._stepped(flow, step, view)

    def command(self, command: Command, said: Said | None, view: View) -> Turn | None:
        """Back, skip, correct, restart. None when it means nothing here."""
        found = self._underway(view)
        if found is None:
            return None
        flow, held = found
        step = flow.command(held, command, said, self._context(flow, view))
        if step is None and command is Command.RESTART:
            step = flow.begin(self._context(flow, view))
        return None if step is None else self._stepped(flow, step, view)

    def leave(self, view: View) -> Turn | None:
        """Break off. None when nothing is underway."""
        found = self._underway(view)
        if found is None:
            return None
        flow, held = found
        turn = self._stepped(flow, flow.leave(held, self._context(flow, view)), view)
        return replace(turn, state=_set_aside(turn.state))

    def again(self, view: View) -> Turn | None:
        """The question once more. None when nothing is underway."""
        found = self._underway(view)
        if found is None:
            return None
        flow, held = found
        return self._stepped(flow, Step(held, flow.ask(held, self._context(flow, view))), view)

    def explain(self, view: View) -> Turn | None:
        """The question in other words, because the citizen asked for help. None when nothing is underway."""
        found = self._underway(view)
        if found is None:
            return None
        flow, held = found
        return self._stepped(flow, Step(held, flow.explain(held, self._context(flow, view))), view)

    def not_understood(self, view: View) -> Turn | None:
        """The question in other words; after some times, a person. None when nothing is underway."""
        found = self._underway(view)
        if found is None or view.state.underway is None:
            return None
        flow, held = found
        times = view.state.underway.unclear + 1
        replies = flow.explain(held, self._context(flow, view))
        if times >= _UNCLEAR_TO_PERSON:
            replies = (Text(self._texts.flow_unclear_again, (PERSON, MENU), numbered=False),)
        turn = self._stepped(flow, Step(held, replies), view)
        if turn.state.underway is not None:
            state = replace(turn.state, underway=replace(turn.state.underway, unclear=times))
            state = replace(state, proposed=PERSON.payload if times >= _UNCLEAR_TO_PERSON else "")
            turn = replace(turn, state=state)
        return turn

    def interrupted(self, turn: Turn, view: View) -> Turn:
        """A turn about something else, with the flow's question asked again below it."""
        found = self._underway(replace(view, state=turn.state))
        if found is None:
            return turn
        flow, held = found
        question = flow.ask(held, replace(self._context(flow, view), briefly=True))
        said = tuple(replace(p, options=()) if isinstance(p, Text) else p for p in turn.replies)
        return replace(turn, state=_offering(turn.state, question), replies=(*said, *question))

    # --- inside ------------------------------------------------------------------------------------

    def _context(self, flow: Flow[Any], view: View) -> Context:
        kept, told = view.state.kept.get(flow.name, {}), self._told(view)
        return Context(view.received_at, view.capabilities, view.token, kept, told)

    def _told(self, view: View) -> Told:
        """What the citizen told in a flow that says so, as long as that can still be taken up or is kept."""
        state = view.state
        for name, flow in self._flows.items():
            if not isinstance(flow, Tells):
                continue
            of_it = (
                one for one in (state.underway, *state.set_aside) if one is not None and one.flow == name
            )
            begun = next((one for one in of_it if view.received_at - one.touched_at <= flow.kept_for), None)
            held = None if begun is None else flow.decode(begun.version, begun.data)
            return flow.told(held, state.kept.get(name, {}))
        return Told()

    def _underway(self, view: View) -> tuple[Flow[Any], Any] | None:
        current = view.state.underway
        found = None if current is None else self._read(current)
        if current is not None and found is None:
            log.warning("flow_state_unreadable", flow=current.flow, version=current.version)
        return found

    def _read(self, one: Underway) -> tuple[Flow[Any], Any] | None:
        flow = self._flows.get(one.flow)
        held = None if flow is None else flow.decode(one.version, one.data)
        return None if flow is None or held is None else (flow, held)

    def _stepped(self, flow: Flow[Any], step: Step[Any], view: View) -> Turn:
        kept = view.state.kept if step.keep is None else {**view.state.kept, flow.name: step.keep}
        underway = None
        if step.state is not None:
            underway = Underway(flow.name, flow.version, flow.encode(step.state), view.received_at)
        aside = view.state.set_aside
        if underway is not None:
            aside = tuple(one for one in aside if one.flow != flow.name)
        state = replace(view.state, underway=underway, set_aside=aside, kept=kept, misses=0, last_entry="")
        if any(isinstance(effect, Forget) for effect in step.effects):
            state = ConversationState(minute_began=state.minute_began, in_minute=state.in_minute)
        return Turn(
            Outcome.FLOW,
            _offering(state, step.replies),
            step.replies,
            step.effects,
            Understanding(flow.name, 1.0),
        )


def _set_aside(state: ConversationState, but: str = "") -> ConversationState:
    """Put away what is underway, so that it can be taken up again; not what is called `but`."""
    current = state.underway
    if current is None:
        return state
    rest = tuple(one for one in state.set_aside if one.flow != current.flow)
    aside = rest if current.flow == but else (replace(current, unclear=0), *rest)
    return replace(state, underway=None, set_aside=aside)


def _offering(state: ConversationState, replies: tuple[Reply, ...]) -> ConversationState:
    last = next((part for part in reversed(replies) if isinstance(part, Text) and part.options), None)
    if last is None:
        return replace(state, offered=(), numbered=False, proposed="")
    return replace(state, offered=last.options, numbered=last.numbered, proposed="")
