"""What every interpreter reads off a message before asking what it wants: its forms and its entities.

One reading for all engines, so that they differ in nothing but the intent. Total and pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nlu.entities import find_entities
from nlu.interpreter import Entity
from nlu.text import VietnameseText, normalise, vietnamese_text


@dataclass(frozen=True, slots=True)
class Reading:
    """A message in the forms it is compared in."""

    text: str
    """As typed, NFC."""
    opened: str
    """NFC with abbreviations written out; marks as they were typed."""
    folded: str
    """As meant: folded, abbreviations opened, keyboard slips undone."""
    restored: str
    """`opened` with its marks put back."""
    entities: tuple[Entity, ...]


class Reader:
    """Reads messages. `restore` puts marks back on a text; without one the text stays as it was typed."""

    def __init__(
        self, text: VietnameseText | None = None, restore: Callable[[str], str] | None = None
    ) -> None:
        self._text = text or vietnamese_text()
        self._restore = restore

    def read(self, text: str) -> Reading:
        """The forms of `text`. Some microseconds for a message met before, about a millisecond else."""
        opened = self._text.open_abbreviations(text)
        return Reading(
            text=normalise(text),
            opened=opened,
            folded=self._text.as_meant(text),
            restored=opened if self._restore is None else self._restore(opened),
            entities=find_entities(text),
        )
