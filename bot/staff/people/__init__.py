"""Người dùng & nhật ký: who may come in, with what, and what everybody did."""

from bot.staff.people.house import People
from bot.staff.people.places import LINK, LOG, OWN, PEOPLE, RIGHTS

__all__ = ["LINK", "LOG", "OWN", "PEOPLE", "RIGHTS", "People"]
