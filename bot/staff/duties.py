"""What needs a person now, the most urgent first, each with the list where it is done.

Numbers only. Who may not open a list is told only what is urgent, without a link; what is done with shows no
card, just a few calm words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.dialogue.turn import Mode
from bot.plain_words import duration
from bot.staff.access import ANSWERING, EDITING, EVERY_ROLE, READING_QUESTIONS
from bot.staff.channels import ChannelState
from bot.staff.library.addresses import LIBRARY, REVIEW
from bot.store import broadcasts, campaigns, conversations, events, figures, library, misses, outbox
from bot.store.figures import Pending
from bot.store.staff import Officer, Role

UNANSWERED_FOR = timedelta(days=7)
LOST_FOR = timedelta(days=14)
"""Evidence that could not be had longer ago is no news any more: nothing can make it undone."""
_INBOX, _TROUBLE, _MISSES = "/staff/hop-thu", "/staff/tin-loi", "/staff/chua-tra-loi"
_FAQ, _CHANNELS = "/staff/cau-hoi", "/staff/cai-dat/kenh"
_CAMPAIGNS = "/staff/chien-dich"
_BROADCASTS = "/staff/bai-viet-zalo"
_RESULTS = "/staff/tu-danh-gia/danh-sach"


@dataclass(frozen=True, slots=True)
class Duty:
    """A kind of work and how much of it there is."""

    count: int
    label: str
    note: str
    """What it means, or what to do."""
    calm: str
    """Named among what is in order when there is none; empty: nothing is said."""
    path: str
    roles: frozenset[Role]
    """Who does it, and may open the list."""
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """What one officer is shown."""

    tasks: tuple[Duty, ...]
    """Only what there is, the most urgent first; no path where the role may not open it."""
    calm: tuple[str, ...]


async def board(
    connection: AsyncConnection, officer: Officer, channels: Iterable[ChannelState], now: datetime
) -> Board:
    """Everything that waits, for this officer."""
    found: list[Duty] = []
    calm: list[str] = []
    for duty in await all_duties(connection, officer, channels, now):
        may_open = officer.role in duty.roles
        if not (may_open or duty.is_urgent):
            continue
        if not duty.count:
            calm += [duty.calm] if duty.calm else []
            continue
        path = duty.path if may_open else ""
        found.append(Duty(duty.count, duty.label, duty.note, "", path, duty.roles, duty.is_urgent))
    return Board(tuple(found), tuple(calm))


async def all_duties(
    connection: AsyncConnection, officer: Officer, channels: Iterable[ChannelState], now: datetime
) -> list[Duty]:
    """Also those of which there are none, in the order of urgency."""
    waits = await figures.pending(connection, officer.name, now - LOST_FOR)
    return [
        _channels(channels),
        *await _talks(connection, waits, now),
        *await _outreach(connection, now),
        *await _content(connection, waits, now),
    ]


def _channels(channels: Iterable[ChannelState]) -> Duty:
    failing = [one.name for one in channels if one.tone in ("bad", "warn")]
    return Duty(
        len(failing),
        "Kênh cần xem lại",
        f"{', '.join(failing)}. Chi tiết ở cuối trang này.",
        "các kênh",
        _CHANNELS,
        EVERY_ROLE,
        is_urgent=True,
    )


async def _talks(connection: AsyncConnection, waits: Pending, now: datetime) -> list[Duty]:
    modes = await conversations.count_by_mode(connection)
    oldest = await conversations.in_mode(connection, Mode.WAITING, 1)
    since = oldest[0].mode_since if oldest else None
    parked = (await events.backlog(connection)).parked
    return [
        Duty(
            modes.get(Mode.WAITING.value, 0),
            "Đang chờ cán bộ",
            f"Người chờ lâu nhất: {duration(now - since)}." if since else "",
            "hộp thư",
            f"{_INBOX}#dang-cho",
            ANSWERING,
            is_urgent=True,
        ),
        Duty(
            await outbox.count_dead(connection),
            "Tin chưa gửi được",
            "Cần gửi lại hoặc bỏ qua.",
            "tin gửi đi",
            f"{_TROUBLE}#tin-gui-di",
            ANSWERING,
            is_urgent=True,
        ),
        Duty(
            parked,
            "Tin đến bị lỗi",
            "Trợ lý gặp lỗi, chưa trả lời được.",
            "tin đến",
            f"{_TROUBLE}#tin-den",
            ANSWERING,
            is_urgent=True,
        ),
        Duty(
            waits.mine,
            "Bạn đang trả lời",
            "Trợ lý im lặng trong các cuộc này cho đến khi bạn trả lại.",
            "",
            f"{_INBOX}#dang-tra-loi",
            ANSWERING,
        ),
    ]


async def _outreach(connection: AsyncConnection, now: datetime) -> list[Duty]:
    waits = await campaigns.attention(connection, now.date())
    articles = await broadcasts.attention(connection)
    return [
        Duty(
            waits.troubled,
            "Chiến dịch đang tạm dừng vì trục trặc",
            "Bạn xem lý do rồi cho gửi tiếp hoặc dừng hẳn.",
            "chiến dịch",
            _CAMPAIGNS,
            EDITING,
            is_urgent=True,
        ),
        Duty(
            articles.troubled,
            "Bài viết Zalo cần bạn xem",
            "Chưa gửi được, hoặc không rõ đã gửi chưa. Hệ thống không tự gửi lại.",
            "",
            _BROADCASTS,
            EDITING,
            is_urgent=True,
        ),
        Duty(
            waits.approval,
            "Chiến dịch chờ duyệt",
            "Người duyệt là người khác với người xin duyệt.",
            "",
            _CAMPAIGNS,
            EDITING,
        ),
        Duty(
            articles.approval,
            "Bài viết Zalo chờ duyệt",
            "Người duyệt là người khác với người soạn.",
            "",
            _BROADCASTS,
            EDITING,
        ),
        Duty(
            waits.proposed,
            "Chiến dịch lịch nhắc gợi ý",
            "Bản nháp cho các dịp sắp tới: bạn đọc lại, sửa rồi hẹn giờ gửi, hoặc để đó.",
            "",
            _CAMPAIGNS,
            EDITING,
        ),
    ]


async def _content(connection: AsyncConnection, waits: Pending, now: datetime) -> list[Duty]:
    return [
        Duty(
            await misses.count_open(connection, now - UNANSWERED_FOR),
            "Câu hỏi chưa trả lời được",
            "Người dân hỏi trong 7 ngày qua mà trợ lý chưa biết.",
            "câu hỏi mới",
            _MISSES,
            READING_QUESTIONS,
        ),
        Duty(
            waits.failed_uploads,
            "Tệp văn bản chưa đọc được",
            "Xem lý do rồi gửi lại tệp khác.",
            "tệp văn bản",
            LIBRARY,
            EDITING,
        ),
        Duty(
            waits.conflicts,
            "Nội dung có hai bản",
            "Bản của cơ quan và bản mới của chương trình khác nhau, bạn chọn một.",
            "nội dung",
            f"{_FAQ}?loc=xung-dot",
            EDITING,
        ),
        Duty(
            waits.lost_evidence,
            "Bài thiếu tệp minh chứng",
            "Không lấy được tệp trong 14 ngày qua. Có thể hỏi người dân gửi lại.",
            "minh chứng",
            f"{_RESULTS}?loc=thieu-tep&ky=hai-tuan",
            ANSWERING,
        ),
        Duty(
            await library.count_to_review(connection),
            "Đoạn văn bản cần đọc lại",
            "Chữ quét bị hỏng: bạn so với ảnh trang rồi sửa.",
            "đoạn văn bản quét",
            REVIEW,
            EDITING,
        ),
        Duty(
            waits.drafts,
            "Bản nháp chờ đăng",
            "Người dân chưa thấy các câu này.",
            "",
            f"{_FAQ}?loc=ban-nhap",
            EDITING,
        ),
    ]
