"""What somebody signed in with, in plain words: `Chrome trên Android`. Pure.

Only words from this page are kept of what a browser says of itself: the rest is of no use to people, tells
more than needed and may be anything.
"""

from __future__ import annotations

_BROWSERS = (
    ("Zalo", ("Zalo",)),
    ("Facebook", ("FBAN/", "FBAV/", "FB_IAB")),
    ("Cốc Cốc", ("coc_coc_browser",)),
    ("Edge", ("Edg/", "EdgA/", "EdgiOS/")),
    ("Opera", ("OPR/", "Opera")),
    ("Trình duyệt Samsung", ("SamsungBrowser/",)),
    ("Firefox", ("Firefox/", "FxiOS/")),
    ("Chrome", ("Chrome/", "CriOS/")),
    ("Safari", ("Safari/",)),
)
"""In this order: most call themselves Chrome and Safari too."""
_MACHINES = (
    ("iPhone", ("iPhone",)),
    ("iPad", ("iPad",)),
    ("Android", ("Android",)),
    ("Windows", ("Windows",)),
    ("Chromebook", ("CrOS",)),
    ("máy Mac", ("Macintosh",)),
    ("Linux", ("Linux",)),
)


def device_of(user_agent: str) -> str:
    """At most 40 characters; "" when nothing is known by it."""
    browser = _first(_BROWSERS, user_agent)
    machine = _first(_MACHINES, user_agent)
    if browser and machine:
        return f"{browser} trên {machine}"
    return browser or (f"Trình duyệt trên {machine}" if machine else "")


def _first(known: tuple[tuple[str, tuple[str, ...]], ...], user_agent: str) -> str:
    for name, marks in known:
        if any(mark in user_agent for mark in marks):
            return name
    return ""
