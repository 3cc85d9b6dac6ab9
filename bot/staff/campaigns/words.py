"""How campaigns are spoken of: states, reasons, fates. Plain Vietnamese; pure."""

from __future__ import annotations

from bot.outreach import words
from bot.outreach.campaign import Assessed, Outside, State
from bot.outreach.windows import Why
from bot.store.recipients import Place

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
WHY = {
    Why.OPEN: "còn trong thời gian nhắn miễn phí",
    Why.BEYOND_FREE: "quá 48 giờ từ lần nhắn cuối, Zalo tính vào gói tin",
    Why.BY_TEMPLATE: "gửi bằng mẫu tin trả phí",
    Why.WINDOW: "đã lâu không nhắn cho Hội, nền tảng không cho gửi",
    Why.NEVER_WROTE: "chưa từng nhắn riêng cho Hội",
    Why.CANNOT_RECEIVE: "đã chặn hoặc bỏ quan tâm",
    Why.NOT_AGREED: "không đồng ý nhận loại tin này nữa",
    Why.DAY_IS_FULL: "hôm nay đã nhận một tin rồi",
    Why.MONTH_IS_FULL: "tháng này đã nhận đủ số tin đã hẹn",
    Why.CHANNEL_OFF: "kênh đang tắt",
    Why.WITH_A_PERSON: "đang nói chuyện với cán bộ",
    Why.TEMPLATE_GONE: "mẫu tin trả phí đã chọn không còn dùng được",
    Why.STOPPED: "chiến dịch dừng trước khi đến lượt",
}
PLACES = {
    Place.WAITING: "chờ đến lượt",
    Place.HELD: "giữ lại đến khi họ nhắn",
    Place.QUEUED: "đang gửi",
    Place.SKIPPED: "không gửi",
}
SENDING = {
    "waiting": "chờ gửi",
    "sending": "đang gửi",
    "checking": "đang kiểm tra",
    "sent": "đã gửi",
    "delivered": "đã tới",
    "seen": "đã xem",
    "failed": "gửi không được",
    "unknown": "không rõ đã tới chưa",
    "set_aside": "gửi không được, đã bỏ qua",
    "": "đã xóa theo yêu cầu của người dân",
}
"""What the outbox says of a message that was handed to it."""
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
