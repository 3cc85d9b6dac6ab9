"""Where somebody lives, as an answer to that question: the commune by its name of today.

Must never guess between places of the same name: the citizen chooses, or leaves it out.
"""

from __future__ import annotations

import re

from bot.dialogue.comments import is_question
from bot.flows.assessment_state import MOST_PLACE
from nlu.entities import find_place
from nlu.text import fold, normalise

_MOST_OFFERED = 4
_MOST_VALUE = 40
_WITH_UNIT = re.compile(r"\b(?:xa|phuong|dac khu|thi tran) \w+")
_MOST_OWN_WORDS = 60


def read_places(text: str) -> tuple[str, ...]:
    """The places an answer can mean, likeliest first; the citizen's own words where they name a unit."""
    found = dict.fromkeys(place.canonical for place in find_place(text))
    if found:
        return tuple(found)
    own = normalise(text).strip()
    if len(own) <= _MOST_OWN_WORDS and _WITH_UNIT.search(fold(own)) and not is_question(own):
        return (own[:MOST_PLACE],)
    return ()


def as_choices(places: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Places as pairs of what a button sends and what stands on it; those no button can name are left out."""
    pairs = ((_slug(place), place) for place in places)
    return tuple((slug, place) for slug, place in pairs if place_of(slug) == place)[:_MOST_OFFERED]


def place_of(slug: str) -> str:
    """The place a button named, or nothing."""
    found = read_places(slug.replace("-", " "))
    return found[0] if len(found) == 1 and len(slug) <= _MOST_VALUE else ""


def _slug(place: str) -> str:
    plain = re.sub(r", (?:tinh|thanh pho) ", " ", fold(place))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
