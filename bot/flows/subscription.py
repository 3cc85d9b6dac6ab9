"""Asking to be sent news and reminders: which, how often, agreed to in so many words; and ending it at once.

Must never take anything but a clear yes for consent, and never make leaving harder than one message. The
words somebody agreed to go with their yes, as proof. Behind the yes come at most two short questions about
themselves (`subscription_self`); whatever becomes of those, the consent stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from bot.dialogue.leaving import stops_bare
from bot.dialogue.texts import PERSON
from bot.dialogue.turn import Effect, Subscribed, ToldAboutThemselves, Unsubscribed
from bot.flows import subscription_self as themselves
from bot.flows.assessment_place import as_choices, place_of
from bot.flows.assessment_state import CriteriaSets
from bot.flows.flow import Command, Context, Heard, Pressed, Said, Step, Told, option
from bot.flows.subscription_self import GROUP, NAME, PLACE, TOLD
from bot.outreach.topics import OFFERS, Topic, offer_of
from connectors.message import Option, Part, Text
from knowledge.criteria import Group
from nlu.text import fold, normalise

STOP = "stop"
"""The door through which everything ends at once."""
_RESULT = "result"
"""The door to what is agreed to."""
_ALL = "all"
_YES = option(NAME, "agree", "yes", "Đồng ý nhận")
_NO = option(NAME, "agree", "no", "Thôi, không nhận")
_AGAIN = Option("Chọn loại tin", "do:subscribe")
_CONSENT = ("topics", "agree")
_STEPS = (*_CONSENT, *themselves.STEPS)
_EVERYTHING = re.compile(r"\b(?:tat ca|het|toan bo|ca nam|ca 5)\b")
_REFUSES = re.compile(r"(?:khong|dung|thoi|chua|khoi)\b")
_NUMBERS = re.compile(r"[1-6](?:(?:\s|,|;|va|\+|-)+[1-6])*")
_NAMED: Mapping[Topic, re.Pattern[str]] = {
    Topic.MONTH: re.compile(r"\b(?:thang|ngay) khuyen hoc\b|\b2/10\b"),
    Topic.ASSESSMENT: re.compile(r"\bdanh gia\b|\bcong dan hoc tap\b"),
    Topic.TRAINING: re.compile(r"\btap huan\b|\blop\b"),
    Topic.SCHOLARSHIP: re.compile(r"\bhoc bong\b"),
    Topic.LOCAL: re.compile(r"\bdia phuong\b|\b(?:xa|phuong|thon|ban) (?:toi|minh|em|nha)\b"),
}


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """How far it is."""

    step: str = "topics"
    topics: tuple[Topic, ...] = ()
    offered: Told = field(default_factory=Told)
    """At the step TOLD: what a yes allows to be used. What was shown, not what is told by then."""


class Subscription:
    """Fulfils `Flow`. What it keeps mirrors what is stored: `topics`, `commune` and `group`."""

    name = NAME
    title = "việc đăng ký nhận tin"
    version = 1
    kept_for = timedelta(days=1)

    def __init__(self, criteria: CriteriaSets) -> None:
        """The groups are those of the current set."""
        self._criteria = criteria

    @property
    def _groups(self) -> Sequence[Group]:
        return self._criteria.current.groups

    def begin(self, context: Context, entry: str = "") -> Step[SubscriptionState]:
        """Ask which; through the door STOP, end everything; `result` says what is agreed to."""
        if entry == STOP:
            return self._stop(context)
        if entry == _RESULT and context.kept.get("topics"):
            return Step(None, (self._thanks(SubscriptionState(), context.kept),))
        state = SubscriptionState()
        return Step(state, self.ask(state, context))

    def hear(
        self, state: SubscriptionState, heard: Heard, context: Context
    ) -> Step[SubscriptionState] | None:
        """An answer to the question that is open."""
        if isinstance(heard, Pressed):
            return self._pressed(state, heard, context)
        if not isinstance(heard, Said):
            return None
        answer = self._said_before_yes if state.step in _CONSENT else self._told
        return answer(state, heard, context)

    def command(
        self, state: SubscriptionState, command: Command, said: Said | None, context: Context
    ) -> Step[SubscriptionState] | None:
        """Back to choosing. What is asked behind the yes takes its commands itself."""
        if command in (Command.BACK, Command.CORRECT) and state.step == "agree":
            state = SubscriptionState()
            return Step(state, self.ask(state, context))
        return None

    def ask(self, state: SubscriptionState, context: Context) -> tuple[Part, ...]:
        """What is open."""
        if state.step == "agree":
            return (Text(wording_of(state.topics), (_YES, _NO), numbered=False),)
        if state.step in themselves.STEPS:
            return (themselves.ask(state.step, state.offered, self._groups),)
        offered = [option(NAME, "topics", one.topic.value, one.label) for one in OFFERS]
        lines = "\n".join(f"{place}. {one.label}: {one.promise}" for place, one in enumerate(OFFERS, 1))
        if context.briefly:
            return (Text("Bạn muốn nhận loại tin nào?", (*offered, _everything())),)
        return (
            Text(
                f"Hội có thể nhắn cho bạn:\n{lines}\nBạn muốn nhận loại nào? Bấm hoặc gõ số (gõ “1, 3” nếu "
                "muốn hai loại). Lúc nào muốn thôi, bạn nhắn “dừng nhận tin” là dừng ngay.",
                (*offered, _everything()),
            ),
        )

    def explain(self, state: SubscriptionState, context: Context) -> tuple[Part, ...]:
        """The same with an example."""
        if state.step == "topics":
            said = "Bạn gõ số của loại tin, ví dụ “4” để nhận tin học bổng, hoặc “tất cả” giúp mình nhé."
            return (Text(said, self._options(context)),)
        if state.step == "agree":
            said = "Bạn nhắn “đồng ý” để nhận, hoặc “không” để thôi. Chưa đồng ý thì Hội không gửi gì cả."
            return (Text(said, (_YES, _NO), numbered=False),)
        return (themselves.explain(state.step, state.offered, self._groups),)

    def waits(self, state: SubscriptionState) -> bool:
        """The consent does; what is asked behind it is asked in passing."""
        return state.step in _CONSENT

    def leave(self, state: SubscriptionState, context: Context) -> Step[SubscriptionState]:
        """Nothing was agreed to before the yes; after it, nothing is missing that is needed."""
        return self._declined() if state.step in _CONSENT else self._finish(state, context)

    def progress(self, state: SubscriptionState) -> str:
        """A few short questions have none."""
        return ""

    def encode(self, state: SubscriptionState) -> dict[str, Any]:
        """Step and topics; behind the yes also what is offered."""
        told = {"commune": state.offered.commune, "group": state.offered.group}
        topics = [topic.value for topic in state.topics]
        return {"step": state.step, "topics": topics, **(told if state.step == TOLD else {})}

    def decode(self, version: int, data: Mapping[str, Any]) -> SubscriptionState | None:
        """None on anything but a known step with known topics."""
        step, topics = data.get("step"), data.get("topics")
        commune, group = data.get("commune", ""), data.get("group", "")
        if step not in _STEPS or not isinstance(topics, list):
            return None
        if not isinstance(commune, str) or not isinstance(group, str):
            return None
        known = tuple(topic for topic in Topic if topic.value in topics)
        offered = Told(commune, group)
        is_whole = len(known) == len(topics) and (step != TOLD or offered != Told())
        return SubscriptionState(step, known, offered) if is_whole else None

    # --- inside ------------------------------------------------------------------------------------

    def _options(self, context: Context) -> tuple[Option, ...]:
        asked = self.ask(SubscriptionState(), context)[0]
        return asked.options if isinstance(asked, Text) else ()

    def _said_before_yes(
        self, state: SubscriptionState, said: Said, context: Context
    ) -> Step[SubscriptionState] | None:
        if said.wants("stop", "unsubscribe", "human_request"):
            return None
        if state.step == "topics":
            wanted = read_topics(said.text)
            return self._chosen(wanted, context) if wanted else None
        if said.wants("affirm", "subscribe"):
            return self._agreed(state, context)
        return self._declined() if said.wants("deny", "back") else None

    def _pressed(
        self, state: SubscriptionState, heard: Pressed, context: Context
    ) -> Step[SubscriptionState] | None:
        if heard.step != state.step:
            return None
        if heard.step == "topics":
            wanted = (
                tuple(Topic) if heard.value == _ALL else tuple(t for t in Topic if t.value == heard.value)
            )
            return self._chosen(wanted, context) if wanted else None
        if heard.step == "agree":
            return self._agreed(state, context) if heard.value == "yes" else self._declined()
        return self._told_pressed(state, heard.value, context)

    def _chosen(self, topics: tuple[Topic, ...], context: Context) -> Step[SubscriptionState]:
        state = SubscriptionState("agree", topics)
        return Step(state, self.ask(state, context))

    def _agreed(self, state: SubscriptionState, context: Context) -> Step[SubscriptionState]:
        wording = wording_of(state.topics)
        effect = Subscribed(state.topics, wording)
        before = [topic for topic in Topic if topic.value in context.kept.get("topics", ())]
        now = [topic for topic in Topic if topic in before or topic in state.topics]
        keep = {**context.kept, "topics": [topic.value for topic in now]}
        offered = themselves.lacking(context.told, keep, self._groups)
        step = TOLD if offered != Told() else themselves.next_question(keep, self._groups)
        if not step:
            return Step(None, (self._thanks(state, keep),), (effect,), keep)
        asking = SubscriptionState(step, state.topics, offered)
        thanks = Text("Cảm ơn bạn, Hội đã ghi nhận.")
        return Step(asking, (thanks, *self.ask(asking, context)), (effect,), keep)

    # --- behind the yes ----------------------------------------------------------------------------

    def _told_pressed(
        self, state: SubscriptionState, value: str, context: Context
    ) -> Step[SubscriptionState] | None:
        if state.step == TOLD:
            told = state.offered if value == themselves.YES else Told()
            return self._onwards(state, told, context) if told != Told() else self._finish(state, context)
        if state.step == PLACE:
            return self._onwards(state, Told(commune=place_of(value)), context)
        known = {group.id for group in self._groups}
        return self._onwards(state, Told(group=value if value in known else ""), context)

    def _told(self, state: SubscriptionState, said: Said, context: Context) -> Step[SubscriptionState] | None:
        """An answer, a wish to leave it, or None: then it was about something else and the asking is over."""
        found = themselves.read(state.step, said, self._groups)
        if found is not None:
            return self._taken(state, found, said, context)
        if themselves.asks_why(said) or (state.step == TOLD and _is_yes_and_stop(said.text)):
            return Step(state, self.explain(state, context))
        if state.step == TOLD and said.wants("affirm"):
            return self._onwards(state, state.offered, context)
        if state.step == PLACE and said.wants("skip"):
            return self._onwards(state, Told(), context)
        if state.step == GROUP and said.wants("back", "correct_answer"):
            state = replace(state, step=PLACE)
            return Step(state, self.ask(state, context))
        ends = said.wants("skip", "deny", "stop", "back") or themselves.says_none_fits(said)
        return self._finish(state, context) if ends else None

    def _taken(
        self, state: SubscriptionState, found: themselves.Heard, said: Said, context: Context
    ) -> Step[SubscriptionState]:
        if len(found.places) > 1:
            return Step(state, (themselves.which_place(as_choices(found.places)),))
        told = Told("".join(found.places), found.groups[0] if len(found.groups) == 1 else "")
        offered = state.offered
        named_again = told in (offered, Told(commune=offered.commune), Told(group=offered.group))
        if state.step == TOLD and named_again and (said.wants("deny") or _REFUSES.match(fold(said.text))):
            return self._finish(state, context)
        if len(found.groups) > 1 and state.step == GROUP and not told.commune:
            meant = [group for group in self._groups if group.id in found.groups]
            return Step(state, (themselves.which_group(meant),))
        news = "Mình chưa nhận ra tên xã, phường này nên chưa ghi." if found.is_place_unknown else ""
        return self._onwards(state, told, context, news)

    def _onwards(
        self, state: SubscriptionState, told: Told, context: Context, news: str = ""
    ) -> Step[SubscriptionState]:
        """Keep what was told; ask what is still open, unless it was asked already."""
        keep = _kept_with(context.kept, told)
        step = themselves.next_question(keep, self._groups)
        if state.step == PLACE and step == PLACE:
            step = themselves.next_question({**keep, "commune": "-"}, self._groups)
        if not step or state.step == GROUP:
            return self._finish(state, context, told, news)
        asking = replace(state, step=step, offered=Told())
        said = (Text(news),) if news else ()
        return Step(asking, (*said, *self.ask(asking, context)), _effects(told), keep)

    def _finish(
        self, state: SubscriptionState, context: Context, told: Told | None = None, news: str = ""
    ) -> Step[SubscriptionState]:
        told = told or Told()
        keep = _kept_with(context.kept, told)
        said = (Text(news),) if news else ()
        return Step(None, (*said, self._thanks(state, keep)), _effects(told), keep)

    def _thanks(self, state: SubscriptionState, kept: Mapping[str, Any]) -> Text:
        topics = [topic for topic in Topic if topic.value in kept.get("topics", ())] or list(state.topics)
        named = ", ".join(offer_of(topic).label for topic in topics)
        own = themselves.in_words(
            Told(str(kept.get("commune", "")), str(kept.get("group", ""))), self._groups
        )
        about = f" Hội chọn tin theo điều bạn cho biết: {own}." if own else ""
        return Text(
            f"Xong rồi. Bạn sẽ nhận: {named}.{about} Muốn thôi, bạn nhắn “dừng nhận tin”.", numbered=False
        )

    def _declined(self) -> Step[SubscriptionState]:
        return Step(None, (Text("Vâng, Hội không gửi gì cho bạn cả. Cần gì bạn cứ hỏi mình nhé."),))

    def _stop(self, context: Context) -> Step[SubscriptionState]:
        had = context.kept.get("topics")
        said = (
            "Mình đã dừng: Hội không nhắn riêng tin hay lời nhắc nào cho bạn nữa, chỉ trả lời khi bạn nhắn."
            if had
            else "Vâng, Hội không nhắn riêng tin hay lời nhắc nào cho bạn; mình chỉ trả lời khi bạn nhắn. "
            "Nếu bạn vẫn nhận được tin không mong muốn, bạn bấm “Gặp cán bộ” nhé."
        )
        kept = {**context.kept, "topics": []}
        next_ = _AGAIN if had else PERSON
        return Step(None, (Text(said, (next_,), numbered=False),), (Unsubscribed("dừng nhận tin"),), kept)


def _kept_with(kept: Mapping[str, Any], told: Told) -> Mapping[str, Any]:
    new = {"commune": told.commune, "group": told.group}
    return {**kept, **{name: value for name, value in new.items() if value}}


def _effects(told: Told) -> tuple[Effect, ...]:
    return () if told == Told() else (ToldAboutThemselves(told.commune, told.group),)


def _is_yes_and_stop(text: str) -> bool:
    """`dung` without marks is `đúng`, `dùng` and `dừng` in one: nothing is used on that."""
    return stops_bare(text) and normalise(text).lower().strip(" .!,") == fold(text).strip(" .!,")


def wording_of(topics: tuple[Topic, ...]) -> str:
    """The question a yes answers: what is sent, how often at most, and how to end it."""
    offers = [offer_of(topic) for topic in topics]
    lines = "\n".join(f"- {one.promise}, mỗi tháng nhiều nhất {one.per_month} tin" for one in offers)
    return (
        f"Hội sẽ nhắn cho bạn ngay trong cuộc trò chuyện này:\n{lines}\n"
        "Không nhắn ban đêm, mỗi ngày nhiều nhất một tin. Bạn nhắn “dừng nhận tin” lúc nào là dừng lúc đó. "
        "Bạn đồng ý nhận chứ?"
    )


def read_topics(text: str) -> tuple[Topic, ...]:
    """The topics somebody names or counts out; empty where it is none. `6`, like “tất cả”, is everything."""
    folded = fold(text).strip(" .!")
    if _NUMBERS.fullmatch(folded):
        numbers = {int(digit) for digit in re.findall(r"\d", folded)}
        if len(OFFERS) + 1 in numbers:
            return tuple(Topic)
        return tuple(offer.topic for place, offer in enumerate(OFFERS, 1) if place in numbers)
    if _EVERYTHING.search(folded) and len(folded) <= 40:
        return tuple(Topic)
    return tuple(topic for topic in Topic if len(folded) <= 80 and _NAMED[topic].search(folded))


def _everything() -> Option:
    return option(NAME, "topics", _ALL, "Nhận tất cả")
