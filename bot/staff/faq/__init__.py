"""Câu hỏi thường gặp. `Faq` serves the pages, `FAQ` is their address, `Saved` hears what is saved,
`ImportWriter` goes on with imports a process left behind.
"""

from bot.staff.faq.addresses import FAQ
from bot.staff.faq.applying import ImportWriter
from bot.staff.faq.page import Faq
from bot.staff.faq.saving import Saved, Saving

__all__ = ["FAQ", "Faq", "ImportWriter", "Saved", "Saving"]
