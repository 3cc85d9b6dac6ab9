"""How campaigns are spoken of: states, reasons, fates. Plain Vietnamese; pure."""

from __future__ import annotations

from bot.outreach import words
from bot.outreach.campaign import Assessed, Outside, State

_TONES = {
    State.DRAFT: "plain",
    State.APPROVAL: "warn",
    State.SCHEDULED: "good",
    State.RUNNING: "good",
    State.PAUSED: "warn",
    State.STOPPED: "off",
    State.DONE: "good",
}
STATES = {state: (words.STATES[state], tone) for state, tone in _TONES.items()}
"""Label and tone."""
OUTSIDE = {
    Outside.HOLD: "Giữ lại, gửi khi họ nhắn cho Hội (sau khi trợ lý trả lời câu hỏi của họ)",
    Outside.LEAVE: "Không gửi cho họ",
    Outside.TEMPLATE: "Gửi mẫu tin trả phí cho họ (mẫu nền tảng đã duyệt, mỗi tin mất phí)",
}
ASSESSED = {
    Assessed.ANY: "Ai cũng được",
    Assessed.NEVER: "Chưa tự đánh giá lần nào",
    Assessed.UNFINISHED: "Đang làm dở",
    Assessed.FINISHED: "Đã tự đánh giá xong",
}
ACTIVE = {0: "Lúc nào cũng được", 2: "Trong 2 ngày qua", 7: "Trong 7 ngày qua", 30: "Trong 30 ngày qua"}
BUTTONS = {
    "": "Không có nút",
    "do:start_assessment": "Tự đánh giá",
    "cmd:menu": "Xem gợi ý",
    "cmd:person": "Gặp cán bộ",
}
"""Payload to label: what the assistant understands as pressed."""
DID = {
    "draft": "soạn",
    "edit": "sửa",
    "ask": "xin duyệt",
    "approve": "duyệt",
    "decline": "trả lại để sửa",
    "confirm_date": "xác nhận ngày",
    "schedule": "hẹn giờ",
    "begin": "bắt đầu gửi",
    "pause": "tạm dừng",
    "resume": "gửi tiếp",
    "stop": "dừng hẳn",
    "done": "gửi xong",
}
