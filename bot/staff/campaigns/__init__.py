"""Chiến dịch and Người nhận tin. The door: `Campaigns` and `Subscribers` serve the pages, the two addresses
name them, `office_of` is where other pages make drafts."""

from bot.staff.campaigns.page import CAMPAIGNS, Campaigns, office_of
from bot.staff.campaigns.subscribers import SUBSCRIBERS, Subscribers

__all__ = ["CAMPAIGNS", "SUBSCRIBERS", "Campaigns", "Subscribers", "office_of"]
