"""What is shown instead of personal data to those who may not see it. Pure.

Who may read conversations sees what people wrote; everybody else sees telephone numbers, e-mail and web
addresses, numbers of identity cards, names given as such and the platforms' ids as `…`. A mask hides what
has a form; a name dropped in mid-sentence has none, so whole conversations are never shown masked.
"""

from __future__ import annotations

import re

from bot.dialogue.misses import blanked
from bot.staff.access import ANSWERING
from bot.store.staff import Role

_BLANK = "…"
_PLATFORM_ID = re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b", re.IGNORECASE)
"""Visitors of the web chat are called by such; those of Zalo and Facebook have long numbers."""


def for_role(role: Role, text: str) -> str:
    """The text itself, or what this role gets of it."""
    return text if role in ANSWERING else without_people(text)


def without_people(text: str) -> str:
    """The text on one line, with `…` for what could tell who it is about. Masking twice changes nothing."""
    return _PLATFORM_ID.sub(_BLANK, blanked(text))
