"""Chưa trả lời được. `Misses` serves the pages, `MISSES` is their address, `entry_saved` hears of entries."""

from bot.staff.misses.adding import entry_saved
from bot.staff.misses.page import Misses
from bot.staff.misses.shown import MISSES

__all__ = ["MISSES", "Misses", "entry_saved"]
