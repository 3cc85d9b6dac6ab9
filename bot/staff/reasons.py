"""Why something could not be sent, for people who do not read error codes. Pure.

The doors record short English reasons for operators (connectors.errors). What matters to an officer is
which of a few things happened and what can be done, so the reasons are recognised by their words; one that
is not recognised is said to be unknown, never guessed. The recorded reason stays visible beside it.
"""

from __future__ import annotations

from bot.store.outbox import REST_DROPPED

WINDOW = "Đã quá hạn trả lời: phải chờ người dân nhắn lại."
GONE = "Người dân đã chặn, không quan tâm hoặc không nhận tin của Hội nữa."
ACCOUNT = "Kênh đang trục trặc (mã truy cập, quyền hoặc gói dịch vụ). Báo người quản trị giúp nhé."
BUSY = "Nền tảng đang bận hoặc mất kết nối một lúc."
QUOTA = "Đã hết lượt gửi cho phép, phải chờ."
UNSURE = "Nền tảng không báo lại nên không rõ tin đã tới hay chưa."
ELSEWHERE = "Đang có người trả lời trong hộp thư của nền tảng."
FILE = "Tệp gửi kèm có vấn đề (mất, quá lớn hoặc không được nhận)."
OURS = "Chương trình gặp lỗi khi gửi. Báo người quản trị giúp nhé."
REST = "Phần trước của câu trả lời không gửi được nên phần này dừng theo."
OTHER = "Nền tảng không nhận tin này."

_BY_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (REST, (REST_DROPPED,)),
    (OURS, ("while sending",)),
    (UNSURE, ("took too long", "sender died", "connection was lost", "names no message",
              "could not be read", "only in part")),
    (WINDOW, ("not written for too long", "allowed window", "human_agent", "no interaction",
              "tagged messages")),
    (ELSEWHERE, ("owns the thread",)),
    (QUOTA, ("quota", "rate limit", "night hours", "promotion cap")),
    (FILE, ("file", "upload", "attachment", "asset")),
    (GONE, ("person blocked", "does not follow", "not follow the oa", "banned or inactive", "restricts",
            "person refused", "cannot receive", "will not deliver")),
    (BUSY, ("connect", "did not answer", "unavailable", "not available", "failed for a while",
            "without a word", "facebook failed", "no answer", "no time left", "being refreshed")),
    (ACCOUNT, ("token", "permission", "the page is", "this page", "the app ", "app not", "app removed", "oa ",
               "zca", "balance", "appsecret", "api ", "oauth", "capability", "label privacy", "template",
               "development mode")),
)  # fmt: skip


def in_plain_words(recorded: str) -> str:
    """One sentence for an officer; "" when nothing was recorded."""
    if not recorded:
        return ""
    lowered = recorded.lower()
    for sentence, words in _BY_WORDS:
        if any(word in lowered for word in words):
            return sentence
    return OTHER
