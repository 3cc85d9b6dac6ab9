"""Hộp thư. The door: `Inbox` serves the pages, `INBOX` is their address, `path_of` a conversation's."""

from bot.staff.inbox.addresses import INBOX, path_of
from bot.staff.inbox.page import Inbox

__all__ = ["INBOX", "Inbox", "path_of"]
