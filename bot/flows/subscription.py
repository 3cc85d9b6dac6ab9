"""Asking to be sent news and reminders: which, how often, agreed to in so many words; and ending it at once.

Must never take anything but a clear yes for consent, and never make leaving harder than one message. The
words somebody agreed to go with their yes, as proof.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.dialogue.texts import PERSON
from bot.dialogue.turn import Subscribed, ToldAboutThemselves, Unsubscribed
from bot.flows.assessment_place import as_choices, place_of, read_places
from bot.flows.flow import Command, Context, Heard, Pressed, Said, Step, option
from bot.outreach.topics import OFFERS, Topic, offer_of
from connectors.message import Option, Part, Text
from nlu.text import fold

_NAME = "subscription"
STOP = "stop"
"""The door through which everything ends at once."""
_ALL = "all"
_YES = option(_NAME, "agree", "yes", "Đồng ý nhận")
_NO = option(_NAME, "agree", "no", "Thôi, không nhận")
_SKIP = option(_NAME, "place", "skip", "Bỏ qua")
_AGAIN = Option("Chọn loại tin", "do:subscribe")
_STEPS = ("topics", "agree", "place")
_EVERYTHING = re.compile(r"\b(?:tat ca|het|toan bo|ca nam|ca 5)\b")
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


class Subscription:
    """Fulfils `Flow`. What it keeps mirrors what is stored: `topics` and `commune`."""

    name = _NAME
    title = "việc đăng ký nhận tin"
    version = 1
    kept_for = timedelta(days=1)

    def begin(self, context: Context, entry: str = "") -> Step[SubscriptionState]:
        """Ask which; through the door STOP, end everything."""
        if entry == STOP:
            return self._stop(context)
        state = SubscriptionState()
        return Step(state, self.ask(state, context))

    def hear(
        self, state: SubscriptionState, heard: Heard, context: Context
    ) -> Step[SubscriptionState] | None:
        """An answer to the question that is open."""
        if isinstance(heard, Pressed):
            return self._pressed(state, heard, context)
        if not isinstance(heard, Said) or heard.wants("stop", "unsubscribe", "human_request"):
            return None
        if state.step == "topics":
            wanted = read_topics(heard.text)
            return self._chosen(wanted, context) if wanted else None
        if state.step == "agree":
            if heard.wants("affirm", "subscribe"):
                return self._agreed(state, context)
            return self._declined() if heard.wants("deny", "back") else None
        return self._told(state, heard, context)

    def command(
        self, state: SubscriptionState, command: Command, said: Said | None, context: Context
    ) -> Step[SubscriptionState] | None:
        """Back to choosing; the commune can be passed over."""
        if command is Command.SKIP and state.step == "place":
            return self._finish(state, "", context)
        if command in (Command.BACK, Command.CORRECT) and state.step == "agree":
            state = SubscriptionState()
            return Step(state, self.ask(state, context))
        return None

    def ask(self, state: SubscriptionState, context: Context) -> tuple[Part, ...]:
        """What is open."""
        if state.step == "agree":
            return (Text(wording_of(state.topics), (_YES, _NO), numbered=False),)
        if state.step == "place":
            return (
                Text(
                    "Bạn ở xã, phường nào để Hội gửi đúng tin nơi bạn ở? Bạn gõ tên xã, phường, hoặc bấm "
                    "“Bỏ qua” nếu không muốn nói.",
                    (_SKIP,),
                    numbered=False,
                ),
            )
        offered = [option(_NAME, "topics", one.topic.value, one.label) for one in OFFERS]
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
        return (Text("Bạn gõ tên xã, phường, ví dụ “phường Tô Hiệu”, hoặc bấm “Bỏ qua”.", (_SKIP,), False),)

    def leave(self, state: SubscriptionState, context: Context) -> Step[SubscriptionState]:
        """Nothing was agreed to before the yes; after it, only the commune is missing."""
        return self._finish(state, "", context) if state.step == "place" else self._declined()

    def progress(self, state: SubscriptionState) -> str:
        """Three short questions have none."""
        return ""

    def encode(self, state: SubscriptionState) -> dict[str, Any]:
        """Step and topics."""
        return {"step": state.step, "topics": [topic.value for topic in state.topics]}

    def decode(self, version: int, data: Mapping[str, Any]) -> SubscriptionState | None:
        """None on anything but a known step with known topics."""
        step, topics = data.get("step"), data.get("topics")
        if step not in _STEPS or not isinstance(topics, list):
            return None
        known = tuple(topic for topic in Topic if topic.value in topics)
        return SubscriptionState(step, known) if len(known) == len(topics) else None

    # --- inside ------------------------------------------------------------------------------------

    def _options(self, context: Context) -> tuple[Option, ...]:
        asked = self.ask(SubscriptionState(), context)[0]
        return asked.options if isinstance(asked, Text) else ()

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
        return self._finish(state, place_of(heard.value), context)

    def _chosen(self, topics: tuple[Topic, ...], context: Context) -> Step[SubscriptionState]:
        state = SubscriptionState("agree", topics)
        return Step(state, self.ask(state, context))

    def _agreed(self, state: SubscriptionState, context: Context) -> Step[SubscriptionState]:
        wording = wording_of(state.topics)
        effect = Subscribed(state.topics, wording)
        before = [topic for topic in Topic if topic.value in context.kept.get("topics", ())]
        now = [topic for topic in Topic if topic in before or topic in state.topics]
        keep = {**context.kept, "topics": [topic.value for topic in now]}
        if context.kept.get("commune"):
            return Step(None, (self._thanks(now),), (effect,), keep)
        asking = replace(state, step="place")
        thanks = Text("Cảm ơn bạn, Hội đã ghi nhận.")
        return Step(asking, (thanks, *self.ask(asking, context)), (effect,), keep)

    def _told(self, state: SubscriptionState, said: Said, context: Context) -> Step[SubscriptionState] | None:
        if said.wants("skip", "deny"):
            return self._finish(state, "", context)
        places = read_places(said.text)
        if len(places) == 1:
            return self._finish(state, places[0], context)
        if not places:
            return None
        offered = tuple(option(_NAME, "place", slug, place) for slug, place in as_choices(places))
        text = Text("Có mấy nơi cùng tên. Bạn ở nơi nào?", (*offered, _SKIP))
        return Step(state, (text,))

    def _finish(self, state: SubscriptionState, commune: str, context: Context) -> Step[SubscriptionState]:
        topics = [topic for topic in Topic if topic.value in context.kept.get("topics", ())]
        keep = {**context.kept, "commune": commune} if commune else None
        effects = (ToldAboutThemselves(commune),) if commune else ()
        return Step(None, (self._thanks(topics or list(state.topics), commune),), effects, keep)

    def _thanks(self, topics: list[Topic], commune: str = "") -> Text:
        where = f" cho {commune}" if commune else ""
        named = ", ".join(offer_of(topic).label for topic in topics)
        return Text(
            f"Xong rồi. Bạn sẽ nhận: {named}{where}. Muốn thôi, bạn nhắn “dừng nhận tin”.", numbered=False
        )

    def _declined(self) -> Step[SubscriptionState]:
        return Step(None, (Text("Vâng, Hội không gửi gì cho bạn cả. Cần gì bạn cứ hỏi mình nhé."),))

    def _stop(self, context: Context) -> Step[SubscriptionState]:
        had = context.kept.get("topics")
        said = (
            "Mình đã dừng: từ giờ Hội không gửi tin hay lời nhắc nào cho bạn nữa, chỉ trả lời khi bạn nhắn."
            if had
            else "Vâng, Hội không gửi tin hay lời nhắc nào cho bạn; mình chỉ trả lời khi bạn nhắn. "
            "Nếu bạn vẫn nhận được tin không mong muốn, bạn bấm “Gặp cán bộ” nhé."
        )
        kept = {**context.kept, "topics": []}
        next_ = _AGAIN if had else PERSON
        return Step(None, (Text(said, (next_,), numbered=False),), (Unsubscribed("dừng nhận tin"),), kept)


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
    return option(_NAME, "topics", _ALL, "Nhận tất cả")
