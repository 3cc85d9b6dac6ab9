"""Câu hỏi thường gặp. The door: `Faq` serves the pages, `FAQ` is their address."""

from bot.staff.faq.page import FAQ, Faq

__all__ = ["FAQ", "Faq"]
