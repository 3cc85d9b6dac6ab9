"""Whom to turn to in one's own commune, and from which words we know the commune. Pure.

Never guesses: of several places that share a name, none is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.dialogue.turn import AssessmentFinished, Effect
from bot.flows.results import AssessmentProgress
from nlu.interpreter import Entity

_UNITS = ("xã ", "phường ", "đặc khu ")


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody of the association in one commune. Published: citizens read it."""

    place: str
    """By its name of today: `xã Chiềng Mai, tỉnh Sơn La`."""
    name: str
    role: str
    telephone: str

    @property
    def in_words(self) -> str:
        """To follow `liên hệ`: `bà Lò Thị Hoa (Chủ tịch Hội, xã Chiềng Mai), điện thoại 0912 345 678`."""
        where = self.place.partition(",")[0]
        if self.name and self.role:
            return f"{self.name} ({self.role}, {where}), điện thoại {self.telephone}"
        return f"{self.name or self.role or 'Hội Khuyến học'} ({where}), điện thoại {self.telephone}"


def contact_for(contacts: Sequence[Contact], place: str) -> Contact | None:
    """The contact of the place a citizen named, whole or without its province where only one is like it."""
    if not place:
        return None
    exact = [one for one in contacts if one.place == place]
    found = exact or [one for one in contacts if one.place.startswith(f"{place},")]
    return found[0] if len(found) == 1 else None


def commune_named(entities: Iterable[Entity]) -> str:
    """The commune a message names last; empty when it names none."""
    places = [one.value for one in entities if one.kind == "place" and one.value.startswith(_UNITS)]
    return places[-1] if places else ""


def commune_told(effects: Iterable[Effect]) -> str:
    """The commune told in a self-assessment; empty when none was."""
    for effect in effects:
        told = effect.result.place if isinstance(effect, AssessmentFinished) else ""
        told = effect.place if isinstance(effect, AssessmentProgress) else told
        if told:
            return told
    return ""
