"""Going through what is known of a title for a family, a clan, a community or a unit, item by item.

No points and no verdict: no source tells how these titles are scored, so the end says what is there, what is
missing, what nobody has told us and whom to ask. Must never add an item of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.dialogue.comments import is_question
from bot.dialogue.texts import PERSON
from bot.flows.assessment_words import command_in, phrase_of
from bot.flows.flow import Command, Context, Heard, Pressed, Said, Sent, Step, option
from connectors.message import Option, Part, Text
from knowledge.checklists import Checklist, ChecklistItem, Tick

_NAME = "checklist"
_MODEL, _SKIPPED = "model", "skipped"
_MOST_LETTERS = 600
_TICKS = {
    Tick.HAVE: frozenset({"co", "co roi", "da co", "roi", "du", "dat", "dat roi", "dung", "du roi"}),
    Tick.LACK: frozenset({"chua", "chua co", "khong", "khong co", "chua dat", "khong dat", "chua du"}),
    Tick.UNSURE: frozenset({"chua ro", "khong ro", "khong biet", "chua biet", "khong chac", "chua chac"}),
}


@dataclass(frozen=True, slots=True)
class ChecklistState:
    """Which list, and what was ticked so far."""

    model: str = ""
    """Id of the list; empty until it is chosen."""
    at: int = 0
    """Index of the item being asked."""
    ticks: tuple[str, ...] = ()
    """By item, as far as they went: a Tick, or `skipped`."""


_Stepped = Step[ChecklistState]


class ChecklistFlow:
    """Fulfils `Flow`."""

    name = _NAME
    title = "phần rà theo danh sách"
    version = 1
    kept_for = timedelta(days=30)

    def __init__(self, lists: Iterable[Checklist]) -> None:
        self._lists = {one.id: one for one in lists}

    def begin(self, context: Context, entry: str = "") -> _Stepped:
        """Begin; `entry` is the id of a list, also as the entity names it: `gia_dinh`, `don_vi`."""
        wanted = entry.replace("_", "-")
        near = [one for one in self._lists.values() if wanted and f"{one.id}-".startswith(f"{wanted}-")]
        if len(near) == 1:
            return self._chosen(near[0])
        return Step(ChecklistState(), (self._which(near or self._lists.values()),))

    def hear(self, state: ChecklistState, heard: Heard, context: Context) -> _Stepped | None:
        """A list, or a tick."""
        if isinstance(heard, Pressed):
            return self._pressed(state, heard)
        if isinstance(heard, Sent):
            return None
        command = command_in(heard.text)
        if command is not None:
            return self.command(state, command, heard, context)
        return self._model_said(heard) if not state.model else self._tick_said(state, heard)

    def command(
        self, state: ChecklistState, command: Command, said: Said | None, context: Context
    ) -> _Stepped | None:
        """Back (also to correct), skip, begin anew."""
        if command is Command.RESTART or not state.model:
            return self.begin(context) if command is not Command.SKIP else None
        if command is Command.SKIP:
            return self._ticked(state, _SKIPPED)
        back = replace(state, at=state.at - 1) if state.at else ChecklistState()
        return Step(back, self._ask(back))

    def ask(self, state: ChecklistState, context: Context) -> tuple[Part, ...]:
        """Which list, or the item."""
        return self._ask(state)

    def explain(self, state: ChecklistState, context: Context) -> tuple[Part, ...]:
        """The same, with the words that are understood."""
        asked = self._ask(state)[0]
        if not state.model:
            said = "Bạn bấm một mục, hoặc gõ tên của nó, ví dụ “gia đình học tập”."
        else:
            item = self._lists[state.model].items[state.at]
            said = f"{item.asks}\nBạn trả lời “đã có”, “chưa có” hoặc “chưa rõ” giúp mình nhé."
        return (Text(said, asked.options, numbered=False),)

    def waits(self, state: ChecklistState) -> bool:
        """Every question does."""
        return True

    def leave(self, state: ChecklistState, context: Context) -> _Stepped:
        """Kept once something was ticked."""
        if not state.ticks:
            return Step(None, (Text("Không sao ạ. Khi nào cần, bạn cứ nhắn mình nhé."),))
        return Step(state, (Text("Vâng, mình giữ phần đã làm. Khi nào muốn, bạn nhắn “làm tiếp” nhé."),))

    def progress(self, state: ChecklistState) -> str:
        """`mục 2/4`."""
        if not state.model:
            return ""
        return f"mục {state.at + 1}/{len(self._lists[state.model].items)}"

    def encode(self, state: ChecklistState) -> dict[str, Any]:
        """The state as JSON-able values."""
        return {"model": state.model, "at": state.at, "ticks": list(state.ticks)}

    def decode(self, version: int, data: Mapping[str, Any]) -> ChecklistState | None:
        """None when the list is gone or has become shorter, or on anything else that does not fit."""
        model, at, ticks = data.get("model"), data.get("at"), data.get("ticks")
        if version != self.version or not isinstance(model, str) or not isinstance(ticks, list | tuple):
            return None
        if isinstance(at, bool) or not isinstance(at, int):
            return None
        known = {*Tick, _SKIPPED}
        if any(not isinstance(tick, str) or tick not in known for tick in ticks):
            return None
        found = self._lists.get(model)
        most = len(found.items) if found is not None else 0
        fits = 0 <= at < most and at <= len(ticks) <= most if found is not None else (model, at) == ("", 0)
        return ChecklistState(model, at, tuple(ticks)) if fits and (model or not ticks) else None

    # --- answers -----------------------------------------------------------------------------------

    def _pressed(self, state: ChecklistState, pressed: Pressed) -> _Stepped:
        """An old button changes the tick it was offered for; it never leads on."""
        if pressed.step == _MODEL:
            found = self._lists.get(pressed.value)
            chosen = found is not None and not state.model
            return self._chosen(found) if chosen and found else Step(state, self._ask(state))
        model, _, index = pressed.step.rpartition(".")
        known = pressed.value in {*Tick, _SKIPPED} and index.isascii() and index.isdigit()
        if model != state.model or not state.model or not known:
            return Step(state, self._ask(state))
        at = int(index)
        if at == state.at:
            return self._ticked(state, pressed.value)
        if at < len(state.ticks):
            state = replace(state, ticks=(*state.ticks[:at], pressed.value, *state.ticks[at + 1 :]))
        return Step(state, self._ask(state))

    def _model_said(self, said: Said) -> _Stepped | None:
        if is_question(said.text):
            return None
        phrase = f" {phrase_of(said.text)} "
        ways = [(phrase_of(way), one) for one in self._lists.values() for way in (one.label, *one.includes)]
        named = [(len(way), one) for way, one in ways if f" {way} " in phrase]
        longest = max((length for length, _ in named), default=0)
        found = list({one.id: one for length, one in named if length == longest}.values())
        if not found:
            return None
        return self._chosen(found[0]) if len(found) == 1 else Step(ChecklistState(), (self._which(found),))

    def _tick_said(self, state: ChecklistState, said: Said) -> _Stepped | None:
        phrase = phrase_of(said.text)
        for tick, ways in _TICKS.items():
            if phrase in ways:
                return self._ticked(state, tick)
        if said.wants("affirm") and not is_question(said.text):
            return self._ticked(state, Tick.HAVE)
        return self._ticked(state, Tick.LACK) if said.wants("deny") else None

    def _chosen(self, found: Checklist) -> _Stepped:
        state = ChecklistState(found.id)
        known = (f"• {one.says} Nguồn: {one.source}." for one in found.known)
        head = f"Về {found.title}, mình biết chắc các điều sau:"
        if any(one.certainty != "certain" for one in found.known):
            head = f"Về {found.title}, các nguồn nói:"
        return Step(state, (*_packed((head, *known)), *self._ask(state)))

    def _ticked(self, state: ChecklistState, tick: str) -> _Stepped:
        found = self._lists[state.model]
        after = replace(
            state, at=state.at + 1, ticks=(*state.ticks[: state.at], tick, *state.ticks[state.at + 1 :])
        )
        if after.at == len(found.items):
            return Step(None, _summary(found, after.ticks))
        return Step(after, self._ask(after))

    # --- words -------------------------------------------------------------------------------------

    def _ask(self, state: ChecklistState) -> tuple[Text, ...]:
        if not state.model:
            return (self._which(self._lists.values()),)
        found = self._lists[state.model]
        item = found.items[state.at]
        whom = f" (chỉ với {item.only_for})" if item.only_for else ""
        said = f"Mục {state.at + 1}/{len(found.items)}{whom}. {item.asks}\nNguồn: {item.source}."
        step = f"{found.id}.{state.at}"
        options = [option(_NAME, step, tick, tick.label) for tick in Tick]
        if item.only_for:
            options.append(option(_NAME, step, _SKIPPED, "Không áp dụng"))
        return (Text(said, tuple(options), numbered=False),)

    def _which(self, lists: Iterable[Checklist]) -> Text:
        options = tuple(option(_NAME, _MODEL, one.id, one.label) for one in lists)
        said = "Bạn muốn rà theo danh hiệu nào? Mình chỉ giúp rà việc đã có, chưa có; không chấm điểm."
        return Text(said, options, numbered=False)


def _summary(found: Checklist, ticks: Sequence[str]) -> tuple[Part, ...]:
    """What is there, what is missing with one thing to do, what nobody has told us, and whom to ask."""
    told = tuple(zip(found.items, ticks, strict=True))
    lines = [f"Xong rồi. Danh sách của {found.whom} (để rà lại, không phải kết quả chấm):"]
    lines += _told("Đã có:", (f"• {item.asks}" for item in _with(told, Tick.HAVE)))
    lines += _told(
        "Chưa có:", (f"• {item.asks} Việc nên làm: {item.next_step}" for item in _with(told, Tick.LACK))
    )
    lines += _told("Chưa rõ, nên hỏi lại:", (f"• {item.asks}" for item in _with(told, Tick.UNSURE)))
    lines += _told("Mình chưa thấy nguồn nào nói rõ:", (f"• {one.says}" for one in found.unknown))
    lines.append(found.ask)
    about = tuple(Option("Tìm hiểu thêm", f"q:{id_}") for id_ in found.about[:1])
    *first, last = _packed(lines)
    return (*first, replace(last, options=(*about, PERSON), numbered=False))


def _with(told: Iterable[tuple[ChecklistItem, str]], tick: Tick) -> Iterable[ChecklistItem]:
    return (item for item, got in told if got == tick)


def _told(head: str, lines: Iterable[str]) -> list[str]:
    listed = list(lines)
    return ["\n".join((head, *listed))] if listed else []


def _packed(lines: Iterable[str]) -> tuple[Text, ...]:
    """Lines put into as few messages as they fit in."""
    texts: list[str] = []
    for line in lines:
        if texts and len(texts[-1]) + 1 + len(line) <= _MOST_LETTERS:
            texts[-1] = f"{texts[-1]}\n{line}"
        else:
            texts.append(line)
    return tuple(Text(text) for text in texts)
