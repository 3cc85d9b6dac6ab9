"""Words pages, reports and the command line have in common: channels and lengths of time. Pure."""

from __future__ import annotations

from datetime import timedelta

CHANNELS = {"zalo": "Zalo", "messenger": "Facebook", "web": "Trang web"}


def channel_name(name: str) -> str:
    """The channel as people call it."""
    return CHANNELS.get(name, name)


def duration(length: timedelta) -> str:
    """The largest whole unit: `5 ngày`, `3 giờ`, `25 phút`, `chưa đầy 1 phút`. Days begin at two."""
    minutes = int(length.total_seconds() // 60)
    if minutes >= 2 * 24 * 60:
        return f"{minutes // (24 * 60)} ngày"
    if minutes >= 60:
        return f"{minutes // 60} giờ"
    return f"{minutes} phút" if minutes >= 1 else "chưa đầy 1 phút"
