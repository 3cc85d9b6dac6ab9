"""From what the knowledge layer cites to what a citizen reads below an answer."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.message import Source
from knowledge.answer import Citation


def as_sources(citations: Iterable[Citation]) -> tuple[Source, ...]:
    """One line per document: places in the same document are named together."""
    places: dict[tuple[str, str], list[str]] = {}
    for citation in citations:
        places.setdefault((citation.title, citation.url), []).append(citation.locator)
    return tuple(
        Source(title, "; ".join(filter(None, locators)), url) for (title, url), locators in places.items()
    )
