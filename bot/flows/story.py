"""Sending the association a story, pictures or news: collected piece by piece, then an officer is told.

Keeps no copy of its own: the pieces are messages of the conversation, which officers read in the inbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.dialogue.turn import Mode, SetMode
from bot.flows.flow import Command, Context, Heard, Pressed, Said, Sent, Step, option
from connectors.message import Part, Text
from nlu.text import fold

_NAME = "story"
_DONE = option(_NAME, "collect", "done", "Gửi xong rồi")
_DROP = option(_NAME, "collect", "drop", "Thôi, không gửi")
_DONE_WORDS = frozenset(
    {
        "xong",
        "xong roi",
        "gui xong",
        "gui xong roi",
        "het",
        "het roi",
        "da xong",
        "vay thoi",
        "the thoi",
        "done",
    }
)
_NOTHING_MORE = frozenset(
    {"khong", "khong a", "khong co", "khong co gi", "thoi khong", "khong gui", "khong gui nua"}
)
"""No story by itself: the end, or none was wanted."""
_A_WISH = 60
"""Characters up to which words can be a wish (a person, an end) rather than a piece of the story."""
_WISHES = (
    "stop",
    "human_request",
    "repeat",
    "help",
    "erase_my_data",
    "start_assessment",
    "resume_assessment",
    "ask_my_result",
    "unsubscribe",
)


@dataclass(frozen=True, slots=True)
class StoryState:
    """What came in so far."""

    texts: int = 0
    files: int = 0


class Story:
    """Fulfils `Flow`."""

    name = _NAME
    title = "phần gửi tin bài"
    version = 1
    kept_for = timedelta(days=3)

    def begin(self, context: Context, entry: str = "") -> Step[StoryState]:
        """Say how, and wait for the first piece."""
        return Step(StoryState(), self.ask(StoryState(), context))

    def hear(self, state: StoryState, heard: Heard, context: Context) -> Step[StoryState] | None:
        """A piece, or the end."""
        if isinstance(heard, Pressed):
            return self._finish(state) if heard.value == "done" else self._drop()
        if isinstance(heard, Sent):
            return self._took(replace(state, files=state.files + len(heard.attachments)))
        said = fold(heard.text).strip(" .!")
        if said in _NOTHING_MORE and state == StoryState():
            return self._drop()
        if said in _DONE_WORDS | _NOTHING_MORE:
            return self._finish(state)
        if len(heard.text) <= _A_WISH and heard.wants(*_WISHES):
            return None
        return self._took(replace(state, texts=state.texts + 1))

    def command(
        self, state: StoryState, command: Command, said: Said | None, context: Context
    ) -> Step[StoryState] | None:
        """Nothing but beginning again, which forgets no message."""
        return None

    def ask(self, state: StoryState, context: Context) -> tuple[Part, ...]:
        """What to do next."""
        if state == StoryState():
            with_pictures = " và gửi kèm ảnh nếu có" if context.capabilities.takes_files else ""
            return (
                Text(
                    "Hội rất mong tin bài của bạn! Bạn viết vài dòng (việc gì, ở đâu, khi nào, ai làm)"
                    f"{with_pictures}, ngay tại đây, gửi làm nhiều tin cũng được. "
                    "Xong thì bạn nhắn “xong” nhé.",
                    (_DROP,),
                    numbered=False,
                ),
            )
        return (
            Text("Bạn gửi tiếp, hoặc nhắn “xong” để mình chuyển cho cán bộ.", (_DONE, _DROP), numbered=False),
        )

    def explain(self, state: StoryState, context: Context) -> tuple[Part, ...]:
        """The same: there is nothing to misunderstand."""
        return self.ask(state, context)

    def waits(self, state: StoryState) -> bool:
        """Every question does."""
        return True

    def leave(self, state: StoryState, context: Context) -> Step[StoryState]:
        """What came in is not thrown away: an officer may still want to see it."""
        return self._drop() if state == StoryState() else self._finish(state)

    def progress(self, state: StoryState) -> str:
        """What came in."""
        return f"{_count(state)} đã gửi" if state != StoryState() else ""

    def encode(self, state: StoryState) -> dict[str, Any]:
        """Two numbers."""
        return {"texts": state.texts, "files": state.files}

    def decode(self, version: int, data: Mapping[str, Any]) -> StoryState | None:
        """None on anything but the two numbers."""
        texts, files = data.get("texts"), data.get("files")
        if not isinstance(texts, int) or not isinstance(files, int):
            return None
        return StoryState(texts, files)

    def _took(self, state: StoryState) -> Step[StoryState]:
        said = f"Mình nhận được {_count(state)} rồi. Bạn gửi tiếp, hoặc nhắn “xong” nhé."
        return Step(state, (Text(said, (_DONE, _DROP), numbered=False),))

    def _finish(self, state: StoryState) -> Step[StoryState]:
        if state == StoryState():
            said = "Mình chưa nhận được gì cả. Bạn viết vài dòng hoặc gửi ảnh trước nhé."
            return Step(state, (Text(said, (_DROP,), numbered=False),))
        said = (
            f"Cảm ơn bạn! Mình đã chuyển {_count(state)} cho cán bộ của Hội. Cán bộ sẽ đọc và trả lời bạn "
            "ngay trong "
            "cuộc trò chuyện này."
        )
        return Step(None, (Text(said),), (SetMode(Mode.WAITING),))

    def _drop(self) -> Step[StoryState]:
        return Step(None, (Text("Không sao ạ. Khi nào có tin bài, bạn nhắn “gửi tin bài” nhé."),))


def _count(state: StoryState) -> str:
    parts = []
    if state.texts:
        parts.append(f"{state.texts} đoạn viết")
    if state.files:
        parts.append(f"{state.files} ảnh, tệp")
    return " và ".join(parts) or "tin bài"
