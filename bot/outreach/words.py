"""How campaigns and articles are spoken of wherever people read of them: on pages, in reports, at the command
line. Plain Vietnamese; pure."""

from __future__ import annotations

from bot.outreach import broadcast
from bot.outreach.campaign import State
from bot.outreach.windows import Why
from bot.store.recipients import Place

STATES = {
    State.DRAFT: "đang soạn",
    State.APPROVAL: "chờ duyệt",
    State.SCHEDULED: "đã hẹn giờ",
    State.RUNNING: "đang gửi",
    State.PAUSED: "đang tạm dừng",
    State.STOPPED: "đã dừng hẳn",
    State.DONE: "đã gửi xong",
}
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
ARTICLES = {
    broadcast.State.DRAFT: "đang soạn",
    broadcast.State.APPROVAL: "chờ duyệt",
    broadcast.State.SCHEDULED: "đã hẹn giờ",
    broadcast.State.SENDING: "đang gửi",
    broadcast.State.SENT: "đã gửi",
    broadcast.State.UNKNOWN: "không rõ đã gửi chưa",
    broadcast.State.FAILED: "chưa gửi được",
    broadcast.State.CANCELLED: "đã hủy",
}
