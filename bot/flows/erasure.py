"""Erasing what is kept about a citizen: said plainly what goes, asked once, done at once.

Must never erase on a guess: only a clear yes or the button does it. What is erased, bot.erasures carries out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from typing import Any

from bot.dialogue.turn import Forget
from bot.flows.flow import Command, Context, Heard, Pressed, Said, Step, option
from connectors.message import Part, Text

_NAME = "erasure"
_YES = option(_NAME, "confirm", "yes", "Xóa hết")
_NO = option(_NAME, "confirm", "no", "Giữ lại")


VIETNAM = timezone(timedelta(hours=7))


def receipt_number(token: str) -> str:
    """`XD-7Q2M-XA4T`, made from the demand itself and not from who made it."""
    return f"XD-{token[:4]}-{token[4:8]}"


@dataclass(frozen=True, slots=True)
class ErasureState:
    """Nothing to remember: there is one question."""


class Erasure:
    """Fulfils `Flow`."""

    name = _NAME
    title = "việc xóa dữ liệu"
    version = 1
    kept_for = timedelta(hours=1)

    def __init__(self, zone: tzinfo = VIETNAM) -> None:
        """`zone`: whose date stands on the receipt."""
        self._zone = zone

    def begin(self, context: Context, entry: str = "") -> Step[ErasureState]:
        """Say what would be erased, and ask."""
        return Step(ErasureState(), self.ask(ErasureState(), context))

    def hear(self, state: ErasureState, heard: Heard, context: Context) -> Step[ErasureState] | None:
        """Yes erases, no keeps; anything else is no answer."""
        if isinstance(heard, Pressed):
            return self._erase(context) if heard.value == "yes" else self._keep()
        if isinstance(heard, Said) and heard.wants("affirm", "erase_my_data"):
            return self._erase(context)
        if isinstance(heard, Said) and heard.wants("deny", "stop", "back"):
            return self._keep()
        return None

    def command(
        self, state: ErasureState, command: Command, said: Said | None, context: Context
    ) -> Step[ErasureState] | None:
        """There is nothing to go back to."""
        return None

    def ask(self, state: ErasureState, context: Context) -> tuple[Part, ...]:
        """The question, with what it is about."""
        return (
            Text(
                "Mình sẽ xóa mọi thứ đang lưu ở đây về bạn: tin nhắn, câu trả lời, kết quả và minh chứng tự "
                "đánh giá, đăng ký nhận tin, nơi ở bạn cho biết và ghi chú của cán bộ. "
                "Xóa rồi thì không lấy lại được. Bạn có chắc muốn xóa không?",
                options=(_YES, _NO),
                numbered=False,
            ),
        )

    def explain(self, state: ErasureState, context: Context) -> tuple[Part, ...]:
        """The same, shorter."""
        return (
            Text(
                "Bạn trả lời “có” để xóa hết, hoặc “không” để giữ lại giúp mình nhé.",
                (_YES, _NO),
                numbered=False,
            ),
        )

    def waits(self, state: ErasureState) -> bool:
        """Every question does."""
        return True

    def leave(self, state: ErasureState, context: Context) -> Step[ErasureState]:
        """Breaking off keeps everything."""
        return self._keep()

    def progress(self, state: ErasureState) -> str:
        """One question has no progress."""
        return ""

    def encode(self, state: ErasureState) -> dict[str, Any]:
        """Nothing."""
        return {}

    def decode(self, version: int, data: Mapping[str, Any]) -> ErasureState | None:
        """There is one form."""
        return ErasureState()

    def _erase(self, context: Context) -> Step[ErasureState]:
        number = receipt_number(context.token)
        day = f"{context.now.astimezone(self._zone):%d/%m/%Y}"
        said = (
            "Mình đã xóa xong: tin nhắn, câu trả lời, kết quả và minh chứng tự đánh giá, các đăng ký nhận "
            "tin, nơi ở bạn cho biết, cùng ghi chú của cán bộ về cuộc trò chuyện này không còn ở đây nữa.\n"
            f"Biên nhận {number}, ngày {day}. Bạn chụp hoặc ghi lại nếu cần hỏi Hội về việc xóa này.\n"
            "Tin nhắn trên máy của bạn và trên Zalo, Facebook thì bạn tự xóa nhé. "
            "Lúc nào cần, bạn cứ nhắn, mình bắt đầu lại từ đầu."
        )
        return Step(None, (Text(said),), (Forget(number),))

    def _keep(self) -> Step[ErasureState]:
        return Step(None, (Text("Mình giữ nguyên, chưa xóa gì cả. Bạn cần gì cứ nhắn mình nhé."),))
