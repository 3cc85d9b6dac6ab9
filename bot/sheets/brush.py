"""Smooth shapes and Vietnamese text on a picture: what the image library alone draws with jagged edges.

Shapes are drawn several times too large and made smaller; text is drawn at its size. The same calls give the
same bytes on every machine: text is laid out without the shaping library some machines have and others lack.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from functools import cache, lru_cache

from PIL import Image, ImageDraw, ImageFont

from bot.sheets.colours import Colour
from bot.sheets.fonts import Weight, font_file

_FINER = 4
"""How many times too large shapes are drawn."""


@cache
def font(weight: Weight, size: int) -> ImageFont.FreeTypeFont:
    """The font in one size, in pixels."""
    return ImageFont.truetype(font_file(weight), size, layout_engine=ImageFont.Layout.BASIC)


def width_of(text: str, weight: Weight, size: int) -> float:
    """How wide a line will be, in pixels."""
    return sum(_advance(char, weight, size) for char in text)


@lru_cache(maxsize=4096)
def _advance(char: str, weight: Weight, size: int) -> float:
    """Letters stand one after the other (no pairs are moved together), so each is measured once."""
    return font(weight, size).getlength(char)


def wrap(text: str, weight: Weight, size: int, width: float, most_lines: int) -> list[str]:
    """Break text into lines no wider than `width`, of much the same length, so that no word stands alone.

    A word wider than a line is cut; what does not fit into `most_lines` ends in `…`.
    """
    lines = _filled(text, weight, size, width)
    if len(lines) > most_lines:
        kept = lines[: most_lines - 1]
        rest = " ".join(lines[most_lines - 1 :])
        last, _ = _cut(rest, weight, size, width - width_of("…", weight, size))
        return [*kept, f"{last.rstrip()}…"]
    too_narrow, wide_enough = width / 2, width
    while wide_enough - too_narrow > 4:
        middle = (too_narrow + wide_enough) / 2
        tried = _filled(text, weight, size, middle)
        if len(tried) > len(lines):
            too_narrow = middle
        else:
            wide_enough, lines = middle, tried
    return lines


def _filled(text: str, weight: Weight, size: int, width: float) -> list[str]:
    """As many words on each line as it takes."""
    lines: list[str] = []
    words = text.split()
    while words:
        line = words.pop(0)
        if width_of(line, weight, size) > width:
            line, rest = _cut(line, weight, size, width)
            words.insert(0, rest)
        else:
            while words and width_of(f"{line} {words[0]}", weight, size) <= width:
                line = f"{line} {words.pop(0)}"
        lines.append(line)
    return lines


def _cut(text: str, weight: Weight, size: int, width: float) -> tuple[str, str]:
    """The longest beginning that fits, at least one character, and the rest."""
    fits, too_long = 1, len(text) + 1
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if width_of(text[:middle], weight, size) <= width:
            fits = middle
        else:
            too_long = middle
    return text[:fits], text[fits:]


class Brush:
    """Draws on one picture. Coordinates are pixels from the top left."""

    def __init__(self, width: int, height: int, ground: Colour) -> None:
        self._image = Image.new("RGB", (width, height), ground)
        self._draw = ImageDraw.Draw(self._image)

    def text(
        self,
        at: tuple[float, float],
        text: str,
        weight: Weight,
        size: int,
        colour: Colour,
        anchor: str = "ls",
    ) -> None:
        """One line. `at` is on its baseline; `anchor` is `ls`, `ms` or `rs`: left, middle or right of it."""
        self._draw.text(at, text, font=font(weight, size), fill=colour, anchor=anchor)

    def box(self, left: int, top: int, right: int, bottom: int, radius: int, colour: Colour) -> None:
        """A filled rectangle with round corners."""
        size = (right - left, bottom - top)
        if min(size) <= 0:
            return
        self._image.paste(colour, (left, top), _rounded(size, min(radius, min(size) // 2)))

    def fade(self, top: int, bottom: int, first: Colour, last: Colour) -> None:
        """The whole width from one colour to another, downwards."""
        ramp = Image.linear_gradient("L").resize((self._image.width, bottom - top))
        self._image.paste(Image.new("RGB", ramp.size, last), (0, top))
        self._image.paste(first, (0, top), ramp.transpose(Image.Transpose.FLIP_TOP_BOTTOM))

    def disc(self, centre: tuple[int, int], radius: int, colour: Colour) -> None:
        """A filled circle."""
        x, y = centre
        self.box(x - radius, y - radius, x + radius, y + radius, radius, colour)

    def ring(
        self, centre: tuple[int, int], radius: int, thickness: int, share: float, colour: Colour
    ) -> None:
        """Part of a ring, from the top clockwise, with round ends. `share` is 0 to 1."""
        if share <= 0:
            return
        side = radius * 2 * _FINER
        mask = Image.new("L", (side, side))
        pen = ImageDraw.Draw(mask)
        whole = (0, 0, side - 1, side - 1)
        if share >= 1:
            pen.ellipse(whole, fill=255)
            inner = thickness * _FINER
            pen.ellipse((inner, inner, side - 1 - inner, side - 1 - inner), fill=0)
        else:
            pen.arc(whole, -90, -90 + 360 * share, fill=255, width=thickness * _FINER)
            for turn in (0.0, share):
                x, y = _on_circle(side / 2, side / 2 - thickness * _FINER / 2, turn)
                half = thickness * _FINER / 2
                pen.ellipse((x - half, y - half, x + half, y + half), fill=255)
        x, y = centre
        self._image.paste(colour, (x - radius, y - radius), mask.reduce(_FINER))

    def shape(
        self, at: tuple[int, int], side: int, points: Iterable[tuple[float, float]], colour: Colour
    ) -> None:
        """A filled polygon given in a square from 0 to 1, drawn into a square of `side` pixels."""
        finer = side * _FINER
        mask = Image.new("L", (finer, finer))
        ImageDraw.Draw(mask).polygon([(x * finer, y * finer) for x, y in points], fill=255)
        self._image.paste(colour, at, mask.reduce(_FINER))

    def png(self, height: int) -> bytes:
        """The picture down to `height` as a PNG file."""
        target = io.BytesIO()
        self._image.crop((0, 0, self._image.width, height)).save(target, "PNG", compress_level=6)
        return target.getvalue()


def _rounded(size: tuple[int, int], radius: int) -> Image.Image:
    mask = Image.new("L", size, 255)
    if radius <= 0:
        return mask
    side = radius * 2 * _FINER
    disc = Image.new("L", (side, side))
    ImageDraw.Draw(disc).ellipse((0, 0, side - 1, side - 1), fill=255)
    small = disc.reduce(_FINER)
    width, height = size
    for x, from_x in ((0, 0), (width - radius, radius)):
        for y, from_y in ((0, 0), (height - radius, radius)):
            mask.paste(small.crop((from_x, from_y, from_x + radius, from_y + radius)), (x, y))
    return mask


def _on_circle(centre: float, radius: float, turn: float) -> tuple[float, float]:
    """The point a share of a turn after the top, clockwise."""
    angle = math.tau * turn
    return centre + radius * math.sin(angle), centre - radius * math.cos(angle)
