"""Chiến dịch and Người nhận tin. The door: `Campaigns` serves the pages, the two addresses name them."""

from bot.staff.campaigns.page import CAMPAIGNS, Campaigns
from bot.staff.campaigns.subscribers import SUBSCRIBERS, Subscribers

__all__ = ["CAMPAIGNS", "SUBSCRIBERS", "Campaigns", "Subscribers"]
