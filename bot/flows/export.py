"""Giving out what is kept about a citizen: at once, as a file, and only in the conversation it is about.

Pure, like every flow: the file is made when the turn is carried out (bot.sheets), and where it cannot be made
the citizen is told so and offered a person.
"""

from __future__ import annotations

from bot.dialogue.texts import PERSON
from bot.dialogue.turn import Reply
from bot.flows.results import DataCopy
from connectors.message import Text

_GATHERED = (
    "Mình gom những gì đang lưu về bạn thành một tệp PDF: tin nhắn, đăng ký nhận tin, nơi ở bạn cho biết, "
    "kết quả và minh chứng tự đánh giá, các đợt tin đã gửi. Tệp chỉ gửi trong cuộc trò chuyện này, và có "
    "tin nhắn riêng của bạn nên bạn đừng chuyển cho người khác nhé."
)
_NOT_NOW = (
    "Lúc này mình chưa làm được tệp. Bạn nhắn lại sau ít phút, hoặc bấm “Gặp cán bộ”: cán bộ sẽ gửi bạn "
    "bản sao."
)


def copy_number(token: str) -> str:
    """`BS-7Q2M-XA4T`, made from the demand itself and not from who made it."""
    return f"BS-{token[:4]}-{token[4:8]}"


def hand_over(token: str) -> tuple[Reply, ...]:
    """What is said, and the file. `token`: of the message that asked (View.token)."""
    return Text(_GATHERED), DataCopy(copy_number(token), Text(_NOT_NOW, (PERSON,)))
