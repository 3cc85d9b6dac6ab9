"""Lịch: the occasions of the year. `CalendarPages` serves the pages, `CALENDAR` is their address."""

from bot.staff.calendar.addresses import CALENDAR
from bot.staff.calendar.page import CalendarPages

__all__ = ["CALENDAR", "CalendarPages"]
