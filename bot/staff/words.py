"""How the console says things: channels, moments, durations, states. Pure; all of it plain Vietnamese.

Nothing here may know HTTP or SQL. A citizen is never called by a platform's id: `handle_of` gives a short
name that only tells conversations apart.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, tzinfo

from bot.store.audit import Action
from bot.store.outbox import State
from bot.store.staff import Role
from connectors.message import Attachment, Card, ConversationId, InboundEvent, Part

ROLES = {Role.ADMIN: "Quản trị", Role.EDITOR: "Biên tập", Role.AGENT: "Trực hội thoại", Role.VIEWER: "Xem"}
ROLE_MEANS = {
    Role.ADMIN: "Làm được mọi việc, kể cả mời người và đổi cài đặt.",
    Role.EDITOR: "Sửa câu hỏi, câu trả lời và văn bản. Không đọc cuộc trò chuyện của người dân.",
    Role.AGENT: "Đọc và trả lời người dân trong Hộp thư. Không sửa câu trả lời của trợ lý.",
    Role.VIEWER: "Xem số liệu và câu hỏi thường gặp. Không sửa gì, không đọc cuộc trò chuyện.",
}
WEEKDAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật")
SEND_STATES = {
    State.WAITING: "chờ gửi",
    State.SENDING: "đang gửi",
    State.CHECKING: "đang kiểm tra đã tới chưa",
    State.SENT: "đã gửi",
    State.FAILED: "chưa gửi được",
    State.UNKNOWN: "không rõ đã tới chưa",
    State.SET_ASIDE: "chưa gửi được, cán bộ đã bỏ qua",
}
ACTIONS = {
    Action.SIGNED_IN: "Đăng nhập",
    Action.SIGNED_OUT: "Đăng xuất",
    Action.CONVERSATION_VIEWED: "Xem cuộc trò chuyện",
    Action.CONVERSATION_TAKEN: "Nhận trả lời cuộc trò chuyện",
    Action.CONVERSATION_RETURNED: "Trả cuộc trò chuyện lại cho trợ lý",
    Action.CONVERSATION_ANSWERED: "Trả lời người dân",
    Action.NOTE_ADDED: "Ghi chú nội bộ",
    Action.TROUBLE_VIEWED: "Xem các tin lỗi",
    Action.UNSENT_RETRIED: "Gửi lại tin chưa gửi được",
    Action.UNSENT_SET_ASIDE: "Bỏ qua tin chưa gửi được",
    Action.UNHANDLED_SET_ASIDE: "Bỏ qua tin trợ lý chưa xử lý được",
    Action.ENTRY_SAVED: "Lưu câu hỏi thường gặp",
    Action.ENTRY_ARCHIVED: "Đưa câu hỏi thường gặp vào lưu trữ",
    Action.ENTRIES_IMPORTED: "Nhập câu hỏi từ tệp",
    Action.ENTRIES_EXPORTED: "Xuất câu hỏi ra tệp",
    Action.CONFLICT_DECIDED: "Chọn bản khi nội dung có hai bản khác nhau",
    Action.MISS_DECIDED: "Xử lý câu trợ lý chưa trả lời được",
    Action.DOCUMENT_UPLOADED: "Tải văn bản lên",
    Action.DOCUMENT_CHANGED: "Sửa thông tin văn bản",
    Action.DOCUMENT_SWITCHED: "Bật hoặc tắt văn bản",
    Action.DOCUMENT_VIEWED: "Xem văn bản gốc",
    Action.PASSAGE_DECIDED: "Xem lại đoạn văn bản bị mờ, lỗi chữ",
    Action.ASSESSMENTS_VIEWED: "Xem bản tự đánh giá của người dân",
    Action.ASSESSMENTS_EXPORTED: "Xuất số liệu tự đánh giá",
    Action.ACCOUNT_INVITED: "Mời người mới",
    Action.INVITE_WITHDRAWN: "Rút lại liên kết đã gửi",
    Action.ACCOUNT_CREATED: "Tạo tài khoản",
    Action.ACCOUNT_CHANGED: "Đổi quyền của tài khoản",
    Action.ACCOUNT_DISABLED: "Khóa tài khoản",
    Action.ACCOUNT_ENABLED: "Mở khóa tài khoản",
    Action.PASSWORD_LINK_MADE: "Tạo liên kết đặt lại mật khẩu",
    Action.PASSWORD_CHANGED: "Đổi mật khẩu",
    Action.SESSION_REVOKED: "Đăng xuất thiết bị từ xa",
    Action.RULES_CHANGED: "Đổi cài đặt",
    Action.CHANNEL_TESTED: "Kiểm tra kênh",
    Action.RETENTION_APPLIED: "Dọn dữ liệu quá hạn lưu giữ",
    Action.CONSENT_CHANGED: "Đổi đăng ký nhận tin của một người",
    Action.DATA_EXPORTED: "Xuất dữ liệu của một người",
    Action.DATA_ERASED: "Xóa dữ liệu của một người",
    Action.CAMPAIGN_CHANGED: "Soạn chiến dịch",
    Action.CAMPAIGN_STEP: "Chuyển bước chiến dịch",
    Action.CAMPAIGN_TESTED: "Gửi thử chiến dịch",
    Action.BROADCAST_CHANGED: "Soạn bài viết Zalo",
    Action.BROADCAST_STEP: "Chuyển bước bài viết Zalo",
    Action.RECIPIENTS_VIEWED: "Xem danh sách người nhận tin",
    Action.RECIPIENTS_EXPORTED: "Xuất danh sách người nhận tin",
    Action.OCCASION_CHANGED: "Đổi lịch hoạt động",
    Action.REPORT_CHANGED: "Sửa báo cáo",
    Action.REPORT_EXPORTED: "Xuất báo cáo",
    Action.AUDIT_EXPORTED: "Xuất nhật ký ra tệp",
}
"""What officers did, as the log tells it. Every Action has words here."""
_ATTACHMENTS = {
    "image": "Ảnh",
    "gif": "Ảnh động",
    "audio": "Ghi âm",
    "video": "Video",
    "sticker": "Nhãn dán",
    "location": "Vị trí",
    "file": "Tệp",
    "link": "Đường dẫn",
    "contact": "Danh thiếp",
}


def handle_of(conversation: ConversationId) -> str:
    """`Người dân 3F9C`: the same for the same conversation, and nothing else can be read from it."""
    return handle_of_digest(hashlib.sha256(conversation.key.encode()).hexdigest())


def handle_of_digest(digest: str) -> str:
    """The same from what the audit log holds (bot.store.audit.conversation_subject)."""
    return f"Người dân {digest[:4].upper()}"


def moment(at: datetime, now: datetime, zone: tzinfo) -> str:
    """`09:05`, `09:05 hôm qua`, `09:05 ngày 02/10`, with the year when it is another one."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    clock = f"{local:%H:%M}"
    if local.date() == today:
        return clock
    if local.date() == today - timedelta(days=1):
        return f"{clock} hôm qua"
    return f"{clock} ngày {local:%d/%m}" if local.year == today.year else f"{clock} ngày {local:%d/%m/%Y}"


def day(at: datetime, zone: tzinfo) -> str:
    """`Thứ Sáu, 02/10/2026`."""
    local = at.astimezone(zone)
    return f"{WEEKDAYS[local.weekday()]}, {local:%d/%m/%Y}"


def attachment_name(attachment: Attachment) -> str:
    """`Tệp: đơn.pdf`. The name is the citizen's and must be escaped where it is shown."""
    kind = _ATTACHMENTS.get(attachment.kind, "Nội dung khác")
    if attachment.kind == "location" and attachment.latitude is not None and attachment.longitude is not None:
        return f"{kind}: {attachment.latitude:.5f}, {attachment.longitude:.5f}"
    return f"{kind}: {attachment.name}" if attachment.name else kind


def what_was_said(event: InboundEvent) -> str:
    """A citizen's line on one line: words, the label pressed, or what was sent instead."""
    text = event.text or event.detail.get("label", "")
    if not text and event.attachments:
        text = ", ".join(f"[{attachment_name(a)}]" for a in event.attachments)
    return " ".join(text.split())


def part_in_short(part: Part) -> str:
    """A line of ours on one line."""
    if isinstance(part, Card):
        return " ".join(f"{part.title} {part.subtitle}".split())
    text = part.text if hasattr(part, "text") else f"[Tệp: {part.name}] {part.caption}"
    return " ".join(text.split())


def at_start(name: str) -> str:
    """A name as a sentence begins with it: `Cô Lan`."""
    return name[:1].upper() + name[1:]


def shortened(text: str, limit: int = 120) -> str:
    """At most `limit` characters, cut at a space where there is one near."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    at_space = cut.rpartition(" ")[0]
    return f"{at_space if len(at_space) > limit // 2 else cut}…"
