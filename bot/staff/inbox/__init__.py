"""Hộp thư. The door: `Inbox` serves the pages, `INBOX` is their address, `path_of` a conversation's."""

from bot.staff.inbox.page import INBOX, Inbox, path_of

__all__ = ["INBOX", "Inbox", "path_of"]
