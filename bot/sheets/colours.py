"""The colours of every sheet: those of the web pages in daylight, and tones for "enough" and "not yet"."""

from __future__ import annotations

Colour = tuple[int, int, int]
"""Red, green, blue, each 0 to 255."""

INK: Colour = (0x1C, 0x2B, 0x31)
MUTED: Colour = (0x4F, 0x60, 0x69)
LINE: Colour = (0xDD, 0xD8, 0xCA)
GROUND: Colour = (0xF5, 0xF3, 0xEC)
WHITE: Colour = (0xFF, 0xFF, 0xFF)
BRAND: Colour = (0x12, 0x61, 0x6B)
BRAND_DEEP: Colour = (0x0C, 0x48, 0x50)
ON_BRAND: Colour = (0xD5, 0xEA, 0xE7)
TRACK: Colour = (0xE6, 0xEB, 0xE8)
"""What a bar runs on."""
GOLD: Colour = (0xF2, 0xB4, 0x58)
ENOUGH: Colour = BRAND
ENOUGH_SOFT: Colour = (0xE1, 0xEF, 0xED)
NOT_YET: Colour = (0xA9, 0x5A, 0x08)
NOT_YET_SOFT: Colour = (0xFC, 0xF0, 0xDA)
NOT_YET_BAR: Colour = (0xE0, 0x9A, 0x3A)


def fraction(colour: Colour) -> tuple[float, float, float]:
    """The same as three numbers from 0 to 1."""
    return colour[0] / 255, colour[1] / 255, colour[2] / 255


def between(first: Colour, second: Colour, share: float) -> Colour:
    """The colour at `share` (0 to 1) of the way from the first to the second."""
    mixed = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    red, green, blue = mixed
    return red, green, blue
