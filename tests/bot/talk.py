"""A conversation with the assistant on the real content, without stores: the state goes from turn to turn."""

from __future__ import annotations

from dataclasses import replace

from bot.app import make_flows
from bot.dialogue.assistant import Assistant, Policy
from bot.dialogue.state import ConversationState, decode_state, encode_state
from bot.dialogue.texts import Texts
from bot.dialogue.turn import Mode, SetMode, Turn, View
from connectors.message import InboundEvent
from nlu.interpreter import Interpreter
from tests.bot.fakes import START, FakeChannel, said
from tests.interpreter import interpreter
from tests.shipped import knowledge


class Talk:
    """One conversation. What the assistant remembers goes through storage between turns, as it would."""

    def __init__(self, policy: Policy | None = None, interpreter_: Interpreter | None = None) -> None:
        self.assistant = Assistant(interpreter_ or interpreter(), knowledge(), Texts(), policy, make_flows())
        self.view = View(ConversationState(), Mode.BOT, None, FakeChannel.capabilities, START)
        self._heard = 0

    async def hear(self, event: InboundEvent) -> Turn:
        self._heard += 1
        event = replace(event, key=f"{event.key}#{self._heard}")
        turn = await self.assistant.turn(event, self.view)
        # As it would be tomorrow: through storage.
        state = decode_state(encode_state(turn.state))
        assert state == turn.state
        self.view = replace(self.view, state=state)
        for effect in turn.effects:
            if isinstance(effect, SetMode):
                self.view = replace(self.view, mode=effect.mode)
        return turn

    async def say(self, words: str) -> Turn:
        return await self.hear(said(words))
