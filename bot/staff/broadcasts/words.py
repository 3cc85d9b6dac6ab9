"""How articles for all followers are spoken of: states, reasons, groups. Plain Vietnamese; pure."""

from __future__ import annotations

import re

from bot.outreach.broadcast import Broadcast, State, Why
from bot.outreach.words import ARTICLES
from bot.staff.reasons import in_plain_words
from connectors.zalo import BroadcastTarget

_TONES = {
    State.DRAFT: "plain",
    State.APPROVAL: "warn",
    State.SCHEDULED: "good",
    State.SENDING: "good",
    State.SENT: "good",
    State.UNKNOWN: "warn",
    State.FAILED: "bad",
    State.CANCELLED: "off",
}
STATES = {state: (ARTICLES[state], tone) for state, tone in _TONES.items()}
"""Label and tone."""
WAITS = ("đang đợi", "warn")
"""Of one whose time has come, but something keeps it."""
GENDERS = {"": "Nam và nữ", "1": "Nam", "2": "Nữ"}
AGES = {
    "0": "đến 12 tuổi",
    "1": "13 đến 17 tuổi",
    "2": "18 đến 24 tuổi",
    "3": "25 đến 34 tuổi",
    "4": "35 đến 44 tuổi",
    "5": "45 đến 54 tuổi",
    "6": "55 đến 64 tuổi",
    "7": "từ 65 tuổi",
}
REGIONS = {"0": "Miền Bắc", "1": "Miền Trung", "2": "Miền Nam"}
PLATFORMS = {"": "Điện thoại nào cũng được", "1": "iPhone, iPad", "2": "Android"}
DID = {
    "draft": "soạn",
    "edit": "sửa",
    "ask": "xin duyệt",
    "approve": "duyệt",
    "decline": "trả lại để sửa",
    "schedule": "đổi giờ gửi",
    "cancel": "hủy",
    "send": "bắt đầu gửi",
    "sent": "gửi xong",
    "wait": "đợi gửi lại",
    "failed": "không gửi được",
    "unknown": "không rõ đã gửi chưa",
    "found": "xác nhận bài đã được gửi",
    "not_found": "xác nhận bài chưa được gửi",
}
IN_DOUBT = (
    "Zalo không báo lại nên không rõ bài đã đi chưa. Hệ thống không tự gửi lại, để không ai nhận hai lần."
)
_RIGHT = (
    "Quyền hoặc gói của tài khoản Zalo chưa cho gửi bài viết. Nhờ người quản trị xem lại trong OA Manager."
)
_ARTICLE = (
    "Zalo không nhận bài viết này: mã bài sai, bài chưa đăng, hoặc nội dung không được phép gửi. "
    "Bạn xem lại bài trong OA Manager."
)
_BY_CODE = {
    "-211": "Tài khoản Zalo đã hết lượt gửi bài trong kỳ này.",
    "-214": "Zalo còn đang xử lý bài viết này.",
    "-218": "Zalo báo người theo dõi hôm nay đã nhận đủ bài.",
    "-234": "Zalo không cho gửi bài vào giờ này.",
    **dict.fromkeys(("-209", "-212", "-221", "-223", "-224", "-235", "-240"), _RIGHT),
    **dict.fromkeys(("-201", "-210", "-233", "-238", "-241", "-248"), _ARTICLE),
}
_OURS = {
    Why.DAY_IS_FULL: "Hôm nay đã có một bài khác được gửi rồi.",
    Why.MONTH_IS_FULL: "Tháng này đã gửi đủ số bài.",
    Why.DIED: "Chương trình bị ngắt đúng lúc đang gửi. " + IN_DOUBT,
    Why.OTHER_ACCOUNT: "Bài viết này nằm ở một tài khoản Zalo khác với tài khoản Hội đang dùng.",
    Why.NOT_FOUND: "Đã xem trong OA Manager: bài chưa được gửi.",
}
_CODE = re.compile(r"\[(-?\d+)\]")


def why_of(one: Broadcast) -> str:
    """Why it waits, did not go out, or is in doubt; empty where there is nothing to say."""
    recorded, is_late = one.why, one.why.startswith(Why.LATE.value)
    if is_late:
        recorded = recorded.removeprefix(Why.LATE.value).removeprefix(": ")
    late = "Đã quá giờ hẹn hơn 6 giờ. Bạn xem còn nên gửi không." if is_late else ""
    said = next((words for why, words in _OURS.items() if why.value == recorded), "")
    if not said and one.state is State.UNKNOWN:
        said = IN_DOUBT
    if not said and recorded:
        code = _CODE.search(recorded)
        said = _BY_CODE.get(code[1], "") if code else ""
        said = said or in_plain_words(recorded)
    again = "Hệ thống tự thử lại, đến 6 giờ sau giờ hẹn." if said and one.state is State.SCHEDULED else ""
    return " ".join(part for part in (said, again, late) if part)


def state_of(one: Broadcast) -> tuple[str, str]:
    """Label and tone."""
    return WAITS if one.state is State.SCHEDULED and one.why else STATES[one.state]


def meant_by(target: BroadcastTarget) -> str:
    """Whom it means, in a few words; empty: all of them."""
    said = [
        GENDERS.get(target.gender, "").lower() if target.gender else "",
        ", ".join(AGES.get(one, "") for one in target.ages),
        ", ".join(REGIONS.get(one, "").lower() for one in target.regions),
        PLATFORMS.get(target.platform, "") if target.platform else "",
    ]
    return "; ".join(one for one in said if one)
