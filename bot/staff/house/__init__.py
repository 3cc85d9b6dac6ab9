"""Cài đặt: what staff may set for the whole house, and how the channels are."""

from bot.staff.house.page import SETTINGS, HouseSettings

__all__ = ["SETTINGS", "HouseSettings"]
