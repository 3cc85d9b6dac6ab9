"""The bot's own mark, an open book and a flame, as outlines: the same that stands on the web pages.

It is not the association's emblem, which is the association's to give.
"""

from __future__ import annotations

from functools import cache

Point = tuple[float, float]
"""Left to right, top to bottom, in a square from 0 to 1."""
_SIDE = 48.0
_STEPS = 12

# Each curve goes on from where the last one ended: two handles and an end, as in the icon of the pages.
_BOOK: tuple[Point, ...] = (
    (24, 36.5), (20.4, 33.8), (16.2, 32.6), (11, 32.6),
    (11, 27.5), (11, 22.3), (11, 17.2),
    (16.2, 17.2), (20.4, 18.4), (24, 21.1),
    (27.6, 18.4), (31.8, 17.2), (37, 17.2),
    (37, 22.3), (37, 27.5), (37, 32.6),
    (31.8, 32.6), (27.6, 33.8), (24, 36.5),
)  # fmt: skip
_FLAME: tuple[Point, ...] = (
    (24, 18.2), (20.9, 15.8), (20.7, 12.3), (24, 8.2),
    (27.3, 12.3), (27.1, 15.8), (24, 18.2),
)  # fmt: skip
_SPINE: tuple[Point, ...] = ((23.3, 21.4), (24.7, 21.4), (24.7, 36), (23.3, 36))


@cache
def book() -> tuple[Point, ...]:
    """The outline of the book."""
    return _outline(_BOOK)


@cache
def flame() -> tuple[Point, ...]:
    """The outline of the flame above it."""
    return _outline(_FLAME)


def spine() -> tuple[Point, ...]:
    """The fold between the pages."""
    return tuple((x / _SIDE, y / _SIDE) for x, y in _SPINE)


def _outline(curves: tuple[Point, ...]) -> tuple[Point, ...]:
    points: list[Point] = []
    for first in range(0, len(curves) - 1, 3):
        start, one, two, end = curves[first : first + 4]
        for step in range(_STEPS):
            t = step / _STEPS
            points.append((_bezier(start[0], one[0], two[0], end[0], t) / _SIDE,
                           _bezier(start[1], one[1], two[1], end[1], t) / _SIDE))  # fmt: skip
    return tuple(points)


def _bezier(start: float, one: float, two: float, end: float, t: float) -> float:
    back = 1 - t
    return back**3 * start + 3 * back**2 * t * one + 3 * back * t**2 * two + t**3 * end
