"""A long list in pages: the one that is asked for, and its neighbours. For the macro `paging`. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page of a list; pages are counted from 1, and there is always one."""

    page: int
    pages: int
    size: int
    """Rows of a full page."""

    @property
    def skip(self) -> int:
        """Rows on the pages before it."""
        return (self.page - 1) * self.size

    def of(self, rows: Sequence[T]) -> Sequence[T]:
        """What of the whole list stands on it."""
        return rows[self.skip : self.skip + self.size]

    def values(self, address: Callable[[int], str]) -> dict[str, int | str]:
        """For a template: `page`, `pages`, and the addresses `before` and `after`, empty at the ends."""
        return {
            "page": self.page,
            "pages": self.pages,
            "before": address(self.page - 1) if self.page > 1 else "",
            "after": address(self.page + 1) if self.page < self.pages else "",
        }


def leaf(asked: int, total: int, size: int) -> Leaf:
    """The page that is asked for, or the nearest there is, of `total` rows."""
    pages = max(1, -(-total // size))
    return Leaf(min(max(1, asked), pages), pages, size)
