"""Where the pages about staff are."""

from __future__ import annotations

PEOPLE = "/staff/nguoi-dung"
LINK = "/staff/loi-moi"
OWN = "/staff/toi"
LOG = "/staff/nhat-ky"
RIGHTS = "/staff/quyen"


def account_path(staff_id: int) -> str:
    """The page of an account."""
    return f"{PEOPLE}/{staff_id}"
