"""A reply part as plain JSON for the page.

The page puts every string in with textContent, so nothing is escaped here; but an address reaches an
`href`, so only http(s) addresses pass. Pure: the same part always gives the same JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from connectors.message import Card, File, Link, Option, Part, Source, Text

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What a page may show as a picture: none of them can carry a script."""
_BULLET = re.compile(r"^\s*[-•*–]\s+(?=\S)")


def show_part(part: Part, *, file_url: str = "") -> dict[str, Json]:
    """What the page draws for one part.

    Always `blocks`: a list of `{"type":"paragraph","text"}` (inner line breaks kept) and
    `{"type":"list","items":[…]}`. Only where there are some: `options` `[{"label","payload"}]`, `sources`
    `[{"title","locator","url"}]`, `links` `[{"label","url"}]`, `card` `{"title","subtitle","image"}`, `file`
    `{"name","url"}`, with `picture` true where the page can show it. `file_url` is where the page fetches a
    File part.
    """
    match part:
        case Text():
            return {
                "blocks": blocks_of(part.text),
                **_pressable(part.options, part.links),
                **_sources(part.sources),
            }
        case Card():
            card: dict[str, Json] = {"title": part.title, "subtitle": part.subtitle}
            if image := web_address(part.image_url):
                card["image"] = image
            return {"blocks": [], "card": card, **_pressable(part.options, part.links)}
        case File():
            file: dict[str, Json] = {"name": part.name, "url": file_url}
            if part.media_type in PICTURES:
                file["picture"] = True
            return {"blocks": blocks_of(part.caption), "file": file}
    return {"blocks": blocks_of(part.text)}


def blocks_of(text: str) -> list[Json]:
    """Paragraphs and bullet lists, as the writer separated them by blank lines and leading dashes."""
    blocks: list[Json] = []
    lines: list[str] = []
    items: list[Json] = []

    def close() -> None:
        if paragraph := "\n".join(lines).strip():
            blocks.append({"type": "paragraph", "text": paragraph})
        if items:
            blocks.append({"type": "list", "items": list(items)})
        lines.clear()
        items.clear()

    for line in text.splitlines():
        bullet = _BULLET.match(line)
        if not line.strip() or (bullet and lines) or (items and not bullet):
            close()
        if bullet:
            items.append(line[bullet.end() :].strip())
        elif line.strip():
            lines.append(line.rstrip())
    close()
    return blocks


def web_address(url: str) -> str:
    """The address when a page may safely link to it, else nothing."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in {"http", "https"} and parts.hostname else ""


def _pressable(options: Iterable[Option], links: Iterable[Link]) -> dict[str, Json]:
    shown: dict[str, Json] = {}
    if pressed := [{"label": option.label, "payload": option.payload} for option in options]:
        shown["options"] = pressed
    if opened := [{"label": link.label, "url": link.url} for link in links if web_address(link.url)]:
        shown["links"] = opened
    return shown


def _sources(sources: Iterable[Source]) -> dict[str, Json]:
    told: list[Json] = [
        {"title": source.title, "locator": source.locator, "url": web_address(source.url)}
        for source in sources
    ]
    return {"sources": told} if told else {}
