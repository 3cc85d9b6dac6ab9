"""The numerical work of learning, in numpy: a matrix that is mostly zero, and the lowest point of a function.

Knows nothing of language. Deterministic; holds no state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float32]
Slope: TypeAlias = Callable[[Numbers], tuple[float, Numbers]]
"""Gives the value of a function at a place, and its gradient there."""
_Move: TypeAlias = tuple[Numbers, Numbers, float]
"""How far we went, how the gradient turned, and one over their product."""

_CROWDED = 60
"""Entries from which a column is cheaper in full."""
_MEMORY = 6
"""Moves the optimiser remembers."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """The rows (or columns) of a sparse matrix, longest first, taken apart into first entries, second entries
    and so on: summed up rung by rung, each a few large operations."""

    order: NDArray[np.intp]
    rungs: tuple[tuple[NDArray[np.intp], Numbers], ...]
    """Per rung, for the first so many lines of `order`: where the entry stands, and its value (n, 1)."""

    @classmethod
    def of(cls, lines: NDArray[np.intp], places: NDArray[np.intp], values: Numbers) -> _Lines:
        """From entries in any order."""
        by_line = np.argsort(lines, kind="stable")
        _, starts, sizes = np.unique(lines[by_line], return_index=True, return_counts=True)
        longest_first = np.argsort(-sizes, kind="stable")
        starts, sizes = starts[longest_first], sizes[longest_first]
        rungs = []
        for step in range(int(sizes.max(initial=0))):
            entries = by_line[starts[: int((sizes > step).sum())] + step]
            rungs.append((places[entries], values[entries].reshape(-1, 1)))
        return cls(lines[by_line[starts]], tuple(rungs))

    def times(self, other: Numbers, height: int) -> Numbers:
        """Each line by the rows of `other`; (height, k)."""
        total = np.zeros((len(self.order), other.shape[1]), np.float32)
        for places, values in self.rungs:
            terms = other[places]
            terms *= values
            total[: len(places)] += terms
        product = np.zeros((height, other.shape[1]), np.float32)
        product[self.order] = total
        return product


@dataclass(frozen=True, slots=True)
class Sparse:
    """A matrix of which most is zero: its few crowded columns in full, the others by entry."""

    shape: tuple[int, int]
    crowded: NDArray[np.intp]
    """Columns that are kept in full."""
    full: Numbers
    """(rows, crowded columns)."""
    rows: _Lines
    columns: _Lines

    @classmethod
    def of(cls, entries: Sequence[Mapping[int, float]], width: int) -> Sparse:
        """From one mapping of column to value for each row."""
        sizes = np.array([len(row) for row in entries], np.intp)
        columns = np.fromiter((c for row in entries for c in row), np.intp, int(sizes.sum()))
        values = np.fromiter((v for row in entries for v in row.values()), np.float32, int(sizes.sum()))
        rows = np.repeat(np.arange(len(entries)), sizes)
        crowded = np.flatnonzero(np.bincount(columns, minlength=width) > _CROWDED)
        place_in_full = np.full(width, -1, np.intp)
        place_in_full[crowded] = np.arange(len(crowded))
        is_crowded = place_in_full[columns] >= 0
        full = np.zeros((len(entries), len(crowded)), np.float32)
        full[rows[is_crowded], place_in_full[columns[is_crowded]]] = values[is_crowded]
        rows, columns, values = rows[~is_crowded], columns[~is_crowded], values[~is_crowded]
        by_row, by_column = _Lines.of(rows, columns, values), _Lines.of(columns, rows, values)
        return cls((len(entries), width), crowded, full, by_row, by_column)

    def times(self, other: Numbers) -> Numbers:
        """This matrix by `other` (width, k)."""
        return self.rows.times(other, self.shape[0]) + self.full @ other[self.crowded]

    def transposed_times(self, other: Numbers) -> Numbers:
        """This matrix, transposed, by `other` (rows, k)."""
        product = self.columns.times(other, self.shape[1])
        product[self.crowded] = self.full.T @ other
        return product


def minimise(slope: Slope, start: Numbers, steps: int) -> Numbers:
    """The lowest point of a smooth convex function, by L-BFGS."""
    place = start
    value, gradient = slope(place)
    moves: list[_Move] = []
    for _ in range(steps):
        direction = -_newton_like(gradient, moves)
        fall = float(np.vdot(gradient, direction))
        if fall > -1e-7:
            break
        step = 1.0 if moves else 1.0 / max(float(np.linalg.norm(gradient)), 1e-9)
        while True:
            there = place + np.float32(step) * direction
            new_value, new_gradient = slope(there)
            if new_value <= value + 1e-4 * step * fall or step < 1e-6:
                break
            step *= 0.4
        moved, turned = there - place, new_gradient - gradient
        curvature = float(np.vdot(moved, turned))
        if curvature > 1e-12:
            moves = [*moves, (moved, turned, 1 / curvature)][-_MEMORY:]
        place, value, gradient = there, new_value, new_gradient
    return place


def _newton_like(gradient: Numbers, moves: Sequence[_Move]) -> Numbers:
    """The gradient bent by the curvature seen in the last moves (two-loop recursion)."""
    bent = gradient.copy()
    shares: list[float] = []
    for moved, turned, scale in reversed(moves):
        share = scale * float(np.vdot(moved, bent))
        bent -= np.float32(share) * turned
        shares.append(share)
    if moves:
        moved, turned, scale = moves[-1]
        bent *= np.float32(1 / (scale * float(np.vdot(turned, turned))))
    for (moved, turned, scale), share in zip(moves, reversed(shares), strict=True):
        bent += np.float32(share - scale * float(np.vdot(turned, bent))) * moved
    return bent
