"""May an officer still write to this person, and for how long? Said before typing, not after. Pure.

The rule is the channel's own (`Capabilities.window`, docs/platforms.md A7 and B7); an officer may have more
time than the bot on some channels. The platform has the last word: a closed window here spares people
useless typing, an open one is no promise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.plain_words import channel_name, duration
from bot.store.conversations import Conversation
from connectors.channel import Channel

SHORT = timedelta(hours=2)


def open_since(
    channels: Iterable[Channel], officer_windows: Mapping[str, timedelta], now: datetime
) -> dict[tuple[str, str], datetime | None]:
    """By channel and account, what `reply_window` says of everybody there: open for whoever was heard after
    this; None: always. For lists, which the database puts in order."""
    return {
        (one.name, one.account): None
        if (window := one.capabilities.window) is None
        else now - max(window, officer_windows.get(one.name, window))
        for one in channels
    }


@dataclass(frozen=True, slots=True)
class ReplyWindow:
    """Whether a reply can be sent now."""

    is_open: bool
    says: str
    """One plain sentence for the officer."""
    short: str = ""
    """The same in two or three words, for lists; empty when there is no limit."""
    is_short: bool = False
    """Less than two hours are left."""
    until: str = ""
    """When it closes, as ISO 8601, where it is open and has an end: pages count down to it."""


def reply_window(
    conversation: Conversation, channel: Channel | None, officer_window: timedelta | None, now: datetime
) -> ReplyWindow:
    """`channel` None means that the channel is off; `officer_window` is what officers get beyond the bot."""
    if channel is None:
        return ReplyWindow(False, "Kênh này đang tắt nên chưa gửi được.", "kênh đang tắt")
    if not conversation.can_receive:
        return ReplyWindow(False, "Người dân đã ngừng nhận tin của Hội.", "đã ngừng nhận tin")
    window = channel.capabilities.window
    if window is None:
        return ReplyWindow(True, "Kênh này trả lời lúc nào cũng được.")
    if conversation.last_heard_at is None:
        return ReplyWindow(
            False, "Người dân chưa nhắn tin riêng cho Hội nên chưa trả lời tại đây được.", "chưa nhắn riêng"
        )
    until = conversation.last_heard_at + max(window, officer_window or window)
    left = until - now
    if left <= timedelta():
        name = channel_name(conversation.id.channel)
        return ReplyWindow(
            False, f"Đã hết hạn trả lời. {name} chỉ cho Hội viết tiếp khi người dân nhắn lại.", "đã hết hạn"
        )
    told = f"còn {duration(left)}"
    return ReplyWindow(True, f"Hạn trả lời: {told}.", told, left < SHORT, until.isoformat())
