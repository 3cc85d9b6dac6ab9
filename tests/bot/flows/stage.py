"""One flow alone, without an assistant: its state goes through storage between steps, as it would."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any, Generic, TypeVar

from bot.flows.assessment import Assessment
from bot.flows.assessment_state import AssessmentState
from bot.flows.flow import Command, Context, Flow, Heard, Pressed, Said, Sent, Step
from connectors.channel import Capabilities
from connectors.message import Attachment, Text
from knowledge.criteria import CriteriaSet
from knowledge.criteria_files import CriteriaBook, load_criteria
from nlu.interpreter import ASK_KNOWLEDGE, Interpretation
from nlu.text import fold
from tests.bot.fakes import START

S = TypeVar("S")
BUTTONS = Capabilities(text_limit=2000, max_options=5, option_label_limit=35, window=timedelta(days=7))
PICTURE = Attachment("image", "https://example.test/anh.jpg", "anh.jpg")


@cache
def book() -> CriteriaBook:
    """The shipped criteria."""
    return load_criteria()


def current() -> CriteriaSet:
    """The set in force."""
    return book().current


def said(words: str, intent: str = ASK_KNOWLEDGE) -> Said:
    """Words that nobody but the flow understands."""
    return Said(words, Interpretation(intent, 1.0, words, fold(words)))


def pressed(payload: str) -> Pressed:
    """What comes back of an option of a flow."""
    _, _, step, value = payload.split(":")
    return Pressed(step, value)


class Stage(Generic[S]):
    """A flow and where it stands."""

    def __init__(self, flow: Flow[S], entry: str = "", kept: dict[str, Any] | None = None) -> None:
        self.flow = flow
        self.context = Context(START, BUTTONS, "ABCDEFGHJKLM", kept or {})
        self.step: Step[S] = flow.begin(self.context, entry)
        self._store()

    @property
    def state(self) -> S:
        assert self.step.state is not None
        return self.step.state

    @property
    def words(self) -> str:
        return "\n".join(part.text for part in self.step.replies if isinstance(part, Text))

    @property
    def options(self) -> dict[str, str]:
        """What the last text offers: label to payload."""
        last = [part for part in self.step.replies if isinstance(part, Text)][-1]
        return {option.label: option.payload for option in last.options}

    def hear(self, *heard: Heard | str) -> Step[S]:
        """Each in turn; a text is something said. Fails where the flow does not take one."""
        for one in heard:
            step = self.flow.hear(self.state, said(one) if isinstance(one, str) else one, self.context)
            assert step is not None, one
            self.step = step
            self._store()
        return self.step

    def refuses(self, words: str) -> bool:
        """Whether the flow leaves these words to others."""
        return self.flow.hear(self.state, said(words), self.context) is None

    def press(self, label: str) -> Step[S]:
        return self.hear(pressed(self.options[label]))

    def send(self, *files: Attachment, text: str = "") -> Step[S]:
        return self.hear(Sent(files or (PICTURE,), text))

    def command(self, command: Command, words: str = "") -> Step[S]:
        step = self.flow.command(self.state, command, said(words) if words else None, self.context)
        assert step is not None, command
        self.step = step
        self._store()
        return step

    def later(self, days: float, token: str = "NPQRSTUVWXYZ") -> None:
        """Time goes by; the next message has another token."""
        self.context = replace(self.context, now=self.context.now + timedelta(days=days), token=token)

    def _store(self) -> None:
        if self.step.state is not None:
            stored = json.loads(json.dumps(self.flow.encode(self.step.state)))
            assert self.flow.decode(self.flow.version, stored) == self.step.state
        if self.step.keep is not None:
            self.context = replace(self.context, kept=json.loads(json.dumps(self.step.keep)))


def assessment(*heard: Heard | str, kept: dict[str, Any] | None = None) -> Stage[AssessmentState]:
    """A self-assessment of a farmer at the first indicator, and then whatever is heard."""
    stage: Stage[AssessmentState] = Stage(Assessment(book()), kept=kept)
    stage.hear("đồng ý", "nông dân", *heard)
    return stage
