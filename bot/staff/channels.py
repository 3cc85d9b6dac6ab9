"""Whether each channel works, in plain words: what sends have shown, and how long its token lives.

Looks at what is stored and asks no platform; `bot.staff.house` has the button that does. Never shows a token.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.plain_words import channel_name
from bot.staff import reasons
from bot.staff.parts import StaffParts
from bot.staff.words import moment
from bot.store import accounts
from bot.store.tokens import StoredTokens
from connectors.channel import Channel

KNOWN_CHANNELS = ("zalo", "messenger", "web")


@dataclass(frozen=True, slots=True)
class ChannelState:
    """A channel in words."""

    name: str
    state: str
    tone: str
    """`good`, `bad` or `off`, for the colour; the words say it too."""
    detail: str = ""
    recorded: str = ""
    """The reason as it was recorded, for whoever repairs it."""


async def channel_states(
    parts: StaffParts, connection: AsyncConnection, now: datetime
) -> dict[str, ChannelState]:
    """Every channel by its name (`zalo`): those that are on first, then those that are off."""
    found = {one.name: await channel_state(parts, connection, one, now) for one in parts.channels}
    for name in KNOWN_CHANNELS:
        if name not in found:
            why = "Chưa điền cấu hình của kênh này."
            found[name] = ChannelState(channel_name(name), "Đang tắt", "off", why)
    return found


async def channel_state(
    parts: StaffParts, connection: AsyncConnection, channel: Channel, now: datetime
) -> ChannelState:
    """One channel that is on."""
    key, name = f"{channel.name}:{channel.account}", channel_name(channel.name)
    known = await accounts.state(connection, key)
    if known.broken_since is not None:
        since = moment(known.broken_since, now, parts.zone)
        why = reasons.in_plain_words(known.broken_why)
        return ChannelState(name, f"Đang trục trặc từ {since}", "bad", why, known.broken_why)
    if channel.name == "zalo":  # it alone keeps a token that ends by itself
        return await _by_token(parts, key, name, now)
    return ChannelState(name, "Đang hoạt động", "good")


async def _by_token(parts: StaffParts, key: str, name: str, now: datetime) -> ChannelState:
    pair = await StoredTokens(parts.database, key, parts.clock).load()
    if pair is None:
        return ChannelState(name, "Chưa có mã truy cập", "bad", "Người quản trị cần cấp quyền cho ứng dụng.")
    until = moment(pair.expires_at, now, parts.zone)
    if pair.expires_at <= now:
        return ChannelState(name, f"Mã truy cập hết hạn từ {until}", "bad", "Hệ thống đang thử gia hạn.")
    told = f"Mã truy cập dùng được đến {until}, hệ thống tự gia hạn."
    return ChannelState(name, "Đang hoạt động", "good", told)
