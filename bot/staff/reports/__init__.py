"""Báo cáo: what a month, a quarter or a year came to, with what staff write beside it."""

from bot.staff.reports.page import REPORTS, Reports

__all__ = ["REPORTS", "Reports"]
