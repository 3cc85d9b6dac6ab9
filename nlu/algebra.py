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

_MEMORY = 8
"""Moves the optimiser remembers."""


@dataclass(frozen=True, slots=True)
class Sparse:
    """A matrix of which most is zero, in the two orders it is multiplied in."""

    shape: tuple[int, int]
    values: Numbers
    """By row."""
    columns: NDArray[np.intp]
    """By row."""
    row_starts: NDArray[np.intp]
    rows_filled: NDArray[np.intp]
    """Rows that are not empty; `row_starts` are theirs."""
    values_by_column: Numbers
    rows: NDArray[np.intp]
    """By column."""
    column_starts: NDArray[np.intp]
    columns_filled: NDArray[np.intp]

    @classmethod
    def of(cls, entries: Sequence[Mapping[int, float]], width: int) -> Sparse:
        """From one mapping of column to value for each row."""
        sizes = np.array([len(row) for row in entries], np.intp)
        columns = np.fromiter((c for row in entries for c in row), np.intp, int(sizes.sum()))
        values = np.fromiter((v for row in entries for v in row.values()), np.float32, int(sizes.sum()))
        rows = np.repeat(np.arange(len(entries)), sizes)
        order = np.argsort(columns, kind="stable")
        filled, starts = np.unique(columns[order], return_index=True)
        rows_filled, row_starts = np.unique(rows, return_index=True)
        return cls(
            (len(entries), width),
            values[:, None],
            columns,
            row_starts,
            rows_filled,
            values[order][:, None],
            rows[order],
            starts,
            filled,
        )

    def times(self, other: Numbers) -> Numbers:
        """This matrix by `other` (width, k)."""
        product = np.zeros((self.shape[0], other.shape[1]), np.float32)
        if self.columns.size:
            terms = other[self.columns]
            terms *= self.values
            product[self.rows_filled] = np.add.reduceat(terms, self.row_starts, axis=0)
        return product

    def transposed_times(self, other: Numbers) -> Numbers:
        """This matrix, transposed, by `other` (rows, k)."""
        product = np.zeros((self.shape[1], other.shape[1]), np.float32)
        if self.rows.size:
            terms = other[self.rows]
            terms *= self.values_by_column
            product[self.columns_filled] = np.add.reduceat(terms, self.column_starts, axis=0)
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
