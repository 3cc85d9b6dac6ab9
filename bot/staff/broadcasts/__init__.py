"""Bài viết Zalo: articles for all followers of the Zalo account."""

from bot.staff.broadcasts.page import BROADCASTS, Broadcasts

__all__ = ["BROADCASTS", "Broadcasts"]
