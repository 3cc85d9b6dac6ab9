"""Where the calendar's pages are."""

CALENDAR = "/staff/lich"
NEW = "_moi"
"""In the place of an id: an occasion that is being written. No id begins with a line."""


def path_of(occasion_id: str) -> str:
    """The page of one occasion."""
    return f"{CALENDAR}/{occasion_id}"
