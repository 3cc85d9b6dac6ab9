"""Văn bản. The door: `Library` serves the pages, `LIBRARY` and `REVIEW` are their addresses."""

from bot.staff.library.addresses import LIBRARY, REVIEW
from bot.staff.library.page import Library

__all__ = ["LIBRARY", "REVIEW", "Library"]
